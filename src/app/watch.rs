//! `watch`: rounds by a jittered schedule, and the page beside them, until it is told to end.

use std::{convert::Infallible, net::SocketAddr, path::PathBuf, time::Duration};

use pushcert_papers::{Fingerprint, watch::Level};
use sd_notify::NotifyState;
use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    sync::mpsc,
    time::{Instant, sleep_until},
};

use super::{
    page,
    real::{Real, Settings},
};
use crate::{
    cli::{args::Watch, printer::Printer, prompt::Terminal},
    commands::{
        Event, Failure, Kind, Outcome, World, published,
        status::Wish,
        watch::{self, Question},
    },
    web::{Board, Shown},
    world::files::Folders,
};

/// How often it is looked whether the configuration has changed.
const GLANCE: Duration = Duration::from_secs(5);

/// Why rounds end.
enum End {
    /// The configuration is to be read anew.
    Reload,
    /// The system or a person wants it.
    Stop,
}

/// The signals that a daemon listens to.
struct Signals {
    hangup: Signal,
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    fn listen() -> Result<Self, Failure> {
        let on = |kind| signal(kind).map_err(|error| Failure::new(Kind::Failed, "signals", error));
        Ok(Self {
            hangup: on(SignalKind::hangup())?,
            interrupt: on(SignalKind::interrupt())?,
            terminate: on(SignalKind::terminate())?,
        })
    }

    async fn next(&mut self) -> End {
        tokio::select! {
            _ = self.hangup.recv() => End::Reload,
            _ = self.interrupt.recv() => End::Stop,
            _ = self.terminate.recv() => End::Stop,
        }
    }
}

/// Watches until it is told to end, or once.
pub async fn watch(settings: &Settings, args: Watch, printer: &Printer, ask: &Terminal) -> Outcome {
    let max_age = i64::try_from(args.max_age.as_secs()).unwrap_or(i64::MAX);
    let wish = Wish { max_age, patience: Some(settings.timeout), ..Wish::default() };
    let mut real = Real::build(settings).await?;
    if args.once {
        return real.live(printer, ask, async |world: &World<'_>| once(world, &wish).await).await;
    }
    let board = Board::default();
    let mut signals = Signals::listen()?;
    let (records, mut questions) = mpsc::channel(8);
    let mut address = page::listen(&args, &board, records, printer).await?;
    loop {
        let rounds = async |world: &World<'_>| {
            tokio::select! {
                end = rounds(world, &wish, &board, args.every, &mut signals, settings, &mut address) => end,
                // Beside the rounds, between two answers of servers.
                never = answers(world, &mut questions) => match never {},
            }
        };
        match real.live(printer, ask, rounds).await {
            End::Stop => break,
            End::Reload => match Real::build(settings).await {
                Ok(fresh) => real = fresh,
                // The old configuration goes on: a mistake in the new one must not end the watch.
                Err(failure) => printer.failure(&failure),
            },
        }
    }
    notify(&[NotifyState::Stopping]);
    Ok(None)
}

/// Answers what the page wants to know, and never comes to an end of its own.
async fn answers(world: &World<'_>, questions: &mut mpsc::Receiver<Question>) -> Infallible {
    watch::answer(world, questions).await;
    std::future::pending().await
}

/// A round alone, for timers.
async fn once(world: &World<'_>, wish: &Wish) -> Outcome {
    let lines = watch::look(world, wish).await?;
    world.reporter.tell(Event::Status(&lines));
    published::publish(world).await?;
    let due = lines.iter().any(|line| matches!(line.level, Level::Warning | Level::Critical));
    Ok(due.then_some(Kind::Due))
}

async fn rounds(
    world: &World<'_>,
    wish: &Wish,
    board: &Board,
    every: Duration,
    signals: &mut Signals,
    settings: &Settings,
    address: &mut Option<SocketAddr>,
) -> End {
    let configured = configuration(settings);
    loop {
        tokio::select! {
            biased;
            end = signals.next() => return end,
            () = round(world, wish, board) => {}
        }
        notify(&[NotifyState::Ready]);
        if let Some(address) = address.take() {
            world.reporter.tell(Event::Listening(address));
        }
        let due = Instant::now() + jittered(every);
        while Instant::now() < due {
            notify(&[NotifyState::Watchdog]);
            tokio::select! {
                biased;
                end = signals.next() => return end,
                () = sleep_until(due.min(Instant::now() + GLANCE)) => {}
            }
            if configuration(settings) != configured {
                return End::Reload;
            }
        }
    }
}

/// Looks at everybody, and writes it on the board. Where that fails, what stood there stays, and is called old.
async fn round(world: &World<'_>, wish: &Wish, board: &Board) {
    let looked = async {
        let lines = watch::look(world, wish).await?;
        published::publish(world).await?;
        Ok::<_, Failure>(lines)
    };
    match looked.await {
        Ok(lines) => board.write(Shown::new(world.clock.now(), lines)),
        Err(failure) => {
            board.write(board.shown().failed());
            world.reporter.tell(Event::Note(&format!("The round failed: {failure}")));
        }
    }
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
        [Some(PathBuf::from(crate::config::SYSTEM)), user].into_iter().flatten().collect()
    };
    let paths: Vec<PathBuf> = settings.config.clone().map_or_else(usual, |path| vec![path]);
    paths.iter().map(|path| crate::world::files::digest(path)).collect()
}

fn notify(states: &[NotifyState<'_>]) {
    // There may be nobody to tell: then it was not started by systemd.
    drop(sd_notify::notify(false, states));
}
