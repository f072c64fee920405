//! Whatever befalls the tool in the middle of a renewal, the next run goes on, and nothing is lost or done twice.
//!
//! `strace` strikes the real program from outside, at one of the calls that it makes to the system: it kills it there, or
//! lets the call fail, or holds it there while its store is taken away. Every such call of a renewal has its turn with
//! `PUSHCERT_CRASH_POINTS=all` (`just crashes`); otherwise a sample of them, evenly spread.

mod blow;
mod folder;
mod memory;
mod way;

use std::panic::AssertUnwindSafe;

use futures_util::FutureExt;
use pushcert_sandbox::{Options, World};

use blow::{Blow, DISK_FAILS, DISK_FULL, INTERRUPTED, KILLED, MOVED, READ_ONLY, REMOVED, TERMINATED};
use way::{FETCHED, OWN_KEY, Trial, Way};

use crate::{shell::has, store::Place};

macro_rules! blows {
    ($($name:ident: $blow:ident, $way:ident on $keep:ident, every $every:literal;)*) => {
        $(#[tokio::test]
        async fn $name() {
            if has("strace") && Keep::$keep.is_here() { sweep(Keep::$keep, &$way, &$blow, $every).await }
        })*
    };
}

blows! {
    killed_anywhere: KILLED, FETCHED on Sqlite, every 20;
    killed_anywhere_with_a_store_for_teams: KILLED, FETCHED on Postgres, every 20;
    killed_anywhere_with_an_own_key: KILLED, OWN_KEY on Sqlite, every 20;
    killed_anywhere_with_an_own_key_and_a_store_for_teams: KILLED, OWN_KEY on Postgres, every 40;
    terminated_anywhere: TERMINATED, FETCHED on Sqlite, every 40;
    terminated_anywhere_with_a_store_for_teams: TERMINATED, FETCHED on Postgres, every 90;
    terminated_anywhere_with_an_own_key: TERMINATED, OWN_KEY on Sqlite, every 90;
    terminated_anywhere_with_an_own_key_and_a_store_for_teams: TERMINATED, OWN_KEY on Postgres, every 300;
    interrupted_anywhere: INTERRUPTED, FETCHED on Sqlite, every 40;
    interrupted_anywhere_with_a_store_for_teams: INTERRUPTED, FETCHED on Postgres, every 90;
    interrupted_anywhere_with_an_own_key: INTERRUPTED, OWN_KEY on Sqlite, every 90;
    interrupted_anywhere_with_an_own_key_and_a_store_for_teams: INTERRUPTED, OWN_KEY on Postgres, every 300;
    the_disk_is_full: DISK_FULL, FETCHED on Sqlite, every 20;
    the_disk_is_full_with_a_store_for_teams: DISK_FULL, FETCHED on Postgres, every 6;
    the_disk_is_full_with_an_own_key: DISK_FULL, OWN_KEY on Sqlite, every 40;
    the_disk_is_full_with_an_own_key_and_a_store_for_teams: DISK_FULL, OWN_KEY on Postgres, every 20;
    the_disk_fails: DISK_FAILS, FETCHED on Sqlite, every 20;
    the_disk_fails_with_a_store_for_teams: DISK_FAILS, FETCHED on Postgres, every 6;
    the_disk_fails_with_an_own_key: DISK_FAILS, OWN_KEY on Sqlite, every 40;
    the_disk_fails_with_an_own_key_and_a_store_for_teams: DISK_FAILS, OWN_KEY on Postgres, every 20;
    a_folder_is_read_only: READ_ONLY, FETCHED on Sqlite, every 10;
    a_folder_is_read_only_with_a_store_for_teams: READ_ONLY, FETCHED on Postgres, every 6;
    a_folder_is_read_only_with_an_own_key: READ_ONLY, OWN_KEY on Sqlite, every 20;
    a_folder_is_read_only_with_an_own_key_and_a_store_for_teams: READ_ONLY, OWN_KEY on Postgres, every 20;
    the_store_is_moved_away_and_put_back: MOVED, FETCHED on Sqlite, every 40;
    the_store_is_moved_away_and_put_back_with_an_own_key: MOVED, OWN_KEY on Sqlite, every 60;
    the_store_is_removed: REMOVED, FETCHED on Sqlite, every 40;
    the_store_is_removed_with_an_own_key: REMOVED, OWN_KEY on Sqlite, every 60;
}

/// Where state is kept.
#[derive(Clone, Copy, Debug)]
enum Keep {
    Sqlite,
    Postgres,
}

impl Keep {
    fn is_here(self) -> bool {
        matches!(self, Self::Sqlite) || crate::store::cluster().is_some()
    }

    async fn fresh(self) -> Place {
        match self {
            Self::Sqlite => Place::sqlite(),
            Self::Postgres => Place::postgres().await.expect("it was here a moment ago"),
        }
    }
}

/// How many trials a world sees. Its clock gains two seconds with each, and what is issued in a world too far ahead is not
/// yet valid for the tool.
const OF_A_WORLD: usize = 100;

/// Lets it befall the tool at every so manieth call, or at all where that is wanted; each time in a fresh home.
async fn sweep(keep: Keep, way: &Way, blow: &Blow, every: usize) {
    let world = World::start(Options { devices: 4, ..Options::default() }).await.expect("a world");
    let points = Trial::begin(&world, keep, way).await.points(blow).await;
    assert!(!points.is_empty(), "a renewal makes such calls");
    let all = std::env::var("PUSHCERT_CRASH_POINTS").is_ok_and(|points| points == "all");
    let (whole, every) = (points.len(), if all { 1 } else { every });
    let mut lost = vec![];
    let points: Vec<_> = points.into_iter().step_by(every).collect();
    for (worlds, points) in points.chunks(OF_A_WORLD).enumerate() {
        tell(&format!("{} · {} · {keep:?}: from point {}", blow.name, way.tenant, worlds * OF_A_WORLD * every + 1));
        let world = World::start(Options { devices: 4, ..Options::default() }).await.expect("a world");
        for point in points {
            let trial = Trial::begin(&world, keep, way).await;
            // Each says by itself what went wrong; the others have their turn all the same.
            if AssertUnwindSafe(trial.survives(blow, point)).catch_unwind().await.is_err() {
                tell(&format!("lost at {point:?}"));
                lost.push(point.clone());
            }
        }
    }
    tell(&format!("{} · {} · {keep:?}: {} of {whole} points", blow.name, way.tenant, whole.div_ceil(every)));
    assert!(lost.is_empty(), "{} points: {lost:?}", lost.len());
}

/// How many points there were, for whoever runs it with `--nocapture`.
#[expect(clippy::print_stdout, reason = "it is read on a terminal, by the developer who asked for it")]
fn tell(words: &str) {
    println!("{words}");
}
