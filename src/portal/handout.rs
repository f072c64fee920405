//! The card on paper: what a person takes along to another machine, where this tool is not. As text, and as a page that
//! stands alone: no script, no picture, no address that anything is fetched from, and black on white when printed.

use std::fmt::Write as _;

use maud::{DOCTYPE, PreEscaped, html};
use pushcert_papers::{escape::printable, renewal::guide::Card};

/// A card, with everything that its reader must know away from the tool.
#[derive(Clone, Copy, Debug)]
pub struct Handout<'a> {
    /// Whose renewal it is.
    pub title: &'a str,
    /// Facts, each under its label.
    pub facts: &'a [(&'static str, String)],
    /// What to do.
    pub card: &'a Card,
    /// What to bring back, and how to look at it.
    pub bring_back: &'a [String],
}

const STYLE: &str = "\
:root{color-scheme:light dark}
body{font:16px/1.5 system-ui,sans-serif;max-width:46rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.4rem}h2{font-size:1.1rem;margin-top:2rem}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.25rem 1rem;margin:0}
dt{font-weight:600}dd{margin:0;overflow-wrap:anywhere;white-space:pre-wrap}
.grave{font-weight:700;text-decoration:underline}
ol,ul{padding-left:1.3rem}li{margin:.4rem 0;overflow-wrap:anywhere}
.box{display:inline-block;width:.9em;height:.9em;border:1px solid;margin-right:.6em;vertical-align:-.1em}
@media print{body{margin:0;max-width:none;font-size:11pt;color:#000;background:#fff}li,dl{break-inside:avoid}}";

impl Handout<'_> {
    /// The card as plain text.
    pub fn text(&self) -> String {
        let mut text = format!("{}\n\n", printable(self.title));
        for (label, value) in self.facts {
            let _ = writeln!(text, "  {label:<16}{}", printable(value));
        }
        let _ = writeln!(text, "\n{}\n", printable(&self.card.title));
        for line in &self.card.lines {
            let _ = writeln!(text, "  {:<10}{}", line.verb, printable(&line.text));
        }
        for line in self.card.otherwise.iter().chain(self.bring_back) {
            let _ = write!(text, "\n{}\n", printable(line));
        }
        text
    }

    /// The card as a page.
    pub fn page(&self) -> String {
        html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width";
                    title { (printable(self.title)) }
                    style { (PreEscaped(STYLE)) }
                }
                body {
                    h1 { (printable(self.title)) }
                    dl { @for (label, value) in self.facts { dt { (label) } dd { (printable(value)) } } }
                    h2 { (printable(&self.card.title)) }
                    dl {
                        @for line in &self.card.lines {
                            dt { @if !line.verb.is_empty() { span.box {} } (line.verb) }
                            dd.grave[line.grave] { (printable(&line.text)) }
                        }
                    }
                    @for line in &self.card.otherwise { p { (printable(line)) } }
                    h2 { "Afterwards" }
                    ul { @for line in self.bring_back { li { (printable(line)) } } }
                }
            }
        }
        .into_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pushcert_papers::renewal::guide::Line;

    #[test]
    fn text_of_others_stays_text() {
        let line = Line { verb: "Press", text: "<script>alert(1)</script>\u{1b}[2J".into(), grave: true };
        let card = Card { title: "Your turn".into(), lines: vec![line], otherwise: vec![] };
        let facts = [("Tenant", "a&b".to_owned())];
        let handout = Handout { title: "acme", facts: &facts, card: &card, bring_back: &[] };
        let page = handout.page();
        assert!(page.contains("&lt;script&gt;") && page.contains("a&amp;b") && !page.contains("<script"), "{page}");
        for fetched in ["http-equiv", "src=", "url(", "@import", "<link", "<img"] {
            assert!(!page.contains(fetched), "{fetched}");
        }
        assert!(!page.contains('\u{1b}') && !handout.text().contains('\u{1b}'));
    }
}
