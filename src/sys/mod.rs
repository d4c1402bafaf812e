//! Thin safe calls over libc and nix: ptrace, wait, seccomp, fork, memory. The only place with `unsafe`.
//! It knows nothing of specs, rules or events.

mod affinity;
mod attributes;
mod bell;
mod directory;
mod ending;
mod files;
pub mod maps;
mod marks;
mod memory;
mod nameless;
mod namespace;
mod probe;
pub mod procfs;
mod ptrace;
mod raw;
mod registers;
mod reserve;
mod shortage;
mod signal;
mod slack;
mod spawn;
mod status;
mod terminal;
mod turns;
mod wait;

pub use affinity::{Pinned, pin_to_one_processor};
pub use attributes::{attribute, attribute_names, set_attribute};
pub use bell::{Bell, Guard};
pub use directory::directory_entries;
pub use ending::end_by;
pub use files::{OwnFile, expire, is_same_open_file, socket_time_limit};
pub use marks::{Marks, marks};
pub use memory::{read_memory, read_memory_unwaiting, shares_memory, write_memory, write_memory_unwaiting};
pub use nameless::{is_memory_file, memory_file};
pub use namespace::{PidNamespace, probe_pid_namespace};
pub use probe::{
    Namespace, TraceOffers, probe_cpuid_faults, probe_fixed_addresses, probe_io_uring, probe_kcmp, probe_namespace,
    probe_pidfd, probe_pidfd_getfd, probe_seccomp_trace, probe_tracing, probe_tsc_faults, probe_vm_readv,
};
pub use ptrace::{
    CallStop, PtraceError, Resume, attach, attach_barely, event_message, interrupt, listen, registers, resume, seize,
    set_call_argument, set_call_number, set_options, set_registers, set_result, set_siginfo_word, siginfo, skip_call,
    syscall_stop,
};
pub use registers::{register, set_register};
pub use reserve::Reserve;
pub use shortage::{is_short, noted, take_shortage};
pub use signal::{ProcessHandle, is_ignored, queue_signal, ring, send_signal, want_no_signal_for_stops};
pub use slack::NoSlack;
pub use spawn::{ChildPlan, ExecFailure, SpawnError, Spawned, spawn, standard_stream};
pub use status::status_at;
pub use terminal::{Keyboard, Terminal};
pub use turns::ShortTurns;
pub use wait::{Status, WaitOutcome, bury, wait};
