//! How fast files are judged, beside what cannot be avoided: ratios of times that were measured in the same run.
//!
//! `cargo bench --bench papers` prints a section of `docs/benchmarks.md`.

#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    reason = "it measures and prints"
)]

mod measure;

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
    thread,
    time::{Duration, Instant},
};

use aws_lc_rs::signature::{ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256};
use measure::{Done, at_most, cores, in_turn, is_wanted, median, memory, over, program, room, shown, slopes};
use openssl::{
    asn1::{Asn1Object, Asn1OctetString, Asn1Time},
    bn::BigNum,
    hash::MessageDigest,
    nid::Nid,
    pkey::{PKey, Private},
    rsa::Rsa,
    x509::{
        X509, X509Extension, X509Name,
        extension::{AuthorityKeyIdentifier, BasicConstraints, ExtendedKeyUsage, KeyUsage, SubjectKeyIdentifier},
    },
};

/// Trees of so many files.
const SIZES: [usize; 3] = [1_000, 10_000, 100_000];

/// Files in a folder.
const A_FOLDER: usize = 200;

/// How often a program is started.
const STARTS: usize = 300;

const WHERE_A_START_GOES: &str = "\
Where the time goes: the kernel's part of starting and ending a program (the time of `/bin/true`), about five hundred page
faults of a large program, half of them for the relocations of a position-independent one (OpenSSL's, SQLite's and AWS-LC's
tables of pointers), the definitions of the command line (a third of all instructions), and the judgement itself with its
signature (a fifth of the instructions). The limit is the loading: the same program linked for a fixed address starts a quarter
faster, and is not shipped so, because address randomisation is worth more. The program is copied before it is measured, as an
installation copies it.";

const WHERE_A_FILE_GOES: &str = "\
Where the time goes: two thirds are the bare work, the RSA verification and the system calls that open, look at, read and close a
file. The rest is parsing, the checks, two digests (the certificate and its key), and the line of JSON. Every file is judged
afresh; nothing is remembered from one to the next. The limit is that bare work. The first files pay for what is done once: threads,
and code and memory that are touched for the first time.";

fn main() -> Done<()> {
    if !is_wanted() {
        return Ok(());
    }
    let field = Field::prepare(&room("papers")?)?;
    starts(&field)?;
    folders(&field)
}

/// Certificates to judge, and who issued them.
struct Field {
    room: PathBuf,
    authority: PathBuf,
    one: PathBuf,
}

impl Field {
    /// Makes the trees, unless an earlier run has.
    fn prepare(room: &Path) -> Done<Self> {
        let field = Self { room: room.into(), authority: room.join("authorities.pem"), one: room.join("one.pem") };
        fs::create_dir_all(room.join("empty"))?;
        program(room)?;
        if field.one.exists() {
            return Ok(field);
        }
        let (authority, key) = authority()?;
        fs::write(&field.authority, authority.to_pem()?)?;
        let leaf_key = PKey::from_rsa(Rsa::generate(2048)?)?;
        let next = AtomicUsize::new(0);
        let most = *SIZES.last().ok_or("there are sizes")?;
        thread::scope(|scope| {
            for _ in 0..cores() {
                scope.spawn(|| {
                    loop {
                        let number = next.fetch_add(1, Ordering::Relaxed);
                        if number >= most {
                            return;
                        }
                        field.put(number, &leaf(number, &authority, &key, &leaf_key).expect("a certificate"));
                    }
                });
            }
        });
        fs::write(&field.one, leaf(most, &authority, &key, &leaf_key)?.to_pem()?)?;
        Ok(field)
    }

    /// A certificate in every tree that is large enough for it.
    fn put(&self, number: usize, certificate: &X509) {
        let pem = certificate.to_pem().expect("PEM");
        for size in SIZES.into_iter().filter(|size| number < *size) {
            let folder = self.tree(size).join(format!("{:04}", number / A_FOLDER));
            fs::create_dir_all(&folder).expect("a folder");
            fs::write(folder.join(format!("{number:06}.pem")), &pem).expect("written");
        }
    }

    fn tree(&self, size: usize) -> PathBuf {
        self.room.join(format!("tree-{size}"))
    }

    fn program(&self) -> PathBuf {
        self.room.join("pushcert")
    }

    fn check(&self, what: &Path) -> Command {
        let mut command = Command::new(self.program());
        command.arg("check").arg(what).args(["-o", "json", "--at", "2026-06-01", "--authorities"]).arg(&self.authority);
        command.stdin(Stdio::null()).stdout(Stdio::null());
        command
    }
}

