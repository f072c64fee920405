//! What monitoring jobs read: one line, metrics, a report, a calendar, and the exit codes beside them.

use std::{fs, path::Path, process::Output};

use serde_json::{Value, json};

use crate::shell::{home, run, text};

const END: &str = "2026-12-02T01:27:33Z";

/// A published status list with one tenant.
fn list(folder: &Path, tenant: &Value) -> String {
    let path = folder.join("status.json");
    let list = json!({ "schema": "pushcert/status-list/1", "at": "2026-11-23T00:00:00Z", "tenants": [tenant] });
    fs::write(&path, list.to_string()).expect("written");
    path.display().to_string()
}

fn acme() -> Value {
    json!({
        "tenant": "acme", "mdm": "mobileiron-cloud", "not_after": END, "source": "file",
        "enrolled_topic": "com.apple.mgmt.External.11111111-aaaa-4aaa-8aaa-111111111111",
        "topic": "com.apple.mgmt.External.11111111-aaaa-4aaa-8aaa-111111111111",
    })
}

fn said(output: &Output) -> (String, Option<i32>) {
    (text(&output.stdout), output.status.code())
}

fn nagios(tenant: &Value, at: &str) -> (String, Option<i32>) {
    let home = home();
    let from = list(home.path(), tenant);
    said(&run(home.path(), &["status", "--from", &from, "-o", "nagios", "--at", at]))
}

#[test]
fn every_state_has_its_exit_code_for_nagios() {
    let line = "PUSHCERT CRITICAL - acme ends in 9 days (2026-12-02) | 'acme_days_left'=9;30:;14:;;\n";
    assert_eq!(nagios(&acme(), "2026-11-23T01:27:33Z"), (line.into(), Some(2)));
    let table = [
        ("2026-09-01", 0),
        // To the second: a level begins when strictly less is left.
        ("2026-11-02T01:27:33Z", 0),
        ("2026-11-02T01:27:34Z", 1),
        ("2026-11-18T01:27:33Z", 1),
        ("2026-11-18T01:27:34Z", 2),
        ("2026-12-10", 2),
        ("2027-06-01", 2),
    ];
    for (at, code) in table {
        assert_eq!(nagios(&acme(), at).1, Some(code), "{at}");
    }
    let with = |key: &str, value: Value| {
        let mut tenant = acme();
        tenant[key] = value;
        nagios(&tenant, "2026-09-01")
    };
    let other = with("topic", json!("com.apple.mgmt.External.22222222-bbbb-4bbb-8bbb-222222222222"));
    assert!(other.0.contains("topic-changed") && other.1 == Some(2), "{other:?}");
    assert_eq!(with("not_after", Value::Null).1, Some(3));
    let none = with("state", json!("not-installed"));
    assert_eq!(none.1, Some(2), "{none:?}");
}

#[test]
fn whatever_goes_wrong_is_one_line_for_nagios() {
    let home = home();
    let wrong: [&[&str]; 6] = [
        &["status", "--no-such-flag", "-o", "nagios"],
        &["status", "-o", "nagios", "--from", "/nowhere.json"],
        &["status", "--output=nagios", "nobody"],
        &["history", "-o", "nagios"],
        &["status", "-o", "nagios", "--config", "/nowhere.toml"],
        &["status", "-o", "nagios", "--from", "http://status.example.com/status.json"],
    ];
    for arguments in wrong {
        let (line, code) = said(&run(home.path(), arguments));
        assert!(line.starts_with("PUSHCERT UNKNOWN - ") && line.lines().count() == 1, "{arguments:?}: {line}");
        assert_eq!(code, Some(3), "{arguments:?}");
    }
}

#[test]
fn a_certificate_alone_is_watched_too() {
    let home = home();
    let from = ["status", "--from", "fixtures/papers/renewal-after.pem", "--at", "2026-06-01", "-o"];
    let (line, code) = said(&run(home.path(), &[&from[..], &["nagios"]].concat()));
    let wanted =
        "PUSHCERT OK - renewal-after ends in 354 days (2027-05-21) | 'renewal-after_days_left'=354;30:;14:;;\n";
    assert_eq!((line.as_str(), code), (wanted, Some(0)));
    let due = [&from[..5], &["-o", "json", "--fail-on", "ok"]].concat();
    let (line, code) = said(&run(home.path(), &due));
    assert_eq!(code, Some(9), "{line}");
    let check = ["check", "fixtures/papers/renewal-after.pem", "--authorities", "fixtures/papers/authorities.pem"];
    for (days, wanted) in [("354", 0), ("355", 1), ("400", 1)] {
        let limits = ["--at", "2026-06-01", "-o", "nagios", "-w", days];
        let (line, code) = said(&run(home.path(), &[&check[..], &limits].concat()));
        assert_eq!(code, Some(wanted), "{line}");
        assert!(line.contains(&format!("'days_left'=354;{days}:;14:;;")), "{line}");
    }
}

