//! Registers and memory of the stopped task as rules change and capture them.
//! It must not know which rule asks for it, or at which event.

use super::decode::Decoder;
use super::inspect::Inspect;
use super::stop::{Edit, RawCall};
use crate::abi::{Addr, Change, Register, Sysno, Word};
use crate::plan::{Base, Captured, MemoryEdit, MemoryValue, Spot};
use crate::transcript::Value;

/// A stopped task whose state is looked at: its registers, and its arguments by name.
pub(super) struct State<'a> {
    pub(super) inspect: &'a dyn Inspect,
    /// The call that it is in.
    pub(super) call: Option<(Sysno, &'a RawCall)>,
}

impl State<'_> {
    /// Registers with their changes made.
    pub(super) fn registers(&self, edits: &[(Register, Change)]) -> Result<Vec<Edit>, String> {
        let edit = |(register, change): &(Register, Change)| {
            let value = self.register(*register)?;
            Ok(Edit::Register { register: *register, value: change.apply(value) })
        };
        edits.iter().map(edit).collect()
    }

    fn register(&self, register: Register) -> Result<Word, String> {
        self.inspect.register(register).ok_or_else(|| format!("this processor has no `{}`", register.name()))
    }

    /// Memory with its changes made; `Err` where not all of it is there.
    pub(super) fn memory(&self, edits: &[MemoryEdit]) -> Result<Vec<Edit>, String> {
        edits.iter().map(|edit| self.memory_edit(edit)).collect()
    }

    fn memory_edit(&self, edit: &MemoryEdit) -> Result<Edit, String> {
        let addr = Addr(self.number(&edit.at)?);
        let len = match &edit.value {
            MemoryValue::Bytes(bytes) => bytes.len(),
            MemoryValue::Word(bits, _) => usize::from(*bits / 8),
        };
        let mut before = vec![0; len];
        if self.inspect.read(addr, &mut before) < len {
            return Err(format!("the {len} bytes at `{}` are not all mapped", edit.at));
        }
        if !self.inspect.is_writable(addr, len) {
            return Err(format!("the memory at `{}` is shared and read-only", edit.at));
        }
        let bytes = match &edit.value {
            MemoryValue::Bytes(bytes) => bytes.clone(),
            MemoryValue::Word(bits, change) => change.apply(Word::from_le_bytes(&before, *bits)).le_bytes().into(),
        };
        Ok(Edit::Write { addr, bytes })
    }

    /// What a spot comes to.
    pub(super) fn number(&self, spot: &Spot) -> Result<u64, String> {
        let base = match &spot.base {
            Base::Register(register) => self.register(*register)?.low_u64(),
            Base::Argument(name) => {
                let found = self.call.and_then(|(call, raw)| raw.args.get(call.arg(name)?).copied());
                found.ok_or_else(|| format!("there is no argument `{name}`"))?
            }
            Base::Number(number) => *number,
            Base::Behind(pointer) => {
                let mut bytes = [0; 8];
                if self.inspect.read(Addr(self.number(pointer)?), &mut bytes) < bytes.len() {
                    return Err(format!("`{pointer}` points to nothing"));
                }
                u64::from_le_bytes(bytes)
            }
        };
        Ok(base.wrapping_add_signed(spot.offset))
    }

    /// A value for the transcript.
    pub(super) fn captured(&self, captured: &Captured, decoder: &Decoder<'_>) -> Result<Value, String> {
        match captured {
            Captured::Register(register) if register.bits() <= 64 => {
                Ok(decoder.number_or_address(self.register(*register)?.low_u64()))
            }
            Captured::Register(register) => Ok(Value::Word(self.register(*register)?.to_string().into())),
            Captured::Number(spot) => Ok(decoder.number_or_address(self.number(spot)?)),
            Captured::Memory(spot, form) => {
                let shown = decoder.captured(Addr(self.number(spot)?), *form);
                shown.ok_or_else(|| format!("the memory at `{spot}` is not mapped"))
            }
        }
    }
}
