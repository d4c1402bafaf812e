//! Where a value is: a register, an argument, a symbol or a number, with an offset, read through pointers.
//! It must not know what stands there.

use std::fmt;
use std::ops::Range;

use super::Place;
use crate::abi::{Arch, Register};

/// Something that comes to a number in a stopped task: `rsi+8`, `[rsp]`, `libwal.so!counter`, `[[rdi]+16]-4`.
#[derive(Clone, Debug, PartialEq)]
pub struct Spot {
    /// What it begins with.
    pub base: Base,
    /// What is added to that, wrapping.
    pub offset: i64,
}

/// What a [`Spot`] begins with.
#[derive(Clone, Debug, PartialEq)]
pub enum Base {
    /// What a register holds.
    Register(Register),
    /// An argument of the call or function, by name.
    Argument(Box<str>),
    /// The address of a symbol, a line or an offset in a file.
    Place(Box<str>, Place),
    /// The address of the task's `errno`.
    Errno,
    /// A number.
    Number(u64),
    /// The 64-bit word that stands there.
    Behind(Box<Spot>),
}

/// What is wrong with the text of a spot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpotProblem {
    /// Where in the text.
    pub range: Range<usize>,
    /// What.
    pub message: String,
}

impl Spot {
    /// Reads a spot; `is_argument` tells the names of arguments, which go before symbols, as registers do.
    pub fn parse(text: &str, arch: Arch, is_argument: &dyn Fn(&str) -> bool) -> Result<Spot, SpotProblem> {
        let mut reader = Reader { text, at: 0, arch, is_argument };
        let spot = reader.sum()?;
        reader.skip_spaces();
        match reader.rest() {
            "" => Ok(spot),
            rest => Err(reader.problem(rest.len(), format!("`{rest}` is left over"))),
        }
    }

    /// The arguments that it names.
    pub fn arguments(&self) -> Vec<&str> {
        match &self.base {
            Base::Argument(name) => vec![name],
            Base::Behind(inner) => inner.arguments(),
            Base::Register(_) | Base::Errno | Base::Place(..) | Base::Number(_) => Vec::new(),
        }
    }
}

impl fmt::Display for Spot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.base {
            Base::Register(register) => f.write_str(register.name())?,
            Base::Argument(name) | Base::Place(name, _) => f.write_str(name)?,
            Base::Errno => f.write_str("errno")?,
            Base::Number(number) => write!(f, "{number:#x}")?,
            Base::Behind(pointer) => write!(f, "[{pointer}]")?,
        }
        match self.offset {
            0 => Ok(()),
            offset => write!(f, "{offset:+}"),
        }
    }
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    arch: Arch,
    is_argument: &'a dyn Fn(&str) -> bool,
}

