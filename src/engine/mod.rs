//! The pure heart: what happens to the task that was seen, and who runs next.
//! It must not touch the kernel, files or the clock; it asks through [`Inspect`] and answers with decisions.

mod attach;
mod auxv;
mod budget;
mod calls;
mod convention;
mod counted;
mod deadlock;
mod decode;
mod effects;
mod faithful;
mod filter;
mod fire;
mod fixed;
mod free;
mod futex;
mod handlers;
mod hit;
mod inspect;
mod instead;
mod leaks;
mod life;
mod links;
mod location;
mod log;
mod names;
mod nested;
mod pick;
mod points;
mod refuse;
mod ring;
mod roster;
mod rules;
mod sandboxed;
mod schedule;
mod scope;
mod second_filter;
mod shown;
mod signals;
mod sites;
mod sleep;
mod spin;
mod stack;
mod state;
mod step;
mod stop;
mod tamper;
mod task;
#[cfg(test)]
mod tests;
mod untraced;
mod used;
mod vdso;
mod wake;
mod yields;

pub use inspect::{
    Descriptor, DirectoryId, FileFound, FileId, FilePlace, FileStatus, Gone, Image, Inspect, Landmarks, Moved,
    Region, Stamps, TimerFile,
};
pub use location::{CodeSite, Location, Resolved, Site};
pub use stop::{Birth, Decision, Edit, How, Newborn, Next, Observation, RawCall, Ring, Settle, Stop};

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::abi::{CallSet, TaskId};
use crate::plan::{FilterMode, Plan, Rule, Start};
use crate::transcript::{Abandoned, Hang, Record, TaskName};

use attach::Attachment;
use budget::Budgets;
use faithful::Told;
use fixed::Fixed;
use links::Links;
use log::Log;
use names::Names;
use points::Points;
use roster::Roster;
use rules::Rules;
use schedule::{Schedule, Turn};
use second_filter::SecondFilter;
use spin::Spins;
use task::{Process, Task};
use used::Used;
use wake::Woken;

/// The number of a program in a namespace of its own: the first one waits for orphans (pid_namespaces(7)).
const SECOND: TaskId = TaskId(2);

/// The state of a run.
#[derive(Debug)]
pub struct Engine {
    plan: Arc<Plan>,
    /// A process of the run answers for pages of memory itself (userfaultfd(2)): touching one may be a wait for it.
    pages_wait: bool,
    /// Calls that the filter of the plan selects.
    selected: CallSet,
    names: Names,
    rules: Rules,
    points: Points,
    schedule: Schedule,
    /// Tasks that are being let past a breakpoint.
    stepping: BTreeSet<TaskName>,
    log: Log,
    tasks: Roster<TaskName, Task>,
    ids: Roster<TaskId, TaskName>,
    processes: Roster<u32, Process>,
    /// Errors of files that were told: which descriptors of which processes have heard of them.
    told: Told,
    /// How much of the rules' budgets is used.
    budgets: Budgets,
    /// What the standard output and error of the first process are.
    outputs: Vec<Descriptor>,
    /// A process of the run has set a timer that raises a signal.
    has_timers: bool,
    /// A process of the run may be told of what others do to files.
    watches_files: bool,
    /// Tasks that had to be made to stop.
    spins: Spins,
    /// How often each of its own rules has refused a call.
    refused: BTreeMap<&'static str, u64>,
    /// Tasks that are to be let go, and who waits for it.
    releasing: BTreeMap<TaskName, TaskName>,
    /// There were several tasks at a time.
    had_company: bool,
    /// How many processes there ever were.
    born: u32,
    /// The first process has executed the target.
    executed: bool,
    record: Record,
    give_up: bool,
    /// How far a process has come that ran already.
    attachment: Option<Attachment>,
    /// Its first thread had ended before: nothing will be told of it, unless another one takes its place by an exec.
    leaderless: bool,
    /// Whether what was answered of descriptors stands.
    links: Links,
    /// What is told in place of what the kernel says.
    fixed: Fixed,
    /// Which sleepers may have been woken since they were last asked for.
    woken: Woken,
    /// Where the next decision and the next call are made.
    used: Used,
}

