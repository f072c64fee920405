//! What goes on beside each other while a configuration is in use: rounds over the tenants, the post, and once a day the
//! list of revoked certificates. A slow server or channel holds up nobody else.

use std::{
    cell::{Cell, RefCell},
    convert::Infallible,
    net::SocketAddr,
    path::PathBuf,
    pin::pin,
    time::Duration,
};

use futures_util::future::join_all;
use pushcert_papers::{
    Fingerprint,
    watch::{Level, Matter},
};
use tokio::{
    sync::{Mutex, Notify, mpsc},
    time::{Instant, sleep, sleep_until},
};

use super::{
    super::real::Settings,
    lists::PublishedLists,
    signals::{End, Signals},
    systemd::{self, News},
};
use crate::{
    commands::{
        Event, Failure, StatusLine, World, alerts, published, revocations,
        status::Wish,
        watch::{self, Question},
    },
    config::{self, Channel},
    web::{Board, Shown},
    world::files::{Folders, digest},
};

/// How often it is looked whether the configuration has changed, and whether letters of others are due.
const GLANCE: Duration = Duration::from_secs(5);

/// How often it is looked whether something is to be looked up in lists of revoked certificates, or to be forgotten.
const HOUR: Duration = Duration::from_hours(1);

/// A watch, whatever configuration is in use.
pub struct Daemon<'a> {
    /// What is looked at.
    pub wish: Wish,
    /// Where it is shown.
    pub board: Board,
    /// The time between two rounds.
    pub every: Duration,
    /// What the command line says.
    pub settings: &'a Settings,
    /// The address of the page, until it has been told.
    pub address: Cell<Option<SocketAddr>>,
    /// Why the configuration that is there now was refused, if it was.
    pub refused: RefCell<Option<String>>,
    /// Rung when the post has something to do.
    pub bell: Notify,
    /// What the page wants to know.
    pub questions: Mutex<mpsc::Receiver<Question>>,
}

