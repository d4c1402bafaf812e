//! What keeps rinject from tracing even a child of its own.

use std::fmt;

/// What keeps rinject from tracing even a child of its own. Every user may trace a child that has changed nothing, so it
/// is none of what a process can be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Barrier {
    /// This process, of this name, traces rinject, and so what rinject starts: a process has one tracer at a time.
    Tracer(i32, String),
    /// A seccomp filter lies on rinject.
    Filter,
    /// None of them: a security module.
    Module,
}

impl Barrier {
    /// What takes it away.
    pub(super) fn help(&self) -> String {
        match self {
            Barrier::Tracer(pid, name) => format!(
                "run rinject without `{name}` ({pid}), or have it leave children alone (`strace` without `-f`, gdb with \
                 `set follow-fork-mode parent` and `set detach-on-fork on`)"
            ),
            Barrier::Filter => {
                "run the container with `--cap-add=SYS_PTRACE`, or with `--security-opt seccomp=unconfined`".into()
            }
            Barrier::Module => {
                "SELinux: `setsebool deny_ptrace off`; AppArmor: a profile with `ptrace (trace)`".into()
            }
        }
    }
}

impl fmt::Display for Barrier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Barrier::Tracer(pid, name) => write!(f, "`{name}` ({pid}) traces rinject and what it starts"),
            Barrier::Filter => {
                f.write_str("the seccomp profile that lies on rinject forbids ptrace, as containers' profiles do")
            }
            Barrier::Module => f.write_str("a security module forbids ptrace, even of children"),
        }
    }
}
