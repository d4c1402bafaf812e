//! Registers and memory of the stopped task as rules change and capture them.
//! It must not know which rule asks for it, or at which event.

use super::convention;
use super::decode::Decoder;
use super::inspect::Inspect;
use super::location::Resolved;
use super::points::{Points, SpaceId};
use super::stop::{Edit, RawCall};
use crate::abi::{Addr, Change, Register, Sysno, Word};
use crate::plan::{Base, Captured, Form, MemoryEdit, MemoryValue, Signature, Spot};
use crate::transcript::Value;

/// A stopped task whose state is looked at: its registers, and its arguments by name.
pub(super) struct State<'a> {
    pub(super) inspect: &'a dyn Inspect,
    /// The call that it is in.
    pub(super) call: Option<(Sysno, &'a RawCall)>,
    /// The function that it is about to begin.
    pub(super) signature: Option<&'a Signature>,
    /// What is planted in its memory.
    pub(super) points: &'a Points,
    pub(super) space: Option<SpaceId>,
}

/// A value that is captured, and how it is to be shown.
pub(super) enum Spotted {
    /// A register that is wider than a number.
    Wide(Word),
    /// A number, or an address.
    Number(u64),
    /// What stands in memory.
    Memory(Addr, Form, String),
}

impl Spotted {
    /// The value for the transcript.
    pub(super) fn shown(self, decoder: &Decoder<'_>) -> Result<Value, String> {
        match self {
            Spotted::Wide(word) => Ok(Value::Word(word.to_string().into())),
            Spotted::Number(number) => Ok(decoder.number_or_address(number)),
            Spotted::Memory(addr, form, spot) => {
                decoder.captured(addr, form).ok_or_else(|| format!("the memory at `{spot}` is not mapped"))
            }
        }
    }
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
        if let Some(space) = self.space {
            self.points.unmask(space, addr, &mut before);
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
                let of_call = self.call.and_then(|(call, raw)| raw.args.get(call.arg(name)?).copied());
                let of_function =
                    || self.signature.and_then(|signature| convention::argument(signature, name, self.inspect));
                let found = of_call.or_else(of_function);
                found.ok_or_else(|| format!("there is no argument `{name}`"))?
            }
            Base::Place(text, place) => match self.inspect.resolve(place) {
                Resolved::At(sites) if !sites.is_empty() => sites[0].addr.0,
                _ => return Err(format!("`{text}` was not found")),
            },
            Base::Errno => {
                let addr = self.inspect.errno_location();
                addr.ok_or_else(|| "the C library's `errno` was not found".to_owned())?.0
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

    /// Where a captured value is.
    pub(super) fn spotted(&self, captured: &Captured) -> Result<Spotted, String> {
        match captured {
            Captured::Register(register) if register.bits() <= 64 => {
                Ok(Spotted::Number(self.register(*register)?.low_u64()))
            }
            Captured::Register(register) => Ok(Spotted::Wide(self.register(*register)?)),
            Captured::Number(spot) => Ok(Spotted::Number(self.number(spot)?)),
            Captured::Memory(spot, form) => Ok(Spotted::Memory(Addr(self.number(spot)?), *form, spot.to_string())),
        }
    }
}
