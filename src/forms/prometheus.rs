//! Metrics in Prometheus' text format. Times are absolute, so that a stale scrape stays true.
//!
//! Ten thousand tenants make a quarter of a million lines, every minute anew: each is put together from texts that are
//! there already, and the whole is handed out in pieces.

use std::{
    borrow::Cow,
    sync::{Arc, LazyLock},
};

use pushcert_papers::{
    DAY, Serial, Time, Topic,
    credential::Credential,
    renewal::Stage,
    watch::{State, Thresholds},
};

use crate::commands::{StatusLine, Watched};

/// Tenants in a piece: some tens of kilobytes.
const PIECE: usize = 128;

/// The metrics of all certificates.
pub fn prometheus(watched: &[Watched]) -> String {
    let facts: Vec<_> = watched.iter().map(Facts::from).collect();
    let mut page = String::new();
    for metric in &METRICS {
        family(&mut page, metric, &facts, &mut false);
    }
    build(&mut page);
    page
}

/// The same of all tenants, in pieces.
pub fn metrics(lines: Arc<[StatusLine]>) -> impl Iterator<Item = String> + Send + 'static {
    let all = METRICS.iter().flat_map({
        let pieces = super::pieces(lines.len(), PIECE);
        move |metric| pieces.clone().map(move |piece| (metric, piece))
    });
    let mut begun = false;
    let written = all.map(move |(metric, piece)| {
        begun &= piece.start > 0;
        let facts: Vec<_> = lines[piece].iter().map(Facts::from).collect();
        let mut page = String::with_capacity(128 << 10);
        family(&mut page, metric, &facts, &mut begun);
        page
    });
    written.chain(std::iter::once_with(|| {
        let mut page = String::new();
        build(&mut page);
        page
    }))
}

/// What metrics are made of, of a tenant or of a file.
struct Facts<'a> {
    name: Cow<'a, str>,
    is_file: bool,
    topic: Option<&'a Topic>,
    serial: Option<&'a Serial>,
    issuer: Option<&'a str>,
    not_before: Option<Time>,
    not_after: Option<Time>,
    state: &'a str,
    problems: &'a [&'static str],
    thresholds: Thresholds,
    step: Option<Stage>,
    seen: Option<(&'static str, Option<Time>)>,
    looked: bool,
    credentials: &'a [Credential],
    now: Time,
}

impl<'a> From<&'a Watched> for Facts<'a> {
    fn from(one: &'a Watched) -> Self {
        Self {
            name: escaped(&one.name),
            is_file: one.is_file,
            topic: one.topic.as_ref(),
            serial: one.serial.as_ref(),
            issuer: one.issuer.as_deref(),
            not_before: one.not_before,
            not_after: one.not_after,
            state: one.state.word(),
            problems: &one.problems,
            thresholds: one.thresholds,
            step: one.step,
            seen: one.seen,
            looked: one.looked,
            credentials: &one.credentials,
            now: one.now,
        }
    }
}

impl<'a> From<&'a StatusLine> for Facts<'a> {
    fn from(line: &'a StatusLine) -> Self {
        Self {
            name: Cow::Borrowed(line.tenant.as_str()),
            is_file: false,
            topic: line.topic.as_ref(),
            serial: line.serial.as_ref(),
            issuer: line.issuer.as_deref(),
            not_before: line.not_before,
            not_after: line.not_after,
            state: line.state,
            problems: &line.problems,
            thresholds: line.thresholds,
            step: Some(line.step),
            seen: Some((line.source, line.seen_at)),
            looked: line.not_asked.is_none(),
            credentials: &line.credentials,
            now: line.now,
        }
    }
}

/// A metric: its name behind `pushcert_`, what it means, and how a certificate's lines are written.
struct Metric {
    name: &'static str,
    help: &'static str,
    write: fn(&mut Lines<'_>, &Facts<'_>),
}

