//! Alerts: what is due is put into the store's outbox, and what lies there is sent. There is no other way to a channel, so
//! that many may watch one store.

use std::{rc::Rc, time::Duration};

use async_trait::async_trait;
use futures_util::{StreamExt, TryStreamExt, future::try_join_all, stream};
use pushcert_papers::{
    DAY, TenantName, Time,
    escape::printable,
    watch::{self, Alert, Due, Matter, Outlook, Severity, identity, pause, standing, watch_trouble},
};

use super::{Event, Failure, Kind, Outcome, World, status::Sight};
use crate::{
    config::{Channel, Tenant, WATCH},
    notify::{self, Message, SendError},
    store::{Leased, Letter, Settled},
};

/// Letters that are sent at a time.
const AT_A_TIME: u32 = 16;

/// How long a delivered alert is kept, so that it is not announced again: longer than a certificate and its time of grace
/// last, since the end of one is what most occasions are named by.
const KEPT: i64 = 400 * DAY;

/// Makes the ports to channels.
#[async_trait(?Send)]
pub trait Channels {
    /// The port to this channel. Nothing is sent yet.
    async fn connect(&self, channel: &Channel) -> Result<Rc<dyn notify::Channel>, Failure>;

    /// How long a letter may be on its way.
    fn limit(&self) -> Duration;
}

/// What became of a letter, for whoever watches the watch.
pub struct Delivery<'a> {
    /// The channel.
    pub channel: &'a str,
    /// Its kind.
    pub way: &'static str,
    /// Why the channel did not take it, if it did not.
    pub why: Option<&'a str>,
}

/// Announces whatever is due for a tenant.
pub(super) async fn announce(world: &World<'_>, sight: &Sight<'_>) -> Result<(), Failure> {
    if world.config.channels.is_empty() {
        return Ok(());
    }
    let tenant = sight.tenant;
    let announced = world.store.announced(&tenant.name).await?;
    let facts = sight.facts();
    // What a newer release wrote is announced by that one.
    let credentials = sight.credentials().unwrap_or_default();
    let due = watch::due(&Outlook {
        facts: &facts,
        standing: &standing(&facts),
        credentials: &credentials,
        announced: &announced,
        muted_until: tenant.muted_until,
        trouble: sight.not_asked.as_deref(),
    });
    if due.remembered.is_empty() {
        return Ok(());
    }
    let head = if due.alerts.is_empty() { None } else { world.store.audit(&tenant.name).await?.pop() };
    let line = sight.line();
    let about = |alert: &Alert| Message {
        server: Some(server(tenant)),
        not_after: line.not_after,
        days_left: line.days_left,
        apple_account: line.apple_account.as_deref().map(printable),
        owner: line.owner.as_deref().map(printable),
        source: Some(line.source.to_owned()),
        seen_at: line.seen_at,
        revocation: Some(line.revocation.to_owned()),
        head: head.as_ref().map(|line| line.digest.to_string()),
        ..message(&tenant.name, alert, line.now)
    };
    keep(world, &tenant.name, &tenant.tags, &due, about).await
}

/// Announces that the watch itself is in trouble, or no longer is.
///
/// # Errors
/// When the store cannot be used; then there is no way to tell anybody.
pub async fn announce_trouble(world: &World<'_>, matter: Matter, trouble: Option<&str>) -> Result<(), Failure> {
    if world.config.channels.is_empty() {
        return Ok(());
    }
    let (name, now) = (the_watch(), world.clock.now());
    let announced = world.store.announced(&name).await?;
    let trouble = trouble.map(|why| why.lines().map(str::trim).collect::<Vec<_>>().join("; "));
    let due = watch_trouble(matter, trouble.as_deref(), &announced, now);
    if due.remembered.is_empty() {
        return Ok(());
    }
    keep(world, &name, &[], &due, |alert| message(&name, alert, now)).await
}

/// Puts alerts into the outbox, a letter for each channel that wants them, and remembers what was announced.
async fn keep(
    world: &World<'_>,
    tenant: &TenantName,
    tags: &[String],
    due: &Due,
    about: impl Fn(&Alert) -> Message,
) -> Result<(), Failure> {
    let mut letters = vec![];
    for alert in &due.alerts {
        let message = about(alert);
        let json = serde_json::to_string(&message).expect("a message is plain data");
        letters.extend(world.config.channels.iter().filter(|channel| wants(channel, tags, alert)).map(|channel| {
            Letter {
                matter: alert.matter.word().into(),
                occasion: alert.occasion.clone(),
                channel: channel.name.clone(),
                json: json.clone(),
                due: message.at,
            }
        }));
    }
    Ok(world.store.announce(tenant, &due.remembered, &letters).await?)
}

/// Whether a channel is for this alert. What the watch says of itself is for those who get alerts of every tenant.
fn wants(channel: &Channel, tags: &[String], alert: &Alert) -> bool {
    let tagged = channel.tags.is_empty() || channel.tags.iter().any(|tag| tags.contains(tag));
    tagged && alert.severity >= channel.severity
}

fn message(tenant: &TenantName, alert: &Alert, now: Time) -> Message {
    Message {
        id: identity(tenant, alert.matter, &alert.occasion),
        tenant: tenant.to_string(),
        matter: alert.matter,
        occasion: alert.occasion.clone(),
        severity: alert.severity,
        recovered: alert.recovered,
        test: alert.matter == Matter::Test,
        server: None,
        title: format!("{tenant}: {}", printable(&alert.title)),
        what: printable(&alert.what),
        action: printable(&alert.action),
        command: alert.command.clone(),
        not_after: None,
        days_left: None,
        apple_account: None,
        owner: None,
        source: None,
        seen_at: None,
        revocation: None,
        head: None,
        at: now,
    }
}

