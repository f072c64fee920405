//! What was secret in a run is wiped from its memory as soon as it is not needed: looked for in the memory of the real
//! program, while it stands still at the last thing that it does.

use std::{
    fs::{self, File},
    io::{Read, Seek, SeekFrom},
    path::Path,
};

use pushcert_sandbox::{Options, World};
use rustix::process::Pid;

use super::{
    Keep,
    blow::{Blow, KEEPING, Point, SPEAKING},
    way::{OWN_KEY, PASSPHRASE, Trial},
};
use crate::shell::has;

/// What of the memory of a process may have been written to, as one text.
fn memory(process: Pid) -> Vec<u8> {
    let folder = Path::new("/proc").join(process.as_raw_nonzero().to_string());
    let maps = fs::read_to_string(folder.join("maps")).expect("a process");
    let mut memory = File::open(folder.join("mem")).expect("its memory");
    let mut found = vec![];
    for line in maps.lines().filter(|line| line.contains(" rw")) {
        let (from, to) = line.split_once(' ').and_then(|(range, _)| range.split_once('-')).expect("a range");
        let [from, to] = [from, to].map(|place| u64::from_str_radix(place, 16).expect("a place"));
        memory.seek(SeekFrom::Start(from)).expect("a place in it");
        // Some pages belong to the kernel alone.
        drop(memory.by_ref().take(to - from).read_to_end(&mut found));
    }
    found
}

fn holds(memory: &[u8], secret: &[u8]) -> bool {
    let first = secret[0];
    memory.windows(secret.len()).any(|window| window[0] == first && window == secret)
}

/// A part of a number that nobody could guess, in the order in which it is written, and in that in which it is reckoned with.
fn halves(number: &openssl::bn::BigNumRef) -> [Vec<u8>; 2] {
    let octets = number.to_vec();
    let part = octets[octets.len() / 2..octets.len() / 2 + 32].to_vec();
    let turned = part.iter().rev().copied().collect();
    [part, turned]
}

#[tokio::test]
async fn a_passphrase_and_a_key_are_wiped_before_the_run_ends() {
    if !has("strace") {
        return;
    }
    let world = World::start(Options { devices: 4, ..Options::default() }).await.expect("a world");
    // While the key is made and kept, both are there. Otherwise it would be no wonder that nothing is found at the end.
    let mut were_there = [false; 2];
    for point in points(&world, &KEEPING).await.into_iter().rev() {
        let [.., passphrase, key] = found_at(&world, &KEEPING, &point).await;
        were_there = [were_there[0] || passphrase, were_there[1] || key];
        if were_there == [true; 2] {
            break;
        }
    }
    assert_eq!(were_there, [true; 2]);
    let last = points(&world, &SPEAKING).await.pop().expect("it says something at its end");
    let [report, passphrase, key] = found_at(&world, &SPEAKING, &last).await;
    assert!(report, "what it is about to say is there");
    assert!(!passphrase && !key, "passphrase {passphrase}, key {key}");
}

/// The calls of the run that makes the key.
async fn points(world: &World, blow: &Blow) -> Vec<Point> {
    let trial = Trial::begin(world, Keep::Sqlite, &OWN_KEY).await;
    trial.points(blow).await.into_iter().filter(|point| point.run == 0).collect()
}

/// Whether the memory at this point holds the report, the passphrase, and a part of the key.
async fn found_at(world: &World, blow: &Blow, point: &Point) -> [bool; 3] {
    let trial = Trial::begin(world, Keep::Sqlite, &OWN_KEY).await;
    let (output, memory) = trial.stands_still(blow, point, memory).await;
    assert_eq!(output.status.code(), Some(4));
    let memory = memory.expect("it stood still");
    let key = trial.kept_key().rsa().expect("a key of RSA");
    let mut secrets = [Some(key.d()), key.p(), key.q()].into_iter().flatten().flat_map(halves);
    let key = secrets.any(|secret| holds(&memory, &secret));
    [holds(&memory, b"pushcert/renew/1"), holds(&memory, PASSPHRASE.as_bytes()), key]
}
