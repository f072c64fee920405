//! Apple's upload form: base64 of a property list with three texts. Producers differ in line breaks, in the order of
//! keys, and in whether they encode once or twice; all of that is read.

use base64::{
    Engine,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use plist::Value;

use super::Csr;
use crate::{
    Oddity,
    certificate::Certificate,
    pem::{blocks, dense},
    property_list::read_xml,
    text,
};

/// Base64 as it is found: with its padding or without.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// How often an upload form may be encoded before it is called something else.
const DEEPEST: usize = 2;

/// How a form was found.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Wrapping {
    /// How it was encoded.
    pub layout: Layout,
    /// What was odd about the text of it.
    pub oddity: Option<Oddity>,
}

/// How a form was encoded.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Layout {
    /// As the portal takes it.
    Base64,
    /// Encoded twice, as one vendor's service mails it.
    DoubleBase64,
    /// Not encoded.
    BarePlist,
}

/// One of the three parts of the form.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Part {
    /// `PushCertRequestCSR`
    Csr,
    /// `PushCertCertificateChain`
    Chain,
    /// `PushCertSignature`
    Signature,
}

impl Part {
    /// The key in the property list.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Csr => "PushCertRequestCSR",
            Self::Chain => "PushCertCertificateChain",
            Self::Signature => "PushCertSignature",
        }
    }
}

/// A push certificate request. What could not be read in it is `None`, and a check names it.
#[derive(Clone, Debug)]
pub struct PushRequest {
    /// How it was wrapped.
    pub wrapping: Wrapping,
    /// The parts that are missing.
    pub missing: Vec<Part>,
    /// The signing request.
    pub csr: Option<Csr>,
    /// The vendor's certificate and those above it, in the order of the file. Empty when one is damaged.
    pub chain: Vec<Certificate>,
    /// The vendor's signature over the DER of the signing request.
    pub signature: Option<Vec<u8>>,
}

/// Takes the property list out of its wrapping, as often as it is wrapped. `None` when it is something else, a list in
/// Apple's binary form included: nobody writes requests so.
pub(crate) fn unwrap(bytes: &[u8]) -> Option<(Value, Wrapping)> {
    let (plain, oddity) = text::plain(bytes);
    if let Some(value) = read_xml(&plain) {
        return Some((value, Wrapping { layout: Layout::BarePlist, oddity }));
    }
    let mut inner = plain.into_owned();
    for layout in [Layout::Base64, Layout::DoubleBase64].into_iter().take(DEEPEST) {
        inner = decoded(&inner)?;
        if let Some(value) = read_xml(&inner) {
            return Some((value, Wrapping { layout, oddity }));
        }
    }
    None
}

/// The request in the form that Apple's portal takes: plain letters, encoded once. What is no request comes back as it
/// is.
pub fn for_the_portal(bytes: &[u8]) -> Vec<u8> {
    let Some((_, wrapping)) = unwrap(bytes) else { return bytes.to_vec() };
    let (plain, _) = text::plain(bytes);
    match wrapping.layout {
        Layout::BarePlist => encoded(&plain).into_bytes(),
        Layout::DoubleBase64 => decoded(&plain).unwrap_or_else(|| plain.into_owned()),
        Layout::Base64 => plain.into_owned(),
    }
}

/// The bytes behind base64, white space between its letters left out.
pub(crate) fn decoded(text: &[u8]) -> Option<Vec<u8>> {
    let dense = dense(text);
    if dense.is_empty() { None } else { LENIENT.decode(dense).ok() }
}

/// Base64 on one line, with its padding.
pub(crate) fn encoded(bytes: &[u8]) -> String {
    LENIENT.encode(bytes)
}

impl PushRequest {
    /// The request in this property list; `None` when none of its keys is there, so that it is some other list.
    pub(crate) fn from_plist(list: &Value, wrapping: Wrapping) -> Option<Self> {
        let parts = list.as_dictionary()?;
        let text = |part: Part| parts.get(part.key()).and_then(content);
        let missing: Vec<_> =
            [Part::Csr, Part::Chain, Part::Signature].into_iter().filter(|part| text(*part).is_none()).collect();
        if missing.len() == 3 {
            return None;
        }
        let csr = text(Part::Csr).and_then(|text| csr(&text));
        let chain = text(Part::Chain).and_then(|text| chain(&text)).unwrap_or_default();
        let signature = text(Part::Signature).and_then(|text| decoded(&text));
        Some(Self { wrapping, missing, csr, chain, signature })
    }

    /// The vendor's certificate: the one that should have signed.
    pub fn vendor(&self) -> Option<&Certificate> {
        self.chain.first()
    }
}

/// A text, or data that should have been one.
fn content(value: &Value) -> Option<Vec<u8>> {
    let bytes =
        value.as_string().map(|text| text.as_bytes().to_vec()).or_else(|| value.as_data().map(<[u8]>::to_vec))?;
    (!bytes.trim_ascii().is_empty()).then_some(bytes)
}

/// The signing request: base64 of DER, or PEM.
fn csr(text: &[u8]) -> Option<Csr> {
    if let Some(blocks) =
        std::str::from_utf8(text).ok().and_then(|text| blocks(text).ok()).filter(|blocks| !blocks.is_empty())
    {
        return Csr::from_der(&blocks[0].der).ok();
    }
    let der = if text.first() == Some(&0x30) { text.to_vec() } else { decoded(text)? };
    Csr::from_der(&der).ok()
}

fn chain(text: &[u8]) -> Option<Vec<Certificate>> {
    let blocks = blocks(std::str::from_utf8(text).ok()?).ok()?;
    blocks.iter().map(|block| Certificate::from_der(&block.der).ok()).collect()
}
