//! Reading a task's memory: whole structures or nothing, and fields of what was read.

use std::ffi::CStr;
use std::sync::Arc;

use super::{Decoder, Raw};
use crate::abi::Addr;
use crate::engine::Region;
use crate::transcript::Value;

/// The most that is read of anything but a buffer.
const LARGEST: usize = 1 << 16;

/// Memory that was read, by offset; what lies beyond its end is 0.
pub(super) struct Fields(pub(super) Vec<u8>);

impl Fields {
    fn array<const N: usize>(&self, at: usize) -> [u8; N] {
        let mut out = [0; N];
        if let Some(bytes) = self.0.get(at..at + N) {
            out.copy_from_slice(bytes);
        }
        out
    }

    pub(super) fn u16(&self, at: usize) -> u16 {
        u16::from_le_bytes(self.array(at))
    }

    pub(super) fn i32(&self, at: usize) -> i32 {
        i32::from_le_bytes(self.array(at))
    }

    pub(super) fn u32(&self, at: usize) -> u32 {
        u32::from_le_bytes(self.array(at))
    }

    pub(super) fn i64(&self, at: usize) -> i64 {
        i64::from_le_bytes(self.array(at))
    }

    pub(super) fn u64(&self, at: usize) -> u64 {
        u64::from_le_bytes(self.array(at))
    }
}

impl Decoder<'_> {
    /// `len` bytes at `addr`; `None` where not all of them can be read.
    pub(super) fn fields(&self, addr: u64, len: usize) -> Option<Fields> {
        let mut bytes = vec![0; len.min(LARGEST)];
        let read = self.inspect.read(Addr(addr), &mut bytes);
        (addr != 0 && read == len).then_some(Fields(bytes))
    }

    /// A word of the task's architecture.
    pub(super) fn word(&self, raw: &Raw, addr: u64) -> Option<u64> {
        if raw.wide() {
            return self.fields(addr, 8).map(|fields| fields.u64(0));
        }
        self.fields(addr, 4).map(|fields| u64::from(fields.u32(0)))
    }

    /// The bytes up to a zero byte, at most `most`; `None` where memory ends before either.
    pub(super) fn c_string(&self, addr: u64, most: usize) -> Option<Vec<u8>> {
        if addr == 0 {
            return None;
        }
        let mut out = Vec::new();
        let mut piece = [0; 256];
        while out.len() < most {
            let read = self.inspect.read(Addr(addr.wrapping_add(out.len() as u64)), &mut piece).min(piece.len());
            if let Ok(text) = CStr::from_bytes_until_nul(&piece[..read]) {
                out.extend_from_slice(text.to_bytes());
                return Some(out);
            }
            if read == 0 {
                return None;
            }
            out.extend_from_slice(&piece[..read]);
        }
        out.truncate(most);
        Some(out)
    }

    /// An address that is not followed: the region it lies in.
    pub(super) fn pointer(&self, addr: u64) -> Value {
        if addr == 0 {
            return Value::Null;
        }
        self.inspect.region(Addr(addr)).map_or(Value::Opaque, |region| Value::Address(region_name(&region)))
    }
}

fn region_name(region: &Region) -> Arc<str> {
    match region {
        Region::Heap => "[heap]".into(),
        Region::Stack => "[stack]".into(),
        Region::Module(name) => Arc::clone(name),
        Region::Anonymous => "[anon]".into(),
    }
}
