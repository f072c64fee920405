//! The identity provider of an organisation, on an address of its own: it signs people in for both consoles, with SAML
//! and with `OpenID Connect`, as far as a browser sees of them.

use std::{collections::HashMap, net::SocketAddr, sync::Arc};

use axum::{
    Form, Router,
    extract::{Query, State},
    http::{HeaderValue, header},
    response::Response,
    routing::get,
};

use crate::{
    html::{escaped, page, see_other},
    record::{Deed, with_deed},
    server::token,
    shared::{Shared, USERNAME},
};

const PLACE: &str = "Identity provider";

/// The provider's addresses.
pub(crate) fn router() -> Router<Arc<Shared>> {
    Router::new().route("/sso", get(form).post(sign_in))
}

/// Sends somebody away to be signed in by SAML.
pub(crate) fn by_saml(shared: &Shared, console: &str, back: &str) -> Response {
    let request = openssl::base64::encode_block(format!("<AuthnRequest Issuer=\"{console}\"/>").as_bytes());
    away(shared, console, &format!("SAMLRequest={}&RelayState={back}", escaped_query(&request)))
}

/// Sends somebody away to be signed in by `OpenID Connect`.
pub(crate) fn by_oidc(shared: &Shared, console: &str, back: &str) -> Response {
    away(shared, console, &format!("client_id={console}&response_type=code&redirect_uri={back}&state={}", token()))
}

fn away(shared: &Shared, console: &str, query: &str) -> Response {
    let address = |name: &str| shared.address_of(name).map(|address| address.to_string()).unwrap_or_default();
    see_other(&format!("https://{}/sso?console={console}&{query}", address("identity")))
}

fn escaped_query(text: &str) -> String {
    text.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D")
}

/// Whether this is what the provider has given to somebody who signed in; it holds once.
pub(crate) fn holds(shared: &Shared, given: &str) -> bool {
    shared.assertions.lock().is_ok_and(|mut assertions| assertions.remove(given))
}

async fn form(Query(query): Query<HashMap<String, String>>) -> Response {
    let hidden = query.iter().map(|(name, value)| {
        format!("<input type=\"hidden\" name=\"{}\" value=\"{}\">", escaped(name), escaped(value))
    });
    let body = format!(
        "<form class=\"card\" method=\"post\" action=\"/sso\">{}\
         <p><label for=\"u\">User name</label><input id=\"u\" name=\"user\" autocomplete=\"username\"></p>\
         <p><label for=\"p\">Password</label><input id=\"p\" name=\"password\" type=\"password\" autocomplete=\"current-password\"></p>\
         <p><button class=\"main\">Sign in</button></p></form>",
        hidden.collect::<String>()
    );
    leading_away(page(PLACE, "Sign in", &body))
}

async fn sign_in(State(shared): State<Arc<Shared>>, Form(form): Form<HashMap<String, String>>) -> Response {
    let of = |name: &str| form.get(name).map(String::as_str).unwrap_or_default();
    if of("user") != USERNAME || of("password") != shared.password {
        return with_deed(page(PLACE, "Sign in", "<p class=\"refused\">Wrong.</p>"), Deed::of("sign-in-refused"));
    }
    let Some(console) = shared.address_of(of("console")) else { return page(PLACE, "Unknown console", "") };
    let given = token();
    if let Ok(mut assertions) = shared.assertions.lock() {
        assertions.insert(given.clone());
    }
    if form.contains_key("SAMLRequest") {
        by_form(console, of("RelayState"), &given)
    } else {
        by_code(console, &form, &given)
    }
}

/// A page that sends the assertion to the console by itself.
fn by_form(console: SocketAddr, back: &str, assertion: &str) -> Response {
    let body = format!(
        "<form id=\"back\" method=\"post\" action=\"https://{console}{}\"><input type=\"hidden\" name=\"SAMLResponse\" value=\"{assertion}\">\
         <button>Go on</button></form><script>back.submit()</script>",
        escaped(back)
    );
    leading_away(page(PLACE, "Signed in", &body))
}

fn by_code(console: SocketAddr, form: &HashMap<String, String>, code: &str) -> Response {
    let of = |name: &str| form.get(name).map(String::as_str).unwrap_or_default();
    leading_away(see_other(&format!("https://{console}{}?code={code}&state={}", of("redirect_uri"), of("state"))))
}

/// This one page may send a form to another address of the world.
fn leading_away(mut response: Response) -> Response {
    let policy = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; form-action 'self' https://127.0.0.1:*; base-uri 'none'";
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    response
}
