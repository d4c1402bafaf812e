//! Births, images and endings.

use std::sync::Arc;

use super::Engine;
use super::fire::Moment;
use super::handlers::Handlers;
use super::inspect::Inspect;
use super::leaks::Given;
use super::names::TableId;
use super::points::{SpaceId, Use};
use super::stack::Stack;
use super::stop::{Birth, Decision, Newborn};
use super::task::{Go, Process, Task};
use super::vdso;
use crate::abi::{Addr, Ending, TaskId};
use crate::plan::{Invariant, Start};
use crate::transcript::{Abandoned, Event, EventKind, TaskName};

/// So many numbers of processes are remembered.
const MOST_NUMBERS: usize = 1000;

impl Engine {
    /// A process with its first task. `parent` is the task that made it.
    pub(super) fn new_process(
        &mut self,
        (id, number): (TaskId, TaskId),
        parent: Option<TaskName>,
        space: SpaceId,
        silent: bool,
    ) -> TaskName {
        self.born += 1;
        let position = self.born;
        let table = TableId(position);
        let parent = parent.and_then(|parent| self.processes.get(&parent.process));
        let process = Process {
            id,
            number,
            image: parent.map_or_else(|| Arc::from(""), |parent| parent.image.clone()),
            table,
            tracing: parent.map_or(matches!(self.plan.trace.start, Start::Exec), |parent| parent.tracing),
            // fork(2), clone(2): a child has a copy of its parent's.
            handlers: parent.map(|parent| parent.handlers.clone()).unwrap_or_default(),
            given: Given::default(),
            space,
            threads: 0,
            born: 0,
        };
        if !self.plan.fixed.own_pids && self.record.numbers.len() < MOST_NUMBERS {
            self.record.numbers.extend(u32::try_from(id.0));
        }
        if let Some(parent) = parent {
            self.names.forked(parent.table, table);
        }
        self.processes.insert(position, process);
        self.new_task((id, number), position, silent)
    }

    pub(super) fn new_task(&mut self, (id, number): (TaskId, TaskId), process: u32, silent: bool) -> TaskName {
        let thread = self.processes.get_mut(&process).map_or(1, |process| {
            process.threads += 1;
            process.born += 1;
            process.born
        });
        let name = TaskName { process, thread };
        self.had_company |= !self.tasks.is_empty() && !silent;
        self.tasks.insert(name, Task::new((id, number), name, silent));
        self.ids.insert(id, name);
        self.names.task_born(number, name);
        self.schedule.born(name);
        name
    }

    /// The number that the programs of the run know a task by.
    fn number(&self, task: TaskId, inspect: &dyn Inspect) -> TaskId {
        let own = if self.plan.fixed.own_pids { inspect.number(task) } else { None };
        own.unwrap_or(task)
    }

    pub(super) fn birth(&mut self, name: TaskName, born: Newborn, inspect: &dyn Inspect, decision: &mut Decision) {
        let Newborn { child, birth, process, shares_memory } = born;
        let Some(parent) = self.processes.get(&name.process) else { return };
        let (is_thread, parent_space) = (parent.id == process, parent.space);
        let followed = if is_thread { self.plan.trace.follow.threads } else { self.plan.trace.follow.forks };
        let silent = self.tasks.get(&name).is_none_or(|task| task.silent);
        let child = (child, self.number(child, inspect));
        let born = if is_thread {
            self.new_task(child, name.process, silent || !followed)
        } else {
            let space = if shares_memory { parent_space } else { self.points.forked(parent_space) };
            let born = self.new_process(child, Some(name), space, silent || !followed);
            self.fixed.files.forked(name.process, born.process);
            self.inherits(born, inspect);
            born
        };
        let undo = self.undone_in_child(name);
        let filters = self.tasks.get(&name).map(|task| (task.sandboxed, task.second_filter.inherited()));
        if let (Some(task), Some(filters)) = (self.tasks.get_mut(&born), filters) {
            task.undo = undo;
            (task.sandboxed, task.second_filter) = filters;
        }
        if birth == Birth::Vfork {
            // The parent now sleeps in the kernel, where no signal wakes it, until the child lets it go.
            self.go(name, |go| go.may_end = true);
        }
        if !silent {
            self.life_event(name, EventKind::Clone { child: born, call: birth.word() }, inspect, decision);
        }
    }

