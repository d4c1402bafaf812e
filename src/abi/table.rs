//! Stub; generated.
use super::call::{CallInfo, RetKind};
pub(super) static ERRNOS: &[(u16, &str)] = &[(1, "EPERM")];
pub(super) static CALLS: &[CallInfo] = &[CallInfo {
    name: "read",
    numbers: [Some(0), Some(3), Some(63)],
    args: None,
    ret: RetKind::Size,
    classes: 2,
    may_block: true,
}];
pub(super) static BY_NUMBER: [&[(u16, u16)]; 3] = [&[(0, 0)], &[(3, 0)], &[(63, 0)]];
/// Flag sets.
pub mod flag_sets {}
