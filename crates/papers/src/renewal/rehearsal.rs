//! A rehearsal: the way to the row at Apple, walked without renewing.

use super::{ReceivedCertificate, Shown, shown};
use crate::watch::Seen;

/// What a certificate that was downloaded from the row of the enrolled topic proves.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Rehearsal {
    /// It is the installed one: account and row are right.
    Installed,
    /// The row is right; it is not known exactly enough what is installed to compare.
    Row,
    /// The row has a newer one, which was never installed here.
    Newer,
    /// It is older than the one on the server, so it may have been downloaded long ago: it proves nothing of today.
    Older,
}

impl Rehearsal {
    /// The word in JSON and in the record.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Installed => "installed",
            Self::Row => "row",
            Self::Newer => "newer",
            Self::Older => "older",
        }
    }

    /// Whether somebody got to the row today, as far as the file can tell.
    pub const fn proves_the_way(self) -> bool {
        !matches!(self, Self::Older)
    }

    /// What it means, and what to do.
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::Installed => "It is the very certificate that is installed: the account and the row are right.",
            Self::Row => {
                "The account and the row are right by the topic; what is installed is not known well enough to compare it with."
            }
            Self::Newer => {
                "The account and the row are right, but the row was renewed, and that certificate was never installed here. The installed one works until its own end. If the server holds the key of the newer one, install it; if nobody knows, renew the row once more with a fresh request."
            }
            Self::Older => {
                "It is older than the certificate on the server, and may have been downloaded long ago: nothing was proved. Press Download in the row itself, and bring that file; if this is the row's newest, what is known of the server is wrong."
            }
        }
    }
}

/// What a downloaded certificate of the enrolled topic proves, beside what was seen to be installed.
pub fn rehearsed(seen: Option<&Seen>, downloaded: &ReceivedCertificate) -> Rehearsal {
    let Some(seen) = seen.filter(|seen| seen.installed.is_some()) else { return Rehearsal::Row };
    if shown(seen, downloaded) == Shown::This {
        return Rehearsal::Installed;
    }
    let end = seen.installed.as_ref().and_then(|installed| installed.not_after);
    match end {
        None => Rehearsal::Row,
        Some(end) if downloaded.not_after > end => Rehearsal::Newer,
        Some(_) => Rehearsal::Older,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        DAY, Fingerprint, Serial, Time, Topic,
        watch::{Installed, Source},
    };

    const NOW: Time = Time::from_unix(1_800_000_000);

    #[test]
    fn a_download_is_compared_with_what_is_installed() {
        let downloaded = ReceivedCertificate {
            artefact: Fingerprint::of(b"pem"),
            sha256: Fingerprint::of(b"der"),
            topic: Topic::parse("com.apple.mgmt.External.a").expect("a topic"),
            serial: Serial::new(&[1, 2]),
            not_before: NOW,
            not_after: NOW.plus(100 * DAY),
            at: NOW,
            accepted: vec![],
            own_key: None,
            issuer: None,
        };
        let ends = |days: Option<i64>, certificate: Option<&[u8]>| {
            let not_after = days.map(|days| NOW.plus(days * DAY));
            let installed =
                Installed { not_after, certificate: certificate.map(Fingerprint::of), ..Installed::default() };
            rehearsed(Some(&Seen { at: NOW, source: Source::Console, installed: Some(installed) }), &downloaded)
        };
        assert_eq!(rehearsed(None, &downloaded), Rehearsal::Row);
        assert_eq!(ends(None, None), Rehearsal::Row);
        assert_eq!(ends(None, Some(b"der")), Rehearsal::Installed);
        assert_eq!(ends(Some(100), None), Rehearsal::Installed);
        assert_eq!(ends(Some(100), Some(b"another")), Rehearsal::Older);
        assert_eq!(ends(Some(90), None), Rehearsal::Newer);
        assert_eq!(ends(Some(110), None), Rehearsal::Older);
    }
}
