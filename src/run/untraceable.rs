//! Why a process may not be traced, as a function of facts. It must not read them.

use std::fmt;

use super::barrier::Barrier;

/// What is known of rinject, of the machine and of the process that it wanted to attach to.
#[derive(Clone, Debug, Default)]
pub(super) struct Facts {
    /// The process that was asked for.
    pub(super) pid: i32,
    /// What it calls itself; `None` where there is no such process.
    pub(super) name: Option<String>,
    /// The process that it is a thread of, where it is none itself.
    pub(super) thread_of: Option<i32>,
    /// Whether it is rinject.
    pub(super) is_self: bool,
    /// Whether it has ended and waits for its parent to ask how.
    pub(super) is_zombie: bool,
    /// Whether it is a thread of the kernel.
    pub(super) is_kernel: bool,
    /// Who traces it, with its name.
    pub(super) tracer: Option<(i32, String)>,
    /// The user of rinject.
    pub(super) own_user: u32,
    /// The users of the process: real, effective, saved.
    pub(super) users: Vec<u32>,
    /// Whether the groups are also the same.
    pub(super) same_groups: bool,
    /// Whether rinject has CAP_SYS_PTRACE.
    pub(super) has_capability: bool,
    /// Whether the process is in another user namespace.
    pub(super) other_namespace: bool,
    /// Whether the process has capabilities that rinject has not.
    pub(super) more_capabilities: bool,
    /// Whether rinject may look into the process (PTRACE_MODE_READ): that asks for all but Yama.
    pub(super) is_readable: bool,
    /// kernel.yama.ptrace_scope, where Yama is there.
    pub(super) yama: Option<u32>,
    /// Whether the process is a child of rinject, or of a child.
    pub(super) is_descendant: bool,
    /// Why not even a child can be traced, where that is so.
    pub(super) barrier: Option<Barrier>,
    /// The errno of ptrace(2), as words.
    pub(super) error: String,
}

/// What refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Cause {
    Gone,
    Thread(i32),
    Oneself,
    Kernel,
    Zombie,
    Traced(i32, String),
    NoChildren(Barrier),
    Yama(u32),
    OtherUser(u32),
    OtherNamespace,
    MoreCapabilities,
    NotDumpable,
    Unknown,
}

/// The cause, in the order in which it explains the others away.
pub(super) fn cause(facts: &Facts) -> Cause {
    if facts.name.is_none() {
        return Cause::Gone;
    }
    if let Some(process) = facts.thread_of {
        return Cause::Thread(process);
    }
    if facts.is_self {
        return Cause::Oneself;
    }
    if facts.is_kernel {
        return Cause::Kernel;
    }
    if facts.is_zombie {
        return Cause::Zombie;
    }
    if let Some((pid, name)) = &facts.tracer {
        return Cause::Traced(*pid, name.clone());
    }
    if facts.yama.is_some_and(|scope| scope >= 3) {
        return Cause::Yama(3);
    }
    if let Some(barrier) = &facts.barrier {
        return Cause::NoChildren(barrier.clone());
    }
    if facts.has_capability {
        return if facts.other_namespace { Cause::OtherNamespace } else { Cause::Unknown };
    }
    let same_user = facts.users.iter().all(|user| *user == facts.own_user) && facts.same_groups;
    if !same_user {
        let other = facts.users.iter().find(|user| **user != facts.own_user);
        return Cause::OtherUser(other.copied().unwrap_or(facts.own_user));
    }
    if facts.other_namespace {
        return Cause::OtherNamespace;
    }
    if facts.more_capabilities {
        return Cause::MoreCapabilities;
    }
    if !facts.is_readable {
        return Cause::NotDumpable;
    }
    match facts.yama {
        Some(1) if !facts.is_descendant => Cause::Yama(1),
        Some(2) => Cause::Yama(2),
        _ => Cause::Unknown,
    }
}

/// Why a process could not be attached to.
#[derive(Debug)]
pub struct Untraceable {
    facts: Facts,
    cause: Cause,
}

