//! What another user of the machine might try with files and folders: masks, links, pipes, and a swap at the right moment.

use std::{
    fs,
    os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink},
    path::Path,
    process::{Command, Output, Stdio},
    sync::atomic::{AtomicBool, Ordering},
    thread,
};

use pushcert::world::files;
use rustix::{
    fs::{CWD, Mode, RenameFlags, mkfifoat, renameat_with},
    process::geteuid,
};

use crate::{
    canary,
    shell::{Sandbox, home, run, skipped_unless, text},
};

/// A user who is neither we nor the administrator.
const SOMEBODY: u32 = 65_534;

/// The program under a mask for new files.
fn masked(home: &Path, mask: &str, arguments: &[&str]) -> Output {
    let line = format!("umask {mask}; exec \"$@\"");
    Command::new("sh")
        .args(["-c", &line, "sh", env!("CARGO_BIN_EXE_pushcert")])
        .args(arguments)
        .env_clear()
        .env("HOME", home)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .stdin(Stdio::null())
        .output()
        .expect("a shell")
}

#[test]
fn whatever_the_mask_says_our_files_are_ours() {
    for mask in ["000", "077"] {
        let home = home();
        let sandbox = Sandbox::start(home.path());
        let ours = masked(home.path(), mask, &["--config", sandbox.get("config"), "renew", "cloud", "--no-input"]);
        assert_eq!(ours.status.code(), Some(4), "{}", text(&ours.stderr));
        let seen = [".local/state/pushcert/pushcert.sqlite", "pushcert/cloud"].map(|path| home.path().join(path));
        assert!(seen.iter().all(|path| path.exists()), "the store and the hand-off are there");
        for place in [".local", "pushcert"] {
            assert_private(&home.path().join(place));
        }
        canary::assert_none_below(&home.path().join(".local"));
        canary::assert_none_below(&home.path().join("pushcert"));
    }
}

#[test]
fn what_is_for_all_is_readable_for_all_under_any_mask() {
    for mask in ["000", "077"] {
        let home = home();
        let written = home.path().join("pushcert.prom");
        let place = written.display().to_string();
        fs::write(home.path().join("pushcert.toml"), "[tenants.acme]\nmdm = \"manual\"\n").expect("written");
        let config = home.path().join("pushcert.toml").display().to_string();
        let status = ["--config", &config, "status", "-o", "prometheus", "--output-file", &place];
        assert_eq!(masked(home.path(), mask, &status).status.code(), Some(0));
        assert_eq!(fs::metadata(&written).expect("it is there").mode() & 0o777, 0o644, "under {mask}");
    }
}

/// Nobody else may do anything with what stands here.
fn assert_private(path: &Path) {
    let metadata = fs::symlink_metadata(path).expect("it is there");
    assert_eq!(metadata.mode() & 0o077, 0, "{} is {:o}", path.display(), metadata.mode());
    if metadata.is_dir() {
        fs::read_dir(path).expect("a folder").for_each(|entry| assert_private(&entry.expect("an entry").path()));
    }
}

#[test]
fn a_state_folder_in_the_hands_of_others_is_refused() {
    let home = home();
    let elsewhere = home.path().join("elsewhere");
    fs::create_dir_all(&elsewhere).expect("a folder");
    fs::create_dir_all(home.path().join(".local/state")).expect("a folder");
    let state = home.path().join(".local/state/pushcert");
    symlink(&elsewhere, &state).expect("a link");
    let refused = || {
        let output = run(home.path(), &["status"]);
        assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
        text(&output.stderr)
    };
    assert!(refused().contains("is not a folder"));
    assert_eq!(fs::read_dir(&elsewhere).expect("a folder").count(), 0, "nothing was written through the link");
    fs::remove_file(&state).expect("removed");
    fs::create_dir(&state).expect("a folder");
    fs::set_permissions(&state, fs::Permissions::from_mode(0o777)).expect("opened");
    assert!(refused().contains("others may write"));
}