impl Engine {
    /// An engine for one run of `plan`, whose first task is `root`, stopped before its exec.
    pub fn new(plan: Arc<Plan>, root: TaskId) -> Engine {
        let mut engine = Engine {
            names: Names::new(plan.names.clone()),
            rules: Rules::new(&plan.rules).sparing(plan.spared.clone()),
            points: Points::new(&plan),
            schedule: Schedule::new(&plan.policy, plan.fixed.clock.is_some()),
            stepping: BTreeSet::new(),
            log: Log::new(&plan),
            tasks: Roster::new(),
            ids: Roster::new(),
            processes: Roster::new(),
            told: Told::default(),
            budgets: Budgets::default(),
            outputs: Vec::new(),
            has_timers: false,
            watches_files: false,
            spins: Spins::default(),
            refused: BTreeMap::new(),
            releasing: BTreeMap::new(),
            had_company: false,
            born: 0,
            executed: false,
            record: Record { started: matches!(plan.trace.start, Start::Exec), ..Record::default() },
            give_up: false,
            attachment: None,
            leaderless: false,
            links: Links::new(&plan),
            fixed: Fixed::new(&plan.fixed),
            woken: Woken::new(),
            used: Used::default(),
            pages_wait: false,
            selected: plan.trace.stops(),
            plan,
        };
        let space = engine.points.fresh();
        let number = if engine.plan.fixed.own_pids { SECOND } else { root };
        let name = engine.new_process((root, number), None, space, false);
        engine.schedule.stopped(name);
        engine.begin_clock_rules();
        engine
    }

    /// Takes what was seen of one task, and tells what is to be done to it and written of it.
    pub fn observe(&mut self, observation: Observation, inspect: &dyn Inspect) -> Decision {
        let mut decision = self.used.decision();
        self.note_wakes(&observation);
        match observation {
            Observation::Stop { task, mut stop } => {
                let Some(name) = self.ids.get(&task).copied() else { return decision };
                if matches!(stop, Stop::Exit(0)) && self.schedule.wake(name) {
                    decision.put_off = true;
                    return decision;
                }
                let moves = self.note_moves(name, &stop, inspect);
                decision.edits.extend(self.has_stopped(name, &mut stop, inspect));
                self.introduce(name, inspect);
                let leaves = self.is_leaving() || self.is_releasing(name) && !self.is_awaiting(name);
                if !leaves && (self.awaits_release(name, &stop) || self.needs_stillness(name, &stop, inspect)) {
                    self.schedule.keep(name);
                    decision.put_off = true;
                    return decision;
                }
                self.schedule.stopped(name);
                if leaves || self.is_releasing(name) {
                    self.leave_stop(name, stop, inspect, &mut decision);
                    return decision;
                }
                let is_alive = !matches!(stop, Stop::Exiting);
                self.stopped(name, stop, inspect, &mut decision);
                if moves != Moved::Nothing {
                    inspect.answers_stand(moves);
                }
                if is_alive {
                    // An exec may have given the task another name.
                    let name = self.ids.get(&task).copied().unwrap_or(name);
                    self.keep_planted(name, inspect, &mut decision);
                }
                decision.holds = self.hold(name);
            }
            Observation::Asleep { task } => self.with(task, |engine, name| {
                let on = engine.sleeps_on(name);
                engine.schedule.asleep(name, on);
            }),
            Observation::ZombieLeader { task } => self.with(task, |engine, name| engine.schedule.zombie(name)),
            Observation::Elapsed { task } => self.with(task, |engine, name| engine.schedule.elapsed(name)),
            Observation::Idle if self.is_deadlocked() => {
                let hangs = self.whereabouts(|_| None);
                self.abandon(Abandoned::Deadlock(hangs));
            }
            Observation::Idle => {}
            Observation::Vanished { task } => {
                self.note_end(task, inspect);
                self.with(task, |engine, name| engine.vanished(name));
            }
            Observation::Ended { task, ending } => {
                self.note_end(task, inspect);
                if let Some(name) = self.ids.get(&task).copied() {
                    self.ended(name, ending, inspect, &mut decision);
                }
            }
        }
        self.check_limits();
        decision
    }

    /// Takes back a decision that has been carried out: the next one is made where it was.
    pub fn recycle(&mut self, decision: Decision) {
        self.used.decided(decision);
    }

