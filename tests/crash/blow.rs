//! What may befall the tool, and where: at which of the calls that it makes to the system.

use std::collections::HashMap;

/// Every call that changes something outside: files, folders, and what goes over the network and comes back.
const EVERY: &str = "openat mkdir mkdirat write writev pwrite64 pwritev ftruncate fallocate fsync fdatasync rename \
    renameat renameat2 link linkat unlink unlinkat flock connect sendto sendmsg recvfrom";

/// What befalls the tool.
pub struct Blow {
    /// In words, for whoever reads how many points there were.
    pub name: &'static str,
    /// At which calls.
    pub calls: &'static str,
    /// Whether only those calls count that touch a file or a folder.
    pub files_alone: bool,
    /// What happens then.
    pub deed: Deed,
    /// How the tool may end, beside as if nothing had happened: by this signal, or with these codes.
    pub signal: Option<i32>,
    pub codes: &'static [i32],
}

/// What happens at a call.
pub enum Deed {
    /// strace does it, and is told so; `#` is the number of the call.
    Struck(&'static str),
    /// Somebody moves the folder of the store away while the tool stands still, and puts it back after the run.
    MovedAway,
    /// Somebody removes it for good.
    Removed,
}

const STRUCK: Blow =
    Blow { name: "", calls: EVERY, files_alone: false, deed: Deed::Struck(""), signal: None, codes: &[] };

pub const KILLED: Blow =
    Blow { name: "SIGKILL", deed: Deed::Struck("signal=SIGKILL:when=#"), signal: Some(9), ..STRUCK };

pub const TERMINATED: Blow =
    Blow { name: "SIGTERM", deed: Deed::Struck("signal=SIGTERM:when=#"), signal: Some(15), codes: &[130], ..STRUCK };

pub const INTERRUPTED: Blow =
    Blow { name: "SIGINT", deed: Deed::Struck("signal=SIGINT:when=#"), signal: Some(2), codes: &[130], ..STRUCK };

/// From this call on there is no room.
pub const DISK_FULL: Blow = Blow {
    name: "ENOSPC",
    calls: "openat mkdir mkdirat write pwrite64 pwritev ftruncate fallocate fsync fdatasync link linkat",
    files_alone: true,
    deed: Deed::Struck("error=ENOSPC:when=#+"),
    codes: &[1],
    ..STRUCK
};

/// This call fails, and the next may do.
pub const DISK_FAILS: Blow = Blow {
    name: "EIO",
    calls: "write pwrite64 pwritev ftruncate fsync fdatasync rename renameat renameat2",
    files_alone: true,
    deed: Deed::Struck("error=EIO:when=#"),
    codes: &[1],
    ..STRUCK
};

/// Nothing can be made, replaced or removed any more.
pub const READ_ONLY: Blow = Blow {
    name: "EROFS",
    calls: "openat mkdir mkdirat rename renameat renameat2 link linkat unlink unlinkat",
    files_alone: true,
    deed: Deed::Struck("error=EROFS:when=#"),
    codes: &[1],
    ..STRUCK
};

/// The store is gone, and comes back later. Without it the tool knows nothing: it may refuse what it would take otherwise.
pub const MOVED: Blow = Blow { name: "store moved", deed: Deed::MovedAway, codes: &[1, 3, 4], ..STRUCK };

/// The store is gone for good.
pub const REMOVED: Blow = Blow { name: "store removed", deed: Deed::Removed, codes: &[1, 3, 4], ..STRUCK };

/// Nothing befalls it; it is only made to stand still, to be looked at: when it says something, or when it keeps something.
pub const SPEAKING: Blow = Blow { name: "held", calls: "write", deed: Deed::MovedAway, ..STRUCK };
pub const KEEPING: Blow = Blow { name: "held", calls: "fsync fdatasync", deed: Deed::MovedAway, ..STRUCK };

/// A call that the tool makes: in which run, which, and the how manieth of its name.
#[derive(Clone, Debug)]
pub struct Point {
    pub run: usize,
    pub call: String,
    pub number: usize,
}

impl Blow {
    /// The calls, as strace wants to be told; some are unknown on some machines.
    pub fn traced(&self) -> String {
        self.calls.split_whitespace().map(|call| format!("?{call}")).collect::<Vec<_>>().join(",")
    }

    /// What strace is to do at this point.
    pub fn injected(&self, point: &Point) -> String {
        let deed = match self.deed {
            Deed::Struck(deed) => deed,
            Deed::MovedAway | Deed::Removed => "signal=SIGSTOP:when=#",
        };
        // The same call serves the terminal and the network, which do not fail with the disk.
        let deed = if point.call == "write" { deed.trim_end_matches('+') } else { deed };
        format!("inject={}:{}", point.call, deed.replace('#', &point.number.to_string()))
    }

    /// The calls in a trace of this run, each with its number among those of its name. A file that is only read is left out.
    pub fn points(&self, run: usize, trace: &str) -> Vec<Point> {
        let (mut points, mut numbers) = (vec![], HashMap::new());
        for line in trace.lines() {
            let Some((call, rest)) = line.split_once(' ').and_then(|(_, call)| call.trim_start().split_once('('))
            else {
                continue;
            };
            let number = numbers.entry(call.to_owned()).or_insert(0);
            *number += 1;
            let counts = match call {
                "openat" => rest.contains("O_CREAT"),
                "write" => !self.files_alone || is_of_a_file(rest),
                _ => true,
            };
            if counts {
                points.push(Point { run, call: call.to_owned(), number: *number });
            }
        }
        points
    }
}

/// Whether the first argument of a call is an open file, as strace shows it: `9</home/…>`.
fn is_of_a_file(arguments: &str) -> bool {
    let opened = arguments.split(',').next().unwrap_or_default();
    opened.contains("</") && !opened.contains("</dev/")
}

#[test]
fn the_points_of_a_trace_are_counted_by_name() {
    let trace = "7 openat(AT_FDCWD</>, \"/etc/passwd\", O_RDONLY) = 3\n\
        7 openat(AT_FDCWD</>, \"/tmp/x\", O_RDWR|O_CREAT, 0600) = 3</tmp/x>\n\
        7 write(3</tmp/x>, \"a\", 1) = 1\n\
        7 write(1<pipe:[9]>, \"a\", 1) = 1\n\
        7 +++ exited with 0 +++\n";
    let told = |blow: &Blow| {
        let points = blow.points(0, trace).into_iter();
        points.map(|point| format!("{} {}", point.call, point.number)).collect::<Vec<_>>()
    };
    assert_eq!(told(&KILLED), ["openat 2", "write 1", "write 2"]);
    assert_eq!(told(&DISK_FULL), ["openat 2", "write 1"]);
    let write = Point { run: 0, call: "write".into(), number: 1 };
    assert_eq!(DISK_FULL.injected(&write), "inject=write:error=ENOSPC:when=1");
}
