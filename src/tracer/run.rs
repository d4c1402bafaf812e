//! One run: alternates between the engine's two questions until every task is gone.

use std::collections::VecDeque;
use std::collections::hash_map::Entry;
use std::rc::Rc;
use std::time::Instant;

use foldhash::HashMap;

use super::decode::decode;
use super::edits::carry_out;
use super::images::Images;
use super::inspect::Inspector;
use super::links::Links;
use super::task::{Running, Seen, Stopped};
use super::teardown::reap_everything;
use super::timers::Timers;
use super::typing::Typist;
use super::watchdog::Watchdog;
use crate::abi::{Arch, Signal, TaskId};
use crate::engine::{Birth, Engine, How, Newborn, Next, Observation, Settle, Stop};
use crate::sys::procfs::{self, RunState};
use crate::sys::{self, PtraceError, Resume, Status, WaitOutcome};
use crate::transcript::{Abandoned, Record, Sink};

/// A task's place in the tracer's book.
#[derive(Debug)]
pub(super) struct Seat {
    pub(super) state: SeatState,
    /// Since when it is kept back, if it is.
    pub(super) held_since: Option<Instant>,
    /// It fell asleep where a signal would wake it; otherwise it may also have where none does.
    pub(super) is_light_sleeper: bool,
}

#[derive(Debug)]
pub(super) enum SeatState {
    Stopped(Stopped),
    Running(Running),
}

impl Seat {
    pub(super) fn stopped(stopped: Stopped) -> Seat {
        Seat { state: SeatState::Stopped(stopped), held_since: None, is_light_sleeper: false }
    }

    pub(super) fn running(running: Running) -> Seat {
        Seat { state: SeatState::Running(running), held_since: None, is_light_sleeper: false }
    }
}

/// A run that goes on.
pub(super) struct Tracer<'a> {
    pub(super) engine: Engine,
    pub(super) watchdog: Watchdog,
    pub(super) seats: HashMap<TaskId, Seat>,
    /// What the engine did not want to know yet.
    put_off: HashMap<TaskId, Observation>,
    /// New tasks that have stopped before their parents have told of them.
    early: HashMap<TaskId, Status>,
    /// What several tasks have done since the last wait, first come first.
    pub(super) seen: VecDeque<(TaskId, Status)>,
    images: Rc<Images>,
    timers: Rc<Timers>,
    links: Rc<Links>,
    /// Who types on the target's terminal.
    pub(super) typist: Option<Typist>,
    sink: &'a mut dyn Sink,
}

impl<'a> Tracer<'a> {
    pub(super) fn new(engine: Engine, watchdog: Watchdog, sink: &'a mut dyn Sink) -> Tracer<'a> {
        Tracer {
            engine,
            watchdog,
            seats: HashMap::default(),
            put_off: HashMap::default(),
            early: HashMap::default(),
            seen: VecDeque::new(),
            images: Rc::default(),
            timers: Rc::default(),
            links: Rc::default(),
            typist: None,
            sink,
        }
    }
}

impl Tracer<'_> {
    /// A task that is there from the beginning.
    pub(super) fn seat(&mut self, task: TaskId, seat: Seat) {
        self.seats.insert(task, seat);
    }

    /// Alternates between the engine's two questions until every task is gone.
    pub(super) fn run(mut self) -> Record {
        // Whoever may fall asleep is let have the processor again and again.
        let turns = (!self.engine.is_free()).then(|| (sys::ShortTurns::take(), sys::NoSlack::take()));
        self.alternate();
        drop(turns);
        self.engine.into_record()
    }

