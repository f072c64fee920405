//! APNs, as far as a certificate is tried there: HTTP/2, a client certificate, and an answer to a push.

use std::sync::Arc;

use axum::{
    Extension, Json, Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::Response,
    routing::post,
};
use openssl::{nid::Nid, x509::X509};
use serde_json::json;

use crate::{
    authority::{fresh_uuid, subject_text, unix},
    record::{Deed, with_deed},
    shared::Shared,
};

/// The certificate that a client has shown, in DER; `None` when it has shown none.
#[derive(Clone)]
pub(crate) struct Shown(pub(crate) Option<Vec<u8>>);

/// The address of a push.
pub(crate) fn router() -> Router<Arc<Shared>> {
    Router::new().route("/3/device/{token}", post(push))
}

/// A payload is never larger.
const PAYLOAD: usize = 4096;

async fn push(
    State(shared): State<Arc<Shared>>,
    Extension(shown): Extension<Shown>,
    headers: HeaderMap,
    payload: Bytes,
) -> Response {
    let (status, reason) = match judge(&shared, &shown, &headers) {
        (StatusCode::BAD_REQUEST, "BadDeviceToken") if payload.is_empty() => (StatusCode::BAD_REQUEST, "PayloadEmpty"),
        (StatusCode::BAD_REQUEST, "BadDeviceToken") if payload.len() > PAYLOAD => {
            (StatusCode::PAYLOAD_TOO_LARGE, "PayloadTooLarge")
        }
        answer => answer,
    };
    let id = headers.get("apns-id").cloned().or_else(|| fresh_uuid().ok()?.try_into().ok());
    let mut response = with_deed((status, Json(json!({ "reason": reason }))), Deed::of("push-tried"));
    id.and_then(|id| response.headers_mut().insert("apns-id", id));
    response
}

/// The order of Apple's own checks is not documented; this one looks at the certificate, the topic, then the token.
fn judge(shared: &Shared, shown: &Shown, headers: &HeaderMap) -> (StatusCode, &'static str) {
    let Some(certificate) = shown.0.as_ref().and_then(|der| X509::from_der(der).ok()) else {
        return (StatusCode::FORBIDDEN, "MissingProviderToken");
    };
    let issuer = &shared.authorities.push_issuer.certificate;
    let ours = issuer.public_key().is_ok_and(|key| certificate.verify(&key).unwrap_or(false));
    let now = shared.clock.now();
    let in_date = unix(certificate.not_before()) <= now && now <= unix(certificate.not_after());
    if !ours || !in_date || shared.portal.is_revoked(&certificate) {
        return (StatusCode::FORBIDDEN, "BadCertificate");
    }
    match headers.get("apns-topic").and_then(|topic| topic.to_str().ok()) {
        None => (StatusCode::BAD_REQUEST, "MissingTopic"),
        Some(topic) if Some(topic) != subject_text(&certificate, Nid::USERID).as_deref() => {
            (StatusCode::BAD_REQUEST, "TopicDisallowed")
        }
        // No token of a device of this world is ever given out, so none can be a good one.
        Some(_) => (StatusCode::BAD_REQUEST, "BadDeviceToken"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Clock, Options, authority::fresh_key};

    const NOW: i64 = 1_800_000_000;
    const TOPIC: &str = "com.apple.mgmt.External.some";

    fn shared() -> Shared {
        Shared::build(&Options { devices: 1, clock: Clock::fixed(NOW), ..Options::default() }).expect("a world")
    }

    fn shown(shared: &Shared) -> Shown {
        let key = fresh_key().expect("a key").public_key_to_der().expect("DER");
        let key = openssl::pkey::PKey::public_key_from_der(&key).expect("a key");
        let certificate = shared.authorities.push_certificate(&key, "some", "US", NOW).expect("issued");
        Shown(Some(certificate.to_der().expect("DER")))
    }

    fn reason(shared: &Shared, shown: &Shown, topic: Option<&'static str>) -> &'static str {
        let topic = topic.map(|topic| ("apns-topic".parse().expect("a name"), topic.parse().expect("a value")));
        judge(shared, shown, &topic.into_iter().collect()).1
    }

    #[test]
    fn the_certificate_is_judged_then_the_topic_then_the_token() {
        let shared = shared();
        let shown = shown(&shared);
        assert_eq!(reason(&shared, &Shown(None), Some(TOPIC)), "MissingProviderToken");
        assert_eq!(reason(&shared, &shown, None), "MissingTopic");
        assert_eq!(reason(&shared, &shown, Some("com.apple.mgmt.External.other")), "TopicDisallowed");
        assert_eq!(reason(&shared, &shown, Some(TOPIC)), "BadDeviceToken");
    }

    #[test]
    fn a_certificate_counts_only_within_its_dates() {
        let shared = shared();
        let shown = shown(&shared);
        for (moved, wanted) in [(-700, "BadCertificate"), (366 * 86_400, "BadCertificate"), (0, "BadDeviceToken")] {
            shared.clock.set(NOW + moved);
            assert_eq!(reason(&shared, &shown, Some(TOPIC)), wanted, "{moved}");
        }
    }
}
