//! From recorded exchanges to requests that can be made again: each value of a request is replaced by where it came
//! from, and the exchanges that it came from are made before it.

mod form;
mod origin;

use std::collections::{BTreeMap, BTreeSet};

use url::{Position, Url};

use super::{
    Hints,
    find::{self, SignIn},
    index::Index,
};
use crate::console::{
    Deed, Evidence, Expect, From, Literal, Method, Request,
    har::{Content, Exchange},
};

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
