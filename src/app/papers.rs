//! Commands that work on files alone: no runtime is started but for a list from Apple, no store is opened.

use std::{path::PathBuf, time::Duration};

use pushcert_papers::{TenantName, Time, judge::Want};

use crate::{
    cli::args::{Check, CsrAlone, Inspect, P12Open, P12Pack, Packing, Passphrase as PassphraseArgs, Wanted},
    commands::{
        Ask, Failure, Kind, Outcome, Reporter, World,
        check::{self, Revocations},
        csr, p12,
        passphrase::Passphrase,
    },
    world::{apple, keys::Profile},
};

pub fn check(reporter: &dyn Reporter, args: Check, timeout: Duration, now: Time) -> Outcome {
    let revocations = match args.crl {
        Some(path) => Revocations::File(path),
        None if args.online => Revocations::Fetched(fetch(timeout)?),
        None => Revocations::None,
    };
    let wish = check::Wish {
        paths: args.paths,
        against: args.against,
        topic: args.topic,
        request: args.request,
        key: args.key,
        passphrase: passphrase(args.passphrase),
        authorities: args.authorities,
        revocations,
        strict: args.strict,
        warning_days: args.warning.map(i64::from),
        critical_days: args.critical.map(i64::from),
        want: args.wanted.map(|wanted| match wanted {
            Wanted::PushCertificate => Want::PushCertificate,
            Wanted::PushRequest => Want::PushRequest,
            Wanted::Pkcs12 => Want::Pkcs12,
        }),
    };
    check::check(reporter, &wish, args.at.unwrap_or(now))
}

/// Apple's list, or why there is none just now.
fn fetch(timeout: Duration) -> Result<Result<Vec<u8>, String>, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::new(Kind::Failed, "runtime", error))?;
    Ok(runtime
        .block_on(apple::revocation_list(timeout))
        .map_err(|error| format!("{}: {error}", apple::REVOCATION_LIST)))
}

pub fn inspect(reporter: &dyn Reporter, args: Inspect, now: Time) -> Outcome {
    check::inspect(reporter, &args.paths, &passphrase(args.passphrase), args.at.unwrap_or(now))
}

pub fn csr(reporter: &dyn Reporter, ask: &dyn Ask, command: CsrAlone, now: Time) -> Outcome {
    match command {
        CsrAlone::New(args) => csr::new(
            reporter,
            ask,
            csr::New {
                out: args.out,
                country: args.country,
                common_name: args.common_name,
                organization: args.organization,
                email: args.email,
                passphrase: passphrase(args.passphrase),
            },
        ),
        CsrAlone::Sign(args) => {
            let wish = csr::Sign {
                csr: args.csr,
                vendor: args.vendor,
                vendor_key: args.vendor_key,
                chain: args.chain,
                out: args.out,
                authorities: args.authorities,
                passphrase: passphrase(args.passphrase),
            };
            csr::sign(reporter, ask, &wish, now)
        }
        CsrAlone::Open(args) => {
            let wish = csr::Open {
                reply: args.reply,
                key: args.key,
                out: args.out,
                authorities: args.authorities,
                passphrase: passphrase(args.passphrase),
            };
            csr::open(reporter, ask, &wish, now)
        }
    }
}

pub fn pack(reporter: &dyn Reporter, ask: &dyn Ask, mut args: P12Pack, now: Time) -> Outcome {
    let needed = "clap wants both where no tenant is named";
    let wish = p12::Pack {
        certificate: args.certificate.take().expect(needed),
        key: args.key.take().expect(needed),
        authorities: args.authorities.take(),
        key_passphrase: of_the_key(args.key_passphrase_file.take()),
        file: new_file(args),
    };
    p12::pack(reporter, ask, &wish, now)
}

pub async fn pack_kept(world: &World<'_>, tenant: TenantName, mut args: P12Pack) -> Outcome {
    let wish = p12::PackKept {
        tenant,
        key_passphrase: of_the_key(args.key_passphrase_file.take()),
        authorities: args.authorities.take(),
        file: new_file(args),
    };
    p12::pack_kept(world, &wish).await
}

fn new_file(args: P12Pack) -> p12::NewFile {
    p12::NewFile {
        out: args.out,
        chain: args.chain,
        profile: match args.profile {
            Packing::Modern => Profile::Modern,
            Packing::Compatible => Profile::Compatible,
        },
        passphrase: passphrase(args.passphrase),
    }
}

pub fn open(reporter: &dyn Reporter, ask: &dyn Ask, args: P12Open) -> Outcome {
    let wish = p12::Open {
        file: args.file,
        out: args.out,
        key_passphrase: of_the_key(args.key_passphrase_file),
        passphrase: passphrase(args.passphrase),
    };
    p12::open(reporter, ask, &wish)
}

pub(super) fn passphrase(args: PassphraseArgs) -> Passphrase {
    Passphrase { file: args.passphrase_file, command: args.passphrase_command }
}

const fn of_the_key(file: Option<PathBuf>) -> Passphrase {
    Passphrase { file, command: None }
}
