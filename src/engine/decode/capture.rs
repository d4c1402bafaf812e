//! Values that rules capture, in the forms that the spec asks for.
//! It must not know where a spec says that they are.

use super::Decoder;
use crate::abi::{Addr, Word};
use crate::plan::Form;
use crate::transcript::Value;

/// The longest text that is captured.
const LONGEST: usize = 4096;

impl Decoder<'_> {
    /// The value at `addr`; `None` where not all of it is mapped.
    pub(in crate::engine) fn captured(&self, addr: Addr, form: Form) -> Option<Value> {
        let len = match form {
            Form::Text => {
                let text = self.c_string(addr.0, LONGEST)?;
                return Some(self.cut(&text, text.len() as u64));
            }
            Form::Unsigned(bits) | Form::Signed(bits) => usize::from(bits / 8),
            Form::Pointer => 8,
            Form::Bytes(len) => len,
        };
        let mut bytes = vec![0; len];
        if self.inspect.read(addr, &mut bytes) < len {
            return None;
        }
        let word = || Word::from_le_bytes(&bytes, 64).low_u64();
        Some(match form {
            Form::Unsigned(_) => Value::Uint(word()),
            Form::Signed(bits) => Value::Int((word() << (64 - bits)) as i64 >> (64 - bits)),
            Form::Pointer => self.number_or_address(word()),
            Form::Text | Form::Bytes(_) => self.cut(&bytes, len as u64),
        })
    }

    /// A number, or the region that it points into: addresses differ from host to host.
    pub(in crate::engine) fn number_or_address(&self, number: u64) -> Value {
        if number != 0 && self.inspect.region(Addr(number)).is_some() {
            return self.pointer(number);
        }
        Value::Uint(number)
    }
}
