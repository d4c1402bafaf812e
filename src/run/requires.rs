//! Whether this machine has what a spec requires.

use std::path::Path;

use crate::abi::Arch;

/// The first requirement that is not met here, in words; `None` if all are. Their form was checked before.
pub fn unmet<'a>(requirements: impl Iterator<Item = &'a str>) -> Option<String> {
    requirements.into_iter().find_map(unmet_one)
}

fn unmet_one(requirement: &str) -> Option<String> {
    if let Some(arch) = requirement.strip_prefix("arch:") {
        let host = Arch::host().map_or(std::env::consts::ARCH, Arch::name);
        return (host != arch).then(|| format!("requires the architecture {arch}, this is {host}"));
    }
    if let Some(program) = requirement.strip_prefix("program:") {
        return (!has_program(program)).then(|| format!("requires the program `{program}`, which is not installed"));
    }
    if requirement == "namespace:pid" {
        let refused = crate::sys::probe_pid_namespace().err();
        return refused.map(|error| format!("requires a PID namespace, which takes CAP_SYS_ADMIN: {error}"));
    }
    if let Some(wanted) = requirement.strip_prefix("kernel>=") {
        let release = kernel_release();
        return (version(&release) < version(wanted)).then(|| format!("requires Linux {wanted}, this is {release}"));
    }
    None
}

fn has_program(program: &str) -> bool {
    use std::os::unix::fs::PermissionsExt;
    let executable =
        |path: &Path| path.metadata().is_ok_and(|data| data.is_file() && data.permissions().mode() & 0o111 != 0);
    if program.contains('/') {
        return executable(Path::new(program));
    }
    // Where a target's program is looked up, whatever the caller's own PATH is.
    ["/usr/local/bin", "/usr/bin", "/bin"].iter().any(|folder| executable(&Path::new(folder).join(program)))
}

fn kernel_release() -> String {
    let release = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    release.trim().to_owned()
}

/// The numbers at the start of a release, such as 6 and 1 of `6.1.0-13-amd64`.
fn version(release: &str) -> (u32, u32) {
    let mut numbers = release.split(|c: char| !c.is_ascii_digit()).map(|part| part.parse().unwrap_or(0));
    (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn releases_compare_by_number() {
        assert!(version("6.1.0-13-amd64") > version("5.10"));
        assert!(version("5.3") < version("5.11.2"));
    }

    #[test]
    fn what_is_missing_is_named() {
        assert_eq!(unmet(["program:sh", "kernel>=2.6"].into_iter()), None);
        let reason = unmet(["program:no-such-program"].into_iter()).unwrap();
        assert!(reason.contains("no-such-program"), "{reason}");
        assert!(unmet(["kernel>=999.0"].into_iter()).is_some());
        assert!(unmet(["arch:pdp11"].into_iter()).is_some());
    }
}
