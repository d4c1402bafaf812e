//! What is known of a process that may not be traced, read from /proc. It must not draw conclusions.

use super::barrier::Barrier;
use super::refusal::yama_scope;
use super::untraceable::Facts;
use crate::abi::TaskId;
use crate::sys;
use crate::sys::procfs::{self, RunState};
use crate::tracer::SeizeError;

/// CAP_SYS_PTRACE (linux/capability.h).
const CAP_SYS_PTRACE: u32 = 19;

/// PF_KTHREAD in the flags of proc_pid_stat(5) (linux/sched.h).
const KERNEL_THREAD: u64 = 0x0020_0000;

/// Everything that explains why `process` may not be attached to.
pub(super) fn gather(process: TaskId, error: SeizeError) -> Facts {
    let own = TaskId(std::process::id() as i32);
    let numbers = |task: TaskId, field: &str| -> Vec<u32> {
        let line = procfs::status_field(task, field).unwrap_or_default();
        line.split_whitespace().filter_map(|word| word.parse().ok()).collect()
    };
    let users = numbers(process, "Uid");
    let groups = numbers(process, "Gid");
    let own_group = nix::unistd::getgid().as_raw();
    let own_capabilities = own_capabilities();
    let has_capability = has_ptrace_capability();
    let namespace = |task: TaskId| procfs::link(task, "ns/user");
    Facts {
        pid: process.0,
        name: (error != SeizeError::Gone || users.len() > 1).then(|| procfs::name(process)).flatten(),
        thread_of: procfs::process_of(process).filter(|other| *other != process).map(|other| other.0),
        is_self: error == SeizeError::Oneself,
        is_zombie: procfs::run_state(process) == RunState::Zombie,
        is_kernel: procfs::flags(process).is_some_and(|flags| flags & KERNEL_THREAD != 0),
        tracer: tracer(process),
        own_user: nix::unistd::getuid().as_raw(),
        users: users.into_iter().take(3).collect(),
        same_groups: groups.iter().take(3).all(|group| *group == own_group),
        has_capability,
        // Whom the capability does not help to read it, it belongs to another one.
        other_namespace: namespace(process)
            .map_or(has_capability, |other| namespace(own).is_some_and(|mine| mine != other)),
        more_capabilities: capabilities(process, "CapPrm") & !own_capabilities != 0,
        is_readable: procfs::link(process, "exe").is_some(),
        yama: yama_scope(),
        is_descendant: is_descendant(process, own),
        barrier: (error == SeizeError::Forbidden && sys::probe_tracing().is_err()).then(barrier),
        error: match error {
            SeizeError::Forbidden => "operation not permitted".to_owned(),
            SeizeError::Gone | SeizeError::Oneself => error.to_string(),
        },
    }
}

/// What keeps rinject from tracing a child, once that has been refused.
pub(super) fn barrier() -> Barrier {
    match tracer(TaskId(std::process::id() as i32)) {
        Some((pid, name)) => Barrier::Tracer(pid, name),
        None if is_filtered() => Barrier::Filter,
        None => Barrier::Module,
    }
}

/// Who traces `process`, with its name.
fn tracer(process: TaskId) -> Option<(i32, String)> {
    let task = procfs::status_field(process, "TracerPid")?.parse().ok().filter(|pid| *pid != 0)?;
    // The thread that traces is told; its process is what can be ended.
    let tracer = procfs::process_of(TaskId(task)).unwrap_or(TaskId(task));
    Some((tracer.0, procfs::name(tracer).unwrap_or_else(|| "?".to_owned())))
}

fn capabilities(task: TaskId, field: &str) -> u64 {
    procfs::status_field(task, field).and_then(|hex| u64::from_str_radix(&hex, 16).ok()).unwrap_or(0)
}

fn own_capabilities() -> u64 {
    capabilities(TaskId(std::process::id() as i32), "CapEff")
}

/// Whether this process has CAP_SYS_PTRACE.
pub fn has_ptrace_capability() -> bool {
    own_capabilities() & 1 << CAP_SYS_PTRACE != 0
}

/// Whether a seccomp filter lies on this process.
pub fn is_filtered() -> bool {
    let own = TaskId(std::process::id() as i32);
    procfs::status_field(own, "Seccomp").is_some_and(|mode| mode == "2")
}

fn is_descendant(process: TaskId, of: TaskId) -> bool {
    let parent = |task: TaskId| procfs::status_field(task, "PPid").and_then(|pid| pid.parse().ok()).map(TaskId);
    let mut ancestors = std::iter::successors(Some(process), |task| parent(*task).filter(|parent| parent.0 > 0));
    ancestors.any(|ancestor| ancestor == of)
}
