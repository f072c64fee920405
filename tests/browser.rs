//! The page as people meet it: a real Chromium, by width, by day and night, by keyboard, and by axe's rules for accessibility.

use std::{net::TcpListener, path::Path, process::Command, thread};

use pushcert::{
    commands::{
        StatusLine,
        watch::{Question, Record},
    },
    store::{AuditEntry, AuditLine},
    web::{self, Access, Board, Shown},
};
use pushcert_papers::{
    DAY, Fingerprint, Serial, TenantName, Time, Topic,
    renewal::Stage,
    watch::{Level, Next, Problem, State, Thresholds},
};

use crate::shell::{skipped_unless, text};

const NOW: Time = Time::from_unix(1_795_622_400);

/// A page in this process; it ends with the process.
pub fn serve(lines: Vec<StatusLine>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    listener.set_nonblocking(true).expect("a listener for tokio");
    thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let board = Board::default();
            board.write(Shown::new(NOW, lines));
            let (records, questions) = tokio::sync::mpsc::channel(8);
            tokio::spawn(answer(questions));
            let listener = tokio::net::TcpListener::from_std(listener).expect("a listener");
            let access = Access { address, token: None, calendars: None, behind_proxy: false };
            web::serve(listener, web::router(board, access, records)).await;
        });
    });
    format!("http://{address}/")
}

async fn answer(mut questions: tokio::sync::mpsc::Receiver<Question>) {
    while let Some(Question { tenant, answer }) = questions.recv().await {
        let newest: Vec<_> = (1..=12).map(|number| audit_line(&tenant, number)).collect();
        let head = newest.last().map(|line| line.digest);
        drop(answer.send(Record { newest, lines: 40, head }));
    }
}

fn audit_line(tenant: &TenantName, number: u64) -> AuditLine {
    let what = ["request-fetched", "handed-off", "certificate-received", "certificate-installed"];
    let entry = AuditEntry {
        at: NOW.plus(i64::try_from(number).expect("small") * DAY - 20 * DAY),
        who: "mara".into(),
        what: what[usize::try_from(number).expect("small") % what.len()].into(),
        before: None,
        after: None,
        reason: (number == 5).then(|| "the console was renewed by hand <b>on Friday</b>".into()),
        journey: Some(format!("{tenant}/3")),
        details: [("request".into(), "ApplePushInfo.txt".into())].into(),
    };
    AuditLine { number, entry, digest: Fingerprint::of(&number.to_be_bytes()) }
}

/// Tenants in every state, with names and words as long and as odd as they may be.
pub fn tenants(count: usize) -> Vec<StatusLine> {
    let ends = [
        Some(-50),
        Some(-12),
        Some(3),
        Some(9),
        Some(20),
        Some(28),
        Some(45),
        Some(59),
        None,
        Some(90),
        Some(140),
        Some(199),
        Some(250),
        Some(301),
        Some(340),
        Some(364),
    ];
    (0..count).map(|number| tenant(number, ends[number % ends.len()])).collect()
}

fn tenant(number: usize, days: Option<i64>) -> StatusLine {
    let names = ["acme", "globex", "initech-emea-north-and-everything-else-that-is-there", "umbrella", "hooli"];
    let stem = names[number % names.len()];
    let name = if number < names.len() { stem.to_owned() } else { format!("{}-{number}", &stem[..4]) };
    let topic = |last: &str| Topic::parse(&format!("com.apple.mgmt.External.11111111-aaaa-4aaa-8aaa-{last}")).ok();
    let not_after = days.map(|days| NOW.plus(days * DAY + 3_600));
    let thresholds = Thresholds::default();
    let state = if number % 23 == 22 { State::NotInstalled } else { State::of(not_after, &thresholds, NOW) };
    let wrong = number % 29 == 11;
    let problems = match number % 7 {
        _ if wrong => vec![Problem::TopicChanged],
        3 => vec![Problem::RequestWaiting],
        5 => vec![Problem::TopicUnknown],
        _ => vec![],
    };
    let is_old = number % 13 == 10;
    let command = (state >= State::Warning || wrong).then(|| format!("pushcert renew {name}"));
    StatusLine {
        tenant: TenantName::parse(&name).expect("a name"),
        mdm: "mobileiron-cloud",
        enrolled_topic: topic("111111111111"),
        topic: topic(if wrong { "222222222222" } else { "111111111111" }),
        serial: Some(Serial::new(&[0, 189, 33, 242, 200, 53, 6, 59])),
        not_before: not_after.map(|end| end.plus(-365 * DAY)),
        not_after,
        days_left: days,
        state: state.word(),
        stale: is_old,
        problems: problems.iter().map(|problem| problem.word()).collect(),
        apple_account: (number % 5 != 4).then(|| format!("apple-push@{}.example", &stem[..4])),
        account_seen_at: None,
        owner: (number % 6 != 5).then(|| "IT Operations <it-ops@acme.example>".into()),
        step: if number % 7 == 3 { Stage::Portal } else { Stage::Idle },
        next: Next {
            what: if command.is_some() { "renew now" } else { "notice" }.into(),
            command,
            due: Some(NOW.plus(40 * DAY)),
        },
        source: ["console", "file", "person"][number % 3],
        seen_at: Some(NOW.plus(-DAY)),
        now: NOW,
        level: Level::of(state, is_old, &problems),
        thresholds,
        stale_after: None,
        credentials: vec![],
        not_asked: (number == 2).then(|| "na1.mobileiron.com is unavailable: it does not answer in time".into()),
        issuer: (number % 3 == 1).then(|| "Apple Application Integration 2 Certification Authority".into()),
        revocation: ["not-looked-up", "good"][usize::from(number % 3 == 1)],
        revocation_at: (number % 3 == 1).then(|| NOW.plus(-DAY)),
        undelivered: vec![],
    }
}

