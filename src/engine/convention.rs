//! Where functions find their arguments and leave their results: the System V psABI of x86-64.
//! It must not know which function it is asked about.

use super::decode::Decoder;
use super::hit::{register, rip, set};
use super::inspect::Inspect;
use super::stop::Edit;
use crate::abi::{Addr, Word};
use crate::plan::{Form, Kind, Signature};
use crate::transcript::{HitArg, Value};

/// Registers of the first integers and pointers (psABI 3.2.3).
const INTEGERS: [&str; 6] = ["rdi", "rsi", "rdx", "rcx", "r8", "r9"];
/// Registers of the first floating-point numbers.
const FLOATS: [&str; 8] = ["xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7"];

/// The arguments of a function that a task is about to begin.
pub(super) fn arguments(signature: &Signature, inspect: &dyn Inspect, decoder: &Decoder<'_>) -> Vec<HitArg> {
    let words = words(signature, inspect);
    let args = signature.params.iter().zip(words);
    args.map(|(param, raw)| HitArg { name: param.name.clone(), raw, value: value(param.kind, raw, decoder) })
        .collect()
}

/// The argument of this name as a number.
pub(super) fn argument(signature: &Signature, name: &str, inspect: &dyn Inspect) -> Option<u64> {
    let at = signature.params.iter().position(|param| *param.name == *name)?;
    words(signature, inspect).get(at).copied()
}

/// The 64-bit words that arguments are passed in.
fn words(signature: &Signature, inspect: &dyn Inspect) -> Vec<u64> {
    let mut integers = INTEGERS.iter();
    let mut floats = FLOATS.iter();
    let stack = inspect.registers().map_or(0, |registers| registers.rsp);
    // Above the return address.
    let mut above = stack.wrapping_add(8);
    let word = |param: &crate::plan::Param| {
        let next = if matches!(param.kind, Kind::Float(_)) { floats.next() } else { integers.next() };
        match next {
            Some(name) => {
                register(name).and_then(|register| inspect.register(register)).map_or(0, |word| word.low_u64())
            }
            None => {
                let mut bytes = [0; 8];
                inspect.read(Addr(above), &mut bytes);
                above = above.wrapping_add(8);
                u64::from_le_bytes(bytes)
            }
        }
    };
    signature.params.iter().map(word).collect()
}

fn value(kind: Kind, raw: u64, decoder: &Decoder<'_>) -> Value {
    match kind {
        Kind::Signed(bits) => Value::Int((raw << (64 - bits)) as i64 >> (64 - bits)),
        Kind::Unsigned(bits) => Value::Uint((raw << (64 - bits)) >> (64 - bits)),
        Kind::Bool => Value::Word(if raw & 0xff == 0 { "false" } else { "true" }.into()),
        Kind::Pointer if raw == 0 => Value::Null,
        Kind::Pointer => decoder.number_or_address(raw),
        Kind::Text if raw == 0 => Value::Null,
        Kind::Text => decoder.captured(Addr(raw), Form::Text).unwrap_or(Value::Opaque),
        Kind::Float(32) => Value::Word(f32::from_bits(raw as u32).to_string().into()),
        Kind::Float(_) => Value::Word(f64::from_bits(raw).to_string().into()),
        Kind::Nothing => Value::Opaque,
    }
}

/// Makes a task that is about to begin a function come out of it with a result.
pub(super) fn come_back(returns: Kind, value: u64, inspect: &dyn Inspect) -> Result<Vec<Edit>, String> {
    let stack = inspect.registers().map_err(|_| "the task is gone".to_owned())?.rsp;
    let mut back = [0; 8];
    if inspect.read(Addr(stack), &mut back) < back.len() {
        return Err("the stack has no return address".to_owned());
    }
    let result = match returns {
        Kind::Float(bits) => {
            let number = value as i64;
            let word = if bits == 32 { u64::from((number as f32).to_bits()) } else { (number as f64).to_bits() };
            register("xmm0").map(|register| Edit::Register { register, value: Word::from_u64(word, register.bits()) })
        }
        _ => register("rax").map(|register| set(register, value)),
    };
    let up = register("rsp").map(|register| set(register, stack.wrapping_add(8)));
    Ok(result.into_iter().chain(up).chain([set(rip(), u64::from_le_bytes(back))]).collect())
}