/// Which server it is, for whoever has several.
fn server(tenant: &Tenant) -> String {
    let host = tenant.host.as_ref().map(|host| format!(", {}", printable(host))).unwrap_or_default();
    format!("{}{host}", tenant.product.title())
}

fn the_watch() -> TenantName {
    TenantName::parse(WATCH).expect("a name that no tenant may have, and could")
}

/// Sends letters for this channel that are due, as many as go at a time; the answer is how many there were.
///
/// # Errors
/// When the store cannot be used. A channel that does not take a letter is no error: the letter is tried again, or lies
/// there as given up.
pub async fn post(world: &World<'_>, channel: &Channel) -> Result<usize, Failure> {
    let limit = world.channels.limit();
    let now = world.clock.now();
    // Who dies with a letter in hand leaves it to the others; but not while it may still be on its way.
    let until = now.plus(i64::try_from(limit.as_secs()).unwrap_or(i64::MAX / 4) * 2 + 2);
    let letters = world.store.lease(&channel.name, now, until, AT_A_TIME).await?;
    let count = letters.len();
    let sent = stream::iter(letters).map(|letter| deliver(world, channel, letter));
    sent.buffer_unordered(AT_A_TIME as usize).try_collect::<()>().await?;
    Ok(count)
}

/// Forgets alerts that were delivered so long ago that none of their occasions comes again. Nothing depends on it: a role
/// that may not do it watches on.
pub async fn tidy(world: &World<'_>) {
    if let Err(error) = world.store.prune(world.clock.now().plus(-KEPT)).await {
        world.tell(Event::Note(&format!("Old alerts could not be forgotten: {error}")));
    }
}

/// Sends everything that is due, by every channel.
///
/// # Errors
/// As for [`post`].
pub async fn post_all(world: &World<'_>) -> Result<(), Failure> {
    let channels = world.config.channels.iter().map(async |channel| {
        while post(world, channel).await? > 0 {}
        Ok(())
    });
    try_join_all(channels).await.map(drop)
}

/// Sends a letter, and writes down what became of it.
async fn deliver(world: &World<'_>, channel: &Channel, letter: Leased) -> Result<(), Failure> {
    let sent = match serde_json::from_str(&letter.letter.json) {
        Ok(message) => send(world, channel, &message).await,
        Err(_) => Err(SendError::Refused("a newer pushcert wrote this alert".into())),
    };
    let settled = settle(sent, letter.attempts, world.clock.now());
    tell(world, channel, &letter, &settled);
    Ok(world.store.settle(&letter, &settled).await?)
}

/// Sends a message, within its time.
async fn send(world: &World<'_>, channel: &Channel, message: &Message) -> Result<(), SendError> {
    let on_its_way = async {
        let port = world.channels.connect(channel).await.map_err(|failure| SendError::Refused(failure.message))?;
        port.send(message, world.clock.now()).await
    };
    tokio::time::timeout(world.channels.limit(), on_its_way)
        .await
        .unwrap_or_else(|_| Err(SendError::Unavailable("it was not done with answering in time".into())))
}

fn settle(sent: Result<(), SendError>, tries: u32, now: Time) -> Settled {
    let Err(error) = sent else { return Settled::Sent };
    let why = error.to_string();
    match pause(tries, matches!(error, SendError::Refused(_))) {
        Some(seconds) => Settled::Again { due: now.plus(seconds), why },
        None => Settled::Dead { why },
    }
}

fn tell(world: &World<'_>, channel: &Channel, letter: &Leased, settled: &Settled) {
    let about = format!("{} ({} {})", letter.tenant, letter.letter.matter, letter.letter.occasion);
    let note = match settled {
        Settled::Sent => format!("Sent to {}: {about}", channel.name),
        Settled::Again { due, why } => {
            format!("Not taken by {}, and tried again on {}: {about}: {why}", channel.name, due.date_and_time())
        }
        Settled::Dead { why } => format!("Given up for {}: {about}: {why}", channel.name),
    };
    world.tell(Event::Note(&note));
}

/// Sends a marked alert to every channel, straight and once, and reports each.
///
/// # Errors
/// When there are no channels.
pub async fn test(world: &World<'_>) -> Outcome {
    if world.config.channels.is_empty() {
        return Err(Failure::new(Kind::NotFound, "no-channel", "no channel is configured, so no alert goes anywhere")
            .hinted("write [[channels]] into the configuration; docs/alerts.md shows each kind"));
    }
    let now = world.clock.now();
    let alert = Alert {
        matter: Matter::Test,
        occasion: now.to_string(),
        severity: Severity::Info,
        recovered: false,
        title: "this is a test of the alerts".into(),
        what: "Somebody wants to see whether alerts arrive here. Nothing is wrong.".into(),
        action: "Tell whoever asked that it has arrived.".into(),
        command: None,
    };
    let message = message(&the_watch(), &alert, now);
    let sent = world.config.channels.iter().map(|channel| attempt(world, channel, &message));
    let sent: Vec<bool> = stream::iter(sent).buffered(AT_A_TIME as usize).collect().await;
    Ok(sent.contains(&false).then_some(Kind::Temporary))
}

async fn attempt(world: &World<'_>, channel: &Channel, message: &Message) -> bool {
    let why = send(world, channel, message).await.err().map(|error| error.to_string());
    world.tell(Event::Delivery(&Delivery { channel: &channel.name, way: channel.way.word(), why: why.as_deref() }));
    why.is_none()
}
