//! What a rule does to its event: one variant for each verb of the spec.

use std::sync::Arc;
use std::time::Duration;

use super::{Place, Spot};
use crate::abi::{Change, Errno, Register, Signal, Sysno};

/// Before or after the call's effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Before.
    Enter,
    /// After.
    Exit,
}

/// Who gets a signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recipient {
    /// The thread that made the call.
    Thread,
    /// Its process.
    Process,
}

/// Who is killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Victim {
    /// The process, by SIGKILL.
    Process,
    /// The thread. SIGKILL ends its whole process: the kernel has no other way.
    Thread,
    /// Every process of the run.
    Tree,
}

/// What is done to the event.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// The call fails as the kernel lets it fail: most often it is skipped.
    Error(Errno),
    /// The call runs, and then reports this failure.
    ErrorAfter(Errno),
    /// The call is skipped and returns this value.
    Retval(i64),
    /// The call transfers fewer bytes.
    Short(Amount),
    /// Data is changed on its way in or out.
    Corrupt(Corruption),
    /// The call is made with other arguments.
    Args(Vec<ArgEdit>),
    /// Another call runs instead, with the same arguments.
    Substitute(Sysno),
    /// A real signal is sent.
    Signal {
        /// Which.
        signal: Signal,
        /// To whom.
        to: Recipient,
        /// Before or after the call's effect.
        at: Side,
        /// `si_value`, if one is wanted.
        value: Option<i32>,
    },
    /// The signal in delivery is swallowed.
    Suppress,
    /// The signal in delivery becomes another.
    Replace(Signal),
    /// The task waits; others go on.
    Delay {
        /// Before or after the call's effect.
        at: Side,
        /// How long, on the run's clock.
        duration: Duration,
    },
    /// SIGKILL.
    Kill {
        /// Who.
        victim: Victim,
        /// Before or after the call's effect.
        at: Side,
    },
    /// Registers are changed.
    Registers(Vec<(Register, Change)>),
    /// Memory is changed.
    Memory(Vec<MemoryEdit>),
    /// Values are put into the transcript and into variables.
    Capture(Vec<Capture>),
    /// The task goes on at another place.
    Jump(Place),
    /// The function that begins here is not run: its caller sees this value.
    Return(u64),
    /// The task goes on untraced.
    Detach,
    /// Instructions are executed one by one, and where they are is recorded.
    Step(StepTo),
}

/// How far a task is stepped.
#[derive(Clone, Debug, PartialEq)]
pub enum StepTo {
    /// So many instructions.
    Count(u64),
    /// Until it stands here.
    Place(Place),
}

/// How much of a transfer takes place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Amount {
    /// So many bytes, 1 at least.
    Bytes(u64),
    /// This share of what was asked for, 1 to 99.
    Percent(u8),
}

/// A change of data on its way in or out of a call.
#[derive(Clone, Debug, PartialEq)]
pub struct Corruption {
    /// The argument that points to it.
    pub arg: Box<str>,
    /// Where in the data.
    pub at: Flip,
}

/// Which bits are turned over.
#[derive(Clone, Debug, PartialEq)]
pub enum Flip {
    /// Those set in `mask`, of the byte at `offset`.
    Byte {
        /// Bytes from the start of the data.
        offset: u64,
        /// What the byte is xor-ed with; not 0.
        mask: u8,
    },
    /// So many different bits, drawn from `seed`, the rule's name and the number of its firing.
    Random {
        /// How many.
        bits: u32,
        /// Seed of the choice.
        seed: u64,
    },
}

/// A change of one argument.
#[derive(Clone, Debug, PartialEq)]
pub struct ArgEdit {
    /// The signature's name for it, or `arg0` to `arg5`.
    pub arg: Box<str>,
    /// What becomes of it.
    pub value: ArgValue,
}

/// What becomes of an argument.
#[derive(Clone, Debug, PartialEq)]
pub enum ArgValue {
    /// The register is changed.
    Number(Change),
    /// The argument points to these bytes, for the time of the call.
    Text(Box<[u8]>),
}

/// A change of memory.
#[derive(Clone, Debug, PartialEq)]
pub struct MemoryEdit {
    /// Where.
    pub at: Spot,
    /// To what.
    pub value: MemoryValue,
}

/// What becomes of memory.
#[derive(Clone, Debug, PartialEq)]
pub enum MemoryValue {
    /// These bytes.
    Bytes(Box<[u8]>),
    /// The word of this many bits, in the machine's byte order, is changed.
    Word(u16, Change),
}

/// A value that is put into the transcript.
#[derive(Clone, Debug, PartialEq)]
pub struct Capture {
    /// Its name there, and that of the variable.
    pub name: Arc<str>,
    /// Where it is.
    pub at: Captured,
}

/// Where a captured value is, and how it is read.
#[derive(Clone, Debug, PartialEq)]
pub enum Captured {
    /// A register of any width.
    Register(Register),
    /// What a spot comes to.
    Number(Spot),
    /// What stands there.
    Memory(Spot, Form),
}

/// How memory is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A number of this many bits.
    Unsigned(u16),
    /// A signed number of this many bits.
    Signed(u16),
    /// An address: shown as `module!symbol+offset`, `[heap]`, `[stack]`.
    Pointer,
    /// A text up to its zero byte.
    Text,
    /// So many bytes.
    Bytes(usize),
}

impl Action {
    /// Whether it decides the event's outcome: only one such action per event.
    pub fn is_outcome(&self) -> bool {
        match self {
            Action::Error(_) | Action::ErrorAfter(_) | Action::Retval(_) => true,
            Action::Short(_) | Action::Args(_) | Action::Substitute(_) => true,
            // After the effect there is an outcome already, whatever has decided it.
            Action::Kill { at, .. } => *at == Side::Enter,
            Action::Suppress | Action::Replace(_) => true,
            Action::Corrupt(_) | Action::Signal { .. } | Action::Delay { .. } => false,
            Action::Return(_) | Action::Jump(_) | Action::Detach => true,
            Action::Registers(_) | Action::Memory(_) | Action::Capture(_) | Action::Step(_) => false,
        }
    }
}
