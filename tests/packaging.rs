//! What is under `packaging/`, judged by the programs that will read it: systemd, Prometheus, Icinga, Nagios, Kubernetes' schemas
//! and a shell.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use pushcert::{
    forms::{Rounds, of_the_watch},
    store::Tally,
};
use pushcert_papers::{TenantName, Time};
use serde_json::Value;

use crate::shell::{has, home, program, run, skipped_unless, succeeds, text};

const TOPIC: &str = "com.apple.mgmt.External.11111111-aaaa-4aaa-8aaa-111111111111";

fn read(path: &str) -> String {
    fs::read_to_string(Path::new("packaging").join(path)).expect("a file of packaging/")
}

/// A copy of a file that names this build in the place of the installed program.
fn with_program(folder: &Path, path: &str) -> PathBuf {
    let copy = folder.join(Path::new(path).file_name().expect("a name"));
    let text = read(path).replace("/usr/bin/pushcert", env!("CARGO_BIN_EXE_pushcert"));
    fs::write(&copy, text).expect("written");
    copy
}

#[test]
fn systemd_verifies_the_units_and_finds_them_closed() {
    if !has("systemd-analyze") {
        return;
    }
    let home = home();
    let units = ["pushcert-watch.service", "pushcert-status.service", "pushcert-status.timer"];
    let units = units.map(|unit| with_program(home.path(), &format!("systemd/{unit}")));
    let output = Command::new("systemd-analyze").args(["verify", "--man=no"]).args(&units).output().expect("it runs");
    let said = text(&output.stderr);
    let ours: Vec<_> = said.lines().filter(|line| line.contains("pushcert")).collect();
    assert!(output.status.success() && ours.is_empty(), "{said}");
    for unit in &units[..2] {
        // The threshold is in tenths.
        let security = ["security", "--offline=yes", "--no-pager", "--threshold=20"];
        succeeds(Command::new("systemd-analyze").args(security).arg(unit));
    }
}

#[test]
fn promtool_checks_and_tries_the_rules() {
    if !has("promtool") {
        return;
    }
    let in_folder = |arguments: [&str; 3]| {
        text(&succeeds(Command::new("promtool").args(arguments).current_dir("packaging/prometheus")))
    };
    let said = in_folder(["check", "rules", "pushcert.rules.yml"]);
    let rules = read("prometheus/pushcert.rules.yml").matches("- alert: ").count();
    assert!(said.contains(&format!("{rules} rules found")), "{said}");
    in_folder(["test", "rules", "pushcert.rules.test.yml"]);
    let tests = read("prometheus/pushcert.rules.test.yml");
    for alert in read("prometheus/pushcert.rules.yml").split("- alert: ").skip(1) {
        let name = alert.lines().next().expect("a name");
        assert!(tests.contains(&format!("alertname: {name}\n")), "{name} is never tried where it must speak");
    }
}

#[test]
fn icinga_takes_the_definitions() {
    if !has("icinga2") {
        return;
    }
    let home = home();
    let path = home.path().display();
    let here = fs::canonicalize("packaging/icinga2/pushcert.conf").expect("a path");
    let config = home.path().join("icinga2.conf");
    let host = "object Host \"mdm.acme.example\" { check_command = \"dummy\"\n vars.pushcert[\"acme\"] = {}\n \
                vars.pushcert[\"globex\"] = { pushcert_from = \"https://status.example.com/status.json\" } }";
    let text = format!(
        "include <itl>\nconst PluginDir = \"/usr/bin\"\nconst NodeName = \"here\"\ninclude \"{}\"\n{host}\n",
        here.display()
    );
    fs::write(&config, text).expect("written");
    let mut icinga = Command::new("icinga2");
    for folder in ["DataDir", "LogDir", "CacheDir", "SpoolDir", "InitRunDir"] {
        icinga.arg(format!("-D{folder}={path}"));
    }
    icinga.args(["daemon", "-C", "-c"]).arg(&config);
    // Debian's wrapper would become another user.
    icinga.args(["-DRunAsUser=root", "-DRunAsGroup=root"]);
    let said = String::from_utf8_lossy(&succeeds(&mut icinga)).into_owned();
    assert!(said.contains("Instantiated 2 Services") && said.contains("CheckCommands"), "{said}");
}

