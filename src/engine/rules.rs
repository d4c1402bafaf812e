//! Which rules an event concerns: filters, counters, arming. Whether they can fire, and what firing means, is not
//! decided here.

use std::sync::Arc;

use super::instead::Instead;
use super::scope::{Counters, Key, each_key};
use super::stack::Stack;
use crate::abi::{CallSet, Sysno};
use crate::pattern::{Alt, Audience, Bindings, Head, Matcher, Noun, Subject, SubjectKind};
use crate::plan::{Phase, Rule, Spared};
use crate::transcript::{Event, EventKind, Fired, RuleRecord};

use super::filter::{holds, is_for};

/// All rules of a run with their counters.
#[derive(Debug)]
pub(super) struct Rules {
    rules: Vec<RuleState>,
    /// Those of them that an event can be anything to.
    audience: Audience,
    /// What rules have captured so far.
    captured: Bindings,
    /// Whether signals decide, arm or disarm some rule.
    concern_signals: bool,
    /// Calls that some rule is decided on at their entry.
    entry_calls: CallSet,
    /// Calls that some rule is decided on at their exit.
    exit_calls: CallSet,
    /// What no rule is about.
    spared: Option<Spared>,
}

#[derive(Debug)]
struct RuleState {
    rule: Arc<Rule>,
    calls: CallSet,
    matcher: Matcher,
    after: Option<Matcher>,
    until: Option<Matcher>,
    armed: bool,
    counters: Counters,
    record: RuleRecord,
    instead: Instead,
}

impl Rules {
    pub(super) fn new(rules: &[Rule]) -> Rules {
        let mut all = Rules {
            rules: Vec::new(),
            audience: Audience::default(),
            captured: Bindings::new(),
            concern_signals: rules.iter().any(concerns_signals),
            entry_calls: CallSet::new(),
            exit_calls: CallSet::new(),
            spared: None,
        };
        for rule in rules {
            let calls = rule.trigger.pattern.calls();
            let instead = Instead::new(rule);
            all.entry_calls.union(&instead.calls());
            match rule.trigger.phase {
                Phase::Entry => all.entry_calls.union(&calls),
                Phase::Exit => all.exit_calls.union(&calls),
                Phase::Signal | Phase::Point | Phase::LifeCycle => {}
            }
            let armed = rule.after.is_none();
            all.rules.push(RuleState {
                calls,
                instead,
                matcher: Matcher::new(rule.trigger.pattern.clone()),
                after: rule.after.clone().map(Matcher::new),
                until: rule.until.clone().map(Matcher::new),
                armed,
                counters: Counters::default(),
                record: RuleRecord { armed, ..RuleRecord::default() },
                rule: Arc::new(rule.clone()),
            });
        }
        all
    }

    /// The same, where some calls are no rule's.
    pub(super) fn sparing(self, spared: Option<Spared>) -> Rules {
        Rules { spared, ..self }
    }

    /// Whether some rule is decided at the entry of `call`.
    pub(super) fn concern_entry(&self, call: Sysno) -> bool {
        self.entry_calls.contains(call)
    }

    /// Whether some rule is decided at the exit of `call`.
    pub(super) fn concern_exit(&self, call: Sysno) -> bool {
        self.exit_calls.contains(call)
    }

    /// Counts `event` for every rule of `phase` that it matches, of those in `among` where that is given; the
    /// positions of those whose turn it is, in file order.
    #[inline]
    pub(super) fn candidates(
        &mut self,
        phase: Phase,
        event: &Event,
        stack: &Stack<'_>,
        among: Option<&[usize]>,
    ) -> Vec<usize> {
        let call = match &event.kind {
            EventKind::Call(call) => call.sysno,
            _ => None,
        };
        if self.spared.as_ref().is_some_and(|spared| is_for(&spared.folder, event)) {
            return Vec::new();
        }
        let mut candidates = Vec::new();
        let Rules { rules, audience, captured, .. } = self;
        for &at in audience.of(event.kind(), !event.fired.is_empty(), rules, RuleState::heeds) {
            let state = &mut rules[at];
            if phase == Phase::Entry && call.is_some_and(|call| !state.calls.contains(call)) {
                state.look_beside(event, stack, captured);
            }
            if among.is_some_and(|among| !among.contains(&at)) {
                continue;
            }
            let concerned = state.rule.trigger.phase == phase && call.is_none_or(|call| state.calls.contains(call));
            if concerned && state.count(phase, event, stack, captured) {
                candidates.push(at);
            }
        }
        if !candidates.is_empty() && self.spared.as_ref().is_some_and(|spared| stack.has(&spared.callers)) {
            candidates.clear();
        }
        candidates
    }

    /// How many calls the first rule has counted.
    pub(super) fn counted(&self) -> u64 {
        self.rules.first().map_or(0, |state| state.record.matched)
    }

    /// Counts a call for the first rule, whose own it is, and whose turn it is not.
    pub(super) fn count(&mut self) {
        if let Some(state) = self.rules.first_mut() {
            state.record.seen += 1;
            state.record.matched += 1;
            state.counters.next(Key::Run);
        }
    }

    /// Lets rules note a call that is none of their own.
    pub(super) fn look_beside(&mut self, event: &Event, stack: &Stack<'_>) {
        let Rules { rules, audience, captured, .. } = self;
        for &at in audience.of(event.kind(), !event.fired.is_empty(), rules, RuleState::heeds) {
            rules[at].look_beside(event, stack, captured);
        }
    }

    /// Whether some rule is decided at a signal's delivery, or armed or disarmed by one.
    pub(super) fn concern_signals(&self) -> bool {
        self.concern_signals
    }

