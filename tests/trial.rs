//! A trial: an embedded world, a tenant in it, and a person whose words are known beforehand.

use std::{
    cell::{Cell, RefCell},
    fs,
    path::{Path, PathBuf},
    rc::Rc,
    time::Duration,
};

use pushcert::{
    app::real::{Real, Settings},
    commands::{
        Ask, EnrolmentReport, Event, Failure, Kind, Outcome, Rehearsed, RenewalReport, Reporter, RotationReport,
        StatusLine, World, adopt,
        passphrase::Passphrase,
        prove::{self, FleetAnswers},
        renew::{Wish, rehearse, renew, rollback},
        status,
    },
    mdm::Fleet,
    world::{
        clock::SetClock,
        http::{Http, Tls},
        visitor::Visitor,
    },
};
use pushcert_papers::{
    Code, Secret, TenantName, Time, Topic,
    certificate::Certificate,
    kind::{Paper, recognise},
    renewal::guide::Card,
};
use pushcert_sandbox::{Clock, Entry, Fault, Options};

use crate::canary;

/// When trials begin: 2026-03-01T12:00:00Z. The TLS certificates of the world go by the system's clock.
pub const BEGIN: i64 = 1_772_366_400;

const DAY: i64 = 86_400;

/// A trial.
pub struct Trial {
    pub sandbox: pushcert_sandbox::World,
    pub tenant: TenantName,
    pub said: Said,
    pub person: Person,
    room: tempfile::TempDir,
    clock: SetClock,
    config: PathBuf,
}

impl Trial {
    /// A trial with a tenant of the embedded world: `cloud` or `core`.
    pub async fn with(tenant: &str) -> Self {
        Self::within(Options { devices: 60, ..Options::default() }, tenant).await
    }

    /// The same, with so many Apple devices.
    pub async fn with_devices(tenant: &str, devices: usize) -> Self {
        Self::within(Options { devices, ..Options::default() }, tenant).await
    }

    /// The same, in a world that is otherwise.
    pub async fn within(options: Options, tenant: &str) -> Self {
        let clock = Clock::fixed(BEGIN);
        let sandbox = pushcert_sandbox::World::start(Options { clock, ..options }).await.expect("a world");
        let config = sandbox.announcement().config.clone();
        Self {
            tenant: TenantName::parse(tenant).expect("a name"),
            said: Said::default(),
            person: Person::default(),
            room: tempfile::tempdir().expect("a folder"),
            clock: SetClock::at(Time::from_unix(BEGIN)),
            config,
            sandbox,
        }
    }

    /// The same tenant, configured differently.
    pub fn reconfigured(&mut self, change: impl FnOnce(String) -> String) {
        let text = fs::read_to_string(&self.config).expect("a configuration");
        self.config = self.path("changed.toml");
        fs::write(&self.config, change(text)).expect("written");
    }

    /// From here on no request is fetched while nobody is there.
    pub fn fetches_nothing_unattended(&mut self) {
        self.reconfigured(|text| text.replace("unattended_request = true", "unattended_request = false"));
    }

    /// The configuration.
    pub fn config(&self) -> &Path {
        &self.config
    }

    /// A path in the trial's room.
    pub fn path(&self, name: &str) -> PathBuf {
        self.room.path().join(name)
    }

    /// Lets days pass, for the tool and for the world.
    pub fn days_pass(&self, days: i64) {
        self.seconds_pass(days * DAY);
    }

    pub fn seconds_pass(&self, seconds: i64) {
        self.sandbox.clock().advance(seconds);
        self.clock.set(Time::from_unix(self.sandbox.clock().now()));
    }

    /// Sets the tool's clock so many seconds ahead of the world's.
    pub fn tool_is_ahead(&self, seconds: i64) {
        self.clock.set(self.now().plus(seconds));
    }

    pub fn now(&self) -> Time {
        Time::from_unix(self.sandbox.clock().now())
    }