const METRICS: [Metric; 13] = [
    Metric {
        name: "certificate_not_after_timestamp_seconds",
        help: "The last second of the certificate.",
        write: |lines, one| lines.moment(&[], one.not_after),
    },
    Metric {
        name: "certificate_not_before_timestamp_seconds",
        help: "The first second of the certificate.",
        write: |lines, one| lines.moment(&[], one.not_before),
    },
    Metric { name: "certificate_info", help: "What is installed; always 1.", write: info },
    Metric {
        name: "certificate_state",
        help: "1 for the state that holds, 0 for the others.",
        write: |lines, one| lines.flags(&*STATES, one.state),
    },
    Metric {
        name: "tenant_problem",
        help: "1 for everything that is wrong.",
        write: |lines, one| one.problems.iter().for_each(|code| lines.line(&[("code", code)], "1")),
    },
    Metric {
        name: "tenant_seen_timestamp_seconds",
        help: "When that was last seen, and where.",
        write: |lines, one| {
            if let Some((source, at)) = one.seen {
                lines.moment(&[("source", source)], at);
            }
        },
    },
    Metric {
        name: "check_success",
        help: "Whether the last look was possible.",
        write: |lines, one| lines.line(&[], if one.looked { "1" } else { "0" }),
    },
    Metric {
        name: "check_timestamp_seconds",
        help: "When that was judged.",
        write: |lines, one| lines.moment(&[], Some(one.now)),
    },
    Metric {
        name: "renewal_step",
        help: "1 for where the renewal stands, 0 for the others.",
        write: |lines, one| {
            if let Some(step) = one.step {
                lines.flags(&*STEPS, step.word());
            }
        },
    },
    Metric {
        name: "threshold_seconds",
        help: "Seconds before the end at which a level begins.",
        write: |lines, one| {
            let Thresholds { notice, warning, critical, .. } = one.thresholds;
            for (level, days) in [("notice", notice), ("warning", warning), ("critical", critical)] {
                lines.number(&[("level", level)], days * DAY);
            }
        },
    },
    Metric {
        name: "credential_made_timestamp_seconds",
        help: "When the tenant's further credential was made.",
        write: |lines, one| {
            one.credentials.iter().for_each(|found| lines.moment(&[("credential", found.kind.word())], found.made));
        },
    },
    Metric {
        name: "credential_due_timestamp_seconds",
        help: "When it is to be replaced: its end, or the age that the tenant allows it.",
        write: |lines, one| {
            one.credentials.iter().for_each(|found| lines.moment(&[("credential", found.kind.word())], found.due));
        },
    },
    Metric {
        name: "credential_state",
        help: "1 for the state that holds, 0 for the others.",
        write: |lines, one| {
            for found in one.credentials {
                for state in State::ALL {
                    let holds = if state == found.state { "1" } else { "0" };
                    lines.line(&[("credential", found.kind.word()), ("state", state.word())], holds);
                }
            }
        },
    },
];

fn info(lines: &mut Lines<'_>, one: &Facts<'_>) {
    if one.not_after.is_none() && one.topic.is_none() {
        return;
    }
    let serial = one.serial.map(ToString::to_string).unwrap_or_default();
    let topic = one.topic.map(Topic::as_str).unwrap_or_default();
    let issuer = escaped(one.issuer.unwrap_or_default());
    lines.line(&[("topic", topic), ("serial", &serial), ("issuer", &issuer)], "1");
}

/// A word of which one holds, and its label to the end of the line's names: two thirds of all lines are such.
type Flag = (&'static str, String);

static STATES: LazyLock<[Flag; 8]> =
    LazyLock::new(|| State::ALL.map(|state| (state.word(), format!(",state=\"{}\"}} ", state.word()))));

static STEPS: LazyLock<[Flag; 7]> =
    LazyLock::new(|| Stage::ALL.map(|step| (step.word(), format!(",step=\"{}\"}} ", step.word()))));

/// The lines of one metric of one certificate.
struct Lines<'a> {
    page: &'a mut String,
    /// What each of them begins with: the metric and the certificate.
    prefix: &'a str,
}

impl Lines<'_> {
    /// A line with these labels. Their values are written as they are.
    fn line(&mut self, labels: &[(&str, &str)], value: &str) {
        self.page.push_str(self.prefix);
        for (label, text) in labels {
            for part in [",", label, "=\"", text, "\""] {
                self.page.push_str(part);
            }
        }
        for part in ["} ", value, "\n"] {
            self.page.push_str(part);
        }
    }

    /// A line for each of these words: 1 for the one that holds.
    fn flags(&mut self, words: &[Flag], holds: &str) {
        for (word, label) in words {
            let value = if *word == holds { "1\n" } else { "0\n" };
            for part in [self.prefix, label, value] {
                self.page.push_str(part);
            }
        }
    }

    fn number(&mut self, labels: &[(&str, &str)], number: i64) {
        self.line(labels, &number.to_string());
    }

    fn moment(&mut self, labels: &[(&str, &str)], at: Option<Time>) {
        if let Some(at) = at {
            self.number(labels, at.unix());
        }
    }
}

/// The lines of one metric, under its header where it has not begun yet; nothing where there are none.
fn family(page: &mut String, metric: &Metric, facts: &[Facts<'_>], begun: &mut bool) {
    let mut prefix = String::new();
    for one in facts {
        prefix.clear();
        let own = if one.is_file { "path" } else { "tenant" };
        for part in ["pushcert_", metric.name, "{", own, "=\"", &one.name, "\""] {
            prefix.push_str(part);
        }
        let before = page.len();
        if !*begun {
            header(page, metric.name, metric.help);
        }
        let written = page.len();
        (metric.write)(&mut Lines { page, prefix: &prefix }, one);
        if page.len() == written {
            page.truncate(before);
        } else {
            *begun = true;
        }
    }
}

fn build(page: &mut String) {
    header(page, "build_info", "The version; always 1.");
    for part in ["pushcert_build_info{version=\"", env!("CARGO_PKG_VERSION"), "\"} 1\n"] {
        page.push_str(part);
    }
}

fn header(page: &mut String, name: &str, help: &str) {
    typed(page, name, help, "gauge");
}

/// The header of a metric of this type.
pub(super) fn typed(page: &mut String, name: &str, help: &str, kind: &str) {
    for part in ["# HELP pushcert_", name, " ", help, "\n# TYPE pushcert_", name, " ", kind, "\n"] {
        page.push_str(part);
    }
}

/// A label's value: backslash, quotation mark and line end are written out.
pub(super) fn escaped(value: &str) -> Cow<'_, str> {
    if !value.contains(['\\', '"', '\n']) {
        return Cow::Borrowed(value);
    }
    Cow::Owned(value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n"))
}
