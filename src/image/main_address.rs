//! Where a program's own code begins.
//!
//! A stripped program has no symbol `main`, but the start code of the C libraries hands its address over: glibc's
//! `_start` loads it into rdi just before it calls `__libc_start_main`.

use object::elf;
use object::read::elf::{FileHeader, ProgramHeader, SectionHeader, Sym};
use object::{Endianness, read::ReadRef};

/// Places in an image, as addresses of the file; a position-independent image is loaded at an offset from them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Places {
    /// The entry point.
    pub entry: u64,
    /// `main`, where it could be found.
    pub main: Option<u64>,
}

/// The places of a 64-bit x86 executable; `None` for anything else.
pub fn places<'d>(data: impl ReadRef<'d>) -> Option<Places> {
    let header = elf::FileHeader64::<Endianness>::parse(data).ok()?;
    let endian = header.endian().ok()?;
    if header.e_machine(endian) != elf::EM_X86_64 {
        return None;
    }
    let entry = header.e_entry(endian);
    let main = symbol(header, endian, data).or_else(|| handed_over(header, endian, data, entry));
    Some(Places { entry, main })
}

/// The value of the defined symbol `main`.
fn symbol<'d, R: ReadRef<'d>>(header: &elf::FileHeader64<Endianness>, endian: Endianness, data: R) -> Option<u64> {
    let sections = header.sections(endian, data).ok()?;
    [elf::SHT_SYMTAB, elf::SHT_DYNSYM].into_iter().find_map(|kind| {
        let symbols = sections.symbols(endian, data, kind).ok()?;
        // All names in one piece: `data` may keep whatever it has read, each name for itself.
        let names = sections.section(symbols.string_section()).ok()?.data(endian, data).ok()?;
        let is_main = |name: u32| names.get(name as usize..).is_some_and(|name| name.starts_with(b"main\0"));
        symbols
            .iter()
            .find(|symbol| {
                symbol.st_type() == elf::STT_FUNC && !symbol.is_undefined(endian) && is_main(symbol.st_name(endian))
            })
            .map(|symbol| symbol.st_value(endian))
    })
}

/// What `_start` loads into rdi right before its first call.
fn handed_over<'d, R: ReadRef<'d>>(
    header: &elf::FileHeader64<Endianness>,
    endian: Endianness,
    data: R,
    entry: u64,
) -> Option<u64> {
    const START_CODE: usize = 96;
    let code = bytes_at(header, endian, data, entry)?;
    let code = &code[..code.len().min(START_CODE)];
    let word = |at: usize| Some(i32::from_le_bytes(code.get(at..at + 4)?.try_into().ok()?));
    for at in 0..code.len().saturating_sub(7) {
        let next = entry.wrapping_add(at as u64 + 7);
        let found = match code[at..at + 3] {
            // mov $imm32, %rdi
            [0x48, 0xc7, 0xc7] => word(at + 3)? as u64,
            // lea rel32(%rip), %rdi
            [0x48, 0x8d, 0x3d] => next.wrapping_add_signed(i64::from(word(at + 3)?)),
            _ => continue,
        };
        let is_call = matches!(code[at + 7..], [0xe8, ..] | [0xff, 0x15, ..] | [0x67, 0xe8, ..]);
        if is_call && is_code(header, endian, data, found) {
            return Some(found);
        }
    }
    None
}

fn bytes_at<'d, R: ReadRef<'d>>(
    header: &elf::FileHeader64<Endianness>,
    endian: Endianness,
    data: R,
    addr: u64,
) -> Option<&'d [u8]> {
    let segments = header.program_headers(endian, data).ok()?;
    let segment = segments.iter().find(|segment| {
        let start = segment.p_vaddr(endian);
        segment.p_type(endian) == elf::PT_LOAD && (start..start + segment.p_filesz(endian)).contains(&addr)
    })?;
    let bytes = segment.data(endian, data).ok()?;
    bytes.get((addr - segment.p_vaddr(endian)) as usize..)
}

fn is_code<'d, R: ReadRef<'d>>(
    header: &elf::FileHeader64<Endianness>,
    endian: Endianness,
    data: R,
    addr: u64,
) -> bool {
    header.program_headers(endian, data).is_ok_and(|segments| {
        segments.iter().any(|segment| {
            let start = segment.p_vaddr(endian);
            segment.p_flags(endian) & elf::PF_X != 0 && (start..start + segment.p_filesz(endian)).contains(&addr)
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_program_has_no_places() {
        for bytes in [&b""[..], b"#!/bin/sh\n", b"\x7fELF", &[0; 4096]] {
            assert_eq!(places(bytes), None, "{bytes:?}");
        }
    }

    #[test]
    fn this_test_has_a_main() {
        let bytes = std::env::current_exe().and_then(std::fs::read).unwrap();
        if cfg!(target_arch = "x86_64") {
            assert!(places(bytes.as_slice()).unwrap().main.is_some());
        }
    }
}