    /// Does something in the tool's world.
    pub async fn live<T>(&self, deed: impl AsyncFnOnce(&World<'_>) -> T) -> T {
        self.live_with(self.config.clone(), deed).await
    }

    /// The same with another configuration.
    pub async fn live_with<T>(&self, config: PathBuf, deed: impl AsyncFnOnce(&World<'_>) -> T) -> T {
        let real = self.try_to_live_with(config).await.expect("a world of the tool's own");
        real.live(&self.said, &self.person, deed).await
    }

    /// The tool's world, if it can be built.
    pub async fn try_to_live(&self) -> Result<Real, Failure> {
        self.try_to_live_with(self.config.clone()).await
    }

    async fn try_to_live_with(&self, config: PathBuf) -> Result<Real, Failure> {
        let settings = Settings {
            config: Some(config),
            store: Some(self.path("state/pushcert.sqlite").display().to_string()),
            handoff: Some(self.path("handoff")),
            timeout: Duration::from_secs(5),
            clock: Some(Rc::new(self.clock.clone())),
            patience: Some(Duration::from_secs(1)),
            ..Settings::default()
        };
        Real::build(&settings).await
    }

    pub async fn renew(&self, wish: Wish) -> Outcome {
        self.live(async |world: &World<'_>| renew(world, &self.tenant, wish).await).await
    }

    /// Renews with a certificate in hand.
    pub async fn bring(&self, certificate: &Path) -> Outcome {
        self.renew(Wish { certificate: Some(certificate.to_owned()), ..Wish::default() }).await
    }

    pub async fn rehearse(&self, certificate: Option<&Path>) -> Outcome {
        let wish = Wish { certificate: certificate.map(Path::to_owned), ..Wish::default() };
        self.live(async |world: &World<'_>| rehearse(world, &self.tenant, wish).await).await
    }

    pub async fn roll_back(&self, reason: Option<&str>) -> Outcome {
        let reason = reason.map(str::to_owned);
        self.live(async |world: &World<'_>| rollback(world, &self.tenant, reason, Passphrase::default()).await).await
    }

    /// Somebody uploads a certificate in the console, past this tool.
    pub async fn put_by_hand(&self, certificate: &Path) {
        let pem = fs::read(certificate).expect("a certificate");
        self.live(async |world: &World<'_>| {
            let tenant = world.tenant(&self.tenant).expect("a tenant");
            let server = world.servers.connect(tenant).await.expect("a server");
            server.mdm.install(&pem).await.expect("uploaded");
        })
        .await;
    }

    /// A request from the console, as a person would fetch it.
    pub async fn fetched_in_the_console(&self) -> Vec<u8> {
        self.live(async |world: &World<'_>| {
            let tenant = world.tenant(&self.tenant).expect("a tenant");
            let server = world.servers.connect(tenant).await.expect("a server");
            server.mdm.fetch_request().await.expect("a request")
        })
        .await
    }

    /// Asks devices.
    pub async fn prove(&self) -> Outcome {
        self.live(async |world: &World<'_>| prove::prove(world, &self.tenant, &prove::Wish::default()).await).await
    }

    pub async fn status(&self) -> StatusLine {
        let wish = status::Wish { tenants: vec![self.tenant.clone()], max_age: -1, ..status::Wish::default() };
        self.live(async |world: &World<'_>| status::status(world, &wish).await).await.expect("a status");
        self.said.status.borrow().clone().expect("a line")
    }

    pub async fn adopt(&self, file: &Path, topic: Option<Topic>) -> Outcome {
        let evidence = adopt::Evidence::File(file.to_owned());
        self.live(async |world: &World<'_>| adopt::adopt(world, &self.tenant, &evidence, topic).await).await
    }

    /// The words of the record, in order.
    pub async fn history(&self) -> Vec<String> {
        self.live(async |world: &World<'_>| {
            let lines = world.store.audit(&self.tenant).await.expect("a record");
            let whole = world.store.verify_audit(&self.tenant, None).await.expect("a record");
            assert_eq!(whole.broken, None);
            lines.into_iter().map(|line| line.entry.what).collect()
        })
        .await
    }

    pub async fn topic(&self) -> Topic {
        self.live(async |world: &World<'_>| world.tenant(&self.tenant).expect("a tenant").enrolled_topic.clone())
            .await
            .expect("a topic")
    }

    /// The devices of the tenant's server.
    pub async fn fleet(&self) -> Result<Fleet, Failure> {
        self.live(async |world: &World<'_>| {
            let server = world.servers.connect(world.tenant(&self.tenant)?).await?;
            Ok(server.mdm.fleet().await?)
        })
        .await
    }

    /// Looks at the whole fleet.
    pub async fn prove_fleet(&self) -> Outcome {
        let wish = prove::Wish { fleet: true, ..prove::Wish::default() };
        self.live(async |world: &World<'_>| prove::prove(world, &self.tenant, &wish).await).await
    }

    /// Configures the tenant with these lines more.
    pub fn configured_with(&mut self, lines: &str) {
        let head = format!("[tenants.{}]\n", self.tenant);
        self.reconfigured(|text| text.replace(&head, &format!("{head}{lines}\n")));
    }

    /// Breaks the world.
    pub fn fault(&self, json: &str) {
        let faults = Fault::read(serde_json::from_str(json).expect("JSON")).expect("a fault");
        for fault in faults {
            self.sandbox.fault(fault);
        }
    }

    /// The request in the hand-off folder.
    pub fn request(&self) -> Vec<u8> {
        let report = self.said.report.borrow();
        let path = report.as_ref().and_then(|report| report.request.clone()).expect("a request was handed off");
        fs::read(path).expect("the request")
    }

    /// The authorities of the embedded world, in PEM.
    pub fn authorities(&self) -> Vec<u8> {
        fs::read(self.sandbox.announcement().config.with_file_name("authorities.pem")).expect("authorities")
    }

    /// The file in the hand-off folders whose name begins so.
    pub fn handed(&self, name: &str) -> Vec<u8> {
        let mut files = pushcert::world::files::walk(&self.path("handoff")).map(|walked| walked.path);
        let named =
            |path: &PathBuf| path.file_name().and_then(|file| file.to_str()).is_some_and(|file| file.starts_with(name));
        fs::read(files.find(named).expect("it was handed on")).expect("the file")
    }

    pub fn portal(&self) -> Visitor {
        Visitor::new(&self.sandbox.announcement().portal, &self.sandbox.announcement().ca_file).expect("a visitor")
    }

    /// Renews the row of the enrolled topic with the handed-off request, and saves the certificate.
    pub async fn renewed_at_the_portal(&self) -> PathBuf {
        let row = self.portal().row(&self.topic().await.common_name()).await.expect("a row");
        let serial = self.portal().renew(&row, "ApplePushInfo.txt", self.request()).await.expect("renewed");
        self.downloaded(&serial, "renewed.pem").await
    }

    /// Creates a row with the handed-off request, and saves the certificate.
    pub async fn created_at_the_portal(&self) -> PathBuf {
        let serial = self.portal().create("ApplePushInfo.txt", self.request()).await.expect("created");
        self.downloaded(&serial, "created.pem").await
    }

    /// The certificate that is installed today, from its row.
    pub async fn installed_today(&self) -> PathBuf {
        let row = self.portal().row(&self.topic().await.common_name()).await.expect("a row");
        self.downloaded(&row, "installed.pem").await
    }

    pub async fn downloaded(&self, serial: &str, name: &str) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, self.portal().download(serial).await.expect("a download")).expect("saved");
        path
    }

    /// Presses Revoke on the row of the enrolled topic.
    pub async fn revoke_the_row(&self) {
        let row = self.portal().row(&self.topic().await.common_name()).await.expect("a row");
        let announced = self.sandbox.announcement();
        let base = announced.portal.trim_end_matches("/pushcert/").parse().expect("an address");
        let tls = Tls { ca_file: Some(&announced.ca_file), ..Tls::default() };
        let http = Http::connect(base, &tls, Duration::from_secs(5)).expect("a client");
        let request = http.request(reqwest::Method::POST, "/pushcert/revoke").form(&[("serial", row.as_str())]);
        let answer = http.send(request).await.expect("an answer");
        assert!(answer.status < 400, "{}", answer.text());
    }

    /// What the servers were made to do, by name.
    pub fn deeds(&self, what: &str) -> Vec<Entry> {
        self.sandbox.record().into_iter().filter(|entry| entry.deed == Some(what)).collect()
    }

    pub fn uploads(&self) -> usize {
        self.deeds("certificate-installed").len()
    }
}

impl Drop for Trial {
    /// Whatever happened in it, no password was told or left behind.
    fn drop(&mut self) {
        if !std::thread::panicking() {
            canary::assert_none_in(self.said.every_word().as_bytes(), "a trial");
            canary::assert_none_below(self.room.path());
        }
    }
}

/// What the tool has told.
#[derive(Default)]
pub struct Said {
    pub codes: RefCell<Vec<Code>>,
    pub remedies: RefCell<Vec<String>>,
    pub notes: RefCell<Vec<String>>,
    pub alive: RefCell<Vec<String>>,
    pub cards: RefCell<Vec<Card>>,
    pub steps: RefCell<Vec<(u8, String)>>,
    pub report: RefCell<Option<RenewalReport>>,
    pub status: RefCell<Option<StatusLine>>,
    pub rotation: RefCell<Option<RotationReport>>,
    pub enrolment: RefCell<Option<EnrolmentReport>>,
    pub rehearsed: RefCell<Option<Rehearsed>>,
    pub fleet: RefCell<Option<FleetAnswers>>,
}

impl Reporter for Said {
    fn tell(&self, event: Event<'_>) {
        match event {
            Event::NotTaken(looked) | Event::Judged(looked) => {
                self.codes.borrow_mut().extend(looked.judged.findings.iter().map(|finding| finding.code));
                self.remedies
                    .borrow_mut()
                    .extend(looked.judged.findings.iter().map(|finding| finding.remedy.to_string()));
            }
            Event::Note(note) => self.notes.borrow_mut().push(note.to_owned()),
            Event::Alive(words) => self.alive.borrow_mut().push(words.to_owned()),
            Event::Rehearsed(found) => *self.rehearsed.borrow_mut() = Some(found.clone()),
            Event::Turn { card, .. } | Event::Task { card, .. } | Event::Card(card) => {
                self.cards.borrow_mut().push(card.clone());
            }
            Event::Done { step, detail, .. } => self.steps.borrow_mut().push((step, detail.to_owned())),
            Event::Renewal(report) => *self.report.borrow_mut() = Some(report.clone()),
            Event::Rotation(report) => *self.rotation.borrow_mut() = Some(report.clone()),
            Event::Enrolment(report) => *self.enrolment.borrow_mut() = Some(report.clone()),
            Event::FleetProved { answers, .. } => *self.fleet.borrow_mut() = Some(answers),
            Event::Status(lines) => *self.status.borrow_mut() = lines.first().cloned(),
            _ => {}
        }
    }
}

impl Said {
    /// Everything, as one text.
    fn every_word(&self) -> String {
        let status = serde_json::to_string(&*self.status.borrow()).expect("plain data");
        let report = serde_json::to_string(&*self.report.borrow()).expect("plain data");
        let (notes, cards, steps) = (self.notes.borrow(), self.cards.borrow(), self.steps.borrow());
        format!("{notes:?} {cards:?} {steps:?} {status} {report}")
    }

    /// Whether something of the kind was noted.
    pub fn noted(&self, words: &str) -> bool {
        self.notes.borrow().iter().any(|note| note.contains(words))
    }

    /// Every word of every card so far.
    pub fn on_cards(&self) -> String {
        let cards = self.cards.borrow();
        let lines = cards.iter().flat_map(|card| &card.lines).map(|line| format!("{} {}\n", line.verb, line.text));
        lines.collect()
    }
}

/// A person who is there, and says yes, or is not.
#[derive(Default)]
pub struct Person {
    pub there: Cell<bool>,
    pub yes: Cell<bool>,
    pub password: RefCell<Option<String>>,
}

impl Ask for Person {
    fn present(&self) -> bool {
        self.there.get()
    }

    fn confirm(&self, _question: &str) -> bool {
        self.there.get() && self.yes.get()
    }

    fn typed(&self, _question: &str, _word: &str) -> bool {
        self.there.get() && self.yes.get()
    }

    fn secret(&self, _question: &str) -> Option<Secret> {
        self.password.borrow().as_ref().filter(|_| self.there.get()).map(|text| Secret::new(text.as_str()))
    }
}

/// The certificate in a PEM file.
pub fn certificate(path: &Path) -> Certificate {
    match recognise(&fs::read(path).expect("a file")) {
        Paper::Certificates { leaves, .. } => leaves.into_iter().next().expect("a certificate"),
        other => panic!("{} is {:?}", path.display(), other.kind()),
    }
}

/// What an outcome was, in a form that compares.
pub fn kind(outcome: &Outcome) -> Result<Option<Kind>, (Kind, &'static str)> {
    match outcome {
        Ok(kind) => Ok(*kind),
        Err(Failure { kind, code, .. }) => Err((*kind, code)),
    }
}
