//! The sign-in of the documented interfaces: HTTP Basic, sent beforehand.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    http::{HeaderValue, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};

use crate::{
    record::Deed,
    shared::{Shared, USERNAME},
};

/// Where the documented interfaces begin; the consoles have sign-ins of their own.
const INTERFACES: [&str; 4] = ["/api/", "/msa/", "/rest/api/", "/rest/msa/"];

/// Lets a request of a documented interface in only with the right user and password, and before anything else of it is
/// looked at. Neither product asks for a sign-in: 401 comes without a challenge.
pub(crate) async fn required(State(shared): State<Arc<Shared>>, request: Request, next: Next) -> Response {
    let documented = INTERFACES.iter().any(|beginning| request.uri().path().starts_with(beginning));
    if !documented || is_signed_in(&shared, &request) {
        return next.run(request).await;
    }
    let mut response = StatusCode::UNAUTHORIZED.into_response();
    response.extensions_mut().insert(Deed::of("sign-in-refused"));
    response
}

fn is_signed_in(shared: &Shared, request: &Request) -> bool {
    let given = request.headers().get(header::AUTHORIZATION).map(HeaderValue::as_bytes);
    let pair = format!("{USERNAME}:{}", shared.password);
    let right = format!("Basic {}", openssl::base64::encode_block(pair.as_bytes()));
    given == Some(right.as_bytes())
}
