//! Waiting: for one task until it has stopped, ended or fallen asleep, or for whichever stirs first.
//! It must not know what comes of that.

use std::time::{Duration, Instant};

use super::pace::Pace;
use super::run::{SeatState, Tracer};
use super::task::{Running, Seen};
use crate::abi::TaskId;
use crate::engine::{Observation, Settle};
use crate::sys::procfs::{self, RunState};
use crate::sys::{self, Status, WaitOutcome};

/// For how long at a stretch a task that ends may sleep in the kernel until it is taken to wait for others: closing files
/// may wait for the disk or for all processors, the first process of a namespace waits for all others.
const LONG: Duration = Duration::from_millis(500);

/// So often a task is taken to be awake of which the kernel does not say in what it sleeps.
const DOUBTS: u32 = 8;

/// Whether a task that is marked as asleep, in this state, is. A call that looks again at what it waits for, such as wait4, has its task marked so
/// meanwhile, also while it buries a child.
fn has_come_to_rest(task: TaskId, state: RunState, doubts: &mut u32) -> bool {
    let rests = match procfs::names_its_sleep(task) {
        Some(false) if *doubts < DOUBTS => {
            *doubts += 1;
            false
        }
        Some(true) => true,
        _ => procfs::is_off_processor(task),
    };
    // It may have gone on to a stop since it was seen to be marked, and whoever is stopped is off the processor, too.
    rests && procfs::run_state(task) == state
}

