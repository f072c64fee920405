//! `android enrol`: the checklist of the binding, one task or many, with who did what, when, and what they saw. Google's
//! own call that binds is never made here.

use std::path::PathBuf;

use pushcert_papers::{
    Severity, TenantName, Time, Verdict,
    android::{ServiceAccountKey, judge_key},
    credential::{
        Enrolment, KnownKey, Stamp, Ticked,
        checklist::{CONNECT, EMM_TOKEN, KEY, Task},
    },
};

use super::{
    super::{
        EnrolmentReport, Event, Failure, Kind, Looked, Mark, Outcome, World, files,
        ledger::{Entry, Ledger},
        shown,
    },
    check::{Online, around},
};
use crate::{
    config::{Product, Tenant},
    google::Google,
    world::surroundings::Surroundings,
};

/// What a person wants of this run.
#[derive(Debug, Default)]
pub struct Wish {
    /// Tasks that are done.
    pub done: Vec<String>,
    /// A task that is not needed here.
    pub skip: Option<String>,
    /// A task that turned out not to be done.
    pub undo: Option<String>,
    /// What was seen.
    pub evidence: Option<String>,
    /// On which day it was done, where not today.
    pub on: Option<Time>,
    /// The service account's key.
    pub key: Option<PathBuf>,
    /// Why.
    pub reason: Option<String>,
    /// Give the open binding up, and begin a new one.
    pub restart: bool,
}

/// Goes on with a tenant's binding, as far as it goes today. With Google at hand the key is looked up there.
///
/// # Errors
/// When a task is not known, the key is refused, or the store cannot be written.
pub async fn enrol(world: &World<'_>, name: &TenantName, wish: Wish, google: Option<&dyn Google>) -> Outcome {
    let tenant = world.tenant(name)?;
    let ledger = Ledger::open(world, tenant).await?;
    ledger.may_change()?;
    let mut run = Run { world, tenant, ledger, google, wish };
    let mut enrolment = run.opened().await?;
    run.say(&mut enrolment).await?;
    run.go_on(&mut enrolment).await
}

/// One run of `android enrol`.
struct Run<'a> {
    world: &'a World<'a>,
    tenant: &'a Tenant,
    ledger: Ledger<'a>,
    google: Option<&'a dyn Google>,
    wish: Wish,
}

