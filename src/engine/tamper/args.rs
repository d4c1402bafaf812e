//! Arguments that are rewritten for the time of a call.
//! It must not know who asks for it.

use super::Tampering;
use crate::abi::{Addr, Arch, Sysno, Word};
use crate::engine::inspect::Inspect;
use crate::engine::stop::RawCall;
use crate::plan::{ArgEdit, ArgValue};

/// The x86-64 psABI lets a leaf function use so many bytes below its stack pointer.
const RED_ZONE: u64 = 128;

/// Rewrites arguments. Texts are put below the stack's red zone, where nothing lives, whatever their length.
pub(in crate::engine) fn args(
    edits: &[ArgEdit],
    sysno: Sysno,
    raw: &RawCall,
    inspect: &dyn Inspect,
) -> Result<Tampering, String> {
    let mut tampering = Tampering::default();
    let mut scratch: Option<Addr> = None;
    for edit in edits {
        let Some(at) = sysno.arg(&edit.arg) else { return Err(format!("`{sysno}` has no argument `{}`", edit.arg)) };
        let value = match &edit.value {
            ArgValue::Number(change) => {
                let bits = if raw.arch == Arch::I386 { 32 } else { 64 };
                change.apply(Word::from_u64(raw.args[at], bits)).low_u64()
            }
            ArgValue::Text(bytes) => {
                let below = match scratch {
                    Some(below) => below.0,
                    None => inspect.registers().map_err(|_| "the task is gone".to_owned())?.rsp - RED_ZONE,
                };
                let addr = Addr(below.saturating_sub(bytes.len() as u64) & !15);
                tampering
                    .memory(addr, bytes.to_vec(), inspect)
                    .map_err(|_| format!("there is no room for {} bytes below the stack", bytes.len()))?;
                scratch = Some(addr);
                addr.0
            }
        };
        tampering.argument(raw, at, value);
    }
    Ok(tampering)
}
