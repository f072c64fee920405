//! A calendar (RFC 5545): for every certificate the day to renew it, and the moment when it ends.

use std::fmt::Write as _;

use chrono::{DateTime, Duration, Utc};
use icalendar::{Alarm, Calendar, Component, Event, EventLike};
use pushcert_papers::{DAY, Time, escape::printable};

use crate::commands::Watched;

/// The calendar.
pub fn ics(watched: &[Watched]) -> String {
    let mut calendar = Calendar::new();
    calendar.name("Apple push certificates");
    for one in watched {
        if let Some(end) = one.not_after {
            calendar.push(renewal(one, end)).push(ending(one, end));
        }
        for event in super::credentials::events(one) {
            calendar.push(event);
        }
    }
    calendar.to_string()
}

/// The day on which the warning begins, for the whole day, with a reminder at nine.
fn renewal(one: &Watched, end: Time) -> Event {
    let day = end.plus(-one.thresholds.warning * DAY);
    let name = printable(&one.name);
    let mut event = Event::new();
    event
        .uid(&format!("{name}-renew-{}@pushcert", end.unix()))
        .timestamp(moment(one.now))
        .summary(&format!("Renew the Apple push certificate of {name}"))
        .description(&description(one, end))
        .starts(moment(day).date_naive())
        .ends(moment(day.plus(DAY)).date_naive())
        .alarm(reminder(&name, end, one.now));
    event.done()
}

/// A reminder at nine in the morning of that day.
fn reminder(name: &str, end: Time, now: Time) -> Alarm {
    let mut alarm = Alarm::display("Renew the Apple push certificate", Duration::hours(9));
    alarm.uid(&format!("{name}-remind-{}@pushcert", end.unix())).timestamp(moment(now));
    alarm.done()
}

/// The moment of the end.
fn ending(one: &Watched, end: Time) -> Event {
    let name = printable(&one.name);
    let mut event = Event::new();
    event
        .uid(&format!("{name}-end-{}@pushcert", end.unix()))
        .timestamp(moment(one.now))
        .summary(&format!("The Apple push certificate of {name} ends"))
        .description(&description(one, end))
        .starts(moment(end))
        .ends(moment(end));
    event.done()
}

fn description(one: &Watched, end: Time) -> String {
    let account = one.apple_account.as_deref().unwrap_or("not recorded");
    let mut text = format!("It ends on {}.", end.date_and_time());
    if !one.is_file {
        let _ = write!(text, "\nApple account: {}\nCommand: pushcert renew {}", printable(account), one.name);
    }
    text
}

fn moment(time: Time) -> DateTime<Utc> {
    DateTime::from_timestamp(time.unix(), 0).unwrap_or_default()
}
