//! Facts of the Linux ABI: calls, errnos, signals, registers, per architecture.
//! It knows numbers and names only, and must not know that a tracer exists.

mod addr;
mod arch;
pub mod bpf;
mod call;
mod call_set;
mod directory;
mod errno;
pub mod flags;
mod operation;
mod register;
mod register_table;
mod registers;
mod signal;
mod table;
mod transfer;
mod word;

pub use addr::Addr;
pub use arch::Arch;
pub use call::{ArgInfo, ArgKind, CallInfo, Changes, Class, Dir, Len, RetKind, Sysno};
pub use call_set::CallSet;
pub use directory::{DirectoryEntry, DirectoryLayout};
pub use errno::Errno;
pub use operation::{Member, On, Operation};
pub use register::{Register, RegisterClass, RegisterPlace};
pub use registers::{General, Registers};
pub use signal::{Signal, SignalInfo, SignalSet};
pub use transfer::Transfer;
pub use word::{Change, ChangeError, Word};

/// The kernel's number of a thread, as the tracer's own pid namespace names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TaskId(pub i32);

/// How a task ended, as `wait(2)` tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// It called `exit` or `exit_group` with this status, 0 to 255.
    Exited(i32),
    /// This signal killed it. The core-dump bit is left out: it depends on the host's `core_pattern`.
    Killed(Signal),
}
