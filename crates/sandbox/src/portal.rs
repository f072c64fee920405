//! Apple's push certificates portal: the list, Create, Renew, Download, Revoke, and its refusals.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::{
    Form, Json, Router,
    extract::{Multipart, Query, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use openssl::{nid::Nid, x509::X509};
use serde::Deserialize;
use serde_json::json;

use crate::{
    authority::{fresh_uuid, pem_without_newline, serial_hex, subject_text, unix},
    clock::us_date,
    html::{attachment, escaped, page, see_other},
    record::Deed,
    request::{self, Accepted, Refusal},
    server::digest,
    shared::Shared,
};

const PLACE: &str = "Push Certificates Portal";

/// A row of the list: a topic, and every certificate that was issued for it, the newest last.
#[derive(Clone)]
pub(crate) struct Row {
    pub(crate) uuid: String,
    pub(crate) vendor: String,
    pub(crate) note: String,
    pub(crate) certificates: Vec<X509>,
    pub(crate) revoked: bool,
}

impl Row {
    fn newest(&self) -> &X509 {
        self.certificates.last().expect("a row begins with a certificate")
    }
}

/// The rows of the account that is signed in.
#[derive(Default)]
pub(crate) struct Portal(Mutex<Vec<Row>>);

impl Portal {
    pub(crate) fn add(&self, row: Row) {
        self.rows().push(row);
    }

    pub(crate) fn is_revoked(&self, certificate: &X509) -> bool {
        let topic = subject_text(certificate, Nid::USERID).unwrap_or_default();
        self.rows().iter().any(|row| row.revoked && topic.ends_with(&row.uuid))
    }

    fn rows(&self) -> MutexGuard<'_, Vec<Row>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The portal's addresses.
pub(crate) fn router() -> Router<Arc<Shared>> {
    Router::new()
        .route("/pushcert/", get(list))
        .route("/pushcert", get(|| async { see_other("/pushcert/") }))
        .route("/pushcert/form", get(form))
        .route("/pushcert/upload", post(upload))
        .route("/pushcert/download", get(download))
        .route("/pushcert/revoke", post(revoke))
}

async fn list(State(shared): State<Arc<Shared>>) -> Response {
    let now = shared.clock.now();
    let rows: String = shared.portal.rows().iter().map(|row| table_row(row, now)).collect();
    let body = format!(
        "<p><a class=\"button main\" href=\"/pushcert/form?action=create\">Create a Certificate</a></p>\
         <h2>Certificates for Third-Party Servers</h2><div class=\"scroll\"><table><thead><tr><th>Service</th><th>Vendor</th>\
         <th>Expiration Date*</th><th>Status</th><th>Details</th><th>Actions</th></tr></thead><tbody>{rows}</tbody></table></div>\
         <p>*Revoking or allowing a certificate to expire requires every device to be enrolled again.</p>"
    );
    page(PLACE, "Certificates", &body)
}

fn table_row(row: &Row, now: i64) -> String {
    let newest = row.newest();
    let serial = serial_hex(newest).unwrap_or_default();
    let status = match () {
        () if row.revoked => "Revoked",
        () if unix(newest.not_after()) < now => "Expired",
        () => "Active",
    };
    let older: String = row
        .certificates
        .iter()
        .rev()
        .skip(1)
        .filter_map(|older| serial_hex(older).ok())
        .map(|serial| format!(" <a href=\"/pushcert/download?csn={serial}\">Download an earlier one</a>"))
        .collect();
    let note = if row.note.is_empty() { String::new() } else { format!("<br>Note: {}", escaped(&row.note)) };
    format!(
        "<tr><td>Mobile Device Management</td><td>{}</td><td>{}</td><td>{status}</td>\
         <td>Subject DN: <code>C={}, CN=APSP:{uuid}, UID=com.apple.mgmt.External.{uuid}</code><br>Serial: <code>{serial}</code>{note}</td>\
         <td><a class=\"button\" href=\"/pushcert/form?action=renew&amp;serial={serial}\">Renew</a>\
         <a class=\"button\" href=\"/pushcert/download?csn={serial}\">Download</a>\
         <form method=\"post\" action=\"/pushcert/revoke\"><input type=\"hidden\" name=\"serial\" value=\"{serial}\">\
         <button>Revoke</button></form>{older}</td></tr>",
        escaped(&row.vendor),
        us_date(unix(newest.not_after())),
        escaped(&subject_text(newest, Nid::COUNTRYNAME).unwrap_or_default()),
        uuid = row.uuid,
    )
}

#[derive(Deserialize)]
struct FormQuery {
    action: String,
    #[serde(default)]
    serial: String,
}

async fn form(Query(query): Query<FormQuery>) -> Response {
    let renew = query.action == "renew";
    let title = if renew { "Renew Push Certificate" } else { "Create a New Push Certificate" };
    let body = format!(
        "<p>Upload your Certificate Signing Request signed by your third-party server vendor{}.</p>\
         <form class=\"card\" method=\"post\" action=\"/pushcert/upload\" enctype=\"multipart/form-data\">\
         <input type=\"hidden\" name=\"action\" value=\"{}\"><input type=\"hidden\" name=\"serial\" value=\"{}\">\
         <p><label for=\"note\">Notes</label><textarea id=\"note\" name=\"note\" rows=\"2\" cols=\"40\"></textarea></p>\
         <p><label for=\"file\">Vendor-Signed Certificate Signing Request</label><input id=\"file\" type=\"file\" name=\"file\" required></p>\
         <p><a class=\"button\" href=\"/pushcert/\">Cancel</a> <button class=\"main\">Upload</button></p></form>",
        if renew { " to renew this certificate" } else { " to create a new one, with a new topic" },
        if renew { "renew" } else { "create" },
        escaped(&query.serial),
    );
    page(PLACE, title, &body)
}

#[derive(Default)]
struct Upload {
    action: String,
    serial: String,
    note: String,
    file_name: String,
    file: Vec<u8>,
}

impl Upload {
    async fn read(mut parts: Multipart) -> Option<Self> {
        let mut upload = Self::default();
        while let Some(part) = parts.next_field().await.ok()? {
            let name = part.name().unwrap_or_default().to_owned();
            let file_name = part.file_name().unwrap_or_default().to_owned();
            let bytes = part.bytes().await.ok()?;
            let text = || String::from_utf8_lossy(&bytes).into_owned();
            match name.as_str() {
                "action" => upload.action = text(),
                "serial" => upload.serial = text(),
                "note" => upload.note = text().chars().take(500).collect(),
                "file" => (upload.file_name, upload.file) = (file_name, bytes.to_vec()),
                _ => {}
            }
        }
        Some(upload)
    }
}

async fn upload(State(shared): State<Arc<Shared>>, headers: HeaderMap, parts: Multipart) -> Response {
    let wants_json =
        headers.get(header::ACCEPT).is_some_and(|accept| accept.to_str().is_ok_and(|accept| accept.contains("json")));
    let Some(upload) = Upload::read(parts).await else { return refused(Refusal::Invalid, wants_json) };
    let accepted = request::judge(&upload.file_name, &upload.file, &shared.authorities, shared.clock.now());
    let issued = accepted.and_then(|accepted| issue(&shared, &upload, &accepted));
    match issued {
        Ok((certificate, vendor)) => confirmed(&certificate, &vendor, &upload.action, wants_json),
        Err(refusal) => refused(refusal, wants_json),
    }
}

/// Issues: with the topic of the row where it is renewed, with a new one where it is created.
fn issue(shared: &Shared, upload: &Upload, accepted: &Accepted) -> Result<(X509, String), Refusal> {
    let mut rows = shared.portal.rows();
    let country = accepted.country.as_deref().unwrap_or("US");
    let now = shared.clock.now();
    let new = |uuid: &str| {
        shared.authorities.push_certificate(&accepted.key, uuid, country, now).map_err(|_| Refusal::Invalid)
    };
    if upload.action == "renew" {
        let wanted = upload.serial.trim_start_matches('0').to_lowercase();
        let has = |certificate: &X509| serial_hex(certificate).is_ok_and(|serial| serial == wanted);
        let row =
            rows.iter_mut().find(|row| !row.revoked && row.certificates.iter().any(has)).ok_or(Refusal::Invalid)?;
        let certificate = new(&row.uuid)?;
        row.certificates.push(certificate.clone());
        row.note.clone_from(&upload.note);
        return Ok((certificate, row.vendor.clone()));
    }
    let uuid = fresh_uuid().map_err(|_| Refusal::Invalid)?;
    let certificate = new(&uuid)?;
    rows.push(Row {
        uuid,
        vendor: accepted.vendor.clone(),
        note: upload.note.clone(),
        certificates: vec![certificate.clone()],
        revoked: false,
    });
    Ok((certificate, accepted.vendor.clone()))
}

fn confirmed(certificate: &X509, vendor: &str, action: &str, wants_json: bool) -> Response {
    let serial = serial_hex(certificate).unwrap_or_default();
    let ends = us_date(unix(certificate.not_after()));
    let mut response = if wants_json {
        Json(json!({ "serial": serial, "vendor": vendor, "expirationDate": ends })).into_response()
    } else {
        let body = format!(
            "<p>You have successfully created a new push certificate with the following information:</p>\
             <dl><dt>Service</dt><dd>Mobile Device Management</dd><dt>Vendor</dt><dd>{}</dd><dt>Expiration Date</dt><dd>{ends}</dd></dl>\
             <p><a class=\"button main\" href=\"/pushcert/download?csn={serial}\">Download</a> <a class=\"button\" href=\"/pushcert/\">Manage Certificates</a></p>",
            escaped(vendor)
        );
        page(PLACE, "Confirmation", &body)
    };
    let what = if action == "renew" { "certificate-renewed" } else { "certificate-issued" };
    let deed = Deed { what, sha256: digest(certificate), topic: subject_text(certificate, Nid::USERID) };
    response.extensions_mut().insert(deed);
    response
}

/// Apple's words. Its status is not known; a form's page usually comes with 200, and so does this.
fn refused(refusal: Refusal, wants_json: bool) -> Response {
    let mut response = if wants_json {
        Json(json!({ "ErrorCode": refusal.code(), "ErrorMessage": refusal.words() })).into_response()
    } else {
        let body = format!(
            "<div class=\"refused\"><p>{}</p><p>Error {}</p></div><p><a class=\"button\" href=\"/pushcert/\">Back</a></p>",
            escaped(refusal.words()),
            refusal.code()
        );
        page(PLACE, "The request was refused", &body)
    };
    response.extensions_mut().insert(Deed::of("request-refused"));
    response
}

#[derive(Deserialize)]
struct Download {
    csn: String,
}

async fn download(State(shared): State<Arc<Shared>>, Query(query): Query<Download>) -> Response {
    let wanted = query.csn.trim_start_matches('0').to_lowercase();
    let rows = shared.portal.rows();
    let all = rows.iter().flat_map(|row| row.certificates.iter().map(move |certificate| (row, certificate)));
    let found = all.into_iter().find(|(_, certificate)| serial_hex(certificate).is_ok_and(|serial| serial == wanted));
    let Some((row, certificate)) = found else {
        return (StatusCode::NOT_FOUND, page(PLACE, "The page you're looking for can't be found", "")).into_response();
    };
    let name = format!("MDM_ {}_Certificate.pem", row.vendor);
    if shared.faults.is_on("signed-out") {
        // The session is over: the browser saves the sign-in page under the certificate's name.
        let (_, page) = page(PLACE, "Sign in", "<p>Your session has ended. Sign in to continue.</p>").into_parts();
        return (
            [
                (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")),
                (header::CONTENT_TYPE, "text/html".into()),
            ],
            page,
        )
            .into_response();
    }
    match pem_without_newline(certificate) {
        Ok(pem) => {
            let mut response = attachment(&name, "application/x-x509-ca-cert", pem);
            let deed = Deed {
                what: "certificate-downloaded",
                sha256: digest(certificate),
                topic: subject_text(certificate, Nid::USERID),
            };
            response.extensions_mut().insert(deed);
            response
        }
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

#[derive(Deserialize)]
struct Revoke {
    serial: String,
}

/// At once, and without a way back.
async fn revoke(State(shared): State<Arc<Shared>>, Form(form): Form<Revoke>) -> Response {
    let wanted = form.serial.trim_start_matches('0').to_lowercase();
    let mut rows = shared.portal.rows();
    let found = rows.iter_mut().find(|row| serial_hex(row.newest()).is_ok_and(|serial| serial == wanted));
    let Some(row) = found else { return StatusCode::NOT_FOUND.into_response() };
    row.revoked = true;
    let mut response = see_other("/pushcert/");
    response.extensions_mut().insert(Deed::of("certificate-revoked"));
    response
}
