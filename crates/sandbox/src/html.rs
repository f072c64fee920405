//! Pages: calm, readable without a script, in light and dark.

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};

/// Text as it stands in a page.
pub(crate) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#39;")
}

const STYLE: &str = "\
:root{color-scheme:light dark;--line:#8884;--soft:#8881;--accent:#0b62c4}\
@media(prefers-color-scheme:dark){:root{--accent:#6db3ff}}\
body{font:16px/1.5 system-ui,sans-serif;margin:0 auto;max-width:64rem;padding:1.5rem}\
header{border-bottom:1px solid var(--line);margin-bottom:1.5rem}h1{font-size:1.5rem;margin:.2rem 0 .8rem}\
.world{font-size:.85rem;opacity:.8;margin:0}\
.scroll{overflow-x:auto}table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:.6rem .8rem;border-bottom:1px solid var(--line);vertical-align:top}\
th{font-size:.85rem}code{font:.85rem ui-monospace,monospace;overflow-wrap:anywhere}\
a{color:var(--accent)}button,.button{font:inherit;display:inline-block;padding:.35rem .9rem;border:1px solid var(--accent);border-radius:.5rem;background:transparent;color:var(--accent);text-decoration:none;cursor:pointer}\
.main{background:var(--accent);color:Canvas}input,textarea{font:inherit;padding:.35rem;max-width:100%;box-sizing:border-box}\
form p{margin:.9rem 0}label{display:block;font-weight:600}.card{border:1px solid var(--line);border-radius:.7rem;padding:1rem;margin:1rem 0}\
.refused{border-left:.3rem solid #c33;padding-left:1rem}dl{display:grid;grid-template-columns:max-content 1fr;gap:.3rem 1rem}dt{font-weight:600}dd{margin:0}";

/// A page of the world, and saying so.
pub(crate) fn page(place: &str, title: &str, body: &str) -> Response {
    let page = text(place, title, body);
    ([(header::CONTENT_TYPE, "text/html; charset=utf-8"), (header::CACHE_CONTROL, "no-store")], page).into_response()
}

/// The text of such a page.
pub(crate) fn text(place: &str, title: &str, body: &str) -> String {
    let title = escaped(title);
    let place = escaped(place);
    format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <title>{title} · {place}</title><link rel=\"icon\" href=\"data:,\"><style>{STYLE}</style></head>\n<body><header>\
         <p class=\"world\">{place} · embedded world of pushcert: nothing here is real</p><h1>{title}</h1></header>\n<main>{body}</main></body></html>\n"
    )
}

/// A redirect after a form.
pub(crate) fn see_other(to: &str) -> Response {
    let to = HeaderValue::try_from(to).unwrap_or(HeaderValue::from_static("/"));
    (StatusCode::FOUND, [(header::LOCATION, to)]).into_response()
}

/// A file to download, under this name.
pub(crate) fn attachment(name: &str, media: &str, bytes: Vec<u8>) -> Response {
    let disposition = format!("attachment; filename=\"{name}\"");
    ([(header::CONTENT_TYPE, media.to_owned()), (header::CONTENT_DISPOSITION, disposition)], bytes).into_response()
}

/// The value of a cookie.
pub(crate) fn cookie(headers: &axum::http::HeaderMap, name: &str) -> Option<String> {
    let all = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let pairs = all.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.filter(|(found, _)| *found == name).map(|(_, value)| value.to_owned()).next_back()
}
