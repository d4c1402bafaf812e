//! Turns the registers and memory of a stopped call into values in canonical names.
//! It must not know rules or scheduling, and must not let a number of the host into what is shown.
//! Arguments may be garbage: whatever cannot be read is shown as the region it points to, or as `_`.

mod capture;
mod command;
mod data;
mod lists;
mod memory;
mod net;
mod path;
mod result;
mod scalar;
mod signals;
mod structs;
mod time;

#[cfg(test)]
mod tests;

use super::Inspect;
use super::names::{Names, TableId};
use crate::abi::{Arch, ArgKind, Dir, Sysno};
use crate::transcript::{Arg, Call, Part, Value};

/// Reads calls of one stopped task.
pub(super) struct Decoder<'a> {
    /// The stopped task.
    pub(super) inspect: &'a dyn Inspect,
    /// The names of the run.
    pub(super) names: &'a mut Names,
    /// The task's descriptor table.
    pub(super) table: TableId,
    /// Whether anybody looks at what arguments point to; it is [`Value::Opaque`] otherwise.
    pub(super) reads: bool,
    /// How many bytes of a buffer are shown.
    pub(super) strings: usize,
}

/// How far a call is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Entry,
    /// It succeeded with this result.
    Done(u64),
    /// It failed, or will be started again.
    Failed,
}

/// The registers of a call.
#[derive(Clone, Copy, Debug)]
struct Raw {
    arch: Arch,
    sysno: Sysno,
    args: [u64; 6],
    phase: Phase,
}

impl Raw {
    /// Whether words of this architecture have 64 bits.
    fn wide(&self) -> bool {
        self.arch != Arch::I386
    }

    /// The argument at this position; 0 where the call has none.
    fn at(&self, position: u8) -> u64 {
        self.args.get(usize::from(position)).copied().unwrap_or(0)
    }
}

const NAMES: [&str; 6] = ["arg0", "arg1", "arg2", "arg3", "arg4", "arg5"];

impl Decoder<'_> {
    /// The call that is being entered. What the kernel fills in is [`Value::Opaque`] until its exit.
    pub(super) fn entry(&mut self, arch: Arch, number: u64, args: &[u64; 6]) -> Call {
        self.entry_in(Vec::new(), arch, number, args)
    }

    /// The same, with the arguments in the memory of `shown`, which is empty.
    pub(super) fn entry_in(&mut self, mut shown: Vec<Arg>, arch: Arch, number: u64, args: &[u64; 6]) -> Call {
        let sysno = Sysno::from_number(arch, number);
        shown.reserve(args.len());
        if let Some(sysno) = sysno
            && let Some(signature) = sysno.info().args
        {
            let raw = Raw { arch, sysno, args: *args, phase: Phase::Entry };
            for (info, at) in signature.iter().zip(0..) {
                if let Some(value) = self.argument(&raw, info.kind, at) {
                    shown.push(Arg { name: info.name, raw: raw.at(at), value });
                }
            }
        } else {
            let words = std::iter::zip(NAMES, args);
            shown.extend(words.map(|(name, raw)| Arg { name, raw: *raw, value: scalar::plain(*raw) }));
        }
        Call { sysno, number, args: shown, result: None, part: Part::Whole }
    }

    /// What is shown for one argument; `None` where the call does not look at it.
    fn argument(&mut self, raw: &Raw, kind: ArgKind, at: u8) -> Option<Value> {
        if !self.reads && is_pointed_at(kind) {
            return Some(Value::Opaque);
        }
        let word = raw.at(at);
        let signed = if raw.wide() { word as i64 } else { i64::from(word as i32) };
        let unsigned = if raw.wide() { word } else { u64::from(word as u32) };
        if let Some(dir) = direction(kind)
            && let Some(value) = self.not_yet(raw, dir, unsigned)
        {
            return Some(value);
        }
        Some(match kind {
            ArgKind::Int => Value::Int(i64::from(word as i32)),
            ArgKind::Long => Value::Int(signed),
            ArgKind::Uint => Value::Uint(u64::from(word as u32)),
            ArgKind::Size => Value::Uint(unsigned),
            ArgKind::Hex => Value::Hex(unsigned),
            ArgKind::Address => self.pointer(unsigned),
            ArgKind::Fd => self.descriptor(word as i32),
            ArgKind::DirFd => self.directory(word as i32),
            ArgKind::Path { dir } => self.path(raw, unsigned, dir),
            ArgKind::Mode => Value::Octal(u64::from(word as u32)),
            ArgKind::CreateMode { flags } if !path::creates(raw, raw.at(flags)) => return None,
            ArgKind::CreateMode { .. } => Value::Octal(u64::from(word as u32)),
            ArgKind::Dev => scalar::device(word),
            ArgKind::Flags(set) => scalar::flags(raw, set, word),
            ArgKind::ByCommand { command, name } => {
                let operand = command::operand(name, raw.at(command) as u32, at - command);
                return self.by_command(raw, operand?, word);
            }
            ArgKind::Bytes { len, .. } => self.bytes(raw, unsigned, at, len),
            ArgKind::Str => self.text(unsigned),
            ArgKind::Strings => self.texts(raw, unsigned),
            ArgKind::Sockaddr { dir, len } => {
                let len = self.length(raw, at, len);
                self.sockaddr(unsigned, len, dir)
            }
            ArgKind::Iovec { count, .. } => {
                let limit = if let Phase::Done(moved) = raw.phase { moved } else { u64::MAX };
                self.iovec(raw, unsigned, raw.at(count), limit)
            }
            ArgKind::Struct { name, .. } => self.structure(raw, name, unsigned),
            ArgKind::Array { name, count, .. } => self.array(raw, name, unsigned, raw.at(count)),
            ArgKind::Signal => scalar::signal(word),
            ArgKind::Sigset { .. } => self.sigset(unsigned),
            ArgKind::FdPair => self.pair(unsigned),
            ArgKind::Task => self.task(word as i32),
            ArgKind::IntOut => self.int_behind(unsigned),
            ArgKind::WaitStatus => self.wait_status(raw, unsigned),
            ArgKind::Opaque => Value::Opaque,
        })
    }

    /// The placeholder for what the kernel has not filled in; `None` where the memory can be read.
    fn not_yet(&self, raw: &Raw, dir: Dir, address: u64) -> Option<Value> {
        let known = match dir {
            Dir::In => true,
            Dir::InOut => raw.phase != Phase::Entry,
            Dir::Out => matches!(raw.phase, Phase::Done(_)),
        };
        match (known, address) {
            (_, 0) => Some(Value::Null),
            (true, _) => None,
            (false, _) => Some(Value::Opaque),
        }
    }
}

