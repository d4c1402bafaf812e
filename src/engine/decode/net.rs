//! Socket addresses, messages and socket options.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::lists::one;
use super::memory::Fields;
use super::{Decoder, Phase, Raw};
use crate::abi::flags::flag_sets;
use crate::abi::{Dir, Errno};
use crate::transcript::{PathValue, Value};

/// The longest address the kernel takes (`struct sockaddr_storage`).
const ADDRESS_MAX: u64 = 128;

impl Decoder<'_> {
    /// A socket address; ports that the kernel has chosen are the host's, so that of an answer is not shown.
    pub(super) fn sockaddr(&mut self, addr: u64, len: u64, dir: Dir) -> Value {
        if addr == 0 {
            return Value::Null;
        }
        let len = len.min(ADDRESS_MAX) as usize;
        let Some(fields) = self.fields(addr, len).filter(|_| len >= 2) else {
            return if len == 0 { Value::Struct(Vec::new()) } else { self.pointer(addr) };
        };
        let family = fields.u16(0);
        let bits = u64::from(family);
        let mut shown = vec![("sa_family", Value::Flags { set: &flag_sets::SOCKET_DOMAIN, bits })];
        let port = || match dir {
            Dir::In => Value::Uint(u64::from(fields.u16(2).swap_bytes())),
            Dir::Out | Dir::InOut => Value::Opaque,
        };
        match family {
            1 => shown.extend(self.unix_path(&fields.0[2..])),
            2 if len >= 8 => {
                shown.push(("sin_port", port()));
                shown.push(("sin_addr", word(Ipv4Addr::from_bits(fields.u32(4).swap_bytes()))));
            }
            10 if len >= 24 => {
                let address: [u8; 16] = std::array::from_fn(|at| fields.0[8 + at]);
                shown.push(("sin6_port", port()));
                shown.push(("sin6_addr", word(Ipv6Addr::from(address))));
            }
            _ => {}
        }
        Value::Struct(shown)
    }

    /// `unix(7)`: a path, an abstract name that starts with a zero byte, or nothing.
    fn unix_path(&self, bytes: &[u8]) -> Option<(&'static str, Value)> {
        let value = match bytes {
            [] => return None,
            [0, name @ ..] => {
                let Value::Bytes { mut shown, len, digest } = self.cut(name, name.len() as u64) else { return None };
                shown.insert(0, b'@');
                Value::Bytes { shown, len: len + 1, digest }
            }
            path => {
                let path = path.split(|byte| *byte == 0).next().unwrap_or_default();
                let given = String::from_utf8_lossy(path).into_owned();
                let host = match (given.starts_with('/'), self.inspect.working_directory()) {
                    (false, Some(directory)) => format!("{directory}/{given}"),
                    _ => given.clone(),
                };
                Value::Path(PathValue { shown: self.names.rename_path(&given).into_owned(), host })
            }
        };
        Some(("sun_path", value))
    }

    /// The message of `sendmsg` and `recvmsg`.
    pub(super) fn message_at(&mut self, raw: &Raw, addr: u64) -> Value {
        let Some(fields) = self.fields(addr, 56).filter(|_| raw.wide()) else { return self.pointer(addr) };
        match raw.phase {
            Phase::Done(moved) if raw.sysno.name() == "recvmsg" => self.message(raw, &fields, Dir::Out, moved),
            _ => self.message(raw, &fields, Dir::In, u64::MAX),
        }
    }

    /// `struct msghdr` of a 64-bit program, with at most `limit` bytes of data.
    pub(super) fn message(&mut self, raw: &Raw, fields: &Fields, dir: Dir, limit: u64) -> Value {
        let name = self.sockaddr(fields.u64(0), u64::from(fields.u32(8)), dir);
        let data = self.iovec(raw, fields.u64(16), fields.u64(24), limit);
        let mut shown = vec![("msg_name", name), ("msg_iov", data)];
        if fields.u64(40) > 0 && fields.u64(32) != 0 {
            shown.push(("msg_controllen", Value::Uint(fields.u64(40))));
        }
        if dir == Dir::Out {
            shown.push(("msg_flags", Value::Flags { set: &flag_sets::MSG, bits: u64::from(fields.u32(48)) }));
        }
        Value::Struct(shown)
    }

    /// The value of a socket option: numbers that the program sets, and of what it gets only what no host decides.
    pub(super) fn option(&self, raw: &Raw, addr: u64) -> Value {
        const SOL_SOCKET: u64 = 1;
        let (level, option) = (raw.at(1), raw.at(2));
        if raw.phase == Phase::Entry {
            return match (raw.at(4) as u32, self.fields(addr, 4)) {
                (4, Some(fields)) => one(Value::Int(i64::from(fields.i32(0)))),
                (8, Some(_)) => self.pair_of_ints(addr),
                _ => Value::Opaque,
            };
        }
        let Some(fields) = self.fields(addr, 4).filter(|_| level == SOL_SOCKET) else { return Value::Opaque };
        let number = i64::from(fields.i32(0));
        match option {
            4 => one(Errno::new(number).map_or(Value::Int(number), word)),
            3 => one(Value::Flags { set: &flag_sets::SOCKET_TYPE, bits: number as u64 }),
            39 => one(Value::Flags { set: &flag_sets::SOCKET_DOMAIN, bits: number as u64 }),
            2 | 5 | 6 | 9 | 10 | 15 | 16 | 30 => one(Value::Int(number)),
            _ => Value::Opaque,
        }
    }

    /// `struct linger`, which is what options of eight bytes are.
    fn pair_of_ints(&self, addr: u64) -> Value {
        let Some(fields) = self.fields(addr, 8) else { return Value::Opaque };
        Value::Struct(vec![
            ("l_onoff", Value::Int(i64::from(fields.i32(0)))),
            ("l_linger", Value::Int(i64::from(fields.i32(4)))),
        ])
    }
}

fn word(shown: impl ToString) -> Value {
    Value::Word(shown.to_string().into())
}
