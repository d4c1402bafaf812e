//! Rules fire: for each one whose turn it is, what it would do is prepared with all that has to be asked of the task,
//! and only what can be done counts as fired. It must not know how an event is counted, or shown.

use std::sync::Arc;
use std::time::Duration;

use super::inspect::Inspect;
use super::location::Resolved;
use super::state::State;
use super::stop::{Decision, Edit};
use super::tamper::Tampering;
use super::task::{InCall, Walk};
use super::{Engine, convention, faithful, hit, tamper};
use crate::abi::{Errno, Signal, Sysno};
use crate::plan::{Action, Chance, Corruption, Flip, Kind, Phase, Rule, Side, StepTo, Victim};
use crate::transcript::{CallResult, Event, EventKind, TaskName, Value};

/// When in the life of an event its rules are asked.
#[derive(Clone, Copy)]
pub(super) enum Moment<'a> {
    /// A call is about to be made.
    Entry(&'a InCall, Sysno),
    /// A call's result is known.
    Exit(&'a InCall),
    /// A signal is about to be delivered.
    Signal,
    /// A task is at a place of these rules.
    Point(&'a [usize]),
    /// A task was made, has a new image, or is about to end.
    LifeCycle,
}

/// One thing that is done because a rule fired.
#[derive(Debug)]
pub(super) enum Deed {
    /// The call is not made and has this raw result; `chosen` says that the spec gives the number itself.
    Skip { result: i64, chosen: bool },
    /// The call is made, and then reports this failure, for the rule at this position.
    Fail(usize, Errno),
    /// The call is made with changes that are taken back afterwards.
    Tamper(Tampering),
    /// What the call uses is counted for this rule at its exit.
    Charge(usize),
    /// What is left for the call's exit.
    Later(Due),
    /// The task is changed at once.
    Edit(Edit),
    /// The task waits.
    Hold(Duration),
    /// SIGKILL.
    Kill(Victim),
    /// The function that was about to begin has come back with this value; other deeds see to that.
    Return(u64),
    /// The task is stepped.
    Walk(Walk),
    /// The task goes on untraced.
    Detach,
    /// A value is put into the event.
    Capture(Arc<str>, Value),
    /// The signal in delivery arrives as this one, or not at all.
    Deliver(Option<Signal>),
}

/// An action whose time comes at the call's exit.
#[derive(Debug)]
pub(super) struct Due {
    /// The rule's position.
    pub(super) rule: usize,
    /// What it does.
    pub(super) action: Action,
}

impl Moment<'_> {
    fn phase(self) -> Phase {
        match self {
            Moment::Entry(..) => Phase::Entry,
            Moment::Exit(_) => Phase::Exit,
            Moment::Signal => Phase::Signal,
            Moment::Point(_) => Phase::Point,
            Moment::LifeCycle => Phase::LifeCycle,
        }
    }
}

impl Engine {
    /// Lets the rules fire on `event` whose turn it is, and notes them on it; what they do, in file order.
    pub(super) fn fire(&mut self, moment: Moment<'_>, event: &mut Event, inspect: &dyn Inspect) -> Vec<Deed> {
        let mut deeds = Vec::new();
        let mut taken = false;
        let mut loud = false;
        let among = if let Moment::Point(rules) = moment { Some(rules) } else { None };
        let stack = self.stack(inspect);
        for at in self.rules.candidates(moment.phase(), event, &stack, among) {
            let rule = self.rules.rule(at);
            if let Some(budget) = &rule.budget {
                let draws = self.draw((at, &rule, budget), taken, moment, event, inspect, &mut deeds);
                taken |= draws;
                loud |= draws && !rule.quiet;
                continue;
            }
            if rule.clock.is_some() {
                for _ in 0..self.clock_changes_seen(at) {
                    event.fired.push(self.rules.fires(at));
                    loud |= !rule.quiet;
                }
                continue;
            }
            let decides = rule.actions.iter().any(Action::is_outcome);
            if decides && taken {
                self.rules.overruled(at);
                continue;
            }
            let before = deeds.len();
            match self.prepare((at, &rule), moment, event, inspect, &mut deeds) {
                Ok(()) => {
                    taken |= decides;
                    loud |= !rule.quiet;
                    event.fired.push(self.rules.fires(at));
                    note_captures(&mut deeds, before, event);
                }
                Err(reason) => {
                    deeds.truncate(before);
                    self.rules.prevented(at, reason);
                }
            }
        }
        let is_quiet = |at: &usize| self.rules.rule(*at).quiet;
        event.quiet |= match among {
            Some(rules) => rules.iter().all(is_quiet),
            None => !event.fired.is_empty() && !loud,
        };
        deeds
    }

    /// Adds what all actions of a rule come to; `Err` says why one of them cannot be done.
    fn prepare(
        &mut self,
        (at, rule): (usize, &Rule),
        moment: Moment<'_>,
        event: &Event,
        inspect: &dyn Inspect,
        deeds: &mut Vec<Deed>,
    ) -> Result<(), String> {
        for action in &rule.actions {
            if let Moment::Entry(..) = moment
                && is_due_at_exit(action)
            {
                deeds.push(Deed::Later(Due { rule: at, action: action.clone() }));
                continue;
            }
            self.prepare_action((at, rule), action, moment, event, inspect, deeds)?;
        }
        Ok(())
    }

    fn prepare_action(
        &mut self,
        (at, rule): (usize, &Rule),
        action: &Action,
        moment: Moment<'_>,
        event: &Event,
        inspect: &dyn Inspect,
        deeds: &mut Vec<Deed>,
    ) -> Result<(), String> {
        match (action, moment) {
            (Action::Error(errno), Moment::Entry(..)) if rule.unfaithful => {
                deeds.push(Deed::Skip { result: -i64::from(errno.number()), chosen: false });
            }
            (Action::Error(errno), Moment::Entry(call, sysno)) => {
                let request = faithful::Request { at, event, rule, sysno, call, errno: *errno };
                request.carried_out(self, inspect, deeds)?;
            }
            (Action::ErrorAfter(errno), Moment::Entry(..) | Moment::Exit(_)) => deeds.push(Deed::Fail(at, *errno)),
            (Action::Retval(value), Moment::Entry(..)) => deeds.push(Deed::Skip { result: *value, chosen: true }),
            (Action::Short(amount), Moment::Entry(call, sysno)) => {
                deeds.push(Deed::Tamper(tamper::short(*amount, sysno, &call.raw, inspect)?));
            }
            (Action::Substitute(other), Moment::Entry(call, _)) => {
                deeds.push(Deed::Tamper(tamper::substitute(*other, &call.raw)?));
            }
            (Action::Args(edits), Moment::Entry(call, sysno)) => {
                deeds.push(Deed::Tamper(tamper::args(edits, sysno, &call.raw, inspect)?));
            }
            (Action::Corrupt(corruption), Moment::Entry(call, sysno)) => {
                let chance = self.chance(at, rule, corruption);
                deeds.push(match tamper::corrupt_in(corruption, sysno, &call.raw, chance, inspect)? {
                    Some(tampering) => Deed::Tamper(tampering),
                    None => Deed::Later(Due { rule: at, action: action.clone() }),
                });
            }
            (Action::Corrupt(corruption), Moment::Exit(call)) => {
                let chance = self.chance(at, rule, corruption);
                let EventKind::Call(shown) = &event.kind else { return Ok(()) };
                let result = match &shown.result {
                    Some(CallResult::Value { raw, .. }) => *raw as u64,
                    _ => return Err("the call failed and transferred nothing".to_owned()),
                };
                let edits = tamper::corrupt_out(corruption, call, result, chance, inspect)?;
                deeds.extend(edits.into_iter().map(Deed::Edit));
            }
            (Action::Signal { signal, to, value, at: _ }, _) => {
                deeds.push(Deed::Edit(Edit::Send { signal: *signal, to: *to, value: *value }));
            }
            (Action::Delay { duration, at: _ }, _) => deeds.push(Deed::Hold(*duration)),
            (Action::Kill { victim, at: _ }, _) => deeds.push(Deed::Kill(*victim)),
            (Action::Registers(edits), _) => {
                let edits = self.state(event.task, rule, moment, inspect).registers(edits)?;
                deeds.extend(edits.into_iter().map(Deed::Edit));
            }
            (Action::Memory(edits), _) => {
                let edits = self.state(event.task, rule, moment, inspect).memory(edits)?;
                deeds.extend(edits.into_iter().map(Deed::Edit));
            }
            (Action::Capture(captures), _) => {
                let state = self.state(event.task, rule, moment, inspect);
                let spots = captures.iter().map(|capture| state.spotted(&capture.at));
                let spots = spots.collect::<Result<Vec<_>, String>>()?;
                let decoder = self.decoder(event.task, inspect);
                let values = captures
                    .iter()
                    .zip(spots)
                    .map(|(capture, spot)| Ok(Deed::Capture(capture.name.clone(), spot.shown(&decoder)?)));
                deeds.extend(values.collect::<Result<Vec<_>, String>>()?);
            }
            (Action::Jump(place), _) => match inspect.resolve(place) {
                Resolved::At(sites) if !sites.is_empty() => {
                    deeds.push(Deed::Edit(hit::set(hit::rip(), sites[0].addr.0)));
                }
                _ => return Err("the place to go on at was not found".to_owned()),
            },
            (Action::Detach, _) => {
                if let Some(space) = self.space(event.task)
                    && self.points.is_used(space)
                    && self.tasks.values().any(|task| task.name != event.task && self.space(task.name) == Some(space))
                {
                    return Err("breakpoints are planted in memory that others share with the task".to_owned());
                }
                deeds.push(Deed::Detach);
            }
            (Action::Return(value), Moment::Point(_)) => {
                let signature = rule.trigger.point.as_ref().and_then(|point| point.signature.as_ref());
                let returns = signature.map_or(Kind::Unsigned(64), |signature| signature.returns);
                let edits = convention::come_back(returns, *value, inspect)?;
                deeds.extend(edits.into_iter().map(Deed::Edit).chain([Deed::Return(*value)]));
            }
            (Action::Step(to), Moment::Point(_)) => deeds.push(Deed::Walk(match to {
                StepTo::Count(count) => Walk::Count(*count),
                StepTo::Place(place) => match inspect.resolve(place) {
                    Resolved::At(sites) if !sites.is_empty() => {
                        Walk::Until(sites.iter().map(|site| site.addr).collect())
                    }
                    _ => return Err("the place to step to was not found".to_owned()),
                },
            })),
            (Action::Suppress, Moment::Signal) => deeds.push(Deed::Deliver(None)),
            (Action::Replace(signal), Moment::Signal) => deeds.push(Deed::Deliver(Some(*signal))),
            (
                Action::Error(_)
                | Action::ErrorAfter(_)
                | Action::Retval(_)
                | Action::Short(_)
                | Action::Substitute(_)
                | Action::Args(_)
                | Action::Corrupt(_)
                | Action::Return(_)
                | Action::Step(_)
                | Action::Suppress
                | Action::Replace(_),
                _,
            ) => unreachable!("lowering lets no rule do {action:?} to such an event"),
        }
        Ok(())
    }

    fn state<'a>(
        &'a self,
        name: TaskName,
        rule: &'a Rule,
        moment: Moment<'a>,
        inspect: &'a dyn Inspect,
    ) -> State<'a> {
        let call = match moment {
            Moment::Entry(call, sysno) => Some((sysno, &call.raw)),
            Moment::Exit(call) => call.sysno.map(|sysno| (sysno, &call.raw)),
            Moment::Signal | Moment::Point(_) | Moment::LifeCycle => None,
        };
        let signature = rule.trigger.point.as_ref().and_then(|point| point.signature.as_ref());
        State { inspect, call, signature, points: &self.points, space: self.space(name) }
    }

    /// What a rule draws its bits from on the firing it is about.
    fn chance(&self, at: usize, rule: &Rule, corruption: &Corruption) -> Chance {
        let seed = match corruption.at {
            Flip::Random { seed, .. } => seed,
            Flip::Byte { .. } => 0,
        };
        Chance::new(seed, &rule.name, self.rules.hits(at))
    }

    /// Does what is due at a call's exit; a rule whose action cannot be done any more has not fired.
    pub(super) fn fulfil(&mut self, call: &mut InCall, event: &mut Event, inspect: &dyn Inspect) -> Vec<Deed> {
        let mut deeds = Vec::new();
        for Due { rule: at, action } in std::mem::take(&mut call.due) {
            let rule = self.rules.rule(at);
            let before = deeds.len();
            match self.prepare_action((at, &rule), &action, Moment::Exit(call), event, inspect, &mut deeds) {
                Ok(()) => note_captures(&mut deeds, before, event),
                Err(reason) => {
                    deeds.truncate(before);
                    self.rules.takes_back(at, event, reason);
                }
            }
        }
        deeds
    }

    /// Carries out deeds that mean the same at every event.
    pub(super) fn carry_out(
        &mut self,
        name: TaskName,
        deeds: Vec<Deed>,
        inspect: &dyn Inspect,
        decision: &mut Decision,
    ) {
        for deed in deeds {
            match deed {
                Deed::Edit(Edit::Write { addr, mut bytes }) => {
                    if let Some(space) = self.space(name) {
                        self.points.guard(space, addr, &mut bytes);
                    }
                    decision.edits.push(Edit::Write { addr, bytes });
                }
                Deed::Edit(edit) => decision.edits.push(edit),
                Deed::Detach => self.let_go(name, decision),
                Deed::Return(_) => {}
                Deed::Walk(walk) => {
                    if let Some(task) = self.tasks.get_mut(&name) {
                        task.walk = Some(walk);
                    }
                    self.one_instruction(name, inspect);
                }
                Deed::Hold(duration) => self.go(name, |go| go.hold = Some(go.hold.unwrap_or_default() + duration)),
                Deed::Kill(victim) => {
                    decision.edits.push(Edit::Kill(victim));
                    self.go(name, |go| go.may_end = true);
                    if victim == Victim::Tree {
                        self.all_are_killed();
                    }
                }
                Deed::Skip { .. }
                | Deed::Fail(..)
                | Deed::Tamper(_)
                | Deed::Later(_)
                | Deed::Charge(_)
                | Deed::Capture(..)
                | Deed::Deliver(_) => {
                    unreachable!("the outcome of an event is decided where it is seen")
                }
            }
        }
    }
}

/// Puts captured values, of the deeds from this one on, into the event.
fn note_captures(deeds: &mut Vec<Deed>, from: usize, event: &mut Event) {
    let is_capture = |deed: &mut Deed| matches!(deed, Deed::Capture(..));
    event.captures.extend(deeds.extract_if(from.., is_capture).filter_map(|deed| match deed {
        Deed::Capture(name, value) => Some((name, value)),
        _ => None,
    }));
}

/// Whether an action of a rule that is decided at a call's entry is done at its exit.
fn is_due_at_exit(action: &Action) -> bool {
    match action {
        Action::Signal { at, .. } | Action::Delay { at, .. } | Action::Kill { at, .. } => *at == Side::Exit,
        Action::Error(_)
        | Action::ErrorAfter(_)
        | Action::Retval(_)
        | Action::Short(_)
        | Action::Corrupt(_)
        | Action::Args(_)
        | Action::Substitute(_)
        | Action::Suppress
        | Action::Replace(_)
        | Action::Registers(_)
        | Action::Memory(_)
        | Action::Capture(_)
        | Action::Jump(_)
        | Action::Return(_)
        | Action::Detach
        | Action::Step(_) => false,
    }
}
