//! An own key, for servers that take one: made here, encrypted before it is kept, and never written in clear.

use std::path::PathBuf;

use pushcert_papers::{
    Fingerprint, pem,
    renewal::{HandOff, Journey, Request, UnsignedRequest, guide},
};

use super::{Flow, Run};
use crate::{
    commands::{
        Event, Failure, Kind,
        csr::keys_failure,
        ledger::{Entry, Kept},
        push::at_hand,
        shown,
    },
    world::keys::{self, Subject},
};

/// The name of the signing request in the hand-off folder.
pub(super) const CSR: &str = "request.csr";

impl Run<'_> {
    /// Makes a key and its signing request, and keeps both in one step: a request without its key would be worthless.
    pub(super) async fn make_key(&mut self) -> Result<Flow, Failure> {
        let own = self.tenant.own_key.clone().expect("this step is only due where an own key is wanted");
        let passphrase = match at_hand(self.tenant, &self.wish.passphrase)? {
            Some(passphrase) => passphrase,
            None => self.wish.passphrase.to_protect("the new private key", self.world.ask)?,
        };
        let subject = Subject {
            country: own.country,
            common_name: format!("MDM push {}", self.tenant.name),
            organization: own.organization,
            email: own.email,
        };
        let fresh = keys::fresh(&subject).map_err(keys_failure)?;
        let sealed = keys::seal(&fresh.key, &passphrase).map_err(keys_failure)?.into_bytes();
        let csr = pem("CERTIFICATE REQUEST", &fresh.csr).into_bytes();
        let unsigned = UnsignedRequest {
            csr: Fingerprint::of(&csr),
            own_key: Fingerprint::of(&sealed),
            public_key: fresh.key.public_key_sha256(),
            at: self.world.clock.now(),
        };
        let entry = Entry { after: Some(unsigned.public_key), ..Entry::of("key-made") };
        let kept = vec![
            Kept { kind: "private-key", name: format!("{}.key.pem", unsigned.public_key.short()), bytes: sealed },
            Kept { kind: "csr", name: CSR.into(), bytes: csr },
        ];
        self.ledger.commit(Journey { request: Request::Unsigned(unsigned), ..self.journey() }, kept, entry).await?;
        self.world.tell(Event::Note(
            "An own key was made. It is kept in the store, encrypted under its passphrase: whoever loses the passphrase loses the key, and begins anew with --restart.",
        ));
        Ok(Flow::On)
    }

    /// Hands the signing request to a person, who has an MDM vendor sign it.
    pub(super) async fn ask_for_signature(&mut self) -> Result<Flow, Failure> {
        let journey = self.journey();
        let unsigned = journey.unsigned_request().expect("a signature is awaited for a signing request").clone();
        let bytes = self.ledger.artefact(&unsigned.csr).await?;
        let folder = PathBuf::from(self.tenant.name.as_str()).join(unsigned.at.iso_date());
        let files = [(CSR.to_owned(), &*bytes)];
        let back = [
            "Bring back: the request that the vendor has signed.".to_owned(),
            format!("Where pushcert is:  {} --request SIGNED.txt", self.command()),
        ];
        let path = self.write_handout("sign", &folder, &guide::sign(CSR, &self.command()), files, &back).await?;
        if journey.handed_off.is_none() {
            let handed_off = HandOff { at: self.world.clock.now(), folder: shown(&path) };
            let entry = Entry { after: Some(unsigned.csr), ..Entry::of("csr-handed-off") };
            self.ledger.commit(Journey { handed_off: Some(handed_off), ..journey }, vec![], entry).await?;
        }
        let card = guide::sign(&shown(&path.join(CSR)), &self.command());
        self.world.tell(Event::Turn { step: 1, card: &card });
        Ok(Flow::Stop(Some(Kind::Waiting), Some("signature")))
    }

    /// The own key of a request that came back signed; `None` where the server keeps its key.
    ///
    /// # Errors
    /// When it is not the request that was given out.
    pub(super) fn own_key_of(&self, path: &str, public_key: Fingerprint) -> Result<Option<Fingerprint>, Failure> {
        let journey = self.journey();
        let earlier = journey.held_request().and_then(|held| Some((held.own_key?, held.public_key)));
        let unsigned = journey.unsigned_request().map(|unsigned| (unsigned.own_key, unsigned.public_key));
        match unsigned.or(earlier) {
            None => Ok(None),
            Some((key, expected)) if expected == public_key => Ok(Some(key)),
            Some((_, expected)) => Err(Failure::new(
                Kind::Refused,
                "key-mismatch",
                format!(
                    "{path} is the request of another key ({}) than the one that is kept here ({})",
                    public_key.short(),
                    expected.short()
                ),
            )
            .hinted(
                "have the vendor sign the newest request.csr of the hand-off folder, or begin anew with --restart",
            )),
        }
    }
}
