//! Buffers and strings: renamed, then cut, with a digest of what was there.

use sha2::{Digest, Sha256};

use super::{Decoder, Phase, Raw};
use crate::abi::{Addr, Len};
use crate::transcript::Value;

/// Buffers up to this size are read whole and get a digest.
const DIGESTED: u64 = 16 << 20;
/// Buffers are read in pieces of this size.
const PIECE: usize = 1 << 16;
/// The longest string that is not a path: an argument of `execve(2)` (`MAX_ARG_STRLEN`).
const TEXT_MAX: usize = 128 << 10;
/// How many strings of a list are shown.
const TEXTS: usize = 32;

impl Decoder<'_> {
    /// The length of the buffer at position `at`.
    pub(super) fn length(&self, raw: &Raw, at: u8, len: Len) -> u64 {
        match len {
            Len::Arg(position) => raw.at(position),
            // The argument behind the buffer is its size: a result may say how much there would have been.
            Len::Result => match raw.phase {
                Phase::Done(result) => result.min(raw.at(at + 1)),
                Phase::Entry | Phase::Failed => 0,
            },
            Len::Pointed(position) => self.fields(raw.at(position), 4).map_or(0, |fields| u64::from(fields.u32(0))),
            Len::Zero => 0,
            Len::Fixed(bytes) => u64::from(bytes),
        }
    }

    pub(super) fn bytes(&self, raw: &Raw, addr: u64, at: u8, len: Len) -> Value {
        if len == Len::Zero {
            return self.text(addr);
        }
        let len = self.length(raw, at, len);
        self.buffer(addr, len)
    }

    /// `len` bytes at `addr`.
    pub(super) fn buffer(&self, addr: u64, len: u64) -> Value {
        if addr == 0 {
            return Value::Null;
        }
        let wanted = if len <= DIGESTED { len } else { (self.strings as u64 + PIECE as u64).min(len) };
        let bytes = self.read_up_to(addr, wanted as usize);
        if bytes.is_empty() && len > 0 {
            return self.pointer(addr);
        }
        self.cut(&bytes, len)
    }

    /// A string that ends with a zero byte.
    pub(super) fn text(&self, addr: u64) -> Value {
        match self.c_string(addr, TEXT_MAX) {
            Some(bytes) => self.cut(&bytes, bytes.len() as u64),
            None => self.pointer(addr),
        }
    }

    /// A list of strings that ends with a null pointer.
    pub(super) fn texts(&self, raw: &Raw, addr: u64) -> Value {
        let step = if raw.wide() { 8 } else { 4 };
        let mut entries = Vec::new();
        for at in 0..=TEXTS as u64 {
            match self.word(raw, addr.wrapping_add(at * step)) {
                None if at == 0 => return self.pointer(addr),
                None | Some(0) => return Value::List { entries, more: false },
                Some(_) if at == TEXTS as u64 => break,
                Some(text) => entries.push(self.text(text)),
            }
        }
        Value::List { entries, more: true }
    }

    /// `bytes` renamed and cut; `len` is how many there really are.
    pub(super) fn cut(&self, bytes: &[u8], len: u64) -> Value {
        let renamed = self.names.rename_bytes(bytes);
        let whole = bytes.len() as u64 == len;
        if whole && renamed.len() <= self.strings {
            return Value::Bytes { shown: renamed.into_owned(), len, digest: None };
        }
        let digest = if len <= DIGESTED {
            let [a, b, c, d, ..] = Sha256::digest(&renamed).0;
            format!("{:08x}", u32::from_be_bytes([a, b, c, d]))
        } else {
            String::new()
        };
        let mut end = self.strings.min(renamed.len());
        // Not within a character: its first bytes alone would be shown as no text.
        while end > 0 && end < renamed.len() && renamed[end] & 0xc0 == 0x80 && self.strings - end < 3 {
            end -= 1;
        }
        Value::Bytes { shown: renamed[..end].to_vec(), len, digest: Some(digest.into()) }
    }

    /// What can be read of `len` bytes at `addr`.
    fn read_up_to(&self, addr: u64, len: usize) -> Vec<u8> {
        let mut out = Vec::new();
        while out.len() < len {
            let start = out.len();
            out.resize((start + PIECE).min(len), 0);
            let read = self.inspect.read(Addr(addr.wrapping_add(start as u64)), &mut out[start..]);
            let full = start + read == out.len();
            out.truncate(start + read);
            if !full {
                break;
            }
        }
        out
    }
}
