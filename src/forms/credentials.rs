//! The further credentials of tenants, in the calendar.

use chrono::{DateTime, Utc};
use icalendar::{Component, Event, EventLike};
use pushcert_papers::{DAY, Time, credential::Credential, escape::printable};

use crate::commands::Watched;

/// The days on which they are due, for the calendar.
pub(super) fn events(one: &Watched) -> Vec<Event> {
    one.credentials.iter().filter_map(|found| Some(event(one, found, found.due?))).collect()
}

fn event(one: &Watched, found: &Credential, due: Time) -> Event {
    let name = printable(&one.name);
    let mut event = Event::new();
    event
        .uid(&format!("{name}-{}-{}@pushcert", found.kind.word(), due.unix()))
        .timestamp(moment(one.now))
        .summary(&format!("{} of {name} is due", found.kind.title()))
        .description(&found.next.command.clone().unwrap_or_else(|| found.next.what.clone()))
        .starts(moment(due).date_naive())
        .ends(moment(due.plus(DAY)).date_naive());
    event.done()
}

fn moment(time: Time) -> DateTime<Utc> {
    DateTime::from_timestamp(time.unix(), 0).unwrap_or_default()
}
