//! `status`: what is installed, when it ends, what comes next, and how we know.

use std::{collections::BTreeSet, time::Duration};

use futures_util::{Stream, StreamExt, TryStreamExt, stream};
use pushcert_papers::{
    TenantName, Time,
    credential::{Credential, Enrolment, Rotation, Standings, standings},
    watch::{Facts, Level, Lookup, Seen, Source, State, standing},
};

use super::{Event, Failure, Kind, Outcome, StatusLine, Undelivered, World, ledger::Ledger};
use crate::{
    config::{Tenant, nearest},
    store::{Book, Tally},
};

/// What a person or a monitoring job wants to know.
#[derive(Debug, Default)]
pub struct Wish {
    /// These tenants only; all when empty.
    pub tenants: Vec<TenantName>,
    /// Tenants with this tag only.
    pub tag: Option<String>,
    /// Ask a server only when the last look is older than so many seconds.
    pub max_age: i64,
    /// How long one server may take, all its answers together; `None` when each answer's own limit is enough.
    pub patience: Option<Duration>,
    /// Ask no server.
    pub offline: bool,
    /// The state from which the outcome is "due".
    pub fail_on: Option<State>,
    /// Judge at this time instead of now.
    pub at: Option<Time>,
}

/// Servers that are asked at a time.
const AT_A_TIME: usize = 64;

/// Books that are read, and in memory, at a time.
const BOOKS_AT_A_TIME: usize = 256;

/// Says how tenants stand.
///
/// # Errors
/// When a tenant is not configured, or the store cannot be read. A server that does not answer is no error: what was
/// seen last is still true, and it is said that it could not be asked.
pub async fn status(world: &World<'_>, wish: &Wish) -> Outcome {
    let mut lines = look(world, chosen(world, wish)?, wish, async |_| Ok(())).await?;
    undelivered(&world.store.tally().await?, &mut lines);
    world.tell(Event::Status(&lines));
    let due = wish.fail_on.is_some_and(|limit| lines.iter().any(|line| reached(line, limit)));
    Ok(due.then_some(Kind::Due))
}

fn chosen<'a>(world: &'a World<'_>, wish: &Wish) -> Result<Vec<&'a Tenant>, Failure> {
    let tenants = if wish.tenants.is_empty() {
        watched(world)?
    } else {
        wish.tenants.iter().map(|name| world.tenant(name)).collect::<Result<Vec<_>, _>>()?
    };
    match &wish.tag {
        None => Ok(tenants),
        Some(tag) => {
            let whose = if wish.tenants.is_empty() { "no tenant" } else { "none of the tenants named" };
            tagged(tenants, tag, whose)
        }
    }
}

/// The tenants that somebody still wants to know of; a job that looks at nobody finds nobody in order.
pub(super) fn watched<'a>(world: &'a World<'_>) -> Result<Vec<&'a Tenant>, Failure> {
    let tenants: Vec<_> = world.config.watched().collect();
    if !tenants.is_empty() {
        return Ok(tenants);
    }
    let (message, hint) = if world.config.tenants.is_empty() {
        (
            "no tenant is configured",
            "pushcert init  writes one into the configuration, by questions; --config FILE names another configuration",
        )
    } else {
        ("every tenant that is configured is retired", "name one, or take  retired = true  out of its table")
    };
    Err(Failure::new(Kind::NotFound, "no-tenant", message).hinted(hint))
}

/// Those of these tenants that have this tag.
fn tagged<'a>(tenants: Vec<&'a Tenant>, tag: &str, whose: &str) -> Result<Vec<&'a Tenant>, Failure> {
    let (with, without): (Vec<_>, Vec<_>) =
        tenants.into_iter().partition(|tenant| tenant.tags.iter().any(|known| known == tag));
    if !with.is_empty() {
        return Ok(with);
    }
    let tags: BTreeSet<_> = without.iter().flat_map(|tenant| &tenant.tags).map(String::as_str).collect();
    let meant = nearest::meant(tag, tags.iter().copied());
    let message = format!("{whose} has the tag {tag:?}");
    let hint = if tags.is_empty() {
        "nor any other: tags = [\"…\"] in a tenant's table gives it some".to_owned()
    } else {
        format!("there are these tags: {}", tags.into_iter().collect::<Vec<_>>().join(", "))
    };
    Err(Failure::new(Kind::NotFound, "no-tenant", message + &meant).hinted(hint))
}

