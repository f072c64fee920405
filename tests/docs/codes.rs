//! The words of the tool: what may happen, what `pushcert help` explains, and what the pages show come from the same tables.

use std::{collections::BTreeSet, fs, path::Path};

use pushcert::{
    cli::{exit, help},
    commands::errors::{self, ERRORS},
};
use pushcert_papers::{
    Code,
    credential::Lockout,
    watch::{Matter, Problem, State},
};
use syn::{Expr, ExprCall, ExprTuple, ImplItemFn, ItemFn, Lit, ReturnType, Signature, Type, visit::Visit};

use super::{page, rust_files};

/// The codes with which this source makes failures: the word behind a kind, and the first word of a tuple in a function that
/// returns a failure.
#[derive(Default)]
struct Failures {
    found: BTreeSet<String>,
    fails: bool,
}

impl Failures {
    fn take(&mut self, expression: &Expr) {
        if let Expr::Lit(literal) = expression
            && let Lit::Str(word) = &literal.lit
            && word
                .value()
                .chars()
                .all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-')
        {
            self.found.insert(word.value());
        }
    }

    fn behind_a_kind<'e>(&mut self, elements: impl Iterator<Item = &'e Expr> + Clone) {
        elements.clone().zip(elements.skip(1)).filter(|(kind, _)| is_kind(kind)).for_each(|(_, code)| self.take(code));
    }

    fn within(&mut self, signature: &Signature, visit: impl FnOnce(&mut Self)) {
        let outer = std::mem::replace(&mut self.fails, returns_failure(signature));
        visit(self);
        self.fails = outer;
    }
}

fn is_kind(expression: &Expr) -> bool {
    matches!(expression, Expr::Path(path) if path.path.segments.first().is_some_and(|first| first.ident == "Kind"))
}

fn returns_failure(signature: &Signature) -> bool {
    let ReturnType::Type(_, returned) = &signature.output else { return false };
    matches!(&**returned, Type::Path(path) if path.path.segments.last().is_some_and(|last| last.ident == "Failure"))
}

impl<'ast> Visit<'ast> for Failures {
    fn visit_expr_call(&mut self, call: &'ast ExprCall) {
        let makes = matches!(&*call.func, Expr::Path(path) if path.path.segments.len() == 2
            && path.path.segments[1].ident == "new" && ["Failure", "Self"].iter().any(|name| path.path.segments[0].ident == name));
        if makes && call.args.len() == 3 {
            self.take(&call.args[1]);
        }
        self.behind_a_kind(call.args.iter());
        syn::visit::visit_expr_call(self, call);
    }

    fn visit_expr_tuple(&mut self, tuple: &'ast ExprTuple) {
        if self.fails && tuple.elems.len() > 1 {
            self.take(&tuple.elems[0]);
        }
        self.behind_a_kind(tuple.elems.iter());
        syn::visit::visit_expr_tuple(self, tuple);
    }

    fn visit_item_fn(&mut self, function: &'ast ItemFn) {
        self.within(&function.sig, |found| syn::visit::visit_item_fn(found, function));
    }

    fn visit_impl_item_fn(&mut self, function: &'ast ImplItemFn) {
        self.within(&function.sig, |found| syn::visit::visit_impl_item_fn(found, function));
    }
}

#[test]
fn every_code_of_a_failure_is_explained_and_none_that_cannot_happen() {
    let mut found = Failures::default();
    found.found.extend(Lockout::WORDS.map(str::to_owned));
    let mut files = vec![];
    rust_files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut files);
    for path in files {
        found.visit_file(&syn::parse_file(&fs::read_to_string(path).expect("a source")).expect("Rust"));
    }
    assert!(found.found.len() > 100, "{}", found.found.len());
    let unexplained: Vec<_> = found.found.iter().filter(|code| errors::meaning(code).is_none()).collect();
    assert!(unexplained.is_empty(), "give these a line in src/commands/errors.rs: {unexplained:#?}");
    let explained = ERRORS.iter().flat_map(|(_, codes)| codes.iter().map(|(code, _)| *code));
    let gone: Vec<_> = explained.filter(|code| !found.found.contains(*code)).collect();
    assert!(gone.is_empty(), "nothing fails with these any more: {gone:#?}");
}

#[test]
fn no_code_is_explained_twice_or_halfway() {
    let mut known = BTreeSet::new();
    for (code, meaning) in ERRORS.iter().flat_map(|(_, codes)| codes.iter()) {
        assert!(known.insert(code) && Code::from_word(code).is_none(), "{code}");
        assert!(meaning.ends_with('.'), "{code}: {meaning}");
    }
}

