//! Budgets against a scripted task: what is counted, what is given in part, and how the rest fails.

use super::*;
use crate::faults::{Descriptor, Kind};

/// A run with one budget, in which descriptor 3 is a regular file.
fn poor(budget: &str) -> Run {
    let mut run = Run::new(&format!("inject = [{{ budget = {{ {budget} }} }}]"));
    run.script.files.insert(3, Descriptor { kind: Some(Kind::File), non_blocking: false });
    run
}

/// What is changed about a call at its entry.
fn entered(run: &mut Run, call: &str, args: [u64; 6]) -> Vec<Edit> {
    run.enter(ROOT, call, args);
    run.take_edits()
}

fn comes_to(run: &mut Run, result: i64) {
    run.resumes(ROOT);
    run.see(ROOT, Stop::Exit(result));
    run.take_edits();
}

fn used(run: Run) -> String {
    run.engine.into_record().rules[0].used.clone().unwrap()
}

#[test]
fn a_disk_takes_what_fits_and_no_more() {
    let mut run = poor("disk = 8");
    assert_eq!(entered(&mut run, "write", WRITE), []);
    comes_to(&mut run, 5);
    assert_eq!(entered(&mut run, "write", WRITE), [Edit::Argument { at: 2, value: 3 }]);
    comes_to(&mut run, 3);
    assert_eq!(entered(&mut run, "write", WRITE), [Edit::Skip(-28)]);
    assert_eq!(used(run), "8 of 8 (disk)");
}

#[test]
fn a_disk_counts_what_was_written_not_what_was_asked_for() {
    let mut run = poor("disk = 8");
    assert_eq!(entered(&mut run, "write", WRITE), []);
    comes_to(&mut run, 2);
    assert_eq!(entered(&mut run, "write", WRITE), []);
    comes_to(&mut run, -5);
    assert_eq!(entered(&mut run, "write", WRITE), []);
    comes_to(&mut run, 5);
    assert_eq!(entered(&mut run, "write", WRITE), [Edit::Argument { at: 2, value: 1 }]);
}

#[test]
fn a_disk_is_of_regular_files() {
    let mut run = poor("disk = 1");
    run.script.files.insert(3, Descriptor { kind: Some(Kind::Pipe), non_blocking: false });
    assert_eq!(entered(&mut run, "write", WRITE), []);
}

#[test]
fn space_is_given_whole_or_not_at_all() {
    let mut run = poor("disk = 8");
    assert_eq!(entered(&mut run, "fallocate", [3, 0, 0, 8, 0, 0]), []);
    comes_to(&mut run, 0);
    assert_eq!(entered(&mut run, "fallocate", [3, 0, 0, 1, 0, 0]), [Edit::Skip(-28)]);
    // FALLOC_FL_PUNCH_HOLE takes nothing.
    assert_eq!(entered(&mut run, "fallocate", [3, 3, 0, 1, 0, 0]), []);
}

#[test]
fn descriptors_are_counted_as_they_are() {
    const F_DUPFD: u64 = 0;
    const F_GETFD: u64 = 1;
    // The script has five open.
    assert_eq!(entered(&mut poor("fds = 6"), "dup", [3, 0, 0, 0, 0, 0]), []);
    assert_eq!(entered(&mut poor("fds = 5"), "dup", [3, 0, 0, 0, 0, 0]), [Edit::Skip(-24)]);
    assert_eq!(entered(&mut poor("fds = 6"), "pipe2", [0x1000, 0, 0, 0, 0, 0]), [Edit::Skip(-24)]);
    assert_eq!(entered(&mut poor("fds = 5"), "fcntl", [3, F_DUPFD, 9, 0, 0, 0]), [Edit::Skip(-24)]);
    assert_eq!(entered(&mut poor("fds = 5"), "fcntl", [3, F_GETFD, 0, 0, 0, 0]), []);
}

