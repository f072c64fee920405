//! A real Prometheus that scrapes the watch, with the rules that we ship: an alert fires in it.
#![cfg(unix)]

use std::{
    fs,
    io::{BufRead, BufReader, Write},
    net::TcpListener,
    path::Path,
    process::{Child, Command, Stdio},
    thread::sleep,
    time::Duration,
};

use serde_json::Value;

use crate::shell::{has, home, program, run, text};

/// Its devices listen to another topic than the fixture has.
const TENANT: &str = "[tenants.acme]\nmdm = \"manual\"\nenrolled_topic = \"com.apple.mgmt.External.99999999-aaaa-4aaa-8aaa-999999999999\"\n\
    [[channels]]\nname = \"none \\\\ there\"\nkind = \"hook\"\ncommand = [\"/nowhere/at/all\"]\n";

/// A program that is ended when this goes.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

/// A watch over a tenant with a wrong topic, and the address of its page.
fn watch(home: &Path) -> (Running, String) {
    let config = home.join("pushcert.toml");
    fs::write(&config, TENANT).expect("written");
    let config = config.display().to_string();
    let adopted = run(home, &["--config", &config, "adopt", "acme", "fixtures/papers/renewal-after.pem"]);
    assert_eq!(adopted.status.code(), Some(0), "{}{}", text(&adopted.stdout), text(&adopted.stderr));
    let mut child = program(home)
        .args(["watch", "--listen", "127.0.0.1:0", "--every", "1s", "-o", "json", "--config", &config])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("a watch");
    let mut line = String::new();
    BufReader::new(child.stdout.take().expect("its output")).read_line(&mut line).expect("a line");
    let line: Value = serde_json::from_str(&line).expect("JSON");
    (Running(child), line["page"].as_str().expect("an address").to_owned())
}

fn get(address: &str) -> String {
    text(&Command::new("curl").args(["-sS", address]).output().expect("curl").stdout)
}

/// What is at this address, once it says so.
fn until(address: &str, says: impl Fn(&str) -> bool) -> String {
    for _ in 0..600 {
        let found = get(address);
        if says(&found) {
            return found;
        }
        sleep(Duration::from_millis(100));
    }
    panic!("{address} still says {}", get(address));
}

#[test]
fn an_alert_fires_in_a_real_prometheus() {
    if !(has("prometheus") && has("curl")) {
        return;
    }
    let home = home();
    let (_watch, page) = watch(home.path());
    let target = page.trim_start_matches("http://").trim_end_matches('/');
    let rules = Path::new(env!("CARGO_MANIFEST_DIR")).join("packaging/prometheus/pushcert.rules.yml");
    let config = home.path().join("prometheus.yml");
    let settings = format!(
        "global: {{ scrape_interval: 1s, evaluation_interval: 1s }}\nrule_files: [{:?}]\nscrape_configs:\n  - job_name: pushcert\n    static_configs: [{{ targets: [{target:?}] }}]\n",
        rules.display().to_string(),
    );
    fs::write(&config, settings).expect("written");
    let free = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port");
    let prometheus = Command::new("prometheus")
        .arg(format!("--config.file={}", config.display()))
        .arg(format!("--storage.tsdb.path={}", home.path().join("data").display()))
        .arg(format!("--web.listen-address={free}"))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("Prometheus");
    let _prometheus = Running(prometheus);
    let fires = |alerts: &str| {
        let alerts: Value = serde_json::from_str(alerts).unwrap_or_default();
        let alerts = alerts["data"]["alerts"].as_array().cloned().unwrap_or_default();
        alerts.iter().any(|alert| {
            let labels = &alert["labels"];
            alert["state"] == "firing"
                && labels["alertname"] == "PushCertificateTopicChanged"
                && labels["tenant"] == "acme"
        })
    };
    until(&format!("http://{free}/api/v1/alerts"), fires);
    let targets = get(&format!("http://{free}/api/v1/targets"));
    assert!(targets.contains("\"health\":\"up\"") && !targets.contains("\"health\":\"down\""), "{targets}");
}

#[test]
fn promtool_has_nothing_to_say_about_the_metrics() {
    if !(has("promtool") && has("curl")) {
        return;
    }
    let home = home();
    let (_watch, page) = watch(home.path());
    // The alert of the wrong topic has been tried by a channel that is not there.
    let metrics = until(&format!("{page}metrics"), |metrics| metrics.contains("pushcert_alerts_waiting{"));
    let mut promtool = Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("promtool");
    promtool.stdin.take().expect("its input").write_all(metrics.as_bytes()).expect("written");
    let said = promtool.wait_with_output().expect("it ends");
    assert!(said.status.success(), "{}{}\n{metrics}", text(&said.stdout), text(&said.stderr));
    assert_eq!(text(&said.stdout) + &text(&said.stderr), "");
    for line in ["pushcert_watch_configuration_success 1", "pushcert_watch_round_success 1"] {
        assert!(metrics.lines().any(|found| found == line), "{line} is missing in\n{metrics}");
    }
}