#[test]
fn results_go_into_a_file_that_others_may_read() {
    let home = home();
    let (from, into) = (list(home.path(), &acme()), home.path().join("pushcert.prom"));
    let path = into.display().to_string();
    let status = ["status", "--from", &from, "-o", "prometheus", "--at", "2026-11-23", "--output-file", &path];
    let output = run(home.path(), &status);
    assert_eq!((output.stdout.as_slice(), output.status.code()), (&b""[..], Some(0)), "{}", text(&output.stderr));
    let metrics = fs::read_to_string(&into).expect("metrics");
    for line in [
        "pushcert_certificate_not_after_timestamp_seconds{tenant=\"acme\"} 1796174853",
        "pushcert_certificate_state{tenant=\"acme\",state=\"critical\"} 1",
        "pushcert_certificate_state{tenant=\"acme\",state=\"ok\"} 0",
        "pushcert_check_success{tenant=\"acme\"} 1",
        "pushcert_threshold_seconds{tenant=\"acme\",level=\"warning\"} 2592000",
    ] {
        assert!(metrics.lines().any(|found| found == line), "{line} is missing in\n{metrics}");
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(fs::metadata(&into).expect("metadata").permissions().mode() & 0o777, 0o644);
    }
    let nowhere = [&status[..8], &["/nowhere/at/all/pushcert.prom"]].concat();
    assert_eq!(run(home.path(), &nowhere).status.code(), Some(1), "a file that cannot be written is no success");
}

#[test]
fn what_is_published_can_be_watched_by_another_account() {
    let home = home();
    let public = home.path().join("public");
    fs::create_dir(&public).expect("a folder");
    let config = home.path().join("pushcert.toml");
    let topic = "com.apple.mgmt.External.11111111-aaaa-4aaa-8aaa-111111111111";
    let people = "owner = \"IT <it@example.com>\"\napple_account = \"push@example.com\"\n";
    let tenant = format!("[tenants.acme]\nmdm = \"manual\"\nenrolled_topic = \"{topic}\"\n{people}");
    fs::write(&config, format!("public_dir = \"{}\"\n{tenant}", public.display())).expect("written");
    let config = config.display().to_string();
    let adopt = ["--config", &config, "adopt", "acme", "fixtures/papers/renewal-after.pem", "--confirm-topic", topic];
    let adopted = run(home.path(), &adopt);
    assert_eq!(adopted.status.code(), Some(0), "{}{}", text(&adopted.stdout), text(&adopted.stderr));
    let list = fs::read_to_string(public.join("status.json")).expect("published");
    assert!(list.contains("pushcert/status-list/1") && list.contains(topic) && !list.contains("@example.com"));
    for name in ["status.json", "acme.pem"] {
        let from = public.join(name).display().to_string();
        let stranger = crate::shell::home();
        let (line, code) =
            said(&run(stranger.path(), &["status", "--from", &from, "-o", "nagios", "--at", "2026-06-01"]));
        assert!(line.contains("acme ends in 354 days (2027-05-21)") && code == Some(0), "{name}: {line}");
        let (table, _) = said(&run(stranger.path(), &["status", "--from", &from, "--at", "2026-06-01"]));
        assert!(table.contains("21 May 2027") && !table.contains("APPLE ACCOUNT"), "{table}");
        assert!(!table.contains("not recorded"), "it is only not published: {table}");
        assert_eq!(fs::read_dir(stranger.path()).expect("a home").count(), 0, "no store is made");
    }
}

#[test]
#[cfg(unix)]
fn a_certificate_that_is_published_already_is_not_written_again() {
    use std::os::unix::fs::MetadataExt;
    let home = home();
    let public = home.path().join("public");
    fs::create_dir(&public).expect("a folder");
    let config = home.path().join("pushcert.toml");
    let tenants = ["acme", "globex"].map(|name| format!("[tenants.{name}]\nmdm = \"manual\"\n"));
    fs::write(&config, format!("public_dir = {public:?}\n{}", tenants.concat())).expect("written");
    let config = config.display().to_string();
    let say = |arguments: &[&str]| said(&run(home.path(), &[&["--config", &config], arguments].concat()));
    let adopt = |tenant: &str, file: &str| {
        let (talk, code) = say(&["adopt", tenant, &format!("fixtures/papers/{file}.pem")]);
        assert_eq!(code, Some(0), "{talk}");
    };
    // A file that is written anew is another one, with a number of its own.
    let number = |name: &str| fs::metadata(public.join(name)).map(|file| file.ino()).ok();
    adopt("acme", "renewal-before");
    adopt("globex", "renewal-after");
    let (acme, globex) = (number("acme.pem").expect("published"), number("globex.pem").expect("published"));
    say(&["watch", "--once"]);
    assert_eq!((number("acme.pem"), number("globex.pem")), (Some(acme), Some(globex)), "nothing has changed");
    adopt("acme", "renewal-after");
    assert_eq!(number("globex.pem"), Some(globex), "the other one has not changed");
    assert_ne!(number("acme.pem"), Some(acme));
    let same = |name: &str| fs::read(public.join(name)).expect("published");
    assert_eq!(same("acme.pem"), same("globex.pem"));
    fs::remove_file(public.join("acme.pem")).expect("removed");
    fs::write(public.join("globex.pem"), "not ours").expect("written");
    say(&["watch", "--once"]);
    assert_eq!(same("acme.pem"), same("globex.pem"), "what somebody took away or spoilt is put back");
}

