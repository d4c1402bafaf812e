//! A place in a program as a spec names it: `[module!]symbol[+offset]`, `[module!]file.c:120`, `0xADDRESS`.
//! Whether there is such a place is known only when the program runs.

use std::fmt;

use crate::abi::Addr;
use crate::pattern::PathGlob;

/// A place in a program.
#[derive(Clone, Debug, PartialEq)]
pub struct Place {
    /// The file it is in, by base name or glob (`libc.so.6`, `libpython*`); `None` for any.
    pub module: Option<PathGlob>,
    /// Where in it.
    pub at: PlaceAt,
}

/// Where in a file, or in memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PlaceAt {
    /// So many bytes after the start of a function or an object.
    Symbol {
        /// Its name: as the linker has it, demangled, or `name@plt`.
        name: String,
        /// How far from its start.
        offset: u64,
    },
    /// A line of a source file.
    Line {
        /// The end of the file's path.
        file: String,
        /// The line, from 1 on.
        line: u32,
    },
    /// An address of the process; after a module, an offset from where that is loaded.
    Address(Addr),
}

/// What is wrong with the text of a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PlaceError {
    /// There is no text, or none after `!`.
    Empty,
    /// There is nothing before `!`, or a second one.
    Form,
    /// What is before `!` is no glob, with the reason.
    Module(String),
    /// What is after `0x` is no address of 64 bits.
    Address,
    /// What is after `+` is too large a number.
    Offset,
    /// Lines are counted from 1 and fit 32 bits.
    Line,
}

impl fmt::Display for PlaceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PlaceError::Empty => f.write_str("a symbol, a line or an address is missing"),
            PlaceError::Form => f.write_str("`!` stands between one module and one symbol"),
            PlaceError::Module(reason) => write!(f, "the module is no glob: {reason}"),
            PlaceError::Address => f.write_str("not an address of 64 bits"),
            PlaceError::Offset => f.write_str("an offset is added: `+0x1c`, of 64 bits at most"),
            PlaceError::Line => f.write_str("lines are counted from 1, up to 4294967295"),
        }
    }
}

impl std::error::Error for PlaceError {}

impl Place {
    /// Reads a place.
    ///
    /// # Errors
    /// Says which part of it is wrong.
    pub fn parse(text: &str) -> Result<Place, PlaceError> {
        let (module, rest) = split_module(text.trim());
        let is_again = module.is_some() && split_module(rest).0.is_some();
        if module == Some("") || is_again {
            return Err(PlaceError::Form);
        }
        let module = module.map(PathGlob::parse).transpose().map_err(PlaceError::Module)?;
        Ok(Place { module, at: PlaceAt::parse(rest)? })
    }
}

impl PlaceAt {
    fn parse(text: &str) -> Result<PlaceAt, PlaceError> {
        if text.is_empty() {
            return Err(PlaceError::Empty);
        }
        if let Some(digits) = text.strip_prefix("0x") {
            let addr = hexadecimal(digits).ok_or(PlaceError::Address)?;
            return Ok(PlaceAt::Address(Addr(addr)));
        }
        if let Some((file, digits)) = text.rsplit_once(':').filter(|(file, digits)| is_line(file, digits)) {
            let line = digits.parse().ok().filter(|line| *line > 0).ok_or(PlaceError::Line)?;
            return Ok(PlaceAt::Line { file: file.to_owned(), line });
        }
        let is_operator = text.contains("operator");
        let dangles = text.ends_with(['+', '-']);
        let subtracts = text.rsplit_once('-').is_some_and(|(name, digits)| !name.is_empty() && is_number(digits));
        if !is_operator && (dangles || subtracts) {
            return Err(PlaceError::Offset);
        }
        // `operator+` and `operator++` end in a sign, and no digits follow.
        match text.rsplit_once('+').filter(|(name, digits)| !name.is_empty() && is_number(digits)) {
            Some((name, digits)) => {
                let hex = digits.strip_prefix("0x").map(hexadecimal);
                let offset = hex.unwrap_or_else(|| digits.parse().ok()).ok_or(PlaceError::Offset)?;
                Ok(PlaceAt::Symbol { name: name.to_owned(), offset })
            }
            None => Ok(PlaceAt::Symbol { name: text.to_owned(), offset: 0 }),
        }
    }
}

/// The part before the first `!`. The names of C++ and Rust may hold one themselves: `operator!=`, `<fn() -> !>`.
pub(super) fn split_module(text: &str) -> (Option<&str>, &str) {
    match text.split_once('!') {
        Some((module, rest)) if !module.ends_with("operator") && !module.contains(['<', '(']) => (Some(module), rest),
        _ => (None, text),
    }
}

