//! Tasks at breakpoints and watchpoints: what fires there.
//! It must not know how breakpoints are planted.

use super::Engine;
use super::convention;
use super::fire::{Deed, Moment};
use super::inspect::Inspect;
use super::points::{SpaceId, Use, debug_control};
use super::stop::{Decision, Edit};
use crate::abi::{Addr, Register, SignalInfo, Word};
use crate::plan::{PlaceAt, Point, PointKind};
use crate::transcript::{EventKind, TaskName};

/// `si_code` of the SIGTRAP that `int3` raises on x86 (SI_KERNEL).
const INT3: i32 = 0x80;
/// `si_code` of the SIGTRAP of a debug register (TRAP_HWBKPT).
pub(super) const DEBUG: i32 = 4;

impl Engine {
    /// Whether a SIGTRAP is a breakpoint or watchpoint of the run's own; if so, what happens there has happened.
    pub(super) fn at_point(
        &mut self,
        name: TaskName,
        info: &SignalInfo,
        inspect: &dyn Inspect,
        decision: &mut Decision,
    ) -> bool {
        let Some(space) = self.space(name) else { return false };
        match info.code {
            INT3 => {
                let Some(addr) = self.breakpoint_of_ours(space, info, inspect) else { return false };
                inspect.rewound_to(addr);
                decision.edits.push(set(rip(), addr.0));
                if self.points.is_planted(space, addr) {
                    self.at_breakpoint(name, space, addr, inspect, decision);
                }
                true
            }
            DEBUG => self.at_debug_register(name, space, inspect, decision),
            _ => false,
        }
    }

    /// The breakpoint that a SIGTRAP comes from, also one that has been taken out since.
    pub(super) fn breakpoint_of_ours(
        &self,
        space: SpaceId,
        info: &SignalInfo,
        inspect: &dyn Inspect,
    ) -> Option<Addr> {
        let registers = inspect.registers().ok().filter(|_| info.code == INT3)?;
        let addr = Addr(registers.rip.wrapping_sub(1));
        (self.points.is_planted(space, addr) || self.points.was_planted(space, addr, inspect)).then_some(addr)
    }

    fn at_breakpoint(
        &mut self,
        name: TaskName,
        space: SpaceId,
        addr: Addr,
        inspect: &dyn Inspect,
        decision: &mut Decision,
    ) {
        let stack = inspect.registers().map_or(0, |registers| registers.rsp);
        let known = self.tasks.get_mut(&name).and_then(|task| task.told.take());
        let (mut goes_elsewhere, mut gives_way) = (false, false);
        if known != Some((addr, stack)) {
            let mut rules = Vec::new();
            for what in self.points.uses(space, addr) {
                match what {
                    Use::Start => self.at_start(name, space, addr),
                    Use::Rule(rule) => rules.push(rule),
                    Use::Yield(number) => {
                        self.points.yielded(number);
                        gives_way = true;
                    }
                    Use::Chooser(rule) => self.at_chooser(space, rule, stack, inspect),
                    Use::Chosen(rule) => {
                        self.points.remove(space, addr, what);
                        if let Ok(registers) = inspect.registers() {
                            self.points.chose(space, rule, Addr(registers.rax));
                        }
                    }
                }
            }
            goes_elsewhere = self.hit(name, &rules, addr, inspect, decision);
        }
        let stays = self.tasks.get(&name).is_some_and(|task| !task.go.detach);
        if gives_way && !goes_elsewhere && stays && !self.schedule.alone() {
            // The others run into the breakpoint meanwhile: it is lifted when this one has come here once more.
            if let Some(task) = self.tasks.get_mut(&name) {
                task.told = Some((addr, stack));
            }
            return self.schedule.yielded(name);
        }
        if !goes_elsewhere && stays && !self.points.uses(space, addr).is_empty() {
            self.step_over(name, space, addr, inspect, decision);
        }
    }

    /// Tracing starts with the process that has got here.
    fn at_start(&mut self, name: TaskName, space: SpaceId, addr: Addr) {
        let Some(process) = self.processes.get_mut(&name.process) else { return };
        process.tracing = true;
        if self.points.started() {
            self.log.start();
        }
        self.record.started |= self.log.begun();
        self.points.remove(space, addr, Use::Start);
        self.points.stale(space);
    }

