//! The calls that change files, or wait until they are on the disk, and what their arguments mean.
//! It must not know files.

use std::path::PathBuf;

use crate::abi::{CallSet, Changes, Operation, Sysno};
use crate::transcript::{Call, Value};

/// Calls that change files, or may, by no argument of their own.
static OTHERS: CallSet = CallSet::named(&["mmap", "mprotect", "io_submit", "io_uring_setup"]);

/// From linux/fcntl.h and asm-generic/fcntl.h.
pub(super) const AT_SYMLINK_NOFOLLOW: u64 = 0x100;
pub(super) const O_APPEND: i32 = 0o2000;
pub(super) const O_DSYNC: i32 = 0o10_000;
/// O_SYNC without O_DSYNC, which is a part of it.
pub(super) const FULL_SYNC: i32 = 0o4_000_000;
/// From linux/fs.h.
pub(super) const RWF_DSYNC: u64 = 2;
pub(super) const RWF_SYNC: u64 = 4;
/// From asm-generic/mman-common.h.
pub(super) const MS_SYNC: u64 = 4;

/// The calls that are recorded.
pub(super) fn all() -> CallSet {
    let is_recorded = |call: &Sysno| {
        let info = call.info();
        info.changes.is_some_and(|changes| changes != Changes::Times) || info.syncs || call.does("file.open")
    };
    let mut all: CallSet = Sysno::all().filter(is_recorded).collect();
    all.union(&OTHERS);
    all
}

/// Whether a call that changes names makes a file, and gives none another name or takes it away.
pub(super) fn makes_file(sysno: Sysno) -> bool {
    let name = sysno.name();
    ["mk", "symlink"].iter().any(|word| name.starts_with(word))
}

/// The descriptor that a call writes to, where it does.
pub(super) fn written_to(sysno: Sysno, call: &Call) -> Option<i32> {
    let [side] = Operation::parse("file.write")?.member(sysno)?.sides else { return None };
    raw(call, side).map(|fd| fd as i32)
}

/// An argument by its name, as it is in the register.
pub(super) fn raw(call: &Call, name: &str) -> Option<u64> {
    call.args.iter().find(|arg| arg.name == name).map(|arg| arg.raw)
}

/// The path that a call is about.
pub(super) fn path(call: &Call) -> Option<PathBuf> {
    call.args.iter().find_map(|arg| match &arg.value {
        Value::Path(path) => Some(PathBuf::from(&path.host)),
        _ => None,
    })
}
