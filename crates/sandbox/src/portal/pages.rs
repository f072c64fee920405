//! How the portal looks: one page for each thing a person can do there.

use axum::{
    http::StatusCode,
    response::{IntoResponse, Response},
};
use openssl::{nid::Nid, x509::X509};

use super::Row;
use crate::{
    authority::{serial_hex, subject_text, unix},
    clock::us_date,
    html::{escaped, page, text},
    request::Refusal,
};

const PLACE: &str = "Push Certificates Portal";

/// All certificates, a row for each topic.
pub(super) fn list(rows: &[Row], now: i64) -> Response {
    let rows: String = rows.iter().map(|row| table_row(row, now)).collect();
    let body = format!(
        "<p><a class=\"button main\" href=\"/pushcert/form?action=create\">Create a Certificate</a></p>\
         <h2>Certificates for Third-Party Servers</h2><div class=\"scroll\" role=\"region\" aria-label=\"Certificates\" tabindex=\"0\">\
         <table><thead><tr><th scope=\"col\">Service</th><th scope=\"col\">Vendor</th><th scope=\"col\">Expiration Date*</th>\
         <th scope=\"col\">Status</th><th scope=\"col\">Details</th><th scope=\"col\">Actions</th></tr></thead><tbody>{rows}</tbody></table></div>\
         <p>*Revoking or allowing a certificate to expire requires every device to be enrolled again.</p>"
    );
    page(PLACE, "Certificates", &body)
}

fn table_row(row: &Row, now: i64) -> String {
    let newest = row.newest();
    let ends = us_date(unix(newest.not_after()));
    let status = match () {
        () if row.revoked => "Revoked",
        () if unix(newest.not_after()) < now => "Expired",
        () => "Active",
    };
    let note = if row.note.is_empty() { String::new() } else { format!("<br>Note: {}", escaped(&row.note)) };
    format!(
        "<tr><td>Mobile Device Management</td><td>{}</td><td>{ends}</td><td>{status}</td>\
         <td>{}{note}</td><td>{}</td></tr>",
        escaped(&row.vendor),
        details(row),
        actions(row, &ends),
    )
}

/// What tells rows of the same vendor apart.
fn details(row: &Row) -> String {
    format!(
        "Subject DN: <code>C={}, CN=APSP:{uuid}, UID=com.apple.mgmt.External.{uuid}</code><br>Serial: <code>{}</code>",
        escaped(&subject_text(row.newest(), Nid::COUNTRYNAME).unwrap_or_default()),
        serial_hex(row.newest()).unwrap_or_default(),
        uuid = row.uuid,
    )
}

/// What can be done with a row; each link also says to a screen reader with which.
fn actions(row: &Row, ends: &str) -> String {
    let serial = serial_hex(row.newest()).unwrap_or_default();
    let whose = escaped(&format!("{}, {ends}, {}", row.vendor, row.note));
    let link = |to: &str, word: &str| {
        format!("<a class=\"button\" href=\"/pushcert/{to}={serial}\" aria-label=\"{word}: {whose}\">{word}</a> ")
    };
    let renew = link("form?action=renew&amp;serial", "Renew");
    let download = link("download?csn", "Download");
    let revoke = link("form?action=revoke&amp;serial", "Revoke");
    let older: String = row.certificates.iter().rev().skip(1).map(earlier).collect();
    if row.revoked { format!("{download}{older}") } else { format!("{renew}{download}{revoke}{older}") }
}

fn earlier(certificate: &X509) -> String {
    let serial = serial_hex(certificate).unwrap_or_default();
    let ends = us_date(unix(certificate.not_after()));
    format!("<br><a href=\"/pushcert/download?csn={serial}\">Download an earlier one, until {ends}</a>")
}

/// Create: a new topic.
pub(super) fn create() -> Response {
    let body = format!(
        "<p>Upload your Certificate Signing Request signed by your third-party server vendor to create a new push certificate.</p>\
         <p>A new certificate has a new topic: devices that are enrolled with another one will not hear it.</p>{}",
        upload_form("create", "")
    );
    page(PLACE, "Create a New Push Certificate", &body)
}