impl Daemon<'_> {
    /// Watches with this configuration until something ends it. A letter in hand is sent to its end.
    pub async fn watch(&self, world: &World<'_>, signals: &mut Signals) -> End {
        let closing = Cell::new(false);
        let rounds = async {
            let end = self.rounds(world, signals).await;
            closing.set(true);
            self.bell.notify_waiters();
            end
        };
        let beside = async { tokio::join!(rounds, self.post(world, &closing)).0 };
        tokio::select! {
            biased;
            // It waits for the end of the first round, and has to listen before that ends.
            never = self.lists(world) => match never {},
            end = beside => end,
            never = self.tidy(world) => match never {},
            // Between two answers of servers.
            never = self.answers(world) => match never {},
        }
    }

    async fn rounds(&self, world: &World<'_>, signals: &mut Signals) -> End {
        let configured = configuration(self.settings);
        loop {
            tokio::select! {
                biased;
                end = signals.next() => return end,
                () = self.round(world) => {}
            }
            self.bell.notify_waiters();
            if let Some(address) = self.address.take() {
                world.reporter.tell(Event::Listening(address));
            }
            let due = Instant::now() + jittered(self.every);
            while Instant::now() < due {
                tokio::select! {
                    biased;
                    end = signals.next() => return end,
                    () = sleep_until(due.min(Instant::now() + GLANCE)) => {}
                }
                if configuration(self.settings) != configured {
                    return End::Reload;
                }
            }
        }
    }

    /// Looks at everybody, and writes it on the board. Where that fails, what stood there stays, and is called old.
    async fn round(&self, world: &World<'_>) {
        let trouble = match self.look(world).await {
            Ok(said) => {
                systemd::tell(News::Done(&said));
                None
            }
            Err(failure) => Some(failure.to_string()),
        };
        if let Some(why) = &trouble {
            self.board.write(self.board.shown().failed());
            world.reporter.tell(Event::Note(&format!("The round failed: {why}")));
            systemd::tell(News::Done(&format!("the round failed: {why}")));
        }
        let refused = self.refused.borrow().clone();
        for (matter, trouble) in [(Matter::Rounds, trouble), (Matter::Configuration, refused)] {
            if let Err(failure) = alerts::announce_trouble(world, matter, trouble.as_deref()).await {
                world.reporter.tell(Event::Note(&format!("Nobody can be told of it: {failure}")));
            }
        }
    }

    async fn look(&self, world: &World<'_>) -> Result<String, Failure> {
        let lines = watch::look(world, &self.wish).await?;
        self.board.tally(world.store.tally().await?);
        let said = in_a_line(&lines);
        self.board.write(Shown::new(world.clock.now(), lines));
        published::publish(world).await?;
        Ok(said)
    }

    /// Sends what lies in the outbox, ours and others', each channel in its own time.
    async fn post(&self, world: &World<'_>, closing: &Cell<bool>) {
        join_all(world.config.channels.iter().map(|channel| self.post_to(world, channel, closing))).await;
    }

    /// Sends what lies there for this channel, until it is told to end. A letter in hand is sent to its end.
    async fn post_to(&self, world: &World<'_>, channel: &Channel, closing: &Cell<bool>) {
        let mut well = true;
        while !closing.get() {
            // Whatever rings from now on is heard.
            let mut rung = pin!(self.bell.notified());
            rung.as_mut().enable();
            let posted = self.post_once(world, channel).await;
            if let (Err(failure), true) = (&posted, well) {
                world.reporter.tell(Event::Note(&format!("No post for {}: {failure}", channel.name)));
            }
            well = posted.is_ok();
            if matches!(posted, Ok(count) if count > 0) {
                continue;
            }
            tokio::select! {
                () = rung => {}
                () = sleep(GLANCE) => {}
            }
        }
    }

    async fn post_once(&self, world: &World<'_>, channel: &Channel) -> Result<usize, Failure> {
        let count = alerts::post(world, channel).await?;
        if count > 0 {
            self.board.tally(world.store.tally().await?);
        }
        Ok(count)
    }

    /// Answers what the page wants to know, and never comes to an end of its own.
    async fn answers(&self, world: &World<'_>) -> Infallible {
        watch::answer(world, &mut *self.questions.lock().await).await;
        std::future::pending().await
    }

    /// Has certificates looked up that were not for a day: those that were installed since, and those whose list could not be
    /// had, within the hour.
    async fn lists(&self, world: &World<'_>) -> Infallible {
        let lists = PublishedLists { patience: self.settings.timeout };
        self.bell.notified().await;
        loop {
            let looked_up = revocations::look_up(world, &lists).await.map_err(|failure| failure.to_string());
            if let Some(why) = looked_up.unwrap_or_else(Some) {
                world.reporter.tell(Event::Note(&format!("Revocations could not be looked up: {why}")));
            }
            sleep(jittered(HOUR)).await;
        }
    }

    /// Forgets what is long done.
    async fn tidy(&self, world: &World<'_>) -> Infallible {
        loop {
            sleep(jittered(HOUR)).await;
            alerts::tidy(world).await;
        }
    }
}

/// How everybody stands, for `systemctl status`.
fn in_a_line(lines: &[StatusLine]) -> String {
    let acting = lines.iter().filter(|line| matches!(line.level, Level::Warning | Level::Critical)).count();
    format!("{} tenants watched; {acting} of them need somebody", lines.len())
}

/// A little more or less than the interval, so that many watchers do not ask at the same moment.
fn jittered(every: Duration) -> Duration {
    let mut octet = [128];
    // Without randomness all watchers keep in step, which does no harm.
    let _ = aws_lc_rs::rand::fill(&mut octet);
    every.mul_f64(0.9 + f64::from(octet[0]) / 1_280.0)
}

/// What the configuration files hold, to see whether they have changed.
fn configuration(settings: &Settings) -> Vec<Option<Fingerprint>> {
    let usual = || {
        let user = Folders::of_the_user().ok().map(|folders| folders.config.join("pushcert.toml"));
        [Some(PathBuf::from(config::SYSTEM)), user].into_iter().flatten().collect()
    };
    let paths: Vec<PathBuf> = settings.config.clone().map_or_else(usual, |path| vec![path]);
    paths.iter().map(|path| digest(path)).collect()
}
