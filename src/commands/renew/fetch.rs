//! `csr fetch`: the request step alone. It is a renewal that ends once the request is kept, so the same rules hold for it:
//! a fetch may make a new key at the server, and is on record before it happens.

use std::path::PathBuf;

use pushcert_papers::{
    TenantName,
    renewal::{Journey, Request},
};

use super::{Flow, Run, Wish};
use crate::commands::{Event, Failure, Kind, Made, Outcome, World, csr, shown};

/// Fetches the request for Apple's portal from the server, judges it, keeps it, and stops. A copy goes to `out`.
///
/// # Errors
/// As for [`renew`](super::renew), and when something stands in the place of the copy.
pub async fn fetch(world: &World<'_>, name: &TenantName, out: Option<PathBuf>) -> Outcome {
    if let Some(out) = &out {
        csr::for_the_portal(out)?;
        csr::vacant(std::slice::from_ref(out))?;
    }
    let wish = Wish { fetch_only: true, copy: out, ..Wish::default() };
    let mut run = Run::open(world, name, wish).await?;
    run.may_fetch_alone()?;
    run.look().await?;
    run.head().await?;
    if run.wants_another_request() {
        run.fetch_request().await?;
    }
    run.run_on().await
}

impl Run<'_> {
    /// A request that is made here or was made elsewhere, or one that has been answered already, leaves nothing to fetch.
    fn may_fetch_alone(&self) -> Result<(), Failure> {
        let name = &self.tenant.name;
        if self.tenant.own_key.is_some() {
            let message = format!("{name} has an own key, so its request is made here and not fetched");
            return Err(Failure::new(Kind::Usage, "own-key", message).hinted(self.command()));
        }
        let open = self.ledger.open_journey();
        if open.is_some_and(|journey| matches!(journey.request, Request::Elsewhere)) {
            let message = format!("the request of this renewal of {name} was made elsewhere, and is not kept here");
            return Err(Failure::new(Kind::NotFound, "request-elsewhere", message)
                .hinted(format!("bring its certificate, or begin anew:  {} --restart --reason TEXT", self.command())));
        }
        if open.is_some_and(|journey| journey.certificate.is_some()) {
            let message = format!(
                "the renewal of {name} has its certificate already; a new request could replace the key under it"
            );
            return Err(Failure::new(Kind::Refused, "certificate-waiting", message)
                .hinted(format!("go on with it:  {}", self.command())));
        }
        Ok(())
    }

    /// Whether to fetch once more though a request is kept. Only a person may want that.
    fn wants_another_request(&self) -> bool {
        let Some(held) = self.ledger.open_journey().and_then(Journey::held_request) else { return false };
        let question = format!(
            "The request of {} is open. Another fetch may replace the key that it is about. Fetch another all the same?",
            held.at.date_and_time()
        );
        self.server.reach.fetch && self.world.ask.confirm(&question)
    }

    /// The end of a `csr fetch`: the request is kept.
    pub(super) async fn fetched_alone(&mut self) -> Result<Flow, Failure> {
        let journey = self.journey();
        let held = journey.held_request().expect("who fetches a request, or has one, keeps it");
        let next = format!("The card for Apple's portal, and what comes after it:  {}", self.command());
        let Some(copy) = self.wish.copy.take() else {
            self.world.tell(Event::Note(&format!("Kept. {next}")));
            return Ok(Flow::Stop(None, None));
        };
        csr::write(&copy, &self.ledger.artefact(&held.artefact).await?)?;
        self.world.tell(Event::Made(&Made {
            files: vec![("request", shown(&copy))],
            topic: journey.topic.clone(),
            public_key_sha256: held.public_key,
            authorities: None,
            next: &[&next],
        }));
        Ok(Flow::Stop(None, None))
    }
}