#[test]
fn memory_is_counted_from_the_first_call_on_and_can_be_given_back() {
    const MIB: u64 = 1 << 20;
    let private = |bytes| [0, bytes, 3, 0x22, u64::MAX, 0];
    let mut run = poor("memory = \"1MiB\"");
    run.script.data_memory = 100 * MIB;
    assert_eq!(entered(&mut run, "mmap", private(MIB)), []);
    run.script.data_memory = 101 * MIB;
    comes_to(&mut run, 0x7000_0000);
    assert_eq!(entered(&mut run, "mmap", private(1)), [Edit::Skip(-12)]);
    // Shared memory, and what cannot be written to, is not counted.
    assert_eq!(entered(&mut run, "mmap", [0, MIB, 3, 0x21, u64::MAX, 0]), []);
    comes_to(&mut run, 0x7100_0000);
    assert_eq!(entered(&mut run, "mmap", [0, MIB, 1, 0x22, u64::MAX, 0]), []);
    comes_to(&mut run, 0x7200_0000);
    run.script.data_memory = 100 * MIB;
    assert_eq!(entered(&mut run, "mmap", private(MIB)), []);
    assert_eq!(used(run), "1048576 of 1048576 (memory)");
}

#[test]
fn memory_that_becomes_writable_is_memory_that_is_had() {
    const MIB: u64 = 1 << 20;
    let protect = |from: u64, length, prot| [from, length, prot, 0, 0, 0];
    let mut run = poor("memory = \"1MiB\"");
    run.script.unwritable = 4 * MIB..8 * MIB;
    assert_eq!(entered(&mut run, "mprotect", protect(5 * MIB, MIB, 3)), []);
    comes_to(&mut run, 0);
    assert_eq!(entered(&mut run, "mprotect", protect(5 * MIB, MIB + 1, 3)), [Edit::Skip(-12)]);
    assert_eq!(entered(&mut run, "pkey_mprotect", protect(5 * MIB, MIB + 1, 2)), [Edit::Skip(-12)]);
    // What can be written to already, or cannot afterwards, takes nothing more.
    assert_eq!(entered(&mut run, "mprotect", protect(7 * MIB, 3 * MIB, 3)), []);
    comes_to(&mut run, 0);
    assert_eq!(entered(&mut run, "mprotect", protect(4 * MIB, 4 * MIB, 1)), []);
}

#[test]
fn a_heap_beyond_the_budget_keeps_its_break() {
    let mut run = poor("memory = 4096");
    run.script.program_break = Some(Addr(0x10_0000));
    assert_eq!(entered(&mut run, "brk", [0x10_1000, 0, 0, 0, 0, 0]), []);
    comes_to(&mut run, 0x10_1000);
    assert_eq!(entered(&mut run, "brk", [0x10_2000, 0, 0, 0, 0, 0]), [Edit::Argument { at: 0, value: 0 }]);
    comes_to(&mut run, 0x10_0000);
    assert_eq!(entered(&mut run, "brk", [0x0f_0000, 0, 0, 0, 0, 0]), []);
}

#[test]
fn a_task_too_many_is_not_made() {
    assert_eq!(entered(&mut poor("processes = 2"), "fork", [0; 6]), []);
    assert_eq!(entered(&mut poor("processes = 1"), "fork", [0; 6]), [Edit::Skip(-11)]);
    assert_eq!(entered(&mut poor("processes = 1"), "clone", [0x10_0000, 0, 0, 0, 0, 0]), [Edit::Skip(-11)]);
}

#[test]
fn resources_of_one_budget_run_out_one_by_one() {
    let mut run = poor("disk = 5, fds = 6");
    assert_eq!(entered(&mut run, "write", WRITE), []);
    comes_to(&mut run, 5);
    assert_eq!(entered(&mut run, "write", WRITE), [Edit::Skip(-28)]);
    assert_eq!(entered(&mut run, "dup", [3, 0, 0, 0, 0, 0]), []);
    comes_to(&mut run, 5);
    assert_eq!(used(run), "5 of 5 (disk), 5 of 6 (fds)");
}

#[test]
fn a_call_that_another_rule_decides_takes_nothing() {
    let rules = "inject = [{ on = \"write\", when = 1, error = \"EIO\" }, { budget = { disk = 5 } }]";
    let mut run = Run::new(rules);
    run.script.files.insert(3, Descriptor { kind: Some(Kind::File), non_blocking: false });
    assert_eq!(entered(&mut run, "write", WRITE), [Edit::Skip(-5)]);
    assert_eq!(entered(&mut run, "write", WRITE), []);
}
