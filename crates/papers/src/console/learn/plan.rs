//! From recorded exchanges to requests that can be made again: each value of a request is replaced by where it came
//! from, and the exchanges that it came from are made before it.

use std::collections::{BTreeMap, BTreeSet};

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::Value;
use url::{Position, Url, form_urlencoded};

use super::{
    Hints,
    find::{self, SignIn},
    index::{Index, Place},
    template::Template,
    words::{self, FILE_MEDIA},
};
use crate::console::{
    Body, Deed, Evidence, Expect, Field, From, Literal, Method, Part, Request, Take,
    har::{Content, Exchange, SentPart, parameters},
    take,
};

/// How far the browser's clock may be from the recording's when a value is a time, in milliseconds.
const A_DAY: i64 = 86_400_000;

/// Values that are taken under a name that says what they are.
const GIVEN: [&str; 9] = [
    "username",
    "username_base64",
    "password",
    "origin",
    "now_ms",
    "certificate",
    "certificate_base64",
    "file_name",
    "apple_account",
];

/// Something that a request needs and the recording does not show.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Gap {
    /// The request's path.
    pub path: String,
    /// What, in words that follow "does not show".
    pub what: String,
}

/// The requests of a deed, while they are being found.
struct Draft {
    deed: Deed,
    steps: BTreeMap<usize, Request>,
    gaps: Vec<Gap>,
    literals: Vec<Literal>,
    /// Whether the origin of a value follows from a convention alone.
    inferred: bool,
}

impl Draft {
    fn of(deed: Deed) -> Self {
        Self { deed, steps: BTreeMap::new(), gaps: vec![], literals: vec![], inferred: false }
    }
}

/// What is known while requests are planned.
pub struct Plan<'a> {
    exchanges: &'a [Exchange],
    origin: &'a str,
    hints: &'a Hints<'a>,
    index: Index,
    sign_in: &'a SignIn,
    /// Where the sign-in leads, redirect by redirect.
    landing: Vec<usize>,
    /// Exchanges that change something, and are never made for the sake of a value.
    deeds: BTreeSet<usize>,
    /// The exchange that reads, which may be made for a value's sake.
    reads: Option<usize>,
    session: BTreeMap<usize, Request>,
    names: BTreeMap<String, (usize, From, String)>,
}

impl<'a> Plan<'a> {
    pub fn new(
        exchanges: &'a [Exchange],
        origin: &'a str,
        hints: &'a Hints<'a>,
        sign_in: &'a SignIn,
        deeds: BTreeSet<usize>,
        reads: Option<usize>,
    ) -> Self {
        Self {
            exchanges,
            origin,
            hints,
            index: Index::of(exchanges),
            sign_in,
            landing: landing(exchanges, origin, sign_in.at),
            deeds,
            reads,
            session: BTreeMap::new(),
            names: BTreeMap::new(),
        }
    }

    /// Plans the sign-in. It comes first: what others need may be taken from it.
    ///
    /// # Errors
    /// The values whose origin is not known.
    pub fn sign_in(&mut self) -> Result<(), Vec<Gap>> {
        let mut draft = Draft::of(Deed::SignIn);
        for at in self.sign_in.named_at.into_iter().chain([self.sign_in.at]) {
            self.add(&mut draft, at);
        }
        if !draft.gaps.is_empty() {
            return Err(draft.gaps);
        }
        self.session = draft.steps;
        Ok(())
    }

    /// The requests of another deed, its own last.
    ///
    /// # Errors
    /// The values whose origin is not known.
    pub fn deed(&mut self, deed: Deed, at: usize) -> Result<Vec<Request>, Vec<Gap>> {
        let before = (self.session.clone(), self.names.clone());
        let mut draft = Draft::of(deed);
        self.add(&mut draft, at);
        if draft.gaps.is_empty() {
            return Ok(draft.steps.into_values().collect());
        }
        (self.session, self.names) = before;
        Err(draft.gaps)
    }

    /// The requests of the sign-in, with everything that the other deeds take from it.
    pub fn session(self) -> Vec<Request> {
        self.session.into_values().collect()
    }

    fn add(&mut self, draft: &mut Draft, at: usize) {
        if draft.steps.contains_key(&at) || self.session.contains_key(&at) {
            return;
        }
        let outer = (std::mem::take(&mut draft.literals), std::mem::take(&mut draft.inferred));
        let mut request = self.request(draft, at);
        if draft.inferred {
            request.evidence = Evidence::Inferred;
        }
        request.literals = std::mem::take(&mut draft.literals);
        (draft.literals, draft.inferred) = outer;
        draft.steps.insert(at, request);
    }

