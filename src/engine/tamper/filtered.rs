//! seccomp(2) in place of a call, which then is made all the same.
//! It must not know what the filter is for.

use super::{Tampering, below_stack, substitute};
use crate::abi::bpf::BpfInsn;
use crate::abi::{Arch, Sysno};
use crate::engine::hit::{register, rip, set};
use crate::engine::inspect::Inspect;
use crate::engine::stop::RawCall;

/// `SECCOMP_SET_MODE_FILTER` (seccomp(2)).
const SET_MODE_FILTER: u64 = 1;
/// The length of the instruction `syscall`.
const SYSCALL: u64 = 2;
/// The length of `struct sock_fprog` (`linux/filter.h`): how many instructions there are, and where.
const HEADER: u64 = 16;

/// Puts a filter upon the task whose call this is. What takes the changes back also puts the task before the call again.
pub(in crate::engine) fn filtered(
    filter: &[BpfInsn],
    raw: &RawCall,
    inspect: &dyn Inspect,
) -> Result<Tampering, String> {
    // Calls that are no instruction of their own (the page of vsyscalls), or that the kernel makes anew by itself, cannot be
    // put off.
    let is_put_off = raw.arch == Arch::X86_64
        && raw.ip < 1 << 47
        && !Sysno::from_number(raw.arch, raw.number)
            .is_some_and(|sysno| matches!(sysno.name(), "restart_syscall" | "rt_sigreturn"));
    if !is_put_off {
        return Err("the call cannot be put off".to_owned());
    }
    let seccomp = Sysno::parse("seccomp").ok_or("there is no seccomp(2)")?;
    let mut tampering = substitute(seccomp, raw)?;
    let instructions: Vec<u8> = filter.iter().flat_map(BpfInsn::to_bytes).collect();
    let addr = below_stack(None, HEADER + instructions.len() as u64, inspect)?;
    let count = (filter.len() as u64).to_ne_bytes();
    let place = addr.plus(HEADER).0.to_ne_bytes();
    tampering.memory(addr, [&count, &place, &*instructions].concat(), inspect)?;
    for (at, value) in [(0, SET_MODE_FILTER), (1, 0), (2, addr.0)] {
        tampering.argument(raw, at, value);
    }
    tampering.undo.push(set(rip(), raw.ip.wrapping_sub(SYSCALL)));
    tampering.undo.extend(register("rax").map(|rax| set(rax, raw.number)));
    Ok(tampering)
}
