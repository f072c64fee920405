//! What monitoring systems' own parsers make of our answers: `Monitoring::Plugin`, Prometheus' promtool, Python's icalendar and
//! junitparser, and a schema. None of them is ours.

use std::{
    fs,
    io::Write,
    path::Path,
    process::{Command, Stdio},
};

use serde_json::{Value, json};

use crate::shell::{has, home, program, run, skipped_unless, text};

const NOW: &str = "2026-11-23";

/// A published list with a tenant in every state, and one with a wrong topic.
fn list(folder: &Path) -> String {
    let topic = |last: &str| format!("com.apple.mgmt.External.11111111-aaaa-4aaa-8aaa-11111111111{last}");
    let tenant = |name: &str, end: Value| {
        json!({ "tenant": name, "mdm": "mobileiron-cloud", "not_after": end, "not_before": "2026-01-01T00:00:00Z",
            "source": "console", "seen_at": "2026-11-22T00:00:00Z", "enrolled_topic": topic("1"), "topic": topic("1"),
            "serial": "00bd21f2c835063b" })
    };
    let other = json!({ "tenant": "stark", "mdm": "manual", "not_after": "2027-06-02T01:27:33Z", "source": "file",
        "enrolled_topic": topic("1"), "topic": topic("2") });
    let tenants = [
        tenant("acme", json!("2026-12-02T01:27:33Z")),
        tenant("globex", json!("2027-06-02T01:27:33Z")),
        tenant("initech", json!("2026-11-20T01:27:33Z")),
        tenant("umbrella", Value::Null),
        tenant("hooli", json!("2026-12-20T01:27:33Z")),
        other,
    ];
    let path = folder.join("status.json");
    fs::write(&path, json!({ "schema": "pushcert/status-list/1", "tenants": tenants }).to_string()).expect("written");
    path.display().to_string()
}

/// Those tenants in this form, and certificate files with awkward names.
fn answers(form: &str) -> [Vec<u8>; 2] {
    let home = home();
    let status = run(home.path(), &["status", "--from", &list(home.path()), "--at", NOW, "-o", form]);
    let files = home.path().join("files");
    fs::create_dir(&files).expect("a folder");
    for (name, paper) in [
        ("a'b=c|d; \"e\".pem", "renewal-after"),
        ("käse ☃.pem", "renewal-before"),
        ("ended.pem", "expired"),
        ("no certificate.txt", "request"),
    ] {
        let ending = if paper == "request" { "txt" } else { "pem" };
        fs::copy(format!("fixtures/papers/{paper}.{ending}"), files.join(name)).expect("copied");
    }
    let trust = ["--authorities", "fixtures/papers/authorities.pem", "--at", NOW, "-o", form];
    let check = run(home.path(), &[&["check", &files.display().to_string()], &trust[..]].concat());
    [status.stdout, check.stdout]
}

/// Whether this module of the language's interpreter is there.
fn has_module(interpreter: &str, arguments: &[&str], what: &str) -> bool {
    let found = Command::new(interpreter).args(arguments).output();
    skipped_unless(found.is_ok_and(|output| output.status.success()), what)
}

/// What a program says of what it reads on its standard input; it must be content.
fn content(command: &mut Command, input: &[u8]) -> String {
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program runs");
    child.stdin.take().expect("its input").write_all(input).expect("written");
    let output = child.wait_with_output().expect("it ends");
    let said = format!("{}{}", text(&output.stdout), text(&output.stderr));
    assert!(output.status.success(), "{command:?}\n{said}\n{}", text(input));
    said
}

fn python(script: &str, input: &[u8]) -> String {
    content(Command::new("python3").args(["-c", script]), input)
}

#[test]
fn monitoring_plugin_reads_the_performance_data() {
    if !has("perl") || !has_module("perl", &["-MMonitoring::Plugin::Performance", "-e1"], "Perl's Monitoring::Plugin") {
        return;
    }
    // The label, the value, both ranges, and what the parser itself makes of them: 0, 1 or 2.
    let script = "my ($words, $data) = split / \\| /, <STDIN>; \
        die 'other text' if $data =~ /\\n./; \
        for (Monitoring::Plugin::Performance->parse_perfstring($data)) { \
            print join(' ', map { defined $_ ? $_ : '-' } $_->label, $_->value, $_->warning, $_->critical, $_->threshold->get_status($_->value)), qq{\\n} }";
    let read =
        |line: &[u8]| content(Command::new("perl").args(["-MMonitoring::Plugin::Performance", "-e", script]), line);
    let [tenants, files] = answers("nagios");
    let wanted = "acme_days_left 9 30: 14: 2\nglobex_days_left 191 30: 14: 0\ninitech_days_left -3 30: 14: 2\n\
                  hooli_days_left 27 30: 14: 1\nstark_days_left 191 30: 14: 0\n";
    assert_eq!(read(&tenants), wanted, "{}", text(&tenants));
    let found = read(&files);
    let values: Vec<_> = found.lines().filter_map(|line| line.split_once(" 30: 14: ")).collect();
    assert_eq!(values.len(), 3, "a request has no days left: {found}{}", text(&files));
    assert!(values.iter().any(|(label, status)| label.contains("a_b_c_d") && *status == "0"), "{found}");
}

