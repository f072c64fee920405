//! Metrics in Prometheus' text format. Times are absolute, so that a stale scrape stays true.

use std::fmt::Write as _;

use pushcert_papers::{
    Time,
    renewal::Stage,
    watch::{State, Thresholds},
};

use crate::commands::Watched;

/// A metric of one certificate: its labels beside the certificate's own, and its value.
type Samples = Vec<(Vec<(&'static str, String)>, String)>;

/// The metrics of all certificates.
pub fn prometheus(watched: &[Watched]) -> String {
    let mut page = String::new();
    family(
        &mut page,
        watched,
        "certificate_not_after_timestamp_seconds",
        "The last second of the certificate.",
        |one| moment(one.not_after),
    );
    family(
        &mut page,
        watched,
        "certificate_not_before_timestamp_seconds",
        "The first second of the certificate.",
        |one| moment(one.not_before),
    );
    family(&mut page, watched, "certificate_info", "What is installed; always 1.", info);
    family(&mut page, watched, "certificate_state", "1 for the state that holds, 0 for the others.", |one| {
        State::ALL.iter().map(|state| (vec![("state", state.word().into())], flag(*state == one.state))).collect()
    });
    family(&mut page, watched, "tenant_problem", "1 for everything that is wrong.", |one| {
        one.problems.iter().map(|code| (vec![("code", (*code).into())], "1".into())).collect()
    });
    family(&mut page, watched, "tenant_seen_timestamp_seconds", "When that was last seen, and where.", |one| {
        let seen = one.seen.and_then(|(source, at)| Some((source, at?)));
        seen.map(|(source, at)| (vec![("source", source.into())], at.unix().to_string())).into_iter().collect()
    });
    family(&mut page, watched, "check_success", "Whether the last look was possible.", |one| {
        vec![(vec![], flag(one.looked))]
    });
    family(&mut page, watched, "check_timestamp_seconds", "When that was judged.", |one| moment(Some(one.now)));
    family(&mut page, watched, "renewal_step", "1 for where the renewal stands, 0 for the others.", |one| {
        let steps = one.step.map_or(&[][..], |_| &Stage::ALL);
        steps.iter().map(|step| (vec![("step", step.word().into())], flag(one.step == Some(*step)))).collect()
    });
    family(&mut page, watched, "threshold_seconds", "Seconds before the end at which a level begins.", thresholds);
    header(&mut page, "build_info", "The version; always 1.");
    let _ = writeln!(page, "pushcert_build_info{{version=\"{}\"}} 1", env!("CARGO_PKG_VERSION"));
    page
}

fn moment(time: Option<Time>) -> Samples {
    time.map(|time| (vec![], time.unix().to_string())).into_iter().collect()
}

fn flag(holds: bool) -> String {
    u8::from(holds).to_string()
}

fn info(one: &Watched) -> Samples {
    if one.not_after.is_none() && one.topic.is_none() {
        return vec![];
    }
    let text = |value: Option<String>| value.unwrap_or_default();
    let labels = vec![
        ("topic", text(one.topic.as_ref().map(ToString::to_string))),
        ("serial", text(one.serial.as_ref().map(ToString::to_string))),
        ("issuer", text(one.issuer.clone())),
    ];
    vec![(labels, "1".into())]
}

fn thresholds(one: &Watched) -> Samples {
    let Thresholds { notice, warning, critical, .. } = one.thresholds;
    let levels = [("notice", notice), ("warning", warning), ("critical", critical)];
    levels.map(|(level, days)| (vec![("level", level.into())], (days * pushcert_papers::DAY).to_string())).into()
}

fn header(page: &mut String, name: &str, help: &str) {
    let _ = writeln!(page, "# HELP pushcert_{name} {help}\n# TYPE pushcert_{name} gauge");
}

/// All samples of one metric, under its header; nothing where there are none.
fn family(page: &mut String, watched: &[Watched], name: &str, help: &str, samples: impl Fn(&Watched) -> Samples) {
    let mut begun = false;
    for one in watched {
        for (labels, value) in samples(one) {
            if !begun {
                header(page, name, help);
                begun = true;
            }
            let own = if one.is_file { "path" } else { "tenant" };
            let _ = write!(page, "pushcert_{name}{{{own}=\"{}\"", escaped(&one.name));
            for (label, value) in labels {
                let _ = write!(page, ",{label}=\"{}\"", escaped(&value));
            }
            let _ = writeln!(page, "}} {value}");
        }
    }
}

/// A label's value: backslash, quotation mark and line end are written out.
fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}
