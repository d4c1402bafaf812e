//! The calls that change files, or wait until they are on the disk, and what their arguments mean.
//! It must not know files.

use std::path::PathBuf;

use crate::abi::{CallSet, Operation, Sysno};
use crate::transcript::{Call, Value};

/// The jobs whose calls are recorded, whichever does them.
const JOBS: [&str; 4] = ["file.open", "file.write", "meta.rename", "meta.unlink"];
/// Calls that make names.
pub(super) const MAKES: [&str; 5] = ["mkdir", "mkdirat", "mknod", "mknodat", "symlink"];
/// Calls that give a file one more.
pub(super) const LINKS: [&str; 2] = ["link", "linkat"];
/// Calls that change permission bits, by themselves or besides: an owner's and an ACL's change may (chown(2), acl(5)).
pub(super) const MODES: [&str; 10] =
    ["chmod", "fchmodat", "fchmodat2", "chown", "fchownat", "lchown", "setxattr", "lsetxattr", "fchmod", "fchown"];
const OTHERS: [&str; 14] = [
    "symlinkat",
    "truncate",
    "ftruncate",
    "fallocate",
    "fsetxattr",
    "fsync",
    "fdatasync",
    "sync",
    "syncfs",
    "msync",
    "mmap",
    "mprotect",
    "io_submit",
    "io_uring_setup",
];

/// From asm-generic/fcntl.h.
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
    let names = MAKES.iter().chain(&LINKS).chain(&MODES).chain(&OTHERS);
    let mut all: CallSet = names.filter_map(|name| Sysno::parse(name)).collect();
    JOBS.into_iter().filter_map(Operation::parse).for_each(|job| all.union(&job.calls()));
    all
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
