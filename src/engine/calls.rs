//! System calls: what is done at their entry and exit.

use super::Engine;
use super::deadlock::sets_timer;
use super::decode::Decoder;
use super::effects::is_quiet;
use super::fire::{Deed, Moment};
use super::inspect::Inspect;
use super::names::TableId;
use super::sandboxed::installs_filter;
use super::sleep::{Behind, gives_way, may_block, sleep_length, watches_files};
use super::stop::{Decision, Edit, RawCall};
use super::task::InCall;
use super::vdso;
use crate::abi::{Errno, RetKind, Sysno};
use crate::faults;
use crate::plan::Start;
use crate::transcript::{CallResult, Event, EventKind, TaskName, Value};

/// Raw results by which the kernel tells itself to start a call again: ERESTARTSYS, ERESTARTNOINTR,
/// ERESTARTNOHAND, ERESTART_RESTARTBLOCK. Tracers see them at exit stops, programs never do.
pub(super) const RESTARTS: [i64; 4] = [-512, -513, -514, -516];

const EINTR: i64 = -4;

const CLOSE: Sysno = Sysno::named("close");
const EXECVE: Sysno = Sysno::named("execve");
const EXECVEAT: Sysno = Sysno::named("execveat");
const MMAP: Sysno = Sysno::named("mmap");
const USERFAULTFD: Sysno = Sysno::named("userfaultfd");

/// Why a rule that changes what a call comes to has not fired after all.
const INTERRUPTED: &str = "a signal interrupted the call for good";

/// Whether a call puts another image in the place of one.
fn executes(sysno: Sysno) -> bool {
    matches!(sysno, EXECVE | EXECVEAT)
}

impl Engine {
    pub(super) fn entry(&mut self, name: TaskName, raw: RawCall, inspect: &dyn Inspect, decision: &mut Decision) {
        if self.asks_for_filter(name, &raw, inspect, decision)
            || self.is_announced(name, &raw)
            || self.is_same_call(name, &raw, decision)
        {
            return self.schedule.goes_on();
        }
        let sysno = Sysno::from_number(raw.arch, raw.number);
        if is_quiet(sysno) {
            self.schedule.goes_on();
        }
        // A supervisor may have to answer for any call of a task with a filter of its own.
        let sandboxed = self.tasks.get(&name).is_some_and(|task| task.sandboxed);
        let is_counted = sysno.is_some_and(|sysno| self.is_only_counted(sysno) && self.exists(name, sysno));
        // Whether a task may sleep, and what it closes, matters to others.
        let alone = self.schedule.alone();
        let asks = |sysno: &Sysno| match sysno.info().may_block {
            true => !alone || self.has_clock() || self.plan.trace.resultless.contains(*sysno),
            false => !alone && *sysno == CLOSE,
        };
        let behind = sysno.filter(asks).map_or(Behind::Other, |sysno| Behind::of(sysno, &raw, inspect));
        let mut call = self.used.call(raw, sysno);
        call.maps = sysno.is_some_and(|sysno| self.maps_code(sysno, &raw));
        call.may_block = sandboxed || sysno.is_some_and(|sysno| may_block(sysno, &raw, behind));
        call.behind = behind;
        if let Some(process) = self.processes.get_mut(&name.process) {
            process.handlers.notice(sysno, &raw, inspect);
        }
        let is_refused = |engine: &mut Engine, sysno, decision: &mut Decision| {
            engine.ring(name, sysno, &raw, inspect, decision)
                || engine.refuse_tracer(name, sysno, &raw, inspect, decision)
        };
        if sysno.is_some_and(|sysno| is_refused(self, sysno, decision)) {
            call.skipped = Some(0);
        } else if is_counted {
            self.count_call(name, &raw, inspect);
        } else if let Some(sysno) = sysno.filter(|sysno| self.exists(name, *sysno)) {
            self.wanted_entry(name, sysno, &mut call, inspect, decision);
        } else {
            self.answer_at_entry(name, &mut call, inspect, decision);
        }
        let kept = sysno.filter(|_| call.skipped.is_none());
        if let Some(tampering) = kept.and_then(|sysno| self.keep_traced(name, sysno, &raw, inspect)) {
            decision.edits.extend(tampering.edits.iter().cloned());
            call.tampering.push(tampering);
            call.wants_exit = true;
        }
        call.wants_exit |= kept.is_some_and(|sysno| self.fixed.concerns(sysno));
        if let Some(sysno) = kept.filter(|sysno| self.fixed.is_about(*sysno)) {
            self.keep_time(name, sysno, &mut call, inspect, decision);
            self.list_in_order(sysno, &mut call, inspect, decision);
            self.look_at_files(sysno, &mut call, inspect);
        }
        self.has_timers |= kept.is_some_and(sets_timer);
        self.watches_files |= kept.is_some_and(watches_files);
        call.wants_exit |= kept.is_some_and(|sysno| installs_filter(sysno, &raw) || sysno == USERFAULTFD);
        let threads = self.processes.get(&name.process).map_or(0, |process| process.threads);
        if threads > 1 && sysno.is_some_and(executes) {
            // An exec waits for the other threads of its process to end, where no signal wakes it.
            call.waits_for_ends = true;
        }
        if call.may_block
            && call.skipped.is_none()
            && !self.schedule.alone()
            && !self.has_clock()
            && let Some(length) = sysno.and_then(|sysno| sleep_length(sysno, &raw, inspect))
        {
            self.schedule.will_sleep(name, length);
        }
        call.wants_exit |= call.maps || self.tasks.get(&name).is_some_and(|task| task.walk.is_some());
        // Without an exit stop to come nothing would tell this call from the next one like it.
        let has_exit = (call.wants_exit || self.stops_at_exits()) && !vdso::is_vsyscall(&raw);
        let Some(task) = self.tasks.get_mut(&name) else { return };
        if has_exit {
            task.call = Some(call);
        } else {
            task.call = None;
            self.used.over(call);
        }
    }

