//! One run: spawn, then alternate between the engine's two questions until every task is gone.

use std::collections::HashMap;
use std::fs::File;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::images::Images;
use super::inspect::Inspector;
use super::task::{Running, Seen, Stopped};
use super::teardown::reap_everything;
use super::watchdog::{Stopper, Watch, Watchdog};
use crate::abi::{Arch, Registers, Signal, TaskId};
use crate::engine::{Birth, Decision, Edit, Engine, How, Newborn, Next, Observation, RawCall, Settle, Stop};
use crate::plan::{Plan, Recipient, Victim};
use crate::sys::procfs::{self, RunState};
use crate::sys::{self, CallStop, ChildPlan, ExecFailure, PtraceError, Resume, SpawnError, Status, WaitOutcome};
use crate::transcript::{Abandoned, Record, Sink};

/// What is watched while the run goes on.
#[derive(Debug, Default)]
pub struct Outputs {
    /// Files whose length `limits.output` bounds.
    pub files: Vec<File>,
    /// Ends the run from outside.
    pub stopper: Stopper,
}

/// A run that took place.
#[derive(Debug)]
pub struct Traced {
    /// What it came to.
    pub record: Record,
    /// Why the target could not be executed, if it could not.
    pub failure: Option<ExecFailure>,
}

/// Why no run took place.
#[derive(Debug)]
pub enum TraceError {
    /// No task could be made, or the kernel refused to let it be traced.
    Spawn(SpawnError),
    /// The watchdog could not be started.
    Watchdog(std::io::Error),
}

/// Runs `child` under `plan`, giving every event to `sink`. Every ptrace and wait call is made by the calling
/// thread, which is kept on one processor meanwhile.
pub fn trace(
    plan: &Arc<Plan>,
    child: &ChildPlan,
    outputs: Outputs,
    sink: &mut dyn Sink,
) -> Result<Traced, TraceError> {
    let before = sys::pin_to_one_processor();
    let traced = run(plan, child, outputs, sink);
    if let Some(before) = before {
        sys::unpin(&before);
    }
    traced
}

fn run(plan: &Arc<Plan>, child: &ChildPlan, outputs: Outputs, sink: &mut dyn Sink) -> Result<Traced, TraceError> {
    let watch = Watch {
        deadline: Instant::now() + plan.target.timeout,
        stopper: outputs.stopper,
        outputs: outputs.files,
        output_limit: plan.target.limits.most_output(),
    };
    let watchdog = Watchdog::start(watch).map_err(TraceError::Watchdog)?;
    let spawned = sys::spawn(child).map_err(TraceError::Spawn)?;
    watchdog.add(spawned.task);
    let mut tracer = Tracer {
        engine: Engine::new(plan.clone(), spawned.task),
        watchdog,
        seats: HashMap::from([(spawned.task, Seat::stopped(spawned.task))]),
        put_off: HashMap::new(),
        images: Rc::default(),
        sink,
    };
    tracer.run();
    let record = tracer.engine.into_record();
    Ok(Traced { record, failure: spawned.failure() })
}

/// A task's place in the tracer's book.
#[derive(Debug)]
struct Seat {
    state: SeatState,
    /// When it last stopped.
    since: Instant,
}

#[derive(Debug)]
enum SeatState {
    Stopped(Stopped),
    Running(Running),
}

impl Seat {
    fn stopped(task: TaskId) -> Seat {
        Seat { state: SeatState::Stopped(Stopped::told(task)), since: Instant::now() }
    }
}

struct Tracer<'a> {
    engine: Engine,
    watchdog: Watchdog,
    seats: HashMap<TaskId, Seat>,
    /// What the engine did not want to know yet.
    put_off: HashMap<TaskId, Observation>,
    images: Rc<Images>,
    sink: &'a mut dyn Sink,
}