    /// Whether the rule at this position is armed.
    pub(super) fn is_armed(&self, at: usize) -> bool {
        self.rules[at].armed
    }

    /// What could be found out of the place of a rule, which may be known in one process and not in another.
    pub(super) fn found(&mut self, at: usize, found: Result<(), String>) {
        let record = &mut self.rules[at].record;
        match found {
            Ok(()) => (record.found, record.missing) = (true, None),
            Err(reason) if !record.found => record.missing = Some(reason),
            Err(_) => {}
        }
    }

    /// The rule at this position.
    pub(super) fn rule(&self, at: usize) -> Arc<Rule> {
        self.rules[at].rule.clone()
    }

    /// How often the rule at this position has been about to fire: the same number all through one event.
    pub(super) fn hits(&self, at: usize) -> u64 {
        self.rules[at].record.matched
    }

    /// A candidate fires.
    pub(super) fn fires(&mut self, at: usize) -> Fired {
        let state = &mut self.rules[at];
        state.record.fired += 1;
        Fired { rule: state.rule.name.clone(), hit: state.record.fired }
    }

    /// A candidate cannot fire: another rule has decided the event.
    pub(super) fn overruled(&mut self, at: usize) {
        self.rules[at].record.overruled += 1;
    }

    /// A candidate cannot fire for a reason that the author should know.
    pub(super) fn prevented(&mut self, at: usize, reason: String) {
        let prevented = &mut self.rules[at].record.prevented;
        match prevented.iter_mut().find(|(known, _)| *known == reason) {
            Some((_, times)) => *times += 1,
            None => prevented.push((reason, 1)),
        }
    }

    /// What a rule fired for could not be done in the end: it has not fired on `event`.
    pub(super) fn takes_back(&mut self, at: usize, event: &mut Event, reason: String) {
        let state = &mut self.rules[at];
        let before = event.fired.len();
        event.fired.retain(|fired| fired.rule != state.rule.name);
        // Of several things that it was to do, the first to fail takes it back.
        if event.fired.len() < before {
            state.record.fired -= 1;
            self.prevented(at, reason);
        }
    }

    /// Lets a finished event arm and disarm rules, from the next event on; whether one was.
    #[inline]
    pub(super) fn note(&mut self, event: &Event) -> bool {
        let mut changed = false;
        let Rules { rules, audience, captured, .. } = self;
        captured.capture(event);
        for &at in audience.of(event.kind(), !event.fired.is_empty(), rules, RuleState::heeds) {
            let state = &mut rules[at];
            state.matcher.note(event);
            if let Some(after) = &mut state.after {
                if after.matches(event, &mut captured.clone()) {
                    changed |= !state.armed;
                    state.armed = true;
                    state.record.armed = true;
                }
                after.note(event);
            }
            if let Some(until) = &mut state.until {
                if until.matches(event, &mut captured.clone()) {
                    changed |= state.armed;
                    state.armed = false;
                }
                until.note(event);
            }
        }
        changed
    }

    /// Whether each rule has fired as often as it has to at least.
    pub(super) fn have_fired(&self, rules: &[Rule]) -> bool {
        rules.iter().zip(&self.rules).all(|(rule, state)| state.record.fired >= rule.fires.min())
    }

    /// How the rules have fared, in file order.
    pub(super) fn records(&self) -> Vec<RuleRecord> {
        self.rules
            .iter()
            .map(|state| RuleRecord { instead: state.instead.seen().to_vec(), ..state.record.clone() })
            .collect()
    }
}

impl RuleState {
    /// Whether an event of this kind can be what it is about, arm or disarm it, or tell why it did not fire.
    fn heeds(&self, kind: SubjectKind, is_fired_on: bool) -> bool {
        let mut matchers =
            [&self.matcher].into_iter().chain(&self.after).chain(&self.until).chain(self.instead.matchers());
        matchers.any(|matcher| matcher.heeds(kind, is_fired_on))
    }

    fn look_beside(&mut self, event: &Event, stack: &Stack<'_>, captured: &Bindings) {
        let filter = &self.rule.filter;
        self.instead.notice(event, captured, |event| holds(filter, event, stack));
    }

    /// Counts `event` if it is one of the rule's own; whether it is the rule's turn.
    fn count(&mut self, phase: Phase, event: &Event, stack: &Stack<'_>, captured: &Bindings) -> bool {
        let is_mine = match phase {
            Phase::Entry => self.matcher.matches_entry(event, captured),
            Phase::Exit | Phase::Signal | Phase::Point | Phase::LifeCycle => {
                self.matcher.matches(event, &mut captured.clone())
            }
        };
        if !is_mine {
            return false;
        }
        self.record.seen += 1;
        if !self.armed || !holds(&self.rule.filter, event, stack) {
            return false;
        }
        self.record.matched += 1;
        // The counter of each of its paths goes on, whichever of them decides.
        let (rule, counters, mut is_turn) = (&self.rule, &mut self.counters, false);
        each_key(rule, event, stack, |key| {
            let number = counters.next(key);
            let by_chance = rule.probability.is_none_or(|chance| chance.fires(&rule.name, number));
            is_turn |= by_chance && rule.when.contains(number);
        });
        is_turn
    }
}

/// Whether a rule is about signals, or armed or disarmed by them.
fn concerns_signals(rule: &Rule) -> bool {
    let windows = rule.after.iter().chain(&rule.until);
    let mut alts = windows.flat_map(|pattern| pattern.alts.iter().flat_map(Alt::chain));
    rule.trigger.phase == Phase::Signal || alts.any(|alt| alt.head == Head::Noun(Noun::Signal))
}
