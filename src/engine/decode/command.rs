//! Arguments whose meaning depends on a command: `fcntl`, `ioctl`, `prctl`, `arch_prctl`, `futex`.

use super::{Decoder, Phase, Raw, lists, scalar};
use crate::abi::TaskId;
use crate::abi::flags::{FlagSet, flag_sets};
use crate::transcript::Value;

/// What a word means under its command.
#[derive(Clone, Copy, Debug)]
pub(super) enum Operand {
    Int,
    Hex,
    /// Nothing is known about it.
    Plain,
    Fd,
    Task,
    Signal,
    Flags(&'static FlagSet),
    OpenFlags,
    Pointer,
    Text,
    /// A number or a task's number: a word that threads wait on.
    FutexValue,
    /// A structure of this name.
    Struct(&'static str),
    /// A structure that the kernel fills.
    StructOut(&'static str),
    /// A number of 32 bits behind a pointer.
    IntIn,
    IntOut,
    TaskOut,
    TextOut,
    Opaque,
}

impl Operand {
    /// Whether the kernel fills what it points to.
    pub(super) fn is_out(self) -> bool {
        matches!(self, Operand::StructOut(_) | Operand::IntOut | Operand::TaskOut | Operand::TextOut)
    }
}

/// The meaning of the word `index` places after its command; `None` where the command does not look at it.
pub(super) fn operand(family: &str, command: u32, index: u8) -> Option<Operand> {
    match family {
        "fcntl" => fcntl(command),
        "ioctl" => ioctl(command),
        "prctl" => prctl(command, index),
        "arch_prctl" => Some(match command {
            0x1001..=0x1004 => Operand::Pointer,
            _ => Operand::Plain,
        }),
        "futex" | "futex64" => futex(command, index, if family == "futex" { "timespec" } else { "timespec64" }),
        _ => Some(Operand::Plain),
    }
}

fn fcntl(command: u32) -> Option<Operand> {
    Some(match command {
        1 | 3 | 9 | 11 | 1025 | 1032 | 1034 => return None,
        0 | 1030 | 1031 => Operand::Int,
        2 => Operand::Flags(&flag_sets::FD),
        4 => Operand::OpenFlags,
        5 | 12 | 36 => Operand::StructOut("flock"),
        6 | 7 | 13 | 14 | 37 | 38 => Operand::Struct("flock"),
        8 => Operand::Task,
        10 => Operand::Signal,
        1027 => Operand::Fd,
        1033 => Operand::Flags(&flag_sets::SEALS),
        _ => Operand::Plain,
    })
}

fn ioctl(command: u32) -> Option<Operand> {
    Some(match command {
        // TIOCEXCL, TIOCNXCL, TIOCNOTTY, FIONCLEX, FIOCLEX
        0x540c | 0x540d | 0x5422 | 0x5450 | 0x5451 => return None,
        // TIOCGPGRP, TIOCGSID
        0x540f | 0x5429 => Operand::TaskOut,
        // TIOCGWINSZ, TIOCSWINSZ
        0x5413 => Operand::StructOut("winsize"),
        0x5414 => Operand::Struct("winsize"),
        // TIOCOUTQ, FIONREAD
        0x5411 | 0x541b => Operand::IntOut,
        // FIONBIO, FIOASYNC, TIOCSPTLCK
        0x5421 | 0x5452 | 0x4004_5431 => Operand::IntIn,
        // FICLONE
        0x4004_9409 => Operand::Fd,
        _ => Operand::Plain,
    })
}

fn prctl(command: u32, index: u8) -> Option<Operand> {
    let first = match command {
        3 | 7 | 21 | 27 | 30 | 39 | 42 | 66 => return None,
        1 => Operand::Signal,
        15 => Operand::Text,
        16 => Operand::TextOut,
        2 | 25 | 37 => Operand::IntOut,
        4 | 8 | 22..=24 | 26 | 28 | 29 | 36 | 38 | 41 | 57 | 65 => Operand::Int,
        0x5961_6d61 => Operand::Task,
        _ => return Some(Operand::Plain),
    };
    (index == 1).then_some(first)
}

fn futex(command: u32, index: u8, timespec: &'static str) -> Option<Operand> {
    const VALUE: u8 = 1;
    const TIMEOUT: u8 = 2;
    const SECOND: u8 = 3;
    const VALUE3: u8 = 4;
    let known = match (command & 0x7f, index) {
        (0, VALUE) | (9 | 11, VALUE) => Operand::FutexValue,
        (0, TIMEOUT) => Operand::Struct(timespec),
        // Points in time, for these.
        (6 | 9 | 11 | 13, TIMEOUT) => Operand::Struct("abstime"),
        (1 | 3 | 4 | 5 | 10 | 12, VALUE) => Operand::Int,
        (3 | 4 | 5 | 12, TIMEOUT) => Operand::Int,
        (3 | 4 | 5 | 11 | 12, SECOND) => Operand::Pointer,
        (5 | 9 | 10, VALUE3) => Operand::Hex,
        (4 | 12, VALUE3) => Operand::FutexValue,
        // The words before a bit set stand there, unused.
        (9, SECOND) | (10, TIMEOUT | SECOND) => Operand::Opaque,
        (0..=13, _) => return None,
        _ => Operand::Plain,
    };
    Some(known)
}

impl Decoder<'_> {
    pub(super) fn by_command(&mut self, raw: &Raw, operand: Operand, word: u64) -> Option<Value> {
        if operand.is_out() && !matches!(raw.phase, Phase::Done(_)) {
            return Some(if word == 0 { Value::Null } else { Value::Opaque });
        }
        let bits = u64::from(word as u32);
        Some(match operand {
            Operand::Int => Value::Int(i64::from(word as i32)),
            Operand::Hex => Value::Hex(bits),
            Operand::Plain => scalar::plain(word),
            Operand::Fd => self.descriptor(word as i32),
            Operand::Task => self.task(word as i32),
            Operand::Signal => scalar::signal(word),
            Operand::Flags(set) => Value::Flags { set, bits },
            Operand::OpenFlags => Value::Flags { set: scalar::open_set(raw.arch), bits },
            Operand::Pointer => self.pointer(word),
            Operand::Text | Operand::TextOut => self.text(word),
            Operand::FutexValue => self.futex_value(word as u32),
            Operand::Struct(_) if word == 0 => Value::Null,
            Operand::Struct(name) | Operand::StructOut(name) => self.structure(raw, name, word),
            Operand::IntIn | Operand::IntOut => self.int_behind(word),
            Operand::TaskOut => match self.fields(word, 4) {
                Some(fields) => lists::one(self.task(fields.i32(0))),
                None => self.pointer(word),
            },
            Operand::Opaque => Value::Opaque,
        })
    }

    /// Threads are joined by waiting for their number to be cleared, and some locks hold their owner's.
    fn futex_value(&self, word: u32) -> Value {
        const TID_MASK: u32 = 0x3fff_ffff;
        // The kernel gives lower numbers to its own tasks and to those of a fresh namespace, where they are fixed.
        const RESERVED_PIDS: u32 = 300;
        let tid = word & TID_MASK;
        if tid < RESERVED_PIDS {
            return Value::Uint(u64::from(word));
        }
        self.names.task(TaskId(tid as i32)).map_or(Value::Uint(u64::from(word)), Value::Task)
    }
}
