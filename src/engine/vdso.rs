//! Hides the vDSO of a fresh image, so that calls which it answers without the kernel become real ones.
//! It must not know why somebody wants to see them.

use super::auxv::{AT_IGNORE, AT_SYSINFO_EHDR, entry};
use super::inspect::Inspect;
use super::stop::Edit;

/// What makes the C library believe that there is no vDSO, at the stop of an exec: the entry that tells its address is
/// one to be ignored. The vDSO stays mapped: unwinders look into it.
pub(super) fn hide(inspect: &dyn Inspect) -> Option<Edit> {
    let (addr, _) = entry(AT_SYSINFO_EHDR, inspect)?;
    Some(Edit::Write { addr, bytes: Box::new(AT_IGNORE.to_ne_bytes()) })
}
