//! What a short function returns that takes nothing and calls nothing, such as `__errno_location`.
//! It must not know where code and memory come from.

use iced_x86::{Decoder, DecoderOptions, Instruction, Mnemonic, OpKind, Register};

/// How many instructions such a function has at most.
const LONGEST: usize = 12;

/// Works out what the function `code`, which begins at `start`, returns in rax. `thread` is the thread pointer
/// (`fs:0`), and `word` reads 64 bits of memory. `None` where it does anything else than load and add.
pub fn returned(code: &[u8], start: u64, thread: u64, word: &dyn Fn(u64) -> Option<u64>) -> Option<u64> {
    let mut decoder = Decoder::with_ip(64, code, start, DecoderOptions::NONE);
    let mut rax: Option<u64> = None;
    for _ in 0..LONGEST {
        if !decoder.can_decode() {
            return None;
        }
        let instruction = decoder.decode();
        match instruction.mnemonic() {
            Mnemonic::Endbr64 | Mnemonic::Nop => {}
            Mnemonic::Ret => return rax,
            Mnemonic::Mov if instruction.op0_register() == Register::RAX => {
                rax = Some(operand(&instruction, thread, word)?);
            }
            Mnemonic::Add if instruction.op0_register() == Register::RAX => {
                rax = Some(rax?.wrapping_add(operand(&instruction, thread, word)?));
            }
            Mnemonic::Lea if instruction.op0_register() == Register::RAX => {
                let base = match instruction.memory_base() {
                    Register::RAX if instruction.memory_index() == Register::None => rax?,
                    _ => return None,
                };
                rax = Some(base.wrapping_add(instruction.memory_displacement64()));
            }
            _ => return None,
        }
    }
    None
}

/// The second operand: a number, the thread pointer, or a word beside the code.
fn operand(instruction: &Instruction, thread: u64, word: &dyn Fn(u64) -> Option<u64>) -> Option<u64> {
    match instruction.op1_kind() {
        OpKind::Memory if instruction.segment_prefix() == Register::FS => {
            let plain = instruction.memory_base() == Register::None && instruction.memory_index() == Register::None;
            (plain && instruction.memory_displacement64() == 0).then_some(thread)
        }
        OpKind::Memory if instruction.is_ip_rel_memory_operand() => word(instruction.ip_rel_memory_address()),
        OpKind::Register | OpKind::Memory => None,
        _ => Some(instruction.try_immediate(1).ok()?),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(code: &[u8], expected: Option<u64>) {
        let word = |addr: u64| (addr == 0x1000 + 11 + 0x20).then_some(0xffff_ffff_ffff_ff80);
        assert_eq!(returned(code, 0x1000, 0x7000, &word), expected);
    }

    #[test]
    fn the_functions_of_the_c_libraries_are_understood() {
        // endbr64; mov 0x20(%rip),%rax; add %fs:0,%rax; ret: a library of glibc.
        let shared =
            [0xf3, 0x0f, 0x1e, 0xfa, 0x48, 0x8b, 0x05, 0x20, 0, 0, 0, 0x64, 0x48, 0x03, 0x04, 0x25, 0, 0, 0, 0, 0xc3];
        check(&shared, Some(0x6f80));
        // mov $-64,%rax; add %fs:0,%rax; ret: a static program.
        let fixed = [0x48, 0xc7, 0xc0, 0xc0, 0xff, 0xff, 0xff, 0x64, 0x48, 0x03, 0x04, 0x25, 0, 0, 0, 0, 0xc3];
        check(&fixed, Some(0x6fc0));
        // mov %fs:0,%rax; add $0x34,%rax; ret: musl.
        let musl = [0x64, 0x48, 0x8b, 0x04, 0x25, 0, 0, 0, 0, 0x48, 0x83, 0xc0, 0x34, 0xc3];
        check(&musl, Some(0x7034));
    }

    #[test]
    fn what_does_more_is_not() {
        // push %rbp; ret
        check(&[0x55, 0xc3], None);
        // call
        check(&[0xe8, 0, 0, 0, 0, 0xc3], None);
        check(&[], None);
        check(&[0x48, 0x8b], None);
    }
}
