//! The year ahead, drawn: a bar for each tenant from today to its end, with the weeks in which it is due.
//!
//! Every state has a shape and a pattern beside its colour, for eyes that do not tell the colours apart and for paper without
//! any. Places are percentages, so that one drawing fits every width.

use std::fmt;

use maud::{Markup, html};
use pushcert_papers::{
    DAY, Time,
    watch::{Level, State},
};

use crate::{commands::StatusLine, forms::in_days};

/// Days before today that are drawn: a certificate that has ended, and may still be renewed, is among them.
const BEFORE: i64 = 45;

/// Days after today: a year, and room for the mark at its end.
const AFTER: i64 = 375;

/// The height of a bar's drawing.
const HEIGHT: i64 = 28;

/// A place in the drawing, in hundredths of a percent from its left edge.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Place(i64);

impl Place {
    /// Where a moment stands. What lies outside stands at the edge.
    pub fn of(at: Time, now: Time) -> Self {
        let since = at.unix() - now.unix() + BEFORE * DAY;
        Self((since * 10_000 / ((BEFORE + AFTER) * DAY)).clamp(0, 10_000))
    }

    /// The way from here to there; nothing when that lies before.
    fn to(self, other: Self) -> Self {
        Self((other.0 - self.0).max(0))
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:02}%", self.0 / 100, self.0 % 100)
    }
}

/// The shape that stands for how a tenant stands: also the name of its colour.
pub fn mark(line: &StatusLine) -> &'static str {
    match (state(line), line.level) {
        (State::ExpiredInGrace | State::Expired, _) => "over",
        (State::NotInstalled, _) => "none",
        (_, Level::Critical) => "critical",
        (_, Level::Warning) => "warning",
        (State::Unknown, _) => "unknown",
        (State::Notice, _) => "notice",
        _ => "ok",
    }
}

/// What each shape means, in the order of urgency.
pub const MARKS: [(&str, &str); 7] = [
    ("over", "has ended"),
    ("critical", "critical"),
    ("none", "none is installed"),
    ("warning", "warning"),
    ("unknown", "not known"),
    ("notice", "notice"),
    ("ok", "ok"),
];

/// What the date alone says.
pub fn state(line: &StatusLine) -> State {
    State::ALL.into_iter().find(|state| state.word() == line.state).unwrap_or(State::Unknown)
}

/// A shape alone, beside a word that says the same.
pub fn sign(mark: &str) -> Markup {
    html! { svg class={ "sign " (mark) } width="16" height="16" viewBox="-8 -8 16 16" aria-hidden="true" { use href={ "#" (mark) } {} } }
}

/// What all drawings of a page share: shapes, patterns, and the lines of the months. It shows nothing by itself.
pub fn shared(now: Time) -> Markup {
    html! {
        svg.shared width="0" height="0" aria-hidden="true" focusable="false" {
            defs {
                pattern #dots width="6" height="6" patternUnits="userSpaceOnUse" {
                    rect.notice-back width="6" height="6" {} circle.drawn cx="3" cy="3" r="1.1" {}
                }
                pattern #stripes width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)" {
                    rect.warning-back width="6" height="6" {} rect.drawn width="2" height="6" {}
                }
                pattern #grid width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)" {
                    rect.critical-back width="5" height="5" {} rect.drawn width="1.4" height="5" {} rect.drawn width="5" height="1.4" {}
                }
                circle #ok r="5" {}
                path #notice d="M0-7 7 0 0 7-7 0Z" {}
                path #warning d="M0-7 7.5 6h-15Z" {}
                path #critical d="M-6-6H6V6H-6Z" {}
                path #over d="M-6-3.5-3.5-6 0-2.5 3.5-6 6-3.5 2.5 0 6 3.5 3.5 6 0 2.5-3.5 6-6 3.5-2.5 0Z" {}
                path #none fill-rule="evenodd" d="M-7 0a7 7 0 1 1 14 0a7 7 0 1 1-14 0ZM-4 0a4 4 0 1 0 8 0a4 4 0 1 0-8 0Z" {}
                path #unknown fill-rule="evenodd" d="M-7-2h3v4h-3ZM-2-2h4v4h-4ZM4-2h3v4H4Z" {}
            }
            symbol #months {
                @for (place, _) in months(now) { line.month x1=(place) y1="0" x2=(place) y2="100%" {} }
                line.today x1=(Place::of(now, now)) y1="0" x2=(Place::of(now, now)) y2="100%" {}
            }
        }
    }
}

/// The names of the months, above the bars. January is called by its year.
pub fn axis(now: Time) -> Markup {
    html! {
        svg.axis width="100%" height="18" aria-hidden="true" focusable="false" {
            @for (place, first) in months(now) {
                @let (long, short) = names(first);
                text.long.january[long == short] x=(place) y="13" { (long) }
                text.short.january[long == short] x=(place) y="13" { (short) }
            }
        }
    }
}

