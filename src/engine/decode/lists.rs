//! Arrays: buffers of scattered I/O, polled descriptors, descriptor sets, messages.

use super::memory::Fields;
use super::{Decoder, Phase, Raw};
use crate::abi::Dir;
use crate::abi::flags::flag_sets;
use crate::transcript::Value;

/// How many entries of an array are shown.
const SHOWN: u64 = 32;
/// `FD_SETSIZE` is 1024, but the kernel takes more.
const SET_MAX: u64 = 1 << 16;

impl Decoder<'_> {
    pub(super) fn array(&mut self, raw: &Raw, name: &str, addr: u64, count: u64) -> Value {
        let count = u64::from(count as u32);
        match (name, raw.phase) {
            ("fd_set", _) => self.descriptor_set(addr, count),
            ("pollfd", _) => self.each(addr, 8, count, |this, entry| {
                let polled = |at| Value::Flags { set: &flag_sets::POLL, bits: u64::from(entry.u16(at)) };
                let fd = this.descriptor(entry.i32(0));
                let mut fields = vec![("fd", fd), ("events", polled(4))];
                if raw.phase != Phase::Failed {
                    fields.push(("revents", polled(6)));
                }
                Value::Struct(fields)
            }),
            ("epoll_event", Phase::Done(ready)) => {
                let size = if raw.arch == crate::abi::Arch::Aarch64 { 16 } else { 12 };
                self.each(addr, size, ready.min(count), |_, entry| epoll_event(entry))
            }
            ("sembuf", _) => self.each(addr, 6, count, |_, entry| {
                Value::Struct(vec![
                    ("sem_num", Value::Uint(u64::from(entry.u16(0)))),
                    ("sem_op", Value::Int(i64::from(entry.u16(2) as i16))),
                    ("sem_flg", Value::Flags { set: &flag_sets::SEM, bits: u64::from(entry.u16(4)) }),
                ])
            }),
            ("mmsghdr", phase) if raw.wide() => {
                let (dir, count) = match phase {
                    Phase::Done(filled) if raw.sysno.name().starts_with("recv") => (Dir::Out, filled.min(count)),
                    _ => (Dir::In, count),
                };
                self.each(addr, 64, count, |this, entry| {
                    let limit = if dir == Dir::Out { u64::from(entry.u32(56)) } else { u64::MAX };
                    let header = this.message(raw, entry, dir, limit);
                    match dir {
                        Dir::In => Value::Struct(vec![("msg_hdr", header)]),
                        _ => Value::Struct(vec![("msg_hdr", header), ("msg_len", Value::Uint(limit))]),
                    }
                })
            }
            _ => self.pointer(addr),
        }
    }

    /// The entries of an array of structures of `size` bytes.
    fn each(
        &mut self,
        addr: u64,
        size: usize,
        count: u64,
        mut show: impl FnMut(&mut Self, &Fields) -> Value,
    ) -> Value {
        let mut entries = Vec::new();
        for at in 0..count.min(SHOWN) {
            match self.fields(addr.wrapping_add(at * size as u64), size) {
                Some(fields) => entries.push(show(self, &fields)),
                None if at == 0 => return self.pointer(addr),
                None => break,
            }
        }
        let more = (entries.len() as u64) < count;
        Value::List { entries, more }
    }

    /// `struct iovec` entries with at most `limit` bytes in all: what a read has filled.
    pub(super) fn iovec(&mut self, raw: &Raw, addr: u64, count: u64, limit: u64) -> Value {
        let word = if raw.wide() { 8 } else { 4 };
        let mut left = limit;
        self.each(addr, 2 * word, count, |this, entry| {
            let (base, len) = match raw.wide() {
                true => (entry.u64(0), entry.u64(8)),
                false => (u64::from(entry.u32(0)), u64::from(entry.u32(4))),
            };
            let used = len.min(left);
            left -= used;
            Value::Struct(vec![("iov_base", this.buffer(base, used)), ("iov_len", Value::Uint(len))])
        })
    }

    /// A bit for each descriptor below `count`.
    fn descriptor_set(&mut self, addr: u64, count: u64) -> Value {
        let count = if count > SET_MAX { 0 } else { count };
        let Some(bits) = self.fields(addr, count.div_ceil(64) as usize * 8) else { return self.pointer(addr) };
        let member = |fd: &u64| bits.0[(*fd / 8) as usize] & (1 << (fd % 8)) != 0;
        let mut members: Vec<u64> = (0..count).filter(member).collect();
        let more = members.len() as u64 > SHOWN;
        members.truncate(SHOWN as usize);
        Value::List { entries: members.iter().map(|fd| self.descriptor(*fd as i32)).collect(), more }
    }

    /// The two descriptors that `pipe` and `socketpair` have made.
    pub(super) fn pair(&mut self, addr: u64) -> Value {
        let Some(pair) = self.fields(addr, 8) else { return self.pointer(addr) };
        Value::List { entries: vec![self.opened(pair.i32(0)), self.opened(pair.i32(4))], more: false }
    }

    /// A number of 32 bits behind a pointer.
    pub(super) fn int_behind(&self, addr: u64) -> Value {
        match self.fields(addr, 4) {
            Some(fields) => one(Value::Int(i64::from(fields.i32(0)))),
            None => self.pointer(addr),
        }
    }
}

/// One value behind a pointer.
pub(super) fn one(value: Value) -> Value {
    Value::List { entries: vec![value], more: false }
}

/// The data of the event is a union of which most programs fill a half: it is not shown.
pub(super) fn epoll_event(entry: &Fields) -> Value {
    let events = Value::Flags { set: &flag_sets::EPOLL, bits: u64::from(entry.u32(0)) };
    Value::Struct(vec![("events", events), ("data", Value::Opaque)])
}
