//! A point: a call of the program, by the stack that leads to it, at which a fault can be made.
//! It must not know which faults there are.

use std::fmt;
use std::sync::Arc;

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

/// What is known of the call at a point, as it was in a run without a fault.
#[derive(Clone, Debug, Default)]
pub struct Circumstances {
    /// Its arguments, and what those that are descriptors refer to.
    pub facts: faults::Facts,
    /// Which standard stream it is about, if it is about one.
    pub stream: Option<Stream>,
    /// Whether its descriptor, or the file that it opens, can be written to; `None` where that is not known.
    pub writes: Option<bool>,
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
    /// What is known of it.
    pub circumstances: Circumstances,
}

/// Modules that every program is linked with: whose code tells nothing of the program.
const LIBRARIES: [&str; 6] = ["libc.so", "ld-linux", "libpthread", "ld-musl", "[vdso]", "vdso"];

impl Point {
    /// The innermost frame that is not in the C library; the innermost one where all are.
    pub fn own_frame(&self) -> Option<&Arc<str>> {
        let is_own =
            |frame: &&Arc<str>| !LIBRARIES.iter().any(|library| frame.starts_with(library)) && ***frame != *"?";
        self.frames.iter().find(is_own).or_else(|| self.frames.first())
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

    /// The functions that lead to it, innermost first, without the offsets that a change of the program moves.
    pub fn functions(&self) -> String {
        let mut functions: Vec<&str> = self.frames.iter().map(|frame| without_offset(frame)).collect();
        functions.dedup();
        functions.join(" < ")
    }
}

/// A frame without its offset: `kv!commit`. One that lies in no symbol is its module.
fn without_offset(frame: &str) -> &str {
    frame.rsplit_once("+0x").map_or(frame, |(place, _)| place)
}

/// The function of a frame, without its module.
fn function(frame: &str) -> &str {
    let place = without_offset(frame);
    place.split_once('!').map_or(place, |(_, function)| function)
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
            circumstances: Circumstances { value: Some(0), ..Circumstances::default() },
        }
    }

    #[test]
    fn a_point_is_where_the_program_calls_a_library() {
        let mut found = point("write", 1, &["libc.so.6!write+0x14", "kv!wal::commit(int)+0x1c", "kv!main+0x8"]);
        assert_eq!(found.place(), "kv!wal::commit(int)+0x1c");
        assert_eq!(found.functions(), "libc.so.6!write < kv!wal::commit(int) < kv!main");
        found.source = Some("wal.c:120".to_owned());
        assert_eq!(found.place(), "wal.c:120 (wal::commit(int))");
        assert_eq!(point("write", 1, &["libc.so.6!write+0x14"]).place(), "libc.so.6!write+0x14");
        assert_eq!(point("write", 1, &[]).place(), "");
    }
}
