//! Metrics of the watch itself: its rounds, its configuration, and what became of alerts.

use std::fmt::Write as _;

use pushcert_papers::Time;

use super::prometheus::{escaped, typed};
use crate::store::Tally;

/// How the last round went.
pub struct Rounds {
    /// When it ended; `None` before the first.
    pub at: Option<Time>,
    /// Whether it could be made.
    pub well: bool,
}

/// The metrics.
pub fn of_the_watch(rounds: &Rounds, configured: bool, tally: &[Tally]) -> String {
    let mut page = String::new();
    let mut gauge = |name: &str, help: &str, value: i64| {
        typed(&mut page, name, help, "gauge");
        let _ = writeln!(page, "pushcert_{name} {value}");
    };
    if let Some(at) = rounds.at {
        gauge("watch_round_timestamp_seconds", "When the last round ended that could be made.", at.unix());
    }
    gauge("watch_round_success", "Whether the last round could be made.", i64::from(rounds.well));
    gauge(
        "watch_configuration_success",
        "Whether the configuration that is there now is in use.",
        i64::from(configured),
    );
    let (settled, waiting): (Vec<_>, Vec<_>) = tally.iter().partition(|one| one.result != "waiting");
    if !settled.is_empty() {
        typed(
            &mut page,
            "alerts_sent_total",
            "Alerts that a channel took (sent), or that were given up (dead).",
            "counter",
        );
    }
    for one in settled {
        let _ = writeln!(page, "pushcert_alerts_sent_total{{{},result=\"{}\"}} {}", labels(one), one.result, one.count);
    }
    if !waiting.is_empty() {
        typed(&mut page, "alerts_waiting", "Alerts that a channel did not take, and that are tried again.", "gauge");
    }
    for one in waiting {
        let _ = writeln!(page, "pushcert_alerts_waiting{{{}}} {}", labels(one), one.count);
    }
    page
}

fn labels(one: &Tally) -> String {
    format!("tenant=\"{}\",channel=\"{}\"", one.tenant, escaped(&one.channel))
}

#[cfg(test)]
mod tests {
    use pushcert_papers::TenantName;

    use super::*;

    #[test]
    fn alerts_are_counted_by_what_became_of_them() {
        let one = |result: &str, count| Tally {
            tenant: TenantName::parse("acme").expect("a name"),
            channel: "ops \"mail\"".into(),
            result: result.into(),
            count,
            why: None,
        };
        let page =
            of_the_watch(&Rounds { at: None, well: false }, true, &[one("sent", 3), one("waiting", 1), one("dead", 2)]);
        for line in [
            "pushcert_watch_round_success 0",
            "pushcert_watch_configuration_success 1",
            "# TYPE pushcert_alerts_sent_total counter",
            "pushcert_alerts_sent_total{tenant=\"acme\",channel=\"ops \\\"mail\\\"\",result=\"sent\"} 3",
            "pushcert_alerts_sent_total{tenant=\"acme\",channel=\"ops \\\"mail\\\"\",result=\"dead\"} 2",
            "pushcert_alerts_waiting{tenant=\"acme\",channel=\"ops \\\"mail\\\"\"} 1",
        ] {
            assert!(page.lines().any(|found| found == line), "{line} is missing in\n{page}");
        }
    }
}
