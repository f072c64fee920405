//! `console`: learns a console from a recording of a visit, explains what was learned, forgets it.

use std::path::{Path, PathBuf};

use pushcert_papers::{
    Fingerprint, TenantName,
    console::{
        Deed, Evidence, Profile, explained,
        har::{HarError, Recording, hosts},
        learn::{Hints, LearnError, Learned, Missing, learn as learn_from},
    },
};

use super::{
    Event, Failure, Kind, Outcome, World, files,
    ledger::{Entry, Ledger},
    shown,
};
use crate::{
    config::{Config, Tenant, edit},
    world::files as disk,
};

/// Recordings are never larger.
pub const RECORDING_LIMIT: u64 = 256 << 20;

/// Profiles and configurations are never larger.
const TEXT_LIMIT: u64 = 4 << 20;

/// What a person wants to have learned.
#[derive(Debug)]
pub struct Wish {
    /// The recording.
    pub har: PathBuf,
    /// Whether the download of the request is allowed.
    pub fetch: bool,
    /// Whether the upload of the certificate is allowed.
    pub upload: bool,
    /// The request file of this visit.
    pub request_file: Option<PathBuf>,
    /// The certificate of this visit.
    pub certificate_file: Option<PathBuf>,
    /// The field in which it was uploaded.
    pub upload_field: Option<String>,
    /// Where the profile goes; beside the configuration when `None`.
    pub out: Option<PathBuf>,
    /// The configuration file.
    pub configuration: PathBuf,
}

/// What is told of a console profile.
pub struct ConsoleReport<'a> {
    /// Whose console.
    pub tenant: &'a TenantName,
    /// The profile's path.
    pub profile: String,
    /// Its digest.
    pub sha256: Fingerprint,
    /// What it may be used for besides reading.
    pub allowed: Vec<&'static str>,
    /// The profile in words.
    pub explained: Vec<String>,
    /// What was learned just now; `None` when a profile is only shown.
    pub learned: Option<Lessons<'a>>,
}

/// What a recording has taught.
pub struct Lessons<'a> {
    /// Its path, and the program that wrote it.
    pub from: String,
    /// Each deed with its request, how it is known, and why.
    pub known: Vec<(Deed, Evidence, String, String)>,
    /// What was not learned.
    pub missing: &'a [Missing],
    /// Other hosts in the recording; empty when there are none.
    pub elsewhere: String,
    /// The line for the tenant's table in the configuration.
    pub line: String,
}

/// Learns a tenant's console from a recording.
///
/// # Errors
/// When the recording is none, or teaches nothing, or the profile cannot be written.
pub async fn learn(world: &World<'_>, name: &TenantName, wish: &Wish) -> Outcome {
    let tenant = world.tenant(name)?;
    let learned = lessons(tenant, wish)?;
    let text = learned.profile.to_string();
    let path =
        wish.out.clone().unwrap_or_else(|| disk::folder_of(&wish.configuration).join(format!("{name}.console.toml")));
    let path = std::path::absolute(&path).unwrap_or(path);
    write(world, &path, text.as_bytes())?;
    let sha256 = Fingerprint::of(text.as_bytes());
    let allowed = allowed(&learned, wish);
    let line = line(&path, sha256, &allowed);
    let report = ConsoleReport {
        tenant: name,
        profile: shown(&path),
        sha256,
        allowed: allowed.clone(),
        explained: explained(&learned.profile),
        learned: Some(told(&learned, &wish.har, line.clone())),
    };
    world.tell(Event::Console(&report));
    let entry = Entry::of("console-learned").with("profile", &sha256.to_string()).with("allowed", &allowed.join(","));
    Ledger::open(world, tenant).await?.note(vec![], entry).await?;
    hint_at_flags(world, &learned, wish);
    configure(world, name, &wish.configuration, &line)?;
    offer_to_delete(world, &wish.har);
    Ok(None)
}

