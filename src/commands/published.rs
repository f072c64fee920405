//! What is published for monitoring accounts, which need neither store nor secret.

use std::path::Path;

use pushcert_papers::{
    Serial, TenantName, Time, Topic,
    certificate::{Authorities, Certificate, Expectations, Revocation},
    judge::{Want, judge},
    kind::{Paper, recognise},
    pem,
    renewal::Stage,
    watch::{Facts, Installed, Level, Problem, Seen, Source, State, Thresholds, is_believed, standing},
};
use serde::Deserialize;
use serde_json::json;

use super::{Event, Failure, Kind, Outcome, Reporter, StatusLine, World, ledger::Ledger, status::reached};
use crate::{
    config::{Product, Tenant, nearest},
    store::Book,
    world::files,
};

/// No certificate is longer.
const LIMIT: u64 = 1 << 20;

/// How tenants stand by a file that was published for monitoring: a list, lines of the list, or a certificate. Neither
/// store nor secret has a part in it, and the days are counted anew.
///
/// # Errors
/// When it is none of these, or a tenant is not in it.
pub fn status(
    reporter: &dyn Reporter,
    bytes: &[u8],
    place: &str,
    tenants: &[TenantName],
    fail_on: Option<State>,
    now: Time,
) -> Outcome {
    let known = match certificate(bytes, place, now) {
        Some(known) => vec![known],
        None => published(bytes).ok_or_else(|| {
            Failure::new(
                Kind::Failed,
                "not-the-right-file",
                format!("{place} is neither a status list nor a certificate"),
            )
            .hinted("--from wants the status.json or the TENANT.pem of a public_dir")
        })?,
    };
    if let Some(missing) = tenants.iter().find(|name| known.iter().all(|one| one.tenant != **name)) {
        let meant = nearest::meant(missing.as_str(), known.iter().map(|one| one.tenant.as_str()));
        return Err(Failure::new(Kind::NotFound, "tenant-unknown", format!("{missing} is not in {place}{meant}")));
    }
    let wanted = |one: &&Published| tenants.is_empty() || tenants.contains(&one.tenant);
    let lines: Vec<_> = known.iter().filter(wanted).map(|one| one.line(now)).collect();
    reporter.tell(Event::Status(&lines));
    let due = fail_on.is_some_and(|limit| lines.iter().any(|line| reached(line, limit)));
    Ok(due.then_some(Kind::Due))
}

/// Publishes how all tenants stand, and the installed certificates, where the configuration names a folder for it: what
/// is in it may be read by everybody, so Apple accounts and owners are left out. A certificate that stands there already is
/// left as it is; the list is written anew, since it says when.
///
/// # Errors
/// When the store cannot be read, or the folder cannot be written.
pub async fn publish(world: &World<'_>) -> Result<(), Failure> {
    let Some(folder) = &world.config.public_dir else { return Ok(()) };
    let wish = super::status::Wish { offline: true, ..Default::default() };
    let tenants: Vec<_> = world.config.watched().collect();
    let books = world.store.books(&tenants.iter().map(|tenant| &tenant.name).collect::<Vec<_>>()).await?;
    for (tenant, book) in tenants.iter().zip(books) {
        let path = folder.join(format!("{}.pem", tenant.name));
        if holds(&path, &book) {
            continue;
        }
        if let Some(leaf) = of_book(world, tenant, book).await? {
            write(&path, pem("CERTIFICATE", &leaf.der).as_bytes())?;
        }
        // There may be thousands of them, and others have something to do.
        tokio::task::yield_now().await;
    }
    let lines = super::status::look(world, tenants, &wish, async |_| Ok(())).await?;
    let bare = |line| StatusLine { apple_account: None, account_seen_at: None, owner: None, ..line };
    let lines: Vec<_> = lines.into_iter().map(bare).collect();
    let list = json!({ "schema": "pushcert/status-list/1", "at": world.clock.now(), "tenants": lines });
    write(&folder.join("status.json"), format!("{list}\n").as_bytes())
}

/// Whether this file holds what is installed.
fn holds(path: &Path, book: &Book) -> bool {
    let installed = book.seen.as_ref().and_then(|seen| seen.installed.as_ref()?.certificate);
    let Ok(bytes) = files::read_paper(path, LIMIT) else { return false };
    match recognise(&bytes) {
        Paper::Certificates { leaves, .. } => leaves.first().is_some_and(|leaf| Some(leaf.sha256) == installed),
        _ => false,
    }
}

/// The installed certificate, where it was at hand: kept by itself when it was adopted, or as the file that came back
/// in a renewal.
pub(super) async fn of_book(world: &World<'_>, tenant: &Tenant, book: Book) -> Result<Option<Certificate>, Failure> {
    let ledger = Ledger::of(world, tenant, book.record)?;
    let Some(digest) = book.seen.and_then(|seen| seen.installed?.certificate) else { return Ok(None) };
    let received = ledger.latest_journey().and_then(|journey| journey.certificate.as_ref());
    let kept = received.filter(|received| received.sha256 == digest).map_or(digest, |received| received.artefact);
    let Some(bytes) = world.store.artefact(&kept).await? else { return Ok(None) };
    Ok(match recognise(&bytes) {
        Paper::Certificates { leaves, .. } => leaves.into_iter().next(),
        _ => None,
    })
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    files::write_public(path, bytes).map_err(|error| {
        Failure::new(Kind::Failed, "cannot-write", format!("{} cannot be written: {error}", path.display()))
            .hinted("look at public_dir in the configuration")
    })
}