#[test]
fn chromium_and_axe_are_content_with_the_pages() {
    let here = Path::new("tests/browser/node_modules/playwright-core").is_dir();
    let chromium = std::env::var("CHROMIUM").unwrap_or_else(|_| "/usr/bin/chromium".into());
    if !skipped_unless(here && Path::new(&chromium).is_file(), "Chromium, and  npm install  in tests/browser") {
        return;
    }
    let mut pages: Vec<_> = [0, 1, 3, 16, 60].map(|count| serve(tenants(count))).into();
    pages.push(format!("{}tenants/acme", pages[2]));
    pages.push(format!("{}tenants/umbrella", pages[3]));
    let shots = std::env::var("SCREENSHOTS").unwrap_or_else(|_| "-".into());
    let output =
        Command::new("node").arg("tests/browser/look.mjs").arg(shots).args(&pages).output().expect("node runs");
    let said = text(&output.stdout);
    assert!(output.status.success() && said.trim() == "[]", "{}{}", said.replace("},{", "},\n{"), text(&output.stderr));
}

/// Ten thousand tenants are one page of the most urgent, and can be searched; all of it stays light.
#[test]
fn a_long_list_stays_light() {
    let address = serve(tenants(10_000));
    let get = |path: &str| fetch(&address, path);
    let page = get("/");
    assert!(page.len() < 700_000, "{}", page.len());
    assert_eq!(page.matches("<tr role=\"row\" class=").count(), 200);
    assert!(page.contains("1 to 200 of 10000") && page.contains("class=\"weeks\""));
    let last = get("/?from=9900");
    assert!(last.contains("9901 to 10000 of 10000") && !last.contains("Less urgent"));
    let found = get("/?find=glob-9");
    assert!(found.contains("glob-9001") && !found.contains("acme-9000"), "{}", found.len());
    let nothing = get("/?find=%3Cscript%3E&from=18446744073709551615");
    assert!(nothing.contains("&lt;script&gt;") && !nothing.contains("<script>"));
    assert!(get("/?from=-1").starts_with("HTTP/1.0 400"));
    let metrics = get("/metrics");
    assert_eq!(metrics.matches("# TYPE pushcert_certificate_state gauge").count(), 1);
    assert_eq!(metrics.matches("pushcert_certificate_state{tenant=").count(), 80_000);
    let answer = get("/status.json");
    let document: serde_json::Value =
        serde_json::from_str(answer.split_once("\r\n\r\n").expect("a body").1).expect("one document");
    let shown = (document["at"].as_str(), document["tenants"].as_array().map(Vec::len));
    assert_eq!(shown, (Some("2026-11-25T16:00:00Z"), Some(10_000)));
    let calendar = get("/calendar.ics");
    let ended = calendar.ends_with("END:VCALENDAR\r\n");
    let known = tenants(10_000).iter().filter(|line| line.not_after.is_some()).count();
    assert!(
        ended
            && calendar.matches("BEGIN:VCALENDAR").count() == 1
            && calendar.matches("BEGIN:VEVENT").count() == 2 * known
    );
}

fn fetch(address: &str, path: &str) -> String {
    use std::io::{Read, Write};
    let host = address.trim_start_matches("http://").trim_end_matches('/');
    let mut stream = std::net::TcpStream::connect(host).expect("a connection");
    write!(stream, "GET {path} HTTP/1.0\r\nHost: {host}\r\n\r\n").expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    answer
}