    fn request(&mut self, draft: &mut Draft, at: usize) -> Request {
        let exchange = &self.exchanges[at];
        let redirected = exchange.redirects();
        let media = Some(exchange.media.clone()).filter(|media| !media.is_empty() && !redirected);
        let mut request = Request {
            evidence: Evidence::Seen,
            method: Method::of(&exchange.method).unwrap_or(Method::Get),
            path: self.path(draft, at),
            headers: self.headers(draft, at),
            form: None,
            json: None,
            multipart: None,
            body: None,
            // What the browser had kept is answered whole to us.
            expect: Expect { status: if exchange.status == 304 { 200 } else { exchange.status }, content_type: media },
            refused: None,
            take: vec![],
            answer: None,
            literals: vec![],
        };
        match &exchange.content {
            Content::Nothing => {}
            Content::Form(pairs) => {
                let field = |(name, value): &(String, String)| self.field(draft, at, name, value);
                request.form = Some(pairs.iter().map(field).collect());
            }
            Content::Multipart(parts) => {
                request.multipart = Some(parts.iter().map(|part| self.part(draft, at, part)).collect());
            }
            Content::Json(document) => request.json = Some(self.json(draft, at, document, "")),
            Content::LeftOut(kind) if kind == "multipart/form-data" && draft.deed == Deed::Upload => {
                request.multipart = Some(vec![self.file_field(draft, at)]);
            }
            // Only an upload of a file was found without its form.
            Content::LeftOut(kind) if draft.deed == Deed::Upload => {
                request.body = Some(self.body(draft, at, kind, "{certificate}".into()));
            }
            Content::LeftOut(_) => self.gap(draft, at, "what was sent"),
            Content::Other { kind, text } if draft.deed == Deed::Upload && find::is_certificate(text) => {
                let value = self.value(draft, at, "its body", text, true).plain();
                request.body = Some(self.body(draft, at, kind, value));
            }
            Content::Other { kind, .. } => {
                let kind = crate::escape::printable(kind);
                self.gap(draft, at, &format!("a body that a profile can hold, but one of the type {kind}"));
            }
        }
        request
    }

    fn gap(&self, draft: &mut Draft, at: usize, what: &str) {
        draft.gaps.push(Gap { path: self.exchanges[at].place().to_owned(), what: what.to_owned() });
    }

