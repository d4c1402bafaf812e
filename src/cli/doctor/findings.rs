//! What the facts about a machine mean for rinject: what works, and what it does without the rest.
//! It must not ask the machine anything.

use std::fmt::Write;
use std::io;

use crate::sys::TraceOffers;

/// Whether the kernel offers something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum State {
    There,
    /// With the errno, as words.
    Missing(String),
}

impl State {
    pub(super) fn of(tried: io::Result<()>) -> State {
        match tried {
            Ok(()) => State::There,
            Err(error) => match error.raw_os_error() {
                Some(libc::ENOSYS) => State::Missing("this kernel has none".to_owned()),
                Some(libc::ENODEV) => State::Missing("this processor cannot".to_owned()),
                Some(libc::EPERM | libc::EACCES) => State::Missing("refused".to_owned()),
                _ => State::Missing(error.to_string()),
            },
        }
    }

    fn allowed(there: bool) -> State {
        if there { State::There } else { State::Missing("refused".to_owned()) }
    }

    fn known(there: bool, since: &str) -> State {
        if there { State::There } else { State::Missing(format!("this kernel has none, Linux {since} has")) }
    }
}

/// What was seen of the machine.
#[derive(Clone, Debug)]
pub(super) struct Facts {
    pub(super) arch: String,
    pub(super) is_known_arch: bool,
    pub(super) release: String,
    pub(super) is_new_enough: bool,
    /// kernel.yama.ptrace_scope, where Yama is there.
    pub(super) yama: Option<u32>,
    pub(super) user: u32,
    /// CAP_SYS_PTRACE.
    pub(super) has_capability: bool,
    /// Whether a seccomp filter lies on rinject.
    pub(super) is_filtered: bool,
    /// The label that a security module has put on rinject, such as `docker-default (enforce)`.
    pub(super) label: Option<String>,
    /// SELinux's deny_ptrace.
    pub(super) denies_ptrace: bool,
    pub(super) offers: Offers,
}

