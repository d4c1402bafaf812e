//! The errors that matter most for a call: what disks, descriptors, memory, peers and rights do to a program that is right.
//! It must not know whether a kernel can give them here: that is asked of the model of faults.

use super::effect;
use super::point::{Makes, Point, Stream};
use crate::abi::{Errno, Sysno};
use crate::faults::{self, Fit, Kind};

/// So many errors of a call tell what there is to tell.
const MOST: usize = 3;

/// Errors that only tell a mistake of the caller, and calls that a right program never sees fail, are in no row.
fn names(call: &str, opens_to_write: bool) -> &'static [&'static str] {
    match call {
        "open" | "openat" | "openat2" | "creat" if opens_to_write => &["ENOSPC", "EACCES", "EMFILE"],
        "open" | "openat" | "openat2" => &["EACCES", "EIO", "EMFILE"],
        "read" | "pread64" | "readv" | "preadv" | "preadv2" => &["EIO", "ECONNRESET", "EAGAIN"],
        "write" | "pwrite64" | "writev" | "pwritev" | "pwritev2" => {
            &["ENOSPC", "EIO", "EPIPE", "ECONNRESET", "EAGAIN"]
        }
        "copy_file_range" => &["EIO", "ENOSPC", "EXDEV"],
        "sendfile" => &["EIO", "ENOSPC", "EPIPE"],
        "splice" => &["EIO", "ENOSPC", "EPIPE"],
        "tee" => &["EPIPE"],
        "fsync" | "fdatasync" | "syncfs" | "sync_file_range" => &["EIO", "ENOSPC"],
        "msync" | "close" | "fstatfs" | "getdents" | "getdents64" => &["EIO"],
        "rename" | "renameat" | "renameat2" => &["ENOSPC", "EACCES", "EXDEV"],
        "link" | "linkat" | "symlink" | "symlinkat" | "mkdir" | "mkdirat" | "mknod" | "mknodat" => {
            &["ENOSPC", "EACCES"]
        }
        "unlink" | "unlinkat" | "rmdir" => &["EACCES", "EBUSY"],
        "truncate" | "ftruncate" => &["EIO"],
        "fallocate" => &["ENOSPC", "EOPNOTSUPP"],
        "chmod" | "fchmod" | "fchmodat" | "fchmodat2" | "chown" | "fchown" | "fchownat" | "lchown" => &["EPERM"],
        "utime" | "utimes" | "utimensat" | "futimesat" => &["EPERM"],
        "setxattr" | "fsetxattr" | "lsetxattr" => &["ENOSPC", "EOPNOTSUPP"],
        "getxattr" | "fgetxattr" | "lgetxattr" | "listxattr" | "flistxattr" | "llistxattr" => &["EOPNOTSUPP"],
        "stat" | "lstat" | "newfstatat" | "statx" | "access" | "faccessat" | "faccessat2" => &["EACCES", "EIO"],
        "readlink" | "readlinkat" | "statfs" | "chdir" | "fchdir" => &["EACCES", "EIO"],
        "getcwd" => &["ENOENT"],
        "mmap" | "mremap" | "brk" | "mprotect" | "mlock" | "mlockall" => &["ENOMEM"],
        "socket" | "socketpair" | "pipe" | "pipe2" | "dup" | "eventfd" | "eventfd2" | "memfd_create" => &["EMFILE"],
        "epoll_create" | "epoll_create1" | "timerfd_create" | "signalfd" | "signalfd4" => &["EMFILE"],
        "inotify_init" | "inotify_init1" => &["EMFILE"],
        "inotify_add_watch" | "epoll_ctl" | "shmget" | "semget" | "msgget" => &["ENOSPC"],
        "accept" | "accept4" => &["EMFILE", "ECONNABORTED", "EAGAIN"],
        "connect" => &["ECONNREFUSED", "ETIMEDOUT"],
        "bind" => &["EADDRINUSE", "EACCES"],
        "listen" => &["EADDRINUSE"],
        "sendto" | "sendmsg" | "sendmmsg" => &["EPIPE", "ECONNRESET", "EAGAIN"],
        "recvfrom" | "recvmsg" | "recvmmsg" => &["ECONNRESET", "EAGAIN"],
        "fork" | "vfork" | "clone" | "clone3" => &["EAGAIN"],
        "execve" | "execveat" => &["EACCES", "ENOMEM"],
        "fcntl" => &["EAGAIN", "ENOLCK", "EMFILE"],
        "flock" => &["EAGAIN", "ENOLCK"],
        "setuid" | "setreuid" | "setresuid" | "setgid" | "setregid" | "setresgid" => &["EAGAIN", "EPERM"],
        "setgroups" => &["EPERM"],
        _ => &[],
    }
}

