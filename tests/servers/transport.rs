//! The way to a server: pinned certificates, certificates of our own, and proxies. The other side is OpenSSL.

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    path::Path,
    sync::mpsc,
    thread,
};

use openssl::{
    pkey::PKey,
    ssl::{SslAcceptor, SslMethod, SslVerifyMode},
    x509::X509,
};
use pushcert_papers::{Fingerprint, PrivateKey, Secret, certificate::Certificate};

use crate::shell::{home, program, text};

/// A pair that signs itself, as servers on the premises do.
struct Pair {
    certificate: Vec<u8>,
    key: Vec<u8>,
}

impl Pair {
    fn new(name: &str) -> Self {
        let made = rcgen::generate_simple_self_signed([name.to_owned()]).expect("a certificate");
        Self { certificate: made.cert.der().to_vec(), key: made.signing_key.serialize_der() }
    }

    fn pem(&self) -> String {
        let certificate = X509::from_der(&self.certificate).expect("a certificate").to_pem().expect("PEM");
        let key = PKey::private_key_from_der(&self.key).expect("a key").private_key_to_pem_pkcs8().expect("PEM");
        format!("{}{}", text(&certificate), text(&key))
    }

    fn pkcs12(&self, passphrase: &str) -> Vec<u8> {
        let (key, certificate) =
            (PrivateKey::read(&self.key, None).expect("a key"), Certificate::from_der(&self.certificate).expect("one"));
        let secret = Secret::new(passphrase);
        let profile = pushcert::world::keys::Profile::Modern;
        pushcert::world::keys::pack(&key, &certificate, &[], &secret, profile).expect("packed")
    }

    fn sha256(&self) -> Fingerprint {
        Fingerprint::of(&self.certificate)
    }
}

/// A server that answers every request with an empty list of devices. Where it wants a certificate, it lets in only who
/// shows this one. What arrived is told.
fn server(pair: &Pair, wanted: Option<Fingerprint>) -> (SocketAddr, mpsc::Receiver<String>) {
    let mut acceptor = SslAcceptor::mozilla_intermediate_v5(SslMethod::tls_server()).expect("an acceptor");
    acceptor.set_certificate(&X509::from_der(&pair.certificate).expect("a certificate")).expect("taken");
    acceptor.set_private_key(&PKey::private_key_from_der(&pair.key).expect("a key")).expect("taken");
    if let Some(wanted) = wanted {
        acceptor.set_verify_callback(SslVerifyMode::PEER | SslVerifyMode::FAIL_IF_NO_PEER_CERT, move |_, store| {
            store.current_cert().is_some_and(|found| Fingerprint::of(&found.to_der().expect("DER")) == wanted)
        });
    }
    let acceptor = acceptor.build();
    let listener = TcpListener::bind("127.0.0.1:0").expect("an address");
    let address = listener.local_addr().expect("an address");
    let (tell, told) = mpsc::channel();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = acceptor.accept(stream.expect("a connection")) else { continue };
            let mut request = vec![];
            let mut part = [0; 4096];
            while !request.windows(4).any(|end| end == b"\r\n\r\n") {
                match stream.read(&mut part) {
                    Ok(read) if read > 0 => request.extend_from_slice(&part[..read]),
                    _ => break,
                }
            }
            let body = r#"{"searchResults":[],"results":0,"offset":0,"limit":50}"#;
            let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close";
            stream.write_all(format!("{head}\r\ncontent-length: {}\r\n\r\n{body}", body.len()).as_bytes()).ok();
            stream.shutdown().ok();
            tell.send(text(&request)).ok();
        }
    });
    (address, told)
}

fn private(path: &Path, bytes: &[u8]) {
    pushcert::world::files::write_private(path, bytes).expect("written");
}

/// Asks for the devices of a tenant that is configured with these lines; the exit code, and everything that was said.
fn asked(home: &Path, lines: &str, variables: &[(&str, &str)]) -> (Option<i32>, String) {
    let config = home.join("pushcert.toml");
    private(&config, format!("[tenants.acme]\nmdm = \"epmm\"\ndevices = \"cps\"\n{lines}\n").as_bytes());
    let mut command = program(home);
    command.arg("--config").arg(&config).args(["prove", "acme", "--no-input", "-vv", "--timeout", "10s"]);
    let output = command.envs(variables.iter().copied()).output().expect("the program runs");
    (output.status.code(), format!("{}{}", text(&output.stdout), text(&output.stderr)))
}

fn with_password(home: &Path) -> String {
    let path = home.join("password");
    private(&path, b"correct horse battery");
    format!("username = \"push-api@acme.example\"\npassword = {{ file = \"{}\" }}\n", path.display())
}

#[test]
fn a_pinned_certificate_is_trusted_and_no_other() {
    let (home, pair) = (home(), Pair::new("core.acme.example"));
    let (address, told) = server(&pair, None);
    let url = format!("url = \"https://{address}\"\n{}", with_password(home.path()));
    let (code, said) = asked(home.path(), &format!("{url}server_certificate_sha256 = \"{}\"", pair.sha256()), &[]);
    assert_eq!(code, Some(7), "no device could be asked: {said}");
    assert!(told.recv().expect("a request").contains("authorization: Basic"), "sent beforehand");
    assert!(!said.contains("correct horse") && !said.contains("Y29ycmVjdCBob3JzZSBiYXR0ZXJ5"), "{said}");
    let other = Pair::new("core.acme.example").sha256();
    for lines in [url.clone(), format!("{url}server_certificate_sha256 = \"{other}\"")] {
        let (code, said) = asked(home.path(), &lines, &[]);
        assert_eq!(code, Some(1), "{said}");
        assert!(said.contains("is not trusted"), "{said}");
    }
    assert!(told.try_recv().is_err(), "nothing is sent to a server that is not trusted");
}

