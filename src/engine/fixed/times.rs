//! Lengths of time as they stand in the memory of a 64-bit program.
//! It must not know what they are for.

use std::time::Duration;

use crate::abi::Addr;
use crate::engine::inspect::Inspect;

/// By which structure a length of time is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::engine) enum Form {
    /// `struct timespec`: seconds and nanoseconds.
    Timespec,
    /// `struct timeval`: seconds and microseconds.
    Timeval,
    /// `struct timeval` with as many microseconds as anybody likes: select(2) takes more than a second of them.
    LooseTimeval,
}

/// What stands where a length of time is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::engine) enum Written {
    /// No memory: calls fail with EFAULT.
    Nothing,
    /// No length of time: calls fail with EINVAL.
    Nonsense,
    /// So long.
    Length(Duration),
}

impl Written {
    /// The length, if it is one.
    pub(in crate::engine) fn length(self) -> Option<Duration> {
        match self {
            Written::Length(length) => Some(length),
            Written::Nothing | Written::Nonsense => None,
        }
    }
}

impl Form {
    /// How many bytes it takes.
    pub(in crate::engine) const LEN: u64 = 16;

    /// Reads one.
    pub(in crate::engine) fn read(self, addr: Addr, inspect: &dyn Inspect) -> Written {
        let words = [0, 8].map(|from| word64(addr.plus(from), inspect));
        let [Some(seconds), Some(fraction)] = words else { return Written::Nothing };
        let parts = match self {
            Form::Timespec => 1_000_000_000,
            Form::Timeval | Form::LooseTimeval => 1_000_000,
        };
        let is_negative = [seconds, fraction].iter().any(|word| *word > i64::MAX as u64);
        if is_negative || fraction >= parts && self != Form::LooseTimeval {
            return Written::Nonsense;
        }
        let rest = match self {
            Form::Timespec => Duration::from_nanos(fraction),
            Form::Timeval | Form::LooseTimeval => Duration::from_micros(fraction),
        };
        Written::Length(Duration::from_secs(seconds).saturating_add(rest))
    }

    /// Its bytes for a length.
    pub(in crate::engine) fn bytes(self, length: Duration) -> Vec<u8> {
        let fraction = match self {
            Form::Timespec => length.subsec_nanos(),
            Form::Timeval | Form::LooseTimeval => length.subsec_micros(),
        };
        [length.as_secs(), u64::from(fraction)].map(u64::to_ne_bytes).concat()
    }
}

/// A timer as calls read and tell it (`struct itimerspec`, `struct itimerval`): each so long, and so long from now first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::engine) struct Setting {
    /// From one time that it goes off to the next; zero where it does so once.
    pub(in crate::engine) interval: Duration,
    /// Until it goes off first; zero where it does not.
    pub(in crate::engine) value: Duration,
}

impl Setting {
    /// Reads one; `Err` says what stands there instead.
    pub(in crate::engine) fn read(form: Form, addr: Addr, inspect: &dyn Inspect) -> Result<Setting, Written> {
        match [addr, addr.plus(Form::LEN)].map(|addr| form.read(addr, inspect)) {
            [Written::Length(interval), Written::Length(value)] => Ok(Setting { interval, value }),
            [Written::Nothing, _] | [_, Written::Nothing] => Err(Written::Nothing),
            _ => Err(Written::Nonsense),
        }
    }

    /// Its bytes.
    pub(in crate::engine) fn bytes(self, form: Form) -> Vec<u8> {
        [form.bytes(self.interval), form.bytes(self.value)].concat()
    }
}

/// A word of 32 bits in memory.
pub(in crate::engine) fn word32(addr: Addr, inspect: &dyn Inspect) -> Option<i32> {
    let mut bytes = [0; 4];
    (inspect.read(addr, &mut bytes) == bytes.len()).then(|| i32::from_ne_bytes(bytes))
}

/// A word of 64 bits in memory.
pub(in crate::engine) fn word64(addr: Addr, inspect: &dyn Inspect) -> Option<u64> {
    let mut bytes = [0; 8];
    (inspect.read(addr, &mut bytes) == bytes.len()).then(|| u64::from_ne_bytes(bytes))
}