    /// The path and the query, word by word.
    fn path(&mut self, draft: &mut Draft, at: usize) -> String {
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
    fn headers(&mut self, draft: &mut Draft, at: usize) -> Vec<Field> {
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

    fn field(&mut self, draft: &mut Draft, at: usize, name: &str, value: &str) -> Field {
        let key = self.name(draft, at, name);
        let value = match serde_json::from_str::<Value>(value) {
            Ok(document @ (Value::Object(_) | Value::Array(_))) => self.json(draft, at, &document, name),
            _ => self.value(draft, at, name, value, true).plain(),
        };
        Field { name: crate::console::fill::literal(&key), value }
    }

    fn part(&mut self, draft: &mut Draft, at: usize, part: &SentPart) -> Part {
        if draft.deed == Deed::Upload && part.file_name.is_some() {
            return file_part(&part.name, part.media.as_deref());
        }
        let field = self.field(draft, at, &part.name, &part.value);
        Part { name: field.name, value: field.value, file_name: None, content_type: None }
    }

    /// The file's field of a form that the recording left out: as the person says, or as the page says.
    fn file_field(&self, draft: &mut Draft, at: usize) -> Part {
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
    fn body(&self, draft: &mut Draft, at: usize, kind: &str, value: String) -> Body {
        if !kind.is_empty() && !FILE_MEDIA.contains(&kind) {
            let kind = crate::escape::printable(kind);
            self.gap(draft, at, &format!("a media type that certificates have, but {kind}"));
        }
        Body { value, content_type: Some(kind.to_owned()).filter(|kind| !kind.is_empty()) }
    }

    /// JSON with its values replaced.
    fn json(&mut self, draft: &mut Draft, at: usize, value: &Value, path: &str) -> String {
        let below = |step: &str| if path.is_empty() { step.to_owned() } else { format!("{path}.{step}") };
        match value {
            Value::Object(fields) => {
                let fields = fields.iter().map(|(name, value)| {
                    let key = self.name(draft, at, name);
                    format!(
                        "{}:{}",
                        crate::console::fill::literal(&Value::from(key).to_string()),
                        self.json(draft, at, value, &below(name))
                    )
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

    /// What stands for a value of a request.
    fn value(&mut self, draft: &mut Draft, at: usize, name: &str, value: &str, in_body: bool) -> Template {
        if let Some(known) = self.known(draft, at, value) {
            return known;
        }
        if in_body
            && let Some(place) = self.best(draft, at, value, |place| place.from == From::Html && place.key == name)
        {
            return Template::name(&self.take(draft, &place));
        }
        let guards = words::is_guard(name);
        if words::is_vocabulary(value) && !guards {
            return Template::text(value);
        }
        if (guards || !words::is_word(value))
            && let Some(place) = self.best(draft, at, value, |_| true)
        {
            return Template::name(&self.take(draft, &place));
        }
        if !guards
            && words::is_word(value)
            && let Some(source) = self.shown_by(at, value)
        {
            let literal = Literal { text: value.to_owned(), source };
            if !draft.literals.contains(&literal) {
                draft.literals.push(literal);
            }
            return Template::text(value);
        }
        if let Some(place) = self.best(draft, at, value, |_| true) {
            return Template::name(&self.take(draft, &place));
        }
        if let Some(bare) = ["Bearer ", "Token "].iter().find_map(|scheme| value.strip_prefix(scheme)) {
            let scheme = &value[..value.len() - bare.len()];
            return Template::text(scheme).then(self.value(draft, at, name, bare, in_body));
        }
        if let Some(cookie) = words::doubled_cookie(name).filter(|_| self.cookies_left_out()) {
            draft.inferred = true;
            return Template::name(&self.cookie(draft, at, cookie));
        }
        if let Some((cookie, _)) = self.exchanges[at].cookies.iter().find(|(_, sent)| sent == value) {
            return Template::name(&self.cookie(draft, at, &cookie.clone()));
        }
        self.gap(draft, at, &format!("where the value of {} comes from", crate::escape::printable(name)));
        Template::default()
    }

    /// Whether the recording was exported without cookies, so that none could be found in it.
    fn cookies_left_out(&self) -> bool {
        self.exchanges.iter().all(|exchange| exchange.cookies.is_empty() && exchange.set_cookies.is_empty())
    }

    /// Values that the tool itself gives.
    fn known(&self, draft: &Draft, at: usize, value: &str) -> Option<Template> {
        let is = |known: Option<&str>| known.is_some_and(|known| !known.is_empty() && known == value);
        let username = self.sign_in.username.as_deref();
        let encoded = username.map(|username| STANDARD.encode(username));
        let certificate = draft.deed == Deed::Upload;
        let near = |number: i64| self.exchanges[at].at.is_none_or(|at| (at - number).abs() < A_DAY);
        let name = match () {
            () if value.is_empty() => return Some(Template::default()),
            () if draft.deed == Deed::SignIn && at == self.sign_in.at && is(Some(&self.sign_in.password)) => "password",
            () if is(username) || is(self.hints.username) => "username",
            () if is(encoded.as_deref()) => "username_base64",
            () if is(self.hints.apple_account) => "apple_account",
            () if is(Some(self.origin)) => "origin",
            () if certificate && find::is_certificate_in_base64(value) => "certificate_base64",
            () if certificate && find::is_certificate(value) => "certificate",
            () if certificate && is(self.hints.certificate_name) => "file_name",
            () if value.len() == 13 && value.parse().is_ok_and(near) => "now_ms",
            () => return None,
        };
        Some(Template::name(name))
    }

    /// The best place from which this value can be had before this exchange: the sign-in, and otherwise the latest
    /// page or call that changes nothing.
    fn best(&self, draft: &Draft, at: usize, value: &str, fits: impl Fn(&Place) -> bool) -> Option<Place> {
        let usable = |place: &&Place| place.exchange < at && fits(place) && self.may_be_made(draft, place.exchange);
        let places = self.index.places(value).iter().filter(usable);
        let in_session = |place: &Place| self.session.contains_key(&self.step_of(place.exchange));
        let best = places.max_by_key(|place| (in_session(place), place.from != From::Cookie, place.exchange));
        best.cloned()
    }

    fn may_be_made(&self, draft: &Draft, exchange: usize) -> bool {
        let step = self.step_of(exchange);
        if self.session.contains_key(&step) || draft.steps.contains_key(&step) {
            return true;
        }
        let made = &self.exchanges[exchange];
        let harmless = made.method == "GET" && matches!(made.status, 200 | 304) && !self.deeds.contains(&exchange);
        let reads = self.reads == Some(exchange) && draft.deed != Deed::SignIn;
        // What happened during the sign-in is made by it.
        (harmless || reads) && (draft.deed == Deed::SignIn || exchange > self.sign_in.at)
    }

    /// The request that an exchange belongs to: the landing of a sign-in is reached by its redirects.
    fn step_of(&self, exchange: usize) -> usize {
        if self.landing.contains(&exchange) { self.sign_in.at } else { exchange }
    }

    /// Takes the value at this place; the answer is the name that it gets.
    fn take(&mut self, draft: &mut Draft, place: &Place) -> String {
        let step = self.step_of(place.exchange);
        if !self.session.contains_key(&step) {
            self.add(draft, step);
        }
        self.take_at(draft, step, place.from, &place.key)
    }

    /// Takes a cookie from the jar as it is when the session begins.
    fn cookie(&mut self, draft: &mut Draft, at: usize, name: &str) -> String {
        let first = draft.steps.keys().next().copied().filter(|step| *step < at);
        let Some(step) = self.session.keys().next_back().copied().or(first) else {
            self.gap(draft, at, &format!("where the cookie {name} comes from, which was there when it began"));
            return String::new();
        };
        self.take_at(draft, step, From::Cookie, name)
    }

    fn take_at(&mut self, draft: &mut Draft, step: usize, from: From, key: &str) -> String {
        let name = self.name_for(step, from, key);
        let request = self.session.get_mut(&step).or_else(|| draft.steps.get_mut(&step));
        if let Some(request) = request
            && !request.take.iter().any(|take| take.name == name)
        {
            request.take.push(Take { name: name.clone(), from, key: key.to_owned() });
        }
        name
    }

    /// A name of its own for each place.
    fn name_for(&mut self, step: usize, from: From, key: &str) -> String {
        let base = snake(key.rsplit('.').next().unwrap_or(key));
        let place = (step, from, key.to_owned());
        for number in 1.. {
            let name = if number == 1 { base.clone() } else { format!("{base}_{number}") };
            if GIVEN.contains(&name.as_str()) {
                continue;
            }
            match self.names.get(&name) {
                Some(known) if *known != place => {}
                _ => {
                    self.names.insert(name.clone(), place);
                    return name;
                }
            }
        }
        base
    }

    /// Where the console's own pages and scripts show this word.
    fn shown_by(&self, at: usize, word: &str) -> Option<String> {
        let quoted = [format!("\"{word}\""), format!("'{word}'"), format!("`{word}`")];
        let shows = |exchange: &&Exchange| {
            let known = ["html", "script", "json"].iter().any(|kind| exchange.media.contains(kind));
            let body = exchange.body.as_deref().filter(|_| known).unwrap_or_default();
            quoted.iter().any(|quoted| memchr::memmem::find(body, quoted.as_bytes()).is_some())
        };
        let exchange = self.exchanges[..at].iter().find(shows)?;
        Some(if exchange.media.contains("html") {
            format!("the page {}", exchange.place())
        } else {
            format!("the answer of {}", exchange.place())
        })
    }
}

/// The exchanges to which the redirects after this one lead.
fn landing(exchanges: &[Exchange], origin: &str, from: usize) -> Vec<usize> {
    let mut chain = vec![];
    let mut at = from;
    while exchanges[at].redirects() {
        let target = exchanges[at].answer_header("location").unwrap_or_default();
        let here = Url::parse(&format!("{origin}{}", exchanges[at].path)).and_then(|here| here.join(target));
        let target =
            here.map(|target| target[Position::BeforePath..Position::AfterQuery].to_owned()).unwrap_or_default();
        let leads = |exchange: &Exchange| exchange.method == "GET" && exchange.path == target;
        let Some(next) = (at + 1..exchanges.len()).find(|next| leads(&exchanges[*next])) else { break };
        chain.push(next);
        at = next;
    }
    chain
}

fn file_part(name: &str, media: Option<&str>) -> Part {
    let media = media.filter(|media| FILE_MEDIA.contains(media)).unwrap_or(FILE_MEDIA[0]);
    Part {
        name: crate::console::fill::literal(name),
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

/// `csrfToken`, `csrf-token` and `_csrf_token` as `csrf_token`.
fn snake(key: &str) -> String {
    let mut name = String::new();
    for c in key.chars().filter(char::is_ascii) {
        let after_lower = name.ends_with(|last: char| last.is_ascii_lowercase());
        match c {
            'A'..='Z' if after_lower => name.extend(['_', c.to_ascii_lowercase()]),
            'A'..='Z' | 'a'..='z' | '0'..='9' => name.push(c.to_ascii_lowercase()),
            _ if !name.is_empty() && !name.ends_with('_') => name.push('_'),
            _ => {}
        }
    }
    let name: String = name.trim_matches('_').chars().take(40).collect();
    if name.is_empty() { "value".into() } else { name }
}
