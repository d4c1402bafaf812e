//! Transfers of fewer bytes than were asked for.
//! It must not know who asks for them.

use super::Tampering;
use super::data::{self, Piece};
use crate::abi::{Addr, Sysno, Transfer};
use crate::engine::inspect::Inspect;
use crate::engine::stop::RawCall;
use crate::plan::Amount;

/// Makes a call transfer fewer bytes.
pub(in crate::engine) fn short(
    amount: Amount,
    sysno: Sysno,
    raw: &RawCall,
    inspect: &dyn Inspect,
) -> Result<Tampering, String> {
    let mut tampering = Tampering::default();
    match sysno.transfer() {
        Some(Transfer::Count(at)) => {
            let bytes = fewer(amount, raw.args[at])?;
            tampering.argument(raw, at, bytes);
        }
        Some(Transfer::Vector { array, count }) => {
            data::wide(raw)?;
            let array = Addr(raw.args[array]);
            let entries = data::vector(array, raw.args[count], inspect)?;
            let kept = shorten(&mut tampering, array, &entries, amount, inspect)?;
            tampering.argument(raw, count, kept);
        }
        Some(Transfer::Message(at)) => {
            data::wide(raw)?;
            let message = Addr(raw.args[at]);
            let array = Addr(data::word(message.plus(16), inspect)?);
            let entries = data::vector(array, data::word(message.plus(24), inspect)?, inspect)?;
            let kept = shorten(&mut tampering, array, &entries, amount, inspect)?;
            tampering.memory(message.plus(24), kept.to_le_bytes().to_vec(), inspect)?;
        }
        None => return Err("it transfers no bytes".to_owned()),
    }
    Ok(tampering)
}

/// How many bytes a call asks for.
pub(in crate::engine) fn wanted(sysno: Sysno, raw: &RawCall, inspect: &dyn Inspect) -> Result<u64, String> {
    let sum = |entries: Vec<Piece>| entries.iter().fold(0_u64, |sum, entry| sum.saturating_add(entry.len));
    match sysno.transfer() {
        Some(Transfer::Count(at)) => Ok(raw.args[at]),
        Some(Transfer::Vector { array, count }) => {
            data::wide(raw)?;
            data::vector(Addr(raw.args[array]), raw.args[count], inspect).map(sum)
        }
        Some(Transfer::Message(at)) => {
            data::wide(raw)?;
            let message = Addr(raw.args[at]);
            let array = Addr(data::word(message.plus(16), inspect)?);
            data::vector(array, data::word(message.plus(24), inspect)?, inspect).map(sum)
        }
        None => Err("it transfers no bytes".to_owned()),
    }
}

/// Cuts the entry in which a shorter transfer ends; how many entries are left.
fn shorten(
    tampering: &mut Tampering,
    array: Addr,
    entries: &[Piece],
    amount: Amount,
    inspect: &dyn Inspect,
) -> Result<u64, String> {
    let all = entries.iter().fold(0_u64, |sum, entry| sum.saturating_add(entry.len));
    let mut left = fewer(amount, all)?;
    for (at, entry) in (0_u64..).zip(entries) {
        if left <= entry.len {
            tampering.memory(array.plus(at * 16 + 8), left.to_le_bytes().to_vec(), inspect)?;
            return Ok(at + 1);
        }
        left -= entry.len;
    }
    unreachable!("fewer bytes than all entries have end in one of them")
}

/// How many bytes, of `wanted`.
fn fewer(amount: Amount, wanted: u64) -> Result<u64, String> {
    if wanted <= 1 {
        return Err(format!(
            "it asks for {wanted} byte{}: there is nothing to shorten",
            if wanted == 1 { "" } else { "s" }
        ));
    }
    match amount {
        Amount::Bytes(bytes) if bytes >= wanted => {
            Err(format!("it asks for {wanted} bytes, no more than `short` leaves"))
        }
        Amount::Bytes(bytes) => Ok(bytes),
        Amount::Percent(percent) => {
            let share = u128::from(wanted) * u128::from(percent) / 100;
            Ok((share as u64).max(1))
        }
    }
}
