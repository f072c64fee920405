//! Google, as far as a service account's key is looked up there: the account's public certificates, and the exchange of a
//! signed assertion for a token. The call that binds an enterprise is here, too, so that it shows when somebody makes it.

use std::sync::Arc;

use axum::{
    Form, Json, Router,
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use openssl::{
    error::ErrorStack,
    hash::MessageDigest,
    pkey::{PKey, Private},
    sign::Verifier,
    x509::X509,
};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    authority::{Keys, self_signed},
    record::{Deed, with_deed},
    server::token,
    shared::Shared,
};

/// The account.
pub(crate) const ACCOUNT: &str = "pushcert@sandbox-mdm.iam.gserviceaccount.com";
const PROJECT: &str = "sandbox-mdm";
/// The key's name.
const KEY_ID: &str = "5a5a5a5a0123456789abcdef0123456789abcdef";
/// RFC 7523, section 2.1.
const GRANT: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
/// The longest that an assertion may live, and how far clocks may be apart, in seconds.
const LONGEST: i64 = 3_600;
const SKEW: i64 = 300;
const DAY: i64 = 86_400;

/// An account with one key.
pub(crate) struct Google {
    key: PKey<Private>,
    certificate: X509,
}

impl Google {
    /// An account whose key was made forty days ago.
    pub(crate) fn new(now: i64) -> Result<Self, ErrorStack> {
        let key = Keys::of_this_process()?.stranger.clone();
        let certificate = self_signed(ACCOUNT, &key, now - 40 * DAY, now + 700 * DAY)?;
        Ok(Self { key, certificate })
    }

    /// The key's file, as Google's console gives it, with the addresses of this world.
    pub(crate) fn key_file(&self, origin: &str) -> Result<String, ErrorStack> {
        let pem = String::from_utf8(self.key.private_key_to_pem_pkcs8()?).unwrap_or_default();
        let file = json!({
            "type": "service_account",
            "project_id": PROJECT,
            "private_key_id": KEY_ID,
            "private_key": pem,
            "client_email": ACCOUNT,
            "client_id": "100000000000000000001",
            "auth_uri": format!("{origin}/o/oauth2/auth"),
            "token_uri": format!("{origin}/token"),
            "auth_provider_x509_cert_url": format!("{origin}/oauth2/v1/certs"),
            "client_x509_cert_url": format!("{origin}/robot/v1/metadata/x509/{}", ACCOUNT.replace('@', "%40")),
            "universe_domain": "googleapis.com",
        });
        Ok(format!("{file:#}\n"))
    }
}

/// Google's addresses.
pub(crate) fn router() -> Router<Arc<Shared>> {
    Router::new()
        .route("/robot/v1/metadata/x509/{account}", get(certificates))
        .route("/token", post(exchange))
        .route("/androidenterprise/v1/enterprises/enroll", post(enroll))
}

async fn certificates(State(shared): State<Arc<Shared>>, Path(account): Path<String>) -> Response {
    if account != ACCOUNT {
        return (StatusCode::NOT_FOUND, Json(json!({ "error": { "code": 404, "message": "Not Found" } })))
            .into_response();
    }
    if shared.faults.is_on("key-deleted") {
        return Json(json!({})).into_response();
    }
    let pem = shared.google.certificate.to_pem().ok().and_then(|pem| String::from_utf8(pem).ok());
    with_deed(Json(json!({ KEY_ID: pem })), Deed::of("certificates-read"))
}

#[derive(Deserialize)]
struct Grant {
    #[serde(default)]
    grant_type: String,
    #[serde(default)]
    assertion: String,
}

async fn exchange(State(shared): State<Arc<Shared>>, Form(grant): Form<Grant>) -> Response {
    let refuse = |error: &str, why: &str| {
        let answer = Json(json!({ "error": error, "error_description": why }));
        with_deed((StatusCode::BAD_REQUEST, answer), Deed::of("assertion-refused"))
    };
    if grant.grant_type != GRANT {
        return refuse("unsupported_grant_type", "Invalid grant_type");
    }
    match judged(&shared, &grant.assertion) {
        Ok(()) => {
            let answer = json!({ "access_token": token(), "expires_in": LONGEST - 1, "token_type": "Bearer" });
            with_deed(Json(answer), Deed::of("assertion-taken"))
        }
        Err(why) => refuse("invalid_grant", why),
    }
}

/// Whether an assertion is the account's, for us, of now, and signed by a key that is still there.
fn judged(shared: &Shared, assertion: &str) -> Result<(), &'static str> {
    let (signed, signature) = assertion.rsplit_once('.').ok_or("Bad Request")?;
    let (head, claims) = signed.split_once('.').ok_or("Bad Request")?;
    let json = |part: &str| decoded(part).and_then(|bytes| serde_json::from_slice::<Value>(&bytes).ok());
    let (head, claims) = (json(head).ok_or("Bad Request")?, json(claims).ok_or("Bad Request")?);
    if head["alg"] != "RS256" || head["kid"] != KEY_ID || shared.faults.is_on("key-deleted") {
        return Err("Invalid JWT Signature.");
    }
    let verified = (|| {
        let mut verifier = Verifier::new(MessageDigest::sha256(), &shared.google.key).ok()?;
        verifier.verify_oneshot(&decoded(signature)?, signed.as_bytes()).ok()
    })();
    if verified != Some(true) {
        return Err("Invalid JWT Signature.");
    }
    if claims["iss"] != ACCOUNT {
        return Err("Invalid issuer: Not a valid email or user ID.");
    }
    let ours = shared.address_of("google").map(|address| format!("https://{address}/token"));
    if claims["aud"].as_str() != ours.as_deref() {
        return Err("Invalid JWT: Failed audience check.");
    }
    if claims["scope"].as_str().is_none_or(str::is_empty) {
        return Err("Invalid OAuth scope or ID token audience provided.");
    }
    let (from, until) = (claims["iat"].as_i64().unwrap_or(0), claims["exp"].as_i64().unwrap_or(0));
    let now = shared.clock.now();
    if from > now + SKEW || until < now - SKEW || until <= from || until - from > LONGEST {
        return Err("Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe.");
    }
    Ok(())
}

/// Base64 for addresses, without its padding (RFC 7515, section 2).
fn decoded(part: &str) -> Option<Vec<u8>> {
    let mut text = part.replace('-', "+").replace('_', "/");
    text.push_str(&"=".repeat((4 - text.len() % 4) % 4));
    openssl::base64::decode_block(&text).ok()
}

/// Binds an enterprise to whoever calls. That is an EMM's call; whoever else makes it takes the domain away.
async fn enroll() -> Response {
    with_deed(StatusCode::FORBIDDEN, Deed::of("enterprise-enrolled"))
}
