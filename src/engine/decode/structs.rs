//! Structures behind pointers: only fields that mean the same on every host.

use super::lists::{epoll_event, one};
use super::memory::Fields;
use super::{Decoder, Raw, path, scalar};
use crate::abi::flags::flag_sets;
use crate::abi::{Arch, Signal};
use crate::transcript::Value;

const TYPE_MASK: u32 = 0o170_000;
const REGULAR: u32 = 0o100_000;

impl Decoder<'_> {
    /// The structure called `name` in the table of calls; `addr` is not null.
    pub(super) fn structure(&mut self, raw: &Raw, name: &str, addr: u64) -> Value {
        match name {
            "break" => Value::Address("[heap]".into()),
            "off" => self.offset(addr, raw.wide() || raw.sysno.name() != "sendfile"),
            "msghdr" => self.message_at(raw, addr),
            "sigaction" => self.sigaction(raw, addr),
            "siginfo" => self.siginfo(raw, addr),
            "sockopt" => self.option(raw, addr),
            "pselect_mask" => match self.word(raw, addr) {
                Some(0) => Value::Null,
                Some(mask) => self.sigset(mask),
                None => self.pointer(addr),
            },
            "rlimit" | "rlimit64" => self.limit(addr, raw.wide() || name == "rlimit64"),
            // Space and numbers of files are the host's.
            "statfs" => Value::Opaque,
            _ => match self.time(raw, name, addr) {
                Some(time) => time,
                None => self.record(raw, name, addr),
            },
        }
    }

    /// A structure of fixed size.
    fn record(&mut self, raw: &Raw, name: &str, addr: u64) -> Value {
        let size = match name {
            "stat" | "stat64" => 56,
            "statx" => 48,
            "open_how" => 24,
            "clone_args" => 64,
            "epoll_event" => 12,
            "stack_t" => 24,
            "sigevent" => 16,
            "sched_param" => 4,
            "flock" => 24,
            "winsize" => 4,
            _ => return self.pointer(addr),
        };
        let Some(fields) = self.fields(addr, size) else { return self.pointer(addr) };
        match (name, raw.wide()) {
            ("stat", true) if raw.arch == Arch::Aarch64 => file(fields.u32(16), fields.u64(48)),
            ("stat", true) => file(fields.u32(24), fields.u64(48)),
            ("stat", false) => file(u32::from(fields.u16(8)), u64::from(fields.u32(20))),
            ("stat64", _) => file(fields.u32(16), fields.u64(44)),
            ("statx", _) => file(u32::from(fields.u16(28)), fields.u64(40)),
            ("open_how", _) => open_how(raw, &fields),
            ("clone_args", _) => clone_args(&fields),
            ("epoll_event", _) => epoll_event(&fields),
            ("sched_param", _) => one(Value::Int(i64::from(fields.i32(0)))),
            ("winsize", _) => Value::Struct(vec![
                ("ws_row", Value::Uint(u64::from(fields.u16(0)))),
                ("ws_col", Value::Uint(u64::from(fields.u16(2)))),
            ]),
            ("flock", true) => lock(&fields),
            ("sigevent", true) => sigevent(&fields),
            ("stack_t", true) => Value::Struct(vec![
                ("ss_sp", self.pointer(fields.u64(0))),
                ("ss_flags", Value::Flags { set: &flag_sets::SIGALTSTACK, bits: u64::from(fields.u32(8)) }),
            ]),
            _ => Value::Opaque,
        }
    }

    fn limit(&self, addr: u64, wide: bool) -> Value {
        let Some(fields) = self.fields(addr, if wide { 16 } else { 8 }) else { return self.pointer(addr) };
        let shown = |at: usize| match wide {
            true => (fields.u64(at * 8), u64::MAX),
            false => (u64::from(fields.u32(at * 4)), u64::from(u32::MAX)),
        };
        let value = |at: usize| match shown(at) {
            (limit, infinity) if limit == infinity => Value::Word("RLIM_INFINITY".into()),
            (limit, _) => Value::Uint(limit),
        };
        Value::Struct(vec![("rlim_cur", value(0)), ("rlim_max", value(1))])
    }
}

/// Type and permissions; the size where it is the program's, which that of a directory is not.
fn file(mode: u32, size: u64) -> Value {
    let kind = mode & TYPE_MASK;
    let names = &flag_sets::FILE_TYPE;
    let permissions = mode & !TYPE_MASK;
    let shown = match kind {
        0 => format!("0{permissions:o}"),
        _ => format!("{}|0{permissions:o}", names.show(u64::from(kind))),
    };
    let size = if kind == REGULAR { Value::Uint(size) } else { Value::Opaque };
    Value::Struct(vec![("st_mode", Value::Word(shown.into())), ("st_size", size)])
}

fn open_how(raw: &Raw, fields: &Fields) -> Value {
    let flags = fields.u64(0);
    let mut shown = vec![("flags", Value::Flags { set: scalar::open_set(raw.arch), bits: flags })];
    if path::creates(raw, flags) {
        shown.push(("mode", Value::Octal(fields.u64(8))));
    }
    if fields.u64(16) != 0 {
        shown.push(("resolve", Value::Flags { set: &flag_sets::RESOLVE, bits: fields.u64(16) }));
    }
    Value::Struct(shown)
}

fn clone_args(fields: &Fields) -> Value {
    let signal = fields.u64(32);
    let signal = Signal::new(signal as i64).map_or(Value::Uint(signal), Value::Signal);
    let flags = Value::Flags { set: &flag_sets::CLONE, bits: fields.u64(0) };
    Value::Struct(vec![("flags", flags), ("exit_signal", signal)])
}

fn lock(fields: &Fields) -> Value {
    Value::Struct(vec![
        ("l_type", Value::Flags { set: &flag_sets::LOCK_TYPE, bits: u64::from(fields.u16(0)) }),
        ("l_whence", Value::Flags { set: &flag_sets::SEEK, bits: u64::from(fields.u16(2)) }),
        ("l_start", Value::Int(fields.i64(8))),
        ("l_len", Value::Int(fields.i64(16))),
    ])
}

fn sigevent(fields: &Fields) -> Value {
    let notify = Value::Flags { set: &flag_sets::SIGEVENT, bits: u64::from(fields.u32(12)) };
    Value::Struct(vec![("sigev_signo", scalar::signal(fields.u64(8))), ("sigev_notify", notify)])
}
