//! Signatures of functions: `malloc(size: usize) -> ptr`.
//! It must not know where a calling convention puts an argument.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

/// What a function takes and returns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    /// Its name.
    pub name: Box<str>,
    /// Its parameters in order.
    pub params: Vec<Param>,
    /// What it returns.
    pub returns: Kind,
}

/// A parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Param {
    /// Its name.
    pub name: Arc<str>,
    /// How it is passed and shown.
    pub kind: Kind,
}

/// How a value is passed and shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A signed integer of this many bits.
    Signed(u16),
    /// An unsigned integer of this many bits.
    Unsigned(u16),
    /// True or false.
    Bool,
    /// An address.
    Pointer,
    /// The address of a string that ends with a zero byte.
    Text,
    /// A floating-point number of this many bits, 32 or 64.
    Float(u16),
    /// Nothing.
    Nothing,
}

/// The words for kinds, Rust's and C's.
pub const KINDS: [(&str, Kind); 27] = [
    ("i8", Kind::Signed(8)),
    ("i16", Kind::Signed(16)),
    ("i32", Kind::Signed(32)),
    ("i64", Kind::Signed(64)),
    ("isize", Kind::Signed(64)),
    ("u8", Kind::Unsigned(8)),
    ("u16", Kind::Unsigned(16)),
    ("u32", Kind::Unsigned(32)),
    ("u64", Kind::Unsigned(64)),
    ("usize", Kind::Unsigned(64)),
    ("char", Kind::Signed(8)),
    ("short", Kind::Signed(16)),
    ("int", Kind::Signed(32)),
    ("long", Kind::Signed(64)),
    ("ssize_t", Kind::Signed(64)),
    ("off_t", Kind::Signed(64)),
    ("uint", Kind::Unsigned(32)),
    ("ulong", Kind::Unsigned(64)),
    ("size_t", Kind::Unsigned(64)),
    ("bool", Kind::Bool),
    ("ptr", Kind::Pointer),
    ("cstr", Kind::Text),
    ("float", Kind::Float(32)),
    ("f32", Kind::Float(32)),
    ("double", Kind::Float(64)),
    ("f64", Kind::Float(64)),
    ("void", Kind::Nothing),
];

/// What is wrong with the text of a signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignatureProblem {
    /// Where in the text.
    pub range: Range<usize>,
    /// What.
    pub message: String,
    /// The word that is no kind, if that is what is wrong.
    pub kind: Option<String>,
}

impl Signature {
    /// Reads `name(param: kind, ...) -> kind`; without the arrow the function returns nothing.
    pub fn parse(text: &str) -> Result<Signature, SignatureProblem> {
        let wrong = |range: Range<usize>, message: String| SignatureProblem { range, message, kind: None };
        let place = |part: &str| {
            let start = part.as_ptr() as usize - text.as_ptr() as usize;
            start..start + part.len()
        };
        let Some((name, rest)) = text.split_once('(') else {
            return Err(wrong(0..text.len(), "expected `name(param: kind, ...)`".to_owned()));
        };
        if name.trim().is_empty() {
            return Err(wrong(0..text.len(), "the function has no name".to_owned()));
        }
        let Some((inside, after)) = rest.rsplit_once(')') else {
            return Err(wrong(text.len()..text.len(), "a `)` is missing".to_owned()));
        };
        let mut params: Vec<Param> = Vec::new();
        for part in inside.split(',').filter(|part| !inside.trim().is_empty() || !part.trim().is_empty()) {
            let Some((param, word)) = part.split_once(':') else {
                let part = part.trim();
                return Err(wrong(place(part), format!("`{part}` is no parameter: write `name: kind`")));
            };
            let param = param.trim();
            if param.is_empty() || !param.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
                return Err(wrong(place(param), format!("`{param}` cannot be the name of a parameter")));
            }
            if params.iter().any(|known| &*known.name == param) {
                return Err(wrong(place(param), format!("two parameters are called `{param}`")));
            }
            let kind = kind(word.trim(), place(word.trim()))?;
            if kind == Kind::Nothing {
                return Err(wrong(place(word.trim()), "a parameter has a value".to_owned()));
            }
            params.push(Param { name: Arc::from(param), kind });
        }
        let returns = match after.trim().strip_prefix("->") {
            Some(word) => kind(word.trim(), place(word.trim()))?,
            None if after.trim().is_empty() => Kind::Nothing,
            None => return Err(wrong(place(after.trim()), "expected `-> kind`".to_owned())),
        };
        Ok(Signature { name: name.trim().into(), params, returns })
    }
}

fn kind(word: &str, range: Range<usize>) -> Result<Kind, SignatureProblem> {
    if let Some((_, kind)) = KINDS.iter().find(|(known, _)| *known == word) {
        return Ok(*kind);
    }
    let message = if word.is_empty() { "a kind is missing".to_owned() } else { format!("unknown kind `{word}`") };
    Err(SignatureProblem { range, message, kind: Some(word.to_owned()) })
}

impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}(", self.name)?;
        for (at, param) in self.params.iter().enumerate() {
            let comma = if at == 0 { "" } else { ", " };
            write!(f, "{comma}{}", param.name)?;
        }
        f.write_str(")")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_have_names_and_kinds() {
        let read = Signature::parse("strtod(text: cstr, end: ptr) -> double").unwrap();
        assert_eq!(read.params[0], Param { name: "text".into(), kind: Kind::Text });
        assert_eq!((read.params.len(), read.returns), (2, Kind::Float(64)));
        assert_eq!(read.to_string(), "strtod(text, end)");
        assert_eq!(Signature::parse("abort()").unwrap().returns, Kind::Nothing);
    }

    #[test]
    fn what_is_wrong_is_pointed_at() {
        let wrong = |text: &str| Signature::parse(text).unwrap_err();
        assert_eq!(wrong("malloc(size: siz) -> ptr").range, 13..16);
        assert_eq!(wrong("malloc(size: siz) -> ptr").kind, Some("siz".to_owned()));
        assert_eq!(wrong("malloc").message, "expected `name(param: kind, ...)`");
        assert_eq!(wrong("malloc(size)").range, 7..11);
        assert_eq!(wrong("f(a: int, a: int)").message, "two parameters are called `a`");
        assert_eq!(wrong("f(a: int").message, "a `)` is missing");
        assert_eq!(wrong("f(a: void)").message, "a parameter has a value");
        assert_eq!(wrong("f() int").message, "expected `-> kind`");
    }
}
