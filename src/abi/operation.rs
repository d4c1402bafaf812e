//! Operations: a job, and every call that does it on this kernel, whatever a library makes of it.
//! Facts only; it must not know what is matched against them.

use std::fmt;

use super::{CallSet, Sysno};

/// A job, such as reading a file, written `file.read` in specs.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Operation(u8);

/// A call that does a job.
#[derive(Clone, Copy, Debug)]
pub struct Member {
    name: &'static str,
    /// The arguments that are the side of the job: a copy reads from one descriptor and writes to another.
    pub sides: &'static [&'static str],
    /// What one of its sides must refer to for the call to do this job.
    pub on: On,
}

/// What a descriptor or path must refer to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum On {
    /// Anything.
    Anything,
    /// Something with a path: a file, a folder, a device.
    Path,
    /// A socket.
    Socket,
    /// A device that gives random bytes (random(4)).
    Random,
}

struct Row {
    name: &'static str,
    members: &'static [Member],
}

const fn any(name: &'static str, sides: &'static [&'static str]) -> Member {
    Member { name, sides, on: On::Anything }
}

const fn file(name: &'static str, sides: &'static [&'static str]) -> Member {
    Member { name, sides, on: On::Path }
}

const fn socket(name: &'static str, sides: &'static [&'static str]) -> Member {
    Member { name, sides, on: On::Socket }
}

const fn random(name: &'static str, sides: &'static [&'static str]) -> Member {
    Member { name, sides, on: On::Random }
}

const ROWS: [Row; 17] = [
    Row {
        name: "file.open",
        members: &[
            any("open", &["path"]),
            any("creat", &["path"]),
            any("openat", &["path"]),
            any("openat2", &["path"]),
            any("open_by_handle_at", &[]),
        ],
    },
    Row {
        name: "file.read",
        members: &[
            file("read", &["fd"]),
            file("pread64", &["fd"]),
            file("readv", &["fd"]),
            file("preadv", &["fd"]),
            file("preadv2", &["fd"]),
            file("copy_file_range", &["fd_in"]),
            file("sendfile", &["in_fd"]),
            file("sendfile64", &["in_fd"]),
            file("splice", &["fd_in"]),
        ],
    },
    Row {
        name: "file.write",
        members: &[
            file("write", &["fd"]),
            file("pwrite64", &["fd"]),
            file("writev", &["fd"]),
            file("pwritev", &["fd"]),
            file("pwritev2", &["fd"]),
            file("copy_file_range", &["fd_out"]),
            file("sendfile", &["out_fd"]),
            file("sendfile64", &["out_fd"]),
            file("splice", &["fd_out"]),
        ],
    },
    Row {
        name: "file.sync",
        members: &[
            file("fsync", &["fd"]),
            file("fdatasync", &["fd"]),
            file("sync_file_range", &["fd"]),
            file("syncfs", &["fd"]),
            // Which file a mapping is of, its address alone does not say.
            any("msync", &[]),
        ],
    },
    Row { name: "file.close", members: &[file("close", &["fd"])] },
    Row {
        name: "meta.rename",
        members: &[
            any("rename", &["oldpath", "newpath"]),
            any("renameat", &["oldpath", "newpath"]),
            any("renameat2", &["oldpath", "newpath"]),
        ],
    },
    Row {
        name: "meta.unlink",
        members: &[any("unlink", &["path"]), any("unlinkat", &["path"]), any("rmdir", &["path"])],
    },
    Row {
        name: "meta.stat",
        members: &[
            any("stat", &["path"]),
            any("lstat", &["path"]),
            any("fstat", &["fd"]),
            any("newfstatat", &["path"]),
            any("statx", &["path"]),
            any("stat64", &["path"]),
            any("lstat64", &["path"]),
            any("fstat64", &["fd"]),
            any("fstatat64", &["path"]),
            any("oldstat", &["path"]),
            any("oldlstat", &["path"]),
            any("oldfstat", &["fd"]),
        ],
    },
    Row { name: "net.connect", members: &[any("connect", &["sockfd"])] },
    Row { name: "net.accept", members: &[any("accept", &["sockfd"]), any("accept4", &["sockfd"])] },
    Row {
        name: "net.send",
        members: &[
            any("sendto", &["sockfd"]),
            any("sendmsg", &["sockfd"]),
            any("sendmmsg", &["sockfd"]),
            socket("write", &["fd"]),
            socket("writev", &["fd"]),
            socket("pwritev2", &["fd"]),
            socket("sendfile", &["out_fd"]),
            socket("sendfile64", &["out_fd"]),
            socket("splice", &["fd_out"]),
        ],
    },
    Row {
        name: "net.recv",
        members: &[
            any("recvfrom", &["sockfd"]),
            any("recvmsg", &["sockfd"]),
            any("recvmmsg", &["sockfd"]),
            any("recvmmsg_time64", &["sockfd"]),
            socket("read", &["fd"]),
            socket("readv", &["fd"]),
            socket("preadv2", &["fd"]),
            socket("splice", &["fd_in"]),
        ],
    },
    Row { name: "mem.map", members: &[any("mmap", &[]), any("mmap2", &[]), any("mremap", &[]), any("brk", &[])] },
    Row {
        name: "proc.spawn",
        members: &[any("fork", &[]), any("vfork", &[]), any("clone", &[]), any("clone3", &[])],
    },
    Row {
        name: "time.sleep",
        members: &[any("nanosleep", &[]), any("clock_nanosleep", &[]), any("clock_nanosleep_time64", &[])],
    },
    Row {
        name: "time.get",
        members: &[
            any("clock_gettime", &[]),
            any("clock_gettime64", &[]),
            any("gettimeofday", &[]),
            any("time", &[]),
        ],
    },
    Row {
        name: "random",
        members: &[
            any("getrandom", &[]),
            random("read", &["fd"]),
            random("pread64", &["fd"]),
            random("readv", &["fd"]),
        ],
    },
];

impl Operation {
    /// Every operation, in the order of the documents.
    pub fn all() -> impl Iterator<Item = Operation> {
        (0..ROWS.len() as u8).map(Operation)
    }

    /// The operation of this name.
    pub fn parse(name: &str) -> Option<Operation> {
        Operation::all().find(|operation| operation.name() == name)
    }

    /// Those that `call` does the job of.
    pub fn of(call: Sysno) -> impl Iterator<Item = Operation> {
        Operation::all().filter(move |operation| operation.member(call).is_some())
    }

    /// As it is written in specs.
    pub fn name(self) -> &'static str {
        self.row().name
    }

    /// The calls that do the job, on any architecture.
    pub fn calls(self) -> CallSet {
        self.row().members.iter().filter_map(|member| Sysno::parse(member.name)).collect()
    }

    /// What is known of `call` in this job; `None` where it does not do it.
    pub fn member(self, call: Sysno) -> Option<&'static Member> {
        self.row().members.iter().find(|member| member.name == call.name())
    }

    /// The name that `call` has for the argument `name` of an operation: its own, or, where another call of the job
    /// has its side under this name, the side of `call`.
    pub fn argument(self, call: Sysno, name: &str) -> Option<&str> {
        let member = self.member(call)?;
        let is_a_side = || self.row().members.iter().any(|member| member.sides.contains(&name));
        match member.sides {
            [side] if call.arg(name).is_none() && is_a_side() => Some(side),
            _ => Some(name),
        }
    }

    fn row(self) -> &'static Row {
        &ROWS[usize::from(self.0)]
    }
}

impl Sysno {
    /// Whether it does the job of the operation of this name.
    pub fn does(self, job: &str) -> bool {
        Operation::parse(job).is_some_and(|job| job.member(self).is_some())
    }
}

impl On {
    /// Whether what a descriptor or path was resolved to, such as `/dev/null` or `socket:`, is of this kind.
    pub fn is(self, text: &str) -> bool {
        match self {
            On::Anything => true,
            On::Path => text.starts_with('/'),
            On::Socket => text.starts_with("socket:"),
            On::Random => matches!(text, "/dev/random" | "/dev/urandom"),
        }
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Debug for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_calls_with_these_sides() {
        for operation in Operation::all() {
            assert_eq!(Operation::parse(operation.name()), Some(operation));
            assert_eq!(operation.calls().iter().count(), operation.row().members.len(), "{operation}");
            for member in operation.row().members {
                let call = Sysno::parse(member.name).unwrap();
                assert!(member.sides.iter().all(|side| call.arg(side).is_some()), "{operation}: {call}");
                assert!(member.on == On::Anything || !member.sides.is_empty(), "{operation}: {call}");
            }
        }
    }

    #[test]
    fn a_copy_reads_and_writes() {
        let copy = Sysno::parse("copy_file_range").unwrap();
        let names: Vec<&str> = Operation::of(copy).map(Operation::name).collect();
        assert_eq!(names, ["file.read", "file.write"]);
        assert!(copy.does("file.write") && !copy.does("file.open") && !copy.does("no.job"));
        assert_eq!(Operation::parse("file.read").unwrap().argument(copy, "fd"), Some("fd_in"));
        assert_eq!(Operation::parse("file.write").unwrap().argument(copy, "fd"), Some("fd_out"));
        assert_eq!(Operation::parse("file.write").unwrap().argument(copy, "len"), Some("len"));
        assert_eq!(Operation::parse("net.send").unwrap().argument(copy, "fd"), None);
    }

    #[test]
    fn what_a_text_stands_for() {
        assert!(On::Path.is("/tmp/x") && !On::Path.is("socket:") && !On::Path.is("pipe:"));
        assert!(On::Socket.is("socket:") && !On::Socket.is("/tmp/socket"));
        assert!(On::Random.is("/dev/urandom") && !On::Random.is("/dev/zero"));
    }
}
