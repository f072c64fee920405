//! Where a value of a request comes from: the tool itself, an earlier answer, the jar of cookies, or the console's own pages.

use base64::{Engine, engine::general_purpose::STANDARD};

use super::{Draft, Plan};
use crate::console::{
    Deed, From, Literal, Take,
    har::Exchange,
    learn::{find, index::Place, template::Template, words},
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

impl Plan<'_> {
    /// What stands for a value of a request.
    pub(super) fn value(&mut self, draft: &mut Draft, at: usize, name: &str, value: &str, in_body: bool) -> Template {
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
    pub(super) fn best(&self, draft: &Draft, at: usize, value: &str, fits: impl Fn(&Place) -> bool) -> Option<Place> {
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
    pub(super) fn take(&mut self, draft: &mut Draft, place: &Place) -> String {
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
