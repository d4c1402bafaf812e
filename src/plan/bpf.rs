//! The seccomp filter: selected calls stop, everything else runs at full speed.
//!
//! Only loads, comparisons and returns are used: those the kernel evaluates once for each call when the filter
//! is installed (5.11), so that a call nobody selected never runs the filter at all.

use std::collections::BTreeMap;

use super::Constant;
use crate::abi::bpf::BpfInsn;
use crate::abi::{Arch, CallSet, Sysno};

const LOAD_WORD: u16 = 0x20;
const JUMP_EQUAL: u16 = 0x15;
const JUMP_GREATER: u16 = 0x25;
const JUMP_GREATER_EQUAL: u16 = 0x35;
const RETURN: u16 = 0x06;
/// With the errno below (seccomp(2)).
const FAIL: u32 = 0x0005_0000;
const ALLOW: u32 = 0x7fff_0000;
const TRACE: u32 = 0x7ff0_0000 | MARK as u32;
/// Tells the stops that this filter asks for from those that a filter of the target's own asks for.
pub const MARK: u16 = 0x726a;
const TRACE_FOREIGN: u32 = 0x7ff0_0000 | MARK_FOREIGN as u32;
/// The same for a call that is not by the table of the filter's architecture.
pub const MARK_FOREIGN: u16 = MARK + 1;
/// Offsets in `struct seccomp_data`.
const NUMBER: u32 = 0;
const ARCH: u32 = 4;

/// A filter that stops `calls` of `arch`, and the kernel's own restarts of them, and answers `constants` itself. Calls by
/// another architecture's table (`int 0x80`, x32) are let through.
pub fn filter(calls: &CallSet, constants: &[Constant], arch: Arch) -> Vec<BpfInsn> {
    let restart = Sysno::parse("restart_syscall");
    let stops = calls.iter().chain(restart).map(|call| (call, TRACE));
    let answers = constants.iter().map(|constant| (constant.call, FAIL | constant.errno.number() as u32));
    let verdicts = stops.chain(answers).filter_map(|(call, verdict)| Some((call.number(arch)?, verdict)));
    table(&verdicts.collect(), arch, ALLOW, ALLOW)
}

/// A filter that stops all calls but `calls` of `arch`. Those by another architecture's table stop, too, with a mark of
/// their own.
pub fn filter_all_but(calls: &CallSet, arch: Arch) -> Vec<BpfInsn> {
    let verdicts = calls.iter().filter_map(|call| Some((call.number(arch)?, ALLOW)));
    table(&verdicts.collect(), arch, TRACE, TRACE_FOREIGN)
}

/// What becomes of calls of `arch` by their numbers, of its other ones, and of those of other tables.
fn table(listed: &BTreeMap<u32, u32>, arch: Arch, others: u32, foreign: u32) -> Vec<BpfInsn> {
    let mut program = vec![
        plain(LOAD_WORD, ARCH),
        jump(JUMP_EQUAL, arch.audit(), 1, 0),
        plain(RETURN, foreign),
        plain(LOAD_WORD, NUMBER),
    ];
    for Run { low, high, verdict } in runs(listed) {
        if low == high {
            program.push(jump(JUMP_EQUAL, low, 0, 1));
        } else {
            program.push(jump(JUMP_GREATER_EQUAL, low, 0, 2));
            program.push(jump(JUMP_GREATER, high, 1, 0));
        }
        program.push(plain(RETURN, verdict));
    }
    program.push(plain(RETURN, others));
    program
}

/// Consecutive numbers, both ends inclusive, that have a verdict in common.
struct Run {
    low: u32,
    high: u32,
    verdict: u32,
}

fn runs(listed: &BTreeMap<u32, u32>) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    for (&number, &verdict) in listed {
        match runs.last_mut() {
            Some(run) if run.high + 1 == number && run.verdict == verdict => run.high = number,
            _ => runs.push(Run { low: number, high: number, verdict }),
        }
    }
    runs
}

fn plain(code: u16, k: u32) -> BpfInsn {
    BpfInsn { code, jt: 0, jf: 0, k }
}