    /// The function that chooses the code of an indirect function has begun: what it returns is known when it does.
    fn at_chooser(&mut self, space: SpaceId, rule: usize, stack: u64, inspect: &dyn Inspect) {
        let mut back = [0; 8];
        if inspect.read(Addr(stack), &mut back) == back.len() {
            self.points.add(space, Addr(u64::from_le_bytes(back)), Use::Chosen(rule));
            self.points.stale(space);
        }
    }

    /// The rules at an address fire; whether the task goes on somewhere else.
    fn hit(
        &mut self,
        name: TaskName,
        rules: &[usize],
        addr: Addr,
        inspect: &dyn Inspect,
        decision: &mut Decision,
    ) -> bool {
        if rules.is_empty() || !self.has_events(name) {
            return false;
        }
        let signed = rules.iter().map(|rule| self.rules.rule(*rule));
        let signed =
            signed.filter_map(|rule| rule.trigger.point.as_ref()?.signature.is_some().then_some(rule)).next();
        let signature = signed.as_ref().and_then(|rule| rule.trigger.point.as_ref()?.signature.as_ref());
        let args = match signature {
            Some(signature) => {
                let decoder = self.decoder(name, inspect);
                convention::arguments(signature, inspect, &decoder)
            }
            None => Vec::new(),
        };
        let kind = EventKind::Hit { place: self.shown(name, rules[0], addr, inspect), args, returned: None };
        let mut event = self.event(name, kind);
        let deeds = self.fire(Moment::Point(rules), &mut event, inspect);
        if let EventKind::Hit { returned, .. } = &mut event.kind {
            *returned =
                deeds.iter().find_map(|deed| if let Deed::Return(value) = deed { Some(*value) } else { None });
        }
        self.trace_back(&mut event, inspect);
        self.emit(event, decision);
        let goes_elsewhere = deeds.iter().any(|deed| match deed {
            Deed::Return(_) => true,
            Deed::Edit(Edit::Register { register, .. }) => *register == rip(),
            _ => false,
        });
        self.carry_out(name, deeds, inspect, decision);
        goes_elsewhere
    }

    /// Whether events of a task exist now.
    pub(super) fn has_events(&self, name: TaskName) -> bool {
        let silent = self.tasks.get(&name).is_none_or(|task| task.silent);
        let tracing = self.processes.get(&name.process).is_some_and(|process| process.tracing);
        !silent && tracing && self.log.begun()
    }

    /// An instruction that was stepped may have touched watched data: the kernel tells of the step alone.
    pub(super) fn at_watched_data(&mut self, name: TaskName, inspect: &dyn Inspect, decision: &mut Decision) {
        if let Some(space) = self.space(name)
            && self.points.debug(space).iter().any(Option::is_some)
        {
            self.at_debug_register(name, space, inspect, decision);
        }
    }

    fn at_debug_register(
        &mut self,
        name: TaskName,
        space: SpaceId,
        inspect: &dyn Inspect,
        decision: &mut Decision,
    ) -> bool {
        let Some(status) = register("dr6").and_then(|register| inspect.register(register)) else { return false };
        let debug = self.points.debug(space);
        let hits = debug.iter().enumerate().filter(|(at, _)| status.low_u64() >> at & 1 == 1);
        let hits: Vec<_> = hits.filter_map(|(_, point)| *point).collect();
        if hits.is_empty() {
            return false;
        }
        decision.edits.extend(register("dr6").map(|register| set(register, 0)));
        let (code, data): (Vec<_>, Vec<_>) =
            hits.into_iter().partition(|point| matches!(point.kind, PointKind::Code { .. }));
        if let Some(first) = code.first() {
            let rules: Vec<usize> = code.iter().map(|point| point.rule).collect();
            self.hit(name, &rules, first.addr, inspect, decision);
        }
        for point in data.iter().filter(|_| self.has_events(name)).copied().collect::<Vec<_>>() {
            self.watched(name, point.rule, point.addr, inspect, decision);
        }
        true
    }

    fn watched(&mut self, name: TaskName, rule: usize, addr: Addr, inspect: &dyn Inspect, decision: &mut Decision) {
        let Some(PointKind::Data { len, .. }) = self.rules.rule(rule).trigger.point.as_ref().map(|point| point.kind)
        else {
            return;
        };
        let mut bytes = vec![0; usize::from(len)];
        inspect.read(addr, &mut bytes);
        let value = self.decoder(name, inspect).number_or_address(Word::from_le_bytes(&bytes, 64).low_u64());
        let rip = inspect.registers().map_or(Addr(0), |registers| Addr(registers.rip));
        // The offset in the function is the compiler's business.
        let by = inspect.locate(rip).map(|location| match location.symbol {
            Some((symbol, _)) => format!("{}!{symbol}", location.module),
            None => location.module.to_string(),
        });
        let kind = EventKind::Watch {
            place: self.shown(name, rule, addr, inspect),
            value,
            by: by.unwrap_or_default().into(),
        };
        let mut event = self.event(name, kind);
        let deeds = self.fire(Moment::Point(&[rule]), &mut event, inspect);
        self.trace_back(&mut event, inspect);
        self.emit(event, decision);
        self.carry_out(name, deeds, inspect, decision);
    }

