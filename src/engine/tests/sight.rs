//! What a target does to get out of sight: children that nobody is to trace, filters of its own, pages of its own.

use super::*;

const CHILD: TaskId = TaskId(200);
const UNTRACED: u64 = 0x0080_0000;
const FILTER: [u64; 6] = [1, 0, 0x1000, 0, 0, 0];
const ACCESS: [u64; 6] = [0x1000, 0, 0, 0, 0, 0];
const EACCES: i64 = -13;

fn kept_out(run: &mut Run) -> How {
    run.call(ROOT, "seccomp", FILTER, 0);
    run.take_edits();
    run.resumes(ROOT).0
}

fn failing_access() -> Run {
    Run::new("inject = [{ on = \"access\", error = \"EACCES\" }]")
}

#[test]
fn a_child_is_made_traced_and_the_flag_is_put_back_on_both_sides() {
    let mut run = Run::new("");
    run.enter(ROOT, "clone", [UNTRACED | 17, 0, 0, 0, 0, 0]);
    assert_eq!(run.take_edits(), [Edit::Argument { at: 0, value: 17 }]);
    assert_eq!(run.resumes(ROOT).0, How::Calls);
    run.see(ROOT, Stop::Born(Newborn { child: CHILD, birth: Birth::Clone, process: CHILD, shares_memory: false }));
    run.see(CHILD, Stop::Started);
    let back = Edit::Argument { at: 0, value: UNTRACED | 17 };
    assert_eq!(run.take_edits(), std::slice::from_ref(&back));
    run.see(ROOT, Stop::Exit(i64::from(CHILD.0)));
    assert_eq!(run.take_edits(), [back]);
}

#[test]
fn a_filter_of_the_targets_own_has_every_call_stop() {
    let mut run = failing_access();
    assert_eq!(kept_out(&mut run), How::Calls);
}

#[test]
fn what_both_filters_let_pass_is_told_twice_and_skipped_once() {
    let mut run = failing_access();
    kept_out(&mut run);
    run.enters(ROOT, "access", ACCESS);
    assert_eq!(run.take_edits(), [], "its filter would be asked about the number -1");
    run.resumes(ROOT);
    run.enters(ROOT, "access", ACCESS);
    assert_eq!(run.take_edits(), [Edit::Skip(EACCES)]);
    assert_eq!(run.lines.len(), 1, "{:?}", run.lines);
}

#[test]
fn what_the_targets_filter_answers_gets_the_result_of_a_rule() {
    let mut run = failing_access();
    kept_out(&mut run);
    run.enters(ROOT, "access", ACCESS);
    run.resumes(ROOT);
    run.see(ROOT, Stop::Exit(-18));
    assert_eq!(run.take_edits(), [Edit::Result(EACCES)]);
    assert_eq!(run.lines.len(), 1, "{:?}", run.lines);
}

#[test]
fn a_filter_that_asks_for_a_tracer_gets_what_it_would_get_alone() {
    let mut run = failing_access();
    kept_out(&mut run);
    run.see(ROOT, Stop::TheirFilter);
    assert_eq!(run.take_edits(), [Edit::Skip(-38)]);
}

#[test]
fn where_the_target_provides_pages_any_task_may_fall_asleep() {
    let mut run = Run::new("");
    assert!(!run.engine.pages_wait());
    run.call(ROOT, "userfaultfd", [0; 6], 5);
    assert!(run.engine.pages_wait());
    run.resumes(ROOT);
    run.see(ROOT, Stop::Born(Newborn { child: CHILD, birth: Birth::Clone, process: ROOT, shares_memory: true }));
    run.see(CHILD, Stop::Started);
    match run.engine.next() {
        Next::Resume { settle: Settle::StopOrSleep, .. } => {}
        other => panic!("a task may sleep wherever it is: {other:?}"),
    }
}