impl Tracer<'_> {
    /// Waits until a running task has stopped, ended or, where it may, fallen asleep. `was_asleep` says that the
    /// engine knows it to be asleep already.
    pub(super) fn settle(&mut self, task: TaskId, settle: Settle, was_asleep: bool) {
        let (mut asleep, mut zombie, mut listening, mut doubts) = (0, 0, 0, 0);
        let mut since = None;
        // One that has just been resumed may not have had the processor yet.
        let mut gives_way = !was_asleep && !matches!(settle, Settle::Stop | Settle::StopWithin(_));
        let mut pace = Pace::default();
        loop {
            let Some(seat) = self.seats.get_mut(&task) else { return };
            let placeholder = SeatState::Running(Running::told(task));
            let running = match std::mem::replace(&mut seat.state, placeholder) {
                SeatState::Running(running) => running,
                stopped @ SeatState::Stopped(_) => {
                    seat.state = stopped;
                    return;
                }
            };
            let seen = match settle {
                Settle::Stop => self.wait_within(task, running, Duration::MAX),
                Settle::StopWithin(limit) => self.wait_within(task, running, limit),
                Settle::StopOrSleep | Settle::EndOrSleep | Settle::End | Settle::Nothing => running.poll(),
            };
            let running = match seen {
                Seen::Running(running) => running,
                other => return self.seen(task, other),
            };
            if let Some(seat) = self.seats.get_mut(&task) {
                seat.state = SeatState::Running(running);
            }
            if std::mem::take(&mut gives_way) {
                pace.pause_briefly();
                continue;
            }
            let state = procfs::run_state(task);
            match state {
                RunState::Sleeping | RunState::Uninterruptible if settle == Settle::End => {
                    let begun: &mut Instant = since.get_or_insert_with(Instant::now);
                    asleep += i32::from(begun.elapsed() >= LONG);
                }
                RunState::Sleeping => asleep += 1,
                RunState::Uninterruptible if settle == Settle::EndOrSleep => asleep += 1,
                // In a group-stop, or in a stop that the wait before came just too early for.
                RunState::Stopped if was_asleep => listening += 1,
                RunState::Zombie => zombie += 1,
                RunState::Gone => return self.vanished(task),
                // What it waited for has come; that it then has to wait for a processor is no sleep.
                RunState::Running | RunState::Uninterruptible | RunState::Stopped => {
                    (asleep, zombie, since) = (0, 0, None);
                }
            }
            // Seen twice with a wait in between: a task on its way into sleep is not asleep. Of one that was, once is enough,
            // unless the end of a pause may have driven it from the processor on its way.
            let enough = if was_asleep && !pace.has_slept() { 1 } else { 2 };
            if asleep == enough && !has_come_to_rest(task, state, &mut doubts) {
                (asleep, since) = (0, None);
            }
            if asleep == enough {
                if !was_asleep {
                    if let Some(seat) = self.seats.get_mut(&task) {
                        seat.is_light_sleeper = settle == Settle::StopOrSleep;
                    }
                    self.tell(task, Observation::Asleep { task });
                }
                return;
            }
            if listening == 2 {
                return;
            }
            if zombie == 2 {
                return self.tell(task, Observation::ZombieLeader { task });
            }
            if self.watchdog.has_barked() {
                return;
            }
            match asleep + zombie + listening {
                0 => pace.pause(),
                // What was seen once is soon seen again.
                _ => pace.pause_briefly(),
            }
        }
    }

    /// Waits until any task stirs, or the time of a held one is up, or nothing has happened for `idle`.
    pub(super) fn wait(&mut self, timers: &[(TaskId, Duration)], idle: Option<Duration>) {
        if let Some((task, status)) = self.seen.pop_front() {
            return self.changed(task, status);
        }
        if self.engine.spares() && self.watchdog.has_barked() {
            return self.wait_impatiently();
        }
        let until = |(held, length): &(TaskId, Duration)| {
            let since = self.seats.get(held).and_then(|seat| seat.held_since);
            (since.unwrap_or_else(Instant::now) + *length, Some(*held))
        };
        let idle = idle.map(|idle| (Instant::now() + idle, None));
        let Some((until, held)) = timers.iter().map(until).chain(idle).min() else {
            return match self.wait_for_any() {
                WaitOutcome::Changed(task, status) => self.changed_first(task, status),
                WaitOutcome::Nothing => {}
                WaitOutcome::NoChild => self.all_vanished(),
            };
        };
        let mut pause = Duration::from_micros(20);
        loop {
            let now = Instant::now();
            if now >= until {
                return match held {
                    Some(task) => self.tell(task, Observation::Elapsed { task }),
                    None => self.tell_idle(),
                };
            }
            if let WaitOutcome::Changed(task, status) = sys::wait(None, false) {
                return self.changed_first(task, status);
            }
            if self.watchdog.has_barked() {
                return;
            }
            std::thread::sleep(pause.min(until - now));
            pause = (pause * 2).min(Duration::from_millis(1));
        }
    }

    /// Nothing has happened for long.
    fn tell_idle(&mut self) {
        if let Some(task) = self.seats.keys().next().copied() {
            self.tell(task, Observation::Idle);
        }
    }

    /// Waits for whichever comes first, while somebody may type.
    fn wait_for_any(&self) -> WaitOutcome {
        let Some(typist) = &self.typist else { return sys::wait(None, true) };
        let running = self.seats.iter().filter(|(_, seat)| matches!(seat.state, SeatState::Running(_)));
        typist.begin(running.map(|(task, _)| *task).collect());
        let outcome = sys::wait(None, true);
        typist.end();
        outcome
    }

    /// Waits for the one task that can run, while somebody may type.
    fn wait_for(&self, task: TaskId, running: Running) -> Seen {
        let Some(typist) = &self.typist else { return running.wait() };
        typist.begin(vec![task]);
        let seen = running.wait();
        typist.end();
        seen
    }

    /// Waits for a task that may be made to stop.
    fn wait_within(&self, task: TaskId, running: Running, limit: Duration) -> Seen {
        self.watchdog.awaits(task, limit);
        let seen = self.wait_for(task, running);
        self.watchdog.met();
        seen
    }

    /// Waits for a task to stop once more, but not for ever.
    fn wait_impatiently(&mut self) {
        let mut pause = Duration::from_micros(20);
        while !self.watchdog.is_late() {
            match sys::wait(None, false) {
                WaitOutcome::Changed(task, status) => return self.changed_first(task, status),
                WaitOutcome::NoChild => return self.all_vanished(),
                WaitOutcome::Nothing => std::thread::sleep(pause),
            }
            pause = (pause * 2).min(Duration::from_millis(1));
        }
    }

    /// Takes what a wait for any task has told, and what is there besides: the kernel looks at its list of tasks from
    /// the front each time, and those at its end would never have their turn.
    fn changed_first(&mut self, task: TaskId, status: Status) {
        while self.engine.is_free()
            && self.seats.len() > 1
            && let WaitOutcome::Changed(other, status) = sys::wait(None, false)
        {
            self.seen.push_back((other, status));
        }
        self.changed(task, status);
    }
}