/// One certificate, from the start of the program to its end.
fn starts(field: &Field) -> Done<()> {
    let mut ours = field.check(&field.one);
    let mut theirs = Command::new("openssl");
    theirs.args(["x509", "-noout", "-checkend", "0", "-in"]).arg(&field.one).stdout(Stdio::null());
    let mut nothing = Command::new("/bin/true");
    let [ours, theirs, nothing] = in_turn(STARTS, [&mut ours, &mut theirs, &mut nothing])?;
    println!("## One certificate, from start to exit\n\nMedians of {STARTS} starts each, in turn.\n");
    println!("| program | median | ratio |\n|---|---|---|");
    println!("| `pushcert check one.pem -o json`, its signature verified | {} | |", shown(ours));
    println!(
        "| `openssl x509 -noout -checkend 0 -in one.pem` | {} | {} |",
        shown(theirs),
        at_most(over(ours, theirs), 0.15)
    );
    println!("| `/bin/true` | {} | {:.1} |", shown(nothing), over(ours, nothing));
    println!("\n{WHERE_A_START_GOES}");
    Ok(())
}

/// A whole tree, beside a bare read of the same files and the same signatures verified.
fn folders(field: &Field) -> Done<()> {
    println!("\n## A tree of certificates\n");
    println!(
        "`check TREE -o json`, every file read, parsed, judged in full and its signature verified, on {} threads; warm cache.",
        cores()
    );
    println!(
        "*Bare* reads the same files on as many threads, verifies as many signatures with the same library, and does nothing else."
    );
    println!("*Each* is the time of a file, after the run on an empty folder is taken off.\n");
    println!("| files | check | bare | ratio | each | memory at most |\n|---|---|---|---|---|---|");
    let empty = (0..20).map(|_| run(field.check(&field.room.join("empty")))).collect::<Done<Vec<_>>>()?;
    let empty = median(empty.into_iter().map(|(time, _)| time).collect());
    let (mut eachs, mut times) = ([Duration::ZERO; 3], [(0, Duration::ZERO); 3]);
    let mut ratio = 0.0;
    for (at, size) in SIZES.into_iter().enumerate() {
        let paths = paths(&field.tree(size))?;
        // What is over in an instant feels everything else that the machine does.
        let rounds = (100_000 / size).clamp(5, 60);
        let (mut ours, mut bares, mut memory) = (vec![], vec![], 0);
        bare(&paths, field)?;
        for _ in 0..rounds {
            let (time, most) = run(field.check(&field.tree(size)))?;
            ours.push(time);
            memory = memory.max(most);
            bares.push(bare(&paths, field)?);
        }
        let (ours, bares) = (median(ours), median(bares));
        let each = ours.saturating_sub(empty) / u32::try_from(size)?;
        (eachs[at], times[at]) = (each, (size, ours));
        ratio = over(ours, bares);
        println!(
            "| {size} | {} | {} | {ratio:.2} | {} | {} MiB |",
            shown(ours),
            shown(bares),
            shown(each),
            memory / 1024
        );
    }
    println!("\nThe ratio at {} files: {}. The memory may be 50 MiB.", SIZES[2], at_most(ratio, 1.6));
    println!("\n{}", slopes(eachs, times, 0.1)?);
    println!("\n{WHERE_A_FILE_GOES}");
    Ok(())
}

/// The time of a run, and the most memory that it had, in KiB.
fn run(mut command: Command) -> Done<(Duration, u64)> {
    let begin = Instant::now();
    let mut child = command.spawn()?;
    let id = child.id();
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        // It is looked at now and then, so that looking costs nothing.
        let most = scope.spawn(|| {
            let mut most = 0;
            while !over.load(Ordering::Relaxed) {
                most = most.max(memory(id, "VmHWM"));
                thread::sleep(Duration::from_millis(5));
            }
            most
        });
        let ended = child.wait();
        let time = begin.elapsed();
        over.store(true, Ordering::Relaxed);
        ended?;
        Ok((time, most.join().map_err(|_| "the watcher has failed")?))
    })
}

