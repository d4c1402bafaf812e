//! What a pattern is matched against.

use std::borrow::Cow;

use crate::abi::flags::FlagSet;
use crate::abi::{Errno, Sysno};

/// What kind of event a subject is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SubjectKind {
    /// A system call; `None` for a number without a name.
    Call(Option<Sysno>),
    /// A signal.
    Signal,
    /// A new image.
    Exec,
    /// A task ended by itself.
    Exit,
    /// A task was killed by a signal.
    Killed,
    /// A new task.
    Clone,
    /// A task got to a place.
    Hit,
    /// A task accessed watched data.
    Watch,
    /// A task that is stepped got somewhere.
    Step,
    /// Something no pattern names.
    Other,
}

/// An argument as patterns compare it; each form is there where it makes sense.
#[derive(Clone, Debug, Default)]
pub struct Operand<'a> {
    /// As a number: `=`, `<`, `has`.
    pub number: Option<i128>,
    /// As text: `~` and `matches`, and `=` with a quoted string. For descriptors and paths the resolved path.
    pub text: Option<Cow<'a, str>>,
    /// A canonical identity (`fd#1`, `P2`): when a bound variable and the operand both have one, they are
    /// compared by it and not by number.
    pub identity: Option<Cow<'a, str>>,
    /// Whether `text` is a path: globs match its components.
    pub is_path: bool,
    /// Names for the bits of `number`.
    pub flags: Option<&'static FlagSet>,
}

/// A call's result as patterns compare it.
#[derive(Clone, Debug)]
pub enum ResultView<'a> {
    /// Success, with the value.
    Value(Operand<'a>),
    /// Failure.
    Error(Errno),
}

/// An event, or a call at its entry, that a pattern can be matched against.
pub trait Subject {
    /// What it is.
    fn kind(&self) -> SubjectKind;
    /// The argument called `name` (`fd`, `path`, `arg2`; for `exit`: `code`).
    fn arg(&self, name: &str) -> Option<Operand<'_>>;
    /// The value that stands first and unnamed: `signal(SIGUSR1)`, `killed(SIGKILL)`.
    fn first(&self) -> Option<Operand<'_>>;
    /// The result, once it is known.
    fn result(&self) -> Option<ResultView<'_>>;
    /// The names of the rules that fired on it.
    fn fired(&self) -> Box<dyn Iterator<Item = &str> + '_>;
    /// Tells the values that rules captured at it, by name.
    fn captures(&self, tell: &mut dyn FnMut(&str, &Operand<'_>));
}
