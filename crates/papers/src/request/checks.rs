//! Whether Apple's portal will take a request, and whether what it makes of it will be of use.

use super::{Layout, Part, PushRequest};
use crate::{
    Code, DAY, Finding, Time,
    certificate::{
        Authorities, Certificate,
        signature::{self, Method},
    },
    escape::printable,
};

/// A vendor's certificate that ends within so many days is worth a word.
const VENDOR_ENDS_SOON: i64 = 14;

/// What is known of a request beside what it says itself.
#[derive(Clone, Copy, Debug, Default)]
pub struct Known<'a> {
    /// The name of its file.
    pub file_name: Option<&'a str>,
    /// When it was fetched.
    pub fetched: Option<Time>,
    /// When a newer one was fetched.
    pub newer_fetched: Option<Time>,
}

/// Everything that is to be said about a request.
pub fn check(request: &PushRequest, known: &Known<'_>, authorities: &Authorities, now: Time) -> Vec<Finding> {
    let mut findings = layout(request, known.file_name);
    findings.extend(request.missing.iter().map(|part| missing(*part)));
    findings.extend(csr(request));
    findings.extend(vendor(request, now));
    findings.extend(chain(request, authorities, now));
    findings.extend(age(known, now));
    findings
}

fn layout(request: &PushRequest, name: Option<&str>) -> Vec<Finding> {
    let mut findings = vec![];
    match request.wrapping.layout {
        Layout::Base64 => {}
        Layout::DoubleBase64 => findings.push(Finding::new(
            Code::DoubleBase64,
            "the request is encoded in base64 twice",
            "Apple's portal wants it encoded once; in a renewal, --request FILE brings it into that form",
        )),
        Layout::BarePlist => findings.push(Finding::new(
            Code::BarePlist,
            "the request is a bare property list",
            "Apple's portal wants it encoded in base64; in a renewal, --request FILE brings it into that form",
        )),
    }
    findings.extend(request.wrapping.oddity.map(|oddity| {
        Finding::new(
            Code::TextEncoding,
            format!("the request {}; the portal is known to take plain letters alone", oddity.words()),
            "download it once more and do not open it in an editor; in a renewal, --request FILE brings it into that form",
        )
    }));
    let ends_in_txt = |name: &str| name.to_ascii_lowercase().ends_with(".txt");
    if let Some(name) = name.filter(|name| !ends_in_txt(name)) {
        findings.push(
            Finding::new(
                Code::FileName,
                format!(
                    "the file is called {}; the portal judges by the ending, and takes .txt in every year seen",
                    printable(name)
                ),
                "rename it so that it ends in .txt",
            )
            .comparing("….txt", printable(name)),
        );
    }
    findings
}

fn missing(part: Part) -> Finding {
    Finding::new(
        Code::MissingPart,
        format!("{} is missing or empty", part.key()),
        "download the request from the server once more",
    )
}

fn csr(request: &PushRequest) -> Vec<Finding> {
    let Some(csr) = &request.csr else {
        if request.missing.contains(&Part::Csr) {
            return vec![];
        }
        return vec![Finding::new(
            Code::CsrDamaged,
            "the certificate signing request inside cannot be read",
            "download the request from the server once more",
        )];
    };
    let mut findings = vec![];
    if !csr.is_signed_by_itself() {
        findings.push(Finding::new(
            Code::CsrSignatureInvalid,
            "the certificate signing request inside is not signed by its own key: it was changed",
            "download the request from the server once more",
        ));
    } else if csr.uses_sha1() {
        findings.push(Finding::new(
            Code::CsrSignatureSha1,
            "the certificate signing request inside is signed with SHA-1",
            "Apple has still taken such requests; nothing is to be done",
        ));
    }
    if !csr.key.is_strong() {
        findings.push(
            Finding::new(
                Code::WeakKey,
                format!("its key is {}", csr.key.words()),
                "make a new request with an RSA key of 2048 bits",
            )
            .comparing("RSA of 2048 bits", csr.key.words()),
        );
    }
    if csr.country.is_none() {
        findings.push(Finding::new(
            Code::CountryMissing,
            "it names no country, so the certificate will say US",
            "nothing depends on it",
        ));
    }
    findings
}

fn vendor(request: &PushRequest, now: Time) -> Vec<Finding> {
    let Some(vendor) = request.vendor() else { return vec![] };
    let name = vendor_name(vendor);
    let mut findings = signed(request, vendor, &name).into_iter().collect::<Vec<_>>();
    if !vendor.vendor {
        findings.push(Finding::new(
            Code::VendorMarkerMissing,
            format!("{name} lacks Apple's mark of an MDM vendor (1.2.840.113635.100.4.12)"),
            "the vendor's service signed with another certificate; tell the vendor",
        ));
    }
    let ends = vendor.not_after;
    let other = "download a fresh request from the server; if that one is the same, tell the vendor";
    if now > ends {
        findings.push(
            Finding::new(Code::VendorExpired, format!("the certificate of {name} ended on {}", ends.date()), other)
                .comparing(now, ends),
        );
    } else if ends.unix() - now.unix() < VENDOR_ENDS_SOON * DAY {
        let message = format!("the certificate of {name} ends on {}, and this request with it", ends.date());
        findings.push(
            Finding::new(Code::VendorExpiresSoon, message, "finish the renewal before that day").comparing(now, ends),
        );
    }
    findings
}

