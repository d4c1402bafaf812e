//! The schedule without a kernel.

use super::*;
use crate::engine::effects::Reach;
use crate::engine::sleep::{SleepsOn, Word};
use crate::engine::wake::{Asked, HowMany};

const A: TaskName = TaskName { process: 1, thread: 1 };
const B: TaskName = TaskName { process: 1, thread: 2 };
const C: TaskName = TaskName { process: 2, thread: 1 };

fn ready(tasks: &[TaskName]) -> Schedule {
    let mut schedule = Schedule::new(&Policy::Serial, false);
    for task in tasks {
        schedule.born(*task);
        schedule.stopped(*task);
    }
    schedule
}

fn ms(count: u64) -> Duration {
    Duration::from_millis(count)
}

/// Runs the task whose turn it is to its next stop.
fn step(schedule: &mut Schedule) -> TaskName {
    match schedule.turn(None) {
        Turn::Run(task) | Turn::Recall(task) => {
            schedule.stopped(task);
            task
        }
        other => panic!("nobody runs: {other:?}"),
    }
}

#[test]
fn the_current_task_goes_on_until_it_sleeps() {
    let mut schedule = ready(&[A, B]);
    assert_eq!([step(&mut schedule), step(&mut schedule)], [A, A]);
    assert_eq!(schedule.turn(None), Turn::Run(A));
    schedule.asleep(A, SleepsOn::Anything);
    assert_eq!([step(&mut schedule), step(&mut schedule)], [B, B]);
    schedule.stopped(A);
    assert_eq!(step(&mut schedule), B, "a woken task waits for its turn");
}

#[test]
fn a_yielder_waits_until_all_others_had_a_turn() {
    let mut schedule = ready(&[A, B, C]);
    assert_eq!(step(&mut schedule), A);
    schedule.yielded(A);
    assert_eq!(step(&mut schedule), B);
    schedule.yielded(B);
    assert_eq!(step(&mut schedule), C);
    schedule.yielded(C);
    assert_eq!(step(&mut schedule), A);
}

#[test]
fn sleepers_wake_in_the_order_of_their_deadlines() {
    let mut schedule = ready(&[A, B, C]);
    for (task, length) in [(A, ms(20)), (B, ms(10))] {
        assert_eq!(schedule.turn(None), Turn::Run(task));
        schedule.will_sleep(task, length);
        schedule.asleep(task, SleepsOn::Anything);
    }
    // Both are awake before C blocks: the machine was slow.
    assert!(schedule.wake(A) && schedule.wake(B), "neither is to be seen yet");
    assert_eq!(schedule.turn(None), Turn::Run(C));
    schedule.asleep(C, SleepsOn::Anything);
    assert_eq!(step(&mut schedule), B);
    schedule.gone(B);
    assert_eq!(step(&mut schedule), A);
}

#[test]
fn a_sleep_that_is_over_before_anybody_looked_keeps_its_deadline() {
    let mut schedule = ready(&[A, B]);
    assert_eq!(schedule.turn(None), Turn::Run(A));
    schedule.will_sleep(A, ms(10));
    assert!(schedule.wake(A));
    assert_eq!(step(&mut schedule), B);
    assert_eq!(schedule.turn(None), Turn::Run(B));
    schedule.asleep(B, SleepsOn::Anything);
    assert_eq!(schedule.turn(None), Turn::Recall(A));
}

#[test]
fn a_sleeper_whose_deadline_is_first_is_waited_for() {
    let mut schedule = ready(&[A, B]);
    for (task, length) in [(A, ms(20)), (B, ms(10))] {
        assert_eq!(schedule.turn(None), Turn::Run(task));
        schedule.will_sleep(task, length);
        schedule.asleep(task, SleepsOn::Anything);
    }
    assert!(schedule.wake(A));
    assert_eq!(schedule.turn(None), Turn::Wait { timer: None });
    assert!(schedule.wake(B));
    assert_eq!(schedule.turn(None), Turn::Recall(B));
    schedule.stopped(B);
    assert_eq!(schedule.turn(None), Turn::Run(B));
}

#[test]
fn a_sleeper_has_a_turn_beside_one_that_is_never_done() {
    let mut schedule = ready(&[A, B]);
    assert_eq!(schedule.turn(None), Turn::Run(A));
    schedule.will_sleep(A, ms(1));
    schedule.asleep(A, SleepsOn::Anything);
    let turns = (0..100_000).take_while(|_| {
        let turn = schedule.turn(None);
        schedule.stopped(B);
        turn == Turn::Run(B)
    });
    assert_eq!(turns.count(), 10_100, "each takes a fixed step on the counter");
    assert!(schedule.wake(A));
    assert_eq!(schedule.turn(None), Turn::Recall(A));
}

