//! Consoles that answer after a while, in a process of their own, so that their processor time can be told from ours.

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write as _},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::Arc,
    time::Duration,
};

use axum::{Router, response::Html, routing::get};
use hyper_util::{rt::TokioIo, service::TowerToHyperService};
use pushcert_papers::Fingerprint;
use rustls::{
    ServerConfig,
    pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::measure::Done;

/// How long a server takes to answer.
pub const LATENCY: Duration = Duration::from_millis(50);

/// How many answers a look needs, one after the other.
pub const ANSWERS: u32 = 2;

/// How many hosts there are: no host is asked by many tenants at a time.
const HOSTS: usize = 250;

/// How such a console is signed in to and read.
const PROFILE: &str = r#"schema = "pushcert/console/1"
mdm = "mobileiron-cloud"

[[sign_in]]
evidence = "seen"
method = "POST"
path = "/login"
form = [{ name = "username", value = "{username}" }, { name = "password", value = "{password}" }]
expect = { status = 200 }
take = [{ name = "csrf", from = "script", key = "csrfToken" }]

[[read]]
evidence = "seen"
method = "GET"
path = "/certificate"
headers = [{ name = "X-CSRF-Token", value = "{csrf}" }]
expect = { status = 200, content_type = "application/json" }
answer = { topic = "topic", not_after = "expires" }
"#;

/// The process.
pub struct SlowServers {
    child: Child,
    port: u16,
    authority: PathBuf,
    profile: PathBuf,
    password: PathBuf,
}

impl SlowServers {
    /// Starts it, with what its clients need in this folder.
    pub fn start(room: &Path) -> Done<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .arg("--slow-servers")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut output = BufReader::new(child.stdout.take().ok_or("its output")?);
        let mut port = String::new();
        output.read_line(&mut port)?;
        let mut pem = String::new();
        while !pem.contains("END CERTIFICATE") {
            output.read_line(&mut pem)?;
        }
        let (authority, profile, password) =
            (room.join("authority.pem"), room.join("console.toml"), room.join("password"));
        for (path, text) in [(&authority, pem.as_str()), (&profile, PROFILE), (&password, "correct horse\n")] {
            fs::write(path, text)?;
            fs::set_permissions(path, fs::Permissions::from_mode(0o600))?;
        }
        Ok(Self { child, port: port.trim().parse()?, authority, profile, password })
    }

    /// Its number.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// The lines of a tenant's configuration. Every tenant has an account, and so a session, of its own.
    pub fn tenant(&self, number: usize, home: &Path) -> Done<String> {
        let profile = home.join("console.toml");
        fs::copy(&self.profile, &profile)?;
        Ok(format!(
            "url = \"https://{}:{}/\"\nusername = \"push-{number}\"\npassword = {{ file = \"{}\" }}\nca_file = \"{}\"\n\
             console = {{ profile = \"{}\", sha256 = \"{}\" }}",
            host(number),
            self.port,
            self.password.display(),
            self.authority.display(),
            profile.display(),
            Fingerprint::of(PROFILE.as_bytes())
        ))
    }
}

impl Drop for SlowServers {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// Serves until whoever started it is gone.
pub fn serve() -> Done<()> {
    std::thread::spawn(|| {
        let mut rest = vec![];
        std::io::stdin().read_to_end(&mut rest).ok();
        std::process::exit(0);
    });
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(answer())
}

/// Every address of 127.0.0.0/8 is this machine.
fn host(number: usize) -> String {
    format!("127.0.0.{}", 1 + number % HOSTS)
}

async fn answer() -> Done<()> {
    let made = rcgen::generate_simple_self_signed((0..HOSTS).map(host).collect::<Vec<_>>())?;
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)?;
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let first = TcpListener::bind("127.0.0.1:0").await?;
    let port = first.local_addr()?.port();
    let mut listeners = vec![first];
    for number in 1..HOSTS {
        listeners.push(TcpListener::bind((host(number), port)).await?);
    }
    // Whoever reads this has what it wants at the end of the certificate, and does not wait for the end of the line.
    drop(writeln!(std::io::stdout(), "{port}\n{}", made.cert.pem()));
    let router = Router::new().route("/login", get(sign_in).post(sign_in)).route("/certificate", get(certificate));
    let hosts = listeners.into_iter().map(|listener| accept(listener, acceptor.clone(), router.clone()));
    futures_util::future::join_all(hosts).await;
    Ok(())
}

async fn accept(listener: TcpListener, acceptor: TlsAcceptor, router: Router) {
    while let Ok((stream, _)) = listener.accept().await {
        let (acceptor, router) = (acceptor.clone(), router.clone());
        tokio::spawn(async move {
            let Ok(stream) = acceptor.accept(stream).await else { return };
            let service = TowerToHyperService::new(router);
            hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await.ok();
        });
    }
}

async fn sign_in() -> Html<&'static str> {
    tokio::time::sleep(LATENCY).await;
    Html("<script>var csrfToken = \"0123456789abcdef\";</script>")
}

async fn certificate() -> axum::Json<serde_json::Value> {
    tokio::time::sleep(LATENCY).await;
    axum::Json(serde_json::json!({
        "topic": "com.apple.mgmt.External.11111111-aaaa-4aaa-8aaa-111111111111", "expires": "2027-05-21T01:27:33Z",
    }))
}
