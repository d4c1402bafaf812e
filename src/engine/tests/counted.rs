//! Calls that are counted and are no events.

use super::*;
use crate::plan::Counted;

/// A run whose rule is about the third write. Of those before it, and of two behind it, nothing is told.
fn run(names: bool) -> Run {
    let mut plan = (*plan("inject = [{ on = \"write\", when = 3, error = \"EIO\" }]")).clone();
    let call = Sysno::parse("write").unwrap();
    plan.trace.counted = Some(Counted { call, first: 3, names, after: 2, nth: 3 });
    Run::planned(Arc::new(plan), script())
}

/// Makes a write; whether its end was waited for.
fn write(run: &mut Run) -> bool {
    run.enter(ROOT, "write", WRITE);
    // A task that was resumed for its call alone comes to the next one.
    let is_awaited = run.engine.tasks.values().any(|task| task.call.is_some());
    if is_awaited {
        assert_eq!(run.resumes(ROOT), (How::Calls, None));
        run.see(ROOT, Stop::Exit(5));
    }
    is_awaited
}

#[test]
fn calls_that_are_only_counted_take_one_stop_and_the_right_one_fails() {
    let mut run = run(false);
    assert_eq!([write(&mut run), write(&mut run)], [false; 2]);
    assert!(run.take_edits().is_empty() && run.lines.is_empty());
    assert!(!write(&mut run));
    assert_eq!(run.take_edits(), [Edit::Skip(-5)]);
    let line = "P1     write(fd#1<${tmp}/data>, \"hello\", 5) = -1 EIO";
    assert!(run.lines[0].starts_with(line), "{}", run.lines[0]);
    assert_eq!([write(&mut run), write(&mut run)], [false; 2]);
    assert_eq!(run.lines.len(), 1);
    // From now on there are more than there should be.
    assert_eq!([write(&mut run), write(&mut run)], [true; 2]);
    assert_eq!(run.lines.len(), 3);
    let record = run.engine.into_record();
    assert_eq!((record.rules[0].fired, record.rules[0].matched, record.is_miscounted), (1, 7, false));
}

#[test]
fn descriptors_get_names_in_them_where_that_matters() {
    let shown = |names: bool| {
        let mut run = run(names);
        run.enter(ROOT, "write", [4, 0x1000, 5, 0, 0, 0]);
        write(&mut run);
        write(&mut run);
        run.lines[0].clone()
    };
    assert!(shown(false).starts_with("P1     write(fd#1<"), "{}", shown(false));
    assert!(shown(true).starts_with("P1     write(fd#2, "), "{}", shown(true));
}

#[test]
fn a_call_that_a_signal_has_come_into_may_be_counted_twice() {
    let miscounted = |result: i64| {
        let mut run = run(false);
        write(&mut run);
        run.resumes(ROOT);
        run.script.in_call = Some((1, result));
        run.see(ROOT, Stop::Signal(signal("SIGCHLD")));
        run.engine.into_record().is_miscounted
    };
    assert!(miscounted(-512));
    assert!(!miscounted(5));
}
