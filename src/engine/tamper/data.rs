//! Where the data of an argument lies in memory.
//! It must not know what is done to it.

use crate::abi::{Addr, Arch, ArgKind, Dir, Len, Sysno};
use crate::engine::inspect::Inspect;
use crate::engine::stop::RawCall;

/// The most entries of a vector that the kernel takes (UIO_MAXIOV, readv(2)).
const MOST_ENTRIES: u64 = 1024;
/// The longest string that is looked at.
const LONGEST: usize = 4096;

/// A piece of memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Piece {
    pub(super) addr: Addr,
    pub(super) len: u64,
}

/// The entries of an array of `struct iovec` of a 64-bit program.
pub(super) fn vector(array: Addr, count: u64, inspect: &dyn Inspect) -> Result<Vec<Piece>, String> {
    let mut bytes = vec![0; count.min(MOST_ENTRIES) as usize * 16];
    if inspect.read(array, &mut bytes) < bytes.len() {
        return Err("its vector of buffers cannot be read".to_owned());
    }
    let word = |bytes: &[u8]| u64::from_le_bytes(bytes.try_into().expect("eight bytes"));
    let piece = |entry: &[u8]| Piece { addr: Addr(word(&entry[..8])), len: word(&entry[8..]) };
    Ok(bytes.chunks_exact(16).map(piece).collect())
}

/// A 64-bit word.
pub(super) fn word(addr: Addr, inspect: &dyn Inspect) -> Result<u64, String> {
    let mut bytes = [0; 8];
    if inspect.read(addr, &mut bytes) < bytes.len() {
        return Err("its structure cannot be read".to_owned());
    }
    Ok(u64::from_le_bytes(bytes))
}

/// Programs of 32 bits lay their structures out differently.
pub(super) fn wide(raw: &RawCall) -> Result<(), String> {
    if raw.arch == Arch::I386 { Err("it is a call of a 32-bit program".to_owned()) } else { Ok(()) }
}

/// Which way the data behind an argument of this kind goes; `None` where it points to none.
pub(super) fn direction(kind: ArgKind) -> Option<Dir> {
    match kind {
        ArgKind::Bytes { dir, .. }
        | ArgKind::Iovec { dir, .. }
        | ArgKind::Sockaddr { dir, .. }
        | ArgKind::Struct { dir, .. }
        | ArgKind::Array { dir, .. }
        | ArgKind::Sigset { dir } => Some(dir),
        ArgKind::Path { .. } | ArgKind::Str => Some(Dir::In),
        ArgKind::FdPair | ArgKind::IntOut | ArgKind::WaitStatus => Some(Dir::Out),
        _ => None,
    }
}

/// The data behind the argument at position `at`, in order; `moved` is what the call has transferred, where it is
/// over. A structure has no end that is known here: its one piece is as long as can be.
pub(super) fn pieces(
    sysno: Sysno,
    at: usize,
    raw: &RawCall,
    moved: Option<u64>,
    inspect: &dyn Inspect,
) -> Result<Vec<Piece>, String> {
    let kind = sysno.info().args.and_then(|args| args.get(at)).map(|arg| arg.kind);
    let addr = Addr(raw.args[at]);
    let limit = moved.unwrap_or(u64::MAX);
    let one = |len: u64| Ok(vec![Piece { addr, len }]);
    match kind {
        Some(ArgKind::Bytes { len: Len::Arg(count), .. } | ArgKind::Sockaddr { len: Len::Arg(count), .. }) => {
            one(raw.args[usize::from(count)])
        }
        Some(ArgKind::Bytes { len: Len::Result, .. }) => one(limit),
        Some(ArgKind::Bytes { len: Len::Fixed(len), .. }) => one(len.into()),
        Some(ArgKind::Bytes { len: Len::Zero, .. } | ArgKind::Path { .. } | ArgKind::Str) => {
            one(string_length(addr, inspect))
        }
        Some(ArgKind::Iovec { count, .. }) => {
            wide(raw)?;
            Ok(cut(vector(addr, raw.args[usize::from(count)], inspect)?, limit))
        }
        Some(ArgKind::Struct { name: "msghdr", .. }) => {
            wide(raw)?;
            let array = word(addr.plus(16), inspect)?;
            Ok(cut(vector(Addr(array), word(addr.plus(24), inspect)?, inspect)?, limit))
        }
        Some(kind) if direction(kind).is_some() => one(u64::MAX),
        _ => Err("that argument points to no data".to_owned()),
    }
}

fn string_length(addr: Addr, inspect: &dyn Inspect) -> u64 {
    let mut bytes = vec![0; LONGEST];
    let got = inspect.read(addr, &mut bytes);
    bytes[..got].iter().position(|byte| *byte == 0).unwrap_or(got) as u64
}

fn cut(pieces: Vec<Piece>, limit: u64) -> Vec<Piece> {
    let mut left = limit;
    let mut cut = Vec::new();
    for piece in pieces {
        let len = piece.len.min(left);
        left -= len;
        if len > 0 {
            cut.push(Piece { len, ..piece });
        }
    }
    cut
}