fn lessons(tenant: &Tenant, wish: &Wish) -> Result<Learned, Failure> {
    let Some(url) = &tenant.url else {
        let message = format!("{} has no console address in the configuration", tenant.name);
        return Err(Failure::new(Kind::Usage, "no-console", message)
            .hinted("profiles are for mobileiron-cloud and mobileiron-core"));
    };
    let origin = url.origin().ascii_serialization();
    let request = wish.request_file.as_deref().map(files::need).transpose()?;
    wish.certificate_file.as_deref().map(files::need).transpose()?;
    let certificate_name = wish.certificate_file.as_deref().and_then(Path::file_name).and_then(|name| name.to_str());
    let hints = Hints {
        username: tenant.username.as_deref(),
        apple_account: tenant.apple_account.as_deref(),
        request: request.as_deref(),
        certificate_name,
        upload_field: wish.upload_field.as_deref(),
    };
    let input = disk::open_long(&wish.har, RECORDING_LIMIT).map_err(|error| files::not_to_be_had(&wish.har, &error))?;
    let recording = Recording::read(input, &origin).map_err(|error| no_recording(&wish.har, &error))?;
    learn_from(&recording, &origin, tenant.product.word(), &hints).map_err(|error| nothing_learned(&wish.har, &error))
}

fn told<'a>(learned: &'a Learned, har: &Path, line: String) -> Lessons<'a> {
    let known = learned.lessons.iter();
    let by = if learned.made_by.is_empty() { String::new() } else { format!(" ({})", learned.made_by) };
    Lessons {
        from: format!("{}{by}", shown(har)),
        known: known.map(|lesson| (lesson.deed, lesson.evidence, lesson.request.clone(), lesson.why.clone())).collect(),
        missing: &learned.missing,
        elsewhere: hosts(&learned.elsewhere),
        line,
    }
}

/// What was learned and may be used.
fn allowed(learned: &Learned, wish: &Wish) -> Vec<&'static str> {
    let deeds = [(Deed::Fetch, wish.fetch), (Deed::Upload, wish.upload)];
    deeds.into_iter().filter(|(deed, allowed)| *allowed && learned.knows(*deed)).map(|(deed, _)| deed.word()).collect()
}

/// The line of the configuration that makes the tool use a profile.
fn line(path: &Path, sha256: Fingerprint, allowed: &[&str]) -> String {
    let quoted = toml::Value::from(path.display().to_string());
    let allow =
        if allowed.is_empty() { String::new() } else { format!(", allow = {}", toml::Value::from(allowed.to_vec())) };
    format!("console = {{ profile = {quoted}, sha256 = \"{sha256}\"{allow} }}")
}

/// Writes the profile, and over another one only with a person's yes: somebody has confirmed that one.
fn write(world: &World<'_>, path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let before = disk::read_trusted(path, TEXT_LIMIT).ok();
    if before.as_deref() == Some(bytes) {
        return Ok(());
    }
    let question = format!("{} holds another profile. Replace it?", shown(path));
    if before.is_some() && !world.ask.confirm(&question) {
        let message = format!("{} holds another profile, which stays as it is", shown(path));
        return Err(Failure::new(Kind::Waiting, "exists", message)
            .hinted("say yes in a terminal, or name another file with --out"));
    }
    disk::write_private(path, bytes).map_err(|error| {
        Failure::new(Kind::Failed, "cannot-write", format!("{} cannot be written: {error}", shown(path)))
    })
}

/// Reading is on by itself; what else was learned is used only when a person says so.
fn hint_at_flags(world: &World<'_>, learned: &Learned, wish: &Wish) {
    let deeds = [(Deed::Fetch, wish.fetch), (Deed::Upload, wish.upload)];
    let unused: Vec<_> = deeds
        .into_iter()
        .filter(|(deed, allowed)| !allowed && learned.knows(*deed))
        .map(|(deed, _)| deed.word())
        .collect();
    if !unused.is_empty() {
        let words = unused.join(",");
        world.tell(Event::Note(&format!("Learned, and not used until you say so: --allow {words}")));
    }
}

