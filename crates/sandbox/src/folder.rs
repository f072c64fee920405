//! The folder of a world: what a client needs to know of it.

use std::{
    fs, io,
    io::Write,
    net::SocketAddr,
    path::{Path, PathBuf},
};

use openssl::hash::{MessageDigest, hash};

use crate::{
    Announcement, StartError,
    authority::hex,
    pingone::{APPLICATION, CLIENT_ID, ENVIRONMENT},
    server::Server,
    shared::{Shared, USERNAME},
};

/// The folder.
pub(crate) struct Folder(PathBuf);

impl Folder {
    /// Opens it, or makes it; only its owner may enter.
    pub(crate) fn open(path: PathBuf) -> io::Result<Self> {
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&path)?;
        Ok(Self(std::path::absolute(path)?))
    }

    /// Writes everything, and says where.
    pub(crate) fn write(&self, shared: &Shared, addresses: &[SocketAddr]) -> Result<Announcement, StartError> {
        let [cloud, core, portal, apns, _, pingone, google] = addresses else {
            return Err(io::Error::other("seven services").into());
        };
        let google = format!("https://{google}");
        let service_account_key = self.put("service-account.json", shared.google.key_file(&google)?.as_bytes())?;
        let further = self.pingone(shared, *pingone)?;
        let authorities = &shared.authorities;
        let ca_file = self.put("ca.pem", &authorities.tls.certificate.to_pem()?)?;
        let mut anchors = vec![];
        for holder in [&authorities.root, &authorities.push_issuer, &authorities.vendor_issuer] {
            anchors.extend(holder.certificate.to_pem()?);
        }
        self.put("authorities.pem", &anchors)?;
        // What Apple would publish among its authorities, before any tool lists it.
        self.put("next-issuer.pem", &authorities.next_push_issuer.certificate.to_pem()?)?;
        let vendor = authorities.vendor(shared.clock.now())?;
        let vendor_certificate = self.put("vendor.pem", authorities.vendor_chain(&vendor)?.as_bytes())?;
        let vendor_key = self.put("vendor.key", &vendor.key.private_key_to_pem_pkcs8()?)?;
        let password_file = self.put("password", shared.password.as_bytes())?;
        let tenants = [
            self.tenant(shared, &shared.cloud, "mobileiron-cloud", [*cloud, *portal, *apns], CLOUD)?,
            further,
            self.tenant(shared, &shared.core, "mobileiron-core", [*core, *portal, *apns], CORE)?,
        ];
        let config = self.put("pushcert.toml", tenants.concat().as_bytes())?;
        Ok(Announcement {
            schema: "pushcert/sandbox/1",
            cloud: format!("https://{cloud}"),
            core: format!("https://{core}"),
            portal: format!("https://{portal}/pushcert/"),
            apns: apns.to_string(),
            ca_file,
            config,
            username: USERNAME.into(),
            password_file,
            vendor_certificate,
            vendor_key,
            pingone: format!("https://{pingone}"),
            google,
            service_account_key,
        })
    }

    /// PingOne's interface, for the tenant before it.
    fn pingone(&self, shared: &Shared, address: SocketAddr) -> io::Result<String> {
        let secret = self.put("pingone.secret", shared.pingone.secret.as_bytes())?;
        Ok(format!(
            "[tenants.cloud.pingone]\naddress = \"https://{address}\"\nenvironment = \"{ENVIRONMENT}\"\napplication = \"{APPLICATION}\"\n\
             client_id = \"{CLIENT_ID}\"\nclient_secret = {{ file = {} }}\nca_file = {}\n\n",
            quoted(&secret),
            quoted(&self.0.join("ca.pem")),
        ))
    }

    fn tenant(
        &self,
        shared: &Shared,
        server: &Server,
        mdm: &str,
        [address, portal, apns]: [SocketAddr; 3],
        profile: &str,
    ) -> Result<String, StartError> {
        let name = server.name;
        let profile_file = self.put(&format!("{name}.console.toml"), profile.as_bytes())?;
        let digest = hex(&hash(MessageDigest::sha256(), profile.as_bytes())?);
        let topic = server.state(shared).enrolled_topic.clone();
        let topic = topic.map(|topic| format!("enrolled_topic = \"{topic}\"\n")).unwrap_or_default();
        let path = |name: &str| quoted(&self.0.join(name));
        Ok(format!(
            "[tenants.{name}]\nmdm = \"{mdm}\"\nurl = \"https://{address}\"\nusername = \"{USERNAME}\"\npassword = {{ file = {} }}\n\
             ca_file = {}\n{topic}console = {{ profile = {}, sha256 = \"{digest}\", allow = [\"fetch\", \"upload\"] }}\n\
             authorities = {}\nportal = \"https://{portal}/pushcert/\"\napns = \"{apns}\"\nunattended_request = true\napple_account = \"apple-push@example.com\"\n\
             owner = \"IT Operations <it-ops@example.com>\"\n\n",
            path("password"),
            path("ca.pem"),
            quoted(&profile_file),
            path("authorities.pem"),
        ))
    }

    /// Writes a file that only its owner may read, in one step.
    fn put(&self, name: &str, bytes: &[u8]) -> io::Result<PathBuf> {
        let mut file = tempfile::NamedTempFile::new_in(&self.0)?;
        file.write_all(bytes)?;
        let path = self.0.join(name);
        file.persist(&path)?;
        Ok(path)
    }
}

