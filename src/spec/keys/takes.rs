//! What the value of a key may be: types, and the words that texts are made of.
//! It must not know how values are read.

use std::fmt;

use super::Table;

/// What the value of a key may be.
#[derive(Clone, Copy, Debug)]
pub enum Takes {
    /// The version of the format.
    Version,
    /// An integer.
    Integer,
    /// An integer or a fraction.
    Number,
    /// `true` or `false`.
    Flag,
    /// A string.
    Text(Words),
    /// An integer, or a string.
    Scalar(Words),
    /// Anything but a list and a table.
    Single,
    /// A table of the format.
    Table(&'static Table),
    /// A table whose keys are the author's own, and what each of them takes.
    Entries(Words, &'static Takes),
    /// A list.
    List(&'static Takes),
    /// Any of these.
    Any(&'static [Takes]),
}

/// What a text may say. `${...}` may always be a part of it.
#[derive(Clone, Copy, Debug)]
pub enum Words {
    /// Whatever the author likes.
    Free,
    /// One of these.
    Of(&'static [&'static str]),
    /// An errno, by name or number.
    Errno,
    /// A signal, by name or number.
    Signal,
    /// `all`, or a signal; `!` before it takes it out.
    Signals,
    /// A system call.
    Call,
    /// A system call, a class or an operation; `!` before it takes it out.
    Calls,
    /// An event pattern.
    Event,
    /// When tracing begins: a word, a place or an event pattern.
    Start,
    /// A register.
    Register,
    /// A ready rule.
    Ready,
    /// A length of time with its unit.
    Duration,
    /// What a machine must have.
    Requirement,
}

impl Takes {
    pub(super) const TEXT: Takes = Takes::Text(Words::Free);
    pub(super) const TEXTS: Takes = Takes::List(&Takes::TEXT);
    pub(super) const TEXT_OR_TEXTS: Takes = Takes::Any(&[Takes::TEXT, Takes::TEXTS]);
    pub(super) const SCALAR: Takes = Takes::Scalar(Words::Free);
    pub(super) const DURATION: Takes = Takes::Text(Words::Duration);
    pub(super) const EVENT: Takes = Takes::Text(Words::Event);
    pub(super) const EVENTS: Takes = Takes::Any(&[Takes::EVENT, Takes::List(&Takes::EVENT)]);
    pub(super) const ERRORS: Takes =
        Takes::Any(&[Takes::Scalar(Words::Errno), Takes::List(&Takes::Scalar(Words::Errno))]);
    pub(super) const NAMED_TEXTS: Takes = Takes::Entries(Words::Free, &Takes::TEXT);
    pub(super) const NAMED_SCALARS: Takes = Takes::Entries(Words::Free, &Takes::SCALAR);

    /// One of a few words.
    pub(super) const fn one_of(words: &'static [&'static str]) -> Takes {
        Takes::Text(Words::Of(words))
    }

    /// The words of a text that is one of a few.
    pub fn words(&self) -> Option<&'static [&'static str]> {
        match self {
            Takes::Text(Words::Of(words)) => Some(words),
            Takes::List(item) => item.words(),
            Takes::Any(kinds) => kinds.iter().find_map(Takes::words),
            _ => None,
        }
    }

    /// It, or so many of it.
    fn show(&self, f: &mut fmt::Formatter<'_>, several: bool) -> fmt::Result {
        let s = if several { "s" } else { "" };
        match self {
            Takes::Version => f.write_str("1"),
            Takes::Integer => write!(f, "integer{s}"),
            Takes::Number => write!(f, "number{s}"),
            Takes::Flag => f.write_str("true, false"),
            Takes::Text(words) => words.show(f, several),
            Takes::Scalar(Words::Free) => write!(f, "integer{s} or text{s}"),
            Takes::Scalar(words) => words.show(f, several),
            Takes::Single => write!(f, "text{s} or number{s}"),
            Takes::Table(table) => write!(f, "[table{s}](#{})", table.anchor()),
            Takes::Entries(words, item) => {
                let key = if matches!(words, Words::Register) { "register" } else { "name" };
                write!(f, "table of {key} = ")?;
                item.show(f, false)
            }
            Takes::List(item) => {
                f.write_str("list of ")?;
                item.show(f, true)
            }
            Takes::Any(kinds) => {
                for (at, kind) in kinds.iter().enumerate() {
                    f.write_str(if at == 0 { "" } else { ", or " })?;
                    kind.show(f, several)?;
                }
                Ok(())
            }
        }
    }
}

impl Words {
    fn show(self, f: &mut fmt::Formatter<'_>, several: bool) -> fmt::Result {
        let noun = match self {
            Words::Of(words) => {
                let quoted: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
                return f.write_str(&quoted.join(", "));
            }
            Words::Free => "text",
            Words::Errno => "errno",
            Words::Signal | Words::Signals => "signal",
            Words::Call => "call",
            Words::Calls => "call, class or operation",
            Words::Event => "event",
            Words::Start => "`main`, `exec`, `entry`, symbol or event",
            Words::Register => "register",
            Words::Ready => "[ready rule](ready.md)",
            Words::Duration => "duration",
            Words::Requirement => "requirement",
        };
        let s = if several && !matches!(self, Words::Calls | Words::Start) { "s" } else { "" };
        write!(f, "{noun}{s}")
    }
}

/// As the reference has it, in Markdown.
impl fmt::Display for Takes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.show(f, false)
    }
}