/// Writes beneath each line which of its alerts did not arrive.
pub(super) fn undelivered(tally: &[Tally], lines: &mut [StatusLine]) {
    for one in tally.iter().filter(|one| one.result != "sent") {
        if let Some(line) = lines.iter_mut().find(|line| line.tenant == one.tenant) {
            line.undelivered.push(Undelivered {
                channel: one.channel.clone(),
                count: one.count,
                given_up: one.result == "dead",
                why: one.why.clone(),
            });
        }
    }
}

pub(super) fn reached(line: &StatusLine, limit: State) -> bool {
    let state = State::ALL.into_iter().find(|state| state.word() == line.state);
    let credential = line.credentials.iter().any(|found| found.state != State::Unknown && found.state >= limit);
    line.grave().is_some() || credential || state.is_some_and(|state| state >= limit)
}

/// How these tenants stand, in the order given; something more is done with each as soon as it was looked at. A slow server keeps nobody waiting but itself.
pub(super) async fn look(
    world: &World<'_>,
    tenants: Vec<&Tenant>,
    wish: &Wish,
    also: impl AsyncFn(&Sight<'_>) -> Result<(), Failure>,
) -> Result<Vec<StatusLine>, Failure> {
    let one = async |(place, read): (usize, Result<_, Failure>)| {
        let (tenant, book) = read?;
        let sight = Sight::take(world, tenant, book, wish).await?;
        also(&sight).await?;
        Ok::<_, Failure>((place, sight.line()))
    };
    let looks = books(world, &tenants).enumerate().map(one).buffer_unordered(AT_A_TIME);
    let mut lines: Vec<(usize, StatusLine)> = looks.try_collect().await?;
    lines.sort_unstable_by_key(|(place, _)| *place);
    Ok(lines.into_iter().map(|(_, line)| line).collect())
}

/// The books of these tenants. There may be ten thousand, so only some are in memory at a time.
fn books<'a>(
    world: &'a World<'_>,
    tenants: &'a [&'a Tenant],
) -> impl Stream<Item = Result<(&'a Tenant, Book), Failure>> + 'a {
    let read = async |some: &'a [&'a Tenant]| {
        let books = world.store.books(&some.iter().map(|tenant| &tenant.name).collect::<Vec<_>>()).await?;
        Ok::<_, Failure>(stream::iter(some.iter().copied().zip(books).map(Ok)))
    };
    stream::iter(tenants.chunks(BOOKS_AT_A_TIME)).then(read).try_flatten()
}

/// A look at a tenant: everything that its standing depends on.
pub(super) struct Sight<'a> {
    pub(super) tenant: &'a Tenant,
    ledger: Ledger<'a>,
    seen: Option<Seen>,
    lookup: Option<Lookup>,
    now: Time,
    /// Why the server could not be asked just now, where it could not.
    pub(super) not_asked: Option<String>,
}

impl<'a> Sight<'a> {
    /// Looks: at the store, and at the server where the wish and the last look say so.
    pub(super) async fn take(
        world: &'a World<'a>,
        tenant: &'a Tenant,
        book: Book,
        wish: &Wish,
    ) -> Result<Self, Failure> {
        let ledger = Ledger::of(world, tenant, book.record)?;
        let mut seen = book.seen;
        let mut not_asked = None;
        if !wish.offline && wish.at.is_none() && is_old(seen.as_ref(), world.clock.now(), wish.max_age) {
            // Boxed: most tenants are not asked, and need no room for it.
            match in_time(Box::pin(ask(world, tenant, &ledger)), wish.patience).await {
                Ok(Some(fresh)) => seen = Some(fresh),
                Ok(None) => {}
                Err(error) => not_asked = Some(error.message),
            }
        }
        let certificate = seen.as_ref().and_then(|seen| seen.installed.as_ref()?.certificate);
        let lookup = book.lookup.filter(|_| certificate.is_some());
        let now = wish.at.unwrap_or_else(|| world.clock.now());
        Ok(Self { tenant, ledger, seen, lookup, now, not_asked })
    }

