//! A visit to a world: its addresses, a client that keeps cookies, and what a person would do at each page.

use std::fs;

use openssl::x509::X509;
use pushcert_sandbox::{Clock, Entry, Fault, Options, World};
use reqwest::{
    Certificate, Client, Method, RequestBuilder, Response,
    multipart::{Form, Part},
    redirect::Policy,
};
use serde_json::{Value, json};

/// When every test begins: in January 2027.
pub const NOW: i64 = 1_800_000_000;
pub const DAY: i64 = 86_400;
/// Apple devices of each server; two of them lie in drawers.
pub const DEVICES: usize = 66;

pub struct Visit {
    pub world: World,
    pub http: Client,
    password: String,
}

impl Visit {
    pub async fn begin() -> Self {
        Self::with(Options::default()).await
    }

    pub async fn with(options: Options) -> Self {
        let world = World::start(Options { devices: DEVICES, clock: Clock::fixed(NOW), ..options });
        let world = world.await.expect("a world");
        let http = trusting(&world).build().expect("a client");
        let password = fs::read_to_string(&world.announcement().password_file).expect("a password");
        Self { world, http, password }
    }

    /// A request to a server: `cloud`, `core`, `portal` or `apns`.
    pub fn ask(&self, method: Method, server: &str, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.origin(server)))
    }

    pub fn origin(&self, server: &str) -> String {
        let announced = self.world.announcement();
        match server {
            "cloud" => announced.cloud.clone(),
            "core" => announced.core.clone(),
            "portal" => announced.portal.trim_end_matches("/pushcert/").to_owned(),
            _ => format!("https://{}", announced.apns),
        }
    }

    /// The same, signed in to a documented interface.
    pub fn api(&self, method: Method, server: &str, path: &str) -> RequestBuilder {
        self.ask(method, server, path).basic_auth(&self.world.announcement().username, Some(&self.password))
    }

    pub async fn get_json(&self, server: &str, path: &str) -> Value {
        self.api(Method::GET, server, path).send().await.expect("an answer").json().await.expect("JSON")
    }

    /// The anti-forgery header of a console's session.
    pub async fn sign_in(&self, server: &str) -> (String, String) {
        let page = match server {
            "cloud" => self.sign_in_to_cloud(&self.password).await,
            _ => self.sign_in_to_core(&self.password).await,
        };
        let page = page.text().await.expect("a page");
        match server {
            "cloud" => ("X-CSRF-Token".into(), between(&page, "csrfToken = \"", "\"")),
            _ => (between(&page, "csrfKey = '", "'"), between(&page, "csrfNonce = '", "'")),
        }
    }

    pub async fn sign_in_to_cloud(&self, password: &str) -> Response {
        let form = self.ask(Method::GET, "cloud", "/admin/login").send().await.expect("a form");
        let token = between(&form.text().await.expect("a page"), "name=\"_csrf\" value=\"", "\"");
        let username = self.world.announcement().username.as_str();
        let fields = [("username", username), ("password", password), ("_csrf", &token)];
        self.ask(Method::POST, "cloud", "/admin/login").form(&fields).send().await.expect("an answer")
    }

    pub async fn sign_in_to_core(&self, password: &str) -> Response {
        let username = self.world.announcement().username.as_str();
        let fields = [("j_username", username), ("j_password", password), ("spid", ""), ("submit", "LOGIN")];
        self.ask(Method::POST, "core", "/mifs/j_spring_security_check").form(&fields).send().await.expect("an answer")
    }

    /// Presses "Download File": a fresh request.
    pub async fn request(&self, server: &str) -> Vec<u8> {
        let (name, value) = self.sign_in(server).await;
        if server == "cloud" {
            let asked = self.ask(Method::POST, "cloud", "/admin/api/mdm-certificate/request").header(name, value);
            return asked.send().await.expect("an answer").bytes().await.expect("a file").to_vec();
        }
        let cmd = json!({ "action": "sandboxRequestMDMCertificate" }).to_string();
        let asked = self.ask(Method::POST, "core", "/mifs/admin/ud.html").header(name, value);
        let answer: Value = asked
            .form(&[("format", "json"), ("cmd", &cmd)])
            .send()
            .await
            .expect("an answer")
            .json()
            .await
            .expect("JSON");
        answer["results"][0]["content"].as_str().expect("a file").as_bytes().to_vec()
    }

    /// Uploads a certificate at a console.
    pub async fn install(&self, server: &str, pem: &[u8]) -> Value {
        let (name, value) = self.sign_in(server).await;
        let path = match server {
            "cloud" => "/admin/api/mdm-certificate",
            _ => "/mifs/admin/sandboxUploadMDMCertificate",
        };
        let form = Form::new().part("file", Part::bytes(pem.to_vec()).file_name("certificate.pem"));
        let asked = self.ask(Method::POST, server, path).header(name, value).multipart(form);
        asked.send().await.expect("an answer").json().await.expect("JSON")
    }

    /// The topic that a server's devices are enrolled with, as the configuration says.
    pub fn topic(&self, server: &str) -> String {
        let config = fs::read_to_string(&self.world.announcement().config).expect("a configuration");
        let config: toml::Table = config.parse().expect("TOML");
        config["tenants"][server]["enrolled_topic"].as_str().expect("a topic").to_owned()
    }

    pub async fn list(&self) -> String {
        let list = self.ask(Method::GET, "portal", "/pushcert/").send().await.expect("a page");
        list.text().await.expect("a page")
    }

    /// The serial number in the row of a topic.
    pub async fn serial(&self, topic: &str) -> String {
        let list = self.list().await;
        let row = list.split("<tr>").find(|row| row.contains(topic)).expect("a row");
        between(row, "csn=", "\"")
    }

    /// Uploads at the portal; the answer is JSON.
    pub async fn upload(&self, action: &str, serial: &str, file_name: &str, file: &[u8]) -> Value {
        let asked = self.ask(Method::POST, "portal", "/pushcert/upload").header("accept", "application/json");
        let answer = asked.multipart(upload_form(action, serial, file_name, file)).send().await.expect("an answer");
        answer.json().await.expect("JSON")
    }

    /// Renews the row of a topic.
    pub async fn renew(&self, topic: &str, request: &[u8]) -> Vec<u8> {
        let serial = self.serial(topic).await;
        let issued = self.upload("renew", &serial, "ApplePushInfo.txt", request).await;
        self.download(issued["serial"].as_str().expect("a serial number")).await
    }

    pub async fn create(&self, request: &[u8]) -> Vec<u8> {
        let issued = self.upload("create", "", "ApplePushInfo.txt", request).await;
        self.download(issued["serial"].as_str().expect("a serial number")).await
    }

    pub async fn download(&self, serial: &str) -> Vec<u8> {
        let asked = self.ask(Method::GET, "portal", &format!("/pushcert/download?csn={serial}"));
        asked.send().await.expect("an answer").bytes().await.expect("a file").to_vec()
    }

    /// How many Apple devices of a server have checked in at or after a time.
    pub async fn heard_since(&self, server: &str, time: i64) -> usize {
        let list = self.get_json(server, "/msa/v1/cps/device?status=ACTIVE&offset=0").await;
        let second = self.get_json(server, "/msa/v1/cps/device?status=ACTIVE&offset=50").await;
        let devices = [list, second].map(|page| page["searchResults"].as_array().expect("devices").clone()).concat();
        let apple = devices.iter().filter(|device| device["os"] != "Android");
        apple.filter(|device| device["lastCheckInTime"].as_i64() >= Some(time * 1_000)).count()
    }

    pub fn fault(&self, fault: Value) {
        for fault in Fault::read(fault).expect("a fault") {
            self.world.fault(fault);
        }
    }

    pub fn switch(&self, name: &str) {
        self.fault(json!({ "do": { "switch": name } }));
    }

    /// What was done, in order, as far as it has a name.
    pub fn deeds(&self) -> Vec<&'static str> {
        self.world.record().iter().filter_map(|entry| entry.deed).collect()
    }

    pub fn last(&self, deed: &str) -> Entry {
        let record = self.world.record().into_iter().rev();
        record.into_iter().find(|entry| entry.deed == Some(deed)).expect("it was done")
    }
}