/// What was tried out.
#[derive(Clone, Debug)]
pub(super) struct Offers {
    /// Or what refused, and what allows it.
    pub(super) traced: Result<TraceOffers, (String, String)>,
    pub(super) fixed_addresses: State,
    pub(super) seccomp_trace: State,
    pub(super) vm_readv: State,
    pub(super) kcmp: State,
    pub(super) pidfd: State,
    pub(super) pidfd_getfd: State,
    pub(super) io_uring: State,
    pub(super) cpuid_faults: State,
    pub(super) tsc_faults: State,
    pub(super) user_namespace: State,
    pub(super) pid_namespace: State,
    pub(super) time_namespace: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mark {
    /// There, or as good.
    Ok,
    /// Something that rinject can do without is not there.
    Less,
    /// Nothing can be run.
    No,
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Finding {
    pub(super) mark: Mark,
    pub(super) name: &'static str,
    pub(super) says: String,
}

/// Whether specs can be run.
pub(super) fn can_run(findings: &[Finding]) -> bool {
    findings.iter().all(|finding| finding.mark != Mark::No)
}

/// One line for each.
pub(super) fn text(findings: &[Finding]) -> String {
    findings.iter().fold(String::new(), |mut text, Finding { mark, name, says }| {
        let mark = match mark {
            Mark::Ok => "ok",
            Mark::Less => "--",
            Mark::No => "no",
        };
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{mark}  {name:<24} {says}");
        text
    })
}

/// What the facts mean, the most important first.
pub(super) fn of(facts: &Facts) -> Vec<Finding> {
    let mut findings = vec![
        needed("architecture", facts.is_known_arch, facts.arch.clone(), "rinject traces on x86_64 only"),
        needed("kernel", facts.is_new_enough, facts.release.clone(), "Linux 5.3 or later is needed"),
        children(facts),
        yama(facts),
        attaching(facts),
        filter(facts),
        security_modules(facts),
    ];
    findings.extend(offers(&facts.offers));
    findings
}

fn needed(name: &'static str, is_good: bool, says: String, otherwise: &str) -> Finding {
    if is_good {
        Finding { mark: Mark::Ok, name, says }
    } else {
        Finding { mark: Mark::No, name, says: format!("{says}: {otherwise}") }
    }
}

fn children(facts: &Facts) -> Finding {
    let name = "tracing a child";
    match &facts.offers.traced {
        Ok(_) => Finding { mark: Mark::Ok, name, says: "works, which is all that `run` needs".to_owned() },
        Err((refusal, help)) => Finding { mark: Mark::No, name, says: format!("{refusal}: {help}") },
    }
}

fn yama(facts: &Facts) -> Finding {
    let (mark, says) = match facts.yama {
        None => (Mark::Ok, "not there, so it forbids nothing"),
        Some(0) => (Mark::Ok, "0: every process of the same user may be attached to"),
        Some(1) if facts.has_capability => (Mark::Ok, "1: attaching needs CAP_SYS_PTRACE, which is there"),
        Some(1) => (
            Mark::Less,
            "1: `attach` works on own children, on processes that ask for it (PR_SET_PTRACER) and \
            with CAP_SYS_PTRACE; `sysctl kernel.yama.ptrace_scope=0` allows it for all of the same user",
        ),
        Some(2) if facts.has_capability => (Mark::Ok, "2: attaching needs CAP_SYS_PTRACE, which is there"),
        Some(2) => (
            Mark::Less,
            "2: `attach` needs CAP_SYS_PTRACE; `sysctl kernel.yama.ptrace_scope=0` allows it to \
            everybody",
        ),
        Some(_) => {
            (Mark::No, "3: nobody may trace, and only the next boot can change that; `sysctl.d` may set it then")
        }
    };
    Finding { mark, name: "Yama", says: says.to_owned() }
}

fn attaching(facts: &Facts) -> Finding {
    let name = "attaching";
    if facts.offers.traced.is_err() || facts.yama.is_some_and(|scope| scope >= 3) {
        return Finding { mark: Mark::Less, name, says: "not possible where no child can be traced".to_owned() };
    }
    if facts.has_capability {
        let says = "CAP_SYS_PTRACE is there: processes of all users of this user namespace, dumpable or not";
        return Finding { mark: Mark::Ok, name, says: says.to_owned() };
    }
    let says = format!(
        "processes of the user {} that are dumpable and have no more capabilities; as root, or with CAP_SYS_PTRACE \
         (`setcap cap_sys_ptrace+ep rinject`), all",
        facts.user
    );
    Finding { mark: Mark::Less, name, says }
}

fn filter(facts: &Facts) -> Finding {
    let says = if facts.is_filtered {
        "one lies on rinject, and on all that it runs: calls that it refuses are refused there, too"
    } else {
        "none lies on rinject"
    };
    let mark = if facts.is_filtered { Mark::Less } else { Mark::Ok };
    Finding { mark, name: "seccomp profile", says: says.to_owned() }
}

fn security_modules(facts: &Facts) -> Finding {
    let (mark, says) = match facts.label.as_deref() {
        _ if facts.denies_ptrace => {
            (Mark::Less, "SELinux denies ptrace to all: `setsebool deny_ptrace off`".to_owned())
        }
        None => (Mark::Ok, "no AppArmor or SELinux label on rinject".to_owned()),
        // The name of AppArmor's absence of a profile, and the beginning of SELinux's users without limits.
        Some(label) if label.starts_with("unconfined") => (Mark::Ok, format!("rinject runs as `{label}`")),
        Some(label) => {
            let says =
                format!("rinject runs as `{label}`, which may forbid to attach to what runs under another label");
            (Mark::Less, says)
        }
    };
    Finding { mark, name: "security modules", says }
}

/// How rinject does with or without something.
enum Use {
    /// It cannot do without.
    Needed,
    /// What it does instead.
    Helps(&'static str),
    /// It is not used; what is so in any case.
    Unused(&'static str),
}

fn offers(offers: &Offers) -> Vec<Finding> {
    let mut all = Vec::new();
    if let Ok(traced) = &offers.traced {
        all.extend([
            offer("PTRACE_GET_SYSCALL_INFO", &State::known(traced.tells_calls, "5.3"), &Use::Needed),
            offer(
                "PTRACE_SET_SYSCALL_INFO",
                &State::known(traced.changes_calls, "6.16"),
                &Use::Unused("calls are changed in registers"),
            ),
            offer("PTRACE_POKEDATA", &State::allowed(traced.pokes_text), &Use::Helps(
                "breakpoints need `hardware = true`",
            )),
            offer("/proc/PID/mem", &State::allowed(traced.writes_text), &Use::Helps(
                "memory that the target has mapped for reading only is not edited: such a rule counts as not fired",
            )),
            debug_registers(traced.debug_registers),
        ]);
    }
    all.extend([
        offer(
            "fixed addresses",
            &offers.fixed_addresses,
            &Use::Helps("addresses differ from run to run; a seccomp profile that allows personality(2) mends it"),
        ),
        offer(
            "seccomp RET_TRACE",
            &offers.seccomp_trace,
            &Use::Helps("`[trace] filter = \"ptrace\"` is needed, which stops every call and is slower"),
        ),
        offer(
            "process_vm_readv",
            &offers.vm_readv,
            &Use::Helps("memory is read through /proc/PID/mem, which is slower"),
        ),
        offer("kcmp", &offers.kcmp, &Use::Helps("faithful faults take duplicates of a descriptor for other files")),
        offer("pidfd_open", &offers.pidfd, &Use::Helps("no time limit ends a run")),
        offer(
            "pidfd_getfd",
            &offers.pidfd_getfd,
            &Use::Helps("time limits of sockets are not seen: faithful faults take them to have none"),
        ),
        io_uring(&offers.io_uring),
        offer("cpuid faulting", &offers.cpuid_faults, &Use::Unused("programs see the processor there is")),
        offer(
            "rdtsc faulting",
            &offers.tsc_faults,
            &Use::Helps("`time = \"virtual\"` does not hold for programs that read the counter of the processor"),
        ),
        offer(
            "user namespaces",
            &offers.user_namespace,
            &Use::Unused("programs run as the user that rinject runs as"),
        ),
        offer("pid namespaces", &offers.pid_namespace, &Use::Unused("programs see true pids; transcripts name them")),
        offer("time namespaces", &offers.time_namespace, &Use::Unused("programs see the true time since boot")),
    ]);
    all
}

fn offer(name: &'static str, state: &State, used: &Use) -> Finding {
    let (mark, says) = match (state, used) {
        (State::There, Use::Needed | Use::Helps(_)) => (Mark::Ok, "there".to_owned()),
        (State::There, Use::Unused(so)) => (Mark::Ok, format!("there, not used: {so}")),
        (State::Missing(why), Use::Needed) => (Mark::No, format!("missing ({why}), and needed")),
        (State::Missing(why), Use::Helps(instead)) => (Mark::Less, format!("missing ({why}): {instead}")),
        (State::Missing(why), Use::Unused(so)) => (Mark::Less, format!("missing ({why}), not used: {so}")),
    };
    Finding { mark, name, says }
}

fn io_uring(state: &State) -> Finding {
    let says = match state {
        State::There => {
            "there, and its calls cannot be seen: `io-uring = \"deny\"`, the default, refuses it".to_owned()
        }
        State::Missing(why) => format!("missing ({why}), so nothing is hidden there"),
    };
    Finding { mark: Mark::Ok, name: "io_uring", says }
}

fn debug_registers(number: usize) -> Finding {
    let (mark, says) = match number {
        0 => (Mark::Less, "none: `watch` and `hardware = true` are refused when the run begins".to_owned()),
        4 => (Mark::Ok, "4, for `watch` and `hardware = true`".to_owned()),
        fewer => (Mark::Less, format!("{fewer} of 4, for `watch` and `hardware = true`")),
    };
    Finding { mark, name: "debug registers", says }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A machine that offers everything, to root.
    fn able() -> Facts {
        let traced = TraceOffers {
            tells_calls: true,
            changes_calls: true,
            pokes_text: true,
            writes_text: true,
            debug_registers: 4,
        };
        let there = || State::There;
        Facts {
            arch: "x86_64".into(),
            is_known_arch: true,
            release: "6.16.0".into(),
            is_new_enough: true,
            yama: None,
            user: 0,
            has_capability: true,
            is_filtered: false,
            label: None,
            denies_ptrace: false,
            offers: Offers {
                traced: Ok(traced),
                fixed_addresses: there(),
                seccomp_trace: there(),
                vm_readv: there(),
                kcmp: there(),
                pidfd: there(),
                pidfd_getfd: there(),
                io_uring: there(),
                cpuid_faults: there(),
                tsc_faults: there(),
                user_namespace: there(),
                pid_namespace: there(),
                time_namespace: there(),
            },
        }
    }

    /// What is not well on a machine that offers everything but this.
    #[track_caller]
    fn check(change: impl FnOnce(&mut Facts), can: bool, expected: &[&str]) {
        let mut facts = able();
        change(&mut facts);
        let findings = of(&facts);
        assert_eq!(can_run(&findings), can);
        let text = text(&findings);
        let bad: Vec<&str> = text.lines().filter(|line| !line.starts_with("ok  ")).collect();
        assert_eq!(bad, expected);
    }

    #[test]
    fn a_machine_that_offers_everything_is_well() {
        check(|_| (), true, &[]);
        let text = text(&of(&able()));
        assert!(text.starts_with("ok  architecture             x86_64\n"), "{text}");
        assert!(text.contains("ok  cpuid faulting           there, not used: programs see the processor there is\n"));
    }

    #[test]
    fn what_cannot_be_done_without_is_told_apart() {
        check(
            |facts| (facts.is_new_enough, facts.release) = (false, "4.19.0".into()),
            false,
            &["no  kernel                   4.19.0: Linux 5.3 or later is needed"],
        );
        check(
            |facts| facts.offers.traced = Err(("a filter forbids ptrace".into(), "lift it".into())),
            false,
            &[
                "no  tracing a child          a filter forbids ptrace: lift it",
                "--  attaching                not possible where no child can be traced",
            ],
        );
    }

    #[test]
    fn what_is_missing_has_a_substitute() {
        check(
            |facts| facts.offers.kcmp = State::of(Err(io::Error::from_raw_os_error(libc::ENOSYS))),
            true,
            &["--  kcmp                     missing (this kernel has none): faithful faults take duplicates of a \
               descriptor for other files"],
        );
        check(
            |facts| facts.offers.cpuid_faults = State::of(Err(io::Error::from_raw_os_error(libc::ENODEV))),
            true,
            &["--  cpuid faulting           missing (this processor cannot), not used: programs see the processor \
               there is"],
        );
        check(
            |facts| facts.offers.vm_readv = State::of(Err(io::Error::from_raw_os_error(libc::EPERM))),
            true,
            &[
                "--  process_vm_readv         missing (refused): memory is read through /proc/PID/mem, which is slower",
            ],
        );
    }

    #[test]
    fn labels_of_security_modules_are_told() {
        for label in ["unconfined", "unconfined_u:unconfined_r:unconfined_t:s0"] {
            check(|facts| facts.label = Some(label.into()), true, &[]);
        }
        check(
            |facts| facts.label = Some("docker-default (enforce)".into()),
            true,
            &[
                "--  security modules         rinject runs as `docker-default (enforce)`, which may forbid to attach to \
               what runs under another label",
            ],
        );
        check(
            |facts| facts.denies_ptrace = true,
            true,
            &["--  security modules         SELinux denies ptrace to all: `setsebool deny_ptrace off`"],
        );
    }

    #[test]
    fn yama_matters_to_those_without_the_capability() {
        for scope in 0..3 {
            check(|facts| facts.yama = Some(scope), true, &[]);
        }
        let mut facts = able();
        (facts.has_capability, facts.user, facts.yama) = (false, 1000, Some(1));
        let told = text(&of(&facts));
        assert!(told.contains("--  Yama                     1: `attach` works on own children"), "{told}");
        assert!(told.contains("--  attaching                processes of the user 1000 that are dumpable"), "{told}");
        facts.yama = Some(3);
        assert!(!can_run(&of(&facts)));
    }
}
