//! What an ELF file says of itself: entry, `main`, symbols, lines, code, unwind tables. Over bytes; it opens no file.

mod accessor;
mod code;
mod content;
mod demangle;
mod elf;
mod lines;
mod main_address;
mod name;
mod plt;
mod symbol_table;
mod symbols;

pub use accessor::returned;
pub use code::CodeAt;
pub use content::Content;
pub use demangle::demangled;
pub use elf::{Elf, Section};
pub use lines::LineSearch;
pub use main_address::{Places, places};
pub use name::Name;
pub use symbols::{Named, Symbol, SymbolKind};