/// A client that trusts this world's authority, and nobody else.
pub fn trusting(world: &World) -> reqwest::ClientBuilder {
    let authority = fs::read(&world.announcement().ca_file).expect("an authority");
    let authority = Certificate::from_pem(&authority).expect("PEM");
    Client::builder().tls_certs_only([authority]).cookie_store(true).redirect(Policy::limited(3)).no_proxy()
}

pub fn upload_form(action: &str, serial: &str, file_name: &str, file: &[u8]) -> Form {
    let file = Part::bytes(file.to_vec()).file_name(file_name.to_owned());
    Form::new()
        .text("action", action.to_owned())
        .text("serial", serial.to_owned())
        .text("note", "a <note>")
        .part("file", file)
}

/// What stands between two marks.
pub fn between(text: &str, before: &str, after: &str) -> String {
    let rest = text.split_once(before).map(|(_, rest)| rest);
    assert!(rest.is_some(), "{before} in {text}");
    rest.unwrap_or_default().split(after).next().unwrap_or_default().to_owned()
}

pub fn certificate(pem: &[u8]) -> X509 {
    let read = X509::from_pem(pem);
    assert!(read.is_ok(), "not a certificate: {}", String::from_utf8_lossy(pem));
    read.expect("a certificate")
}

/// The topic that a certificate is for.
pub fn topic_of(pem: &[u8]) -> String {
    let certificate = certificate(pem);
    let entry = certificate.subject_name().entries_by_nid(openssl::nid::Nid::USERID).next().expect("a topic");
    entry.data().to_string().expect("a text")
}
