//! Makes the files in `fixtures/credentials`: managed app configurations and service accounts' keys, good ones, and for every
//! finding one that provokes exactly it. The keys are for tests, fresh in every run, and worth nothing.

#![allow(clippy::disallowed_methods, reason = "it writes fixtures")]

use std::{fs, path::PathBuf};

use openssl::{
    ec::{EcGroup, EcKey},
    nid::Nid,
    pkey::{PKey, Private},
    rsa::Rsa,
};
use serde_json::{Value, json};

type Made<T> = Result<T, Box<dyn std::error::Error>>;

const TOKEN: &str = "6f1c2d3e-0a1b-4c2d-8e3f-9a0b1c2d3e4f";
const KEY: &str = "PINGID_MDM_TOKEN";
const APP: &str = "com.pingidentity.pingid.prod";

fn main() -> Made<()> {
    lists()?;
    specifications()?;
    objects()?;
    keys()?;
    wrong_keys()
}

fn put(name: &str, bytes: impl AsRef<[u8]>) -> Made<()> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/credentials");
    fs::create_dir_all(&folder)?;
    Ok(fs::write(folder.join(name), bytes)?)
}

fn list(inside: &str) -> String {
    format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<plist version=\"1.0\">{inside}</plist>\n")
}

fn setting(key: &str, value: &str) -> String {
    format!("<key>{key}</key>{value}")
}

fn dictionary(settings: &[String]) -> String {
    list(&format!("<dict>{}</dict>", settings.concat()))
}

fn with_token(token: &str) -> String {
    dictionary(&[setting(KEY, &format!("<string>{token}</string>"))])
}

fn lists() -> Made<()> {
    let token = format!("<string>{TOKEN}</string>");
    put("good.plist", with_token(TOKEN))?;
    let mut binary = vec![];
    let good = plist::Dictionary::from_iter([(KEY, plist::Value::from(TOKEN))]);
    plist::Value::Dictionary(good).to_writer_binary(&mut binary)?;
    put("good-binary.plist", &binary)?;
    put("damaged.plist", &binary[..binary.len() / 2])?;
    put("root-not-dictionary.plist", list(&format!("<array>{token}</array>")))?;
    put("configuration-nested.plist", dictionary(&[setting(KEY, &token), setting("extra", "<array/>")]))?;
    let inner = format!("<dict>{}</dict>", setting(KEY, &token));
    put("configuration-wrapped.plist", dictionary(&[setting("com.apple.configuration.managed", &inner)]))?;
    put("token-key-missing.plist", dictionary(&[setting("server", "<string>x</string>")]))?;
    put("token-key-misspelt.plist", dictionary(&[setting("PingID_MDM_Token", &token)]))?;
    put("token-not-string.plist", dictionary(&[setting(KEY, "<integer>42</integer>")]))?;
    put("token-empty.plist", with_token(""))?;
    put("token-white-space.plist", with_token(&format!("\n\t{TOKEN}\n")))?;
    put("token-quoted.plist", with_token(&format!("“{TOKEN}”")))?;
    put("token-control-character.plist", with_token(&format!("{}\u{200b}", &TOKEN[..20])))?;
    put("token-labelled.plist", with_token(&format!("{KEY}={TOKEN}")))?;
    put("token-placeholder.plist", with_token("&lt;token string value&gt;"))?;
    put("token-variable.plist", with_token("${pingidToken}"))?;
    put("token-not-uuid.plist", with_token("acme's own words of 2026"))?;
    put("other-settings.plist", dictionary(&[setting(KEY, &token), setting("theme", "<string>dark</string>")]))
}

fn specification(version: &str, app: &str) -> String {
    format!(
        "<?xml version=\"1.0\"?>\n<managedAppConfiguration>\n  {version}\n  {app}\n  <dict>\n    <string keyName=\"{KEY}\">\n      \
         <defaultValue><value>{TOKEN}</value></defaultValue>\n    </string>\n  </dict>\n</managedAppConfiguration>\n"
    )
}

fn specifications() -> Made<()> {
    let (version, app) = ("<version>1</version>", format!("<bundleId>{APP}</bundleId>"));
    put("good.xml", specification(version, &app))?;
    put("version-missing.xml", specification("", &app))?;
    put("app-identifier-missing.xml", specification(version, ""))?;
    put("app-identifier-differs.xml", specification(version, "<bundleId>com.example.other</bundleId>"))?;
    put(
        "bomb.xml",
        format!("<!DOCTYPE x [<!ENTITY a \"aaaa\">]>{}", specification(version, &app).replace(TOKEN, "&a;")),
    )
}

