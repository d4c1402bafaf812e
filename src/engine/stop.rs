//! The words between tracer and engine: what was seen, what is to change, who goes on.

use std::time::Duration;

use crate::abi::{Addr, Arch, Ending, Register, Signal, SignalInfo, TaskId, Word};
use crate::plan::{Recipient, Victim};
use crate::transcript::Event;

/// A call as it stands in the registers at its entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RawCall {
    /// By which architecture's table the number is meant.
    pub arch: Arch,
    /// The number.
    pub number: u64,
    /// The argument registers.
    pub args: [u64; 6],
    /// Address of the instruction after the call.
    pub ip: u64,
}

/// What the tracer saw.
#[derive(Clone, Debug, PartialEq)]
pub enum Observation {
    /// A task stopped.
    Stop {
        /// Who.
        task: TaskId,
        /// Why.
        stop: Stop,
    },
    /// A task fell asleep in the call it was resumed into.
    Asleep {
        /// Who.
        task: TaskId,
    },
    /// The first thread of a process ended, but cannot be reaped before the last one ends.
    ZombieLeader {
        /// Who.
        task: TaskId,
    },
    /// A task was reaped.
    Ended {
        /// Who.
        task: TaskId,
        /// How.
        ending: Ending,
    },
    /// A task vanished without an ending of its own: another thread's exec took its place.
    Vanished {
        /// Who.
        task: TaskId,
    },
    /// Nothing has happened for as long as [`Next::Wait`] said.
    Idle,
    /// The delay of a held task is over.
    Elapsed {
        /// Who.
        task: TaskId,
    },
}

/// Why a task stopped, in the words of ptrace(2).
#[derive(Clone, Debug, PartialEq)]
pub enum Stop {
    /// A new task's first stop.
    Started,
    /// Entry of a call. With a seccomp filter and system-call stops both, one entry is told twice.
    Entry(RawCall),
    /// A filter of the target's own asks for a tracer of its own at this call (SECCOMP_RET_TRACE).
    TheirFilter,
    /// Exit of a call, with the raw result.
    Exit(i64),
    /// Signal-delivery-stop.
    Signal(SignalInfo),
    /// Group-stop.
    Group(Signal),
    /// A call made a new task.
    Born(Newborn),
    /// The child of a vfork let its parent go on.
    VforkDone,
    /// A new image; `former` is the number the task had before, which differs where another thread than the
    /// first executed it.
    Exec {
        /// The number before.
        former: TaskId,
    },
    /// The task is about to end.
    Exiting,
    /// The task was made to stop because it has had a processor for long.
    Prodded,
    /// The task was asked to stop, or stopped for no reason that matters here.
    Interrupted,
}

/// A task that a call has made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Newborn {
    /// The new task.
    pub child: TaskId,
    /// By which kind of event.
    pub birth: Birth,
    /// The process the new task belongs to.
    pub process: TaskId,
    /// Whether it has the same memory, not a copy (CLONE_VM).
    pub shares_memory: bool,
}

/// How a task was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Birth {
    /// PTRACE_EVENT_FORK.
    Fork,
    /// PTRACE_EVENT_VFORK.
    Vfork,
    /// PTRACE_EVENT_CLONE.
    Clone,
}

impl Birth {
    /// The word for it in a transcript.
    pub fn word(self) -> &'static str {
        match self {
            Birth::Fork => "fork",
            Birth::Vfork => "vfork",
            Birth::Clone => "clone",
        }
    }
}

/// What happens to the task that was seen, and what there is to write.
#[must_use]
#[derive(Debug, Default)]
pub struct Decision {
    /// Changes, to be made in order while the task is stopped.
    pub edits: Vec<Edit>,
    /// Events, in the order of the transcript.
    pub events: Vec<Event>,
    /// Nothing was taken in: the same is to be told again when [`Next::Recall`] asks for it.
    pub put_off: bool,
    /// The task is kept back from here on, for as long as [`Next::Wait`] will say.
    pub holds: bool,
}

/// A change to the stopped task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Edit {
    /// The call is not made and returns this raw result.
    Skip(i64),
    /// The call that is about to be made has this number instead.
    Number(u64),
    /// An argument register of the call.
    Argument {
        /// Its position, 0 to 5.
        at: usize,
        /// What it holds then.
        value: u64,
    },
    /// The call at whose exit the task is returns this raw result instead.
    Result(i64),
    /// A register of any kind is changed.
    Register {
        /// Which.
        register: Register,
        /// To what.
        value: Word,
    },
    /// Memory is changed, whatever its protection.
    Write {
        /// Where.
        addr: Addr,
        /// To what.
        bytes: Box<[u8]>,
    },
    /// A signal is sent.
    Send {
        /// Which.
        signal: Signal,
        /// To the task alone or to its process.
        to: Recipient,
        /// `si_value`: queued instead of sent.
        value: Option<i32>,
    },
    /// The signal in delivery gets this number.
    Renumber(Signal),
    /// SIGKILL.
    Kill(Victim),
}

/// What happens when a timer goes off that rinject keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ring {
    /// The signal.
    pub signal: Signal,
    /// The thread that gets it, by the number that its process knows; else the process.
    pub thread: Option<TaskId>,
    /// For timers of timer_create(2): their number, and `si_value`.
    pub timer: Option<(i32, u64)>,
}

/// Who goes on.
#[must_use]
#[derive(Clone, Debug, PartialEq)]
pub enum Next {
    /// This task is resumed and settled.
    Resume {
        /// Who.
        task: TaskId,
        /// How.
        how: How,
        /// The signal it gets.
        signal: Option<Signal>,
        /// What may come of it.
        settle: Settle,
    },
    /// What was put off of this task is to be told now.
    Recall {
        /// Who.
        task: TaskId,
    },
    /// This task is made to stop; that it has is told like any other stop.
    Interrupt {
        /// Who.
        task: TaskId,
    },
    /// A timer goes off that rinject keeps for this process.
    Ring {
        /// Whose.
        process: TaskId,
        /// What happens.
        ring: Ring,
    },
    /// A timer goes off that is read (timerfd_create(2)): those who wait for it wake up.
    Expire {
        /// Its number ([`TimerFile`](super::TimerFile)).
        timer: u64,
    },
    /// Nobody can go on: wait until a task that runs or sleeps stops.
    Wait {
        /// Held tasks, and how long after they were held they go on, if that comes first.
        timers: Vec<(TaskId, Duration)>,
        /// If nothing has happened for so long, that is to be told ([`Observation::Idle`]).
        idle: Option<Duration>,
    },
    /// The run cannot go on; the tree is to be killed.
    Abandon,
    /// Every task is gone.
    Finished,
}

/// How a task goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// To its next stop.
    Run,
    /// To its next stop, with every entry and exit of a call.
    Calls,
    /// One instruction.
    Step,
    /// Stays in its group-stop.
    Listen,
    /// Untraced, for good.
    Detach,
}

/// What may come of resuming a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settle {
    /// A stop, however long it takes: it is the only task, or is in no call that may block.
    Stop,
    /// A stop; it is made to stop once it has had a processor for so long.
    StopWithin(Duration),
    /// A stop, or it falls asleep.
    StopOrSleep,
    /// It ends, or waits in the kernel for others to end, also where no signal wakes it.
    EndOrSleep,
    /// It ends: what it sleeps for on its way is over soon, unless it waits for others to end.
    End,
    /// Whatever it does, others do not wait for it.
    Nothing,
}
