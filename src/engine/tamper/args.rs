//! Arguments that are rewritten for the time of a call.
//! It must not know who asks for it.

use super::{Tampering, below_stack};
use crate::abi::{Addr, Arch, Sysno, Word};
use crate::engine::inspect::Inspect;
use crate::engine::stop::RawCall;
use crate::plan::{ArgEdit, ArgValue};

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
                let addr = below_stack(scratch, bytes.len() as u64, inspect)?;
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
