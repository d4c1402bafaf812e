//! What the tracer saw, in one line for who looks at every stop: in the words of ptrace(2), with the numbers of the host.
//! It must not be part of a transcript.

use std::fmt;

use super::stop::{How, Observation, Stop};
use crate::abi::{Ending, Sysno};

impl fmt::Display for Observation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Observation::Stop { task, stop } => write!(f, "{} {stop}", task.0),
            Observation::Asleep { task } => write!(f, "{} asleep", task.0),
            Observation::ZombieLeader { task } => write!(f, "{} zombie, other threads live", task.0),
            Observation::Ended { task, ending: Ending::Exited(status) } => write!(f, "{} exited {status}", task.0),
            Observation::Ended { task, ending: Ending::Killed(signal) } => write!(f, "{} killed {signal}", task.0),
            Observation::Vanished { task } => write!(f, "{} vanished", task.0),
            Observation::Idle => f.write_str("idle"),
            Observation::Elapsed { task } => write!(f, "{} delay over", task.0),
        }
    }
}

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Stop::Started => f.write_str("stop of a new task"),
            Stop::Entry(call) => {
                match Sysno::from_number(call.arch, call.number) {
                    Some(sysno) => write!(f, "syscall-entry-stop {}(", sysno.name())?,
                    None => write!(f, "syscall-entry-stop {}(", call.number)?,
                }
                for (at, arg) in call.args.iter().enumerate() {
                    write!(f, "{}{arg:#x}", if at == 0 { "" } else { ", " })?;
                }
                f.write_str(")")
            }
            Stop::TheirFilter => f.write_str("SECCOMP_RET_TRACE of a filter of its own"),
            Stop::Exit(result) => write!(f, "syscall-exit-stop {result}"),
            Stop::Signal(info) => write!(f, "signal-delivery-stop {}", info.signal),
            Stop::Group(signal) => write!(f, "group-stop {signal}"),
            Stop::Born(newborn) => write!(f, "PTRACE_EVENT of {}: {}", newborn.birth.word(), newborn.child.0),
            Stop::VforkDone => f.write_str("PTRACE_EVENT_VFORK_DONE"),
            Stop::Exec { former } => write!(f, "PTRACE_EVENT_EXEC, before as {}", former.0),
            Stop::Exiting => f.write_str("PTRACE_EVENT_EXIT"),
            Stop::Prodded => f.write_str("stopped for the others"),
            Stop::Interrupted => f.write_str("PTRACE_EVENT_STOP"),
        }
    }
}

/// The request that lets a task go on.
impl fmt::Display for How {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            How::Run => "PTRACE_CONT",
            How::Calls => "PTRACE_SYSCALL",
            How::Step => "PTRACE_SINGLESTEP",
            How::Listen => "PTRACE_LISTEN",
            How::Detach => "PTRACE_DETACH",
        })
    }
}
