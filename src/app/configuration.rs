//! `config check`: the configuration and every file that it names, each by the rights that are asked of it when it is used.
//! No program is run, no keyring and no server is asked.

use std::{
    fmt::Display,
    path::{Path, PathBuf},
};

use super::real::{self, Real, Settings};
use crate::{
    cli::printer::Printer,
    commands::{ConfigurationReport, Event, Failure, Kind, Outcome, Reporter, authorities},
    config::{
        Channel, Config, ConfigError, SecretSource, Tenant,
        channel::{Address, Way},
    },
    world::tls,
};

/// Judges it, and says who is configured.
pub async fn check(settings: &Settings, printer: &Printer) -> Outcome {
    let folders = real::folders()?;
    let places = settings.config.clone().map_or_else(|| Config::places(&folders.config).to_vec(), |path| vec![path]);
    let config = match real::configured(settings, &folders) {
        Ok(config) => config,
        Err(error) => {
            if let ConfigError::Wrong { problems, .. } = &error {
                let problems: Vec<_> = problems.iter().map(ToString::to_string).collect();
                tell(printer, &places, None, &problems);
            }
            return Err(error.into());
        }
    };
    let problems = Amiss::of(&config);
    if !problems.is_empty() {
        tell(printer, &places, Some(&config), &problems);
        let message = format!("the configuration names what cannot be used\n  {}", problems.join("\n  "));
        return Err(Failure::new(Kind::Usage, "configuration", message)
            .hinted("the tool would refuse it when it needs it; docs/configuration.md describes every key"));
    }
    if !opening_asks_somebody(&config) {
        Real::build(settings).await?;
    }
    tell(printer, &places, Some(&config), &[]);
    Ok(None)
}

fn tell(printer: &Printer, places: &[PathBuf], config: Option<&Config>, problems: &[String]) {
    let shown = |path: &PathBuf| path.display().to_string();
    let there = places.iter().filter(|place| place.exists()).map(shown).collect();
    let tenants = config.map(|config| config.tenants.keys().collect());
    let looked = places.iter().map(shown).collect();
    printer.tell(Event::Configuration(&ConfigurationReport { looked, there, tenants, problems }));
}

/// Whether the store opens only with a secret that a program, a keyring or a person gives.
fn opening_asks_somebody(config: &Config) -> bool {
    let password = config.store.as_ref().and_then(|store| store.password.as_ref());
    matches!(password, Some(SecretSource::Command(_) | SecretSource::Keyring(_) | SecretSource::Stdin))
}

/// What would be refused when it is used, in words.
#[derive(Default)]
struct Amiss(Vec<String>);

impl Amiss {
    fn of(config: &Config) -> Vec<String> {
        let mut amiss = Self::default();
        if let Some(store) = &config.store {
            amiss.secret("store", "password", store.password.as_ref());
            amiss.trusted("store", "ca_file", store.ca_file.as_deref());
        }
        // What a retired tenant had may be gone.
        config.watched().for_each(|tenant| amiss.tenant(tenant));
        config.channels.iter().for_each(|channel| amiss.channel(channel));
        amiss.0
    }

    fn tenant(&mut self, tenant: &Tenant) {
        let at = &format!("[tenants.{}]", tenant.name);
        self.secret(at, "password", tenant.password.as_ref());
        self.whole_secret(at, "client_certificate", tenant.client_certificate.as_ref());
        self.secret(at, "client_certificate_passphrase", tenant.client_certificate_passphrase.as_ref());
        self.secret(at, "own_key.passphrase", tenant.own_key.as_ref().and_then(|own| own.passphrase.as_ref()));
        // A pinned certificate outweighs authorities, which are not read then.
        self.trusted(at, "ca_file", tenant.ca_file.as_deref().filter(|_| tenant.server_certificate_sha256.is_none()));
        self.note(at, "authorities", tenant.authorities.as_deref().map(authorities));
        self.note(at, "console", tenant.console.as_ref().map(|console| real::profile(tenant, console)));
        if let Some(pingone) = &tenant.credentials.pingone {
            self.secret(at, "pingone.client_secret", Some(&pingone.client_secret));
            self.trusted(at, "pingone.ca_file", pingone.ca_file.as_deref());
        }
    }

    fn channel(&mut self, channel: &Channel) {
        let at = &format!("[[channels]] {}", channel.name);
        match &channel.way {
            Way::Mail(mail) => {
                self.secret(at, "password", mail.sign_in.as_ref().map(|(_, source)| source));
                self.trusted(at, "ca_file", mail.ca_file.as_deref());
            }
            Way::Webhook { to, secret } => {
                self.address(at, to);
                self.secret(at, "secret", secret.as_ref());
            }
            Way::Ntfy { to, token } => {
                self.address(at, to);
                self.secret(at, "token", token.as_ref());
            }
            Way::Slack(to) | Way::Teams(to) => self.address(at, to),
            Way::Hook(command) => self.program(at, "command", command),
        }
    }

    fn address(&mut self, at: &str, to: &Address) {
        self.secret(at, "url", Some(&to.url));
        self.trusted(at, "ca_file", to.ca_file.as_deref());
    }

    /// A line of text. Of what is no file, only a program's path can be looked at without asking anybody.
    fn secret(&mut self, at: &str, key: &str, source: Option<&SecretSource>) {
        match source {
            Some(source @ SecretSource::File(_)) => self.note(at, key, Some(source.resolve())),
            Some(SecretSource::Command(program)) => self.program(at, key, &program.words),
            _ => {}
        }
    }

    /// The same of what may have many lines.
    fn whole_secret(&mut self, at: &str, key: &str, source: Option<&SecretSource>) {
        match source {
            Some(source @ SecretSource::File(_)) => self.note(at, key, Some(source.resolve_whole())),
            source => self.secret(at, key, source),
        }
    }

    /// A file of authorities.
    fn trusted(&mut self, at: &str, key: &str, file: Option<&Path>) {
        self.note(at, key, file.map(|file| tls::config(Some(file))));
    }

    /// A name without a path is looked for when it is run.
    fn program(&mut self, at: &str, key: &str, words: &[String]) {
        let absent = words.first().map(Path::new).filter(|program| program.is_absolute() && !program.is_file());
        self.note(
            at,
            key,
            absent.map(|program| Err::<(), _>(format!("{}: there is no such program", program.display()))),
        );
    }

    fn note<T>(&mut self, at: &str, key: &str, looked: Option<Result<T, impl Display>>) {
        if let Some(Err(why)) = looked {
            self.0.push(format!("{at} `{key}`: {why}"));
        }
    }
}
