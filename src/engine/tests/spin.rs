//! Tasks that compute while others wait for their turn.

use std::time::Duration;

use super::*;

const CHILD: TaskId = TaskId(200);

/// Two tasks, of which the first one has the turn, outside of any call.
fn two() -> Run {
    let mut run = Run::new("trace = { syscalls = ['write'] }");
    run.resumes(ROOT);
    run.see(ROOT, Stop::Born(Newborn { child: CHILD, birth: Birth::Fork, process: CHILD, shares_memory: false }));
    run.see(CHILD, Stop::Started);
    run
}

fn limit(run: &mut Run, task: TaskId) -> Duration {
    match run.engine.next() {
        Next::Resume { task: next, settle: Settle::StopWithin(limit), .. } if next == task => limit,
        other => panic!("expected {task:?} to go on for a limited time, not {other:?}"),
    }
}

#[test]
fn a_task_that_does_not_stop_by_itself_gives_its_turn_away() {
    let mut run = two();
    let first = limit(&mut run, ROOT);
    run.see(ROOT, Stop::Prodded);
    assert!(limit(&mut run, CHILD) < first, "no order is left that could be lost");
    run.see(CHILD, Stop::Prodded);
    limit(&mut run, ROOT);
    let notes = run.engine.into_record().notes;
    assert!(notes[0].contains("P1 computed for 1 s without a call") && notes[0].contains("2 times"), "{notes:?}");
}

#[test]
fn a_task_that_is_alone_or_in_a_call_computes_as_long_as_it_likes() {
    let mut run = Run::new("trace = { syscalls = ['write'] }");
    assert!(matches!(run.engine.next(), Next::Resume { settle: Settle::Stop, .. }));

    let mut run = two();
    limit(&mut run, ROOT);
    run.enters(ROOT, "write", WRITE);
    assert!(matches!(run.engine.next(), Next::Resume { task: ROOT, settle: Settle::Stop, .. }));
    assert_eq!(run.engine.into_record().notes, Vec::<String>::new());
}

#[test]
fn a_task_that_computes_while_nobody_else_could_go_on_changes_nothing() {
    let mut run = two();
    run.enter(ROOT, "pause", [0; 6]);
    run.resumes(ROOT);
    run.tell(Observation::Asleep { task: ROOT });
    let patience = limit(&mut run, CHILD);
    run.see(CHILD, Stop::Prodded);
    assert_eq!(limit(&mut run, CHILD), patience);
    assert_eq!(run.engine.into_record().notes, Vec::<String>::new());
}
