//! `watch`: rounds by a jittered schedule, the post and the page beside them, until it is told to end.

mod daemon;
mod lists;
mod signals;
mod systemd;

use std::cell::{Cell, RefCell};

use pushcert_papers::watch::Level;
use tokio::sync::{Mutex, Notify, mpsc};

use super::{
    page,
    real::{Real, Settings},
};
use crate::{
    cli::{args::Watch, printer::Printer, prompt::Terminal},
    commands::{Event, Kind, Outcome, World, alerts, published, status::Wish, watch},
    web::Board,
};
use daemon::Daemon;
use signals::{End, Signals};
use systemd::News;

/// Watches until it is told to end, or once; or tries the channels.
pub async fn watch(settings: &Settings, args: Watch, printer: &Printer, ask: &Terminal) -> Outcome {
    let max_age = i64::try_from(args.max_age.as_secs()).unwrap_or(i64::MAX);
    let wish = Wish { max_age, patience: Some(settings.timeout), ..Wish::default() };
    let real = Real::build(settings).await?;
    if args.test_alert {
        return real.live(printer, ask, async |world: &World<'_>| alerts::test(world).await).await;
    }
    if args.once {
        return real.live(printer, ask, async |world: &World<'_>| once(world, &wish).await).await;
    }
    let mut signals = Signals::listen()?;
    let board = Board::default();
    let (records, questions) = mpsc::channel(8);
    let address = page::listen(&args, &board, records, printer).await?;
    let daemon = Daemon {
        wish,
        board,
        every: args.every,
        settings,
        address: Cell::new(address),
        refused: RefCell::new(None),
        bell: Notify::new(),
        questions: Mutex::new(questions),
    };
    let heart = systemd::feed_the_watchdog();
    keep_watching(daemon, real, &mut signals, printer, ask).await;
    drop(heart);
    Ok(None)
}

/// Watches, each time with the configuration that was last found to be right.
async fn keep_watching(daemon: Daemon<'_>, mut real: Real, signals: &mut Signals, printer: &Printer, ask: &Terminal) {
    while let End::Reload = real.live(printer, ask, async |world: &World<'_>| daemon.watch(world, signals).await).await
    {
        systemd::tell(News::Reloading);
        let refused = match Real::build(daemon.settings).await {
            Ok(fresh) => {
                real = fresh;
                None
            }
            // The old configuration goes on: a mistake in the new one must not end the watch.
            Err(failure) => {
                printer.failure(&failure);
                Some(failure.message)
            }
        };
        daemon.board.refused(refused.is_some());
        daemon.refused.replace(refused);
        systemd::tell(News::Ready);
    }
    systemd::tell(News::Stopping);
}

/// A round alone, for timers; with the letters that are due.
async fn once(world: &World<'_>, wish: &Wish) -> Outcome {
    let lines = watch::look_once(world, wish).await?;
    alerts::post_all(world).await?;
    alerts::tidy(world).await;
    world.reporter.tell(Event::Status(&lines));
    published::publish(world).await?;
    let due = lines.iter().any(|line| matches!(line.level, Level::Warning | Level::Critical));
    Ok(due.then_some(Kind::Due))
}
