//! PEM (RFC 7468): read leniently, as files come, and written strictly.

use base64::{
    Engine,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use pem_rfc7468::LineEnding;

/// Base64 inside PEM: strict about its letters, not about its padding.
pub(crate) const BODY: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// More blocks than this are no paper of ours, and are not read.
const MOST_BLOCKS: usize = 200;

/// A block of PEM (RFC 7468).
#[derive(Clone, Debug)]
pub(crate) struct Block {
    pub(crate) label: String,
    pub(crate) der: Vec<u8>,
    pub(crate) encrypted: bool,
}

/// A block that begins and cannot be read, by its label.
#[derive(Debug)]
pub(crate) struct DamagedBlock(pub(crate) String);

/// All PEM blocks of a text; what stands around them is passed over.
pub(crate) fn blocks(text: &str) -> Result<Vec<Block>, DamagedBlock> {
    let mut blocks = vec![];
    let mut rest = text;
    while let Some(at) = rest.find("-----BEGIN ") {
        rest = &rest[at + "-----BEGIN ".len()..];
        let (label, after) = rest.split_once("-----").ok_or_else(|| DamagedBlock(String::new()))?;
        let damaged = || DamagedBlock(label.to_owned());
        let end = format!("-----END {label}-----");
        let (body, behind) = after.split_once(end.as_str()).ok_or_else(damaged)?;
        let (headers, body) = split_headers(body);
        let der = decoded(body.as_bytes()).ok_or_else(damaged)?;
        let encrypted = label.starts_with("ENCRYPTED") || headers.contains("ENCRYPTED");
        blocks.push(Block { label: label.to_owned(), der, encrypted });
        if blocks.len() > MOST_BLOCKS {
            return Err(damaged());
        }
        rest = behind;
    }
    Ok(blocks)
}

/// The bytes behind base64. Its lines are put together first as if nothing but line ends stood between them, which is so
/// in nearly every file.
fn decoded(body: &[u8]) -> Option<Vec<u8>> {
    let mut lines = Vec::with_capacity(body.len());
    let mut begin = 0;
    for end in memchr::memchr_iter(b'\n', body).chain([body.len()]) {
        lines.extend_from_slice(body[begin..end].trim_ascii());
        begin = body.len().min(end + 1);
    }
    BODY.decode(&lines).or_else(|_| BODY.decode(dense(body))).ok()
}

/// The same letters without the white space between them.
pub(crate) fn dense(text: &[u8]) -> Vec<u8> {
    let mut dense = Vec::with_capacity(text.len());
    text.split(u8::is_ascii_whitespace).for_each(|run| dense.extend_from_slice(run));
    dense
}

/// Old key files have headers above the body, set off by an empty line (RFC 1421).
fn split_headers(body: &str) -> (&str, &str) {
    if !body.contains(':') {
        return ("", body);
    }
    let divided = body.split_once("\n\n").or_else(|| body.split_once("\r\n\r\n"));
    divided.unwrap_or((body, ""))
}

/// PEM in lines of 64 letters.
pub fn pem(label: &str, der: &[u8]) -> String {
    pem_rfc7468::encode_string(label, LineEnding::LF, der).expect("a known label, and fewer bytes than memory has")
}