#[test]
fn what_belongs_to_somebody_else_counts_for_nothing() {
    if !skipped_unless(geteuid().is_root(), "the administrator's rights") {
        return;
    }
    let home = home();
    let (config, password) = (home.path().join("pushcert.toml"), home.path().join("password"));
    fs::write(&config, "[tenants.acme]\nmdm = \"manual\"\n").expect("written");
    files::write_private(&password, b"word").expect("written");
    assert!(files::read_trusted(&config, 1024).is_ok() && files::read_secret(&password, 1024).is_ok());
    for path in [&config, &password] {
        chown(path, Some(SOMEBODY), None).expect("given away");
    }
    // Its mode is fine; its owner could change it, and us, at any moment.
    assert!(matches!(files::read_trusted(&config, 1024), Err(files::Untrusted::OpenToOthers)));
    assert!(matches!(files::read_secret(&password, 1024), Err(files::Untrusted::OpenToOthers)));
    let output = run(home.path(), &["--config", &config.display().to_string(), "status"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("may be written to by others"), "{}", text(&output.stderr));
}

#[test]
fn a_link_that_was_planted_is_replaced_and_not_followed() {
    let room = home();
    let (victim, planted) = (room.path().join("victim"), room.path().join("ApplePushInfo.txt"));
    fs::write(&victim, "mine").expect("written");
    symlink(&victim, &planted).expect("a link");
    files::write_private(&planted, b"request").expect("written");
    assert_eq!(fs::read_to_string(&victim).expect("read"), "mine");
    assert_eq!(fs::read_to_string(&planted).expect("read"), "request");
    assert!(fs::symlink_metadata(&planted).expect("it is there").is_file());
    let beside = room.path().join("key.pem");
    symlink(&victim, &beside).expect("a link");
    assert!(files::write_new(&beside, b"key").is_err(), "a new file never takes the place of anything");
    assert_eq!(fs::read_to_string(&victim).expect("read"), "mine");
}

#[test]
fn what_another_name_leads_to_stays_as_it_is() {
    let room = home();
    let (theirs, planted) = (room.path().join("theirs"), room.path().join("ApplePushInfo.txt"));
    for write in [files::write_private, files::write_public] {
        fs::write(&theirs, "theirs").expect("written");
        fs::hard_link(&theirs, &planted).expect("a second name");
        write(&planted, b"ours").expect("written");
        assert_eq!(fs::read_to_string(&theirs).expect("read"), "theirs");
        assert_eq!(fs::read_to_string(&planted).expect("read"), "ours");
        assert_eq!(fs::metadata(&theirs).expect("it is there").nlink(), 1, "nothing is shared any more");
        fs::remove_file(&planted).expect("gone");
    }
}

/// Whoever waits for the other end of a pipe waits for ever.
#[test]
fn a_pipe_in_the_place_of_a_file_keeps_nobody_waiting() {
    let home = home();
    let at = |name: &str| home.path().join(name);
    for folder in [".local/state/pushcert", "Downloads"] {
        files::create_private_dir(&at(folder)).expect("a folder");
    }
    for pipe in [".local/state/pushcert/pushcert.sqlite", "pushcert.toml", "password", "Downloads/MDM.pem"] {
        mkfifoat(CWD, at(pipe), Mode::RUSR | Mode::WUSR).expect("a pipe");
    }
    let config = at("trusted.toml");
    let text_of_config = format!(
        "[tenants.acme]\nmdm = \"mobileiron-cloud\"\nurl = \"https://127.0.0.1:1\"\nusername = \"a\"\npassword = {{ file = \"{}\" }}\n",
        at("password").display()
    );
    fs::write(&config, text_of_config).expect("written");
    let (pipe, config) = (at("pushcert.toml").display().to_string(), config.display().to_string());
    let store = at("other.sqlite").display().to_string();
    for (arguments, code, says) in [
        (vec!["--config", &pipe, "status"], 2, "a pipe"),
        (vec!["--config", &config, "status"], 1, "pushcert.sqlite"),
        (vec!["--config", &config, "--store", &store, "prove", "acme", "--no-input"], 2, "a pipe"),
    ] {
        let output = run(home.path(), &arguments);
        let said = text(&output.stdout) + &text(&output.stderr);
        assert!(output.status.code() == Some(code) && said.contains(says), "{arguments:?}: {:?} {said}", output.status);
    }
}

/// Another user who may write to a folder above ours can put a link in its place, after we have looked and before we write.
#[test]
fn a_folder_that_others_may_swap_is_not_used() {
    let home = home();
    let shared = home.path().join("shared");
    fs::create_dir(&shared).expect("a folder");
    let open_to_all = |mode| fs::set_permissions(&shared, fs::Permissions::from_mode(mode)).expect("opened");
    open_to_all(0o777);
    for below in ["handoff/acme", "handoff", "a/b/c"] {
        let refused = files::create_private_dir(&shared.join(below)).expect_err("anybody may swap it");
        assert!(refused.to_string().contains("anybody may write to"), "{refused}");
    }
    assert_eq!(fs::read_dir(&shared).expect("a folder").count(), 0, "nothing was made there");
    // Where only its owner may rename a folder, as in the system's folder for temporary files, it stays where it is.
    open_to_all(0o1777);
    files::create_private_dir(&shared.join("handoff/acme")).expect("a folder");
}

/// A swap between a link and a folder, as often as it can be done, while we write.
#[cfg(target_os = "linux")]
#[test]
fn a_race_for_a_name_is_never_followed() {
    let room = home();
    let (folder, victim) = (room.path().join("folder"), room.path().join("victim"));
    fs::create_dir(&folder).expect("a folder");
    fs::write(&victim, "theirs").expect("written");
    let (card, link) = (folder.join("card.txt"), folder.join("link"));
    fs::write(&card, "round none").expect("written");
    symlink(&victim, &link).expect("a link");
    let mut done = vec![];
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !over.load(Ordering::Relaxed) {
                renameat_with(CWD, &card, CWD, &link, RenameFlags::EXCHANGE).ok();
            }
        });
        for round in 0..300 {
            let written = files::write_private(&card, format!("round {round}").as_bytes());
            done.push((written, files::read_paper(&card, 100)));
        }
        over.store(true, Ordering::Relaxed);
    });
    // Looked at once the swapping is over: a test that fails must not leave it going on for ever.
    for (written, read) in done {
        written.expect("written");
        // Where it was swapped in the meantime it is refused in one way or another; what is read was written here.
        assert!(read.is_err() || read.is_ok_and(|bytes| bytes.starts_with(b"round")), "the victim was read");
    }
    assert_eq!(fs::read_to_string(&victim).expect("read"), "theirs");
}
