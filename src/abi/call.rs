//! System calls as names with signatures; a number is a property of a call on an architecture.

use std::cmp::Ordering;
use std::fmt;

use super::Arch;
use super::call_set::CallSet;
use super::flags::FlagSet;
use super::table::{BY_NUMBER, CALLS};

/// A system call, whatever its number on an architecture: an index into the generated table.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Sysno(pub(super) u16);

/// One row of the generated table.
#[derive(Debug)]
pub struct CallInfo {
    /// The manual page's name.
    pub name: &'static str,
    /// Its number on each architecture of [`Arch::ALL`], in that order.
    pub numbers: [Option<u16>; 3],
    /// Its arguments; `None` where the table has no signature: six plain words are shown then.
    pub args: Option<&'static [ArgInfo]>,
    /// What its result is.
    pub ret: RetKind,
    /// The classes it belongs to, a bit for each [`Class`].
    pub classes: u32,
    /// Whether it may put its caller to sleep until somebody else acts (determinism.md has the list).
    pub may_block: bool,
    /// What it changes of the files that it is about, by its name alone: whoever opens a file may make it or not.
    pub changes: Option<Changes>,
    /// Whether it waits until files are on the disk, or starts that.
    pub syncs: bool,
}

/// What a call changes of files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Changes {
    /// It makes, moves or removes one.
    Names,
    /// What is in one, where it is one that is written to.
    Content,
    /// Mode, owner or extended attributes.
    Attributes,
    /// Nothing but its times.
    Times,
}

/// One argument of a call.
#[derive(Debug)]
pub struct ArgInfo {
    /// The manual page's name for it.
    pub name: &'static str,
    /// How it is read and shown.
    pub kind: ArgKind,
}

/// Whether the kernel reads what an argument points to, writes it, or both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dir {
    /// The program fills it before the call.
    In,
    /// The kernel fills it; it is read at the call's exit.
    Out,
    /// Both; shown as it is at the call's exit.
    InOut,
}

/// How long a buffer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Len {
    /// As the argument of this position says.
    Arg(u8),
    /// As the result says.
    Result,
    /// As the 32-bit word that the argument of this position points to says (`socklen_t *`).
    Pointed(u8),
    /// Up to and with the terminating zero byte.
    Zero,
    /// This many bytes.
    Fixed(u16),
}

/// How an argument is read and shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArgKind {
    /// A signed number of 32 bits.
    Int,
    /// A signed number of 64 bits.
    Long,
    /// An unsigned number of 32 bits.
    Uint,
    /// An unsigned number of 64 bits.
    Size,
    /// A number shown in hexadecimal.
    Hex,
    /// An address that is not followed.
    Address,
    /// An open file descriptor.
    Fd,
    /// A descriptor that a path is relative to, or AT_FDCWD.
    DirFd,
    /// A path; `dir` is the position of its directory descriptor, if it has one.
    Path {
        /// Position of the directory descriptor.
        dir: Option<u8>,
    },
    /// Permission bits, shown in octal.
    Mode,
    /// Permission bits that count only where the open flags at position `flags` create a file.
    CreateMode {
        /// Position of the open flags.
        flags: u8,
    },
    /// A device number.
    Dev,
    /// Or-ed flags or one of a list of values.
    Flags(&'static FlagSet),
    /// A word whose meaning depends on a command in another argument (`fcntl`, `prctl`, `futex`).
    ByCommand {
        /// Position of the command.
        command: u8,
        /// Whose commands they are, such as `fcntl`.
        name: &'static str,
    },
    /// A string of bytes.
    Bytes {
        /// Which way.
        dir: Dir,
        /// How long.
        len: Len,
    },
    /// A string that is not a path.
    Str,
    /// A list of strings that ends with NULL (`argv`).
    Strings,
    /// A socket address.
    Sockaddr {
        /// Which way.
        dir: Dir,
        /// How long.
        len: Len,
    },
    /// `struct iovec` array; `count` is the position of the number of entries.
    Iovec {
        /// Which way the data goes.
        dir: Dir,
        /// Position of the number of entries.
        count: u8,
    },
    /// A structure of this name, decoded field by field.
    Struct {
        /// Its name, such as `timespec`; the decoder knows the fields.
        name: &'static str,
        /// Which way.
        dir: Dir,
    },
    /// An array of structures; `count` is the position of the number of entries.
    Array {
        /// The name of one structure.
        name: &'static str,
        /// Which way.
        dir: Dir,
        /// Position of the number of entries.
        count: u8,
    },
    /// A signal number.
    Signal,
    /// A set of signals behind a pointer.
    Sigset {
        /// Which way.
        dir: Dir,
    },
    /// Two descriptors that the kernel writes (`pipe`, `socketpair`).
    FdPair,
    /// A process or thread number.
    Task,
    /// A number of 32 bits that the kernel writes behind a pointer.
    IntOut,
    /// The status word of `wait4`.
    WaitStatus,
    /// Something that nothing fixes from host to host: shown as `_`.
    Opaque,
}