    /// Whether a call maps code of a file, in which rules may have their places.
    fn maps_code(&self, sysno: Sysno, raw: &RawCall) -> bool {
        const PROT_EXEC: u64 = 4;
        sysno == MMAP && self.points.follow_mappings() && raw.args[2] & PROT_EXEC != 0
    }

    /// Whether this entry is of a call that is known already: told twice, or started again by the kernel.
    fn is_same_call(&mut self, name: TaskName, raw: &RawCall, decision: &mut Decision) -> bool {
        let Some(task) = self.tasks.get_mut(&name) else { return true };
        if let Some(call) = task.interrupted.pop_if(|call| call.goes_on_as(raw)) {
            task.call = Some(Box::new(call));
        } else if !task.call.as_ref().is_some_and(|call| call.goes_on_as(raw)) {
            return false;
        }
        let Some(call) = task.call.as_mut() else { return false };
        if let Some(limit) = &call.limit {
            self.schedule.will_sleep_until(name, limit.deadline);
        }
        if std::mem::take(&mut call.suspended) {
            // A handler has run on the stack since, and the kernel starts the call by its own number.
            decision.edits.extend(call.tampering.iter().flat_map(|tampering| tampering.edits.iter().cloned()));
        }
        true
    }

    /// Whether calls of this kind exist for this task now: the start was reached and somebody wants them.
    fn exists(&self, name: TaskName, sysno: Sysno) -> bool {
        let Some(process) = self.processes.get(&name.process) else { return false };
        let silent = self.tasks.get(&name).is_none_or(|task| task.silent);
        let first_exec = self.executed || matches!(self.plan.trace.start, Start::Exec) && executes(sysno);
        !silent && process.tracing && first_exec && self.plan.trace.calls.contains(sysno)
    }

