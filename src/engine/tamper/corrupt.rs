//! Data that is changed on its way into or out of a call.
//! It must not know who asks for it.

use std::collections::BTreeMap;

use super::Tampering;
use super::data::{self, Piece};
use crate::abi::{Addr, Dir, Sysno};
use crate::engine::inspect::Inspect;
use crate::engine::stop::{Edit, RawCall};
use crate::engine::task::InCall;
use crate::plan::{Chance, Corruption, Flip};

/// Changes what a call is given; `None` where the argument is one that the call fills.
pub(in crate::engine) fn corrupt_in(
    corruption: &Corruption,
    sysno: Sysno,
    raw: &RawCall,
    chance: Chance,
    inspect: &dyn Inspect,
) -> Result<Option<Tampering>, String> {
    let at = position(corruption, sysno)?;
    let kind = sysno.info().args.and_then(|args| args.get(at)).map(|arg| arg.kind);
    match kind.and_then(data::direction) {
        None => return Err("that argument points to no data".to_owned()),
        Some(Dir::Out) => return Ok(None),
        Some(Dir::In | Dir::InOut) => {}
    }
    let pieces = data::pieces(sysno, at, raw, None, inspect)?;
    let mut tampering = Tampering::default();
    for (addr, mask) in flips(&corruption.at, &pieces, chance)? {
        tampering.memory(addr, vec![flipped(addr, mask, inspect)?], inspect)?;
    }
    Ok(Some(tampering))
}

/// Changes what a call that moved `moved` bytes has filled.
pub(in crate::engine) fn corrupt_out(
    corruption: &Corruption,
    call: &InCall,
    moved: u64,
    chance: Chance,
    inspect: &dyn Inspect,
) -> Result<Vec<Edit>, String> {
    let Some(sysno) = call.sysno.filter(|_| call.skipped.is_none()) else {
        return Err("the call was not made".to_owned());
    };
    let at = position(corruption, sysno)?;
    let pieces = data::pieces(sysno, at, &call.raw, Some(moved), inspect)?;
    let mut edits = Vec::new();
    for (addr, mask) in flips(&corruption.at, &pieces, chance)? {
        let byte = flipped(addr, mask, inspect)?;
        if !inspect.is_writable(addr, 1) {
            return Err("the memory it would change is shared and read-only".to_owned());
        }
        edits.push(Edit::Write { addr, bytes: Box::new([byte]) });
    }
    Ok(edits)
}

fn position(corruption: &Corruption, sysno: Sysno) -> Result<usize, String> {
    sysno.arg(&corruption.arg).ok_or_else(|| format!("`{sysno}` has no argument `{}`", corruption.arg))
}

fn flipped(addr: Addr, mask: u8, inspect: &dyn Inspect) -> Result<u8, String> {
    let mut byte = [0];
    if inspect.read(addr, &mut byte) == 0 {
        return Err("the memory it would change is not mapped".to_owned());
    }
    Ok(byte[0] ^ mask)
}

/// Which bits of which bytes are turned over, by address.
fn flips(flip: &Flip, pieces: &[Piece], mut chance: Chance) -> Result<BTreeMap<Addr, u8>, String> {
    let len = pieces.iter().fold(0_u64, |sum, piece| sum.saturating_add(piece.len));
    match flip {
        Flip::Byte { offset, mask } => {
            let addr = address(pieces, *offset).ok_or_else(|| format!("only {len} bytes are transferred"))?;
            Ok(BTreeMap::from([(addr, *mask)]))
        }
        Flip::Random { .. } if len == u64::MAX => Err("how long that structure is is not known".to_owned()),
        Flip::Random { bits, .. } if u128::from(len) * 8 < u128::from(*bits) => {
            Err(format!("only {len} bytes are transferred"))
        }
        Flip::Random { bits, .. } => {
            let mut flips: BTreeMap<Addr, u8> = BTreeMap::new();
            let mut left = *bits;
            while left > 0 {
                let bit = chance.below(len.saturating_mul(8));
                let addr = address(pieces, bit / 8).expect("drawn within the pieces");
                let mask = 1_u8 << (bit % 8);
                let mine = flips.entry(addr).or_default();
                if *mine & mask == 0 {
                    *mine |= mask;
                    left -= 1;
                }
            }
            Ok(flips)
        }
    }
}

/// Where the byte at `offset` of the pieces lies.
fn address(pieces: &[Piece], offset: u64) -> Option<Addr> {
    let mut left = offset;
    for piece in pieces {
        if left < piece.len {
            return Some(piece.addr.plus(left));
        }
        left -= piece.len;
    }
    None
}