#[test]
fn a_calendar_and_a_report() {
    let home = home();
    let from = list(home.path(), &acme());
    let status = |form: &str| said(&run(home.path(), &["status", "--from", &from, "--at", "2026-11-23", "-o", form])).0;
    let calendar = status("ics");
    for line in
        ["BEGIN:VCALENDAR", "DTSTART;VALUE=DATE:20261123", "DTEND;VALUE=DATE:20261124", "DTSTART:20261202T012733Z"]
    {
        assert!(calendar.contains(&format!("{line}\r\n")), "{line} is missing in\n{calendar}");
    }
    assert!(calendar.lines().all(|line| line.len() <= 75), "lines are folded");
    assert_eq!(calendar, status("ics"), "the same certificate gives the same calendar");
    // What is not due yet stands on the day that  next  names, and a renewal that is due on today.
    let early = said(&run(home.path(), &["status", "--from", &from, "--at", "2026-08-01", "-o", "ics"])).0;
    assert!(early.contains("DTSTART;VALUE=DATE:20261003\r\n"), "{early}");
    let report = status("junit");
    let failure = "<failure type=\"critical\" message=\"PUSHCERT CRITICAL - acme ends in 9 days (2026-12-02)\">";
    assert!(
        report.contains("<testsuites tests=\"1\" failures=\"1\" errors=\"0\">") && report.contains(failure),
        "{report}"
    );
}

/// Where nobody is configured, a round finds nobody in order.
#[test]
fn where_there_is_no_tenant_the_way_to_one_is_named() {
    let home = home();
    for arguments in [&["status"][..], &["watch", "--once"], &["status", "--tag", "emea"]] {
        let output = run(home.path(), arguments);
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(6), "{arguments:?}: {}{said}", text(&output.stdout));
        let ways = ["no tenant is configured", "pushcert init", "--config FILE"];
        assert!(ways.iter().all(|way| said.contains(way)), "{arguments:?}: {said}");
        assert_eq!(text(&output.stdout), "", "{arguments:?}");
    }
}

#[test]
fn a_tag_that_no_tenant_has() {
    let home = home();
    let config = home.path().join("pushcert.toml");
    let tenants = "[tenants.acme]\nmdm = \"manual\"\ntags = [\"emea\"]\n[tenants.globex]\nmdm = \"manual\"\n";
    std::fs::write(&config, tenants).expect("written");
    let config = config.display().to_string();
    let output = run(home.path(), &["--config", &config, "status", "--tag", "emae"]);
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(6), "{said}");
    assert!(said.contains("no tenant has the tag \"emae\"; did you mean emea?"), "{said}");
    let among = run(home.path(), &["--config", &config, "status", "globex", "--tag", "emea"]);
    let said = text(&among.stderr);
    assert!(among.status.code() == Some(6) && !said.contains("did you mean"), "{said}");
    assert!(said.contains("none of the tenants named"), "{said}");
}

/// A word that the message does not speak of would send its reader elsewhere.
#[test]
fn a_report_is_of_the_kind_that_its_message_is_about() {
    let home = home();
    let report = |tenant: Value| {
        let from = list(home.path(), &tenant);
        said(&run(home.path(), &["status", "--from", &from, "--at", "2026-11-23", "-o", "junit"])).0
    };
    let with = |problem: &str| {
        let mut tenant = acme();
        tenant["problems"] = json!(["account-not-rehearsed", problem]);
        report(tenant)
    };
    let dull = with("account-unknown");
    assert!(dull.contains("<failure type=\"critical\" message=\"PUSHCERT CRITICAL - acme ends in 9 days"), "{dull}");
    let grave = with("topic-changed");
    assert!(grave.contains("<failure type=\"topic-changed\""), "{grave}");
}
