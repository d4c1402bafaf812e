//! Entries of the procedure linkage table by the function that they jump to. Decodes the entries themselves, since
//! linkers lay the tables out in several ways.

use std::collections::HashMap;

use iced_x86::{Decoder, DecoderOptions, Mnemonic};
use object::elf::{R_X86_64_GLOB_DAT, R_X86_64_JUMP_SLOT};
use object::{Object, ObjectSection, ObjectSymbol, ObjectSymbolTable, RelocationFlags, RelocationTarget};

use super::content::Content;
use super::name::Name;
use super::symbols::{Symbol, SymbolKind};

/// The entries, as symbols named `name@plt`.
pub(super) fn entries<'d>(file: &object::File<'d, &'d Content>) -> Vec<Symbol> {
    let slots = slots(file);
    let mut found = Vec::new();
    for section in file.sections() {
        let is_table = section.name().is_ok_and(|name| matches!(name, ".plt" | ".plt.sec" | ".plt.got"));
        let Some(code) = is_table.then(|| section.data().ok()).flatten() else { continue };
        // With indirect-branch tracking and without, an entry is 16 bytes; in .plt.got it may be 8 (x86-64 psABI 5.2).
        let size = if section.name() == Ok(".plt.got") && is_narrow(code) { 8 } else { 16 };
        let start = section.address();
        for instruction in Decoder::with_ip(64, code, start, DecoderOptions::NONE).iter() {
            if instruction.mnemonic() != Mnemonic::Jmp || !instruction.is_ip_rel_memory_operand() {
                continue;
            }
            let Some(name) = slots.get(&instruction.ip_rel_memory_address()) else { continue };
            let addr = start + (instruction.ip() - start) / size * size;
            let name = Name::from(&*format!("{name}@plt"));
            found.push(Symbol { name, addr, size, kind: SymbolKind::Plt, is_global: false });
        }
    }
    found
}

/// Whether a table begins with a jump rather than with `endbr64`.
fn is_narrow(code: &[u8]) -> bool {
    !code.starts_with(&[0xf3, 0x0f, 0x1e, 0xfa])
}

/// The words of memory through which functions of other files are called, by address.
fn slots<'d>(file: &object::File<'d, &'d Content>) -> HashMap<u64, String> {
    let Some((relocations, symbols)) = file.dynamic_relocations().zip(file.dynamic_symbol_table()) else {
        return HashMap::new();
    };
    let slot = |(at, relocation): (u64, object::Relocation)| {
        let RelocationFlags::Elf { r_type } = relocation.flags() else { return None };
        if !matches!(r_type, R_X86_64_JUMP_SLOT | R_X86_64_GLOB_DAT) {
            return None;
        }
        let RelocationTarget::Symbol(index) = relocation.target() else { return None };
        let name = symbols.symbol_by_index(index).ok()?.name().ok()?;
        Some((at, name.to_owned()))
    };
    relocations.filter_map(slot).collect()
}