impl<'a> Reader<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn skip_spaces(&mut self) {
        self.at += self.rest().len() - self.rest().trim_start().len();
    }

    fn problem(&self, len: usize, message: String) -> SpotProblem {
        SpotProblem { range: self.at..self.at + len, message }
    }

    fn sum(&mut self) -> Result<Spot, SpotProblem> {
        let base = self.base()?;
        let mut offset = 0_i64;
        loop {
            self.skip_spaces();
            let sign = match self.rest().chars().next() {
                Some('+') => 1_i64,
                Some('-') => -1,
                _ => return Ok(Spot { base, offset }),
            };
            self.at += 1;
            self.skip_spaces();
            let number = self.number()?;
            offset = offset.wrapping_add(sign.wrapping_mul(number as i64));
        }
    }

    fn number(&mut self) -> Result<u64, SpotProblem> {
        let len = self.rest().find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(self.rest().len());
        let word = &self.rest()[..len];
        let number = match word.strip_prefix("0x") {
            Some(hex) => u64::from_str_radix(hex, 16).ok(),
            None => word.parse().ok(),
        };
        let number =
            number.ok_or_else(|| self.problem(len.max(1).min(self.rest().len()), "expected a number".to_owned()))?;
        self.at += len;
        Ok(number)
    }

    fn base(&mut self) -> Result<Base, SpotProblem> {
        self.skip_spaces();
        let rest = self.rest();
        if let Some(inner) = rest.strip_prefix('[') {
            self.at = self.text.len() - inner.len();
            let spot = self.sum()?;
            self.skip_spaces();
            if !self.rest().starts_with(']') {
                return Err(self.problem(self.rest().len().min(1), "a `]` is missing".to_owned()));
            }
            self.at += 1;
            return Ok(Base::Behind(Box::new(spot)));
        }
        // A module's name may hold a minus sign: `redis-server!server-8`.
        let module = rest.find(['+', '[', ']', ' ']).map_or(rest, |end| &rest[..end]).find('!').unwrap_or(0);
        let len = rest[module..].find(['+', '-', '[', ']', ' ']).map_or(rest.len(), |end| module + end);
        let word = &rest[..len];
        if word.is_empty() {
            return Err(
                self.problem(rest.len().min(1), "expected a register, an argument, a symbol or a number".to_owned())
            );
        }
        if word.starts_with(|c: char| c.is_ascii_digit()) {
            return self.number().map(Base::Number);
        }
        let base = if let Some(register) = Register::parse(word, self.arch) {
            if register.bits() != 64 {
                return Err(
                    self.problem(len, format!("`{word}` is no register of 64 bits, and cannot be an address"))
                );
            }
            Base::Register(register)
        } else if (self.is_argument)(word) {
            Base::Argument(word.into())
        } else if word == "errno" {
            Base::Errno
        } else if let Some(arch) = Register::elsewhere(word) {
            return Err(self.problem(len, format!("`{word}` is a register of {arch}")));
        } else {
            let place =
                Place::parse(word).map_err(|error| self.problem(len, format!("`{word}` is no place: {error}")))?;
            Base::Place(word.into(), place)
        };
        self.at += len;
        Ok(base)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Spot, SpotProblem> {
        Spot::parse(text, Arch::X86_64, &|name| name == "buf")
    }

    fn register(name: &str) -> Base {
        Base::Register(Register::parse(name, Arch::X86_64).unwrap())
    }

    #[test]
    fn registers_arguments_and_pointers() {
        assert_eq!(parse("rsi+8"), Ok(Spot { base: register("rsi"), offset: 8 }));
        assert_eq!(parse(" rsp - 0x10 "), Ok(Spot { base: register("rsp"), offset: -16 }));
        assert_eq!(parse("buf"), Ok(Spot { base: Base::Argument("buf".into()), offset: 0 }));
        assert_eq!(parse("0x1000"), Ok(Spot { base: Base::Number(0x1000), offset: 0 }));
        let server = Base::Place("redis-server!server".into(), Place::parse("redis-server!server").unwrap());
        assert_eq!(parse("redis-server!server-8"), Ok(Spot { base: server, offset: -8 }));
        let inner = Spot { base: register("rdi"), offset: 16 };
        assert_eq!(parse("[rdi+16]-4"), Ok(Spot { base: Base::Behind(Box::new(inner)), offset: -4 }));
    }

    #[test]
    fn what_is_wrong_is_pointed_at() {
        let wrong = |text: &str| parse(text).unwrap_err();
        assert_eq!(wrong("rsi+x"), SpotProblem { range: 4..5, message: "expected a number".to_owned() });
        assert_eq!(wrong("[rsi"), SpotProblem { range: 4..4, message: "a `]` is missing".to_owned() });
        assert_eq!(wrong("rsi 8").message, "`8` is left over");
        assert!(wrong("eax").message.contains("no register of 64 bits"));
        assert!(wrong("x0").message.contains("a register of aarch64"));
        assert_eq!(wrong("").message, "expected a register, an argument, a symbol or a number");
    }
}