    pub(super) fn exec(&mut self, name: TaskName, former: TaskId, inspect: &dyn Inspect, decision: &mut Decision) {
        let name = self.take_over(name, former);
        self.leaderless &= name.process != 1;
        let silent = self.tasks.get(&name).is_none_or(|task| task.silent);
        let silent = silent || self.executed && !self.plan.trace.follow.execs;
        if let Some(task) = self.tasks.get_mut(&name) {
            task.silent = silent;
        }
        let replaces = self.executed;
        let image = inspect.image();
        let path = image.as_ref().map_or("", |image| image.path.as_str());
        let base = path.rsplit('/').next().unwrap_or(path).to_owned();
        if let Some(process) = self.processes.get_mut(&name.process) {
            process.image = Arc::from(base.as_str());
            // execve(2): handled signals are reset to the default.
            process.handlers = Handlers::default();
        }
        if !self.executed {
            self.executed = true;
            self.name_standard_streams(name, inspect);
        }
        if inspect.lost_rights() {
            self.note(format!(
                "`{base}` is a set-user-id program and ran without the rights of its owner, as the kernel has it for \
                 programs that are traced without privilege (execve(2))"
            ));
        }
        self.passed_on(name, replaces && !silent, inspect);
        self.new_space(name);
        self.fixed.executed(name.process);
        if self.plan.trace.hides_vdso {
            decision.edits.extend(vdso::hide(inspect));
        }
        decision.edits.extend(self.fixed.random.seed_image(name, inspect));
        self.await_start(name, &base, inspect);
        if silent {
            return;
        }
        let program = self.shown_program(path, base);
        let argc = image.map_or(0, |image| image.argv.len());
        self.life_event(name, EventKind::Exec { program, argc }, inspect, decision);
    }

    /// An image outside every directory that has a name is shown by its base name: where a distribution keeps
    /// its programs is no news.
    fn shown_program(&self, path: &str, base: String) -> String {
        let renamed = self.names.rename_path(path);
        if renamed == path { base } else { renamed.into_owned() }
    }

    fn name_standard_streams(&mut self, name: TaskName, inspect: &dyn Inspect) {
        let Some(table) = self.processes.get(&name.process).map(|process| process.table) else { return };
        for fd in 0..3 {
            if let Some(what) = inspect.descriptor(fd) {
                self.names.standard(table, fd, &what);
                if fd > 0 {
                    self.outputs.push(what);
                }
            }
        }
    }

    /// A new image has memory of its own; the old one is given up, unless others still have it.
    fn new_space(&mut self, name: TaskName) {
        let fresh = self.points.fresh();
        self.budgets.memory_gone(name.process);
        let Some(process) = self.processes.get_mut(&name.process) else { return };
        let old = std::mem::replace(&mut process.space, fresh);
        self.leave_space(old);
        for task in self.tasks.values_mut().filter(|task| task.name.process == name.process) {
            // exec(2) clears debug registers, and no instruction of the old image is still to be executed.
            (task.debug, task.over, task.told, task.walk) = Default::default();
            self.stepping.remove(&task.name);
        }
    }

    fn leave_space(&mut self, space: SpaceId) {
        if !self.processes.values().any(|process| process.space == space) {
            self.points.gone(space);
        }
    }

    /// Makes the events of a fresh image exist from the place on that the plan says.
    fn await_start(&mut self, name: TaskName, image: &str, inspect: &dyn Inspect) {
        if self.is_leaving() {
            return;
        }
        let place = match &self.plan.trace.start {
            Start::Exec | Start::Event(_) | Start::Place { .. } => None,
            Start::Entry => Some(inspect.landmarks().entry),
            Start::Main { explicit } => {
                let landmarks = inspect.landmarks();
                if landmarks.main.is_none() && *explicit {
                    self.abandon(Abandoned::NoMain(image.to_owned()));
                } else if landmarks.main.is_none() {
                    self.note(format!(
                        "`{image}` has no `main` that can be found: its events start at its entry point"
                    ));
                }
                Some(landmarks.main.or(landmarks.entry))
            }
        };
        let Some(process) = self.processes.get_mut(&name.process) else { return };
        let place: Option<Addr> = place.flatten();
        process.tracing = place.is_none();
        let space = process.space;
        match place {
            Some(addr) => self.points.add(space, addr, Use::Start),
            None => self.record.started |= self.log.begun(),
        }
    }