    fn wanted_entry(
        &mut self,
        name: TaskName,
        sysno: Sysno,
        call: &mut InCall,
        inspect: &dyn Inspect,
        decision: &mut Decision,
    ) {
        let reads = !self.plan.trace.unread.contains(sysno);
        let args = self.used.args();
        let mut decoder = Decoder { reads, ..self.decoder(name, inspect) };
        let decoded = decoder.entry_in(args, call.raw.arch, call.raw.number, &call.raw.args);
        let mut event = self.event(name, EventKind::Call(decoded));
        self.told.written(sysno, &event);
        if self.plan.trace.beside.contains(sysno) {
            if self.log.begun() {
                let stack = self.stack(inspect);
                self.rules.look_beside(&event, &stack);
            }
            if let EventKind::Call(shown) = &event.kind {
                self.names.unwritten(shown);
            }
            return;
        }
        let (mut killed, mut leaves) = (false, false);
        let mut chosen = None;
        if self.rules.concern_entry(sysno) && self.log.begun() {
            for deed in self.fire(Moment::Entry(call, sysno), &mut event, inspect) {
                match deed {
                    Deed::Skip { result, chosen: wanted } => {
                        call.skipped = Some(result);
                        decision.edits.push(Edit::Skip(result));
                        chosen = wanted.then_some(result);
                    }
                    Deed::Fail(rule, errno) => call.fails = Some((rule, errno)),
                    Deed::Tamper(tampering) => {
                        decision.edits.extend(tampering.edits.iter().cloned());
                        call.tampering.push(tampering);
                    }
                    Deed::Later(due) => call.due.push(due),
                    Deed::Detach => leaves = true,
                    Deed::Charge(rule) => call.charges.push(rule),
                    now => {
                        killed |= matches!(now, Deed::Kill(_));
                        self.carry_out(name, vec![now], inspect, decision);
                    }
                }
            }
        }
        // The stack is that of the caller, whom a handler or another image may have replaced at the exit.
        self.trace_back(&mut event, inspect);
        let returns = sysno.info().ret != RetKind::Never;
        self.answer_at_entry(name, call, inspect, decision);
        let is_unseen = !returns || vdso::is_vsyscall(&call.raw);
        if killed || leaves || is_unseen && call.skipped.is_none() {
            if let EventKind::Call(shown) = &mut event.kind {
                shown.result = Some(CallResult::Unknown);
            }
            self.emit(event, decision);
            if leaves {
                self.let_go(name, decision);
            }
            return;
        }
        if let Some(result) = call.skipped {
            let EventKind::Call(shown) = &mut event.kind else { return };
            match chosen.filter(|value| !reads_as_error(sysno, *value)) {
                Some(raw) => shown.result = Some(CallResult::Value { raw, value: plain(raw) }),
                None => self.decoder(name, inspect).exit(call.raw.arch, shown, result),
            }
            self.finish(name, event, call, true, inspect, decision);
            return;
        }
        // No rule asks about such a call, so that nothing is due at its exit.
        if self.plan.trace.resultless.contains(sysno) {
            if let EventKind::Call(shown) = &mut event.kind {
                shown.result = Some(CallResult::Unknown);
            }
            self.emit(event, decision);
            // The kernel may start one anew that waits: its exit tells it from the next one.
            call.wants_exit = call.may_block;
            return;
        }
        call.wants_exit = true;
        call.event = Some(self.log.begin(event));
    }

    pub(super) fn exit(&mut self, name: TaskName, result: i64, inspect: &dyn Inspect, decision: &mut Decision) {
        if self.has_got_filter(name, result, decision) {
            return self.schedule.goes_on();
        }
        let announced = self.tasks.get_mut(&name).and_then(|task| task.announced.take());
        if announced.is_some_and(|raw| self.answered(name, raw, inspect, decision)) {
            return self.call_lost(name, decision);
        }
        let was_cut_short = RESTARTS.contains(&result) || result == EINTR;
        let result = self.timed_out(name, result, was_cut_short, inspect, decision);
        let Some(task) = self.tasks.get_mut(&name) else { return };
        let Some(mut call) = task.call.take() else { return };
        if is_quiet(call.sysno) {
            self.schedule.goes_on();
        }
        if RESTARTS.contains(&result) && call.skipped.is_none() {
            call.suspended = true;
            task.call = Some(call);
            return;
        }
        self.returned(name, &mut call, result, inspect, decision);
        self.used.over(call);
    }

    /// A call has come to its end: what was changed for it is taken back, and its line is written.
    fn returned(
        &mut self,
        name: TaskName,
        call: &mut InCall,
        result: i64,
        inspect: &dyn Inspect,
        decision: &mut Decision,
    ) {
        self.schedule.slept(name);
        if call.maps
            && let Some(space) = self.space(name)
        {
            self.points.stale(space);
        }
        if call.sysno.is_some_and(|sysno| gives_way(sysno, result)) {
            self.schedule.yielded(name);
        }
        if call.skipped.is_some() {
            return;
        }
        if let Some(sysno) = call.sysno.filter(|sysno| installs_filter(*sysno, &call.raw)) {
            self.filter_installed(name, sysno, &call.raw, result);
        }
        self.pages_wait |= result >= 0 && call.sysno == Some(USERFAULTFD);
        // What was changed for the call is taken back before anything is put in its place: both may be in one spot.
        let mut told = Decision::default();
        let result = self.fix(name, call, result, inspect, &mut told);
        decision.edits.extend(call.tampering.iter().rev().flat_map(|tampering| tampering.undo.iter().cloned()));
        decision.edits.append(&mut told.edits);
        let Some(mut event) = self.begun(name, call) else { return };
        let EventKind::Call(shown) = &mut event.kind else { return };
        self.decoder(name, inspect).exit(call.raw.arch, shown, result);
        self.charge(call, &event, inspect);
        if let Some((_, errno)) = call.fails {
            fail(errno, &mut event, decision);
        }
        self.finish(name, event, call, true, inspect, decision);
    }