/// The least that judging these files costs: reading them, and verifying a signature for each.
fn bare(paths: &[PathBuf], field: &Field) -> Done<Duration> {
    let authority = X509::from_pem(&fs::read(&field.authority)?)?;
    let key = authority.public_key()?.rsa()?.public_key_to_der_pkcs1()?;
    let key = ParsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, &key)?;
    let certificate = X509::from_pem(&fs::read(&field.one)?)?;
    let (message, made) = (signed_part(&certificate.to_der()?), certificate.signature().as_slice().to_vec());
    key.verify_sig(&message, &made)?;
    let next = AtomicUsize::new(0);
    let begin = Instant::now();
    thread::scope(|scope| {
        for _ in 0..cores() {
            scope.spawn(|| {
                while let Some(path) = paths.get(next.fetch_add(1, Ordering::Relaxed)) {
                    std::hint::black_box(fs::read(path).expect("a file"));
                    key.verify_sig(&message, &made).expect("a good signature");
                }
            });
        }
    });
    Ok(begin.elapsed())
}

/// The part of a DER certificate that is signed: the first element inside. All lengths have two octets here.
fn signed_part(der: &[u8]) -> Vec<u8> {
    let length = usize::from(u16::from_be_bytes([der[6], der[7]]));
    der[4..8 + length].to_vec()
}

fn paths(tree: &Path) -> Done<Vec<PathBuf>> {
    let mut paths = vec![];
    for folder in fs::read_dir(tree)? {
        for file in fs::read_dir(folder?.path())? {
            paths.push(file?.path());
        }
    }
    Ok(paths)
}

fn authority() -> Done<(X509, PKey<Private>)> {
    let key = PKey::from_rsa(Rsa::generate(2048)?)?;
    let mut name = X509Name::builder()?;
    name.append_entry_by_nid(Nid::COMMONNAME, "Bench Application Integration 2 Certification Authority")?;
    let name = name.build();
    let mut builder = X509::builder()?;
    builder.set_version(2)?;
    builder.set_subject_name(&name)?;
    builder.set_issuer_name(&name)?;
    builder.set_pubkey(&key)?;
    builder.set_not_before(&*Asn1Time::from_unix(1_600_000_000)?)?;
    builder.set_not_after(&*Asn1Time::from_unix(2_000_000_000)?)?;
    builder.append_extension(BasicConstraints::new().critical().ca().build()?)?;
    let identifier = SubjectKeyIdentifier::new().build(&builder.x509v3_context(None, None))?;
    builder.append_extension(identifier)?;
    builder.sign(&key, MessageDigest::sha256())?;
    Ok((builder.build(), key))
}

/// A certificate of Apple's shape.
fn leaf(number: usize, authority: &X509, issuer: &PKey<Private>, key: &PKey<Private>) -> Done<X509> {
    let uuid = format!("{number:08x}-aaaa-4aaa-8aaa-{number:012x}");
    let mut name = X509Name::builder()?;
    name.append_entry_by_nid(Nid::USERID, &format!("com.apple.mgmt.External.{uuid}"))?;
    name.append_entry_by_nid(Nid::COMMONNAME, &format!("APSP:{uuid}"))?;
    name.append_entry_by_nid(Nid::COUNTRYNAME, "NL")?;
    let mut builder = X509::builder()?;
    builder.set_version(2)?;
    builder.set_serial_number(
        &*BigNum::from_dec_str(&format!("{}", 1_000_000_000_000_000_u64 + number as u64))?.to_asn1_integer()?,
    )?;
    builder.set_subject_name(&name.build())?;
    builder.set_issuer_name(authority.subject_name())?;
    builder.set_pubkey(key)?;
    let begin = 1_780_000_000;
    builder.set_not_before(&*Asn1Time::from_unix(begin)?)?;
    builder.set_not_after(&*Asn1Time::from_unix(begin + 365 * 86_400 - 1)?)?;
    builder.append_extension(BasicConstraints::new().build()?)?;
    let above = AuthorityKeyIdentifier::new().keyid(true).build(&builder.x509v3_context(Some(authority), None))?;
    builder.append_extension(above)?;
    builder.append_extension(ExtendedKeyUsage::new().client_auth().build()?)?;
    let own = SubjectKeyIdentifier::new().build(&builder.x509v3_context(Some(authority), None))?;
    builder.append_extension(own)?;
    builder.append_extension(KeyUsage::new().digital_signature().build()?)?;
    let mark = Asn1Object::from_str("1.2.840.113635.100.6.3.2")?;
    builder.append_extension(X509Extension::new_from_der(
        &mark,
        false,
        &*Asn1OctetString::new_from_bytes(&[5, 0])?,
    )?)?;
    builder.sign(issuer, MessageDigest::sha256())?;
    Ok(builder.build())
}