/// A path as a TOML string.
fn quoted(path: &Path) -> String {
    toml::Value::from(path.display().to_string()).to_string()
}

/// The profile of Cloud's console.
const CLOUD: &str = r#"schema = "pushcert/console/1"
mdm = "mobileiron-cloud"

[[sign_in]]
evidence = "seen"
method = "GET"
path = "/admin/login"
expect = { status = 200, content_type = "text/html" }
take = [{ name = "form_token", from = "html", key = "_csrf" }]

[[sign_in]]
evidence = "seen"
method = "POST"
path = "/admin/login"
form = [
  { name = "username", value = "{username}" },
  { name = "password", value = "{password}" },
  { name = "_csrf", value = "{form_token}" },
]
expect = { status = 302 }
refused = { text = "Sign-in failed" }
take = [{ name = "csrf", from = "script", key = "csrfToken" }]

[[read]]
evidence = "seen"
method = "GET"
path = "/admin/api/mdm-certificate"
headers = [{ name = "X-CSRF-Token", value = "{csrf}" }]
expect = { status = 200, content_type = "application/json" }
answer = { topic = "result.topic", serial = "result.serialNumber", not_before = "result.validFrom", not_after = "result.expires", apple_account = "result.appleId" }

[[fetch]]
evidence = "seen"
method = "POST"
path = "/admin/api/mdm-certificate/request"
headers = [{ name = "X-CSRF-Token", value = "{csrf}" }]
expect = { status = 200, content_type = "text/plain" }
answer = { file = "body" }

[[upload]]
evidence = "seen"
method = "POST"
path = "/admin/api/mdm-certificate"
headers = [{ name = "X-CSRF-Token", value = "{csrf}" }]
multipart = [{ name = "file", value = "{certificate}", file_name = "{file_name}", content_type = "application/x-x509-ca-cert" }]
expect = { status = 200, content_type = "application/json" }
refused = { text = "globalErrors" }
answer = { accepted = "result", value = "1" }
"#;

/// The profile of Core's console.
const CORE: &str = r#"schema = "pushcert/console/1"
mdm = "mobileiron-core"

[[sign_in]]
evidence = "seen"
method = "POST"
path = "/mifs/j_spring_security_check"
headers = [{ name = "Referer", value = "{origin}/mifs/login.jsp" }]
form = [
  { name = "j_username", value = "{username}" },
  { name = "j_password", value = "{password}" },
  { name = "spid", value = "" },
  { name = "submit", value = "LOGIN" },
]
expect = { status = 302 }
refused = { text = "Login Failed" }
take = [
  { name = "csrf_key", from = "script", key = "csrfKey" },
  { name = "csrf_nonce", from = "script", key = "csrfNonce" },
]

[[read]]
evidence = "seen"
method = "POST"
path = "/mifs/admin/ud.html"
headers = [{ name = "{csrf_key}", value = "{csrf_nonce}" }, { name = "X-Requested-With", value = "XMLHttpRequest" }]
form = [{ name = "format", value = "json" }, { name = "cmd", value = '{{"id":"getMDMCertificate","action":"getMDMCertificate","_index":0}}' }]
expect = { status = 200, content_type = "application/json" }
answer = { not_after = "validity" }

[[fetch]]
evidence = "seen"
method = "POST"
path = "/mifs/admin/ud.html"
headers = [{ name = "{csrf_key}", value = "{csrf_nonce}" }, { name = "X-Requested-With", value = "XMLHttpRequest" }]
form = [{ name = "format", value = "json" }, { name = "cmd", value = '{{"id":"sandboxRequestMDMCertificate","action":"sandboxRequestMDMCertificate","_index":0}}' }]
expect = { status = 200, content_type = "application/json" }
answer = { file = "json:results.0.content" }

[[upload]]
evidence = "seen"
method = "POST"
path = "/mifs/admin/sandboxUploadMDMCertificate"
headers = [{ name = "{csrf_key}", value = "{csrf_nonce}" }, { name = "X-Requested-With", value = "XMLHttpRequest" }]
multipart = [{ name = "file", value = "{certificate}", file_name = "{file_name}", content_type = "application/x-x509-ca-cert" }]
expect = { status = 200, content_type = "application/json" }
answer = { accepted = "rc", value = "0" }
"#;