    fn shown(&mut self, name: TaskName, rule: usize, addr: Addr, inspect: &dyn Inspect) -> std::sync::Arc<str> {
        let plan = self.rules.rule(rule);
        let find = || plan.trigger.point.as_ref().map_or_else(|| "".into(), |point| shown(point, addr, inspect));
        match self.space(name) {
            Some(space) => self.points.shown(space, rule, addr, find),
            None => find(),
        }
    }

    /// Brings breakpoints and debug registers up to date before a stopped task goes on.
    pub(super) fn keep_planted(&mut self, name: TaskName, inspect: &dyn Inspect, decision: &mut Decision) {
        let Some(space) = self.space(name) else { return };
        if self.tasks.get(&name).is_none_or(|task| task.go.detach) {
            return;
        }
        let is_due = self.points.is_due(space);
        if !is_due && !self.points.have_rules() {
            return;
        }
        if is_due {
            let tracing = self.processes.get(&name.process).is_some_and(|process| process.tracing);
            let rules = &self.rules;
            let (edits, found) = self.points.plant(space, tracing, |rule| rules.is_armed(rule), inspect);
            decision.edits.extend(edits);
            for (rule, found) in found {
                self.rules.found(rule, found);
            }
        }
        let wanted = self.points.debug(space);
        let Some(task) = self.tasks.get_mut(&name) else { return };
        if task.debug == wanted {
            return;
        }
        task.debug = wanted;
        // Off first: an address is not changed under a register that is on.
        decision.edits.extend(register("dr7").map(|register| set(register, 0)));
        for (point, at) in wanted.iter().zip(["dr0", "dr1", "dr2", "dr3"]) {
            let value = point.map_or(0, |point| point.addr.0);
            decision.edits.extend(register(at).map(|register| set(register, value)));
        }
        decision.edits.extend(register("dr7").map(|register| set(register, debug_control(&wanted))));
    }

    /// A task goes on untraced: nothing is left in its memory or registers.
    pub(super) fn let_go(&mut self, name: TaskName, decision: &mut Decision) {
        if let Some(space) = self.space(name) {
            let is_last = !self.tasks.values().any(|task| task.name != name && self.space(task.name) == Some(space));
            if is_last {
                decision.edits.extend(self.points.take_out(space));
            }
        }
        let Some(task) = self.tasks.get_mut(&name) else { return };
        if task.debug.iter().any(Option::is_some) {
            decision.edits.extend(register("dr7").map(|register| set(register, 0)));
        }
        (task.over, task.walk, task.debug) = Default::default();
        task.go.detach = true;
        let event = self.event(name, EventKind::Note("goes on untraced".to_owned()));
        self.emit(event, decision);
    }

    pub(super) fn space(&self, name: TaskName) -> Option<SpaceId> {
        self.processes.get(&name.process).map(|process| process.space)
    }
}

/// A point as a transcript shows it: what the spec calls it, in the file that it is in. Which code of an indirect
/// function was chosen depends on the processor.
fn shown(point: &Point, addr: Addr, inspect: &dyn Inspect) -> std::sync::Arc<str> {
    let location = inspect.locate(addr);
    match (&point.place.at, location) {
        (PlaceAt::Symbol { name, offset }, Some(location)) => {
            let offset = if *offset == 0 { String::new() } else { format!("+{offset:#x}") };
            format!("{}!{name}{offset}", location.module).into()
        }
        (_, Some(location)) => location.to_string().into(),
        (_, None) => point.text.clone(),
    }
}

pub(super) fn rip() -> Register {
    register("rip").unwrap_or_else(|| unreachable!("x86-64 has an instruction pointer"))
}

pub(super) fn register(name: &str) -> Option<Register> {
    Register::parse(name, crate::abi::Arch::X86_64)
}

pub(super) fn set(register: Register, value: u64) -> Edit {
    Edit::Register { register, value: Word::from_u64(value, register.bits()) }
}