    fn alternate(&mut self) {
        loop {
            self.quiesce();
            if self.watchdog.has_barked() {
                self.give_up();
            }
            if let Some(errno) = sys::take_shortage() {
                self.engine.abandon(Abandoned::Shortage(errno));
            }
            if self.watchdog.is_late() {
                // What has not stopped is let go by the kernel, with the end of this thread.
                return;
            }
            match self.engine.next() {
                Next::Resume { task, how, signal, settle } => self.resume(task, how, signal, settle),
                Next::Recall { task } => self.recall(task),
                Next::Interrupt { task } => {
                    // A task that is gone tells its end to the next wait.
                    let _ = sys::interrupt(task);
                    // A first thread that has ended before the others neither stops nor tells its end.
                    let is_first = self.engine.process_of(task) == Some(task);
                    if is_first && procfs::run_state(task) == RunState::Zombie {
                        self.tell(task, Observation::ZombieLeader { task });
                    }
                }
                Next::Ring { process, ring } => {
                    // A process that is gone hears nothing.
                    let _ = sys::ring(process, ring.thread, ring.signal, ring.timer);
                }
                Next::Expire { timer } => self.expire(timer),
                Next::Wait { timers, idle } => self.wait(&timers, idle),
                Next::Abandon => {
                    let stopped = self.seats.iter().filter_map(|(task, seat)| match seat.state {
                        SeatState::Stopped(_) => Some(*task),
                        SeatState::Running(_) => None,
                    });
                    let stopped = stopped.chain(self.early.keys().copied());
                    return reap_everything(stopped, || self.watchdog.kill_all());
                }
                Next::Finished => return,
            }
        }
    }

    /// Lets a timer go off that is read.
    fn expire(&self, timer: u64) {
        self.timers.expire(timer);
        self.timers.tidy(|| self.seats.keys().filter_map(|task| self.engine.process_of(*task)).collect());
    }

    /// Tells the engine why the watchdog has barked.
    fn give_up(&mut self) {
        let (reason, calls) = self.watchdog.reason();
        if reason.is_none() && self.engine.spares() {
            return self.engine.leave();
        }
        let arch = Arch::host();
        let outside = |task: TaskId| {
            let number = *calls.get(&task)?;
            Some(crate::abi::Sysno::from_number(arch?, number)?.name().to_owned())
        };
        let reason = match reason {
            Some(Abandoned::Timeout(_)) | None => Abandoned::Timeout(self.engine.whereabouts(outside)),
            Some(other) => other,
        };
        self.engine.abandon(reason);
    }

    /// Lets every task that something may have woken come to rest, in logical order, and those whom that may have woken:
    /// one that ends on its way wakes its parent.
    fn quiesce(&mut self) {
        loop {
            let asked = [Engine::sleepers, Engine::overlooked].map(|ask| self.ask(ask));
            if asked == [0, 0] || self.watchdog.has_barked() {
                return;
            }
        }
    }

    /// Lets those come to rest of whom the engine tells; how many there are.
    fn ask(&mut self, who: impl FnOnce(&mut Engine) -> Vec<TaskId>) -> usize {
        let tasks = who(&mut self.engine);
        for task in &tasks {
            if let Some(seat) = self.seats.get(task) {
                // Whoever has been woken may have to wait for the kernel on its way, and is not asleep then.
                let settle = if seat.is_light_sleeper { Settle::StopOrSleep } else { Settle::EndOrSleep };
                self.settle(*task, settle, true);
            }
        }
        tasks.len()
    }

    fn resume(&mut self, task: TaskId, how: How, signal: Option<Signal>, settle: Settle) {
        let Some(seat) = self.seats.get_mut(&task) else { return self.vanished(task) };
        // Made only where somebody listens.
        let with = || signal.map_or_else(String::new, |signal| format!(" {signal}"));
        tracing::trace!(target: "rinject::stop", "{} {how}{}", task.0, with());
        let placeholder = SeatState::Running(Running::told(task));
        if let SeatState::Stopped(stopped) = std::mem::replace(&mut seat.state, placeholder) {
            seat.state = SeatState::Running(match how {
                How::Run => stopped.resume(Resume::Continue, signal),
                How::Calls => stopped.resume(Resume::Syscall, signal),
                How::Step => stopped.resume(Resume::Step, signal),
                How::Listen => stopped.listen(),
                How::Detach => stopped.resume(Resume::Detach, signal),
            });
        }
        if !matches!(how, How::Listen | How::Detach) && settle != Settle::Nothing {
            self.settle(task, settle, false);
        }
    }

