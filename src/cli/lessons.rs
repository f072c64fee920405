//! Console profiles, for people: what was learned, how sure that is, and what each request sends.

use std::fmt::Write as _;

use pushcert_papers::{console::Evidence, escape::printable};

use super::human::{FAINT, GOOD, HEAD, LOOK, row, styled, wrapped};
use crate::commands::console::{ConsoleReport, Lessons};

/// Below a lesson's first line.
const INDENT: &str = "                                              ";

/// A profile, and what was learned just now.
pub fn text(report: &ConsoleReport<'_>) -> String {
    let mut text = String::new();
    let head = styled(HEAD, report.tenant.as_str());
    match &report.learned {
        Some(lessons) => {
            let _ = writeln!(text, "{head}  learned from {}\n", printable(&lessons.from));
            text.push_str(&learned(lessons));
        }
        None => {
            let _ = writeln!(text, "{head}\n");
        }
    }
    for line in &report.explained {
        let _ = writeln!(text, "  {}", styled(FAINT, line));
    }
    text.push('\n');
    text.push_str(&row("profile", &report.profile));
    text.push_str(&row("SHA-256", &report.sha256.to_string()));
    let allowed =
        if report.allowed.is_empty() { "reading".into() } else { format!("reading, {}", report.allowed.join(", ")) };
    text.push_str(&row("used for", &allowed));
    if let Some(lessons) = &report.learned {
        let _ = writeln!(text, "\n{}\n", printable(&lessons.line));
    }
    text
}

fn learned(lessons: &Lessons<'_>) -> String {
    let mut text = String::new();
    for (deed, evidence, request, why) in &lessons.known {
        let (style, sign) = if *evidence == Evidence::Seen { (GOOD, "✓") } else { (LOOK, "✓") };
        let known = styled(style, &format!("{sign} {:<32} {:<9}", deed.phrase(), evidence.word()));
        let _ = writeln!(text, "{known}  {}", printable(request));
        text.push_str(&wrapped(INDENT, why));
    }
    for missing in lessons.missing {
        let _ = writeln!(text, "{}", styled(LOOK, &format!("– {:<32} not learned", missing.deed.phrase())));
        text.push_str(&wrapped(INDENT, &format!("{}; {}", missing.what, missing.remedy)));
    }
    if !lessons.elsewhere.is_empty() {
        text.push_str(&wrapped("  ", &format!("Not looked at, since they are other hosts: {}", lessons.elsewhere)));
    }
    text.push('\n');
    text
}
