//! From arguments to deeds: builds the wishes, hands them the real world, and turns what comes back into an exit code.

pub mod real;

mod channels;
mod configuration;
mod console;
mod credentials;
mod demo;
mod init;
mod page;
mod papers;
mod public;
mod sandbox;
mod watch;

use std::{path::PathBuf, process::ExitCode, time::Duration};

use pushcert_papers::watch::Level;

use crate::{
    cli::{
        args::{
            Accept, Adopt, Android, Cli, Color, Command, Config, Csr, DemoMdm, Global, Man, Output, P12, Pingid, Prove,
            Renew, Status,
        },
        exit, help, log, manual,
        printer::{self, Printer},
        prompt::Terminal,
    },
    commands::{Failure, Kind, Outcome, World, adopt, history, install, pingid, prove, published, push, renew, status},
    world::clock::{Clock, SystemClock},
};
use real::{Real, Settings};

/// Runs what the command line says.
pub fn run() -> ExitCode {
    let cli = match Cli::read() {
        Ok(cli) => cli,
        Err(error) => return usage(&error),
    };
    color(cli.global.color);
    let output = cli.global.output;
    let printer = Printer::new(output, cli.global.quiet).into_file(results_file(&cli.command));
    let outcome = suits(&cli.command, output).and_then(|()| carry_out(cli, &printer));
    let outcome = printer.unwritten().map_or(outcome, Err);
    match (outcome, output) {
        // Monitoring systems know four exit codes, and what was found decides which.
        (outcome, Output::Nagios) => nagios(outcome, &printer),
        (Ok(outcome), _) => exit::status(outcome),
        (Err(failure), _) => {
            printer.failure(&failure);
            exit::status(Some(failure.kind))
        }
    }
}

/// The exit code for monitoring systems, and the one line where there was no answer. What went wrong after the answer takes
/// nothing back.
fn nagios(outcome: Outcome, printer: &Printer) -> ExitCode {
    let answered = printer.level();
    match outcome {
        Err(failure) => printer.failure(&failure),
        Ok(_) if answered.is_none() => {
            printer.failure(&Failure::new(
                Kind::Interrupted,
                "interrupted",
                "the run was ended before it had an answer",
            ));
        }
        Ok(_) => {}
    }
    ExitCode::from(answered.unwrap_or(Level::Unknown).exit_code())
}

/// Where the results go, if not to standard output.
fn results_file(command: &Command) -> Option<PathBuf> {
    match command {
        Command::Status(args) => args.output_file.clone(),
        _ => None,
    }
}

/// Each command takes the forms of output that make sense for it.
fn suits(command: &Command, output: Output) -> Result<(), Failure> {
    let everywhere = matches!(output, Output::Human | Output::Json);
    if everywhere || matches!(command, Command::Status(_) | Command::Check(_) | Command::Watch(_)) {
        return Ok(());
    }
    let message = "this form of output is for  pushcert status  and  pushcert check";
    Err(Failure::new(Kind::Usage, "output", message).hinted("other commands take -o human and -o json"))
}

/// Help and version are answers; everything else that the parser refuses is wrong usage. A monitoring system wants even
/// that on one line, with its own exit code.
fn usage(error: &clap::Error) -> ExitCode {
    if !error.use_stderr() {
        return match printer::to_stdout(&error.render().ansi().to_string()) {
            Ok(()) => exit::status(None),
            Err(failure) => {
                Printer::new(Output::Human, false).failure(&failure);
                exit::status(Some(failure.kind))
            }
        };
    }
    if wants("nagios") {
        Printer::new(Output::Nagios, false).failure(&misused(error));
        return ExitCode::from(Level::Unknown.exit_code());
    }
    if wants("json") {
        Printer::new(Output::Json, false).failure(&misused(error));
    } else {
        printer::to_stderr(&error.render().ansi().to_string());
    }
    exit::status(Some(Kind::Usage))
}

/// What the parser says, without the lines that only people need.
fn misused(error: &clap::Error) -> Failure {
    let text = error.render().to_string();
    let first = text.lines().next().unwrap_or_default().trim_start_matches("error: ");
    let tip = text.lines().find_map(|line| line.trim_start().strip_prefix("tip: "));
    let failure = Failure::new(Kind::Usage, "usage", first);
    match tip {
        Some(tip) => failure.hinted(tip),
        None => failure,
    }
}

/// Whether the command line asks for this form, as far as can be told of one that cannot be parsed.
fn wants(form: &str) -> bool {
    let arguments: Vec<String> = std::env::args_os().map(|argument| argument.to_string_lossy().into_owned()).collect();
    let together = ["-o", "-o=", "--output="].map(|flag| format!("{flag}{form}"));
    let apart = |pair: &[String]| matches!(pair[0].as_str(), "-o" | "--output") && pair[1] == form;
    #[expect(clippy::disallowed_methods, reason = "the parser, which reads it, has failed")]
    let variable = std::env::var("PUSHCERT_OUTPUT");
    arguments.iter().any(|argument| together.contains(argument))
        || arguments.windows(2).any(apart)
        || variable.is_ok_and(|wanted| wanted == form)
}