fn objects() -> Made<()> {
    put("good.json", format!("{{\"{KEY}\": \"{TOKEN}\"}}\n"))?;
    put("token-repeated.json", format!("{{\"{KEY}\": \"{TOKEN}\", \"{KEY}\": \"other\"}}\n"))?;
    put("configuration-wrapped.json", format!("{{\"managedConfiguration\": {{\"{KEY}\": \"{TOKEN}\"}}}}\n"))
}

/// A good key file, with this private key in it.
fn account(key: &PKey<Private>) -> Made<Value> {
    let email = "pushcert@acme-mdm-123456.iam.gserviceaccount.com";
    Ok(json!({
        "type": "service_account",
        "project_id": "acme-mdm-123456",
        "private_key_id": "0123456789abcdef0123456789abcdef01234567",
        "private_key": String::from_utf8(key.private_key_to_pem_pkcs8()?)?,
        "client_email": email,
        "client_id": "123456789012345678901",
        "auth_uri": "https://accounts.google.com/o/oauth2/auth",
        "token_uri": "https://oauth2.googleapis.com/token",
        "auth_provider_x509_cert_url": "https://www.googleapis.com/oauth2/v1/certs",
        "client_x509_cert_url": format!("https://www.googleapis.com/robot/v1/metadata/x509/{}", email.replace('@', "%40")),
        "universe_domain": "googleapis.com",
    }))
}

fn put_json(name: &str, value: &Value) -> Made<()> {
    put(name, serde_json::to_string_pretty(value)? + "\n")
}

fn keys() -> Made<()> {
    let key = PKey::from_rsa(Rsa::generate(2048)?)?;
    let good = account(&key)?;
    put_json("good-key.json", &good)?;
    let changed = |name: &str, field: &str, value: Value| {
        let mut file = good.clone();
        file[field] = value;
        put_json(name, &file)
    };
    let pem = good["private_key"].as_str().unwrap_or_default();
    changed("key-field-missing.json", "token_uri", Value::Null)?;
    changed("newlines-escaped.json", "private_key", json!(pem.replace('\n', "\\n")))?;
    changed("private-key-damaged.json", "private_key", json!(&pem[..pem.len() / 2]))?;
    changed("account-address.json", "client_email", json!("123456789012@developer.example.com"))?;
    changed("project-differs.json", "project_id", json!("globex-mdm"))?;
    changed("account-number.json", "client_id", json!("not a number"))?;
    changed("key-name.json", "private_key_id", json!("my key"))?;
    changed("token-address.json", "token_uri", json!("https://oauth2.googleapis.com.example.com/token"))?;
    changed(
        "certificate-address.json",
        "client_x509_cert_url",
        json!("https://www.googleapis.com/robot/v1/metadata/x509/other"),
    )?;
    put_json("weak-key.json", &account(&PKey::from_rsa(Rsa::generate(1024)?)?)?)?;
    let curve = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1)?;
    put_json("curve-key.json", &account(&PKey::from_ec_key(EcKey::generate(&curve)?)?)?)?;
    let twice = serde_json::to_string(&good)?.replacen('{', "{\"client_id\":\"1\",", 1);
    put("key-field-repeated.json", twice)
}

fn wrong_keys() -> Made<()> {
    let client =
        json!({ "client_id": "1-a.apps.example.com", "client_secret": "x", "redirect_uris": ["https://acme.example"] });
    put_json("oauth-client.json", &json!({ "web": client }))?;
    put_json("oauth-client-installed.json", &json!({ "installed": client }))?;
    put_json("user-credential.json", &json!({ "type": "authorized_user", "client_id": "x", "refresh_token": "x" }))?;
    put_json("external-account.json", &json!({ "type": "external_account", "audience": "//iam.example.com/x" }))?;
    put_json("google-services.json", &json!({ "project_info": { "project_id": "x" }, "client": [] }))?;
    put_json("core-enrolment.json", &json!({ "enterpriseId": "LC00000000", "esaKey": "x" }))?;
    put_json("not-service-account.json", &json!({ "type": "gdch_service_account" }))?;
    put_json("not-service-account-at-all.json", &json!({ "hello": "world" }))
}