/// What a call's result is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RetKind {
    /// A signed number; 0 and -1 ERRNO most often.
    Int,
    /// An unsigned number, such as a byte count.
    Size,
    /// A new file descriptor.
    Fd,
    /// An address.
    Address,
    /// A process or thread number.
    Task,
    /// Shown in hexadecimal.
    Hex,
    /// Shown in octal (`umask`).
    Mode,
    /// A value nothing fixes from run to run (`times`, `time`): shown as `_`.
    Opaque,
    /// The call does not return.
    Never,
}

impl CallInfo {
    /// Whether it belongs to `class`.
    pub fn is_in(&self, class: Class) -> bool {
        self.classes & (1 << class.0) != 0
    }
}

impl Sysno {
    /// The call of this name.
    pub const fn parse(name: &str) -> Option<Sysno> {
        let (mut first, mut end) = (0, CALLS.len());
        while first < end {
            let middle = first.midpoint(end);
            match compare(CALLS[middle].name.as_bytes(), name.as_bytes()) {
                Ordering::Equal => return Some(Sysno(middle as u16)),
                Ordering::Less => first = middle + 1,
                Ordering::Greater => end = middle,
            }
        }
        None
    }

    /// The call of a name that is known to be one's: what is none is an error of the compiler in a constant.
    pub const fn named(name: &str) -> Sysno {
        Sysno::parse(name).expect("there is no call of this name")
    }

    /// The call with this number on `arch`.
    pub fn from_number(arch: Arch, number: u64) -> Option<Sysno> {
        let row = *BY_NUMBER[arch as usize].get(usize::try_from(number).ok()?)?;
        (row != u16::MAX).then_some(Sysno(row))
    }

    /// Its number on `arch`; `None` where that architecture has no such call.
    pub fn number(self, arch: Arch) -> Option<u32> {
        self.info().numbers[arch as usize].map(u32::from)
    }

    /// Its row of the table.
    pub fn info(self) -> &'static CallInfo {
        &CALLS[usize::from(self.0)]
    }

    /// The manual page's name.
    pub fn name(self) -> &'static str {
        self.info().name
    }

    /// Its position among all calls, in name order: an index into tables that have a row for each.
    pub fn index(self) -> usize {
        usize::from(self.0)
    }

    /// Every call of the table, in name order.
    pub fn all() -> impl Iterator<Item = Sysno> {
        (0..CALLS.len() as u16).map(Sysno)
    }

    /// The position of the argument called `name`, or of `arg0` to `arg5`.
    pub fn arg(self, name: &str) -> Option<usize> {
        if let Some(args) = self.info().args
            && let Some(at) = args.iter().position(|arg| arg.name == name)
        {
            return Some(at);
        }
        let digit: usize = name.strip_prefix("arg")?.parse().ok()?;
        (digit < 6).then_some(digit)
    }
}

impl fmt::Display for Sysno {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Debug for Sysno {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Which of two names comes first; what compares slices is not for constants.
const fn compare(one: &[u8], other: &[u8]) -> Ordering {
    let mut at = 0;
    while at < one.len() && at < other.len() {
        if one[at] != other[at] {
            return if one[at] < other[at] { Ordering::Less } else { Ordering::Greater };
        }
        at += 1;
    }
    if one.len() == other.len() {
        Ordering::Equal
    } else if one.len() < other.len() {
        Ordering::Less
    } else {
        Ordering::Greater
    }
}

/// A class of calls, written `%file` in specs, with strace's names where it has one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Class(pub(super) u8);

impl Class {
    /// Their names, the bit in [`CallInfo::classes`] being the position here.
    pub const NAMES: [&'static str; 15] = [
        "file", "desc", "network", "process", "signal", "memory", "ipc", "creds", "clock", "stat", "lstat", "fstat",
        "statfs", "pure", "fstatfs",
    ];

    /// The class of this name, without the percent sign.
    pub fn parse(name: &str) -> Option<Class> {
        let at = Class::NAMES.iter().position(|known| *known == name)?;
        Some(Class(at as u8))
    }

