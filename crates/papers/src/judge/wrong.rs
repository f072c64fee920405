//! A file that is not what the place wants: what it is instead, and what to bring.

use super::Want;
use crate::{
    Code, Finding, Kind,
    certificate::{Certificate, Place},
    escape::printable,
    kind::{PKCS7, Paper, RTF, ZIP, recognise},
};

pub(super) fn key_included() -> Finding {
    Finding::new(
        Code::PrivateKeyIncluded,
        "a private key stands in the file beside the certificate",
        "keep the key to yourself: take the certificate alone into a file of its own, and use that",
    )
}

pub(super) fn several(leaves: &[Certificate]) -> Finding {
    let names: Vec<_> =
        leaves.iter().map(|leaf| printable(leaf.common_name.as_deref().unwrap_or("nameless"))).collect();
    let message = format!("the file holds {} certificates: {}", leaves.len(), names.join(", "));
    Finding::new(Code::SeveralCertificates, message, "take the one that is meant into a file of its own")
}

/// Why a file is not what this place wants, and what to bring instead. Ask only of a file that the place cannot use.
pub fn misplaced(bytes: &[u8], want: Want) -> Finding {
    match recognise(bytes) {
        Paper::Certificates { leaves, .. } if leaves.len() > 1 => several(&leaves),
        paper @ Paper::Certificates { .. } => wrong_certificate(paper.kind(), want),
        paper => wrong_kind(&paper, want, Place::default()),
    }
}

/// What to bring instead.
const fn bring(want: Want) -> &'static str {
    match want {
        Want::PushCertificate => "bring the certificate: Download in its row at Apple's portal; it ends in .pem",
        Want::PushRequest => "bring the request that the server made, such as ApplePushInfo.txt",
        Want::Pkcs12 => "bring the PKCS #12 file; it ends in .p12 or .pfx",
        Want::Csr => "bring the signing request, in PEM or DER:  pushcert csr new  makes one",
        Want::PrivateKey => "bring the file with the private key, in PEM or DER",
        Want::AnyCertificate => "bring the certificate, in PEM or DER",
        Want::Anything => "a push certificate, a push certificate request or a PKCS #12 file can be judged",
    }
}

pub(super) fn wrong_certificate(kind: Kind, want: Want) -> Finding {
    let (code, message) = match kind {
        Kind::VendorCertificate => {
            (Code::VendorCertificate, "this is an MDM vendor's certificate, with which requests are signed")
        }
        Kind::AppPushCertificate => (
            Code::AppPushCertificate,
            "this is the push certificate of an app, from Apple's developer portal, not of device management",
        ),
        Kind::AuthorityCertificate => {
            (Code::AuthorityCertificate, "this is the certificate of an authority, not one that was issued to you")
        }
        Kind::PushCertificate => (
            Code::OtherCertificate,
            match want {
                Want::Pkcs12 => "this is a push certificate alone, without its private key",
                Want::PrivateKey => "this is a push certificate, and the private key is wanted",
                Want::Csr => "this is a push certificate, and a signing request is wanted",
                _ => "this is a push certificate, and a request for one is wanted",
            },
        ),
        _ => (Code::OtherCertificate, "this is a certificate, but not a push certificate"),
    };
    Finding::new(code, message, bring(want))
}

/// A paper that is not what the place wants.
pub(super) fn wrong_kind(paper: &Paper, want: Want, place: Place) -> Finding {
    let (code, message): (_, String) = match paper {
        Paper::Empty => (Code::EmptyFile, "there is nothing in it".into()),
        Paper::Html => (Code::HtmlPage, format!("it is a page of HTML under another name: {}", session(want))),
        Paper::Json => (
            Code::JsonAnswer,
            "it is JSON: what the portal's upload answered to the browser, not the certificate".into(),
        ),
        Paper::Request(_) if want == Want::Csr => {
            (Code::PushRequest, "it is a request that a vendor has signed already".into())
        }
        Paper::Request(_) => {
            (Code::PushRequest, "it is the request for Apple's portal, not the certificate that comes back".into())
        }
        Paper::Csr(_) => {
            (Code::BareCsr, "it is a signing request without a vendor's signature; Apple's portal refuses it".into())
        }
        Paper::PrivateKey { encrypted: true } => {
            (Code::PrivateKey, "it is a private key, protected by a passphrase".into())
        }
        Paper::PrivateKey { encrypted: false } => {
            (Code::PrivateKey, "it is a private key, and nothing protects it".into())
        }
        Paper::Damaged { like } => (Code::Damaged, format!("it begins like {like}, and cannot be read to its end")),
        Paper::Pkcs12(_) => (
            Code::PrivateKeyIncluded,
            "it is a PKCS #12 file, which holds the private key beside the certificate".into(),
        ),
        Paper::Plist => (Code::UnknownKind, "it is a property list, but not a push certificate request".into()),
        Paper::Sealed => (
            Code::UnknownKind,
            "it is a message that was encrypted for somebody, such as mdmcert.download's reply".into(),
        ),
        Paper::Unknown { like: Some(like) } => (Code::UnknownKind, format!("it is {like}")),
        Paper::Unknown { like: None } | Paper::Certificates { .. } => {
            (Code::UnknownKind, "it is nothing that is known here".into())
        }
    };
    Finding::new(code, message, remedy(paper, want, place))
}

/// How a web page came into the place of a file.
const fn session(want: Want) -> &'static str {
    match want {
        Want::PushRequest | Want::Csr => "the session had ended when the request was downloaded",
        Want::Anything | Want::PushCertificate | Want::Pkcs12 => "Apple's session had ended when Download was pressed",
        Want::PrivateKey | Want::AnyCertificate => "the session had ended when it was downloaded",
    }
}

fn remedy(paper: &Paper, want: Want, place: Place) -> &'static str {
    let from_the_portal = matches!(want, Want::Anything | Want::PushCertificate);
    match paper {
        Paper::Html if from_the_portal => "sign in at Apple's portal again, and press Download once more",
        Paper::Html if want == Want::PushRequest => "sign in at the console again, and download the request once more",
        Paper::Json if from_the_portal => "go back to the list at Apple's portal, and press Download in the row",
        Paper::Request(_) if place == Place::Rehearsal => "put it away; press Download in the row, and bring that file",
        Paper::Request(_) if from_the_portal || want == Want::Csr => {
            "upload it at Apple's portal with Renew on the right row, and bring what you download there"
        }
        Paper::Csr(_) if matches!(want, Want::Anything | Want::PushRequest) => {
            "download the request from the server itself: it comes signed by the vendor; the one of an own key is signed by an MDM vendor first:  pushcert csr sign"
        }
        Paper::PrivateKey { .. } => "it belongs to nobody else; put it away, and bring the right file",
        Paper::Damaged { .. } => "download it once more, or fetch it from where it was made",
        Paper::Pkcs12(_) if want != Want::PushRequest && want != Want::Csr => {
            "take out of it what is wanted:  pushcert p12 open FILE --out FOLDER"
        }
        Paper::Sealed => {
            "open it with the key that it was encrypted for:  pushcert csr open FILE --key KEY --out REQUEST.txt"
        }
        Paper::Unknown { like: Some(PKCS7) } if want != Want::PrivateKey => {
            "take the certificate out of it:  openssl pkcs7 -print_certs -in FILE  (-inform DER, if it is not text)"
        }
        Paper::Unknown { like: Some(RTF) } => "open it, and save it anew as plain text",
        Paper::Unknown { like: Some(ZIP) } => "take the right file out of it first",
        _ => bring(want),
    }
}
