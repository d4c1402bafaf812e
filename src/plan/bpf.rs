//! The seccomp filter: selected calls stop, everything else runs at full speed.
//!
//! Only loads, comparisons, jumps and returns are used: those the kernel evaluates once for each call when the filter
//! is installed (5.11), so that a call nobody selected never runs the filter at all.

use std::collections::BTreeMap;

use super::Constant;
use crate::abi::bpf::BpfInsn;
use crate::abi::{Arch, CallSet, Sysno};

const LOAD_WORD: u16 = 0x20;
const JUMP: u16 = 0x05;
const JUMP_EQUAL: u16 = 0x15;
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
    program.extend(search(&steps(listed, others)));
    program
}

/// A number from which on calls have this verdict, up to the next step.
struct Step {
    from: u32,
    verdict: u32,
}

/// The steps from 0 on; two that follow each other have different verdicts.
fn steps(listed: &BTreeMap<u32, u32>, others: u32) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    let mut step = |from, verdict| {
        // One on which nothing lies is none.
        steps.pop_if(|last| last.from == from);
        if steps.last().is_none_or(|last| last.verdict != verdict) {
            steps.push(Step { from, verdict });
        }
    };
    step(0, others);
    for (&number, &verdict) in listed {
        step(number, verdict);
        if let Some(next) = number.checked_add(1) {
            step(next, others);
        }
    }
    steps
}

/// Finds the step that the number lies on by halves. When a filter is installed the kernel tries it with each number that there
/// is, by two tables: an instruction on the way counts nine hundred times.
fn search(steps: &[Step]) -> Vec<BpfInsn> {
    let (below, above) = steps.split_at(steps.len() / 2);
    if below.is_empty() {
        return above.iter().map(|step| plain(RETURN, step.verdict)).collect();
    }
    let below = search(below);
    let mut program = match u8::try_from(below.len()) {
        Ok(over) => vec![jump(JUMP_GREATER_EQUAL, above[0].from, over, 0)],
        // Comparisons jump no further than 255 instructions.
        Err(_) => vec![jump(JUMP_GREATER_EQUAL, above[0].from, 0, 1), plain(JUMP, below.len() as u32)],
    };
    program.extend(below);
    program.extend(search(above));
    program
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
        way(program, arch, number).0
    }

    /// That, and how many instructions it takes.
    fn way(program: &[BpfInsn], arch: u32, number: u32) -> (u32, usize) {
        let mut accumulator = 0;
        let mut at = 0;
        let mut taken = 0;
        loop {
            let insn = program[at];
            at += 1;
            taken += 1;
            let holds = match insn.code {
                RETURN => return (insn.k, taken),
                LOAD_WORD => {
                    accumulator = if insn.k == ARCH { arch } else { number };
                    continue;
                }
                JUMP => {
                    at += insn.k as usize;
                    continue;
                }
                JUMP_EQUAL => accumulator == insn.k,
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
    fn the_way_to_each_verdict_is_short() {
        let every_other: CallSet = Sysno::all().step_by(2).collect();
        let program = filter(&every_other, &[], Arch::X86_64);
        assert!(program.len() > 400, "{}", program.len());
        let ways = (0..500).map(|number| way(&program, Arch::X86_64.audit(), number).1);
        // Two loads and a comparison, at most nine of hundreds of steps and as many long jumps, and the verdict.
        assert!(ways.max().unwrap() <= 3 + 2 * 9 + 1);
        let few = filter(&[Sysno::parse("read").unwrap()].into_iter().collect(), &[], Arch::X86_64);
        assert_eq!(few.len(), 4 + 7, "steps: read, others, restart_syscall, others");
    }

    #[test]
    fn calls_by_another_table_and_unknown_numbers_are_let_through() {
        let program = filter(&CallSet::all(), &[], Arch::X86_64);
        assert_eq!(verdict(&program, Arch::I386.audit(), 1), ALLOW);
        assert_eq!(verdict(&program, Arch::X86_64.audit(), 0x4000_0001), ALLOW);
        assert_eq!(verdict(&program, Arch::X86_64.audit(), u32::MAX), ALLOW);
    }
}