    /// Its calls.
    pub fn calls(self) -> CallSet {
        Sysno::all().filter(|call| call.info().is_in(self)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::abi::flags::flag_sets;

    fn call(name: &str) -> Sysno {
        Sysno::parse(name).unwrap()
    }

    #[test]
    fn numbers_of_known_calls() {
        let numbers = |name| Arch::ALL.map(|arch| call(name).number(arch));
        assert_eq!(numbers("read"), [Some(0), Some(3), Some(63)]);
        assert_eq!(numbers("open"), [Some(2), Some(5), None]);
        assert_eq!(numbers("openat"), [Some(257), Some(295), Some(56)]);
        assert_eq!(numbers("newfstatat"), [Some(262), None, Some(79)]);
        assert_eq!(numbers("clock_gettime64"), [None, Some(403), None]);
        assert_eq!(numbers("file_setattr"), [Some(469); 3]);
    }

    #[test]
    fn every_number_leads_back_to_its_call() {
        for sysno in Sysno::all() {
            assert_eq!(Sysno::parse(sysno.name()), Some(sysno));
            for arch in Arch::ALL {
                if let Some(number) = sysno.number(arch) {
                    assert_eq!(Sysno::from_number(arch, number.into()), Some(sysno));
                }
            }
        }
        assert_eq!(Sysno::from_number(Arch::X86_64, u64::MAX), None);
        assert_eq!(Sysno::from_number(Arch::X86_64, 0x4000_0000), None);
    }

    #[test]
    fn most_calls_have_a_signature() {
        assert!(Sysno::all().filter(|sysno| sysno.info().args.is_some()).count() > 400);
    }

    #[test]
    fn positions_in_a_signature_exist() {
        for sysno in Sysno::all() {
            let args = sysno.info().args.unwrap_or_default();
            assert!(args.len() <= 6, "{sysno}");
            for arg in args {
                let at = match arg.kind {
                    ArgKind::Path { dir: Some(at) }
                    | ArgKind::ByCommand { command: at, .. }
                    | ArgKind::CreateMode { flags: at }
                    | ArgKind::Array { count: at, .. }
                    | ArgKind::Iovec { count: at, .. }
                    | ArgKind::Bytes { len: Len::Arg(at) | Len::Pointed(at), .. }
                    | ArgKind::Sockaddr { len: Len::Arg(at) | Len::Pointed(at), .. } => at,
                    _ => 0,
                };
                assert!(at == 0 || usize::from(at) < args.len(), "{sysno}: {}", arg.name);
                if let ArgKind::Path { dir: Some(at) } = arg.kind {
                    assert_eq!(args[usize::from(at)].kind, ArgKind::DirFd, "{sysno}");
                }
            }
        }
    }

    #[test]
    fn arguments_by_name_and_position() {
        assert_eq!(call("openat").arg("flags"), Some(2));
        assert_eq!(call("openat").arg("arg1"), Some(1));
        assert_eq!(call("rename").arg("newpath"), Some(1));
        assert_eq!(call("openat").arg("arg6"), None);
        assert_eq!(call("openat").arg("pathname"), None);
    }

    #[test]
    fn classes_hold_what_their_names_say() {
        let class = |name| Class::parse(name).unwrap().calls();
        assert!(class("file").contains(call("openat")) && !class("file").contains(call("read")));
        assert!(class("desc").contains(call("read")) && !class("desc").contains(call("unlink")));
        assert!(class("fstatfs").contains(call("fstatfs")));
        assert!(Class::NAMES.iter().all(|name| !class(name).is_empty()));
        for sysno in Sysno::all() {
            let args = sysno.info().args.unwrap_or_default();
            if args.iter().any(|arg| matches!(arg.kind, ArgKind::Path { .. })) {
                assert!(class("file").contains(sysno), "{sysno} takes a path");
            }
            if args.iter().any(|arg| matches!(arg.kind, ArgKind::Fd | ArgKind::DirFd)) {
                assert!(class("desc").contains(sysno), "{sysno} takes a descriptor");
            }
        }
    }

    #[test]
    fn flags_of_a_call_can_be_looked_up() {
        let flags = &call("openat").info().args.unwrap()[2];
        assert_eq!(flags.kind, ArgKind::Flags(&flag_sets::OPEN));
        assert_eq!(flag_sets::OPEN.value("O_APPEND"), Some(0o2000));
    }

    #[test]
    fn calls_say_what_they_change_of_files() {
        for (name, changes, syncs) in [
            ("renameat2", Some(Changes::Names), false),
            ("unlink", Some(Changes::Names), false),
            ("pwritev2", Some(Changes::Content), false),
            ("fchownat", Some(Changes::Attributes), false),
            ("removexattrat", Some(Changes::Attributes), false),
            ("utimensat", Some(Changes::Times), false),
            ("fdatasync", None, true),
            ("openat", None, false),
            ("read", None, false),
        ] {
            let info = Sysno::parse(name).unwrap().info();
            assert_eq!((info.changes, info.syncs), (changes, syncs), "{name}");
        }
    }
}
