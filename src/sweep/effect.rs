//! Which calls change files, and which transfer data: where a kill can leave something half done.
//! It must not know faults.

use super::point::Point;
use crate::abi::{Changes, Sysno};
use crate::faults::Kind;

/// O_CREAT and O_TRUNC (asm-generic/fcntl.h).
const MAKES: u64 = 0o100 | 0o1000;

/// Whether the point, where it succeeds, changes a file that outlives the run.
pub(super) fn changes_files(call: Sysno, point: &Point) -> bool {
    let circumstances = &point.circumstances;
    if circumstances.failed.is_some() || circumstances.stream.is_some() {
        return false;
    }
    if call.does("file.open") {
        // Who opens a device or a FIFO changes nothing that is kept.
        if circumstances.opened.is_some_and(|kind| kind != Kind::File) {
            return false;
        }
        return flags(call, point).is_some_and(|flags| flags & MAKES != 0) || call.name() == "creat";
    }
    let info = call.info();
    match info.changes {
        Some(Changes::Content) if call.does("file.write") => is_on_file(point),
        Some(Changes::Names | Changes::Content | Changes::Attributes) => true,
        Some(Changes::Times) | None => info.syncs,
    }
}

/// How many bytes a call moved that can as well move fewer: more than one, of a call that transfers data.
pub(super) fn transferred(call: Sysno, point: &Point) -> Option<u64> {
    const JOBS: [&str; 4] = ["file.read", "file.write", "net.send", "net.recv"];
    let is_transfer = JOBS.into_iter().any(|job| call.does(job));
    let moved = point.circumstances.value.filter(|_| is_transfer)?;
    u64::try_from(moved).ok().filter(|moved| *moved > 1)
}

/// Whether the first descriptor of the call refers to a file, or nothing is known of it.
pub(super) fn is_on_file(point: &Point) -> bool {
    let mut known = point.circumstances.facts.descriptors.iter().flatten().filter_map(|known| known.kind);
    known.next().is_none_or(|kind| kind == Kind::File)
}

/// The flags that a call opens a file with.
pub(super) fn flags(call: Sysno, point: &Point) -> Option<u64> {
    Some(point.circumstances.facts.args[call.arg("flags")?])
}
