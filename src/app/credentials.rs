//! `pingid` and `android`: from arguments to wishes.

use std::{io::IsTerminal, time::Duration};

use futures_util::FutureExt;
use pushcert_papers::{Time, pingid as papers};

use crate::{
    cli::args::{
        AndroidCheck, AndroidEnrol, AskGoogle, ConfigFormat, LockoutWord, PingidConfig, PingidLint, PingidRotate,
        Platform, RotateDone,
    },
    commands::{
        Ask, Failure, Kind, Outcome, Reporter, World,
        android::{self, CheckWish, EnrolWish},
        pingid::{
            self,
            rotate::{self, Done, rotate},
        },
    },
    google::{Google, Online},
};

const fn platform(named: Platform) -> papers::Platform {
    match named {
        Platform::Ios => papers::Platform::Ios,
        Platform::Android => papers::Platform::Android,
    }
}

pub fn config(reporter: &dyn Reporter, ask: &dyn Ask, args: PingidConfig) -> Outcome {
    let format = args.format.map(|format| match format {
        ConfigFormat::Plist => papers::Format::Plist,
        ConfigFormat::Appconfig => papers::Format::Appconfig,
        ConfigFormat::Json => papers::Format::Json,
        ConfigFormat::Card => papers::Format::Card,
    });
    let wish = pingid::Wish {
        platform: platform(args.platform),
        format,
        app: args.app,
        token: args.token_file,
        out: args.out,
        at_terminal: std::io::stdout().is_terminal(),
    };
    pingid::config(reporter, ask, &wish)
}

pub fn lint(reporter: &dyn Reporter, args: &PingidLint, now: Time) -> Outcome {
    let app = args.app.as_deref().unwrap_or_else(|| papers::Platform::Ios.usual_app());
    pingid::lint(reporter, &args.files, app, args.strict, now)
}

/// Judges a key; a runtime is started only where Google is asked.
pub fn check(reporter: &dyn Reporter, args: AndroidCheck, timeout: Duration, now: Time) -> Outcome {
    let google = online(&args.google, timeout);
    let wish = CheckWish { path: args.file, strict: args.strict, exchange: args.exchange };
    let judged = android::check(reporter, &wish, google.as_ref().map(|google| google as &dyn Google), now);
    if google.is_none() {
        return judged.now_or_never().expect("nothing is waited for where nobody is asked");
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(|error| Failure::new(Kind::Failed, "runtime", error))?.block_on(judged)
}

fn online(args: &AskGoogle, timeout: Duration) -> Option<Online> {
    args.online.then(|| Online { timeout, ca_file: args.ca_file.clone() })
}

pub async fn enrol(world: &World<'_>, args: AndroidEnrol, timeout: Duration) -> Outcome {
    let google = online(&args.google, timeout);
    let wish = EnrolWish {
        done: args.done,
        skip: args.skip,
        undo: args.undo,
        evidence: args.evidence,
        on: args.on,
        key: args.key,
        reason: args.reason,
        restart: args.restart,
    };
    android::enrol(world, &args.tenant, wish, google.as_ref().map(|google| google as &dyn Google)).await
}

pub async fn rotation(world: &World<'_>, args: PingidRotate) -> Outcome {
    let done = args.done.iter().map(|done| match done {
        RotateDone::SwitchedIos => Done::Switched(papers::Platform::Ios),
        RotateDone::SwitchedAndroid => Done::Switched(papers::Platform::Android),
        RotateDone::Revoked => Done::Revoked,
    });
    let accept = args.accept_lockout.iter().map(|danger| match danger {
        LockoutWord::NewTokenAbsent => "new-token-absent",
        LockoutWord::LastToken => "last-token",
        LockoutWord::LegNotDone => "leg-not-done",
        LockoutWord::WindowOpen => "window-open",
        LockoutWord::CoverageLow => "coverage-low",
        LockoutWord::CoverageUnseen => "coverage-unseen",
    });
    let wish = rotate::Wish {
        first: args.first,
        platforms: args.platform.iter().map(|named| platform(*named)).collect(),
        token: args.token_file,
        effective_from: args.effective_date,
        replaces: args.replaces,
        done: done.collect(),
        evidence: args.evidence,
        accept: accept.map(str::to_owned).collect(),
        reason: args.reason,
        abort: args.abort,
        put_back: args.put_back,
        dry_run: args.dry_run,
    };
    rotate(world, &args.tenant, wish).await
}