impl Untraceable {
    pub(super) fn new(facts: Facts) -> Untraceable {
        let cause = cause(&facts);
        Untraceable { facts, cause }
    }

    /// What allows it.
    pub(super) fn help(&self) -> String {
        let as_root = "run rinject as root, or give it CAP_SYS_PTRACE (`setcap cap_sys_ptrace+ep rinject`)";
        match &self.cause {
            Cause::Gone => {
                "`ps -e` lists the processes there are; in a container, those of its own pid namespace".into()
            }
            Cause::Thread(process) => format!("name the process, {process}: all its threads are attached to"),
            Cause::Oneself => "name another process".into(),
            Cause::Kernel => "name a process of a program".into(),
            Cause::Zombie => "name one that runs".into(),
            Cause::Traced(pid, name) => {
                format!("a process has one tracer at a time: end `{name}` ({pid}), or have it detach")
            }
            Cause::NoChildren(barrier) => barrier.help(),
            Cause::Yama(1) => format!(
                "`sysctl kernel.yama.ptrace_scope=0` allows all processes of one's own, prctl(PR_SET_PTRACER) in the \
                 process itself allows this one; or {as_root}"
            ),
            Cause::Yama(2) => format!("{as_root}; `sysctl kernel.yama.ptrace_scope=0` allows it to everybody"),
            Cause::Yama(_) => "only the next boot can change that; `sysctl.d` may set it then".into(),
            Cause::OtherUser(user) => format!("{as_root}, or as the user {user}"),
            Cause::OtherNamespace => {
                "run rinject inside of that namespace (`nsenter --user --target PID`), or as root \
                of one that contains it"
                    .into()
            }
            Cause::MoreCapabilities | Cause::NotDumpable => as_root.into(),
            Cause::Unknown => "a security module such as SELinux or AppArmor may; `rinject doctor` shows what this \
                machine allows"
                .into(),
        }
    }
}