    pub(super) fn facts(&self) -> Facts<'_> {
        Facts {
            tenant: &self.tenant.name,
            seen: self.seen.as_ref(),
            enrolled: self.ledger.enrolled_topic(),
            journey: self.ledger.latest_journey(),
            account: Some(self.ledger.account()),
            lookup: self.lookup.as_ref(),
            thresholds: &self.tenant.thresholds,
            stale_after: self.tenant.stale_after,
            now: self.now,
        }
    }

    /// How the further credentials stand.
    pub(super) fn credentials(&self) -> Result<Vec<Credential>, Failure> {
        let (rotation, enrolment) = (self.ledger.latest_of::<Rotation>()?, self.ledger.latest_of::<Enrolment>()?);
        Ok(standings(&Standings {
            tenant: &self.tenant.name,
            rotation: rotation.as_ref(),
            enrolment: enrolment.as_ref(),
            token: self.tenant.credentials.pingid.thresholds,
            key: self.tenant.credentials.key_rules,
            now: self.now,
        }))
    }

    pub(super) fn line(&self) -> StatusLine {
        let (tenant, standing) = (self.tenant, standing(&self.facts()));
        let installed = self.seen.as_ref().and_then(|seen| seen.installed.as_ref());
        let credentials = self.credentials();
        let newer = (self.ledger.is_newer() || credentials.is_err()).then_some("journey-newer");
        let credentials = credentials.unwrap_or_default();
        let loudest = credentials.iter().map(Credential::level).max().unwrap_or(Level::Ok);
        StatusLine {
            tenant: tenant.name.clone(),
            mdm: tenant.product.word(),
            enrolled_topic: self.ledger.enrolled_topic().cloned(),
            topic: installed.and_then(|installed| installed.topic.clone()),
            serial: installed.and_then(|installed| installed.serial.clone()),
            not_before: installed.and_then(|installed| installed.not_before),
            not_after: installed.and_then(|installed| installed.not_after),
            days_left: standing.days_left,
            state: standing.state.word(),
            stale: standing.stale,
            problems: standing.problems.iter().map(|problem| problem.word()).chain(newer).collect(),
            issuer: installed.and_then(|installed| installed.issuer.clone()),
            revocation: standing.revocation.word(),
            revocation_at: standing.revocation.at(),
            apple_account: tenant.apple_account.clone(),
            account_seen_at: self.ledger.account().used,
            owner: tenant.owner.clone(),
            step: standing.stage,
            next: standing.next,
            source: self.seen.as_ref().map_or(Source::None, |seen| seen.source).word(),
            seen_at: self.seen.as_ref().map(|seen| seen.at),
            now: self.now,
            level: Level::of(standing.state, standing.stale, &standing.problems).max(loudest),
            thresholds: tenant.thresholds,
            stale_after: tenant.stale_after,
            credentials,
            not_asked: self.not_asked.clone(),
            undelivered: vec![],
        }
    }
}

fn is_old(seen: Option<&Seen>, now: Time, max_age: i64) -> bool {
    seen.is_none_or(|seen| now.unix() - seen.at.unix() > max_age)
}

/// A look that has come to an end in time: a monitoring job must not be kept by a server that answers drop by drop.
async fn in_time<T>(look: impl Future<Output = Result<T, Failure>>, patience: Option<Duration>) -> Result<T, Failure> {
    let Some(patience) = patience else { return look.await };
    tokio::time::timeout(patience, look).await.unwrap_or_else(|_| {
        let message = format!("it was not done with answering after {} seconds", patience.as_secs());
        Err(Failure::new(Kind::Temporary, "unavailable", message))
    })
}

/// A fresh look, where the server offers one. Where it offers none, no secret is fetched and nothing is sent.
async fn ask(world: &World<'_>, tenant: &Tenant, ledger: &Ledger<'_>) -> Result<Option<Seen>, Failure> {
    if !tenant.can_be_read() {
        return Ok(None);
    }
    let server = world.servers.connect(tenant).await?;
    if !server.reach.read {
        return Ok(None);
    }
    match server.mdm.installed().await {
        Ok(seen) => ledger.saw(seen).await.map(Some),
        Err(error) => Err(world.failed(tenant, error).await),
    }
}
