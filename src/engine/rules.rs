//! Which rules fire on an event: filters, counters, arming. What firing means is not decided here.

use std::collections::HashMap;

use crate::abi::{CallSet, Sysno};
use crate::pattern::{Bindings, Matcher};
use crate::plan::{Action, DescriptorTest, Filter, Phase, Rule, Scope};
use crate::transcript::{Arg, Event, EventKind, Fired, RuleRecord, TaskName, Value};

/// All rules of a run with their counters.
#[derive(Debug)]
pub(super) struct Rules {
    rules: Vec<RuleState>,
    /// Calls that some rule is decided on at their entry.
    entry_calls: CallSet,
    /// Calls that some rule is decided on at their exit.
    exit_calls: CallSet,
}

#[derive(Debug)]
struct RuleState {
    rule: Rule,
    calls: CallSet,
    matcher: Matcher,
    after: Option<Matcher>,
    until: Option<Matcher>,
    armed: bool,
    counters: HashMap<(u32, u32), u64>,
    record: RuleRecord,
}

/// The rules that fired on one event.
#[derive(Debug, Default)]
pub(super) struct Firing {
    pub(super) fired: Vec<Fired>,
    pub(super) actions: Vec<Action>,
    /// Whether a rule that fired asks for faults that no kernel would produce.
    pub(super) unfaithful: bool,
}

impl Rules {
    pub(super) fn new(rules: &[Rule]) -> Rules {
        let mut all = Rules { rules: Vec::new(), entry_calls: CallSet::new(), exit_calls: CallSet::new() };
        for rule in rules {
            let calls = rule.trigger.pattern.calls();
            match rule.trigger.phase {
                Phase::Entry => all.entry_calls.union(&calls),
                Phase::Exit => all.exit_calls.union(&calls),
                Phase::Signal | Phase::LifeCycle => {}
            }
            let armed = rule.after.is_none();
            all.rules.push(RuleState {
                calls,
                matcher: Matcher::new(rule.trigger.pattern.clone()),
                after: rule.after.clone().map(Matcher::new),
                until: rule.until.clone().map(Matcher::new),
                armed,
                counters: HashMap::new(),
                record: RuleRecord { armed, ..RuleRecord::default() },
                rule: rule.clone(),
            });
        }
        all
    }

    /// Whether some rule is decided at the entry of `call`.
    pub(super) fn concern_entry(&self, call: Sysno) -> bool {
        self.entry_calls.contains(call)
    }

    /// Whether some rule is decided at the exit of `call`.
    pub(super) fn concern_exit(&self, call: Sysno) -> bool {
        self.exit_calls.contains(call)
    }

    /// Counts `event` for every rule of `phase` that it matches, and tells which of them fire. `taken` says that
    /// the outcome of the event is decided already.
    pub(super) fn observe(&mut self, phase: Phase, event: &Event, taken: bool) -> Firing {
        let call = match &event.kind {
            EventKind::Call(call) => call.sysno,
            _ => None,
        };
        let mut firing = Firing::default();
        let mut taken = taken;
        for state in &mut self.rules {
            if state.rule.trigger.phase != phase || call.is_some_and(|call| !state.calls.contains(call)) {
                continue;
            }
            let Some(fires) = state.count(phase, event) else { continue };
            let decides = state.rule.actions.iter().any(Action::is_outcome);
            if !fires {
                continue;
            }
            if decides && taken {
                state.record.overruled += 1;
                continue;
            }
            taken |= decides;
            state.record.fired += 1;
            firing.fired.push(Fired { rule: state.rule.name.clone(), hit: state.record.fired });
            firing.actions.extend(state.rule.actions.iter().cloned());
            firing.unfaithful |= state.rule.unfaithful;
        }
        firing
    }

    /// Lets a finished event arm and disarm rules, from the next event on.
    pub(super) fn note(&mut self, event: &Event) {
        let mut bindings = Bindings::default();
        for state in &mut self.rules {
            state.matcher.note(event);
            if let Some(after) = &mut state.after {
                if after.matches(event, &mut bindings) {
                    state.armed = true;
                    state.record.armed = true;
                }
                after.note(event);
            }
            if let Some(until) = &mut state.until {
                if until.matches(event, &mut bindings) {
                    state.armed = false;
                }
                until.note(event);
            }
        }
    }

    /// How the rules have fared, in file order.
    pub(super) fn records(&self) -> Vec<RuleRecord> {
        self.rules.iter().map(|state| state.record.clone()).collect()
    }
}

impl RuleState {
    /// Whether the rule fires on `event`; `None` where the event is not one of its own.
    fn count(&mut self, phase: Phase, event: &Event) -> Option<bool> {
        let mut bindings = Bindings::default();
        let is_mine = match phase {
            Phase::Entry => self.matcher.matches_entry(event),
            Phase::Exit | Phase::Signal | Phase::LifeCycle => self.matcher.matches(event, &mut bindings),
        };
        if !is_mine {
            return None;
        }
        self.record.seen += 1;
        if !self.armed || !holds(&self.rule.filter, event) {
            return None;
        }
        self.record.matched += 1;
        let counter = self.counters.entry(scope_key(self.rule.scope, event.task)).or_default();
        *counter += 1;
        Some(self.rule.when.contains(*counter))
    }
}

fn scope_key(scope: Scope, task: TaskName) -> (u32, u32) {
    match scope {
        Scope::Run => (0, 0),
        Scope::Process => (task.process, 0),
        Scope::Thread => (task.process, task.thread),
    }
}

/// Whether all of a `where` holds.
fn holds(filter: &Filter, event: &Event) -> bool {
    let args: &[Arg] = match &event.kind {
        EventKind::Call(call) => &call.args,
        _ => &[],
    };
    let path = |glob: &crate::pattern::PathGlob| args.iter().filter_map(host_text).any(|text| glob.matches(text));
    let descriptor = |test: &DescriptorTest| {
        args.iter().any(|arg| match (&arg.value, test) {
            (Value::Descriptor { .. } | Value::BadDescriptor(_), DescriptorTest::Number(number)) => {
                arg.raw as i32 == *number
            }
            (Value::Descriptor { host, .. }, DescriptorTest::Target(glob)) => glob.matches(host),
            _ => false,
        })
    };
    filter.path.as_ref().is_none_or(path)
        && filter.fd.as_ref().is_none_or(descriptor)
        && filter.process.as_ref().is_none_or(|test| test.is(event.task.process, &event.image))
        && filter.args.iter().all(|test| test.pred.matches(event))
}

fn host_text(arg: &Arg) -> Option<&str> {
    match &arg.value {
        Value::Path(path) => Some(&path.host),
        Value::Descriptor { host, .. } => Some(host),
        _ => None,
    }
}