impl Tracer<'_> {
    fn run(&mut self) {
        loop {
            self.quiesce();
            if self.watchdog.has_barked() {
                self.give_up();
            }
            match self.engine.next() {
                Next::Resume { task, how, signal, settle } => self.resume(task, how, signal, settle),
                Next::Recall { task } => self.recall(task),
                Next::Wait { timer } => self.wait(timer),
                Next::Abandon => {
                    let stopped = self.seats.iter().filter_map(|(task, seat)| match seat.state {
                        SeatState::Stopped(_) => Some(*task),
                        SeatState::Running(_) => None,
                    });
                    return reap_everything(stopped, || self.watchdog.kill_all());
                }
                Next::Finished => return,
            }
        }
    }

    /// Tells the engine why the watchdog has barked.
    fn give_up(&mut self) {
        let (reason, calls) = self.watchdog.reason();
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

    /// Lets every task that something may have woken come to rest, in logical order.
    fn quiesce(&mut self) {
        for task in self.engine.sleepers() {
            if self.seats.contains_key(&task) {
                self.settle(task, Settle::EndOrSleep, true);
            }
        }
    }

    fn resume(&mut self, task: TaskId, how: How, signal: Option<Signal>, settle: Settle) {
        let Some(seat) = self.seats.get_mut(&task) else { return self.vanished(task) };
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
        if !matches!(how, How::Listen | How::Detach) {
            self.settle(task, settle, false);
        }
    }

    /// Waits until a running task has stopped, ended or, where it may, fallen asleep. `was_asleep` says that the
    /// engine knows it to be asleep already.
    fn settle(&mut self, task: TaskId, settle: Settle, was_asleep: bool) {
        let (mut asleep, mut zombie, mut listening) = (0, 0, 0);
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
            let seen = if settle == Settle::Stop { running.wait() } else { running.poll() };
            let running = match seen {
                Seen::Running(running) => running,
                other => return self.seen(task, other),
            };
            seat.state = SeatState::Running(running);
            match procfs::run_state(task) {
                RunState::Sleeping => asleep += 1,
                RunState::Uninterruptible if settle == Settle::EndOrSleep => asleep += 1,
                // In a group-stop, or in a stop that the wait before came just too early for.
                RunState::Stopped if was_asleep => listening += 1,
                RunState::Zombie => zombie += 1,
                RunState::Gone => return self.vanished(task),
                RunState::Running | RunState::Uninterruptible | RunState::Stopped => (asleep, zombie) = (0, 0),
            }
            // Seen twice with a wait in between: a task on its way into or out of sleep is not asleep.
            if asleep == 2 {
                if !was_asleep {
                    self.tell(task, Observation::Asleep { task }, None);
                }
                return;
            }
            if listening == 2 {
                return;
            }
            if zombie == 2 {
                return self.tell(task, Observation::ZombieLeader { task }, None);
            }
            if self.watchdog.has_barked() {
                return;
            }
            // A refusal would only make the next look come sooner.
            let _ = nix::sched::sched_yield();
        }
    }

    /// Tells what was put off.
    fn recall(&mut self, task: TaskId) {
        match self.put_off.remove(&task) {
            Some(observation) => self.tell(task, observation, None),
            None => self.vanished(task),
        }
    }

    /// Waits until any sleeper stirs, or a held task's time is up.
    fn wait(&mut self, timer: Option<(TaskId, Duration)>) {
        let Some((held, length)) = timer else {
            return match sys::wait(None, true) {
                WaitOutcome::Changed(task, status) => self.changed(task, status),
                WaitOutcome::Nothing => {}
                WaitOutcome::NoChild => self.all_vanished(),
            };
        };
        let until = self.seats.get(&held).map_or_else(Instant::now, |seat| seat.since + length);
        let mut pause = Duration::from_micros(20);
        loop {
            let now = Instant::now();
            if now >= until {
                return self.tell(held, Observation::Elapsed { task: held }, None);
            }
            if let WaitOutcome::Changed(task, status) = sys::wait(None, false) {
                return self.changed(task, status);
            }
            if self.watchdog.has_barked() {
                return;
            }
            std::thread::sleep(pause.min(until - now));
            pause = (pause * 2).min(Duration::from_millis(1));
        }
    }

    fn all_vanished(&mut self) {
        let tasks: Vec<TaskId> = self.seats.keys().copied().collect();
        for task in tasks {
            self.vanished(task);
        }
    }

    fn vanished(&mut self, task: TaskId) {
        self.seats.remove(&task);
        self.tell(task, Observation::Vanished { task }, None);
    }

    fn changed(&mut self, task: TaskId, status: Status) {
        let seen = match status {
            Status::Ended(ending) => Seen::Ended(ending),
            status => Seen::Stopped(Stopped::told(task), status),
        };
        self.seen(task, seen);
    }

    fn seen(&mut self, task: TaskId, seen: Seen) {
        if self.watchdog.has_barked() {
            // What happens from here on is the watchdog's doing.
            if let Seen::Stopped(stopped, _) = seen {
                self.seats.insert(task, Seat { state: SeatState::Stopped(stopped), since: Instant::now() });
            }
            return;
        }
        match seen {
            Seen::Running(running) => {
                self.seats.insert(task, Seat { state: SeatState::Running(running), since: Instant::now() });
            }
            Seen::Vanished => self.vanished(task),
            Seen::Ended(ending) => {
                self.seats.remove(&task);
                self.watchdog.remove(task);
                self.tell(task, Observation::Ended { task, ending }, None);
            }
            Seen::Stopped(stopped, status) => {
                self.seats.insert(task, Seat { state: SeatState::Stopped(stopped), since: Instant::now() });
                self.stopped(task, status);
            }
        }
    }

    fn stopped(&mut self, task: TaskId, status: Status) {
        match decode(task, status) {
            Ok((stop, registers)) => {
                let born = match stop {
                    Stop::Born(born) => Some((born.child, born.process)),
                    _ => None,
                };
                if let Stop::Exec { former } = stop {
                    self.image_replaced(task, former);
                }
                self.tell(task, Observation::Stop { task, stop }, registers);
                if let Some((child, process)) = born {
                    self.adopt(child, process);
                }
            }
            // Killed in its stop: its end is told by the next wait.
            Err(PtraceError::Gone) => {
                self.seats
                    .insert(task, Seat { state: SeatState::Running(Running::told(task)), since: Instant::now() });
                self.settle(task, Settle::EndOrSleep, false);
            }
            Err(PtraceError::Refused(_)) => {
                self.tell(task, Observation::Stop { task, stop: Stop::Interrupted }, None)
            }
        }
    }

    /// A new task: its first stop is waited for at once, whichever of the two came first.
    fn adopt(&mut self, child: TaskId, process: TaskId) {
        if process == child {
            self.watchdog.add(child);
        }
        self.seats.insert(child, Seat { state: SeatState::Running(Running::told(child)), since: Instant::now() });
        self.settle(child, Settle::Stop, false);
    }

    /// After an exec the process is its first thread alone, whichever thread made it.
    fn image_replaced(&mut self, task: TaskId, former: TaskId) {
        if former != task {
            self.seats.remove(&former);
        }
        let engine = &self.engine;
        self.seats.retain(|other, _| *other == task || engine.process_of(*other) != Some(task));
    }

    /// Tells the engine, carries out what it decides, and hands on the events.
    fn tell(&mut self, task: TaskId, observation: Observation, registers: Option<Registers>) {
        let process = self.engine.process_of(task).unwrap_or(task);
        let inspector = Inspector::new(task, process, registers, self.images.clone());
        let decision = self.engine.observe(observation.clone(), &inspector);
        if decision.put_off {
            self.put_off.insert(task, observation);
            return;
        }
        self.apply(task, process, &inspector, &decision);
        for event in &decision.events {
            self.sink.event(event);
        }
    }

    /// Carries out a decision. A task that was killed meanwhile takes no changes, and needs none.
    fn apply(&mut self, task: TaskId, process: TaskId, inspector: &Inspector, decision: &Decision) {
        for edit in &decision.edits {
            match *edit {
                Edit::Skip(result) => {
                    let _ = sys::skip_call(task, inspector.known_registers().as_ref(), result);
                }
                Edit::Number(number) => {
                    inspector.forget_registers();
                    let _ = sys::set_call_number(task, number);
                }
                Edit::Argument { at, value } => {
                    inspector.forget_registers();
                    let _ = sys::set_call_argument(task, at, value);
                }
                Edit::Register { register, value } => {
                    inspector.forget_registers();
                    let _ = sys::set_register(task, register, value);
                }
                Edit::Write { addr, ref bytes } => {
                    sys::write_memory(task, addr, bytes);
                }
                Edit::Result(result) => {
                    let _ = sys::set_result(task, result);
                }
                Edit::Send { signal, to, value } => {
                    let thread = (to == Recipient::Thread).then_some(task);
                    match value {
                        Some(value) => sys::queue_signal(process, thread, signal, value),
                        None => sys::send_signal(process, thread, signal),
                    };
                }
                Edit::Renumber(signal) => {
                    let _ = sys::set_siginfo_word(task, signal);
                }
                Edit::Kill(Victim::Process | Victim::Thread) => {
                    sys::send_signal(process, None, Signal::KILL);
                }
                Edit::Kill(Victim::Tree) => self.watchdog.kill_all(),
            }
        }
    }
}