fn jump(code: u16, k: u32, jt: u8, jf: u8) -> BpfInsn {
    BpfInsn { code, jt, jf, k }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::abi::Errno;

    /// What the kernel would do with a call.
    fn verdict(program: &[BpfInsn], arch: u32, number: u32) -> u32 {
        let mut accumulator = 0;
        let mut at = 0;
        loop {
            let insn = program[at];
            at += 1;
            let holds = match insn.code {
                RETURN => return insn.k,
                LOAD_WORD => {
                    accumulator = if insn.k == ARCH { arch } else { number };
                    continue;
                }
                JUMP_EQUAL => accumulator == insn.k,
                JUMP_GREATER => accumulator > insn.k,
                JUMP_GREATER_EQUAL => accumulator >= insn.k,
                other => panic!("no such instruction: {other:#x}"),
            };
            at += usize::from(if holds { insn.jt } else { insn.jf });
        }
    }

    #[test]
    fn exactly_the_selected_calls_stop_on_every_architecture() {
        let restart = Sysno::parse("restart_syscall");
        let every_third: CallSet = Sysno::all().step_by(3).collect();
        for calls in [CallSet::new(), every_third, CallSet::all()] {
            for arch in Arch::ALL {
                let program = filter(&calls, &[], arch);
                assert!(program.len() <= 4096, "the kernel takes no longer one");
                for call in Sysno::all() {
                    let Some(number) = call.number(arch) else { continue };
                    let stops = calls.contains(call) || Some(call) == restart;
                    let expected = if stops { TRACE } else { ALLOW };
                    assert_eq!(verdict(&program, arch.audit(), number), expected, "{call} on {arch}");
                }
            }
        }
    }

    #[test]
    fn all_but_the_named_calls_stop_on_every_architecture() {
        let every_third: CallSet = Sysno::all().step_by(3).collect();
        for calls in [CallSet::new(), every_third, CallSet::all()] {
            for arch in Arch::ALL {
                let program = filter_all_but(&calls, arch);
                for call in Sysno::all() {
                    let Some(number) = call.number(arch) else { continue };
                    let expected = if calls.contains(call) { ALLOW } else { TRACE };
                    assert_eq!(verdict(&program, arch.audit(), number), expected, "{call} on {arch}");
                }
                assert_eq!(verdict(&program, arch.audit(), u32::MAX), TRACE);
                let other = Arch::ALL.into_iter().find(|other| *other != arch).unwrap();
                assert_eq!(verdict(&program, other.audit(), 1), TRACE_FOREIGN);
            }
        }
    }

    #[test]
    fn constants_are_answered_between_calls_that_stop() {
        let call = |name| Sysno::parse(name).unwrap();
        let fails =
            |name, errno| Constant { rule: "r1".into(), call: call(name), errno: Errno::parse(errno).unwrap() };
        let constants = [fails("open", "EMFILE"), fails("close", "EIO"), fails("stat", "EIO")];
        let stops: CallSet = ["read", "write", "fstat", "lstat"].into_iter().map(call).collect();
        for arch in Arch::ALL {
            let program = filter(&stops, &constants, arch);
            for other in Sysno::all() {
                let Some(number) = other.number(arch) else { continue };
                let constant = constants.iter().find(|constant| constant.call == other);
                let expected = match constant {
                    Some(constant) => FAIL | constant.errno.number() as u32,
                    None if stops.contains(other) || other.name() == "restart_syscall" => TRACE,
                    None => ALLOW,
                };
                assert_eq!(verdict(&program, arch.audit(), number), expected, "{other} on {arch}");
            }
        }
    }

    #[test]
    fn calls_by_another_table_and_unknown_numbers_are_let_through() {
        let program = filter(&CallSet::all(), &[], Arch::X86_64);
        assert_eq!(verdict(&program, Arch::I386.audit(), 1), ALLOW);
        assert_eq!(verdict(&program, Arch::X86_64.audit(), 0x4000_0001), ALLOW);
        assert_eq!(verdict(&program, Arch::X86_64.audit(), u32::MAX), ALLOW);
    }
}
