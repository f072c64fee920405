//! A store in a folder where nothing can be written, for real: by its mode, and on a disk that is mounted read-only.

use std::{
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt,
    path::Path,
    process::Command,
};

use pushcert_sandbox::{Options, World};

use super::{
    Keep,
    way::{FETCHED, Trial, said, shown},
};
use crate::shell::text;

/// The user root may write wherever it likes, unless it gives that up.
const AS_ANYBODY: [&str; 3] =
    ["setpriv", "--inh-caps=-dac_override,-dac_read_search", "--bounding-set=-dac_override,-dac_read_search"];

/// A mount of its own, which nobody else sees.
const READ_ONLY_MOUNT: &str =
    r#"mount --bind "$1" "$1" && mount -o remount,ro,bind "$1" && cd / && shift && exec "$@""#;

/// How a folder is closed to the program.
#[derive(Clone, Copy)]
enum Closed {
    ByItsMode,
    ByTheMount,
}

impl Closed {
    /// The words before the program's own.
    fn words(self, folder: &Path) -> Vec<String> {
        let words: &[&str] = match self {
            Self::ByItsMode if !rustix::process::geteuid().is_root() => &[],
            Self::ByItsMode => &AS_ANYBODY,
            Self::ByTheMount => &["unshare", "--mount", "sh", "-c", READ_ONLY_MOUNT, "sh", &shown(folder)],
        };
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    fn mode(self, folder: &Path, closed: bool) {
        let mode = if closed && matches!(self, Self::ByItsMode) { 0o500 } else { 0o700 };
        fs::set_permissions(folder, Permissions::from_mode(mode)).expect("its mode");
    }

    /// Few containers let anybody mount.
    fn is_possible_here(self) -> bool {
        let folder = tempfile::tempdir().expect("a folder");
        let mut words = self.words(folder.path()).into_iter().chain(["true".to_owned()]);
        let tried = Command::new(words.next().expect("a program")).args(words).output();
        tried.is_ok_and(|output| output.status.success())
    }
}

#[tokio::test]
async fn a_store_in_a_folder_that_is_read_only_is_read_and_left_alone() {
    for closed in [Closed::ByItsMode, Closed::ByTheMount] {
        if closed.is_possible_here() {
            a_renewal_waits_until_the_folder_is_open(closed).await;
        } else {
            assert!(matches!(closed, Closed::ByTheMount), "every machine has modes");
            super::tell("not tried: nothing may be mounted here");
        }
    }
}

async fn a_renewal_waits_until_the_folder_is_open(closed: Closed) {
    let world = World::start(Options { devices: 4, ..Options::default() }).await.expect("a world");
    let trial = Trial::begin(&world, Keep::Sqlite, &FETCHED).await;
    trial.run(&[], "status cloud").await;
    let state = trial.state();
    for run in FETCHED.runs {
        let deeds = || world.record().iter().filter(|entry| entry.deed.is_some()).count();
        let before = (deeds(), fs::read(state.join("pushcert.sqlite")).expect("the store"));
        closed.mode(&state, true);
        let refused = trial.run(&closed.words(&state), run.typed).await;
        assert_eq!(refused.status.code(), Some(1), "{}", said(&refused));
        let words = text(&refused.stderr);
        assert!(words.contains("store-read-only") && words.contains("status --offline"), "{words}");
        for reads in ["status cloud --offline", "history cloud --verify"] {
            let output = trial.run(&closed.words(&state), reads).await;
            assert_eq!(output.status.code(), Some(0), "{reads}: {}", said(&output));
        }
        closed.mode(&state, false);
        assert_eq!(
            (deeds(), fs::read(state.join("pushcert.sqlite")).expect("the store")),
            before,
            "nothing was changed"
        );
        trial.goes(run).await;
    }
    trial.ends(&FETCHED.runs[1..]).await;
}