/// What a status says, asking the kernel for what the status leaves out; the registers, if they were read.
fn decode(task: TaskId, status: Status) -> Result<(Stop, Option<Registers>), PtraceError> {
    let stop = match status {
        Status::SyscallStop => match sys::syscall_stop(task)? {
            CallStop::Entry { arch, number, args, ip } => match Arch::from_audit(arch) {
                Some(arch) => Stop::Entry(RawCall { arch, number, args, ip }),
                None => Stop::Interrupted,
            },
            CallStop::Exit { result } => Stop::Exit(result),
            CallStop::None => Stop::Interrupted,
        },
        Status::SignalStop(_) => Stop::Signal(sys::siginfo(task)?),
        Status::EventStop { event, signal } => match event {
            libc::PTRACE_EVENT_SECCOMP => {
                let registers = sys::registers(task)?;
                // The filter selects calls of the native table only.
                let arch = Arch::X86_64;
                let call =
                    RawCall { arch, number: registers.orig_rax, args: registers.call_args(), ip: registers.rip };
                return Ok((Stop::Entry(call), Some(registers)));
            }
            libc::PTRACE_EVENT_FORK => born(task, Birth::Fork)?,
            libc::PTRACE_EVENT_VFORK => born(task, Birth::Vfork)?,
            libc::PTRACE_EVENT_CLONE => born(task, Birth::Clone)?,
            libc::PTRACE_EVENT_VFORK_DONE => Stop::VforkDone,
            libc::PTRACE_EVENT_EXEC => Stop::Exec { former: TaskId(sys::event_message(task)? as i32) },
            libc::PTRACE_EVENT_EXIT => Stop::Exiting,
            libc::PTRACE_EVENT_STOP if signal != Signal::TRAP => Stop::Group(signal),
            libc::PTRACE_EVENT_STOP => Stop::Started,
            _ => Stop::Interrupted,
        },
        Status::Ended(_) | Status::Unexplained(_) => Stop::Interrupted,
    };
    Ok((stop, None))
}

fn born(task: TaskId, birth: Birth) -> Result<Stop, PtraceError> {
    let child = TaskId(sys::event_message(task)? as i32);
    let process = procfs::process_of(child).unwrap_or(child);
    let shares_memory = sys::shares_memory(task, child)
        .unwrap_or(birth == Birth::Vfork || process == procfs::process_of(task).unwrap_or(task));
    Ok(Stop::Born(Newborn { child, birth, process, shares_memory }))
}
