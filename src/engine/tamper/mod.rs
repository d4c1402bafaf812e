//! Calls that are made with changes the program must not see afterwards: fewer bytes, other arguments, other data,
//! another number. It must not know which rule asks for them.

mod args;
mod corrupt;
mod data;
mod filtered;
mod short;

pub(super) use args::args;
pub(super) use corrupt::{corrupt_in, corrupt_out};
pub(super) use filtered::filtered;
pub(super) use short::{short, wanted};

use super::inspect::Inspect;
use super::stop::{Edit, RawCall};
use crate::abi::{Addr, Dir, Sysno};

/// Changes for the time of one call.
#[derive(Debug, Default)]
pub(super) struct Tampering {
    /// Made before the call, and again where the kernel starts the call anew.
    pub(super) edits: Vec<Edit>,
    /// Takes them back at the call's exit: programs rely on their registers and data being left alone.
    pub(super) undo: Vec<Edit>,
    /// The number that the call then has.
    pub(super) number: Option<u64>,
    /// To others it does the same as the call that it stands for.
    pub(super) is_same_call: bool,
}

impl Tampering {
    /// Changes an argument register.
    pub(super) fn argument(&mut self, raw: &RawCall, at: usize, value: u64) {
        self.edits.push(Edit::Argument { at, value });
        self.undo.push(Edit::Argument { at, value: raw.args[at] });
    }

    /// Changes memory; `Err` where that cannot be done.
    pub(super) fn memory(&mut self, addr: Addr, bytes: Vec<u8>, inspect: &dyn Inspect) -> Result<(), String> {
        let mut before = vec![0; bytes.len()];
        if inspect.read(addr, &mut before) < before.len() {
            return Err("the memory it would change is not mapped".to_owned());
        }
        if !inspect.is_writable(addr, bytes.len()) {
            return Err("the memory it would change is shared and read-only".to_owned());
        }
        self.edits.push(Edit::Write { addr, bytes: bytes.into() });
        self.undo.insert(0, Edit::Write { addr, bytes: before.into() });
        Ok(())
    }
}

/// The memory that a call has filled which has moved `moved` bytes; empty where that cannot be found out.
pub(super) fn filled(sysno: Sysno, raw: &RawCall, moved: u64, inspect: &dyn Inspect) -> Vec<(Addr, usize)> {
    let args = sysno.info().args.unwrap_or_default();
    let out = args.iter().position(|arg| data::direction(arg.kind) == Some(Dir::Out));
    let pieces = out.and_then(|at| data::pieces(sysno, at, raw, Some(moved), inspect).ok());
    let mut left = moved;
    let mut cut = |piece: data::Piece| {
        let len = piece.len.min(left);
        left -= len;
        (len > 0).then_some((piece.addr, len as usize))
    };
    pieces.unwrap_or_default().into_iter().filter_map(&mut cut).collect()
}

/// The x86-64 psABI lets a leaf function use so many bytes below its stack pointer.
const RED_ZONE: u64 = 128;

/// Where nothing lives: below the stack's red zone, or below what was put there before.
fn below_stack(taken: Option<Addr>, len: u64, inspect: &dyn Inspect) -> Result<Addr, String> {
    let below = match taken {
        Some(below) => below.0,
        None => inspect.registers().map_err(|_| "the task is gone".to_owned())?.rsp.saturating_sub(RED_ZONE),
    };
    Ok(Addr(below.saturating_sub(len) & !15))
}

/// Another call in place of this one.
pub(super) fn substitute(other: Sysno, raw: &RawCall) -> Result<Tampering, String> {
    let number = other.number(raw.arch).ok_or_else(|| format!("`{other}` does not exist on {}", raw.arch))?;
    let edits = vec![Edit::Number(number.into())];
    Ok(Tampering { edits, number: Some(number.into()), ..Tampering::default() })
}