    /// Tells what was put off.
    fn recall(&mut self, task: TaskId) {
        match self.put_off.remove(&task) {
            Some(observation) => self.tell(task, observation),
            None => self.vanished(task),
        }
    }

    pub(super) fn all_vanished(&mut self) {
        let tasks: Vec<TaskId> = self.seats.keys().copied().collect();
        for task in tasks {
            self.vanished(task);
        }
    }

    pub(super) fn vanished(&mut self, task: TaskId) {
        self.seats.remove(&task);
        self.forget(task);
        self.tell(task, Observation::Vanished { task });
    }

    /// What was found out of a task is nothing to do with another one that gets its number.
    fn forget(&self, task: TaskId) {
        self.links.forget(task);
        self.images.replaced(task);
    }

    pub(super) fn changed(&mut self, task: TaskId, status: Status) {
        let Some(seat) = self.seats.get(&task) else { return self.stranger(task, status) };
        let seen = match status {
            Status::Ended(ending) => Seen::Ended(ending),
            status => {
                if let SeatState::Running(running) = &seat.state {
                    running.complete();
                }
                Seen::Stopped(Stopped::told(task), status)
            }
        };
        self.seen(task, seen);
    }

    /// A task that nobody has told of stops or ends: a new one that is faster than the word of its parent, or one that
    /// has been taken out of the books and goes on to its end.
    fn stranger(&mut self, task: TaskId, status: Status) {
        match status {
            Status::EventStop { event: libc::PTRACE_EVENT_STOP, .. } | Status::Ended(_) => {
                self.early.insert(task, status);
            }
            _ => {
                let _ = sys::resume(task, Resume::Continue, None);
            }
        }
    }

    pub(super) fn seen(&mut self, task: TaskId, seen: Seen) {
        if self.watchdog.kills() {
            // What happens from here on is the watchdog's doing.
            if let Seen::Stopped(stopped, _) = seen {
                self.seats.insert(task, Seat::stopped(stopped));
            }
            return;
        }
        match seen {
            Seen::Running(running) => {
                self.seats.insert(task, Seat::running(running));
            }
            // A first thread that had ended before the process was attached to: it is no child of this thread's unless
            // another one executes, and comes back in its place.
            Seen::Vanished
                if self.engine.spares()
                    && self.engine.process_of(task) == Some(task)
                    && procfs::run_state(task) != RunState::Gone =>
            {
                self.seats.insert(task, Seat::running(Running::bare(task)));
            }
            Seen::Vanished => self.vanished(task),
            Seen::Ended(ending) => {
                self.seats.remove(&task);
                self.watchdog.remove(task);
                self.forget(task);
                self.tell(task, Observation::Ended { task, ending });
            }
            Seen::Stopped(stopped, status) => {
                self.seats.insert(task, Seat::stopped(stopped));
                self.stopped(task, status);
            }
        }
    }

    fn stopped(&mut self, task: TaskId, status: Status) {
        match decode(task, status) {
            Ok(stop) => {
                if stop == Stop::Exiting {
                    self.announce_children(task);
                }
                let born = match stop {
                    Stop::Born(born) => Some((born.child, born.process)),
                    _ => None,
                };
                if let Stop::Exec { former } = stop {
                    self.image_replaced(task, former);
                }
                self.tell(task, Observation::Stop { task, stop });
                if let Some((child, process)) = born {
                    self.adopt(child, process);
                }
            }
            // Killed in its stop: its end is told by the next wait.
            Err(PtraceError::Gone) => {
                self.seats.insert(task, Seat::running(Running::told(task)));
                if !self.engine.is_free() {
                    self.settle(task, Settle::EndOrSleep, false);
                }
            }
            Err(PtraceError::Refused(_)) => self.tell(task, Observation::Stop { task, stop: Stop::Interrupted }),
        }
    }

