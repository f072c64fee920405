//! A visitor of the embedded world's portal, who works its page as a person would: looks for the row, presses the
//! button, uploads the file, presses Download. It is for the demonstration; nothing else signs in at a portal.

use std::{path::Path, time::Duration};

use reqwest::{
    Method, Url,
    header::ACCEPT,
    multipart::{Form, Part},
};
use serde_json::Value;

use super::http::{Http, HttpError, Tls, TlsError};

/// Patience with a server on the same machine.
const TIMEOUT: Duration = Duration::from_secs(10);

/// A visitor.
pub struct Visitor {
    http: Http,
}

/// What went wrong on the way.
#[derive(Debug, thiserror::Error)]
pub enum VisitError {
    /// The address is none.
    #[error("the portal has no address")]
    NoAddress,
    /// It cannot be trusted.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// It did not answer.
    #[error("the portal does not answer: {0}")]
    Http(#[from] HttpError),
    /// The row is not there.
    #[error("no row of the portal says {0}")]
    NoRow(String),
    /// It refused.
    #[error("the portal refused: {0}")]
    Refused(String),
}

impl Visitor {
    /// A visitor of the portal at this address.
    ///
    /// # Errors
    /// When the address or its authority cannot be used.
    pub fn new(portal: &str, ca_file: &Path) -> Result<Self, VisitError> {
        let mut base = Url::parse(portal).map_err(|_| VisitError::NoAddress)?;
        base.set_path("");
        let tls = Tls { ca_file: Some(ca_file), ..Tls::default() };
        Ok(Self { http: Http::connect(base, &tls, TIMEOUT)? })
    }

    /// The serial number in the row whose details say this name.
    ///
    /// # Errors
    /// When there is no such row.
    pub async fn row(&self, common_name: &str) -> Result<String, VisitError> {
        let page = self.http.send(self.http.request(Method::GET, "/pushcert/")).await?.text();
        let row = page.split("<tr>").find(|row| row.contains(common_name));
        let serial =
            row.and_then(|row| row.split_once("serial=")).map(|(_, rest)| rest.split('"').next().unwrap_or_default());
        serial.map(str::to_owned).ok_or_else(|| VisitError::NoRow(common_name.to_owned()))
    }

    /// Presses Renew on a row, and uploads the request; the answer is the new certificate's serial number.
    ///
    /// # Errors
    /// When the portal refuses.
    pub async fn renew(&self, serial: &str, file_name: &str, request: Vec<u8>) -> Result<String, VisitError> {
        self.upload("renew", serial, file_name, request).await
    }

    /// Presses Create, and uploads the request.
    ///
    /// # Errors
    /// When the portal refuses.
    pub async fn create(&self, file_name: &str, request: Vec<u8>) -> Result<String, VisitError> {
        self.upload("create", "", file_name, request).await
    }

    async fn upload(
        &self,
        action: &str,
        serial: &str,
        file_name: &str,
        request: Vec<u8>,
    ) -> Result<String, VisitError> {
        let file = Part::bytes(request).file_name(file_name.to_owned());
        let form = Form::new().text("action", action.to_owned()).text("serial", serial.to_owned());
        let form = form.text("note", "pushcert demo").part("file", file);
        let asked =
            self.http.request(Method::POST, "/pushcert/upload").header(ACCEPT, "application/json").multipart(form);
        let answer = self.http.send(asked).await?;
        let said: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        let issued = said.get("serial").and_then(Value::as_str).map(str::to_owned);
        issued.ok_or_else(|| {
            let words = said.get("ErrorMessage").and_then(Value::as_str).unwrap_or("without a word");
            VisitError::Refused(words.to_owned())
        })
    }

    /// Lets time pass in the embedded world.
    ///
    /// # Errors
    /// When the portal does not answer.
    pub async fn seconds_pass(&self, seconds: i64) -> Result<(), VisitError> {
        let moved = serde_json::json!({ "advance_seconds": seconds });
        self.http.send(self.http.request(Method::POST, "/_sandbox/clock").json(&moved)).await?;
        Ok(())
    }

    /// Presses Download: whatever the browser would save.
    ///
    /// # Errors
    /// When the portal does not answer.
    pub async fn download(&self, serial: &str) -> Result<Vec<u8>, VisitError> {
        let path = format!("/pushcert/download?csn={serial}");
        Ok(self.http.send(self.http.request(Method::GET, &path)).await?.body)
    }
}