fn color(choice: Color) {
    match choice {
        Color::Auto => anstream::ColorChoice::Auto,
        Color::Always => anstream::ColorChoice::Always,
        Color::Never => anstream::ColorChoice::Never,
    }
    .write_global();
}

/// Commands that need no world come first, and start nothing.
fn carry_out(cli: Cli, printer: &Printer) -> Outcome {
    let now = || SystemClock.now();
    let ask = || Terminal::new(cli.global.no_input || cli.global.output != Output::Human);
    match cli.command {
        Command::Check(args) => papers::check(printer, args, cli.global.timeout, now()),
        Command::Inspect(args) => papers::inspect(printer, args, now()),
        Command::Csr(Csr::Alone(command)) => papers::csr(printer, &ask(), command, now()),
        Command::P12(P12::Pack(args)) if args.tenant.is_none() => papers::pack(printer, &ask(), args, now()),
        Command::P12(P12::Open(args)) => papers::open(printer, &ask(), args),
        Command::Status(Status { from: Some(place), tenants, fail_on, at, .. }) => {
            let timeout = cli.global.timeout;
            published::status(
                printer,
                &public::read(&place, timeout)?,
                &place,
                &tenants,
                fail_on,
                at.unwrap_or_else(now),
            )
        }
        Command::Pingid(Pingid::Config(args)) => credentials::config(printer, &ask(), args),
        Command::Pingid(Pingid::Lint(args)) => credentials::lint(printer, &args, now()),
        Command::Android(Android::Check(args)) => credentials::check(printer, args, cli.global.timeout, now()),
        Command::Help(args) => printer::to_stdout(&help::about(&args.about)?).map(|()| None),
        Command::Completions(args) => printer::to_stdout(&manual::completions(args.shell)).map(|()| None),
        Command::Man(Man { out: Some(folder), .. }) => manual::pages(&folder).map(|()| None),
        Command::Man(args) => printer::to_stdout(&manual::page(&args.command)?).map(|()| None),
        command => with_runtime(command, cli.global, printer),
    }
}

fn with_runtime(command: Command, global: Global, printer: &Printer) -> Outcome {
    log::begin(global.verbose, global.log_format);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::new(Kind::Failed, "runtime", error))?;
    let ask = Terminal::new(global.no_input || global.output != Output::Human);
    // The sandbox and the watch end by the same signals, in their own way.
    if matches!(command, Command::Sandbox(_) | Command::Watch(_)) {
        return runtime.block_on(in_the_world(command, global, printer, &ask));
    }
    runtime.block_on(async {
        let interrupted = interrupted();
        tokio::pin!(interrupted);
        let outcome = tokio::select! {
            // The signal is listened for before anything is asked at the terminal.
            biased;
            () = &mut interrupted => return Ok(Some(Kind::Interrupted)),
            outcome = in_the_world(command, global, printer, &ask) => outcome,
        };
        // Ctrl-C at a question is answered with no, and the run may have ended with that.
        tokio::select! {
            biased;
            () = &mut interrupted => Ok(Some(Kind::Interrupted)),
            () = tokio::task::yield_now() => outcome,
        }
    })
}

/// Ctrl-C, or the system's wish to end it, ends a run between two steps: what was committed stays, and what was not has
/// not happened.
#[cfg(unix)]
async fn interrupted() {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut interrupt), Ok(mut terminate)) = (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
    else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
}

/// Ctrl-C ends a run between two steps: what was committed stays, and what was not has not happened.
#[cfg(not(unix))]
async fn interrupted() {
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}

async fn in_the_world(command: Command, global: Global, printer: &Printer, ask: &Terminal) -> Outcome {
    match command {
        Command::Sandbox(args) => {
            return sandbox::sandbox(
                printer,
                sandbox::Wish { state: args.state, ends_in_days: args.ends_in, devices: args.devices, bare: args.bare },
            )
            .await;
        }
        Command::Demo(args) => {
            let mdm = match args.mdm {
                DemoMdm::Cloud => demo::Server::Cloud,
                DemoMdm::Core => demo::Server::Core,
            };
            return demo::demo(printer, ask, mdm, args.browser, global.timeout).await;
        }
        _ => {}
    }
    let settings = Settings {
        config: global.config,
        store: global.store,
        timeout: global.timeout,
        browser: matches!(&command, Command::Renew(args) if !args.no_browser),
        ..Settings::default()
    };
    if let Command::Init(args) = command {
        return init::init(settings, args, printer, ask).await;
    }
    if let Command::Watch(args) = command {
        return watch::watch(&settings, args, printer, ask).await;
    }
    if matches!(command, Command::Config(Config::Check)) {
        return configuration::check(&settings, printer).await;
    }
    let real = Real::build(&settings).await?;
    if let Command::Console(command) = command {
        let configuration = init::place(&settings)?;
        return real
            .live(printer, ask, async |world: &World<'_>| console::console(world, command, &configuration).await)
            .await;
    }
    real.live(printer, ask, async |world: &World<'_>| {
        let changes = matches!(
            command,
            Command::Status(_)
                | Command::Renew(_)
                | Command::Rollback(_)
                | Command::Adopt(_)
                | Command::Install(_)
                | Command::Csr(_)
                | Command::Pingid(_)
                | Command::Android(_)
        );
        let outcome = deed(command, world, settings.timeout).await;
        if changes {
            published::publish(world).await?;
        }
        outcome
    })
    .await
}

