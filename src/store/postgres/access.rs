//! How we get into the database: the address, the password, and TLS that is verified unless nobody stands between.

use std::{path::Path, path::PathBuf, time::Duration};

use pushcert_papers::{Secret, escape::printable};
use tokio_postgres::{
    Client, Config, Error, NoTls,
    config::{Host, SslMode},
};
use tokio_postgres_rustls_improved::MakeRustlsConnect;

use super::pgpass::{self, Login};
use crate::{
    store::StoreError,
    world::{
        files,
        tls::{self, TlsError},
    },
};

/// How long the server may take to be there.
const CONNECT: Duration = Duration::from_secs(10);

/// How long a statement may take, a wait for another run's transaction included; and after how long the server gives up
/// a run whose machine has vanished, so that its hold on a tenant ends within a minute, and not within hours.
const MANNERS: &str = "SET statement_timeout = '30s'; SET idle_in_transaction_session_timeout = '60s';
    SET tcp_keepalives_idle = 20; SET tcp_keepalives_interval = 10; SET tcp_keepalives_count = 3";

/// A file of passwords is never larger.
const PASSWORDS_LIMIT: u64 = 1 << 20;

/// Where the server is, and how we get in.
#[derive(Clone, Debug)]
pub struct Access {
    /// `postgres://USER@HOST/DATABASE`, without a password.
    pub address: String,
    /// The password, where PostgreSQL's own file of passwords does not hold it.
    pub password: Option<Secret>,
    /// That file: `PGPASSFILE`, or `~/.pgpass`.
    pub passwords: Option<PathBuf>,
    /// Trust these authorities, and no others.
    pub ca_file: Option<PathBuf>,
}

/// The way to the server.
pub struct Way {
    config: Config,
    tls: Option<MakeRustlsConnect>,
    /// The server and the database, for people.
    pub place: String,
}

impl Way {
    /// The way that this leads.
    ///
    /// # Errors
    /// When the address or the file of authorities cannot be used.
    pub fn prepare(access: &Access) -> Result<Self, StoreError> {
        // Whatever is asked for here, TLS is verified in full.
        let address = access.address.replace("sslmode=verify-full", "sslmode=require");
        let mut config: Config =
            address.parse().map_err(|error: Error| wrong(format!("cannot be understood: {}", reason(&error))))?;
        let place = log_in(&mut config, access)?;
        config.application_name("pushcert").connect_timeout(CONNECT).keepalives_idle(Duration::from_mins(1));
        let near =
            config.get_hosts().iter().all(is_near) && config.get_hostaddrs().iter().all(std::net::IpAddr::is_loopback);
        let plain = near && config.get_ssl_mode() != SslMode::Require;
        config.ssl_mode(if plain { SslMode::Disable } else { SslMode::Require });
        let tls = (!plain).then(|| tls::config(access.ca_file.as_deref())).transpose();
        let tls = tls.map_err(|error: TlsError| wrong(format!("cannot be trusted: {error}")))?;
        Ok(Self { config, tls: tls.map(MakeRustlsConnect::new), place })
    }

    /// A connection.
    ///
    /// # Errors
    /// When the server does not answer, is not to be trusted, or refuses us.
    pub async fn connect(&self) -> Result<Client, StoreError> {
        let failed = |error: Error| self.failure(&error);
        // The connection does its work beside us, and ends with its client.
        let client = if let Some(tls) = &self.tls {
            let (client, connection) = self.config.connect(tls.clone()).await.map_err(failed)?;
            tokio::spawn(connection);
            client
        } else {
            let (client, connection) = self.config.connect(NoTls).await.map_err(failed)?;
            tokio::spawn(connection);
            client
        };
        client.batch_execute(MANNERS).await.map_err(failed)?;
        Ok(client)
    }

    /// What an error of the database's client means.
    pub fn failure(&self, error: &Error) -> StoreError {
        let (place, why) = (self.place.clone(), reason(error));
        match error.as_db_error().map(|said| said.code().code()) {
            // Invalid authorization, and invalid password.
            Some(code) if code.starts_with("28") => StoreError::SignIn { place, why },
            // Connection trouble, too many connections, and a server that is shutting down or starting.
            Some(code) if code.starts_with("08") || code.starts_with("53") || code.starts_with("57P") => {
                StoreError::Unreachable { place, why }
            }
            Some(_) => StoreError::Database { place, source: why.into() },
            None if is_distrust(error) => StoreError::NotTrusted { place, why },
            None if error.to_string().starts_with("invalid configuration") => StoreError::SignIn { place, why },
            None => StoreError::Unreachable { place, why },
        }
    }
}

fn wrong(why: String) -> StoreError {
    StoreError::Address { why }
}

/// Puts the password in, and says which server and database it is.
fn log_in(config: &mut Config, access: &Access) -> Result<String, StoreError> {
    if config.get_password().is_some() {
        return Err(wrong(
            "must not hold the password; ~/.pgpass does, or  store = { url, password }  in the configuration".into(),
        ));
    }
    let Some(user) = config.get_user().map(str::to_owned) else { return Err(wrong("names no user".into())) };
    let database = config.get_dbname().unwrap_or(&user).to_owned();
    let hosts: Vec<String> = config.get_hosts().iter().map(name).collect();
    if hosts.is_empty() {
        return Err(wrong("names no host".into()));
    }
    let port = config.get_ports().first().copied().unwrap_or(5432);
    let login = Login { hosts: &hosts, port, database: &database, user: &user };
    if let Some(password) = access.password.clone().or_else(|| of_the_file(access.passwords.as_deref()?, &login)) {
        config.password(password.reveal());
    }
    Ok(format!("postgres://{}/{database}", hosts.join(",")))
}

fn of_the_file(path: &Path, login: &Login<'_>) -> Option<Secret> {
    // As for PostgreSQL's own programs, a file that others may read counts for nothing.
    let file = files::read_secret(path, PASSWORDS_LIMIT).ok()?;
    pgpass::password(&String::from_utf8(file).ok()?, login)
}

fn name(host: &Host) -> String {
    match host {
        Host::Tcp(name) => name.clone(),
        #[cfg(unix)]
        Host::Unix(_) => "localhost".into(),
    }
}

/// Whether nobody on a network stands between.
fn is_near(host: &Host) -> bool {
    match host {
        Host::Tcp(name) => {
            name == "localhost" || name.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
        }
        #[cfg(unix)]
        Host::Unix(_) => true,
    }
}

/// The server's own words, or the innermost reason.
fn reason(error: &Error) -> String {
    if let Some(said) = error.as_db_error() {
        return printable(said.message());
    }
    printable(&chain(error).last().expect("an error is in its own chain").to_string())
}

/// Whether it was the server's certificate that ended it.
fn is_distrust(error: &Error) -> bool {
    chain(error).any(|source| {
        let inner = source.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        source.is::<rustls::Error>() || inner.and_then(|inner| inner.downcast_ref::<rustls::Error>()).is_some()
    })
}

fn chain(error: &Error) -> impl Iterator<Item = &(dyn std::error::Error + 'static)> {
    std::iter::successors(Some(error as &(dyn std::error::Error + 'static)), |error| error.source())
}