    /// Tells who goes on.
    #[allow(
        clippy::should_implement_trait,
        reason = "no iterator: what comes next depends on what is observed between"
    )]
    pub fn next(&mut self) -> Next {
        if self.give_up {
            return Next::Abandon;
        }
        if self.is_leaving() {
            return self.next_leaving();
        }
        if self.schedule.is_free() {
            return self.next_free();
        }
        match self.schedule.turn(self.alarm()) {
            Turn::Nobody => Next::Finished,
            Turn::Wait { timer } => {
                let timer = timer.and_then(|(name, length)| Some((self.tasks.get(&name)?.id, length)));
                let idle = self.is_deadlocked().then_some(deadlock::IDLE);
                Next::Wait { timers: timer.into_iter().collect(), idle }
            }
            Turn::Rouse(name) => {
                self.time_is_up(name);
                match self.tasks.get(&name) {
                    Some(task) => Next::Interrupt { task: task.id },
                    None => Next::Finished,
                }
            }
            Turn::Alarm => match self.go_off() {
                Some(ring) => ring,
                None => self.next(),
            },
            Turn::Recall(name) => {
                self.spins.turn(name);
                match self.tasks.get(&name) {
                    Some(task) => Next::Recall { task: task.id },
                    None => Next::Finished,
                }
            }
            Turn::Run(name) => {
                self.spins.turn(name);
                self.resume(name)
            }
        }
    }

    /// Whether reading memory may have to wait for a task of the run, which is stopped meanwhile.
    pub fn pages_wait(&self) -> bool {
        self.pages_wait
    }

    /// Whether tasks run at once, so that nobody waits for one to settle.
    pub fn is_free(&self) -> bool {
        self.schedule.is_free()
    }

    /// The kernel's numbers of all live processes, the first one first.
    pub fn processes(&self) -> impl Iterator<Item = TaskId> + '_ {
        self.processes.values().map(|process| process.id)
    }

    /// The process that `task` belongs to.
    pub fn process_of(&self, task: TaskId) -> Option<TaskId> {
        let name = self.ids.get(&task)?;
        Some(self.processes.get(&name.process)?.id)
    }

    /// Gives the run up for a reason that is not the engine's own.
    pub fn abandon(&mut self, reason: Abandoned) {
        self.record.abandoned.get_or_insert(reason);
        self.end();
    }

    /// Nothing more is waited for: the tree is killed, and a process that ran already is let go.
    fn end(&mut self) {
        if self.spares() {
            self.leave();
        } else {
            self.give_up = true;
        }
    }

    /// Where each task is; `outside` names calls that were seen from outside, for tasks in calls nobody traced.
    pub fn whereabouts(&self, outside: impl Fn(TaskId) -> Option<String>) -> Vec<Hang> {
        let call = |task: &Task| {
            let traced = task.call.as_ref().and_then(|call| call.sysno).map(|call| call.name().to_owned());
            traced.or_else(|| outside(task.id))
        };
        self.tasks.values().map(|task| Hang { task: task.name, call: call(task) }).collect()
    }

    /// What the run came to.
    pub fn into_record(mut self) -> Record {
        self.record.rules = self.rules.records();
        for (at, (rule, record)) in self.plan.rules.iter().zip(&mut self.record.rules).enumerate() {
            record.used = rule.budget.as_ref().map(|budget| self.budgets.most(at, budget));
            if let Some(reason) = self.fixed.clock_change_unseen(at).filter(|_| record.armed) {
                record.prevented.push((reason, 1));
            }
            record.is_uncounted = self.plan.trace.is_constant(&rule.name);
        }
        let plan = Arc::clone(&self.plan);
        for Rule { name, .. } in plan.rules.iter().filter(|rule| plan.trace.is_constant(&rule.name)) {
            self.note(format!("the filter itself carries out rule `{name}`: how often it fires is not counted"));
        }
        self.record.events = self.log.events();
        self.tell_spins();
        for sentence in self.points.tell_yields() {
            self.note(sentence);
        }
        if self.schedule.is_free() && self.had_company && self.plan.snapshot.transcript && self.log.events() > 0 {
            self.note(
                "tasks ran at once (`schedule = \"free\"`): the order of their events in the snapshot is not fixed"
                    .to_owned(),
            );
        }
        let (choices, switches) = self.schedule.chosen();
        (self.record.choices, self.record.switches) = (choices, switches.to_vec());
        self.record
    }

    fn with(&mut self, task: TaskId, act: impl FnOnce(&mut Engine, TaskName)) {
        if let Some(name) = self.ids.get(&task).copied() {
            act(self, name);
        }
    }

    fn stopped(&mut self, name: TaskName, stop: Stop, inspect: &dyn Inspect, decision: &mut Decision) {
        let has_stepped = self.tasks.get_mut(&name).is_some_and(|task| {
            task.go = task::Go::default();
            task.pushes_flags.is_some() || task.over.is_some()
        });
        self.doubt_count(name, &stop, inspect);
        let in_call = matches!(stop, Stop::Entry(_));
        if has_stepped {
            self.hide_trap_flag(name, &stop, inspect, decision);
            if self.past_point(name, &stop, inspect, decision) {
                return;
            }
        }
        match stop {
            Stop::Entry(raw) => self.entry(name, raw, inspect, decision),
            Stop::TheirFilter => self.their_filter(decision),
            Stop::Exit(result) => {
                self.exit(name, result, inspect, decision);
                self.walk(name, inspect, decision);
            }
            Stop::Signal(info) => self.signal(name, info, inspect, decision),
            Stop::Group(signal) => self.group_stop(name, signal, decision),
            Stop::Born(born) => self.birth(name, born, inspect, decision),
            Stop::Exec { former } => self.exec(name, former, inspect, decision),
            Stop::Exiting => self.exiting(name, inspect, decision),
            Stop::Started => {
                let task = self.tasks.get_mut(&name);
                decision.edits.extend(task.map(|task| std::mem::take(&mut task.undo)).unwrap_or_default());
            }
            Stop::Prodded => self.prodded(name),
            Stop::VforkDone | Stop::Interrupted => {}
        }
        if !in_call {
            self.keep_walking(name, inspect);
        }
    }

    /// Keeps a task back if a rule asked for it at this stop; whether one did.
    fn hold(&mut self, name: TaskName) -> bool {
        let held = self.tasks.get_mut(&name).and_then(|task| task.go.hold.take());
        if let Some(length) = held {
            self.schedule.hold(name, length);
            self.limit_later(name, length);
        }
        held.is_some()
    }

    fn resume(&mut self, name: TaskName) -> Next {
        let alone = self.schedule.alone();
        let stops_at_exits = self.stops_at_exits();
        let Some(task) = self.tasks.get(&name) else { return Next::Finished };
        let go = task.go;
        let waits_for_ends = task.call.as_ref().is_some_and(|call| call.waits_for_ends);
        let may_block = task.call.as_ref().is_some_and(|call| call.may_block && call.skipped.is_none());
        let may_block = may_block || task.announced.is_some() || self.pages_wait;
        let (id, signal) = (task.id, task.go.signal);
        let how = match task.go {
            _ if task.go.detach => How::Detach,
            _ if task.go.listen => How::Listen,
            _ if task.go.step => How::Step,
            _ if task.call.is_some() || task.go.calls || task.sandboxed => How::Calls,
            // Without a filter that tells those that matter it stops at the entry of every call.
            _ if stops_at_exits && !matches!(task.second_filter, SecondFilter::Installed) => How::Calls,
            _ => How::Run,
        };
        let settle = match () {
            () if self.schedule.is_free() => Settle::Nothing,
            // Whoever sleeps alone may have to be woken for its time is up.
            () if alone && !self.has_clock() => Settle::Stop,
            () if task.exiting || task.is_killed => Settle::End,
            () if go.may_end || waits_for_ends => Settle::EndOrSleep,
            () if may_block => Settle::StopOrSleep,
            () if task.call.is_none() && !alone => Settle::StopWithin(self.spins.patience()),
            () => Settle::Stop,
        };
        if let Some(task) = self.tasks.get_mut(&name) {
            task.told_every_call = matches!(how, How::Calls);
        }
        if matches!(how, How::Detach) {
            self.links.lost_sight();
        }
        match how {
            How::Listen => self.schedule.listening(name),
            // Of the first process alone the end will still be told: rinject is its parent.
            How::Detach if (name.process, name.thread) == (1, 1) && !self.spares() => self.schedule.away(name),
            How::Detach => self.forget(name),
            How::Run | How::Calls | How::Step => {}
        }
        Next::Resume { task: id, how, signal, settle }
    }

    /// Whether tasks stop at the exit of each call at whose entry they have stopped: with several tasks it has to be seen
    /// who is woken.
    fn stops_at_exits(&self) -> bool {
        !self.schedule.alone() || self.plan.trace.filter == FilterMode::Ptrace || self.fixed.files.are_open()
    }

    fn check_limits(&mut self) {
        let limits = &self.plan.target.limits;
        let (tasks, events) = (limits.most_tasks(), limits.most_events());
        if self.schedule.len() as u64 > tasks {
            self.abandon(Abandoned::Tasks(tasks));
        }
        if self.log.events() > events {
            self.abandon(Abandoned::Events(events));
        }
    }
}