/// Which way the data behind an argument goes; `None` where nothing is behind it.
fn direction(kind: ArgKind) -> Option<Dir> {
    match kind {
        ArgKind::Bytes { dir, .. }
        | ArgKind::Sockaddr { dir, .. }
        | ArgKind::Iovec { dir, .. }
        | ArgKind::Array { dir, .. }
        | ArgKind::Sigset { dir } => Some(dir),
        // Plain data: it may be shown before and after, unlike descriptors, which are introduced but once.
        ArgKind::Struct { dir: Dir::InOut, .. } => Some(Dir::In),
        ArgKind::Struct { dir, .. } => Some(dir),
        ArgKind::FdPair | ArgKind::IntOut | ArgKind::WaitStatus => Some(Dir::Out),
        ArgKind::Int
        | ArgKind::Long
        | ArgKind::Uint
        | ArgKind::Size
        | ArgKind::Hex
        | ArgKind::Address
        | ArgKind::Fd
        | ArgKind::DirFd
        | ArgKind::Path { .. }
        | ArgKind::Mode
        | ArgKind::CreateMode { .. }
        | ArgKind::Dev
        | ArgKind::Flags(_)
        | ArgKind::ByCommand { .. }
        | ArgKind::Str
        | ArgKind::Strings
        | ArgKind::Signal
        | ArgKind::Task
        | ArgKind::Opaque => None,
    }
}

/// Whether an argument is read from memory.
fn is_pointed_at(kind: ArgKind) -> bool {
    let is_text = matches!(kind, ArgKind::Path { .. } | ArgKind::Str | ArgKind::Strings);
    is_text || matches!(kind, ArgKind::ByCommand { .. }) || direction(kind).is_some()
}

/// Whether an argument is read again when the call is over.
fn is_filled(kind: ArgKind) -> bool {
    match kind {
        ArgKind::Struct { dir, .. } => dir != Dir::In,
        other => direction(other).is_some_and(|dir| dir != Dir::In),
    }
}
