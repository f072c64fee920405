//! Apple's push certificates portal: the list, Create, Renew, Download, Revoke, and its refusals.

mod pages;

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
    authority::{Issuer, fresh_uuid, pem_without_newline, serial_hex, subject_text, unix},
    clock::us_date,
    html::{attachment, see_other},
    record::{Deed, with_deed},
    request::{self, Accepted, Refusal},
    server::digest,
    shared::Shared,
};

/// The longest note that is kept, in characters.
const NOTE: usize = 500;

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

    /// The name of its certificates' file: the vendor's, so that those of all customers and years are called alike.
    fn file_name(&self) -> String {
        format!("MDM_ {}_Certificate.pem", self.vendor)
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

/// A serial number as somebody writes it: in either case, with or without leading zeros.
struct Serial(String);

impl Serial {
    fn read(text: &str) -> Self {
        Self(text.trim().trim_start_matches('0').to_lowercase())
    }

    fn is_of(&self, certificate: &X509) -> bool {
        serial_hex(certificate).is_ok_and(|serial| serial == self.0)
    }

    /// The row that holds it, among its older certificates too.
    fn row<'a>(&self, rows: &'a mut [Row]) -> Option<&'a mut Row> {
        rows.iter_mut().find(|row| row.certificates.iter().any(|certificate| self.is_of(certificate)))
    }
}

/// The portal's addresses.
pub(crate) fn router() -> Router<Arc<Shared>> {
    Router::new()
        .route("/", get(|| async { see_other("/pushcert/") }))
        .route("/pushcert", get(|| async { see_other("/pushcert/") }))
        .route("/pushcert/", get(list))
        .route("/pushcert/form", get(form))
        .route("/pushcert/upload", post(upload))
        .route("/pushcert/download", get(download))
        .route("/pushcert/revoke", post(revoke))
}

async fn list(State(shared): State<Arc<Shared>>) -> Response {
    pages::list(&shared.portal.rows(), shared.clock.now())
}

#[derive(Deserialize)]
struct FormQuery {
    action: String,
    #[serde(default)]
    serial: String,
}

/// The page before something is done: what it will be done to.
async fn form(State(shared): State<Arc<Shared>>, Query(query): Query<FormQuery>) -> Response {
    let mut rows = shared.portal.rows();
    let row = Serial::read(&query.serial).row(&mut rows);
    match (query.action.as_str(), row) {
        ("create", _) => pages::create(),
        ("renew", Some(row)) if !row.revoked => pages::renew(row),
        ("revoke", Some(row)) if !row.revoked => pages::revoke(row),
        _ => pages::not_found(),
    }
}

/// What is to be done with an uploaded request.
enum Action {
    Create,
    Renew(Serial),
}

/// An upload, as its form gives it.
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
                "note" => upload.note = text().chars().take(NOTE).collect(),
                "file" => (upload.file_name, upload.file) = (file_name, bytes.to_vec()),
                _ => {}
            }
        }
        Some(upload)
    }

    /// An action that is neither of the two must not be taken for Create: that would make another topic.
    fn action(&self) -> Option<Action> {
        match self.action.as_str() {
            "create" => Some(Action::Create),
            "renew" => Some(Action::Renew(Serial::read(&self.serial))),
            _ => None,
        }
    }
}

/// Why nothing is issued.
enum Not {
    /// There is no such row, or nothing that could be done with it.
    Found,
    /// The request is refused.
    Taken(Refusal),
}

async fn upload(State(shared): State<Arc<Shared>>, headers: HeaderMap, parts: Multipart) -> Response {
    let wants_json =
        headers.get(header::ACCEPT).is_some_and(|accept| accept.to_str().is_ok_and(|accept| accept.contains("json")));
    let issued = match Upload::read(parts).await {
        Some(upload) => issue(&shared, &upload),
        None => Err(Not::Taken(Refusal::Invalid)),
    };
    match issued {
        Ok(issued) => with_deed(confirmed(&issued, wants_json), issued.deed()),
        Err(Not::Found) => no_such_row(wants_json),
        Err(Not::Taken(refusal)) => with_deed(refused(refusal, wants_json), Deed::of("request-refused")),
    }
}

/// A certificate that was issued just now.
struct Issued {
    certificate: X509,
    vendor: String,
    deed: &'static str,
}

impl Issued {
    fn deed(&self) -> Deed {
        concerning(self.deed, &self.certificate)
    }
}

fn concerning(what: &'static str, certificate: &X509) -> Deed {
    Deed { what, sha256: digest(certificate), topic: subject_text(certificate, Nid::USERID) }
}

