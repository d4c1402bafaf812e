//! A point: a call of the program, by the stack that leads to it, at which a fault can be made.
//! It must not know which faults there are.

use std::fmt;
use std::sync::Arc;

use super::amount::Amount;
use super::frame::{self, function, without_offset};
use crate::abi::{Errno, Sysno};
use crate::faults;

/// What is called at a point.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Called {
    /// A system call.
    Call(Sysno),
    /// A function of the C library that allocates memory.
    Function(&'static str),
    /// No call: what the program has stored in a file that it has mapped.
    Store,
}

impl Called {
    /// Whether it is the system call of this name.
    pub fn is(self, name: &str) -> bool {
        matches!(self, Called::Call(call) if call.name() == name)
    }
}

impl fmt::Display for Called {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Called::Call(call) => f.write_str(call.name()),
            Called::Function(name) => f.write_str(name),
            Called::Store => f.write_str("store"),
        }
    }
}

/// A standard stream that a call is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stream {
    /// Standard input.
    In,
    /// Standard output.
    Out,
    /// Standard error.
    Err,
}

/// Whether a call that opens a file makes it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Makes {
    /// It does not: the call does not ask for that, or the file is there.
    #[default]
    No,
    /// It does.
    Yes,
    /// It does, unless this file, by its path on the host, was there before the run.
    Unless(String),
}

/// What is known of the call at a point, as it was in a run without a fault.
#[derive(Clone, Debug, Default)]
pub struct Circumstances {
    /// Its arguments, and what those that are descriptors refer to.
    pub facts: faults::Facts,
    /// Which standard stream it is about, if it is about one.
    pub stream: Option<Stream>,
    /// Whether its descriptor, or the file that it opens, can be written to; `None` where that is not known.
    pub writes: Option<bool>,
    /// Whether something was written before to what its descriptor refers to; `None` where that is not known.
    pub written: Option<bool>,
    /// Whether it makes the file that it opens.
    pub makes: Makes,
    /// What it opened.
    pub opened: Option<faults::Kind>,
    /// Whether what it is about has no name that comes from the calls before it, as descriptors have.
    pub is_plain: bool,
    /// What it came to where it succeeded.
    pub value: Option<i64>,
    /// How it failed, where it did.
    pub failed: Option<Errno>,
}

/// A call at which a fault can be made.
#[derive(Clone, Debug)]
pub struct Point {
    /// What is called.
    pub called: Called,
    /// Which of the calls of that name in the run it is, from 1.
    pub nth: u64,
    /// How many calls have this stack.
    pub times: u64,
    /// The call as a transcript shows it, without its task.
    pub shown: String,
    /// Where it was made and who had called that, innermost first: `libc.so.6!write+0x14`.
    pub frames: Vec<Arc<str>>,
    /// The line of the source that leads to it, where that is known: `wal.c:120`.
    pub source: Option<String>,
    /// The file of that line: below the working directory, or by its whole path, as the program's debug information has it.
    pub path: Option<String>,
    /// What is known of it.
    pub circumstances: Circumstances,
    /// Amounts of resources with which one of its calls is the first that has not enough.
    pub amounts: Vec<Amount>,
}

impl Point {
    /// The innermost frame that is neither in the C library nor in the library of the program's language; the innermost one
    /// that is not in the C library, or the innermost one, where all are.
    pub fn own_frame(&self) -> Option<&Arc<str>> {
        frame::own(&self.frames).into_iter().next()
    }

    /// The function of that frame, with its module: `kv!commit`.
    pub fn own_function(&self) -> Option<&str> {
        self.own_frame().map(|frame| without_offset(frame))
    }

    /// Where it is, as short as can be: the line of the source, or the function.
    pub fn place(&self) -> String {
        match (&self.source, self.own_frame()) {
            (Some(source), Some(frame)) => format!("{source} ({})", function(frame)),
            (Some(source), None) => source.clone(),
            (None, Some(frame)) => frame.to_string(),
            (None, None) => String::new(),
        }
    }

    /// The functions of the program that lead to it, innermost first, without the offsets that a change of the program moves;
    /// those of libraries that programs of its language are all linked with only where there are no others. Where a program has no symbols the offsets stay, but for the
    /// innermost one: its callers tell which function it is in.
    pub fn own_functions(&self) -> String {
        let own = frame::own(&self.frames);
        let short = |(at, frame): (usize, &&Arc<str>)| {
            let is_place = frame.contains('!') || (at == 0 && own.len() > 1);
            if is_place { without_offset(frame).to_owned() } else { frame.to_string() }
        };
        let mut functions: Vec<String> = own.iter().enumerate().map(short).collect();
        functions.dedup();
        functions.join(" < ")
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A point with a stack, for the tests of the layer.
    pub(crate) fn point(call: &str, nth: u64, frames: &[&str]) -> Point {
        Point {
            called: Called::Call(Sysno::parse(call).expect("it is a call")),
            nth,
            times: 1,
            shown: format!("{call}()"),
            frames: frames.iter().map(|frame| Arc::from(*frame)).collect(),
            source: None,
            path: None,
            circumstances: Circumstances { value: Some(0), ..Circumstances::default() },
            amounts: Vec::new(),
        }
    }

    #[test]
    fn a_point_is_where_the_program_calls_a_library() {
        let mut found = point("write", 1, &["libc.so.6!write+0x14", "kv!wal::commit(int)+0x1c", "kv!main+0x8"]);
        assert_eq!(found.place(), "kv!wal::commit(int)+0x1c");
        assert_eq!(found.own_functions(), "kv!wal::commit(int) < kv!main");
        let bare = point("write", 1, &["libc.so.6!write+0x14", "kv+0x123", "kv+0x456", "libc.so.6!x", "kv+0x7"]);
        assert_eq!(bare.own_functions(), "kv < kv+0x456 < kv+0x7");
        assert_eq!(point("write", 1, &["libc.so.6!write+0x14", "kv+0x123"]).own_functions(), "kv+0x123");
        assert_eq!(point("write", 1, &["libc.so.6!write+0x14"]).own_functions(), "libc.so.6!write");
        found.source = Some("wal.c:120".to_owned());
        assert_eq!(found.place(), "wal.c:120 (wal::commit(int))");
        assert_eq!(point("write", 1, &["libc.so.6!write+0x14"]).place(), "libc.so.6!write+0x14");
        assert_eq!(point("write", 1, &[]).place(), "");
    }
}