    /// The result is known: rules that wait for it fire, what is due at the exit is done, the line is written.
    /// Without an exit to come the result cannot be changed any more.
    fn finish(
        &mut self,
        name: TaskName,
        mut event: Box<Event>,
        call: &mut InCall,
        has_exit: bool,
        inspect: &dyn Inspect,
        decision: &mut Decision,
    ) {
        let mut deeds = self.fulfil(call, &mut event, inspect);
        if call.sysno.is_some_and(|sysno| self.rules.concern_exit(sysno)) && self.log.begun() {
            deeds.extend(self.fire(Moment::Exit(call), &mut event, inspect));
        }
        deeds.retain(|deed| {
            let Deed::Fail(rule, errno) = deed else { return true };
            if has_exit {
                fail(*errno, &mut event, decision);
            } else {
                self.rules.takes_back(*rule, &mut event, INTERRUPTED.to_owned());
            }
            false
        });
        self.emit(event, decision);
        self.carry_out(name, deeds, inspect, decision);
    }

    /// The event of a call that is over, as it was at the entry.
    fn begun(&mut self, name: TaskName, call: &mut InCall) -> Option<Box<Event>> {
        self.log.end(name, call.event.take()?)
    }

    /// A call whose task will not see its end: what is known of it is written with an unknown result.
    pub(super) fn call_lost(&mut self, name: TaskName, decision: &mut Decision) {
        let Some(task) = self.tasks.get_mut(&name) else { return };
        let calls: Vec<InCall> = task.interrupted.drain(..).chain(task.call.take().map(|call| *call)).collect();
        for mut call in calls {
            let Some(mut event) = self.begun(name, &mut call) else { continue };
            if let EventKind::Call(shown) = &mut event.kind {
                shown.result = Some(CallResult::Unknown);
            }
            self.emit(event, decision);
        }
    }

    /// A call that a signal interrupted for good: its caller sees EINTR.
    pub(super) fn call_interrupted(&mut self, name: TaskName, inspect: &dyn Inspect, decision: &mut Decision) {
        let Some(call) = self.tasks.get_mut(&name).and_then(|task| task.call.take()) else { return };
        let mut call = call;
        self.limit_interrupted(name, &call, inspect, decision);
        let Some(mut event) = self.begun(name, &mut call) else { return };
        if let (EventKind::Call(shown), Some(eintr)) = (&mut event.kind, Errno::parse("EINTR")) {
            shown.result = Some(CallResult::Error(eintr));
        }
        // Its exit stop has passed: what was due there is not done any more, and nothing is left to take back in the
        // handler's registers; what was changed in memory is.
        let undone = call.due.drain(..).map(|due| due.rule).chain(call.fails.map(|(rule, _)| rule));
        for rule in undone {
            self.rules.takes_back(rule, &mut event, INTERRUPTED.to_owned());
        }
        let memory = |edit: &&Edit| matches!(edit, Edit::Write { .. });
        let undo = call.tampering.iter().rev().flat_map(|tampering| tampering.undo.iter().filter(memory));
        decision.edits.extend(undo.cloned());
        self.finish(name, event, &mut call, false, inspect, decision);
    }

    pub(super) fn decoder<'a>(&'a mut self, name: TaskName, inspect: &'a dyn Inspect) -> Decoder<'a> {
        let table = self.processes.get(&name.process).map_or(TableId(0), |process| process.table);
        Decoder { inspect, names: &mut self.names, table, reads: true, strings: self.plan.trace.strings }
    }
}

/// The call that is over reports a failure instead of what came of it.
fn fail(errno: Errno, event: &mut Event, decision: &mut Decision) {
    decision.edits.push(Edit::Result(-i64::from(errno.number())));
    if let EventKind::Call(shown) = &mut event.kind {
        shown.result = Some(CallResult::Error(errno));
    }
}

/// Whether a program takes this raw result for a failure: calls that always succeed have no errors.
fn reads_as_error(sysno: Sysno, raw: i64) -> bool {
    Errno::from_result(raw).is_some() && !faults::model(sysno).cannot_fail()
}

/// A result that the spec chose: it is no descriptor, task or user of the run, whatever the call returns otherwise.
fn plain(raw: i64) -> Value {
    if raw < 0 { Value::Hex(raw as u64) } else { Value::Int(raw) }
}
