//! Argument values: what is shown, and beside it what patterns compare.

use std::sync::Arc;

use super::TaskName;
use crate::abi::Signal;
use crate::abi::flags::FlagSet;

/// One argument of a call.
#[derive(Clone, Debug)]
pub struct Arg {
    /// The manual page's name, or `arg0` to `arg5`.
    pub name: &'static str,
    /// The argument register: for comparing, never shown.
    pub raw: u64,
    /// What is shown.
    pub value: Value,
}

/// A decoded value in canonical names.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// A number.
    Int(i64),
    /// A number without sign.
    Uint(u64),
    /// A number shown in hexadecimal.
    Hex(u64),
    /// A number shown in octal with a leading zero.
    Octal(u64),
    /// Flags or a value of a list.
    Flags {
        /// Names for the bits.
        set: &'static FlagSet,
        /// The bits.
        bits: u64,
    },
    /// A descriptor.
    Descriptor {
        /// Its canonical name: `fd#1`, `stdin`.
        name: Arc<str>,
        /// What it is, shown at first sight: `${tmp}/x`, `pipe#1:r`, `socket#1`.
        introduced: Option<Arc<str>>,
        /// The path of the host behind it, or `socket:`, `pipe:`, `anon:[eventfd]`: for globs, never shown.
        host: Arc<str>,
        /// The same number wherever the name is the same, also while the name is not given yet.
        object: u64,
    },
    /// `AT_FDCWD`.
    AtFdcwd,
    /// A number that is no open descriptor.
    BadDescriptor(i32),
    /// A path.
    Path(PathValue),
    /// A string or buffer.
    Bytes {
        /// The first bytes, renamed, cut to the length the spec asks for.
        shown: Vec<u8>,
        /// The real length in bytes.
        len: u64,
        /// The start of the SHA-256 of all of it, renamed, in hexadecimal, where it was cut; empty where it is too
        /// long to be read whole.
        digest: Option<Box<str>>,
    },
    /// A null pointer.
    Null,
    /// An address by the region it lies in: `[heap]`, `[stack]`, `libc.so.6`.
    Address(Arc<str>),
    /// A structure.
    Struct(Vec<(&'static str, Value)>),
    /// An array; `more` says that entries were left out.
    List {
        /// The entries shown.
        entries: Vec<Value>,
        /// Whether there were more.
        more: bool,
    },
    /// A signal.
    Signal(Signal),
    /// A task of the run.
    Task(TaskName),
    /// A word that stands for itself: `SIG_DFL`, `AF_UNIX`.
    Word(Arc<str>),
    /// A field that nothing fixes: shown as `_`.
    Opaque,
}

/// A path as the program gave it.
#[derive(Clone, Debug, PartialEq)]
pub struct PathValue {
    /// As given, renamed: what is shown.
    pub shown: String,
    /// Absolute, resolved against the directory it is relative to: for globs, never shown.
    pub host: String,
}