    /// An exec makes its thread the first of the process, under the process's number; the others are gone.
    fn take_over(&mut self, name: TaskName, former: TaskId) -> TaskName {
        let leader = TaskName { process: name.process, thread: 1 };
        let caller = self.ids.get(&former).copied().unwrap_or(name);
        let others: Vec<TaskName> =
            self.tasks.keys().filter(|other| other.process == name.process && **other != caller).copied().collect();
        for other in others {
            self.forget(other);
        }
        if caller == leader {
            return leader;
        }
        let Some(mut task) = self.tasks.remove(&caller) else { return leader };
        self.ids.remove(&former);
        self.names.task_gone(task.number);
        self.schedule.gone(caller);
        self.stepping.remove(&caller);
        self.log.renamed(caller, leader);
        let numbers = self.processes.get(&name.process).map(|process| (process.id, process.number));
        let Some((id, number)) = numbers else { return leader };
        (task.id, task.number) = (id, number);
        task.name = leader;
        task.go = Go::default();
        self.tasks.insert(leader, task);
        self.ids.insert(id, leader);
        self.names.task_born(number, leader);
        self.schedule.born(leader);
        self.schedule.stopped(leader);
        leader
    }

    /// A task vanished. One that is in an exec of its own is about to come back as the first thread.
    pub(super) fn vanished(&mut self, name: TaskName) {
        let in_exec = |task: &Task| task.call.as_ref().is_some_and(|call| call.waits_for_ends);
        if !self.tasks.get(&name).is_some_and(in_exec) {
            self.forget(name);
        }
    }

    pub(super) fn exiting(&mut self, name: TaskName, inspect: &dyn Inspect, decision: &mut Decision) {
        if let Some(raw) = self.tasks.get_mut(&name).and_then(|task| task.announced.take()) {
            self.answered(name, raw, inspect, decision);
        }
        let call = self.tasks.get(&name).and_then(|task| task.call.as_ref()?.sysno);
        if call.is_none_or(|call| call.name() != "exit") {
            // exit_group(2), or a signal: the others are killed where they stand, and the first thread tells nothing of it
            // before all have ended.
            let others = self.tasks.values_mut().filter(|other| other.name.process == name.process);
            others.for_each(|other| other.is_killed = true);
        }
        self.call_lost(name, decision);
        self.schedule.exits(name);
        if let Some(task) = self.tasks.get_mut(&name) {
            task.exiting = true;
            if let Some(signal) = task.pending_signal.take() {
                self.emit(signal, decision);
            }
        }
        let last = self.processes.get(&name.process).is_some_and(|process| process.threads == 1);
        if last {
            self.left_open(name, inspect);
        }
        if last && self.wants(Invariant::NoZombies) {
            let zombies = inspect.zombie_children();
            let named: Vec<_> =
                zombies.into_iter().filter_map(|child| self.names.task(self.number(child, inspect))).collect();
            self.record.zombies.extend(named);
        }
    }

    pub(super) fn ended(&mut self, name: TaskName, ending: Ending, inspect: &dyn Inspect, decision: &mut Decision) {
        self.call_lost(name, decision);
        let silent = self.tasks.get(&name).is_none_or(|task| task.silent);
        let exists = self.executed || matches!(self.plan.trace.start, Start::Exec);
        if !silent && exists {
            let kind = match ending {
                Ending::Exited(code) => EventKind::Exit { code },
                Ending::Killed(signal) => EventKind::Killed(signal),
            };
            self.life_event(name, kind, inspect, decision);
        }
        if matches!(ending, Ending::Exited(_)) && !silent {
            self.leaked(name);
        }
        self.forget(name);
        if (TaskName { process: 1, thread: 1 }) == name {
            self.record.ending = Some(ending);
            self.look_for_orphans();
        }
        self.leader_ended(name.process, ending);
    }

