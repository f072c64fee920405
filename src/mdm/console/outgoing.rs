//! What goes out: a profile's request, its placeholders filled.

use std::collections::BTreeMap;

use pushcert_papers::console::{self, Method, Request, fill, fill::fill};
use reqwest::{
    Method as Verb, RequestBuilder,
    header::{CONTENT_TYPE, HeaderName, HeaderValue},
    multipart::{Form, Part as Piece},
};

use super::replay::{Console, Errand};
use crate::mdm::MdmError;

impl Console {
    /// A profile's request, filled with what is known.
    ///
    /// # Errors
    /// When the profile names what no request has.
    pub(super) fn build(
        &self,
        request: &Request,
        values: &BTreeMap<String, String>,
        errand: &Errand<'_>,
    ) -> Result<RequestBuilder, MdmError> {
        let text = |text: &str| fill(text, values, str::to_owned);
        let verb = match request.method {
            Method::Get => Verb::GET,
            Method::Post => Verb::POST,
            Method::Put => Verb::PUT,
        };
        let mut built = self.http.request_at_origin(verb, &fill(&request.path, values, escaped));
        for field in &request.headers {
            let name =
                HeaderName::try_from(text(&field.name)).map_err(|_| self.changed("it names a header that is none"))?;
            let mut value = HeaderValue::try_from(text(&field.value))
                .map_err(|_| self.changed("it gives a header that is none"))?;
            value.set_sensitive(true);
            built = built.header(name, value);
        }
        if let Some(form) = &request.form {
            let fields: Vec<_> = form.iter().map(|field| (text(&field.name), text(&field.value))).collect();
            built = built.form(&fields);
        }
        if let Some(json) = &request.json {
            built = built.header(CONTENT_TYPE, "application/json").body(fill(json, values, fill::json_escaped));
        }
        if let Some(body) = &request.body {
            if let Some(media) = &body.content_type {
                built = built.header(CONTENT_TYPE, media);
            }
            built = built.body(bytes_of(&body.value, values, errand));
        }
        if let Some(parts) = &request.multipart {
            built = built.multipart(self.multipart(parts, values, errand)?);
        }
        Ok(built)
    }

    fn multipart(
        &self,
        parts: &[console::Part],
        values: &BTreeMap<String, String>,
        errand: &Errand<'_>,
    ) -> Result<Form, MdmError> {
        let mut form = Form::new();
        for part in parts {
            let mut piece = Piece::bytes(bytes_of(&part.value, values, errand));
            if let Some(name) = &part.file_name {
                piece = piece.file_name(fill(name, values, str::to_owned));
            }
            if let Some(media) = &part.content_type {
                piece =
                    piece.mime_str(media).map_err(|_| self.changed("its profile names a media type that is none"))?;
            }
            form = form.part(part.name.clone(), piece);
        }
        Ok(form)
    }
}

/// What a value stands for. The certificate goes as the bytes that were judged, not as text made of them.
fn bytes_of(value: &str, values: &BTreeMap<String, String>, errand: &Errand<'_>) -> Vec<u8> {
    match (value, errand.certificate) {
        ("{certificate}", Some(pem)) => pem.to_vec(),
        (value, _) => fill(value, values, str::to_owned).into_bytes(),
    }
}

/// A value as it stands in an address.
fn escaped(value: &str) -> String {
    url::form_urlencoded::byte_serialize(value.as_bytes()).collect()
}