impl Run<'_> {
    /// The open binding; a new one where there is none, or the open one is given up.
    async fn opened(&mut self) -> Result<Enrolment, Failure> {
        let latest = self.ledger.latest_of::<Enrolment>()?;
        let now = self.world.clock.now();
        if let Some(mut open) = latest.filter(Enrolment::is_open) {
            if !self.wish.restart {
                return Ok(open);
            }
            open.end = Some(now);
            open.given_up = Some(self.wish.reason.clone().unwrap_or_default());
            let entry = Entry { reason: self.wish.reason.clone(), ..Entry::of("android-binding-abandoned") };
            self.ledger.commit_of(&open, vec![], entry).await?;
        }
        let core = self.tenant.product == Product::Core;
        let enrolment = Enrolment::begin(self.ledger.next_number(), core, now);
        self.ledger.commit_of(&enrolment, vec![], Entry::of("android-binding-begun")).await?;
        Ok(enrolment)
    }

    /// Notes everything that the command line says.
    async fn say(&mut self, enrolment: &mut Enrolment) -> Result<(), Failure> {
        if let Some(path) = self.wish.key.take() {
            self.take_key(enrolment, &path).await?;
        }
        for word in std::mem::take(&mut self.wish.done) {
            let task = known(enrolment, &word)?;
            self.tick(enrolment, task, None).await?;
        }
        if let Some(word) = self.wish.skip.take() {
            let task = known(enrolment, &word)?;
            let reason = self.wish.reason.clone().ok_or_else(|| {
                Failure::new(Kind::Usage, "reason", "whoever skips a task says why").hinted("add  --reason TEXT")
            })?;
            self.tick(enrolment, task, Some(reason)).await?;
        }
        if let Some(word) = self.wish.undo.take() {
            let task = known(enrolment, &word)?;
            enrolment.ticked.remove(task.word);
            let entry = Entry { reason: self.wish.reason.clone(), ..Entry::of("android-task-undone") };
            self.ledger.commit_of(enrolment, vec![], entry.with("task", task.word)).await?;
        }
        Ok(())
    }

    /// Shows task after task, as long as somebody is there to do them.
    async fn go_on(&mut self, enrolment: &mut Enrolment) -> Outcome {
        while let Some(task) = enrolment.next() {
            self.warn_of_the_clock(enrolment);
            self.world.tell(Event::Task { at: place(enrolment, task), card: &task.card() });
            if !self.does(enrolment, task).await? {
                let how = match task.word {
                    KEY => format!("{} --key FILE", self.command()),
                    word => format!("{} --done {word} --evidence TEXT", self.command()),
                };
                self.world.tell(Event::Note(&format!("When it is done, say so:  {how}")));
                self.world.tell(Event::Enrolment(&EnrolmentReport::of(&self.tenant.name, enrolment)));
                return Ok(Some(Kind::Waiting));
            }
        }
        enrolment.end = Some(self.world.clock.now());
        self.ledger.commit_of(enrolment, vec![], Entry::of("android-binding-closed")).await?;
        self.world.tell(Event::Closing(&format!("Android's binding of {} is noted as complete.", self.tenant.name)));
        self.world.tell(Event::Enrolment(&EnrolmentReport::of(&self.tenant.name, enrolment)));
        Ok(None)
    }

    /// Asks whoever is there whether a task is done, and notes it.
    async fn does(&mut self, enrolment: &mut Enrolment, task: &'static Task) -> Result<bool, Failure> {
        if task.word == KEY {
            let path = self.world.ask.words("The path of the JSON key (Enter to stop here)");
            let Some(path) = path else { return Ok(false) };
            self.take_key(enrolment, &PathBuf::from(path)).await?;
            return Ok(true);
        }
        if !self.world.ask.confirm("Is it done?") {
            return Ok(false);
        }
        if task.word == EMM_TOKEN && self.wish.on.is_none() {
            let day = self.world.ask.words("On which day was the token made? (YYYY-MM-DD, Enter for today)");
            self.wish.on = day.and_then(|day| day.parse().ok());
        }
        self.wish.evidence = self.world.ask.words(&format!("What did you see: {}?", task.evidence));
        self.tick(enrolment, task, None).await?;
        Ok(true)
    }

    /// Takes a task off the list.
    async fn tick(&mut self, enrolment: &mut Enrolment, task: &Task, skipped: Option<String>) -> Result<(), Failure> {
        if task.word == KEY && enrolment.key.is_none() && skipped.is_none() {
            return Err(Failure::new(
                Kind::Usage,
                "key-needed",
                "this task is done by bringing the key, which is judged",
            )
            .hinted(format!("{} --key FILE", self.command())));
        }
        let now = self.world.clock.now();
        let on = self.wish.on.take().unwrap_or(now);
        if on > now {
            return Err(Failure::new(Kind::Usage, "on", "nothing can have been done in the future"));
        }
        if task.word == EMM_TOKEN && skipped.is_none() {
            enrolment.emm_token_made = Some(on);
        }
        self.may_connect(enrolment, task)?;
        let evidence = self.wish.evidence.take();
        let entry = Entry {
            reason: skipped.clone(),
            ..Entry::of(if skipped.is_some() { "android-task-skipped" } else { "android-task-done" })
        }
        .with("task", task.word)
        .with("evidence", evidence.as_deref().unwrap_or_default());
        let stamp = Stamp { at: on, who: self.world.who.to_owned(), evidence };
        let detail = skipped.clone().unwrap_or_else(|| "you told us so".into());
        enrolment.ticked.insert(task.word.into(), Ticked { stamp, skipped });
        self.ledger.commit_of(enrolment, vec![], entry).await?;
        self.world.tell(Event::Ticked {
            at: place(enrolment, task),
            mark: Mark::Sure,
            title: task.word,
            detail: &detail,
        });
        Ok(())
    }

    /// A connection with a token that has ended cannot have worked.
    fn may_connect(&self, enrolment: &Enrolment, task: &Task) -> Result<(), Failure> {
        let ended = enrolment.emm_token_ends().filter(|end| *end < self.world.clock.now());
        match ended.filter(|_| task.word == CONNECT) {
            None => Ok(()),
            Some(end) => {
                let message = format!(
                    "Google's token for binding ended on {}, so the server cannot have connected with it",
                    end.date()
                );
                Err(Failure::new(Kind::Refused, "emm-token-ended", message)
                    .hinted(format!("make a new one at Google:  {} --done {EMM_TOKEN} --on DATE", self.command())))
            }
        }
    }

    fn warn_of_the_clock(&self, enrolment: &Enrolment) {
        let Some(end) = enrolment.emm_token_ends() else { return };
        let now = self.world.clock.now();
        let words = if end < now {
            format!(
                "Google's token for binding ended on {}: make a new one, and say so with --done {EMM_TOKEN} --on DATE.",
                end.date()
            )
        } else {
            format!("Google's token for binding ends on {}, in {} days.", end.date(), end.days_after(now))
        };
        self.world.tell(Event::Note(&words));
    }

    /// Judges the service account's key, and notes its public half. The file itself is not kept.
    async fn take_key(&mut self, enrolment: &mut Enrolment, path: &std::path::Path) -> Result<(), Failure> {
        let task = known(enrolment, KEY).map_err(|_| {
            let message =
                "MobileIron Core takes no service account's key: its vendor's portal hands out a file of its own";
            Failure::new(Kind::Refused, "key-not-wanted", message).hinted(self.command())
        })?;
        let (mut judged, key) = judge_key(&files::need(path)?);
        judged.findings.extend(around(Surroundings::of(path)));
        let now = self.world.clock.now();
        let made = self.made(&mut judged.findings, key.as_ref(), now).await;
        judged.verdict = Verdict::of(&judged.findings);
        self.world.tell(Event::Judged(&Looked { path: &shown(path), judged: &judged, authorities: None, now }));
        let refused = judged.findings.iter().find(|finding| finding.severity == Severity::Refuse);
        if let Some(finding) = refused {
            return Err(Failure::new(Kind::Refused, finding.code.word(), "the key is refused; nothing was noted")
                .hinted(finding.remedy.as_ref()));
        }
        let Some(key) = key else { return Ok(()) };
        let public_key_sha256 = key.key.public_key_sha256();
        enrolment.key = Some(KnownKey {
            client_email: key.client_email,
            key_id: key.key_id,
            public_key_sha256,
            made: made.unwrap_or(now),
            age_unknown: made.is_none(),
        });
        self.tick(enrolment, task, None).await
    }

    /// When the key was made, as Google says where it was asked; the file does not say it.
    async fn made(
        &self,
        findings: &mut Vec<pushcert_papers::Finding>,
        key: Option<&ServiceAccountKey>,
        now: Time,
    ) -> Option<Time> {
        let (google, key) = self.google.zip(key)?;
        match (Online { reporter: self.world.reporter, google, key, now }).published().await {
            Ok(Ok(made)) => return Some(made),
            Ok(Err(finding)) => findings.push(finding),
            Err(why) => self.world.tell(Event::Note(&format!("Google was not asked: {why}"))),
        }
        None
    }

    fn command(&self) -> String {
        format!("pushcert android enrol {}", self.tenant.name)
    }
}

/// The task of this word.
fn known(enrolment: &Enrolment, word: &str) -> Result<&'static Task, Failure> {
    let found = enrolment.tasks().iter().find(|task| task.word == word);
    found.ok_or_else(|| {
        let words: Vec<_> = enrolment.tasks().iter().map(|task| task.word).collect();
        Failure::new(Kind::Usage, "task-unknown", format!("there is no task {word:?} in this binding"))
            .hinted(format!("its tasks are {}", words.join(", ")))
    })
}

/// The place of a task, and how many there are.
fn place(enrolment: &Enrolment, task: &Task) -> (u8, u8) {
    let at = enrolment.tasks().iter().position(|other| other.word == task.word).unwrap_or_default();
    let small = |number: usize| u8::try_from(number).unwrap_or(u8::MAX);
    (small(at + 1), small(enrolment.tasks().len()))
}