    /// The whole tree is killed: in which order its processes come to their ends is the kernel's affair.
    pub(super) fn all_are_killed(&mut self) {
        self.tasks.values_mut().for_each(|task| task.is_killed = true);
    }

    /// The first process has ended: whoever is still alive, and not ending, is an orphan.
    pub(super) fn look_for_orphans(&mut self) {
        let is_ending = |task: &Task| task.exiting || task.is_killed;
        let alive = self.tasks.values().filter(|task| task.name.thread == 1 && !is_ending(task) && !task.silent);
        self.record.orphans = alive.map(|task| task.name).collect();
        if !self.record.orphans.is_empty() && self.wants(Invariant::NoOrphans) {
            self.end();
        }
    }

    pub(super) fn wants(&self, invariant: Invariant) -> bool {
        self.plan.expect.invariants.iter().any(|(wanted, _)| *wanted == invariant)
    }

    /// Takes a task out of all books.
    pub(super) fn forget(&mut self, name: TaskName) {
        self.schedule.gone(name);
        self.stepping.remove(&name);
        self.log.forget(name);
        if let Some(task) = self.tasks.remove(&name) {
            self.ids.remove(&task.id);
            self.names.task_gone(task.number);
        }
        let Some(process) = self.processes.get_mut(&name.process) else { return };
        process.threads -= 1;
        if process.threads == 0 {
            let space = process.space;
            self.processes.remove(&name.process);
            self.fixed.process_gone(name.process);
            self.budgets.memory_gone(name.process);
            self.leave_space(space);
        }
    }

    /// An event of `name` that no rule has fired on yet.
    pub(super) fn event(&self, name: TaskName, kind: EventKind) -> Box<Event> {
        let image = self.processes.get(&name.process).map_or_else(|| Arc::from(""), |process| process.image.clone());
        Box::new(Event::new(name, image, kind))
    }

    /// The user stack of the stopped task. Before the program is there it has none: what is run until then is rinject's.
    pub(super) fn stack<'i>(&self, inspect: &'i dyn Inspect) -> Stack<'i> {
        if self.executed { Stack::new(inspect) } else { Stack::none(inspect) }
    }

    /// Notes on an event where its task is, if the event is shown, it has a stack of its own, and the spec asks for that.
    pub(super) fn trace_back(&self, event: &mut Event, inspect: &dyn Inspect) {
        let most = self.plan.trace.backtrace;
        if most == 0 || !self.executed || !self.log.begun() || !self.log.is_written(event) {
            return;
        }
        let shown = |addr: Addr| inspect.locate(addr).map_or_else(|| "?".into(), |place| place.to_string().into());
        event.frames = inspect.backtrace(most).into_iter().map(shown).collect();
    }

    /// A life-cycle event: rules on it fire, then it is written.
    fn life_event(&mut self, name: TaskName, kind: EventKind, inspect: &dyn Inspect, decision: &mut Decision) {
        let mut event = self.event(name, kind);
        let deeds = self.fire(Moment::LifeCycle, &mut event, inspect);
        self.emit(event, decision);
        self.carry_out(name, deeds, inspect, decision);
    }

    /// Writes a finished event; rules are armed and disarmed by it from the next one on.
    pub(super) fn emit(&mut self, event: Box<Event>, decision: &mut Decision) {
        if self.log.begun() && self.rules.note(&event) {
            self.points.rules_changed();
            self.begin_clock_rules();
        }
        if let EventKind::Call(call) = &event.kind
            && !(self.log.begun() && self.log.is_written(&event))
        {
            // A name that is first seen in a line nobody reads is introduced in the next one.
            self.names.unwritten(call);
        }
        if self.log.push(event, &mut decision.events) {
            self.record.started = true;
        }
    }

    pub(super) fn note(&mut self, text: String) {
        if !self.record.notes.contains(&text) {
            self.record.notes.push(text);
        }
    }

    /// Changes how a task goes on from the stop it is in.
    pub(super) fn go(&mut self, name: TaskName, change: impl FnOnce(&mut Go)) {
        if let Some(task) = self.tasks.get_mut(&name) {
            change(&mut task.go);
        }
    }
}
