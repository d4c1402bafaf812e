//! The event model.

use std::sync::Arc;

use super::{Arg, TaskName, Value};
use crate::abi::{Errno, Signal, SignalInfo, Sysno, TaskId};

/// One thing that happened to one task.
#[derive(Clone, Debug)]
pub struct Event {
    /// Whom it happened to.
    pub task: TaskName,
    /// Base name of the process's image, for views and `where.process`.
    pub image: Arc<str>,
    /// What happened.
    pub kind: EventKind,
    /// The rules that fired on it, in file order.
    pub fired: Vec<Fired>,
    /// Values that rules have captured, by name.
    pub captures: Vec<(Arc<str>, Value)>,
    /// What the call needs of resources that rules have a budget of, in file order.
    pub needs: Vec<Need>,
    /// Where it happened and who had called that, innermost first, as places: `[trace] backtrace`.
    pub frames: Vec<Arc<str>>,
    /// Whether every rule that it is about asks for no line.
    pub quiet: bool,
    /// Whether it is a line of the transcript; expectations see it in any case.
    pub written: bool,
}

impl Event {
    /// Something of which nothing more is known, and which is written: no rule has fired on it.
    pub fn new(task: TaskName, image: impl Into<Arc<str>>, kind: EventKind) -> Event {
        Event {
            task,
            image: image.into(),
            kind,
            fired: Vec::new(),
            captures: Vec::new(),
            needs: Vec::new(),
            frames: Vec::new(),
            quiet: false,
            written: true,
        }
    }

    /// How many lines it takes in a transcript: its own, and one for each frame.
    pub fn lines(&self) -> u64 {
        1 + self.frames.len() as u64
    }
}

/// A rule that fired on an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fired {
    /// The rule's name.
    pub rule: Arc<str>,
    /// Which firing of the rule this was over the run, from 1.
    pub hit: u64,
}

/// What a call needs of a resource that a rule has a budget of.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Need {
    /// The rule's name.
    pub rule: Arc<str>,
    /// The key of `budget` that it is: `disk`, `fds`, `memory`, `processes`.
    pub resource: &'static str,
    /// How much no call before it needed more of, in what the budget counts: bytes, descriptors or tasks.
    pub before: u64,
    /// How much is in use with it.
    pub with: u64,
    /// Whether it can be given a part of what it wants.
    pub is_divisible: bool,
}

/// What happened.
#[derive(Clone, Debug)]
pub enum EventKind {
    /// A system call.
    Call(Call),
    /// A signal was delivered, or would have been if no rule had swallowed it.
    Signal {
        /// The signal and what came with it.
        info: SignalInfo,
        /// Who sent it, if a task of the run did.
        sender: Option<TaskName>,
        /// What the task got: the signal itself, another one, or none, as rules decided.
        delivered: Option<Signal>,
    },
    /// A task got to a place that a rule names.
    Hit {
        /// The place: `libwal.so!wal_commit+0x1c`.
        place: Arc<str>,
        /// The arguments of the function that begins there, where its signature is known.
        args: Vec<HitArg>,
        /// What its caller gets, where the function is not run.
        returned: Option<u64>,
    },
    /// A task accessed data that a rule watches.
    Watch {
        /// The data: `libwal.so!counter`.
        place: Arc<str>,
        /// What stands there now.
        value: Value,
        /// The function that did it.
        by: Arc<str>,
    },
    /// A task that is stepped has got here.
    Step {
        /// The place: `kv!main+0x4`.
        place: Arc<str>,
    },
    /// The process stopped (group-stop) because of this signal.
    Stopped(Signal),
    /// A new program image.
    Exec {
        /// The program as it was given to `execve`, renamed.
        program: String,
        /// Its arguments, with `argv[0]`.
        argc: usize,
    },
    /// A new task.
    Clone {
        /// Its name.
        child: TaskName,
        /// The call that made it: `fork`, `vfork`, `clone`, `clone3`.
        call: &'static str,
    },
    /// The task ended by itself.
    Exit {
        /// The status, 0 to 255.
        code: i32,
    },
    /// A signal ended the task.
    Killed(Signal),
    /// Something the run has to say in its place, such as a call that was let go unseen.
    Note(String),
}

/// An argument of a function.
#[derive(Clone, Debug)]
pub struct HitArg {
    /// The signature's name for it.
    pub name: Arc<str>,
    /// The word that it is passed in: for comparing, never shown.
    pub raw: u64,
    /// What is shown.
    pub value: Value,
}

/// Which part of a call an event shows: other tasks' lines may fall into it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The whole call.
    Whole,
    /// Its start; the result comes later. Text only: expectations see the [`Part::Resumed`] event.
    Started,
    /// Its end, with everything; shown with the word `resumed`.
    Resumed,
}

/// A system call with its decoded arguments.
#[derive(Clone, Debug)]
pub struct Call {
    /// The call; `None` where the table does not know the number.
    pub sysno: Option<Sysno>,
    /// The number, for calls the table does not know.
    pub number: u64,
    /// The arguments in order.
    pub args: Vec<Arg>,
    /// The result; `None` while it is not known, or where the call does not return.
    pub result: Option<CallResult>,
    /// Which part of it the event shows.
    pub part: Part,
}

/// The result of a call.
#[derive(Clone, Debug)]
pub enum CallResult {
    /// It succeeded with this value.
    Value {
        /// The value in the result register.
        raw: i64,
        /// How it is shown.
        value: Value,
    },
    /// It failed.
    Error(Errno),
    /// A signal interrupted it and the kernel will start it again, or its task died in it: shown as `?`.
    Unknown,
}

/// Whoever takes events: the writer, the expectations, a live view.
pub trait Sink {
    /// Takes the next event. Events come in the order of the transcript.
    fn event(&mut self, event: &Event);

    /// The next events are told while this task stands still, by its number on the host: who wants to look at what a call has
    /// left can do so then.
    fn stands_still(&mut self, _task: TaskId) {}

    /// Whether everything that it awaits has come: a process that ran already is let go then.
    fn is_content(&self) -> bool {
        true
    }

    /// Whether it cannot take any more events: the run is given up.
    fn is_broken(&self) -> bool {
        false
    }
}
