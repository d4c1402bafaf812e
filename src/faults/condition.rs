//! When a failure can occur: on which descriptor, with which arguments.
//! It must not ask the kernel: what is known of the call comes in [`Facts`].

use crate::abi::{ArgKind, Sysno};

/// A lock that is given up (asm-generic/fcntl.h).
const F_UNLCK: u16 = 2;

/// What a descriptor refers to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A regular file.
    File,
    /// A directory.
    Dir,
    /// A character or block device that is no terminal.
    Device,
    /// A terminal.
    Terminal,
    /// A pipe or FIFO.
    Pipe,
    /// A socket.
    Socket,
    /// Something to wait for: eventfd, epoll, inotify, timerfd, signalfd, pidfd.
    Event,
}

impl Kind {
    /// Every kind, in the order of the bits of [`Kinds`].
    pub const ALL: [Kind; 7] =
        [Kind::File, Kind::Dir, Kind::Device, Kind::Terminal, Kind::Pipe, Kind::Socket, Kind::Event];

    /// In words.
    pub fn name(self) -> &'static str {
        match self {
            Kind::File => "file",
            Kind::Dir => "directory",
            Kind::Device => "device",
            Kind::Terminal => "terminal",
            Kind::Pipe => "pipe",
            Kind::Socket => "socket",
            Kind::Event => "event descriptor",
        }
    }
}

/// A set of kinds, a bit for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kinds(pub(super) u8);

impl Kinds {
    /// Whether `kind` is among them.
    pub fn contains(self, kind: Kind) -> bool {
        self.0 & (1 << kind as u8) != 0
    }

    /// The kinds, in order.
    pub fn iter(self) -> impl Iterator<Item = Kind> {
        Kind::ALL.into_iter().filter(move |kind| self.contains(*kind))
    }
}

/// What is known of a descriptor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Descriptor {
    /// What it refers to; `None` where that is not known.
    pub kind: Option<Kind>,
    /// Whether it has O_NONBLOCK.
    pub non_blocking: bool,
}

/// What is known of a call about to be made.
#[derive(Clone, Copy, Debug, Default)]
pub struct Facts {
    /// The raw arguments.
    pub args: [u64; 6],
    /// What each argument that is a descriptor refers to; `None` where it is none, or nothing is known of it.
    pub descriptors: [Option<Descriptor>; 6],
    /// Whether the socket has a time limit for what the call does (SO_RCVTIMEO, SO_SNDTIMEO).
    pub time_limit: bool,
    /// The number that the first argument points to; `None` where it points nowhere, or nobody has looked.
    pub pointed_at: Option<u32>,
    /// The type of the lock that the call is about (`l_type`, fcntl(2)); `None` where it is about none, or nobody has looked.
    pub lock: Option<u16>,
    /// The arguments that are pipes which the process itself can read from.
    pub read_by_itself: [bool; 6],
    /// Whether a signal can come that is caught, with a handler that does not start this call again.
    pub caught: bool,
    /// Whether the size of files is limited (RLIMIT_FSIZE).
    pub size_limit: bool,
}

/// One thing that must hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clause {
    /// The descriptor in this argument is of one of these kinds.
    On {
        /// Position of the argument.
        arg: u8,
        /// The kinds.
        kinds: Kinds,
    },
    /// The descriptor in this argument has O_NONBLOCK.
    NonBlocking {
        /// Position of the argument.
        arg: u8,
    },
    /// The socket has a time limit.
    Timed,
    /// A signal can come whose handler does not start the call again.
    Caught,
    /// The size of files is limited.
    Limited,
    /// The argument has one of these bits.
    Has {
        /// Position of the argument.
        arg: u8,
        /// The bits.
        bits: u64,
    },
    /// The argument has none of these bits.
    Lacks {
        /// Position of the argument.
        arg: u8,
        /// The bits.
        bits: u64,
    },
    /// The argument, within the mask, is one of these values.
    Is {
        /// Position of the argument.
        arg: u8,
        /// The bits that hold the value.
        mask: u64,
        /// The values.
        values: &'static [u64],
    },
    /// The number that the first argument points to is another than this argument.
    Differs {
        /// Position of the argument.
        arg: u8,
    },
    /// The lock that the argument points to (`struct flock`) is asked for, not given up.
    Locks {
        /// Position of the argument.
        arg: u8,
    },
    /// The process does not have the end of the pipe where what goes into this descriptor is read.
    Unread {
        /// Position of the argument.
        arg: u8,
    },
    /// The argument is not zero.
    Given {
        /// Position of the argument.
        arg: u8,
    },
}