/// The first days of the months that are drawn.
fn months(now: Time) -> Vec<(Place, Time)> {
    let days = (-BEFORE..AFTER - 12).map(|day| now.plus(day * DAY));
    let firsts = days.filter(|day| day.iso_date().ends_with("-01"));
    firsts.filter_map(|day| Time::parse(&day.iso_date()).ok()).map(|first| (Place::of(first, now), first)).collect()
}

/// A month's name, and its first letter where there is no room. January is called by its year.
fn names(first: Time) -> (String, String) {
    let date = first.date();
    let mut words = date.split(' ').skip(1);
    let (month, year) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    if month == "Jan" {
        let short = format!("’{}", year.get(2..).unwrap_or_default());
        return (short.clone(), short);
    }
    (month.to_owned(), month.chars().take(1).collect())
}

/// A tenant's bar. What it shows it also says.
pub fn bar(line: &StatusLine, now: Time) -> Markup {
    let mark = mark(line);
    let wrong = line.level == Level::Critical && state(line) < State::Critical;
    html! {
        svg.bar width="100%" height=(HEIGHT) role="img" aria-label=(in_words(line)) {
            use href="#months" width="100%" height="100%" {}
            @if let Some(end) = line.not_after {
                (spans(line, end, now, wrong))
                use class={ "mark " (mark) } href={ "#" (mark) } x=(Place::of(end, now)) y=(HEIGHT / 2) {}
            } @else {
                @let today = Place::of(now, now);
                line.nothing x1=(today) y1=(HEIGHT / 2) x2="97%" y2=(HEIGHT / 2) {}
                use class={ "mark " (mark) } href={ "#" (mark) } x=(today) y=(HEIGHT / 2) {}
            }
        }
    }
}

/// The parts of a bar: calm, then the weeks in which it is planned, due and urgent; or the time since it ended.
fn spans(line: &StatusLine, end: Time, now: Time, wrong: bool) -> Markup {
    let today = Place::of(now, now);
    let before = |days: i64| Place::of(end.plus(-days * DAY), now).max(today);
    let (notice, warning, critical) =
        (before(line.thresholds.notice), before(line.thresholds.warning), before(line.thresholds.critical));
    let (over, grace) = (Place::of(end, now), Place::of(end.plus(line.thresholds.grace * DAY), now));
    html! {
        @if end < now {
            rect.gone x=(over) y="9" width=(over.to(today)) height="10" {}
            @if grace > today { rect.grace x=(today) y="9" width=(today.to(grace)) height="10" {} }
        } @else if wrong {
            rect.wrong x=(today) y="8" width=(today.to(over)) height="12" fill="url(#grid)" {}
        } @else {
            (span("calm", today, notice, None))
            (span("due", notice, warning, Some("url(#dots)")))
            (span("due", warning, critical, Some("url(#stripes)")))
            (span("due", critical, over, Some("url(#grid)")))
        }
    }
}

fn span(class: &str, from: Place, to: Place, fill: Option<&str>) -> Markup {
    html! { @if to > from { rect class=(class) x=(from) y="8" width=(from.to(to)) height="12" fill=[fill] {} } }
}

fn in_words(line: &StatusLine) -> String {
    let Some((end, days)) = line.not_after.zip(line.days_left) else { return "No date is known.".into() };
    let renew = end.plus(-line.thresholds.warning * DAY);
    let when = in_days(days);
    if days < 0 {
        return format!("It ended on {}, {} days ago.", end.date(), -days);
    }
    format!("Ends on {}, {when}; to be renewed from {}.", end.date(), renew.date())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Time = Time::from_unix(1_800_000_000);

    #[test]
    fn places_stay_within_the_drawing() {
        assert_eq!(Place::of(NOW, NOW).to_string(), "10.71%");
        assert_eq!(Place::of(NOW.plus(-400 * DAY), NOW).to_string(), "0.00%");
        assert_eq!(Place::of(NOW.plus(4_000 * DAY), NOW).to_string(), "100.00%");
        assert_eq!(Place::of(NOW, NOW).to(Place::of(NOW.plus(-DAY), NOW)), Place(0));
    }

    #[test]
    fn a_year_has_its_months() {
        // From 1 December 2026 to a year later.
        let found: Vec<_> = months(NOW).into_iter().map(|(_, first)| names(first).0).collect();
        let wanted = ["Dec", "’27", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec", "’28"];
        assert_eq!(found, wanted);
        assert_eq!(names(NOW.plus(31 * DAY)), ("Feb".into(), "F".into()));
    }
}