#[test]
fn nagios_takes_the_definitions() {
    if !has("nagios4") {
        return;
    }
    let home = home();
    let path = home.path().display();
    let objects = home.path().join("objects.cfg");
    fs::write(
        &objects,
        "define timeperiod { \n timeperiod_name 24x7\n alias always\n monday 00:00-24:00\n}\n\
         define command { \n command_name notify\n command_line /bin/true\n}\n\
         define contact { \n contact_name it-operations\n host_notification_period 24x7\n service_notification_period 24x7\n\
         host_notification_commands notify\n service_notification_commands notify\n}\n\
         define host { \n host_name mdm.acme.example\n address 192.0.2.1\n max_check_attempts 3\n contacts it-operations\n\
         check_period 24x7\n notification_period 24x7\n}\n",
    )
    .expect("written");
    let ours = fs::canonicalize("packaging/nagios/pushcert.cfg").expect("a path");
    let config = home.path().join("nagios.cfg");
    let text = format!(
        "log_file={path}/log\ncfg_file={}\ncfg_file={}\nobject_cache_file={path}/cache\nstatus_file={path}/status\n\
         temp_path={path}\ncheck_result_path={path}\nlock_file={path}/lock\nnagios_user=root\nnagios_group=root\n\
         illegal_macro_output_chars=`~$&|'\"<>\n",
        objects.display(),
        ours.display()
    );
    fs::write(&config, text).expect("written");
    let said = succeeds(Command::new("nagios4").arg("-v").arg(&config));
    let said = String::from_utf8_lossy(&said);
    assert!(said.contains("Total Warnings: 0") && said.contains("Total Errors:   0"), "{said}");
}

#[test]
fn kubernetes_schemas_accept_the_job() {
    let script = "import yaml, kubernetes_validate as k; \
        [k.validate(d, '1.30', strict=True) for d in yaml.safe_load_all(open('packaging/kubernetes/pushcert.yaml'))]; \
        c = [d for d in yaml.safe_load_all(open('packaging/kubernetes/pushcert.yaml')) if d['kind'] == 'ConfigMap']; \
        print(c[0]['data']['pushcert.toml'])";
    let found = Command::new("python3").args(["-c", "import kubernetes_validate"]).output();
    if !skipped_unless(found.is_ok_and(|output| output.status.success()), "Python's kubernetes-validate") {
        return;
    }
    let configuration = text(&succeeds(Command::new("python3").args(["-c", script])));
    let folder = tempfile::tempdir().expect("a folder");
    let config = pushcert::config::Config::parse(&configuration, folder.path()).expect("a configuration");
    assert_eq!(config.tenants.len(), 1);
}

/// A tenant whose certificate is known, in a home of its own.
fn configured(home: &Path) {
    let folder = home.join(".config/pushcert");
    fs::create_dir_all(&folder).expect("a folder");
    let tenant = format!("[tenants.acme]\nmdm = \"manual\"\nenrolled_topic = \"{TOPIC}\"\n");
    fs::write(folder.join("pushcert.toml"), tenant).expect("written");
    let adopted = run(home, &["adopt", "acme", "fixtures/papers/renewal-after.pem"]);
    assert_eq!(adopted.status.code(), Some(0), "{}", text(&adopted.stderr));
}

/// Cron's lines, carried out by the shell that they name, with folders of this test's.
#[test]
fn the_lines_of_cron_do_what_they_say() {
    let home = home();
    configured(home.path());
    let path = home.path().display().to_string();
    let table = read("cron/pushcert");
    let lines: Vec<_> = table.lines().filter(|line| line.contains(" pushcert /usr/bin/pushcert ")).collect();
    assert_eq!(lines.len(), 2);
    for line in lines {
        let command = line.split_once(" pushcert ").expect("an account and a command").1;
        assert!(!command.contains('%'), "cron ends a command at a per cent sign");
        let command = command
            .replace("/usr/bin/pushcert", env!("CARGO_BIN_EXE_pushcert"))
            .replace("/var/lib/prometheus/node-exporter", &path)
            .replace("/var/lib/pushcert", &path);
        let mut shell = Command::new("/bin/sh");
        shell.env_clear().env("HOME", home.path()).env("PATH", "/usr/bin:/bin").args(["-c", &command]);
        succeeds(&mut shell);
    }
    let metrics = fs::read_to_string(home.path().join("pushcert.prom")).expect("metrics");
    assert!(metrics.contains("pushcert_build_info"));
    assert!(fs::read_to_string(home.path().join("morning")).expect("a table").contains("acme"));
}