    /// A task that is killed while it makes another one ends without telling of it. Who it was is known here for the
    /// last time: after this stop its children have another parent.
    fn announce_children(&mut self, parent: TaskId) {
        for child in procfs::children_of(parent) {
            if self.seats.contains_key(&child) {
                continue;
            }
            if let Entry::Vacant(early) = self.early.entry(child) {
                match sys::wait(Some(child), false) {
                    WaitOutcome::Changed(_, status) => drop(early.insert(status)),
                    WaitOutcome::Nothing => {}
                    // Nobody traces it, or somebody else does.
                    WaitOutcome::NoChild => continue,
                }
            }
            let shares_memory = sys::shares_memory(parent, child).unwrap_or(false);
            let born = Newborn { child, birth: Birth::Fork, process: child, shares_memory };
            self.tell(parent, Observation::Stop { task: parent, stop: Stop::Born(born) });
            self.adopt(child, child);
        }
    }

    /// A new task: its first stop is waited for at once, whichever of the two came first.
    fn adopt(&mut self, child: TaskId, process: TaskId) {
        if process == child {
            self.watchdog.add(child);
        }
        let running = if self.engine.spares() { Running::bare(child) } else { Running::told(child) };
        self.seats.insert(child, Seat::running(running));
        if let Some(status) = self.early.remove(&child) {
            match status {
                // Its number may have been used before, by a task whose end was no news any more.
                Status::Ended(_) => match sys::wait(Some(child), false) {
                    WaitOutcome::NoChild => self.changed(child, status),
                    WaitOutcome::Changed(_, fresh) => self.changed(child, fresh),
                    WaitOutcome::Nothing => {}
                },
                status => self.changed(child, status),
            }
        } else if !self.engine.is_free() {
            self.settle(child, Settle::Stop, false);
        }
    }

    /// After an exec the process is its first thread alone, whichever thread made it.
    fn image_replaced(&mut self, task: TaskId, former: TaskId) {
        self.images.replaced(task);
        if let Some(Seat { state: SeatState::Running(running), .. }) =
            (former != task).then(|| self.seats.remove(&former)).flatten()
        {
            running.complete_as(task);
        }
        let engine = &self.engine;
        self.seats.retain(|other, _| *other == task || engine.process_of(*other) != Some(task));
    }

    /// Tells the engine, carries out what it decides, and hands on the events.
    pub(super) fn tell(&mut self, task: TaskId, observation: Observation) {
        tracing::trace!(target: "rinject::stop", "{observation}");
        let process = self.engine.process_of(task).unwrap_or(task);
        let inspector = Inspector::new((task, process), self.images.clone(), self.timers.clone(), self.links.clone());
        let inspector = inspector.of_pages_that_wait(self.engine.pages_wait());
        let decision = self.engine.observe(observation.clone(), &inspector);
        if decision.put_off {
            self.put_off.insert(task, observation);
            return;
        }
        carry_out(&decision.edits, task, process, &inspector, || self.watchdog.kill_all());
        if decision.holds
            && let Some(seat) = self.seats.get_mut(&task)
        {
            seat.held_since = Some(Instant::now());
        }
        if !decision.events.is_empty() {
            self.sink.stands_still(task);
        }
        for event in &decision.events {
            self.sink.event(event);
        }
        self.engine.recycle(decision);
        if self.sink.is_broken() {
            self.engine.abandon(Abandoned::Unwritten);
        }
        if self.engine.spares() && self.is_over() {
            self.engine.leave();
            self.watchdog.enough();
        }
    }

    /// Whether a process that ran already has shown all that is awaited of it.
    fn is_over(&self) -> bool {
        self.engine.is_content() && self.sink.is_content()
    }
}
