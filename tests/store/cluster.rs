//! A real PostgreSQL server for this test run, and a fresh database for each test.

use std::{
    io::{BufRead, BufReader},
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        OnceLock,
        atomic::{AtomicU32, Ordering},
    },
};

use pushcert::store::{Access, Postgres, StoreError};
use pushcert_papers::Secret;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tokio_postgres::NoTls;

use crate::shell::skipped_unless;

pub const PASSWORD: &str = "a password: with \\ and spaces";

/// The name in the server's certificate, which stands for one that is far away.
pub const NAME: &str = "db.example.com";

/// The server. It ends when its standard input is closed, which the system does at the latest.
pub struct Cluster {
    _child: Child,
    pub port: u16,
    /// The authority behind its certificate, in PEM.
    pub authority: String,
}

/// The one server of this run; `None` where PostgreSQL is not installed.
pub fn cluster() -> Option<&'static Cluster> {
    static CLUSTER: OnceLock<Option<Cluster>> = OnceLock::new();
    let programs = programs();
    skipped_unless(programs.is_some(), "PostgreSQL").then(|| {
        let start = || programs.map(|programs| Cluster::start(&programs));
        CLUSTER.get_or_init(start).as_ref().expect("its programs are here")
    })
}

/// Where `initdb` and `pg_ctl` are: in the path, or where Debian hides them, the newest.
fn programs() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<_> = std::env::split_paths(&path).collect();
    let mut debian: Vec<_> = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten().collect();
    debian.sort_by_key(|entry| std::cmp::Reverse(entry.file_name()));
    folders.extend(debian.into_iter().map(|entry| entry.path().join("bin")));
    folders.into_iter().find(|folder| ["initdb", "pg_ctl"].iter().all(|name| folder.join(name).is_file()))
}

impl Cluster {
    fn start(programs: &Path) -> Self {
        let (authority, certificate, key) = papers();
        for _ in 0..3 {
            let port = free_port();
            let mut child = script(programs, port)
                .envs([("PASSWORD", PASSWORD), ("CERTIFICATE", &certificate), ("KEY", &key)])
                .spawn()
                .expect("a shell");
            let mut said = String::new();
            BufReader::new(child.stdout.take().expect("its output")).read_line(&mut said).expect("a line");
            if said == "ready\n" {
                return Self { _child: child, port, authority };
            }
            // Somebody else may have taken the port.
            child.wait().ok();
        }
        panic!("PostgreSQL does not start");
    }

    /// A fresh database.
    pub async fn database(&'static self) -> Database {
        static NEXT: AtomicU32 = AtomicU32::new(1);
        let name = format!("trial{}", NEXT.fetch_add(1, Ordering::Relaxed));
        let admin = self.connect("postgres", "postgres", PASSWORD).await;
        admin.batch_execute(&format!("CREATE DATABASE {name}")).await.expect("a database");
        Database { cluster: self, name }
    }

    async fn connect(&self, user: &str, database: &str, password: &str) -> tokio_postgres::Client {
        let mut config = tokio_postgres::Config::new();
        config.host("127.0.0.1").port(self.port).user(user).dbname(database).password(password);
        let (client, connection) = config.connect(NoTls).await.expect("connected");
        tokio::spawn(connection);
        client
    }
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address").port()
}

/// PostgreSQL refuses to run as root.
fn script(programs: &Path, port: u16) -> Command {
    let mut command = if rustix::process::geteuid().is_root() {
        let mut command = Command::new("setpriv");
        command.args(["--reuid=nobody", "--regid=nogroup", "--clear-groups", "sh"]);
        command
    } else {
        Command::new("sh")
    };
    command.args(["-c", include_str!("cluster.sh"), "sh"]).arg(programs).arg(port.to_string()).current_dir("/");
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    command
}

/// The server's certificate and key, and the authority that signed it, in PEM.
fn papers() -> (String, String, String) {
    let mut params = CertificateParams::new([]).expect("no names");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().expect("a key")).expect("an authority");
    let key = KeyPair::generate().expect("a key");
    let params = CertificateParams::new([NAME.to_owned()]).expect("a name");
    let certificate = params.signed_by(&key, &issuer).expect("a certificate");
    (issuer.pem(), certificate.pem(), key.serialize_pem())
}

/// A database in it.
pub struct Database {
    cluster: &'static Cluster,
    name: String,
}

impl Database {
    /// The address of this database for a user of it, on loopback.
    pub fn address(&self, user: &str) -> String {
        format!("postgres://{user}@127.0.0.1:{}/{}", self.cluster.port, self.name)
    }

    /// The address as if the server were far away: by its name, and with more parameters.
    pub fn far_address(&self, name: &str, more: &str) -> String {
        format!("postgres://postgres@{name}:{}/{}?hostaddr=127.0.0.1{more}", self.cluster.port, self.name)
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    pub fn port(&self) -> u16 {
        self.cluster.port
    }

    pub fn access(&self) -> Access {
        let password = Some(Secret::new(PASSWORD));
        Access { address: self.address("postgres"), password, passwords: None, ca_file: None }
    }

    pub async fn open(&self) -> Result<Postgres, StoreError> {
        Postgres::open(&self.access()).await
    }

    /// The database as its owner's own tools see it.
    pub async fn raw(&self) -> tokio_postgres::Client {
        self.cluster.connect("postgres", &self.name, PASSWORD).await
    }

    /// The same as another user.
    pub async fn raw_as(&self, user: &str) -> tokio_postgres::Client {
        self.cluster.connect(user, &self.name, PASSWORD).await
    }
}
