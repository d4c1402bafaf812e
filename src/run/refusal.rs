//! Why this machine cannot run a spec, in words: what refused, and what allows it.

use std::fmt;
use std::fs;

use super::facts;
use super::untraceable::Untraceable;
use crate::abi::TaskId;
use crate::sys::{PtraceError, SpawnError};
use crate::tracer::{SeizeError, TraceError};

/// Why this machine cannot run a spec.
#[derive(Debug)]
pub enum Refusal {
    /// There is no tracer for this architecture.
    Architecture(&'static str),
    /// The kernel refused to let a child be traced, with this errno.
    Ptrace(i32),
    /// The kernel refused the seccomp filter, with this errno.
    Filter(i32),
    /// There can be no namespace of process numbers.
    Namespace(std::io::Error),
    /// No process, thread or pipe could be made.
    Resources(std::io::Error),
    /// A process that runs already could not be attached to.
    Attach(Box<Untraceable>),
}

impl From<TraceError> for Refusal {
    fn from(error: TraceError) -> Refusal {
        match error {
            TraceError::Spawn(SpawnError::Seize(PtraceError::Refused(errno))) => Refusal::Ptrace(errno),
            TraceError::Spawn(SpawnError::Seize(PtraceError::Gone)) => Refusal::Ptrace(libc::ESRCH),
            TraceError::Spawn(SpawnError::Namespace(error)) => Refusal::Namespace(error),
            TraceError::Attach(task, error) => Refusal::attaching(task, error),
            TraceError::Spawn(SpawnError::Resources(error)) | TraceError::Watchdog(error) => {
                Refusal::Resources(error)
            }
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = |errno: &i32| std::io::Error::from_raw_os_error(*errno).to_string();
        match self {
            Refusal::Architecture(arch) => write!(f, "rinject cannot trace programs on {arch} yet, only on x86_64"),
            Refusal::Ptrace(_) if yama_scope() == Some(3) => {
                f.write_str("Yama forbids ptrace to everybody (kernel.yama.ptrace_scope = 3)")
            }
            Refusal::Ptrace(libc::EPERM | libc::EACCES) => {
                write!(f, "cannot trace a child: {}", facts::barrier())
            }
            Refusal::Ptrace(errno) => {
                write!(f, "the kernel refused to let a child process be traced: {}", words(errno))
            }
            Refusal::Filter(errno) => write!(f, "the kernel refused the seccomp filter: {}", words(errno)),
            Refusal::Attach(error) => write!(f, "{error}"),
            Refusal::Namespace(error) => {
                write!(f, "cannot give processes numbers of their own (`pids = \"fresh\"`): {error}")
            }
            Refusal::Resources(error) => write!(f, "cannot start a traced process: {error}"),
        }
    }
}

impl Refusal {
    /// Why `process` could not be attached to.
    pub fn attaching(process: TaskId, error: SeizeError) -> Refusal {
        Refusal::Attach(Box::new(Untraceable::new(facts::gather(process, error))))
    }

    /// What probably refused, and what allows it.
    pub fn help(&self) -> String {
        match self {
            Refusal::Architecture(_) => {
                "run it on x86_64; `requires = [\"arch:x86_64\"]` skips it elsewhere".to_owned()
            }
            Refusal::Ptrace(_) if yama_scope() == Some(3) => {
                "only the next boot can change that; `sysctl.d` may set it then".to_owned()
            }
            Refusal::Ptrace(libc::EPERM | libc::EACCES) => facts::barrier().help(),
            Refusal::Ptrace(_) => "a container's seccomp profile may forbid it: run the container with \
                `--cap-add=SYS_PTRACE`, or with `--security-opt seccomp=unconfined`"
                .to_owned(),
            Refusal::Filter(_) => "`[trace] filter = \"ptrace\"` does without a filter".to_owned(),
            Refusal::Attach(error) => error.help(),
            Refusal::Namespace(_) => "a PID namespace takes CAP_SYS_ADMIN: run as root, or let \
                `requires = [\"namespace:pid\"]` skip the spec elsewhere"
                .to_owned(),
            Refusal::Resources(_) => "`ulimit -u` and `ulimit -n` show the limits of this user".to_owned(),
        }
    }
}

/// The value of kernel.yama.ptrace_scope, where Yama is there.
pub fn yama_scope() -> Option<u32> {
    fs::read_to_string("/proc/sys/kernel/yama/ptrace_scope").ok()?.trim().parse().ok()
}
