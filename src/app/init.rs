//! `init`: the new configuration is tried as a file beside the old one, and takes its place only when the sign-in works, and
//! the certificate that was brought is one.

use std::path::{Path, PathBuf};

use super::real::{Real, Settings, folders};
use crate::{
    cli::{args::Init, printer::Printer, prompt::Terminal},
    commands::{
        Event, Failure, Kind, Outcome, Reporter, World, adopt,
        init::{self, PasswordPlace, Wish},
        published,
    },
    config::{Config, ConfigError},
    world::files::{self, FileError},
};

pub async fn init(settings: Settings, args: Init, printer: &Printer, ask: &Terminal) -> Outcome {
    let path = place(&settings)?;
    let (before, known) = present(&path)?;
    let draft = init::draft(ask, &wish(&args), &known)?;
    let gap = if before.is_empty() || before.ends_with("\n\n") { "" } else { "\n" };
    let text = format!("{before}{gap}{}", draft.table);
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    Config::parse(&text, folder)
        .map_err(|problems| ConfigError::Wrong { path: path.display().to_string(), problems })?;
    let failed = |error: std::io::Error| {
        Failure::new(Kind::Failed, "cannot-write", format!("{} cannot be written: {error}", path.display()))
    };
    if !folder.is_dir() {
        files::create_private_dir(folder).map_err(failed)?;
    }
    let trial = files::private_beside(&path, text.as_bytes()).map_err(failed)?;
    let real = Real::build(&Settings { config: Some(trial.path().to_owned()), ..settings }).await?;
    let name = draft.name.clone();
    let given = args.certificate.map(adopt::Evidence::File).or_else(|| args.page.map(adopt::Evidence::Page));
    let confirmed = args.confirm_topic;
    let (given, known) = real
        .live(printer, ask, async |world: &World<'_>| {
            // What was brought is judged first: a tenant that stands there is taken for done.
            let judged = |evidence: &_| adopt::read(world, &name, evidence, confirmed.as_ref());
            let given = given.as_ref().map(judged).transpose()?;
            Ok::<_, Failure>((given, init::acquaint(world, &name).await?))
        })
        .await?;
    files::settle(trial, &path).map_err(failed)?;
    printer.tell(Event::Note(&format!("{name} stands in {} now.", path.display())));
    real.live(printer, ask, async |world: &World<'_>| {
        let outcome = init::adopt_installed(world, &name, given, &known, confirmed).await?;
        published::publish(world).await?;
        Ok(outcome)
    })
    .await
}

/// The configuration that is written to: the one that was named, or else the user's own.
pub fn place(settings: &Settings) -> Result<PathBuf, Failure> {
    if let Some(path) = &settings.config {
        return Ok(path.clone());
    }
    Ok(folders()?.config.join("pushcert.toml"))
}

/// What stands there: its text, and what it says.
fn present(path: &Path) -> Result<(String, Config), Failure> {
    match Config::read(path) {
        Ok(config) => {
            let bytes = files::read_trusted(path, u64::from(u32::MAX))
                .map_err(|error| Failure::new(Kind::Usage, "configuration", error))?;
            Ok((String::from_utf8_lossy(&bytes).into_owned(), config))
        }
        Err(ConfigError::Unreadable { error: FileError::NotFound, .. }) => Ok((String::new(), Config::default())),
        Err(error) => Err(error.into()),
    }
}

fn wish(args: &Init) -> Wish {
    Wish {
        tenant: args.tenant.clone(),
        mdm: args.mdm.clone(),
        url: args.url.clone(),
        username: args.username.clone(),
        password: password(args),
        server_certificate_sha256: args.server_certificate_sha256,
        ca_file: args.ca_file.clone(),
        apple_account: args.apple_account.clone(),
        owner: args.owner.clone(),
        deputy: args.deputy.clone(),
        mailbox: args.mailbox.clone(),
        guided: args.guided,
    }
}

fn password(args: &Init) -> Option<PasswordPlace> {
    let from = &args.password;
    let places = [
        from.password_file.clone().map(PasswordPlace::File),
        from.password_command.clone().map(PasswordPlace::Command),
        from.password_env.clone().map(PasswordPlace::Env),
        from.password_keyring.clone().map(PasswordPlace::Keyring),
        from.password_credential.clone().map(PasswordPlace::Credential),
    ];
    places.into_iter().flatten().next()
}
