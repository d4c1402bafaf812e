//! Ways to ask for the time that are no system calls: the vDSO of a fresh image is hidden, so that calls which it answers
//! without the kernel become real ones; the page of vsyscalls is told apart.
//! It must not know why somebody wants to see them.

use super::auxv::{AT_IGNORE, AT_SYSINFO_EHDR, entry};
use super::inspect::Inspect;
use super::stop::{Edit, RawCall};
use crate::abi::Arch;

/// Where old programs call the kernel instead of making a call (vsyscall, "Documentation/arch/x86").
const VSYSCALLS: std::ops::Range<u64> = 0xffff_ffff_ff60_0000..0xffff_ffff_ff60_1000;

/// What makes the C library believe that there is no vDSO, at the stop of an exec: the entry that tells its address is
/// one to be ignored. The vDSO stays mapped: unwinders look into it.
pub(super) fn hide(inspect: &dyn Inspect) -> Option<Edit> {
    let (addr, _) = entry(AT_SYSINFO_EHDR, inspect)?;
    Some(Edit::Write { addr, bytes: Box::new(AT_IGNORE.to_ne_bytes()) })
}

/// Whether a call is made through the page of vsyscalls: it stops at its entry for a filter, and never at an exit.
pub(super) fn is_vsyscall(raw: &RawCall) -> bool {
    raw.arch == Arch::X86_64 && VSYSCALLS.contains(&raw.ip)
}
