//! The calls that change files, or wait until they are on the disk, and what their arguments mean.
//! It must not know files.

use std::path::PathBuf;

use crate::abi::{CallSet, Sysno};
use crate::transcript::{Call, Value};

/// Calls that write to a descriptor, and which of their arguments that is.
pub(super) const WRITES: [(&str, &str); 8] = [
    ("write", "fd"),
    ("writev", "fd"),
    ("pwrite64", "fd"),
    ("pwritev", "fd"),
    ("pwritev2", "fd"),
    ("sendfile", "out_fd"),
    ("copy_file_range", "fd_out"),
    ("splice", "fd_out"),
];
/// Calls that make names.
pub(super) const MAKES: [&str; 5] = ["mkdir", "mkdirat", "mknod", "mknodat", "symlink"];
/// Calls that move and remove them.
pub(super) const MOVES: [&str; 8] =
    ["link", "linkat", "rename", "renameat", "renameat2", "unlink", "unlinkat", "rmdir"];
/// Calls that open a file, which may make or cut it.
pub(super) const OPENS: [&str; 4] = ["open", "openat", "openat2", "creat"];
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
    let names =
        WRITES.iter().map(|(name, _)| name).chain(&MAKES).chain(&MOVES).chain(&OPENS).chain(&MODES).chain(&OTHERS);
    names.filter_map(|name| Sysno::parse(name)).collect()
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