fn is_number(text: &str) -> bool {
    match text.strip_prefix("0x") {
        Some(digits) => !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_hexdigit()),
        None => !text.is_empty() && text.bytes().all(|digit| digit.is_ascii_digit()),
    }
}

/// `a::1` is no line of a file.
fn is_line(file: &str, digits: &str) -> bool {
    !file.is_empty()
        && !file.ends_with(':')
        && !digits.is_empty()
        && digits.bytes().all(|digit| digit.is_ascii_digit())
}

fn hexadecimal(digits: &str) -> Option<u64> {
    let all_are_digits = !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    u64::from_str_radix(digits, 16).ok().filter(|_| all_are_digits)
}

/// As it would be written.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(module) = &self.module {
            write!(f, "{module}!")?;
        }
        match &self.at {
            PlaceAt::Symbol { name, offset: 0 } => f.write_str(name),
            PlaceAt::Symbol { name, offset } => write!(f, "{name}+{offset:#x}"),
            PlaceAt::Line { file, line } => write!(f, "{file}:{line}"),
            PlaceAt::Address(addr) => write!(f, "{addr}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The parts of a place, and the place as it is printed.
    #[track_caller]
    fn check(text: &str, module: Option<&str>, at: PlaceAt) {
        let place = Place::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(place.module.as_ref().map(PathGlob::text), module, "{text}");
        assert_eq!(place.at, at, "{text}");
        assert_eq!(Place::parse(&place.to_string()), Ok(place), "{text}");
    }

    #[track_caller]
    fn refused(text: &str, expected: PlaceError) {
        assert_eq!(Place::parse(text), Err(expected), "{text}");
    }

    fn symbol(name: &str, offset: u64) -> PlaceAt {
        PlaceAt::Symbol { name: name.to_owned(), offset }
    }

    fn line(file: &str, line: u32) -> PlaceAt {
        PlaceAt::Line { file: file.to_owned(), line }
    }

    #[test]
    fn symbols_have_modules_and_offsets() {
        check("main", None, symbol("main", 0));
        check("libc.so.6!malloc", Some("libc.so.6"), symbol("malloc", 0));
        check("lib*.so*!wal_commit+0x1c", Some("lib*.so*"), symbol("wal_commit", 0x1c));
        check("/opt/kv/bin/kv!main+28", Some("/opt/kv/bin/kv"), symbol("main", 28));
        check("write@plt", None, symbol("write@plt", 0));
        check("wal::Log::commit(int)+4", None, symbol("wal::Log::commit(int)", 4));
        check("operator+", None, symbol("operator+", 0));
        check("operator++", None, symbol("operator++", 0));
        check("operator+(One, One)+0x8", None, symbol("operator+(One, One)", 8));
        check("operator!=", None, symbol("operator!=", 0));
        check("kv!<fn() -> ! as kv::Run>::run", Some("kv"), symbol("<fn() -> ! as kv::Run>::run", 0));
        check("kv!operator!=+1", Some("kv"), symbol("operator!=", 1));
        check("<fn() -> ! as kv::Run>::run", None, symbol("<fn() -> ! as kv::Run>::run", 0));
        check("a::b", None, symbol("a::b", 0));
    }

    #[test]
    fn lines_and_addresses_are_told_from_symbols() {
        check("wal.c:120", None, line("wal.c", 120));
        check("src/main.rs:7", None, line("src/main.rs", 7));
        check("kv!wal.c:120", Some("kv"), line("wal.c", 120));
        check("a::1", None, symbol("a::1", 0));
        check("0x401136", None, PlaceAt::Address(Addr(0x40_1136)));
        check("kv!0x1136", Some("kv"), PlaceAt::Address(Addr(0x1136)));
    }

    #[test]
    fn the_wrong_part_is_named() {
        refused("", PlaceError::Empty);
        refused("kv!", PlaceError::Empty);
        refused("!read", PlaceError::Form);
        refused("libc!read!x", PlaceError::Form);
        refused("libc!!read", PlaceError::Form);
        refused("[kv!main", PlaceError::Module("unclosed character class; missing ']'".to_owned()));
        refused("0x", PlaceError::Address);
        refused("0xzz", PlaceError::Address);
        refused("0x10000000000000000", PlaceError::Address);
        refused("main+0x10000000000000000", PlaceError::Offset);
        refused("main.c:0", PlaceError::Line);
        refused("main.c:4294967296", PlaceError::Line);
    }
}