/// Judges the request, and issues.
fn issue(shared: &Shared, upload: &Upload) -> Result<Issued, Not> {
    let action = upload.action().ok_or(Not::Found)?;
    let accepted = request::judge(&upload.file_name, &upload.file, &shared.authorities, shared.clock.now());
    let accepted = accepted.map_err(Not::Taken)?;
    match action {
        Action::Create => create(shared, &accepted, &upload.note),
        Action::Renew(serial) => renew(shared, &accepted, &upload.note, &serial),
    }
}

/// A new row, with a new topic.
fn create(shared: &Shared, accepted: &Accepted, note: &str) -> Result<Issued, Not> {
    let uuid = fresh_uuid().map_err(|_| Not::Taken(Refusal::Invalid))?;
    let certificate = certificate(shared, accepted, &uuid)?;
    shared.portal.add(Row {
        uuid,
        vendor: accepted.vendor.clone(),
        note: note.to_owned(),
        certificates: vec![certificate.clone()],
        revoked: false,
    });
    Ok(Issued { certificate, vendor: accepted.vendor.clone(), deed: "certificate-issued" })
}

/// A new certificate in a row, with the topic of that row. Those of earlier years go on until their own end.
fn renew(shared: &Shared, accepted: &Accepted, note: &str, serial: &Serial) -> Result<Issued, Not> {
    let mut rows = shared.portal.rows();
    let row = serial.row(&mut rows).filter(|row| !row.revoked).ok_or(Not::Found)?;
    let certificate = certificate(shared, accepted, &row.uuid)?;
    row.certificates.push(certificate.clone());
    note.clone_into(&mut row.note);
    Ok(Issued { certificate, vendor: row.vendor.clone(), deed: "certificate-renewed" })
}

/// Only the country of the request reaches the certificate.
fn certificate(shared: &Shared, accepted: &Accepted, uuid: &str) -> Result<X509, Not> {
    let country = accepted.country.as_deref().unwrap_or("US");
    let issuer = if shared.faults.is_on("new-issuer") { Issuer::Next } else { Issuer::Present };
    let made = shared.authorities.push_certificate_by(issuer, &accepted.key, uuid, country, shared.clock.now());
    made.map_err(|_| Not::Taken(Refusal::Invalid))
}

fn confirmed(issued: &Issued, wants_json: bool) -> Response {
    if !wants_json {
        return pages::confirmation(&issued.certificate, &issued.vendor);
    }
    let ends = us_date(unix(issued.certificate.not_after()));
    let serial = serial_hex(&issued.certificate).unwrap_or_default();
    Json(json!({ "serial": serial, "vendor": issued.vendor, "expirationDate": ends })).into_response()
}

/// Apple's words. Its status is not known; a form's page usually comes with 200, and so does this.
fn refused(refusal: Refusal, wants_json: bool) -> Response {
    if !wants_json {
        return pages::refusal(refusal);
    }
    Json(json!({ "ErrorCode": refusal.code(), "ErrorMessage": refusal.words() })).into_response()
}

fn no_such_row(wants_json: bool) -> Response {
    if !wants_json {
        return pages::not_found();
    }
    let complaint = json!({ "ErrorCode": null, "ErrorMessage": "There is no such certificate to renew." });
    (StatusCode::NOT_FOUND, Json(complaint)).into_response()
}

#[derive(Deserialize)]
struct Download {
    csn: String,
}

async fn download(State(shared): State<Arc<Shared>>, Query(query): Query<Download>) -> Response {
    let serial = Serial::read(&query.csn);
    let mut rows = shared.portal.rows();
    let Some(row) = serial.row(&mut rows) else { return pages::not_found() };
    let found = row.certificates.iter().find(|certificate| serial.is_of(certificate));
    let Some(certificate) = found else { return pages::not_found() };
    if shared.faults.is_on("signed-out") {
        // The session is over: the browser saves the sign-in page under the certificate's name.
        return attachment(&row.file_name(), "text/html", pages::sign_in().into_bytes());
    }
    match pem_without_newline(certificate) {
        Ok(pem) => {
            let file = attachment(&row.file_name(), "application/x-x509-ca-cert", pem);
            with_deed(file, concerning("certificate-downloaded", certificate))
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
    shared.settle();
    let mut rows = shared.portal.rows();
    let Some(row) = Serial::read(&form.serial).row(&mut rows) else { return pages::not_found() };
    row.revoked = true;
    with_deed(see_other("/pushcert/"), concerning("certificate-revoked", row.newest()))
}
