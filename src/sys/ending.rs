//! The end of this process in the place of another one.

use crate::abi::{Signal, TaskId};

use super::signal::send_signal;

/// Ends this process by `signal`, as a program ended that it stands for. That one has left its core dump; this one
/// leaves none.
pub fn end_by(signal: Signal) -> ! {
    // Where the limit stays there is one core dump more.
    let _ = nix::sys::resource::setrlimit(nix::sys::resource::Resource::RLIMIT_CORE, 0, 0);
    // SAFETY: signal(2) takes plain numbers, and SIG_DFL is no function of ours.
    unsafe { libc::signal(signal.number(), libc::SIG_DFL) };
    // The mask belongs to the thread: the signal goes to the process, and this thread takes it.
    let _ = nix::sys::signal::SigSet::empty().thread_set_mask();
    send_signal(TaskId(std::process::id() as i32), None, signal);
    // A signal that ends no program cannot have ended one.
    std::process::exit(128 + signal.number())
}
