//! The parts of a request, one by one: its address, its headers, its fields, its file.

use std::collections::BTreeSet;

use serde_json::Value;
use url::form_urlencoded;

use super::{Draft, Plan};
use crate::console::{
    Body, Deed, Field, From, Part,
    fill::literal,
    har::{SentPart, parameters},
    learn::{
        template::Template,
        words::{self, FILE_MEDIA},
    },
    take,
};

impl Plan<'_> {
    /// The path and the query, word by word.
    pub(super) fn path(&mut self, draft: &mut Draft, at: usize) -> String {
        let exchange = &self.exchanges[at];
        let mut path = String::new();
        for segment in exchange.place().split('/').skip(1) {
            path.push('/');
            let template = if segment.is_empty() || words::is_word(&segment.replace("%20", "-")) {
                Template::text(segment)
            } else {
                self.value(draft, at, "its address", segment, false)
            };
            path.push_str(&template.plain());
        }
        let pairs = exchange.path.split_once('?').map(|(_, query)| parameters(query)).unwrap_or_default();
        for (number, (name, value)) in pairs.iter().enumerate() {
            let name = self.name(draft, at, name);
            let value = self.value(draft, at, &name, value, false);
            let text = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
            path.push(if number == 0 { '?' } else { '&' });
            path.push_str(&text(&name));
            path.push('=');
            path.push_str(&value.written_by(text));
        }
        path
    }

    /// The headers that are worth sending.
    pub(super) fn headers(&mut self, draft: &mut Draft, at: usize) -> Vec<Field> {
        let exchange = &self.exchanges[at];
        let mut fields = vec![];
        if exchange.header("accept").is_some_and(|accept| accept.contains("application/json")) {
            fields.push(Field { name: "Accept".into(), value: "application/json".into() });
        }
        for (name, value) in &exchange.headers {
            if words::is_browsers(name) {
                continue;
            }
            let value = match name.as_str() {
                "origin" if value != self.origin => continue,
                "origin" => Template::name("origin"),
                "referer" => match self.referer(value) {
                    Some(template) => template,
                    None => continue,
                },
                _ => self.value(draft, at, name, value, false),
            };
            let name = self.header_name(draft, at, name);
            fields.push(Field { name, value: value.plain() });
        }
        fields
    }

    /// The page from which the request was made, if the recording has it.
    fn referer(&self, value: &str) -> Option<Template> {
        let path = value.strip_prefix(self.origin)?.split('?').next()?;
        let known = path.split('/').all(|segment| segment.is_empty() || words::is_word(segment));
        Some(Template::name("origin").then(Template::text(if known && !path.is_empty() { path } else { "/" })))
    }

    /// A header's name, as servers spell it; or the place that tells it.
    fn header_name(&mut self, draft: &mut Draft, at: usize, name: &str) -> String {
        let spelling = self.index.spelling(name).map(str::to_owned);
        let place =
            spelling.as_ref().and_then(|spelling| self.best(draft, at, spelling, |place| place.from == From::Script));
        match place {
            Some(place) => format!("{{{}}}", self.take(draft, &place)),
            None => name.split('-').map(capital).collect::<Vec<_>>().join("-"),
        }
    }

    /// The name of a field. It stands in the profile as it is, so it must not be made up for the occasion.
    fn name(&self, draft: &mut Draft, at: usize, name: &str) -> String {
        let parts = name.split(['[', ']', ':', '$', '_', '-', '.']).filter(|part| !part.is_empty());
        if !parts.clone().all(|part| words::is_word(part) || words::is_vocabulary(part)) {
            self.gap(draft, at, "where the name of a field comes from, which is made up anew each time");
        }
        name.to_owned()
    }

    pub(super) fn field(&mut self, draft: &mut Draft, at: usize, name: &str, value: &str) -> Field {
        let key = self.name(draft, at, name);
        let value = match serde_json::from_str::<Value>(value) {
            Ok(document @ (Value::Object(_) | Value::Array(_))) => self.json(draft, at, &document, name),
            _ => self.value(draft, at, name, value, true).plain(),
        };
        Field { name: literal(&key), value }
    }

    pub(super) fn part(&mut self, draft: &mut Draft, at: usize, part: &SentPart) -> Part {
        if draft.deed == Deed::Upload && part.file_name.is_some() {
            return file_part(&part.name, part.media.as_deref());
        }
        let field = self.field(draft, at, &part.name, &part.value);
        Part { name: field.name, value: field.value, file_name: None, content_type: None }
    }

    /// The file's field of a form that the recording left out: as the person says, or as the page says.
    pub(super) fn file_field(&self, draft: &mut Draft, at: usize) -> Part {
        let named = self.hints.upload_field.map(str::to_owned).or_else(|| self.file_field_of_page(at));
        if named.is_none() {
            self.gap(draft, at, "the name of the field for the file, which  --upload-field  can say");
        }
        file_part(&named.unwrap_or_default(), None)
    }

    fn file_field_of_page(&self, at: usize) -> Option<String> {
        let pages = self.exchanges[..at].iter().rev().filter(|exchange| exchange.body.is_some());
        pages.into_iter().find_map(|exchange| {
            let page = exchange.text();
            let in_form = take::fields(&page).find(|field| field.kind == "file").map(|field| field.name);
            in_form.or_else(|| appended_file(&page))
        })
    }

    /// A body that is the file itself. Its media type stands in the profile as it is, so it must be a known one.
    pub(super) fn body(&self, draft: &mut Draft, at: usize, kind: &str, value: String) -> Body {
        if !kind.is_empty() && !FILE_MEDIA.contains(&kind) {
            let kind = crate::escape::printable(kind);
            self.gap(draft, at, &format!("a media type that certificates have, but {kind}"));
        }
        Body { value, content_type: Some(kind.to_owned()).filter(|kind| !kind.is_empty()) }
    }

    /// JSON with its values replaced.
    pub(super) fn json(&mut self, draft: &mut Draft, at: usize, value: &Value, path: &str) -> String {
        let below = |step: &str| if path.is_empty() { step.to_owned() } else { format!("{path}.{step}") };
        match value {
            Value::Object(fields) => {
                let fields = fields.iter().map(|(name, value)| {
                    let key = self.name(draft, at, name);
                    format!("{}:{}", literal(&Value::from(key).to_string()), self.json(draft, at, value, &below(name)))
                });
                format!("{{{{{}}}}}", fields.collect::<Vec<_>>().join(","))
            }
            Value::Array(items) => {
                let items = items
                    .iter()
                    .enumerate()
                    .map(|(number, item)| self.json(draft, at, item, &below(&number.to_string())));
                format!("[{}]", items.collect::<Vec<_>>().join(","))
            }
            Value::String(text) => format!("\"{}\"", self.value(draft, at, path, text, true).json()),
            Value::Number(number) => self.value(draft, at, path, &number.to_string(), true).plain(),
            Value::Bool(_) | Value::Null => value.to_string(),
        }
    }
}

fn file_part(name: &str, media: Option<&str>) -> Part {
    let media = media.filter(|media| FILE_MEDIA.contains(media)).unwrap_or(FILE_MEDIA[0]);
    Part {
        name: literal(name),
        value: "{certificate}".into(),
        file_name: Some("{file_name}".into()),
        content_type: Some(media.to_owned()),
    }
}

/// The field under which a page's script sends a file: `form.append("file", input.files[0])`.
fn appended_file(page: &str) -> Option<String> {
    let found = page.split(".append(").skip(1).filter_map(|call| {
        let quote = call.chars().next().filter(|c| matches!(c, '"' | '\''))?;
        let (name, rest) = call[1..].split_once(quote)?;
        let value = rest.split(')').next()?;
        value.contains(".files").then(|| name.to_owned())
    });
    let names: BTreeSet<String> = found.collect();
    names.into_iter().next()
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}