impl fmt::Display for Untraceable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pid = self.facts.pid;
        match &self.facts.name {
            Some(name) => write!(f, "cannot attach to process {pid} (`{name}`): ")?,
            None => write!(f, "cannot attach to process {pid}: ")?,
        }
        match &self.cause {
            Cause::Gone => f.write_str("there is no such process"),
            Cause::Thread(process) => write!(f, "it is a thread of process {process}"),
            Cause::Oneself => f.write_str("it is rinject itself, and no process can trace itself"),
            Cause::Kernel => f.write_str("it is a thread of the kernel"),
            Cause::Zombie => f.write_str("it has ended already, and waits for its parent to ask how (a zombie)"),
            Cause::Traced(tracer, name) => write!(f, "process {tracer} (`{name}`) traces it already"),
            Cause::NoChildren(barrier) => barrier.fmt(f),
            Cause::Yama(1) => f.write_str("Yama allows it for one's own children only (kernel.yama.ptrace_scope = 1)"),
            Cause::Yama(2) => f.write_str("Yama allows it with CAP_SYS_PTRACE only (kernel.yama.ptrace_scope = 2)"),
            Cause::Yama(_) => f.write_str("Yama forbids it to everybody (kernel.yama.ptrace_scope = 3)"),
            Cause::OtherUser(user) => {
                write!(f, "it belongs to the user {user}, and rinject runs as {}", self.facts.own_user)
            }
            Cause::OtherNamespace => f.write_str("it is in another user namespace"),
            Cause::MoreCapabilities => f.write_str("it has capabilities that rinject has not"),
            Cause::NotDumpable => f.write_str(
                "it is not dumpable: it has asked for that (PR_SET_DUMPABLE), has changed its user, or runs a file that \
                 this user cannot read",
            ),
            Cause::Unknown => write!(f, "the kernel refused: {}", self.facts.error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One's own process, which nothing forbids.
    fn allowed() -> Facts {
        Facts {
            pid: 7,
            name: Some("kv".into()),
            own_user: 1000,
            users: vec![1000, 1000, 1000],
            same_groups: true,
            is_readable: true,
            error: "Operation not permitted".into(),
            ..Facts::default()
        }
    }

    #[track_caller]
    fn check(facts: Facts, expected: Cause) {
        assert_eq!(cause(&facts), expected);
    }

    #[test]
    fn what_the_process_is_comes_first() {
        let filtered = Facts { barrier: Some(Barrier::Filter), ..allowed() };
        check(Facts { name: None, ..filtered.clone() }, Cause::Gone);
        check(Facts { thread_of: Some(6), is_self: true, ..filtered.clone() }, Cause::Thread(6));
        check(Facts { is_self: true, ..filtered.clone() }, Cause::Oneself);
        check(Facts { is_kernel: true, ..filtered.clone() }, Cause::Kernel);
        check(Facts { is_zombie: true, ..filtered.clone() }, Cause::Zombie);
        check(Facts { tracer: Some((9, "gdb".into())), ..filtered }, Cause::Traced(9, "gdb".into()));
    }

    #[test]
    fn who_traces_no_child_traces_nobody() {
        for barrier in [Barrier::Tracer(9, "strace".into()), Barrier::Filter, Barrier::Module] {
            let facts = Facts { barrier: Some(barrier.clone()), users: vec![0], ..allowed() };
            check(facts, Cause::NoChildren(barrier));
        }
        check(Facts { barrier: Some(Barrier::Filter), yama: Some(3), ..allowed() }, Cause::Yama(3));
        check(Facts { has_capability: true, yama: Some(3), ..allowed() }, Cause::Yama(3));
    }

    #[test]
    fn users_come_before_yama() {
        check(Facts { users: vec![1000, 0, 1000], yama: Some(1), ..allowed() }, Cause::OtherUser(0));
        check(Facts { same_groups: false, ..allowed() }, Cause::OtherUser(1000));
        check(Facts { is_readable: false, yama: Some(1), ..allowed() }, Cause::NotDumpable);
        check(Facts { more_capabilities: true, is_readable: false, ..allowed() }, Cause::MoreCapabilities);
        check(Facts { other_namespace: true, ..allowed() }, Cause::OtherNamespace);
    }

    #[test]
    fn yama_forbids_by_its_scope() {
        check(Facts { yama: Some(0), ..allowed() }, Cause::Unknown);
        check(Facts { yama: Some(1), ..allowed() }, Cause::Yama(1));
        check(Facts { yama: Some(1), is_descendant: true, ..allowed() }, Cause::Unknown);
        check(Facts { yama: Some(2), is_descendant: true, ..allowed() }, Cause::Yama(2));
    }

    #[test]
    fn a_capability_is_stopped_by_namespaces_alone() {
        let able = Facts { has_capability: true, users: vec![5], is_readable: false, yama: Some(2), ..allowed() };
        check(able.clone(), Cause::Unknown);
        check(Facts { other_namespace: true, ..able }, Cause::OtherNamespace);
    }

    #[test]
    fn every_cause_has_words_of_its_own() {
        let causes = [
            Cause::Gone,
            Cause::Thread(6),
            Cause::Oneself,
            Cause::Kernel,
            Cause::Zombie,
            Cause::Traced(9, "gdb".into()),
            Cause::NoChildren(Barrier::Tracer(9, "strace".into())),
            Cause::NoChildren(Barrier::Filter),
            Cause::NoChildren(Barrier::Module),
            Cause::Yama(1),
            Cause::Yama(2),
            Cause::Yama(3),
            Cause::OtherUser(0),
            Cause::OtherNamespace,
            Cause::MoreCapabilities,
            Cause::NotDumpable,
            Cause::Unknown,
        ];
        let words = |cause: &Cause| Untraceable { facts: allowed(), cause: cause.clone() };
        let told: std::collections::BTreeSet<String> = causes.iter().map(|cause| words(cause).to_string()).collect();
        assert_eq!(told.len(), causes.len());
        assert!(causes.iter().all(|cause| !words(cause).help().is_empty()));
    }
}
