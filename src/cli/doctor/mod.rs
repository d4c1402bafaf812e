//! `rinject doctor`: what this machine allows, and how to allow more.
//! What it all means is in `findings`; here the machine is asked.

mod findings;

use findings::{Facts, Offers, State};

use super::args::Global;
use super::exit_status::ExitStatus;
use super::terminal::print;
use crate::abi::Arch;
use crate::run::{Refusal, has_ptrace_capability, is_filtered, yama_scope};
use crate::sys::{self, Namespace};

pub(super) fn main(_global: &Global) -> ExitStatus {
    let findings = findings::of(&facts());
    match print(findings::text(&findings)) {
        Err(status) => status,
        Ok(()) if findings::can_run(&findings) => ExitStatus::Passed,
        Ok(()) => ExitStatus::Unable,
    }
}

fn facts() -> Facts {
    let release = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let traced = sys::probe_tracing().map_err(|error| {
        let refusal = Refusal::from(crate::tracer::TraceError::Spawn(error));
        (refusal.to_string(), refusal.help())
    });
    Facts {
        arch: std::env::consts::ARCH.to_owned(),
        is_known_arch: Arch::host() == Some(Arch::X86_64),
        release: release.trim().to_owned(),
        is_new_enough: crate::run::unmet(["kernel>=5.3"].into_iter()).is_none(),
        yama: yama_scope(),
        user: nix::unistd::getuid().as_raw(),
        has_capability: has_ptrace_capability(),
        is_filtered: is_filtered(),
        label: label(),
        denies_ptrace: denies_ptrace(),
        offers: Offers {
            traced,
            fixed_addresses: State::of(sys::probe_fixed_addresses()),
            seccomp_trace: State::of(sys::probe_seccomp_trace()),
            vm_readv: State::of(sys::probe_vm_readv()),
            kcmp: State::of(sys::probe_kcmp()),
            pidfd: State::of(sys::probe_pidfd()),
            pidfd_getfd: State::of(sys::probe_pidfd_getfd()),
            io_uring: State::of(sys::probe_io_uring()),
            cpuid_faults: State::of(sys::probe_cpuid_faults()),
            tsc_faults: State::of(sys::probe_tsc_faults()),
            user_namespace: State::of(sys::probe_namespace(Namespace::User)),
            pid_namespace: State::of(sys::probe_namespace(Namespace::Pid)),
            time_namespace: State::of(sys::probe_namespace(Namespace::Time)),
        },
    }
}

/// The label of this process (apparmor(7), selinux(8)); where there is no such module reading it fails.
fn label() -> Option<String> {
    let label = std::fs::read_to_string("/proc/self/attr/current").ok()?;
    Some(label.trim_end_matches(['\0', '\n']).to_owned()).filter(|label| !label.is_empty())
}

/// SELinux's boolean deny_ptrace: its value, and the one that is about to hold.
fn denies_ptrace() -> bool {
    std::fs::read_to_string("/sys/fs/selinux/booleans/deny_ptrace").is_ok_and(|value| value.starts_with('1'))
}
