//! The record: a chain of lines for each tenant. A line's digest covers the digest before it and the line's own bytes,
//! so an edit anywhere shows in everything after it.

use std::collections::BTreeMap;

use pushcert_papers::{Fingerprint, TenantName, Time};
use serde::{Deserialize, Serialize};

use super::Change;

/// What happened.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct AuditEntry {
    /// When.
    pub at: Time,
    /// Who did it: a user's name.
    pub who: String,
    /// What, as a stable word.
    pub what: String,
    /// What was there before.
    pub before: Option<Fingerprint>,
    /// What was there after.
    pub after: Option<Fingerprint>,
    /// Why, in a person's words.
    pub reason: Option<String>,
    /// In which journey, as `acme/3`.
    pub journey: Option<String>,
    /// Facts beside it.
    pub details: BTreeMap<String, String>,
}

/// A line of the record.
#[derive(Clone, Debug)]
pub struct AuditLine {
    /// Its number in the tenant's record, from 1.
    pub number: u64,
    /// What happened.
    pub entry: AuditEntry,
    /// The digest of this line and all before it.
    pub digest: Fingerprint,
}

/// What became of a record.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AuditState {
    /// How many lines it has.
    pub lines: usize,
    /// The digest of the last one.
    pub head: Option<Fingerprint>,
    /// Where it is broken, in words.
    pub broken: Option<String>,
}

/// A line as it is stored.
pub struct StoredLine {
    /// Its number.
    pub number: u64,
    /// Its bytes.
    pub line: String,
    /// Its digest, as stored.
    pub digest: String,
}

impl StoredLine {
    /// What it says.
    ///
    /// # Errors
    /// What of it cannot be read.
    pub fn read(self) -> Result<AuditLine, &'static str> {
        let entry = serde_json::from_str(&self.line).map_err(|_| "a line of the record")?;
        let digest = Fingerprint::from_hex(&self.digest).map_err(|_| "a digest of the record")?;
        Ok(AuditLine { number: self.number, entry, digest })
    }
}

/// What the first line of a tenant's record is chained to.
pub fn genesis(tenant: &TenantName) -> Fingerprint {
    Fingerprint::of(format!("pushcert audit 1 {tenant}").as_bytes())
}

/// The digest of a line that follows another.
pub fn chained(previous: &str, line: &str) -> Fingerprint {
    Fingerprint::of(format!("{previous}\n{line}").as_bytes())
}

/// Tells the log what was put on record, with the digest by which a cut end would show.
pub fn log(tenant: &TenantName, change: &Change, heads: &[Fingerprint]) {
    for (entry, head) in change.audit.iter().zip(heads) {
        tracing::info!(%tenant, what = entry.what, %head, "on record");
    }
}

/// Whether these lines are one whole chain; and whether the chain still reaches the digest that somebody noted.
pub fn verify(tenant: &TenantName, lines: &[StoredLine], noted: Option<&str>) -> AuditState {
    let mut previous = genesis(tenant);
    let mut met = noted.is_none();
    for (at, stored) in lines.iter().enumerate() {
        previous = chained(&previous.to_string(), &stored.line);
        let broken = previous.to_string() != stored.digest || stored.number != at as u64 + 1;
        if broken {
            let why = format!("line {} is not what was written, or a line before it is missing", at + 1);
            return AuditState { lines: lines.len(), head: None, broken: Some(why) };
        }
        met = met || noted.is_some_and(|noted| stored.digest.starts_with(noted) && noted.len() >= 12);
    }
    let broken =
        (!met).then(|| "the digest given is not in it: its end was cut off, or it is another record".to_owned());
    AuditState { lines: lines.len(), head: (!lines.is_empty()).then_some(previous), broken }
}
