//! Places of a running program, as the engine asks for them and as a transcript shows them: no address of the host.

use std::fmt;
use std::sync::Arc;

use crate::abi::Addr;

/// What looking for a place came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Resolved {
    /// It is here, and here.
    At(Vec<Site>),
    /// No mapped file has that name, yet.
    NoModule,
    /// No mapped file has the symbol; names that are near.
    NoSymbol {
        /// Nearest first.
        nearest: Vec<String>,
    },
    /// The name without parameters stands for several functions; their full names.
    Ambiguous {
        /// In alphabetical order.
        names: Vec<String>,
    },
    /// The source file has no code on that line; the nearest lines that have some.
    NoCode {
        /// The one before and the one after, as far as there are any.
        nearest: Vec<u32>,
    },
    /// No mapped file was made from a source file of that name; paths that are near.
    NoFile {
        /// Nearest first.
        nearest: Vec<String>,
    },
    /// No mapped file says which lines it was made from.
    NoDebugInfo,
}

/// One address that a place stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Site {
    /// The address in the process.
    pub addr: Addr,
    /// Whether the symbol is an indirect function: what lies there chooses the function that is called instead.
    pub is_ifunc: bool,
    /// Whether an instruction begins there.
    pub code: CodeSite,
}

/// What an address is as a place for a breakpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CodeSite {
    /// An instruction begins there.
    Boundary,
    /// It lies inside an instruction, which begins at this address.
    Inside(Addr),
    /// Code or not, nobody can tell.
    Unknown,
    /// It is no code.
    NotCode,
    /// In memory that others may have mapped too, and would see a breakpoint in.
    Shared,
}

/// An address by the file and the symbol that it lies in: `libc.so.6!malloc+0x1c`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Location {
    /// The file's name: the one it gives itself for those who link to it, else the base name of its path.
    pub module: Arc<str>,
    /// The symbol, demangled, and the offset in it.
    pub symbol: Option<(Arc<str>, u64)>,
    /// The offset from the lowest address that the file is loaded at.
    pub offset: u64,
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.symbol {
            Some((symbol, 0)) => write!(f, "{}!{symbol}", self.module),
            Some((symbol, offset)) => write!(f, "{}!{symbol}+{offset:#x}", self.module),
            None => write!(f, "{}+{:#x}", self.module, self.offset),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_location_shows_the_symbol_or_the_offset() {
        let location = |symbol, offset| Location { module: Arc::from("kv"), symbol, offset };
        let named = |offset| location(Some((Arc::from("wal::commit(int)"), offset)), 0x1140);
        assert_eq!(named(0).to_string(), "kv!wal::commit(int)");
        assert_eq!(named(0x1c).to_string(), "kv!wal::commit(int)+0x1c");
        assert_eq!(location(None, 0x40).to_string(), "kv+0x40");
    }
}
