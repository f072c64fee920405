//! The same year for very many tenants: how many certificates end in each week.

use maud::{Markup, html};
use pushcert_papers::{DAY, Time};

use super::timeline::{MARKS, Place, axis, mark};
use crate::commands::StatusLine;

/// The height of the drawing.
const HEIGHT: i64 = 96;

/// A week in which certificates end.
struct Week {
    begin: Time,
    /// How many of each of [`MARKS`].
    counts: [i64; MARKS.len()],
}

/// The drawing.
pub fn weeks(lines: &[StatusLine], now: Time) -> Markup {
    let weeks = count(lines, now);
    let most = weeks.iter().map(Week::sum).max().unwrap_or(0).max(1);
    html! {
        figure.weeks {
            figcaption { "How many end in each week; at most " (most) "." }
            (axis(now))
            svg.bar width="100%" height=(HEIGHT) role="img" aria-label=(in_words(&weeks, now)) {
                use href="#months" width="100%" height="100%" {}
                @for week in &weeks { (column(week, most, now)) }
            }
        }
    }
}

impl Week {
    fn sum(&self) -> i64 {
        self.counts.iter().sum()
    }
}

fn count(lines: &[StatusLine], now: Time) -> Vec<Week> {
    let mut weeks: Vec<Week> =
        (-6..53).map(|week| Week { begin: now.plus(week * 7 * DAY), counts: [0; MARKS.len()] }).collect();
    for line in lines {
        let Some(end) = line.not_after else { continue };
        let week = ((end.unix() - now.unix()).div_euclid(7 * DAY) + 6).clamp(0, 58);
        let which = MARKS.iter().position(|(name, _)| *name == mark(line));
        if let (Some(week), Some(which)) = (usize::try_from(week).ok().and_then(|week| weeks.get_mut(week)), which) {
            week.counts[which] += 1;
        }
    }
    weeks
}

/// A week's column, the most urgent at its foot.
fn column(week: &Week, most: i64, now: Time) -> Markup {
    let mut below = 0;
    let mut parts = vec![];
    for (count, (name, _)) in week.counts.iter().zip(MARKS).filter(|(count, _)| **count > 0) {
        let (bottom, top) = (below * HEIGHT / most, (below + count) * HEIGHT / most);
        parts.push((name, HEIGHT - top.max(bottom + 2), (top - bottom).max(2)));
        below += count;
    }
    html! {
        @for (name, top, height) in parts {
            rect class={ "week " (name) } x=(Place::of(week.begin, now)) y=(top) width="1.4%" height=(height) fill=[pattern(name)] {}
        }
    }
}

fn pattern(mark: &str) -> Option<&'static str> {
    match mark {
        "critical" | "over" => Some("url(#grid)"),
        "warning" => Some("url(#stripes)"),
        "notice" => Some("url(#dots)"),
        _ => None,
    }
}

fn in_words(weeks: &[Week], now: Time) -> String {
    let within = |days: i64| weeks.iter().filter(|week| week.begin < now.plus(days * DAY)).map(Week::sum).sum::<i64>();
    format!(
        "{} have ended; {} end within 30 days, {} within 90, {} within the year.",
        within(0),
        within(30) - within(0),
        within(90) - within(0),
        within(400) - within(0)
    )
}
