//! Times that a program asks to wait. Points in time are the host's and are not shown.

use super::lists::one;
use super::memory::Fields;
use super::{Decoder, Raw};
use crate::transcript::Value;

impl Decoder<'_> {
    /// A structure of times; `None` if `name` is none.
    pub(super) fn time(&self, raw: &Raw, name: &str, addr: u64) -> Option<Value> {
        let wide = raw.wide() || name.ends_with("64");
        let (count, fraction) = match name {
            "timespec" | "timespec64" => (1, "tv_nsec"),
            "timeval" => (1, "tv_usec"),
            "itimerspec" | "itimerspec64" | "utimes" | "utimes64" => (2, "tv_nsec"),
            "itimerval" => (2, "tv_usec"),
            "abstime" => return Some(Value::Opaque),
            _ => return None,
        };
        let size = if wide { 16 } else { 8 };
        let Some(fields) = self.fields(addr, size * count) else { return Some(self.pointer(addr)) };
        let at = |index: usize| pair(&fields, index * size, wide);
        let shown = |index| {
            let (seconds, rest) = at(index);
            Value::Struct(vec![("tv_sec", Value::Int(seconds)), (fraction, Value::Int(rest))])
        };
        Some(match name {
            "utimes" | "utimes64" => {
                Value::List { entries: [0, 1].map(|index| file_time(at(index).1)).to_vec(), more: false }
            }
            _ if count == 2 => {
                // With TIMER_ABSTIME the first expiry is a point in time.
                let first = if is_absolute(raw) && at(1) != (0, 0) { Value::Opaque } else { shown(1) };
                Value::Struct(vec![("it_interval", shown(0)), ("it_value", first)])
            }
            _ if is_absolute(raw) => Value::Opaque,
            _ => shown(0),
        })
    }

    /// A file offset behind a pointer.
    pub(super) fn offset(&self, addr: u64, wide: bool) -> Value {
        let offset = match wide {
            true => self.fields(addr, 8).map(|fields| fields.i64(0)),
            false => self.fields(addr, 4).map(|fields| i64::from(fields.i32(0))),
        };
        offset.map_or_else(|| self.pointer(addr), |offset| one(Value::Int(offset)))
    }
}

fn pair(fields: &Fields, at: usize, wide: bool) -> (i64, i64) {
    match wide {
        true => (fields.i64(at), fields.i64(at + 8)),
        false => (i64::from(fields.i32(at)), i64::from(fields.i32(at + 4))),
    }
}

/// Whether the flags of this call say that its time is a point and not a length.
fn is_absolute(raw: &Raw) -> bool {
    let name = raw.sysno.name();
    let timed = ["clock_nanosleep", "timer_settime", "timerfd_settime"];
    timed.iter().any(|timed| name.starts_with(timed)) && raw.at(1) & 1 != 0
}

/// `UTIME_NOW` and `UTIME_OMIT` of `utimensat(2)`; other times are often copied from a file of the host.
fn file_time(nanoseconds: i64) -> Value {
    match nanoseconds {
        0x3fff_ffff => Value::Word("UTIME_NOW".into()),
        0x3fff_fffe => Value::Word("UTIME_OMIT".into()),
        _ => Value::Opaque,
    }
}