#[test]
fn held_tasks_let_others_run_and_overlap() {
    let mut schedule = ready(&[A, B]);
    assert_eq!(schedule.turn(None), Turn::Run(A));
    schedule.hold(A, ms(50));
    assert_eq!(schedule.turn(None), Turn::Run(B));
    schedule.hold(B, ms(50));
    assert_eq!(schedule.turn(None), Turn::Wait { timer: Some((A, ms(50))) });
    schedule.elapsed(A);
    assert_eq!(schedule.turn(None), Turn::Run(A));
    schedule.asleep(A, SleepsOn::Anything);
    assert_eq!(schedule.turn(None), Turn::Wait { timer: Some((B, ms(50))) });
}

#[test]
fn nobody_is_left_when_all_are_gone() {
    let mut schedule = ready(&[A]);
    schedule.gone(A);
    assert_eq!(schedule.turn(None), Turn::Nobody);
}

#[test]
fn where_a_task_touches_nobody_no_choice_is_made() {
    let tasks = [A, B, C];
    let order = |seed, stops: usize| -> Vec<TaskName> {
        let mut schedule = Schedule::new(&Policy::Random { seed }, false);
        for task in tasks {
            schedule.born(task);
            schedule.stopped(task);
        }
        let mut order = Vec::new();
        for _ in 0..50 {
            let task = step(&mut schedule);
            order.push(task);
            for _ in 0..stops {
                schedule.goes_on();
                assert_eq!(step(&mut schedule), task);
            }
        }
        order
    };
    for seed in 0..20 {
        assert_eq!(order(seed, 0), order(seed, 3), "seed {seed}");
    }
    assert!((0..20).any(|seed| tasks.iter().all(|task| order(seed, 0).contains(task))));
}

#[test]
fn only_those_are_asked_who_may_have_been_woken() {
    let mut schedule = ready(&[A, B, C]);
    let word = |addr| SleepsOn::Word(Word { addr, is_limited: false });
    for (task, on) in [(A, word(0x1000)), (B, word(0x2000)), (C, SleepsOn::Anything)] {
        assert_eq!(schedule.turn(None), Turn::Run(task));
        schedule.asleep(task, on);
    }
    let words = |words: &[u64]| asked(words, HowMany::All);
    assert_eq!(schedule.sleepers(&Asked::All), [A, B, C]);
    assert_eq!(schedule.sleepers(&words(&[])), []);
    assert_eq!(schedule.sleepers(&words(&[0x2000, 0x3000])), [B]);
    assert_eq!(
        schedule.sleepers(&Asked::Some { reach: Reach::Anything, words: [(0x1000, HowMany::All)].into() }),
        [A, C]
    );
    schedule.stopped(A);
    assert_eq!(schedule.sleepers(&Asked::All), [B, C]);
    schedule.gone(B);
    assert_eq!(schedule.sleepers(&words(&[0x2000])), []);
}

#[test]
fn who_waits_for_a_stream_or_a_child_is_not_asked_for_less() {
    let mut schedule = ready(&[A, B, C]);
    for (task, on) in [(A, SleepsOn::Stream), (B, SleepsOn::Child), (C, SleepsOn::Anything)] {
        assert_eq!(schedule.turn(None), Turn::Run(task));
        schedule.asleep(task, on);
    }
    let reached = |schedule: &mut Schedule, reach| schedule.sleepers(&Asked::Some { reach, words: [].into() });
    assert_eq!(reached(&mut schedule, Reach::Nobody), []);
    assert_eq!(reached(&mut schedule, Reach::Anything), [C]);
    assert_eq!(reached(&mut schedule, Reach::Streams), [A, C]);
    assert_eq!(reached(&mut schedule, Reach::Children), [A, B, C]);
    assert_eq!(schedule.sleepers(&Asked::All), [A, B, C]);
    schedule.stopped(A);
    schedule.gone(B);
    assert_eq!(reached(&mut schedule, Reach::Children), [C]);
}

/// Only those who wait for these numbers.
fn asked(words: &[u64], many: HowMany) -> Asked {
    Asked::Some { reach: Reach::Nobody, words: words.iter().map(|word| (*word, many)).collect() }
}

