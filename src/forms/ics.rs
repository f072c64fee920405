//! A calendar (RFC 5545): for every certificate the day to renew it, and the moment when it ends.

use std::{fmt::Write as _, iter, sync::Arc};

use chrono::{DateTime, Duration, Utc};
use icalendar::{Alarm, Calendar, Component, Event, EventLike};
use pushcert_papers::{DAY, Time, escape::printable};

use crate::commands::{StatusLine, Watched};

/// Tenants in a piece.
const PIECE: usize = 64;

/// The calendar.
pub fn ics(watched: &[Watched]) -> String {
    let (begin, end) = frame();
    watched.iter().map(events).fold(begin, |calendar, events| calendar + &events) + &end
}

/// The same of all tenants, in pieces.
pub fn calendar(lines: Arc<[StatusLine]>) -> impl Iterator<Item = String> + Send + 'static {
    let (begin, end) = frame();
    let pieces = super::pieces(lines.len(), PIECE);
    let events = pieces.map(move |piece| lines[piece].iter().map(|line| events(&Watched::from(line))).collect());
    iter::once(begin).chain(events).chain(iter::once(end))
}

/// What stands before all events, and behind them.
fn frame() -> (String, String) {
    let empty = Calendar::new().name("Apple push certificates").done().to_string();
    let end = empty.find("END:VCALENDAR").unwrap_or(empty.len());
    (empty[..end].to_owned(), empty[end..].to_owned())
}

fn events(one: &Watched) -> String {
    let dates = one.not_after.map(|end| [renewal(one, end), ending(one, end)]);
    dates.into_iter().flatten().chain(super::credentials::events(one)).map(|event| event.to_string()).collect()
}

/// The day from which it is due, as `next` names it, for the whole day, with a reminder at nine. What is due already is due
/// today: nobody looks for it in the past.
fn renewal(one: &Watched, end: Time) -> Event {
    let days = one.thresholds.notice.max(one.thresholds.warning);
    let day = end.plus(-days * DAY).max(one.now);
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
