//! Values that stand in a register: descriptors, tasks, signals, flags, plain words.

use super::{Decoder, Raw};
use crate::abi::flags::{FlagSet, flag_sets};
use crate::abi::{Arch, Signal, TaskId};
use crate::transcript::Value;

/// `AT_FDCWD` of `openat(2)`.
pub(super) const AT_FDCWD: i32 = -100;

/// Words below this are numbers that the program chose; above, they may be addresses.
const SMALL: i64 = 0x1_0000;

impl Decoder<'_> {
    pub(super) fn descriptor(&mut self, fd: i32) -> Value {
        match self.inspect.descriptor(fd) {
            Some(what) => self.names.descriptor(self.table, fd, &what),
            None if i64::from(fd).abs() < SMALL => Value::BadDescriptor(fd),
            None => Value::Opaque,
        }
    }

    pub(super) fn directory(&mut self, fd: i32) -> Value {
        if fd == AT_FDCWD { Value::AtFdcwd } else { self.descriptor(fd) }
    }

    /// A process, a thread, or what `kill(2)` and `wait4(2)` make of numbers that are not positive.
    pub(super) fn task(&self, number: i32) -> Value {
        match number {
            0 | -1 => Value::Int(i64::from(number)),
            1.. => self.names.task(TaskId(number)).map_or(Value::Opaque, Value::Task),
            group => match self.names.task(TaskId(group.wrapping_neg())) {
                Some(task) => Value::Word(format!("-{task}").into()),
                None => Value::Opaque,
            },
        }
    }
}

/// A word that nothing is known about: small numbers are the program's, others may be addresses.
pub(super) fn plain(word: u64) -> Value {
    let number = word as i64;
    if (-SMALL..SMALL).contains(&number) { Value::Int(number) } else { Value::Opaque }
}

pub(super) fn signal(word: u64) -> Value {
    let number = i64::from(word as i32);
    Signal::new(number).map_or(Value::Int(number), Value::Signal)
}

/// A device number, split as `makedev(3)` puts it together.
pub(super) fn device(dev: u64) -> Value {
    let major = (dev >> 8 & 0xfff) | (dev >> 32 & 0xffff_f000);
    let minor = (dev & 0xff) | (dev >> 12 & 0xffff_ff00);
    Value::Word(format!("makedev({major}, {minor})").into())
}

pub(super) fn flags(raw: &Raw, set: &'static FlagSet, word: u64) -> Value {
    let bits = u64::from(word as u32);
    match set.name {
        "open" => Value::Flags { set: open_set(raw.arch), bits },
        // A clock of a process has its number in it.
        "clock" if !set.names.iter().any(|(_, value)| *value == bits) => Value::Opaque,
        "sockopt" => option_name(raw.at(1), bits),
        _ => Value::Flags { set, bits },
    }
}

/// The open flags as this architecture numbers them.
pub(super) fn open_set(arch: Arch) -> &'static FlagSet {
    match arch {
        Arch::X86_64 | Arch::I386 => &flag_sets::OPEN,
        Arch::Aarch64 => &flag_sets::OPEN_AARCH64,
    }
}

fn option_name(level: u64, bits: u64) -> Value {
    let set = match level as u32 {
        0 => &flag_sets::SOCKOPT_IP,
        1 => &flag_sets::SOCKOPT,
        6 => &flag_sets::SOCKOPT_TCP,
        41 => &flag_sets::SOCKOPT_IPV6,
        _ => return Value::Int(i64::from(bits as i32)),
    };
    Value::Flags { set, bits }
}