#[test]
fn promtool_checks_the_metrics() {
    if !has("promtool") {
        return;
    }
    for metrics in answers("prometheus") {
        assert!(metrics.len() > 1000);
        content(Command::new("promtool").args(["check", "metrics"]), &metrics);
    }
}

#[test]
fn python_reads_the_calendar() {
    if !has("python3") || !has_module("python3", &["-c", "import icalendar"], "Python's icalendar") {
        return;
    }
    let script = "import sys, icalendar, datetime; c = icalendar.Calendar.from_ical(sys.stdin.buffer.read()); \
        assert c['VERSION'] == '2.0' and c['PRODID'], c; assert not c.errors, c.errors; e = list(c.walk('VEVENT')); \
        assert len({str(x['UID']) for x in e}) == len(e); \
        assert all(x['DTSTAMP'].dt.tzinfo is not None for x in e); \
        assert all(not x.errors for x in c.walk()), [x.errors for x in c.walk()]; \
        assert all(type(a['TRIGGER'].dt) is datetime.timedelta and a['ACTION'] == 'DISPLAY' for a in c.walk('VALARM')); \
        print(*sorted(f'{x.decoded(\"DTSTART\").isoformat()} {x[\"SUMMARY\"]}' for x in e), sep='\\n')";
    let [tenants, files] = answers("ics");
    let said = python(script, &tenants);
    for line in [
        "2026-11-23 Renew the Apple push certificate of acme",
        "2026-12-02T01:27:33+00:00 The Apple push certificate of acme ends",
        "2027-06-02T01:27:33+00:00 The Apple push certificate of globex ends",
    ] {
        assert!(said.lines().any(|found| found == line), "{line} is missing in\n{said}");
    }
    assert_eq!(said.lines().count(), 10, "two for each with a date: {said}");
    assert!(python(script, &files).contains("käse ☃.pem"), "names in other letters");
}

#[test]
fn others_read_the_report() {
    let reports = answers("junit");
    if has("xmllint") {
        for report in &reports {
            content(Command::new("xmllint").args(["--noout", "--schema", "tests/schemas/junit.xsd", "-"]), report);
        }
    }
    if !has("python3") || !has_module("python3", &["-c", "import junitparser"], "Python's junitparser") {
        return;
    }
    let script = "import sys, junitparser; x = junitparser.JUnitXml.fromstring(sys.stdin.buffer.read()); \
        [print(x.tests, x.failures, x.errors, s.tests, s.failures, s.errors, len([c for c in s if c.is_failure]), \
        len([c for c in s if c.is_error])) for s in x]";
    let said = reports.map(|report| python(script, &report));
    assert_eq!(said, ["6 4 1 6 4 1 4 1\n", "4 2 1 4 2 1 2 1\n"]);
}

/// A run that is ended before it has an answer says so; and what fails after the answer takes nothing back.
#[test]
fn nagios_gets_one_line_whatever_happens() {
    let home = home();
    let (config, public) = (home.path().join("pushcert.toml"), home.path().join("public"));
    fs::write(&config, format!("public_dir = \"{}\"\n[tenants.acme]\nmdm = \"manual\"\n", public.display()))
        .expect("written");
    let arguments = ["--config", &config.display().to_string(), "status", "-o", "nagios"];
    let output = succeeds_with(program(home.path()).args(arguments), 3);
    assert_eq!(output, "PUSHCERT UNKNOWN - acme is unknown\n", "the folder is not there, and the answer stands");
    fs::create_dir(&public).expect("a folder");
    succeeds_with(program(home.path()).args(arguments), 3);
    assert!(public.join("status.json").is_file());
    let nowhere = [&arguments[..], &["--output-file", "/nowhere/at/all"]].concat();
    let output = succeeds_with(program(home.path()).args(nowhere), 3);
    assert!(output.starts_with("PUSHCERT UNKNOWN - /nowhere/at/all") && output.lines().count() == 1, "{output}");
}

fn succeeds_with(command: &mut Command, code: i32) -> String {
    let output = command.stdin(Stdio::null()).output().expect("the program runs");
    assert_eq!(output.status.code(), Some(code), "{}{}", text(&output.stdout), text(&output.stderr));
    text(&output.stdout)
}