/// The errors that are tried at a point; `asked` instead of the likely ones, where it is not empty.
pub(super) fn errors(call: Sysno, point: &Point, asked: &[Errno]) -> Vec<Errno> {
    let circumstances = &point.circumstances;
    if is_harmless_close(call, point) || circumstances.stream == Some(Stream::In) && call.name() == "close" {
        return Vec::new();
    }
    // What is asked of an open descriptor needs no path and no rights to it.
    let call = if asks_descriptor(call, point) { Sysno::parse("fstat").unwrap_or(call) } else { call };
    let can = |errno: &Errno| matches!(faults::model(call).fit(*errno, &circumstances.facts), Fit::Holds(_));
    let makes = |errno: &Errno| circumstances.makes == Makes::Yes || !fills_disk(*errno) || !opens(call);
    let is_new = |errno: &Errno| circumstances.failed != Some(*errno);
    if !asked.is_empty() {
        return asked.iter().copied().filter(can).filter(makes).filter(is_new).collect();
    }
    // What failed without a fault is looked up, not relied on, but for files that were missing.
    if circumstances.failed.is_some_and(|errno| errno.name() != Some("ENOENT")) {
        return Vec::new();
    }
    let opens_to_write = circumstances.writes == Some(true);
    let likely = names(call.name(), opens_to_write).iter().filter_map(|name| Errno::parse(name));
    likely.filter(can).filter(makes).filter(is_new).filter(|errno| is_likely(*errno, point)).take(MOST).collect()
}

fn opens(call: Sysno) -> bool {
    ["open", "openat", "openat2", "creat"].contains(&call.name())
}

/// Whether it is about room on a disk, which opening takes only where it makes the file (open(2)).
fn fills_disk(errno: Errno) -> bool {
    matches!(errno.name(), Some("ENOSPC" | "EDQUOT"))
}

/// Whether the point is a stat of an open descriptor, by a call that could take a path as well.
fn asks_descriptor(call: Sysno, point: &Point) -> bool {
    /// From linux/fcntl.h.
    const AT_EMPTY_PATH: u64 = 0x1000;
    let is_stat = ["newfstatat", "fstatat64", "statx"].contains(&call.name());
    is_stat && effect::flags(call, point).is_some_and(|flags| flags & AT_EMPTY_PATH != 0)
}

/// A pipe or socket does not fail as a disk does.
fn is_likely(errno: Errno, point: &Point) -> bool {
    let kind = point.circumstances.facts.descriptors.iter().flatten().find_map(|known| known.kind);
    let is_odd = matches!(
        (errno.name(), kind),
        (Some("EIO"), Some(Kind::Pipe | Kind::Socket | Kind::Event))
            | (Some("ENOSPC"), Some(Kind::Device | Kind::Terminal))
    );
    !is_odd
}

/// Whether the point closes what nothing was written to: there is nothing that closing could lose.
fn is_harmless_close(call: Sysno, point: &Point) -> bool {
    let circumstances = &point.circumstances;
    let could_lose = match (circumstances.written, circumstances.writes) {
        (Some(was_written), writes) => was_written && writes != Some(false),
        (None, writes) => writes == Some(true),
    };
    call.name() == "close" && !(effect::is_on_file(point) && could_lose)
}

#[cfg(test)]
mod tests {
    use super::super::point::tests::point;
    use super::*;
    use crate::faults::Descriptor;

    fn check(call: &str, kind: Option<Kind>, writes: Option<bool>, expected: &[&str]) {
        let mut point = point(call, 1, &[]);
        point.circumstances.writes = writes;
        point.circumstances.makes = if call == "openat" && writes == Some(true) { Makes::Yes } else { Makes::No };
        point.circumstances.facts.descriptors[0] =
            kind.map(|kind| Descriptor { kind: Some(kind), non_blocking: false });
        let call = Sysno::parse(call).expect("it is a call");
        let errors: Vec<String> = errors(call, &point, &[]).iter().map(ToString::to_string).collect();
        assert_eq!(errors, expected, "{call}");
    }

