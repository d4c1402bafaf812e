//! Actions that read or change the task itself: registers, memory, captures.
//! It must not know how they are carried out.

use std::sync::Arc;

use super::Lowering;
use super::rules::Occasion;
use crate::abi::Register;
use crate::diagnostic::{Code, Located, Span, did_you_mean};
use crate::plan::{Action, Capture, Captured, Form, MemoryEdit, MemoryValue, Spot};
use crate::spec::{At, Memory, Scalar, Text};

impl Lowering<'_> {
    /// `registers`.
    pub(super) fn register_edits(&mut self, written: &[(Text, At<Scalar>)]) -> Vec<Action> {
        let mut edits = Vec::new();
        let mut jump = None;
        for (name, value) in written {
            let register = self.register(&name.value, name.span);
            let text = match &value.value {
                Scalar::Int(number) => Some(number.to_string()),
                Scalar::Text(text) => {
                    let text = Text { value: text.clone(), span: value.span };
                    self.expand(&text).map(|located| located.text().to_owned())
                }
            };
            let (Some(register), Some(text)) = (register, text) else { continue };
            if register.name() == "rip" && is_place(&text) {
                let text = Text { value: text, span: value.span };
                jump = self.place(&text).map(|(place, _)| place);
                continue;
            }
            if let Some(change) = self.change(&text, register.bits(), value.span) {
                edits.push((register, change));
            }
        }
        let registers = (!edits.is_empty()).then_some(Action::Registers(edits));
        registers.into_iter().chain(jump.map(Action::Jump)).collect()
    }

    fn register(&mut self, name: &str, span: Span) -> Option<Register> {
        let arch = self.context.arch;
        let known = Register::parse(name, arch);
        if known.is_none() {
            let (label, help) = match Register::elsewhere(name) {
                Some(other) => {
                    (format!("a register of {other}"), Some(format!("this machine's registers are those of {arch}")))
                }
                None => (format!("no such register on {arch}"), did_you_mean(name, Register::names(arch))),
            };
            self.error(Code::UNKNOWN_REGISTER, span, format!("unknown register `{name}`"), &label, help);
        }
        known
    }

    /// `memory`.
    pub(super) fn memory_edits(&mut self, written: &[Memory], occasion: Occasion<'_>) -> Option<Action> {
        let edits: Vec<MemoryEdit> = written.iter().filter_map(|edit| self.memory_edit(edit, occasion)).collect();
        (edits.len() == written.len()).then_some(Action::Memory(edits))
    }

    fn memory_edit(&mut self, written: &Memory, occasion: Occasion<'_>) -> Option<MemoryEdit> {
        let at = written.at.as_ref().and_then(|at| self.spot(at, occasion));
        let value = match written.values.as_slice() {
            [] => {
                let help = Some("add `bytes = \"de ad\"`, or `u8`, `u16`, `u32`, `u64`, `cstr`".to_owned());
                self.error(Code::MISSING_KEY, written.span, "the memory edit changes nothing", "no value", help);
                None
            }
            [(key, value)] => self.memory_value(key, value),
            [_, (key, other), ..] => {
                let help = Some("write one entry for each".to_owned());
                let message = "a memory edit has one value";
                self.error(Code::CONFLICTING_KEYS, other.span, message, &format!("`{key}` is a second one"), help);
                None
            }
        };
        Some(MemoryEdit { at: at?, value: value? })
    }

    fn memory_value(&mut self, key: &str, value: &At<Scalar>) -> Option<MemoryValue> {
        let text = match &value.value {
            Scalar::Int(number) => number.to_string(),
            Scalar::Text(text) => {
                let text = Text { value: text.clone(), span: value.span };
                self.expand(&text)?.text().to_owned()
            }
        };
        let bits = match key {
            "bytes" => return self.bytes(&text, value.span).map(MemoryValue::Bytes),
            "cstr" => {
                let bytes = text.bytes().chain([0]).collect::<Vec<u8>>();
                return Some(MemoryValue::Bytes(bytes.into()));
            }
            "u8" => 8,
            "u16" => 16,
            "u32" => 32,
            _ => 64,
        };
        self.change(&text, bits, value.span).map(|change| MemoryValue::Word(bits, change))
    }

    /// Bytes in hexadecimal, with or without spaces.
    fn bytes(&mut self, text: &str, span: Span) -> Option<Box<[u8]>> {
        let digits: String = text.split_whitespace().collect();
        let help = Some("write two hexadecimal digits for each byte: `de ad be ef`".to_owned());
        let wrong = digits.chars().find(|digit| !digit.is_ascii_hexdigit());
        let (message, label) = match wrong {
            Some(digit) => (format!("`{digit}` is no hexadecimal digit"), "expected 0-9, a-f"),
            None if digits.is_empty() => ("there are no bytes".to_owned(), "empty"),
            None if digits.len() % 2 == 1 => ("there is half a byte".to_owned(), "an odd number of digits"),
            None => {
                let pair = |at: usize| u8::from_str_radix(&digits[at..at + 2], 16).unwrap_or_default();
                return Some((0..digits.len()).step_by(2).map(pair).collect());
            }
        };
        self.error(Code::BAD_NUMBER, span, message, label, help);
        None
    }

    /// `capture`.
    pub(super) fn captures(&mut self, written: &[(Text, Text)], occasion: Occasion<'_>) -> Option<Action> {
        let mut captures = Vec::new();
        for (name, text) in written {
            let good = name.value.starts_with(|c: char| c.is_ascii_alphabetic())
                && name.value.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
            if !good {
                let help = Some("letters, digits and `_`, beginning with a letter".to_owned());
                let message = format!("`{}` cannot be the name of a value", name.value);
                self.error(Code::BAD_NAME, name.span, message, "patterns could not name it", help);
            }
            let at = self.captured(text, occasion);
            captures.extend(at.filter(|_| good).map(|at| Capture { name: Arc::from(name.value.as_str()), at }));
        }
        (captures.len() == written.len()).then_some(Action::Capture(captures))
    }

    fn captured(&mut self, text: &Text, occasion: Occasion<'_>) -> Option<Captured> {
        let located = self.expand(text)?;
        let Some((place, form)) = located.text().rsplit_once(':') else {
            if let Some(register) = Register::parse(located.text().trim(), self.context.arch) {
                return Some(Captured::Register(register));
            }
            return self.spot_of(located.text(), 0, &located, occasion).map(Captured::Number);
        };
        let spot = self.spot_of(place, 0, &located, occasion);
        let form = match form.trim() {
            "u8" => Form::Unsigned(8),
            "u16" => Form::Unsigned(16),
            "u32" => Form::Unsigned(32),
            "u64" => Form::Unsigned(64),
            "i8" => Form::Signed(8),
            "i16" => Form::Signed(16),
            "i32" => Form::Signed(32),
            "i64" => Form::Signed(64),
            "ptr" => Form::Pointer,
            "cstr" => Form::Text,
            other => {
                let len = other.strip_prefix("bytes").and_then(|len| len.trim().parse::<usize>().ok());
                match len.filter(|len| (1..=4096).contains(len)) {
                    Some(len) => Form::Bytes(len),
                    None => {
                        let at = located.text().len() - form.len();
                        let known = ["u8", "u16", "u32", "u64", "i8", "i16", "i32", "i64", "ptr", "cstr", "bytes16"];
                        let help = did_you_mean(other, known).or_else(|| {
                            Some("forms are `u8` to `u64`, `i8` to `i64`, `ptr`, `cstr`, `bytes16`".into())
                        });
                        let span = located.span(at..located.text().len());
                        let message = format!("unknown form `{other}`");
                        self.error(Code::BAD_CHOICE, span, message, "how is it to be read?", help);
                        return None;
                    }
                }
            }
        };
        Some(Captured::Memory(spot?, form))
    }

    fn spot(&mut self, text: &Text, occasion: Occasion<'_>) -> Option<Spot> {
        let located = self.expand(text)?;
        self.spot_of(located.text(), 0, &located, occasion)
    }

    /// A spot that is written at `from` of a text.
    fn spot_of(&mut self, text: &str, from: usize, located: &Located, occasion: Occasion<'_>) -> Option<Spot> {
        let of_a_call =
            |name: &str| occasion.on.is_some_and(|on| on.pattern.calls().iter().any(|call| call.arg(name).is_some()));
        let signature = occasion.point.and_then(|point| point.signature.as_ref());
        let is_argument = |name: &str| match signature {
            Some(signature) => signature.params.iter().any(|param| *param.name == *name),
            None => of_a_call(name),
        };
        match Spot::parse(text, self.context.arch, &is_argument) {
            Ok(spot) => Some(spot),
            Err(problem) => {
                let range = from + problem.range.start..from + problem.range.end;
                let help =
                    Some("places are `rsi+8`, `buf`, `0x1000`, and `[rsp]` for what a pointer points to".into());
                self.error(Code::BAD_SPOT, located.span(range), problem.message, "not a place", help);
                None
            }
        }
    }
}

/// Whether a value for the instruction pointer is the name of a place, and no number.
fn is_place(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') || text.contains('!')
}