/// The names of metrics in a text, without what histograms and our own words would add.
fn metrics_in(text: &str) -> BTreeSet<String> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    words.filter(|word| word.starts_with("pushcert_") && word.len() > "pushcert_".len()).map(str::to_owned).collect()
}

/// What is exported only where something is wrong, or where there is a credential beside the certificate.
const NOW_AND_THEN: [&str; 4] = [
    "pushcert_tenant_problem",
    "pushcert_credential_due_timestamp_seconds",
    "pushcert_credential_made_timestamp_seconds",
    "pushcert_credential_state",
];

/// The metrics of a watch that has sent alerts.
fn of_a_watch() -> String {
    let tally = |result: &str| Tally {
        tenant: TenantName::parse("acme").expect("a name"),
        channel: "ops".into(),
        result: result.into(),
        count: 1,
        why: None,
    };
    let rounds = Rounds { at: Some(Time::from_unix(1_800_000_000)), well: true };
    of_the_watch(&rounds, true, &["sent", "dead", "waiting"].map(tally))
}

/// What rules and dashboards look for is exported, and what is exported is described.
#[test]
fn every_metric_is_exported_and_described() {
    let home = home();
    configured(home.path());
    let metrics = run(home.path(), &["status", "-o", "prometheus"]);
    let metrics = text(&metrics.stdout) + &of_a_watch();
    let mut exported: BTreeSet<_> =
        metrics.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next().map(str::to_owned)).collect();
    exported.extend(NOW_AND_THEN.map(str::to_owned));
    let dashboard: Value = serde_json::from_str(&read("grafana/pushcert.json")).expect("JSON");
    assert_eq!(dashboard["uid"], "pushcert");
    let panels = dashboard["panels"].as_array().expect("panels");
    let targets = panels.iter().flat_map(|panel| panel["targets"].as_array().expect("targets"));
    let asked: String =
        targets.map(|target| format!("{}\n", target["expr"].as_str().expect("an expression"))).collect();
    let rules = read("prometheus/pushcert.rules.yml");
    let expressions = rules.split("expr:").skip(1).filter_map(|rule| rule.split("labels:").next());
    for name in metrics_in(&asked).into_iter().chain(expressions.flat_map(metrics_in)) {
        assert!(exported.contains(&name), "{name} is asked for, and nobody exports it");
    }
    let page = fs::read_to_string("docs/metrics.md").expect("a page");
    let rows = page.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next());
    let described: BTreeSet<_> = rows.map(str::to_owned).collect();
    assert_eq!(described, exported, "docs/metrics.md has every metric that is exported, and no other");
    // The dashboard's own language is Prometheus'.
    if has("promtool") {
        let rules: String = panels
            .iter()
            .flat_map(|panel| panel["targets"].as_array().expect("targets"))
            .enumerate()
            .map(|(number, target)| {
                let expression = target["expr"].as_str().expect("an expression").replace("$tenant", ".*");
                format!(
                    "  - record: panel{number}\n    expr: {}\n",
                    serde_json::to_string(&expression).expect("a text")
                )
            })
            .collect();
        let file = home.path().join("panels.yml");
        fs::write(&file, format!("groups:\n- name: panels\n  rules:\n{rules}")).expect("written");
        succeeds(Command::new("promtool").args(["check", "rules"]).arg(&file));
    }
}

/// What monitoring calls by the definitions: one line, whatever happens.
#[test]
fn the_commands_of_the_definitions_are_ours() {
    let home = home();
    configured(home.path());
    let nagios = read("nagios/pushcert.cfg");
    for line in nagios.lines().filter_map(|line| line.trim().strip_prefix("command_line")) {
        let words = line.trim().replace("$ARG1$", "acme").replace("$ARG2$", "30").replace("$ARG3$", "14");
        let words: Vec<_> = words.split_whitespace().skip(1).collect();
        let output = program(home.path()).args(&words).output().expect("it runs");
        let said = text(&output.stdout);
        assert!(said.starts_with("PUSHCERT ") && said.lines().count() == 1, "{words:?}: {said}");
        assert!(!said.contains("unexpected argument"), "{words:?}: {said}");
    }
}