/// The vendor's name for people: Apple writes it behind a prefix.
pub(crate) fn vendor_name(vendor: &Certificate) -> String {
    let name = vendor.common_name.as_deref().unwrap_or("a vendor without a name");
    printable(name.strip_prefix("MDM Vendor:").unwrap_or(name).trim())
}

/// The vendor signs the DER of the signing request, with SHA-256 today and SHA-1 long ago; the form does not say which.
fn signed(request: &PushRequest, vendor: &Certificate, name: &str) -> Option<Finding> {
    let (Some(csr), Some(made)) = (&request.csr, &request.signature) else {
        let unreadable = request.signature.is_none() && !request.missing.contains(&Part::Signature);
        return unreadable.then(|| invalid_signature(name));
    };
    let by = |method| signature::verifies(Some(method), vendor.spki(), &csr.der, made);
    if by(Method::RsaSha256) {
        return None;
    }
    Some(if by(Method::RsaSha1) {
        Finding::new(
            Code::VendorSignatureSha1,
            format!("the signature of {name} uses SHA-1"),
            "Apple may refuse it; if it does, tell the vendor",
        )
    } else {
        invalid_signature(name)
    })
}

fn invalid_signature(name: &str) -> Finding {
    Finding::new(
        Code::VendorSignatureInvalid,
        format!("{name} did not sign this request, or it was changed afterwards; Apple would answer -80018"),
        "download the request from the server once more",
    )
}

/// From the vendor's certificate upwards: each is signed by the next, and the last leads to a root.
fn chain(request: &PushRequest, authorities: &Authorities, now: Time) -> Vec<Finding> {
    let chain = &request.chain;
    let Some(last) = chain.last() else {
        return if request.missing.contains(&Part::Chain) {
            vec![]
        } else {
            vec![broken("one of its certificates cannot be read")]
        };
    };
    let mut findings = vec![];
    if let Some(pair) = chain.windows(2).find(|pair| !pair[0].is_signed_by(pair[1].spki())) {
        let name = printable(pair[0].common_name.as_deref().unwrap_or("a certificate"));
        findings.push(broken(&format!("{name} is not signed by the one behind it")));
    }
    if !leads_to_a_root(last, authorities) {
        findings.push(Finding::new(
            Code::ChainNotApple,
            format!(
                "its certificates end at {}, which is under no root of Apple",
                printable(last.common_name.as_deref().unwrap_or("a nameless one"))
            ),
            "the request was not signed for Apple's portal; tell the vendor",
        ));
    }
    if let Some(over) = chain.iter().skip(1).find(|authority| now > authority.not_after) {
        let name = printable(over.common_name.as_deref().unwrap_or("an authority"));
        let message = format!("{name}, an authority in the request, ended on {}", over.not_after.date());
        findings.push(
            Finding::new(Code::ChainExpired, message, "Apple would answer -80018; the vendor must send its new chain")
                .comparing(now, over.not_after),
        );
    }
    findings
}

fn broken(why: &str) -> Finding {
    Finding::new(
        Code::ChainBroken,
        format!("the vendor's chain is broken: {why}; Apple would answer -80018"),
        "download the request from the server once more; if it stays so, tell the vendor",
    )
}

fn leads_to_a_root(last: &Certificate, authorities: &Authorities) -> bool {
    authorities.roots().any(|root| root.spki() == last.spki() || last.is_signed_by_authority(root))
}

/// What follows from when a request was fetched.
pub fn age(known: &Known<'_>, now: Time) -> Vec<Finding> {
    let mut findings = vec![];
    if let Some(newer) = known.newer_fetched.filter(|newer| known.fetched.is_none_or(|fetched| fetched < *newer)) {
        let message = format!(
            "a newer request came on {}; the server may have replaced the key of this one",
            newer.date_and_time()
        );
        findings.push(Finding::new(Code::RequestSuperseded, message, "use the newest request"));
    }
    if let Some(fetched) = known.fetched.filter(|fetched| now.unix() - fetched.unix() > DAY) {
        let message = format!("it came on {}, more than a day ago", fetched.date_and_time());
        let remedy = "look in the console whether it is still the newest one; a newer one may have another key";
        findings.push(Finding::new(Code::RequestOld, message, remedy));
    }
    findings
}