    #[test]
    fn errors_are_those_of_what_a_descriptor_refers_to() {
        check("write", Some(Kind::File), Some(true), &["ENOSPC", "EIO"]);
        check("write", Some(Kind::Pipe), Some(true), &["EPIPE"]);
        check("write", Some(Kind::Socket), Some(true), &["EPIPE", "ECONNRESET"]);
        check("read", Some(Kind::File), Some(false), &["EIO"]);
        check("read", Some(Kind::Socket), None, &["ECONNRESET"]);
        check("openat", None, Some(true), &["ENOSPC", "EACCES", "EMFILE"]);
        check("openat", None, Some(false), &["EACCES", "EIO", "EMFILE"]);
        check("lseek", Some(Kind::File), None, &[]);
        check("exit_group", None, None, &[]);
    }

    #[test]
    fn closing_fails_only_where_it_could_lose_something() {
        check("close", Some(Kind::File), Some(true), &["EIO"]);
        check("close", Some(Kind::File), Some(false), &[]);
        check("close", Some(Kind::File), None, &[]);
        check("close", Some(Kind::Socket), Some(true), &[]);
        let close = Sysno::parse("close").unwrap();
        let (yes, no) = (Some(true), Some(false));
        for (written, writes, is_tried) in [
            (None, yes, true),
            (None, None, false),
            (yes, yes, true),
            (yes, None, true),
            (yes, no, false),
            (no, yes, false),
        ] {
            let mut found = point("close", 1, &[]);
            found.circumstances.writes = writes;
            found.circumstances.written = written;
            found.circumstances.facts.descriptors[0] =
                Some(Descriptor { kind: Some(Kind::File), non_blocking: false });
            assert_eq!(!errors(close, &found, &[]).is_empty(), is_tried, "{written:?} {writes:?}");
        }
    }

    #[test]
    fn a_descriptor_is_asked_without_a_path() {
        let mut found = point("newfstatat", 1, &[]);
        let call = Sysno::parse("newfstatat").unwrap();
        let names = |found: &Point| errors(call, found, &[]).iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(names(&found), ["EACCES", "EIO"]);
        found.circumstances.facts.args[3] = 0x1000;
        // A file system on a disk of this machine has what it tells in memory: only where that is asked for.
        assert_eq!(names(&found), [""; 0]);
        let eio = [Errno::parse("EIO").unwrap()];
        assert_eq!(errors(call, &found, &eio), eio);
    }

    #[test]
    fn a_disk_is_full_only_for_who_makes_a_file() {
        let asked = ["ENOSPC", "EDQUOT", "EACCES"].map(|name| Errno::parse(name).unwrap());
        for (makes, expected) in [(Makes::Yes, &asked[..]), (Makes::No, &asked[2..])] {
            let mut found = point("openat", 1, &[]);
            found.circumstances.writes = Some(true);
            found.circumstances.makes = makes;
            let call = Sysno::parse("openat").unwrap();
            assert_eq!(errors(call, &found, &asked), expected);
            assert_eq!(errors(call, &found, &[]).contains(&asked[0]), expected.len() == 3);
        }
    }

    #[test]
    fn errors_that_are_asked_for_are_those_that_the_call_can_give() {
        let found = point("mkdir", 1, &[]);
        let call = Sysno::parse("mkdir").unwrap();
        let asked: Vec<Errno> = ["EIO", "EPIPE", "EDQUOT"].iter().filter_map(|name| Errno::parse(name)).collect();
        let errors: Vec<String> = errors(call, &found, &asked).iter().map(ToString::to_string).collect();
        assert_eq!(errors, ["EIO", "EDQUOT"]);
    }

    #[test]
    fn every_row_names_calls_and_errors_that_they_can_give() {
        for call in Sysno::all() {
            for writes in [false, true] {
                for name in names(call.name(), writes) {
                    let errno = Errno::parse(name).expect("it is an errno");
                    assert!(faults::model(call).failure(errno).is_some(), "{call} {name}");
                }
            }
        }
    }
}