#[test]
fn a_certificate_of_our_own_is_shown_in_pem_and_pkcs12() {
    let (home, pair, own) = (home(), Pair::new("localhost"), Pair::new("pushcert"));
    let (address, told) = server(&pair, Some(own.sha256()));
    let base = format!("url = \"https://{address}\"\nserver_certificate_sha256 = \"{}\"\n", pair.sha256());
    let file = home.path().join("own");
    let shown = format!("client_certificate = {{ file = \"{}\" }}\n", file.display());
    let (code, said) = asked(home.path(), &format!("{base}{}", with_password(home.path())), &[]);
    assert_eq!(code, Some(7), "without one there is no connection: {said}");
    private(&file, own.pem().as_bytes());
    // A certificate alone says who we are; no user name and no password is needed.
    let (code, said) = asked(home.path(), &format!("{base}{shown}"), &[]);
    assert_eq!(code, Some(7), "{said}");
    let request = told.recv().expect("a request");
    assert!(request.starts_with("GET /msa/v1/cps/device?") && !request.contains("authorization"), "{request}");
    private(&file, &own.pkcs12("open sesame"));
    let opened = "client_certificate_passphrase = { env = \"SESAME\" }\n";
    let (code, said) = asked(home.path(), &format!("{base}{shown}{opened}"), &[("SESAME", "open sesame")]);
    assert_eq!(code, Some(7), "{said}");
    told.recv().expect("a request");
    for variables in [&[("SESAME", "wrong")][..], &[]] {
        let (code, said) = asked(home.path(), &format!("{base}{shown}{opened}"), variables);
        assert_eq!(code, Some(2), "{said}");
        assert!(!said.contains("sesame"), "{said}");
    }
}

/// A proxy that tunnels everything to one address, whatever is asked for, and tells what that was.
fn proxy(to: SocketAddr) -> (SocketAddr, mpsc::Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("an address");
    let address = listener.local_addr().expect("an address");
    let (tell, told) = mpsc::channel();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut client = stream.expect("a connection");
            let mut head = String::new();
            let mut lines = BufReader::new(client.try_clone().expect("a handle"));
            while lines.read_line(&mut head).is_ok_and(|read| read > 2) {}
            tell.send(head).ok();
            client.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").expect("answered");
            let server = TcpStream::connect(to).expect("a server");
            let (mut up, mut down) = (client.try_clone().expect("a handle"), server.try_clone().expect("a handle"));
            let mut server = server;
            thread::spawn(move || std::io::copy(&mut up, &mut server).ok());
            thread::spawn(move || std::io::copy(&mut down, &mut client).ok());
        }
    });
    (address, told)
}

#[test]
fn proxy_variables_are_respected_and_loopback_is_never_asked_through_one() {
    let (home, pair) = (home(), Pair::new("core.acme.example"));
    let (server_address, served) = server(&pair, None);
    let (proxy_address, told) = proxy(server_address);
    let trust = format!("{}server_certificate_sha256 = \"{}\"", with_password(home.path()), pair.sha256());
    let variables = [("HTTPS_PROXY", format!("http://{proxy_address}"))];
    let variables: Vec<_> = variables.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let (code, said) = asked(home.path(), &format!("url = \"https://core.acme.example\"\n{trust}"), &variables);
    assert_eq!(code, Some(7), "{said}");
    let head = told.recv().expect("the proxy was asked");
    assert!(head.starts_with("CONNECT core.acme.example:443"), "{head}");
    assert!(!head.to_lowercase().contains("basic"), "the sign-in is not for the proxy: {head}");
    served.recv().expect("the server was reached through it");
    let (code, said) = asked(home.path(), &format!("url = \"https://{server_address}\"\n{trust}"), &variables);
    assert_eq!(code, Some(7), "{said}");
    assert!(told.try_recv().is_err(), "loopback is asked itself");
    fs::remove_file(home.path().join("password")).expect("gone");
}

#[test]
fn what_no_proxy_names_is_not_asked_through_one() {
    let (home, pair) = (home(), Pair::new("core.acme.invalid"));
    let (server_address, _served) = server(&pair, None);
    let (proxy_address, told) = proxy(server_address);
    let proxy = format!("http://{proxy_address}");
    let trust = format!("{}server_certificate_sha256 = \"{}\"", with_password(home.path()), pair.sha256());
    let lines = format!("url = \"https://core.acme.invalid\"\n{trust}");
    for (variable, others, goes_through) in [
        ("https_proxy", "", true),
        ("ALL_PROXY", "", true),
        ("HTTPS_PROXY", "core.acme.example,192.0.2.0/24", true),
        ("HTTPS_PROXY", "core.acme.invalid", false),
        ("HTTPS_PROXY", "localhost, .acme.invalid", false),
        ("https_proxy", "*", false),
    ] {
        let (code, said) = asked(home.path(), &lines, &[(variable, &proxy), ("NO_PROXY", others)]);
        assert_eq!(code, Some(7), "{said}");
        assert_eq!(told.try_iter().count() > 0, goes_through, "{variable} with NO_PROXY={others:?}: {said}");
    }
}