/// Renew: the topic of this row.
pub(super) fn renew(row: &Row) -> Response {
    let body = format!(
        "<p>Upload a new Certificate Signing Request signed by your third-party server vendor to renew this certificate.</p>\
         {}{}",
        about(row),
        upload_form("renew", &serial_hex(row.newest()).unwrap_or_default())
    );
    page(PLACE, "Renew Push Certificate", &body)
}

fn about(row: &Row) -> String {
    let note =
        if row.note.is_empty() { String::new() } else { format!("<dt>Note</dt><dd>{}</dd>", escaped(&row.note)) };
    format!(
        "<dl><dt>Vendor</dt><dd>{}</dd><dt>Expiration Date</dt><dd>{}</dd><dt>Details</dt><dd>{}</dd>{note}</dl>",
        escaped(&row.vendor),
        us_date(unix(row.newest().not_after())),
        details(row),
    )
}

fn upload_form(action: &str, serial: &str) -> String {
    format!(
        "<form class=\"card\" method=\"post\" action=\"/pushcert/upload\" enctype=\"multipart/form-data\">\
         <input type=\"hidden\" name=\"action\" value=\"{action}\"><input type=\"hidden\" name=\"serial\" value=\"{serial}\">\
         <p><label for=\"note\">Notes</label><textarea id=\"note\" name=\"note\" rows=\"2\" cols=\"40\"></textarea></p>\
         <p><label for=\"file\">Vendor-Signed Certificate Signing Request</label><input id=\"file\" type=\"file\" name=\"file\" required></p>\
         <p><a class=\"button\" href=\"/pushcert/\">Cancel</a> <button class=\"main\">Upload</button></p></form>"
    )
}

/// Revoke: asked once more, for there is no way back.
pub(super) fn revoke(row: &Row) -> Response {
    let body = format!(
        "<div class=\"refused\"><p>Every device of this topic is lost at once, and has to be enrolled again. This cannot be undone.</p></div>\
         {}<form method=\"post\" action=\"/pushcert/revoke\"><input type=\"hidden\" name=\"serial\" value=\"{}\">\
         <p><a class=\"button main\" href=\"/pushcert/\">Cancel</a> <button>Revoke</button></p></form>",
        about(row),
        serial_hex(row.newest()).unwrap_or_default(),
    );
    page(PLACE, "Revoke Push Certificate?", &body)
}

/// What has been issued.
pub(super) fn confirmation(certificate: &X509, vendor: &str) -> Response {
    let serial = serial_hex(certificate).unwrap_or_default();
    let body = format!(
        "<p>You have successfully created a new push certificate with the following information:</p>\
         <dl><dt>Service</dt><dd>Mobile Device Management</dd><dt>Vendor</dt><dd>{}</dd><dt>Expiration Date</dt><dd>{}</dd></dl>\
         <p><a class=\"button main\" href=\"/pushcert/download?csn={serial}\">Download</a> <a class=\"button\" href=\"/pushcert/\">Manage Certificates</a></p>",
        escaped(vendor),
        us_date(unix(certificate.not_after())),
    );
    page(PLACE, "Confirmation", &body)
}

/// Why nothing has been issued.
pub(super) fn refusal(refusal: Refusal) -> Response {
    let number = refusal.code().map(|code| format!("<p>Error {code}</p>")).unwrap_or_default();
    let body = format!(
        "<div class=\"refused\"><p>{}</p>{number}</div><p><a class=\"button\" href=\"/pushcert/\">Back</a></p>",
        escaped(refusal.words()),
    );
    page(PLACE, "The request was refused", &body)
}

/// The page that a browser saves instead of a certificate when the session is over.
pub(super) fn sign_in() -> String {
    text(PLACE, "Sign in", "<p>Your session has ended. Sign in to continue.</p>")
}

pub(super) fn not_found() -> Response {
    let back = "<p><a class=\"button\" href=\"/pushcert/\">Manage Certificates</a></p>";
    (StatusCode::NOT_FOUND, page(PLACE, "The page you're looking for can't be found", back)).into_response()
}