/// What is published of a tenant. The state is not: it depends on the day.
#[derive(Debug, Deserialize)]
struct Published {
    tenant: TenantName,
    #[serde(default)]
    mdm: String,
    enrolled_topic: Option<Topic>,
    topic: Option<Topic>,
    serial: Option<Serial>,
    not_before: Option<Time>,
    not_after: Option<Time>,
    #[serde(default)]
    state: String,
    #[serde(default)]
    source: String,
    seen_at: Option<Time>,
    #[serde(default)]
    problems: Vec<String>,
    issuer: Option<String>,
    #[serde(default)]
    revocation: String,
    revocation_at: Option<Time>,
    step: Option<Stage>,
    thresholds: Option<Thresholds>,
    stale_after: Option<i64>,
}

/// A list, or lines of one.
fn published(bytes: &[u8]) -> Option<Vec<Published>> {
    #[derive(Deserialize)]
    struct List {
        tenants: Vec<Published>,
    }
    if let Ok(list) = serde_json::from_slice::<List>(bytes) {
        return Some(list.tenants);
    }
    let lines = std::str::from_utf8(bytes).ok()?.lines().filter(|line| !line.trim().is_empty());
    let lines: Vec<_> = lines.map(serde_json::from_str).collect::<Result<_, _>>().ok()?;
    (!lines.is_empty()).then_some(lines)
}

/// A certificate alone: the tenant is called like its file.
fn certificate(bytes: &[u8], place: &str, now: Time) -> Option<Published> {
    let authorities = Authorities::apple();
    let judged = judge(bytes, None, Want::PushCertificate, &Expectations::default(), &authorities, now);
    let facts = judged.certificate?;
    let stem = place.rsplit('/').next().unwrap_or_default().split('.').next().unwrap_or_default();
    Some(Published {
        tenant: TenantName::parse(&stem.to_lowercase()).or_else(|_| TenantName::parse("certificate")).ok()?,
        mdm: "manual".into(),
        enrolled_topic: None,
        topic: facts.topic,
        serial: Some(facts.serial),
        not_before: Some(facts.not_before),
        not_after: Some(facts.not_after),
        state: String::new(),
        source: Source::File.word().into(),
        seen_at: None,
        problems: vec![],
        issuer: Some(facts.issuer),
        revocation: String::new(),
        revocation_at: None,
        step: None,
        thresholds: None,
        stale_after: None,
    })
}

impl Published {
    fn line(&self, now: Time) -> StatusLine {
        let source = Source::ALL.into_iter().find(|source| source.word() == self.source).unwrap_or(Source::File);
        let installed = Installed {
            topic: self.topic.clone(),
            serial: self.serial.clone(),
            not_before: self.not_before,
            not_after: self.not_after,
            ..Installed::default()
        };
        let none = self.state == State::NotInstalled.word();
        let seen = Seen { at: self.seen_at.unwrap_or(now), source, installed: (!none).then_some(installed) };
        let thresholds = self.thresholds.unwrap_or_default();
        let standing = standing(&Facts {
            tenant: &self.tenant,
            seen: Some(&seen),
            enrolled: self.enrolled_topic.as_ref(),
            journey: None,
            // Whose account it is, is not published.
            account: None,
            lookup: None,
            thresholds: &thresholds,
            stale_after: self.stale_after,
            now,
        });
        // What was found with the help of the store still holds. Nobody can confirm a topic here, so that it is not
        // confirmed is no news.
        let holds = |problem: &Problem| standing.problems.contains(problem) || self.names(*problem);
        let problems: Vec<_> =
            Problem::ALL.into_iter().filter(|problem| *problem != Problem::TopicUnknown && holds(problem)).collect();
        let revocation = self.revocation(&problems, now);
        StatusLine {
            tenant: self.tenant.clone(),
            mdm: Product::WORDS
                .iter()
                .find(|(word, _)| *word == self.mdm)
                .map_or("manual", |(_, product)| product.word()),
            enrolled_topic: self.enrolled_topic.clone(),
            topic: self.topic.clone(),
            serial: self.serial.clone(),
            not_before: self.not_before,
            not_after: self.not_after,
            days_left: standing.days_left,
            state: standing.state.word(),
            stale: standing.stale,
            problems: problems.iter().map(|problem| problem.word()).collect(),
            issuer: self.issuer.clone(),
            revocation: revocation.word(),
            revocation_at: revocation.at(),
            apple_account: None,
            account_seen_at: None,
            owner: None,
            step: self.step.unwrap_or(Stage::Idle),
            next: standing.next,
            source: source.word(),
            seen_at: self.seen_at,
            now,
            level: Level::of(standing.state, standing.stale, &problems),
            thresholds,
            stale_after: self.stale_after,
            credentials: vec![],
            not_asked: None,
            undelivered: vec![],
        }
    }

    /// What was known of its revocation: that it is revoked holds for ever, and everything else for a time.
    fn revocation(&self, problems: &[Problem], now: Time) -> Revocation {
        match self.revocation_at {
            at if problems.contains(&Problem::Revoked) => Revocation::Revoked(at.unwrap_or(now)),
            Some(at) if is_believed(at, now) && self.revocation == Revocation::Good(at).word() => Revocation::Good(at),
            _ => Revocation::NotLookedUp,
        }
    }

    fn names(&self, problem: Problem) -> bool {
        self.problems.iter().any(|word| word == problem.word())
    }
}
