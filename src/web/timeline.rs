//! The year ahead, drawn: one line for each tenant, from today to its end.

use maud::{Markup, html};
use pushcert_papers::{DAY, Time};

use crate::commands::StatusLine;

/// The width of a year, in units of the drawing; a day has two.
const YEAR: i64 = 732;

/// The height of a tenant's line.
const LINE: i64 = 30;

/// Left of the year stand the names.
const NAMES: i64 = 150;

/// The drawing, for the eye; the table below it says the same in words.
pub fn timeline(lines: &[StatusLine], now: Time) -> Markup {
    let height = LINE * i64::try_from(lines.len()).unwrap_or(0) + LINE;
    html! {
        svg.timeline viewBox={ "0 0 " (NAMES + YEAR + 60) " " (height) } role="img" aria-labelledby="timeline-title" {
            title #timeline-title { "The year ahead: when each certificate ends" }
            @for (place, label) in months(now) {
                line.month x1=(place) y1="18" x2=(place) y2=(height) {}
                text.label x=(place + 3) y="14" { (label) }
            }
            @for (row, line) in lines.iter().enumerate() {
                (bar(line, i64::try_from(row).unwrap_or(0) * LINE + LINE, now))
            }
        }
    }
}

/// The first days of the next twelve months, and their names.
fn months(now: Time) -> Vec<(i64, String)> {
    let mut found = vec![];
    for day in 0..366 {
        let at = now.plus(day * DAY);
        let date = at.iso_date();
        if date.ends_with("-01") {
            found.push((place(at, now), at.date().split(' ').nth(1).unwrap_or_default().to_owned()));
        }
    }
    found
}

/// Where a moment stands in the drawing; what lies outside of the year stands at its edge.
fn place(at: Time, now: Time) -> i64 {
    NAMES + ((at.unix() - now.unix()) * 2 / DAY).clamp(0, YEAR)
}

fn bar(line: &StatusLine, top: i64, now: Time) -> Markup {
    let end = line.not_after.map(|end| place(end, now));
    let warning = line.not_after.map(|end| place(end.plus(-line.thresholds.warning * DAY), now));
    html! {
        text.name x="0" y=(top + 15) { (line.tenant) }
        @if let (Some(end), Some(warning)) = (end, warning) {
            rect.calm.wrong[line.problems.contains(&"topic-changed")] x=(NAMES) y=(top + 4) width=(warning - NAMES) height="14" {}
            rect.due x=(warning) y=(top + 4) width=((end - warning).max(3)) height="14" {}
            // A shape beside the colour, for eyes that do not tell the colours apart.
            path.end d={ "M" (end) " " (top) " l6 11 l-6 11 l-6 -11 z" } {}
        } @else {
            text.label x=(NAMES) y=(top + 15) { "no date is known" }
        }
    }
}