#[test]
fn help_explains_every_word() {
    let words = Code::ALL.iter().map(|code| (code.word().to_owned(), code.meaning()));
    let words = words.chain(State::ALL.iter().map(|state| (state.word().to_owned(), state.meaning())));
    let words = words.chain(Problem::ALL.iter().map(|problem| (problem.word().to_owned(), problem.meaning())));
    let errors = ERRORS.iter().flat_map(|(_, codes)| codes.iter());
    let words = words.chain(errors.map(|(code, meaning)| ((*code).to_owned(), *meaning)));
    let words = words.chain(Matter::ALL.iter().map(|matter| (matter.word().to_owned(), matter.meaning())));
    let exits = (0..=u8::MAX).filter_map(|code| Some((code.to_string(), exit::meaning(code)?)));
    for (word, meaning) in words.chain(exits) {
        let said = help::about(std::slice::from_ref(&word)).expect("an explanation");
        assert!(said.contains(meaning), "{word}: {said}");
    }
}

/// The tables for people say some things in words of their own; help knows those, too.
#[test]
fn help_knows_the_words_of_tables() {
    for (shown, stable) in [
        ("wrong topic", "topic-changed"),
        ("expired in grace", "expired-in-grace"),
        ("stale", "stale"),
        ("request waiting", "request-waiting"),
    ] {
        let words: Vec<_> = shown.split(' ').map(str::to_owned).collect();
        assert!(help::about(&words).expect("an explanation").starts_with(stable), "{shown}");
        assert!(help::about(&[shown.to_owned()]).expect("an explanation").starts_with(stable), "{shown}, quoted");
    }
}

#[test]
fn help_knows_what_was_meant() {
    for (said, meant) in [
        ("tpoic-changed", "topic-changed"),
        ("expired-in-graze", "expired-in-grace"),
        ("renwe", "renew"),
        ("csr sing", "csr sign"),
        ("sign-in-refuse", "sign-in-refused"),
        ("acount-unknown", "account-unknown"),
    ] {
        let words: Vec<_> = said.split(' ').map(str::to_owned).collect();
        let failure = help::about(&words).expect_err("a slip");
        assert!(failure.message.ends_with(&format!("did you mean {meant}?")), "{}", failure.message);
    }
}

/// The page on codes, as the tables have it.
fn made() -> String {
    let row = |word: &str, meaning: &str| format!("| `{word}` | {} |\n", meaning.replace('|', "\\|"));
    let mut page = String::from(
        "# Codes: exit codes, states, problems, errors\n\n\
         This page is made from the tables that the tool runs on (`just bless`). [Findings](findings.md) has the codes of checks. \
         `pushcert help WORD` explains each of them.\n\n## Exit codes\n\n| code | meaning |\n|---|---|\n",
    );
    let exits = (0..=u8::MAX).filter_map(|code| exit::meaning(code).map(|meaning| row(&code.to_string(), meaning)));
    page.extend(exits);
    page.push_str("\n## States\n\n`state` in JSON and metrics, and the colour of a tenant on the page.\n\n| state | meaning |\n|---|---|\n");
    page.extend(State::ALL.iter().map(|state| row(state.word(), state.meaning())));
    page.push_str("\n## Problems\n\n`problems` in JSON: they hold for what is installed, whatever its date.\n\n| problem | meaning |\n|---|---|\n");
    page.extend(Problem::ALL.iter().map(|problem| row(problem.word(), problem.meaning())));
    page.push_str("\n## What alerts are about\n\n`matter` in `pushcert/alert/1`; [Alerts](alerts.md) says when each comes, and how often.\n\n| matter | meaning |\n|---|---|\n");
    page.extend(Matter::ALL.iter().map(|matter| row(matter.word(), matter.meaning())));
    page.push_str("\n## Errors\n\n`code` in `pushcert/error/1`. Where a finding ends a run, its code stands there.\n");
    for (about, codes) in ERRORS {
        page.extend(["\n### ", about, "\n\n| code | meaning |\n|---|---|\n"]);
        page.extend(codes.iter().map(|(code, meaning)| row(code, meaning)));
    }
    page
}

#[test]
fn the_page_on_codes_is_made_from_the_tables() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/codes.md");
    if std::env::var_os("TRYCMD").is_some_and(|wish| wish == "overwrite") {
        fs::write(&path, made()).expect("written");
    }
    assert_eq!(page("docs/codes.md"), made(), "just bless  makes the page anew");
}
