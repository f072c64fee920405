//! The first use of a learned way of the console: a person confirms it, and that stands on record.

use pushcert_papers::console::Deed;

use super::Run;
use crate::commands::{Event, Failure, ledger::Entry};

/// The line of the record.
const FIRST_USE: &str = "console-first-use";

impl Run<'_> {
    /// Whether the learned way may be used for this deed. `unattended_request` in the configuration is a person's word
    /// given beforehand; otherwise somebody says yes once for each profile and deed. Without that the step is guided.
    pub(super) async fn may_use(&mut self, deed: Deed) -> Result<bool, Failure> {
        let Some(console) = self.tenant.console.as_ref().filter(|_| !self.tenant.unattended_request) else {
            return Ok(true);
        };
        let profile = console.sha256.to_string();
        if self.was_used(deed, &profile).await? {
            return Ok(true);
        }
        let host = self.tenant.host.as_deref().unwrap_or_default();
        let what = deed.phrase();
        let question = format!("The learned way to {what} at {host} has never been used. Use it now?");
        if !self.world.ask.confirm(&question) {
            let note = format!(
                "The learned way to {what} is used only after a person has said yes to it; it is yours by hand."
            );
            self.world.tell(Event::Note(&note));
            return Ok(false);
        }
        let entry = Entry::of(FIRST_USE).with("deed", deed.word()).with("profile", &profile);
        self.ledger.note(vec![], entry).await?;
        Ok(true)
    }

    async fn was_used(&self, deed: Deed, profile: &str) -> Result<bool, Failure> {
        let lines = self.world.store.audit(&self.tenant.name).await?;
        let says = |line: &crate::store::AuditLine, name: &str, value: &str| {
            line.entry.details.get(name).is_some_and(|found| found == value)
        };
        Ok(lines.iter().any(|line| {
            line.entry.what == FIRST_USE && says(line, "deed", deed.word()) && says(line, "profile", profile)
        }))
    }
}
