//! One line for Nagios, Icinga and their kin, after the Monitoring Plugins Development Guidelines.

use pushcert_papers::{escape::printable, watch::Level};

use super::in_days;
use crate::commands::Watched;

/// The line, and the level that is the exit code.
pub fn nagios(watched: &[Watched]) -> (String, Level) {
    let level = watched.iter().map(|one| one.level).max().unwrap_or(Level::Unknown);
    let mut loud: Vec<_> = watched.iter().filter(|one| one.level != Level::Ok).collect();
    loud.sort_by_key(|one| std::cmp::Reverse(one.level));
    let words = match (watched, loud.as_slice()) {
        ([], _) => "nothing is watched".to_owned(),
        ([one], _) => sentence(one),
        (all, []) => format!("{} certificates, the first ends {}", all.len(), first_end(all)),
        (_, loud) => loud.iter().map(|one| sentence(one)).collect::<Vec<_>>().join(", "),
    };
    let data: Vec<_> = watched.iter().filter_map(|one| performance(one, watched.len() > 1)).collect();
    let data = if data.is_empty() { String::new() } else { format!(" | {}", data.join(" ")) };
    (format!("PUSHCERT {} - {}{data}\n", level.word(), plain(&words)), level)
}

/// The line of a run that came to no answer.
pub fn unknown(why: &str) -> String {
    format!("PUSHCERT {} - {}\n", Level::Unknown.word(), plain(why.lines().next().unwrap_or_default()))
}

/// A text that cannot be taken for performance data, or for another line.
fn plain(text: &str) -> String {
    printable(text).replace('|', "/")
}

fn sentence(one: &Watched) -> String {
    let date = match (one.not_after, one.days_left) {
        (Some(end), Some(days)) => format!("{} ends {} ({})", one.name, in_days(days), end.iso_date()),
        _ if one.is_file => format!("{} is no certificate", one.name),
        _ => format!("{} is {}", one.name, one.state.word()),
    };
    // "ends ended 3 days ago" would be said of one that has ended.
    let date = date.replace("ends ended", "ended");
    one.why.map_or_else(|| date.clone(), |why| format!("{date}: {why}"))
}

fn first_end(all: &[Watched]) -> String {
    let first = all.iter().filter_map(|one| one.not_after.zip(one.days_left)).min();
    first.map_or_else(|| "on no known date".into(), |(end, days)| format!("{} ({})", in_days(days), end.iso_date()))
}

/// `'label'=value;warn;crit;min;max`: the ranges are those in which all is well.
fn performance(one: &Watched, several: bool) -> Option<String> {
    let days = one.days_left?;
    let name = match (one.is_file, several) {
        (false, _) => format!("{}_days_left", one.name),
        (true, false) => "days_left".to_owned(),
        (true, true) => one.name.clone(),
    };
    // A quotation mark may be doubled, says the guideline; Monitoring::Plugin's parser stops at it.
    let label = printable(&name).replace(['=', '|', '\''], "_");
    Some(format!("'{label}'={days};{}:;{}:;;", one.thresholds.warning, one.thresholds.critical))
}

#[cfg(test)]
mod tests {
    use pushcert_papers::{
        Time,
        watch::{State, Thresholds},
    };

    use super::*;

    fn tenant(name: &str, days: i64) -> Watched {
        let now = Time::parse("2026-11-23").expect("a date");
        let end = now.plus(days * pushcert_papers::DAY);
        let state = State::of(Some(end), &Thresholds::default(), now);
        Watched {
            name: name.into(),
            is_file: false,
            level: Level::of(state, false, &[]),
            state,
            problems: vec![],
            why: None,
            topic: None,
            serial: None,
            issuer: None,
            not_before: None,
            not_after: Some(end),
            days_left: Some(days),
            thresholds: Thresholds::default(),
            step: None,
            seen: None,
            looked: true,
            next: None,
            apple_account: None,
            credentials: vec![],
            now,
        }
    }

    #[test]
    fn one_tenant() {
        let wanted = "PUSHCERT CRITICAL - acme ends in 9 days (2026-12-02) | 'acme_days_left'=9;30:;14:;;\n";
        assert_eq!(nagios(&[tenant("acme", 9)]), (wanted.into(), Level::Critical));
        let over = "PUSHCERT CRITICAL - acme ended 3 days ago (2026-11-20) | 'acme_days_left'=-3;30:;14:;;\n";
        assert_eq!(nagios(&[tenant("acme", -3)]).0, over);
    }

    #[test]
    fn of_several_only_those_that_are_not_well_are_named() {
        let (line, level) = nagios(&[tenant("a", 200), tenant("b", 20), tenant("c", 9)]);
        assert!(
            line.starts_with("PUSHCERT CRITICAL - c ends in 9 days (2026-12-02), b ends in 20 days (2026-12-13) | ")
        );
        assert_eq!((line.matches("_days_left").count(), level), (3, Level::Critical));
        let (line, level) = nagios(&[tenant("a", 200), tenant("b", 100)]);
        assert!(line.starts_with("PUSHCERT OK - 2 certificates, the first ends in 100 days (2027-03-03) | "), "{line}");
        assert_eq!(level, Level::Ok);
        assert_eq!(nagios(&[]).1, Level::Unknown);
    }

    #[test]
    fn names_cannot_break_the_line() {
        let odd = Watched { is_file: true, ..tenant("a'b=c|d\ne.pem", 200) };
        let (line, _) = nagios(&[odd.clone(), odd]);
        assert_eq!((line.lines().count(), line.matches('|').count()), (1, 1), "{line}");
        assert!(line.contains("'a_b_c_d"), "{line}");
    }
}
