//! What the symbol tables of a file define, of the loaded file and of a separate one with debug information.
//! It must not know how symbols are asked for.

use std::ops::Range;
use std::sync::Arc;

use memchr::memchr2;
use object::Endianness;
use object::elf::{
    FileHeader64, SHF_ALLOC, SHT_DYNSYM, SHT_SYMTAB, STB_LOCAL, STT_FUNC, STT_GNU_IFUNC, STT_NOTYPE, STT_OBJECT,
    Sym64,
};
use object::read::elf::{FileHeader, SectionHeader, Sym};

use super::content::Content;
use super::name::Name;
use super::symbols::{Symbol, SymbolKind};

/// Puts defined functions, labels and objects of both tables of a file behind those that are known; `code` is where the loaded
/// one has code.
pub(super) fn define(known: &mut Vec<Symbol>, content: &Content, code: &[Range<u64>]) {
    for table in [SHT_SYMTAB, SHT_DYNSYM] {
        // A file may be without one.
        let _ = define_of(known, content, table, code);
    }
}

fn define_of(known: &mut Vec<Symbol>, content: &Content, kind: u32, code: &[Range<u64>]) -> Option<()> {
    let header = FileHeader64::<Endianness>::parse(content).ok()?;
    let endian = header.endian().ok()?;
    let sections = header.sections(endian, content).ok()?;
    let table = sections.symbols(endian, content, kind).ok()?;
    // All of them at once: there are thousands.
    let names = sections.section(table.string_section()).ok()?.data(endian, content).ok()?;
    let text: Option<Arc<str>> = std::str::from_utf8(names).ok().map(Arc::from);
    let loaded: Vec<bool> =
        sections.iter().map(|section| section.sh_flags(endian) & u64::from(SHF_ALLOC) != 0).collect();
    let read = |(index, symbol): (object::SymbolIndex, &Sym64<Endianness>)| {
        let addr = symbol.st_value(endian);
        let kind = match symbol.st_type() {
            STT_FUNC => SymbolKind::Function,
            STT_GNU_IFUNC => SymbolKind::Ifunc,
            STT_OBJECT => SymbolKind::Object,
            // A label in assembly, such as `_start`; not the linker's marks in data.
            STT_NOTYPE if code.iter().any(|range| range.contains(&addr)) => SymbolKind::Function,
            _ => return None,
        };
        // Undefined ones have no section, and the linker's warnings stand in one that is never loaded.
        let section = table.symbol_section(endian, symbol, index).ok().flatten()?;
        loaded.get(section.0).filter(|is_loaded| **is_loaded)?;
        let start = symbol.st_name(endian);
        let rest = names.get(start as usize..)?;
        // Static linkers write `name@@VERSION`.
        let length = memchr2(0, b'@', rest).filter(|length| *length > 0)?;
        let name = match &text {
            Some(text) => Name::of(text, start..start.checked_add(length as u32)?)?,
            None => Name::from(std::str::from_utf8(&rest[..length]).ok()?),
        };
        let is_global = symbol.st_bind() != STB_LOCAL;
        Some(Symbol { name, addr, size: symbol.st_size(endian), kind, is_global })
    };
    known.reserve(table.len());
    known.extend(table.enumerate().filter_map(read));
    Some(())
}