/// B, A and C fall asleep on one number, in this order; `limited` wait no longer than some time.
fn asleep_on_one_number(limited: &[TaskName]) -> Schedule {
    let mut schedule = ready(&[A, B, C]);
    for task in [B, A, C] {
        schedule.runs(task);
        schedule.asleep(task, SleepsOn::Word(Word { addr: 0x1000, is_limited: limited.contains(&task) }));
    }
    schedule
}

#[test]
fn as_many_are_asked_as_a_call_says_it_has_woken() {
    let mut schedule = asleep_on_one_number(&[]);
    assert_eq!(schedule.sleepers(&asked(&[0x1000], HowMany::First(0))), []);
    assert_eq!(schedule.overlooked(), []);
    assert_eq!(schedule.sleepers(&asked(&[0x1000], HowMany::First(2))), [A, B]);
    schedule.stopped(A);
    schedule.stopped(B);
    assert_eq!(schedule.overlooked(), []);
    assert_eq!(schedule.sleepers(&asked(&[0x1000], HowMany::First(1))), [C]);
}

#[test]
fn the_others_are_asked_where_those_that_are_counted_on_sleep_still() {
    let mut schedule = asleep_on_one_number(&[]);
    assert_eq!(schedule.sleepers(&asked(&[0x1000], HowMany::First(1))), [B]);
    assert_eq!(schedule.overlooked(), [A, C]);
    assert_eq!(schedule.overlooked(), []);
}

#[test]
fn whoever_may_wake_by_itself_is_not_counted_on() {
    let mut schedule = asleep_on_one_number(&[B]);
    assert_eq!(schedule.sleepers(&asked(&[0x1000], HowMany::First(1))), [A, B, C]);
    let mut schedule = asleep_on_one_number(&[C]);
    assert_eq!(schedule.sleepers(&asked(&[0x1000], HowMany::First(2))), [A, B]);
}

/// A and B in a time of their own; A sleeps until 100 s, B until 50 s.
fn both_asleep() -> Schedule {
    let mut schedule = Schedule::new(&Policy::Serial, true);
    for (task, seconds) in [(A, 100), (B, 50)] {
        schedule.born(task);
        schedule.runs(task);
        schedule.will_sleep(task, Duration::from_secs(seconds));
        schedule.asleep(task, SleepsOn::Anything);
    }
    schedule
}

#[test]
fn in_a_time_of_its_own_sleepers_are_roused_one_after_the_other() {
    let mut schedule = both_asleep();
    assert_eq!(schedule.turn(None), Turn::Rouse(B));
    assert_eq!(schedule.now(), Duration::from_secs(50));
    assert_eq!(schedule.turn(None), Turn::Wait { timer: None }, "it has not stirred yet");
    schedule.stopped(B);
    assert_eq!(schedule.turn(None), Turn::Run(B));
    schedule.gone(B);
    assert_eq!(schedule.turn(None), Turn::Rouse(A));
    assert_eq!(schedule.now(), Duration::from_secs(100));
}

#[test]
fn a_timer_goes_off_before_those_who_sleep_longer() {
    let mut schedule = both_asleep();
    assert_eq!(schedule.turn(Some(Duration::from_secs(10))), Turn::Alarm);
    assert_eq!(schedule.now(), Duration::from_secs(10));
    assert_eq!(schedule.turn(Some(Duration::from_secs(60))), Turn::Rouse(B));
}

#[test]
fn no_time_passes_while_a_task_ends() {
    let mut schedule = both_asleep();
    schedule.born(C);
    schedule.runs(C);
    schedule.exits(C);
    schedule.asleep(C, SleepsOn::Anything);
    assert_eq!(schedule.turn(Some(Duration::from_secs(10))), Turn::Wait { timer: None });
    schedule.gone(C);
    assert_eq!(schedule.turn(Some(Duration::from_secs(10))), Turn::Alarm);
}

#[test]
fn a_delay_takes_no_real_time_in_a_time_of_its_own() {
    let mut schedule = both_asleep();
    schedule.stopped(B);
    schedule.hold(B, Duration::from_secs(20));
    assert_eq!(schedule.turn(None), Turn::Run(B));
    assert!(schedule.now() >= Duration::from_secs(20));
}

#[test]
fn whoever_is_never_done_gives_its_turn_away_at_last() {
    let mut schedule = ready(&[A, B]);
    let turns = (0..20_000).take_while(|_| {
        let turn = schedule.turn(None);
        schedule.stopped(A);
        turn == Turn::Run(A)
    });
    assert_eq!(turns.count(), 1 + 10_000, "the first is no repetition");
}
