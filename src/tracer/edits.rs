//! What the engine has decided about a stopped task, as requests to the kernel.
//! It must not know why anything is decided.

use super::inspect::Inspector;
use crate::abi::{Signal, TaskId};
use crate::engine::Edit;
use crate::plan::{Recipient, Victim};
use crate::sys;

/// Carries out the edits of a decision. A task that was killed meanwhile takes no changes, and needs none.
pub(super) fn carry_out(edits: &[Edit], task: TaskId, process: TaskId, inspector: &Inspector, kill_all: impl Fn()) {
    for edit in edits {
        match *edit {
            Edit::Skip(result) => {
                let _ = sys::skip_call(task, inspector.known_registers().as_ref(), result);
            }
            Edit::Number(number) => {
                inspector.forget_registers();
                let _ = sys::set_call_number(task, number);
            }
            Edit::Argument { at, value } => {
                inspector.forget_registers();
                let _ = sys::set_call_argument(task, at, value);
            }
            Edit::Register { register, value } => {
                inspector.forget_registers();
                let _ = sys::set_register(task, register, value);
            }
            Edit::Write { addr, ref bytes } => {
                inspector.write(addr, bytes);
            }
            Edit::Result(result) => {
                let _ = sys::set_result(task, result);
            }
            Edit::Send { signal, to, value } => {
                let thread = (to == Recipient::Thread).then_some(task);
                match value {
                    Some(value) => sys::queue_signal(process, thread, signal, value),
                    None => sys::send_signal(process, thread, signal),
                };
            }
            Edit::Renumber(signal) => {
                let _ = sys::set_siginfo_word(task, signal);
            }
            Edit::Kill(Victim::Process | Victim::Thread) => {
                sys::send_signal(process, None, Signal::KILL);
            }
            Edit::Kill(Victim::Tree) => kill_all(),
        }
    }
}