async fn deed(command: Command, world: &World<'_>, timeout: Duration) -> Outcome {
    match command {
        Command::Status(args) => status::status(world, &status_wish(args, timeout)).await,
        Command::Renew(args) => {
            let tenant = args.tenant.clone();
            renew::renew(world, &tenant, renew_wish(args)).await
        }
        Command::Csr(Csr::Fetch(args)) => renew::fetch(world, &args.tenant, args.out).await,
        Command::Rehearse(args) => {
            let wish =
                renew::Wish { certificate: args.certificate, downloads: args.downloads, ..renew::Wish::default() };
            renew::rehearse(world, &args.tenant, wish).await
        }
        Command::Rollback(args) => {
            renew::rollback(world, &args.tenant, args.reason, papers::passphrase(args.passphrase)).await
        }
        Command::Adopt(args) => {
            let (tenant, evidence, topic) = adopt_wish(args);
            adopt::adopt(world, &tenant, &evidence, topic).await
        }
        Command::P12(P12::Pack(mut args)) => {
            let tenant = args.tenant.take().expect("without a tenant there is no need of a world");
            papers::pack_kept(world, tenant, args).await
        }
        Command::Install(args) => install::install(world, &args.tenant, args.file, accept(args.accept)).await,
        Command::Prove(Prove { tenant, identity: Some(file), passphrase, .. }) => {
            push::prove_push(world, &tenant, &file, &papers::passphrase(passphrase)).await
        }
        Command::Prove(args) => {
            let passphrase = papers::passphrase(args.passphrase);
            let wish = prove::Wish { devices: args.devices, fleet: args.fleet, wait: args.wait, passphrase };
            prove::prove(world, &args.tenant, &wish).await
        }
        Command::Pingid(Pingid::Rotate(args)) => credentials::rotation(world, args).await,
        Command::Pingid(Pingid::Adopt(args)) => {
            pingid::adopt(world, &args.tenant, args.made, args.token_file.as_deref()).await
        }
        Command::Android(Android::Enrol(args)) => credentials::enrol(world, args, timeout).await,
        Command::History(args) if args.verify => history::verify(world, args.tenant.as_ref(), args.head).await,
        Command::History(args) => history::history(world, args.tenant.as_ref()).await,
        // These have been carried out before there was a world.
        Command::Check(_)
        | Command::Inspect(_)
        | Command::Csr(Csr::Alone(_))
        | Command::Config(_)
        | Command::Console(_)
        | Command::Init(_)
        | Command::Watch(_)
        | Command::P12(P12::Open(_))
        | Command::Help(_)
        | Command::Completions(_)
        | Command::Man(_)
        | Command::Demo(_)
        | Command::Pingid(Pingid::Config(_) | Pingid::Lint(_))
        | Command::Android(Android::Check(_))
        | Command::Sandbox(_) => Ok(None),
    }
}

fn status_wish(args: Status, timeout: Duration) -> status::Wish {
    status::Wish {
        tenants: args.tenants,
        tag: args.tag,
        max_age: i64::try_from(args.max_age.as_secs()).unwrap_or(i64::MAX),
        patience: Some(timeout),
        offline: args.offline,
        fail_on: args.fail_on,
        at: args.at,
    }
}

fn renew_wish(args: Renew) -> renew::Wish {
    renew::Wish {
        request: args.request,
        certificate: args.certificate,
        downloads: args.downloads,
        first: args.first,
        row_missing: args.row_missing,
        restart: args.restart,
        dry_run: args.dry_run,
        install_only: false,
        fetch_only: false,
        copy: None,
        confirmed: false,
        passphrase: papers::passphrase(args.passphrase),
        accept: accept(args.accept),
    }
}

fn adopt_wish(args: Adopt) -> (pushcert_papers::TenantName, adopt::Evidence, Option<pushcert_papers::Topic>) {
    let evidence = match (args.file, args.page) {
        (_, Some(page)) => adopt::Evidence::Page(page),
        (file, None) => adopt::Evidence::File(file.unwrap_or_else(|| PathBuf::from("-"))),
    };
    (args.tenant, evidence, args.confirm_topic)
}

fn accept(args: Accept) -> renew::Accept {
    renew::Accept { key: args.key, issuer: args.issuer, topic_change: args.topic_change, reason: args.reason }
}