/// When a failure can occur: all of its clauses hold. Without any it always can.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Condition(pub(super) &'static [Clause]);

impl Condition {
    /// Its clauses.
    pub fn clauses(&self) -> &'static [Clause] {
        self.0
    }

    /// Whether it holds for a call of which this is known. What is not known of a descriptor may be so.
    pub fn holds(&self, facts: &Facts) -> bool {
        self.missing(facts).is_none()
    }

    /// The first clause that does not hold.
    pub fn missing(&self, facts: &Facts) -> Option<Clause> {
        self.0.iter().copied().find(|clause| !clause.holds(facts))
    }

    /// In words, for `call`; empty where nothing must hold.
    pub fn told(&self, call: Sysno) -> String {
        self.0.iter().map(|clause| clause.told(call)).collect::<Vec<String>>().join(", ")
    }
}

impl Clause {
    fn holds(self, facts: &Facts) -> bool {
        let arg = |at: u8| facts.args[usize::from(at)];
        let descriptor = |at: u8| facts.descriptors[usize::from(at)];
        match self {
            Clause::On { arg, kinds } => {
                descriptor(arg).and_then(|known| known.kind).is_none_or(|kind| kinds.contains(kind))
            }
            Clause::NonBlocking { arg } => descriptor(arg).is_none_or(|known| known.non_blocking),
            Clause::Timed => facts.time_limit,
            Clause::Caught => facts.caught,
            Clause::Limited => facts.size_limit,
            Clause::Has { arg: at, bits } => arg(at) & bits != 0,
            Clause::Lacks { arg: at, bits } => arg(at) & bits == 0,
            Clause::Is { arg: at, mask, values } => {
                // Commands and flags are C ints: what stands above them in a register is not looked at.
                values.contains(&(arg(at) & mask & u64::from(u32::MAX)))
            }
            // What is compared is a C int, whatever stands above it in the register.
            Clause::Differs { arg: at } => facts.pointed_at.is_none_or(|found| found != arg(at) as u32),
            Clause::Locks { .. } => facts.lock != Some(F_UNLCK),
            Clause::Unread { arg } => !facts.read_by_itself[usize::from(arg)],
            Clause::Given { arg: at } => arg(at) != 0,
        }
    }

    /// In words, as what goes before "only": `on a pipe or socket`, `with O_NONBLOCK`.
    pub fn told(self, call: Sysno) -> String {
        let args = call.info().args.unwrap_or_default();
        let name = |at: u8| args.get(usize::from(at)).map_or("its argument", |arg| arg.name);
        let names = |at: u8, values: &[u64], separator: &str| {
            let kind = args.get(usize::from(at)).map(|arg| arg.kind);
            let shown = values.iter().map(|value| match kind {
                Some(ArgKind::Flags(set)) => set.show(*value),
                _ => format!("{value:#x}"),
            });
            shown.collect::<Vec<String>>().join(separator)
        };
        match self {
            Clause::On { arg, kinds } => {
                let kinds: Vec<&str> = kinds.iter().map(Kind::name).collect();
                format!("`{}` on a {}", name(arg), kinds.join(" or "))
            }
            Clause::NonBlocking { arg } => format!("`{}` with O_NONBLOCK", name(arg)),
            Clause::Timed => "on a socket with a time limit".to_owned(),
            Clause::Caught => "with a handler that does not restart it".to_owned(),
            Clause::Limited => "with RLIMIT_FSIZE".to_owned(),
            Clause::Has { arg, bits } => format!("`{}` with {}", name(arg), names(arg, &[bits], " or ")),
            Clause::Lacks { arg, bits } => format!("`{}` without {}", name(arg), names(arg, &[bits], " or ")),
            Clause::Is { arg, values, .. } => format!("`{}` = {}", name(arg), names(arg, values, " or ")),
            Clause::Differs { arg } => format!("`{}` points to another number than `{}`", name(0), name(arg)),
            Clause::Locks { arg } => format!("`{}` with another type than F_UNLCK", name(arg)),
            Clause::Unread { arg } => format!("`{}` without its other end", name(arg)),
            Clause::Given { arg } => format!("with a `{}`", name(arg)),
        }
    }
}
