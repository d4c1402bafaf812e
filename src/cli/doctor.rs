//! `rinject doctor`: what this machine allows, and how to allow more.

use super::args::Global;
use super::exit_status::ExitStatus;
use super::terminal::print;
use crate::abi::Arch;
use crate::run::{Refusal, yama_scope};
use crate::sys;

/// One thing that was looked at.
struct Finding {
    name: &'static str,
    is_good: bool,
    says: String,
}

pub(super) fn main(_global: &Global) -> ExitStatus {
    let findings = [architecture(), kernel(), ptrace(), yama(), syscall_info()];
    let text: String = findings
        .iter()
        .map(|finding| {
            format!("{:<4} {:<22} {}\n", if finding.is_good { "ok" } else { "no" }, finding.name, finding.says)
        })
        .collect();
    let able = findings.iter().all(|finding| finding.is_good);
    match print(text) {
        Err(status) => status,
        Ok(()) if able => ExitStatus::Passed,
        Ok(()) => ExitStatus::Unable,
    }
}

fn architecture() -> Finding {
    let is_good = Arch::host() == Some(Arch::X86_64);
    Finding { name: "architecture", is_good, says: std::env::consts::ARCH.to_owned() }
}

fn kernel() -> Finding {
    let release = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let is_good = crate::run::unmet(["kernel>=5.3"].into_iter()).is_none();
    Finding { name: "kernel, 5.3 at least", is_good, says: release.trim().to_owned() }
}

fn ptrace() -> Finding {
    match sys::probe_tracing() {
        Ok(()) => Finding { name: "ptrace and seccomp", is_good: true, says: "a child can be traced".to_owned() },
        Err(error) => {
            let refusal = Refusal::from(crate::tracer::TraceError::Spawn(error));
            Finding { name: "ptrace and seccomp", is_good: false, says: format!("{refusal}: {}", refusal.help()) }
        }
    }
}

fn yama() -> Finding {
    let scope = yama_scope();
    let says = match scope {
        None => "not there".to_owned(),
        Some(0) => "0: any process of the same user may be traced".to_owned(),
        Some(1) => "1: own children may be traced, which is all that `run` needs".to_owned(),
        Some(2) => "2: only with CAP_SYS_PTRACE; `sysctl kernel.yama.ptrace_scope=1` allows own children".to_owned(),
        Some(scope) => format!("{scope}: nobody may trace until the next boot"),
    };
    Finding { name: "Yama", is_good: scope.is_none_or(|scope| scope < 3), says }
}

fn syscall_info() -> Finding {
    let is_good = sys::probe_syscall_info();
    let says =
        if is_good { "PTRACE_GET_SYSCALL_INFO is there" } else { "PTRACE_GET_SYSCALL_INFO is missing (Linux 5.3)" };
    Finding { name: "syscall info", is_good, says: says.to_owned() }
}