/// Puts the line into the tenant's table, with a person's yes.
fn configure(world: &World<'_>, name: &TenantName, path: &Path, line: &str) -> Result<(), Failure> {
    let question = format!("Write this line into {}, for {name}?", shown(path));
    if world.ask.present() && world.ask.confirm(&question) {
        if changed(path, name, Some(line))? {
            world.tell(Event::Note(&format!("{} says it now.", shown(path))));
            return Ok(());
        }
        world.tell(Event::Note("It cannot be put there by a program; it is yours to write."));
    }
    let how =
        format!("To use it, put the line into [tenants.{name}] of {}. The digest is your confirmation.", shown(path));
    world.tell(Event::Note(&how));
    Ok(())
}

/// Changes the tenant's line in a configuration, if a program can do that and nothing else changes by it.
fn changed(path: &Path, name: &TenantName, line: Option<&str>) -> Result<bool, Failure> {
    let bytes = disk::read_trusted(path, TEXT_LIMIT)
        .map_err(|error| Failure::new(Kind::Usage, "configuration", format!("{}: {error}", shown(path))))?;
    let before = String::from_utf8_lossy(&bytes);
    let Some(after) = edit::with_console(&before, name, line) else { return Ok(false) };
    let folder = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let understood = Config::parse(&after, disk::folder_of(&folder));
    let right = understood
        .is_ok_and(|config| config.tenants.get(name).is_some_and(|tenant| tenant.console.is_some() == line.is_some()));
    if !right {
        return Ok(false);
    }
    let failed = |error: std::io::Error| {
        Failure::new(Kind::Failed, "cannot-write", format!("{} cannot be written: {error}", shown(path)))
    };
    let file = disk::private_beside(path, after.as_bytes()).map_err(failed)?;
    disk::settle(file, path).map_err(failed)?;
    Ok(true)
}

/// A recording opens the console to whoever has it.
fn offer_to_delete(world: &World<'_>, har: &Path) {
    let warning = format!(
        "{} holds your password and your session: whoever has the file can sign in as you. It is not needed any more.",
        shown(har)
    );
    world.tell(Event::Note(&warning));
    let deleted = world.ask.present() && world.ask.confirm(&format!("Delete {}?", shown(har)));
    let said = match deleted.then(|| disk::remove(har)) {
        Some(Ok(())) => "It is deleted. If it ever left this machine, change the password.".to_owned(),
        Some(Err(error)) => format!("It cannot be deleted: {error}. Delete it yourself."),
        None => format!("Delete it:  rm {}", shown(har)),
    };
    world.tell(Event::Note(&said));
}

/// Explains a tenant's profile.
///
/// # Errors
/// When there is none, or it cannot be read.
pub fn show(world: &World<'_>, name: &TenantName) -> Outcome {
    let tenant = world.tenant(name)?;
    let Some(console) = &tenant.console else { return Err(no_profile(name)) };
    let path = shown(&console.profile);
    let wrong = |why: String| Failure::new(Kind::Usage, "console-profile", format!("{path}: {why}"));
    let bytes = disk::read_trusted(&console.profile, TEXT_LIMIT).map_err(|error| wrong(error.to_string()))?;
    let profile = Profile::parse(&String::from_utf8_lossy(&bytes)).map_err(|error| wrong(error.to_string()))?;
    let sha256 = Fingerprint::of(&bytes);
    let allowed = [("fetch", console.fetch), ("upload", console.upload)];
    world.tell(Event::Console(&ConsoleReport {
        tenant: name,
        profile: path.clone(),
        sha256,
        allowed: allowed.into_iter().filter(|(_, allowed)| *allowed).map(|(word, _)| word).collect(),
        explained: explained(&profile),
        learned: None,
    }));
    if sha256 != console.sha256 {
        let message = format!("{path} is not the profile that was confirmed; it is not used");
        return Err(Failure::new(Kind::Waiting, "console-profile", message)
            .hinted(format!("if it is right, confirm it in the configuration: sha256 = \"{sha256}\"")));
    }
    Ok(None)
}

