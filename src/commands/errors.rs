//! What the codes of failures mean: the table behind `pushcert help CODE` and the page on codes. A test reads the sources and
//! finds every code that may fail here, and none that may not.

use pushcert_papers::Code;

/// A part of the table: what its failures are about, and each code with its meaning.
pub type Part = (&'static str, &'static [(&'static str, &'static str)]);

/// Every code of a failure that is no finding's.
pub const ERRORS: [Part; 9] = [
    (
        "The command and its surroundings",
        &[
            ("usage", "The command line is wrong."),
            ("output", "This command does not take that form of output."),
            ("reason", "Whoever does this says why:  --reason TEXT."),
            ("not-confirmed", "A person must confirm this at a terminal, by typing what is asked."),
            ("topic-differs", "The certificate has another topic than the one that --confirm-topic names."),
            (
                "passphrase",
                "The passphrase cannot be used: its source does not give it, or it has other characters than printable ASCII.",
            ),
            ("passphrase-needed", "A passphrase is needed, and nobody is there to type it."),
            ("exists", "Something lies there already, and nothing is written over."),
            (
                "cannot-write",
                "A file cannot be written: look at its folder, at who may write there, and at the free space.",
            ),
            ("no-home", "The home folder is not known; HOME says where it is."),
            ("no-room", "A temporary folder cannot be made."),
            ("nothing-by-that-name", "Nothing that help explains, or no command, has this name."),
            ("interrupted", "The run was ended before it had an answer; what is kept is safe."),
            ("runtime", "The system did not let the program start what it needs to talk to others."),
            ("signals", "The system did not let the program listen for signals."),
            ("randomness", "The system gave no random numbers."),
            ("manual", "A manual page could not be made."),
            ("demo", "The demonstration did not go as it should; please report it."),
            ("sandbox", "The embedded world does not start: it needs loopback addresses, and a folder to write to."),
        ],
    ),
    (
        "Tenants and the configuration",
        &[
            ("configuration", "The configuration is not there, cannot be trusted, or says something that cannot be."),
            ("tenant-unknown", "No tenant has this name."),
            ("no-tenant", "No tenant is configured, or none has this tag."),
            ("device-unknown", "The server has no Apple device of this name."),
            ("tenant", "The new tenant has no name yet, or one that cannot be."),
            ("missing", "Something must be said that nobody is there to be asked for."),
            ("password", "What was said of the password's place cannot be."),
            ("secret", "A secret cannot be had from where the configuration says that it is."),
            (
                "tls",
                "The TLS settings cannot be used: look at ca_file, server_certificate_sha256 and client_certificate.",
            ),
            ("client-certificate", "The client certificate cannot be used: it needs its key, in PEM or PKCS #12."),
            ("channel", "A channel's settings cannot be used."),
            ("no-channel", "No channel is configured, so no alert goes anywhere."),
            ("authorities", "The file with other authorities cannot be used."),
        ],
    ),
    (
        "Servers",
        &[
            (
                "no-interface",
                "The server offers no interface for this; a person does the step, and  pushcert renew  guides them.",
            ),
            ("sign-in-refused", "The server refused the sign-in. It was tried once, since accounts lock."),
            (
                "sign-in-refused-before",
                "The server refused this very password before; it is not tried again without a person.",
            ),
            ("forbidden", "The sign-in works, and the account may not do this: it lacks a role."),
            ("server-refused", "The server refused what was asked, in its own words."),
            (
                "console-changed",
                "The console does not answer as its profile says: do the step by hand, and record it again.",
            ),
            (
                "not-understood",
                "The answer is none that this server gives; perhaps something else answered in its place.",
            ),
            ("not-there", "The server has nothing at this address."),
            ("path-never-asked", "The path looks like an attack to whoever guards the server, so it is never asked."),
            ("redirected-away", "The server sends us to another host; no password goes there."),
            ("not-trusted", "The server's certificate is not trusted; nothing was sent."),
            ("unavailable", "The server cannot be reached now, or does not answer in time; nothing was changed."),
            ("uncertain", "No answer came, so nobody knows whether it was done. Run it again: it looks first."),
            (
                "page-not-understood",
                "The saved page shows neither a topic nor an end: save it as a whole, once it shows the certificate.",
            ),
        ],
    ),
    (
        "The store",
        &[
            ("busy", "Another run holds this tenant."),
            ("changed-meanwhile", "Something else has changed it in this moment; run the same command again."),
            ("store", "The store cannot be used: look at its address, its folder and the free space."),
            (
                "store-unreachable",
                "The database cannot be reached, or the connection broke; run the same command again.",
            ),
            ("store-sign-in", "The database refused the sign-in."),
            ("store-not-trusted", "The database's certificate is not trusted."),
            ("store-moved", "The store's file is not where it was when the run began; nothing more was done."),
            (
                "store-read-only",
                "The store lies in a folder, or on a disk, that cannot be written to; it is read, and nothing more.",
            ),
            ("journey-unreadable", "What the store holds of this tenant cannot be read."),
            ("journey-newer", "A newer release goes on with this tenant; this one leaves it alone."),
            ("artefact-lost", "A file that the record names is not in the store."),
        ],
    ),
    (
        "A renewal",
        &[
            ("installed-unknown", "It is not known what is installed; record it:  pushcert adopt TENANT FILE."),
            ("no-own-key", "No own key with a certificate is kept for this tenant."),
            ("own-key", "The tenant's key is our own, so the server has no request to give."),
            ("request-elsewhere", "The renewal's request was made elsewhere, so there is none here to give out."),
            (
                "certificate-waiting",
                "The open renewal has its certificate, and takes no other; go on with it:  pushcert renew TENANT.",
            ),
            (
                "not-a-first-certificate",
                "A first certificate is refused, since the server has one, or devices are enrolled.",
            ),
            ("upload-uncertain", "An upload may have arrived; that is settled first:  pushcert renew TENANT."),
            ("downloads-unreadable", "The downloads folder cannot be read; bring the file with  --certificate FILE."),
            ("hand-off-failed", "The hand-off folder cannot be written; nothing is lost."),
            ("no-change", "No change of the certificate is on record, so there is nothing to compare days with."),
            ("not-an-identity", "The file does not hold a certificate with its private key."),
            ("certificate-refused", "Apple's push service refuses this certificate."),
            ("topic-refused", "Apple's push service does not let this certificate push to its own topic."),
            (
                "certificate-not-shown",
                "Our certificate did not reach Apple's push service, so that says nothing about it.",
            ),
        ],
    ),
    (
        "Files, keys and requests",
        &[
            ("not-comparable", "What was given to compare with is not what it should be."),
            ("not-the-right-file", "It is neither a status list nor a certificate."),
            ("keys", "The key or its request could not be made."),
            ("signature", "The signature could not be made."),
        ],
    ),
    (
        "Recordings of a console",
        &[
            ("no-console", "The tenant has no console that could be learned."),
            ("no-profile", "The tenant has no console profile."),
            ("console-profile", "The console profile is not the one that was confirmed, or cannot be used."),
            ("other-kind", "The file is no recording (HAR)."),
            ("cut-off", "The recording ends in the middle: the browser had not finished saving."),
            ("no-requests", "The recording holds no request."),
            ("no-sign-in", "Nobody signs in during the recording."),
            ("federated-sign-in", "People are signed in by another host; such a sign-in is not learned."),
            ("second-factor", "The sign-in asks for a second factor, which no program has."),
            ("sign-in-unknown", "The recording does not show where a value of the sign-in comes from."),
            ("nothing-learned", "The recording shows nothing of the MDM certificate."),
            ("secret-in-profile", "The profile would hold a secret, so it was not written."),
            ("profile", "The learned profile cannot be used; please report it."),
        ],
    ),
    (
        "PingID's token",
        &[
            ("token", "The file of tokens for readers of the page cannot be used."),
            ("token-needed", "The token is needed, and nobody is there to type it."),
            ("terminal", "A token is never shown on a terminal: use a pipe, or  --out FILE."),
            ("format", "The platform does not take that form of the configuration."),
            ("made", "A token cannot have been made in the future."),
            ("no-token", "There is no token to replace; the first one is set up with  --first."),
            ("token-there", "A token is there already, so this is no first set-up."),
            ("several-tokens", "PingID holds several tokens; say which one goes:  --replaces DATE."),
            ("token-unchanged", "This is the token in use, not a new one."),
            ("token-differs", "This is another token than the one that the rotation began with."),
            ("new-token-absent", "The new token is not at PingID, or that cannot be seen."),
            ("last-token", "No token would be left."),
            ("leg-not-done", "A platform's configuration still has the old token."),
            ("window-open", "Devices have not had time enough to fetch the new token."),
            (
                "coverage-low",
                "Fewer devices have the app and have checked in since the change than the configuration asks for.",
            ),
            ("coverage-unseen", "How many devices have checked in since the change cannot be seen."),
            ("effective-date", "The effective date is needed:  --effective-date DATE."),
            (
                "effective-date-past",
                "The effective date is not in the future: devices without the token would be refused at once.",
            ),
            ("effective-date-differs", "PingOne shows another effective date than was said."),
            ("rotation-open", "A rotation is open; it goes on first."),
            ("no-rotation", "No rotation is open."),
            ("too-late", "The old token is revoked, or may be: there is no way back."),
            ("nothing-to-put-back", "Nothing was changed at PingOne that could be put back."),
            ("not-arrived", "PingOne does not show the change; run the same command again."),
            ("not-removed", "The private files with the token could not be removed; remove them by hand."),
            ("pingone-refused", "PingOne refused what was asked; nothing was changed."),
            ("pingone-not-understood", "PingOne's answer is not understood, so nothing was changed."),
            ("pingone-unavailable", "PingOne cannot be reached now; nothing was changed."),
            ("pingone-uncertain", "No answer came from PingOne. Run it again: it looks first."),
            ("pingone-vanished", "PingOne shows no device requirements any more; nothing was changed."),
            ("pingone-unexpected", "PingOne changed something else as well; what was read before is kept."),
            ("sealed", "What was read before the change cannot be opened: another client_secret has sealed it."),
            ("sealing", "What was read could not be sealed, so nothing was changed."),
        ],
    ),
    (
        "Android's binding, and the page",
        &[
            ("task-unknown", "The binding has no such task."),
            ("key-needed", "This task is done by bringing the key:  --key FILE."),
            ("key-not-wanted", "This binding has no service account's key."),
            ("on", "Nothing can have been done in the future."),
            ("emm-token-ended", "Google's token for binding has ended; make a new one."),
            ("listen", "The page cannot be served there, or not without a token or a proxy."),
        ],
    ),
];

/// What a failure of this code means; a finding's, where the finding is the failure.
pub fn meaning(code: &str) -> Option<&'static str> {
    let ours = ERRORS.iter().flat_map(|(_, codes)| codes.iter()).find(|(word, _)| *word == code);
    ours.map(|(_, meaning)| *meaning).or_else(|| Code::from_word(code).map(Code::meaning))
}