/// Forgets a tenant's profile: the line of the configuration, and the file.
///
/// # Errors
/// When there is none, or the files cannot be changed.
pub async fn forget(world: &World<'_>, name: &TenantName, configuration: &Path) -> Outcome {
    let tenant = world.tenant(name)?;
    let Some(console) = &tenant.console else { return Err(no_profile(name)) };
    if !changed(configuration, name, None)? {
        let message = format!("the console of {name} is not in {} as a line of its own", shown(configuration));
        return Err(Failure::new(Kind::Waiting, "configuration", message).hinted(format!(
            "take  console = …  out of [tenants.{name}] yourself, and delete {}",
            shown(&console.profile)
        )));
    }
    if let Err(error) = disk::remove(&console.profile) {
        world.tell(Event::Note(&format!("{} cannot be deleted: {error}.", shown(&console.profile))));
    }
    let entry = Entry::of("console-forgotten").with("profile", &console.sha256.to_string());
    Ledger::open(world, tenant).await?.note(vec![], entry).await?;
    world.tell(Event::Note(&format!("The console of {name} is forgotten: its steps are guided from now on.")));
    Ok(None)
}

fn no_profile(name: &TenantName) -> Failure {
    Failure::new(Kind::NotFound, "no-profile", format!("{name} has no console profile"))
        .hinted(format!("pushcert console learn FILE.har --tenant {name}  makes one of a recording"))
}

fn no_recording(har: &Path, error: &HarError) -> Failure {
    let (code, hint) = match error {
        HarError::Empty => ("empty-file", "save the recording again"),
        HarError::OtherKind { .. } => {
            ("other-kind", "in the browser's network panel, export as HAR; docs/recording-a-console.md shows where")
        }
        HarError::NotJson { .. } => ("damaged", "export the recording again; it is one JSON document"),
        HarError::CutOff => ("cut-off", "export the recording again, and wait until the browser has saved it"),
        HarError::OtherJson => (
            "json-answer",
            "in the browser's network panel, export all as HAR; docs/recording-a-console.md shows where",
        ),
        HarError::NoRequests => ("no-requests", "open the network panel before you sign in, and let it record"),
        HarError::OtherHosts { .. } => {
            ("other-tenant", "is it the recording of this tenant? its url stands in the configuration")
        }
        HarError::Unreadable(_) => ("unreadable", "look at who may read it"),
    };
    Failure::new(Kind::Refused, code, format!("{}: {error}", shown(har))).hinted(hint)
}

fn nothing_learned(har: &Path, error: &LearnError) -> Failure {
    let (code, hint) = match error {
        LearnError::Federated { .. } => (
            "federated-sign-in",
            "its steps stay guided; a local account of the console, if it has such, can be learned",
        ),
        LearnError::NoSignIn => ("no-sign-in", "record in a private window, and begin before you sign in"),
        LearnError::SecondFactor { .. } => (
            "second-factor",
            "its steps stay guided, or use an account without a second factor and with the least rights",
        ),
        LearnError::SignIn { .. } => {
            ("sign-in-unknown", "record in a private window from the first page on, with the answers")
        }
        LearnError::Nothing => {
            ("nothing-learned", "open the page of the MDM certificate while recording, and save the answers too")
        }
        LearnError::Secret { .. } => {
            ("secret-in-profile", "nothing was written; is the password a common word? Change it, and record again")
        }
        LearnError::Profile(_) => ("profile", "nothing was written; this is a mistake of the tool, please report it"),
    };
    Failure::new(Kind::Refused, code, format!("{}: {error}", shown(har))).hinted(hint)
}
