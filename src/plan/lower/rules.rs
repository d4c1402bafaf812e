//! `[[inject]]`: names, triggers, windows. What is done is in `actions`, `where` in `filter`.
//! It must not know how a rule is carried out.

use std::sync::Arc;

use super::Lowering;
use super::constant::Lone;
use super::patterns::Placed;
use crate::diagnostic::{Code, Diagnostic, Span};
use crate::pattern::{Head, Noun, Pattern, Ranges};
use crate::plan::{IoUring, Phase, Point, Probability, Rule, Scope, Trigger};
use crate::spec::{Inject, Text};

/// What a rule waits for, as far as it could be read.
#[derive(Clone, Copy)]
pub(super) struct Occasion<'a> {
    pub(super) on: Option<&'a Placed>,
    pub(super) point: Option<&'a Point>,
}

impl Lowering<'_> {
    /// Settles the names of all rules, so that patterns can speak of any of them.
    pub(super) fn name_rules(&mut self) {
        let mut named: Vec<(Arc<str>, Span)> = Vec::new();
        for (at, written) in self.spec.inject.iter().enumerate() {
            let given = written.name.as_ref().and_then(|name| self.rule_name(name));
            let name: Arc<str> = given.unwrap_or_else(|| format!("r{}", at + 1)).into();
            let span = written.name.as_ref().map_or(written.span, |name| name.span);
            if let Some((_, first)) = named.iter().find(|(known, _)| *known == name) {
                let help = match written.name {
                    Some(_) => "give each rule a name of its own",
                    None => "a rule without a name is called by its position: name this one",
                };
                let error = Diagnostic::error(
                    &self.spec.source,
                    Code::DUPLICATE_NAME,
                    format!("two rules are called `{name}`"),
                )
                .at(span, "called so again")
                .at(*first, "called so first")
                .help(Some(help.to_owned()));
                self.problems.push(error);
            }
            named.push((name, span));
        }
        self.rule_names = named.into_iter().map(|(name, _)| name).collect();
    }

    fn rule_name(&mut self, text: &Text) -> Option<String> {
        let name = self.expand(text)?.text().to_owned();
        let good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-');
        if name == IoUring::RULE {
            let help = Some("any other name".to_owned());
            let message = format!("`{name}` cannot be the name of a rule");
            self.error(Code::BAD_NAME, text.span, message, "stands for `[trace] io-uring = \"deny\"`", help);
        }
        if name.is_empty() || !name.chars().all(good) || name.ends_with('-') {
            let help = Some("letters, digits, `_`, `.` and `-`, not `-` at the end".to_owned());
            self.error(
                Code::BAD_NAME,
                text.span,
                format!("`{name}` cannot be the name of a rule"),
                "patterns could not name it",
                help,
            );
        }
        Some(name)
    }

    pub(super) fn rules(&mut self) -> Vec<Rule> {
        let names = self.rule_names.clone();
        let written = &self.spec.inject;
        written.iter().zip(names).filter_map(|(written, name)| self.rule(written, name)).collect()
    }

    fn rule(&mut self, written: &Inject, name: Arc<str>) -> Option<Rule> {
        if let Some(budget) = &written.budget {
            return self.budget_rule(written, budget, name);
        }
        if let Some(clock) = &written.clock {
            return self.clock_rule(written, clock, name);
        }
        let on = written.on.as_ref().and_then(|on| self.lone_pattern(on)).map(|placed| meant(placed, written));
        let on = on.map(|on| self.with_result(on, written));
        let quiet = written.quiet.as_ref().is_some_and(|quiet| quiet.value);
        match &on {
            Some(on) if quiet => self.notice_vdso(&on.pattern),
            Some(on) => self.name_calls(on),
            None => {}
        }
        self.check_point_keys(written);
        let point = self.point(written);
        let phase = match &point {
            Some(_) => Some(Phase::Point),
            None => on.as_ref().and_then(|on| self.phase(on)),
        };
        let calls = on.as_ref().map(|on| on.pattern.calls()).unwrap_or_default();
        let filter = self.filter(&written.filter, on.as_ref(), point.as_ref(), &calls);
        let after = written.after.as_ref().and_then(|after| self.window(after, &name, "after"));
        let until = written.until.as_ref().and_then(|until| self.window(until, &name, "until"));
        let scope = self.scope(written, on.as_ref(), point.as_ref());
        let when = written.when.as_ref().map_or(Some(Ranges::from(1)), |when| self.ranges(when, true));
        // A seed from outside may be one with which the rule never fires: whoever gives it knows.
        let by_chance = written.probability.is_some() && self.context.seed.is_some();
        let default = Ranges::from(u64::from(!by_chance));
        let fires = written.fires.as_ref().map_or(Some(default), |fires| self.ranges(fires, false));
        if let (Some(when), Some(fires)) = (&when, &fires) {
            self.check_fires(written, when, fires, scope);
        }
        let occasion = Occasion { on: on.as_ref(), point: point.as_ref() };
        let actions = self.actions(written, occasion, phase);
        let (pattern, on_span) = match (&on, &point) {
            (_, Some(point)) => (self.point_pattern(point), point.span),
            (on, None) => on.as_ref().map(|on| (on.pattern.clone(), on.span()))?,
        };
        let (phase, when, fires) = (phase?, when?, fires?);
        let instead = if fires.contains(0) { Vec::new() } else { self.instead(&pattern) };
        let rule = Rule {
            name,
            span: written.span,
            on_span,
            fires_span: written.fires.as_ref().map(|fires| fires.span),
            trigger: Trigger { pattern, phase, point },
            filter,
            when,
            scope,
            after,
            until,
            fires,
            instead,
            quiet,
            probability: self.probability(written),
            unfaithful: written.unfaithful.as_ref().is_some_and(|unfaithful| unfaithful.value),
            budget: None,
            clock: None,
            actions,
        };
        match Lone::of(&rule) {
            Some(lone) => self.lone.push(lone),
            None if quiet => self.noticed.union(&rule.trigger.pattern.all_calls()),
            None => {}
        }
        Some(rule)
    }

    /// `probability` and its seed.
    fn probability(&mut self, written: &Inject) -> Option<Probability> {
        let probability = written.probability.as_ref()?;
        if !(probability.value > 0.0 && probability.value <= 1.0) {
            let help = Some("`0.25` fires on about every fourth event".to_owned());
            let message = format!("`probability` cannot be {}", probability.value);
            self.error(Code::BAD_NUMBER, probability.span, message, "expected more than 0, and at most 1", help);
            return None;
        }
        let seed = match &written.seed {
            Some(seed) => self.unsigned(seed, "seed"),
            None => self.seed,
        };
        Some(Probability { share: probability.value, seed })
    }

    /// At which stop a trigger is decided. A rule has one kind of event.
    fn phase(&mut self, on: &Placed) -> Option<Phase> {
        let mut found: Option<Phase> = None;
        for alt in &on.pattern.alts {
            let phase = match &alt.head {
                Head::Call(_) | Head::Class { .. } | Head::Operation(_) if alt.result.is_some() => Phase::Exit,
                Head::Call(_) | Head::Class { .. } | Head::Operation(_) => Phase::Entry,
                Head::Noun(Noun::Signal) => Phase::Signal,
                Head::Noun(Noun::Inject) => {
                    let span = on.located.span(alt.head_range.clone());
                    let help =
                        Some("write `after = \"inject(NAME)\"`, and in `on` the event that follows".to_owned());
                    self.error(
                        Code::MISFIT_ACTION,
                        span,
                        "a rule cannot have another rule as its event",
                        "not an event of the program",
                        help,
                    );
                    return None;
                }
                Head::Noun(Noun::Killed) => {
                    let span = on.located.span(alt.head_range.clone());
                    self.error(
                        Code::MISFIT_ACTION,
                        span,
                        "nothing can be done to a task that was killed",
                        "too late",
                        None,
                    );
                    return None;
                }
                Head::Noun(_) => Phase::LifeCycle,
            };
            if found.is_some_and(|found| found != phase) {
                let span = on.located.span(alt.range.clone());
                let help = Some("write one rule for each".to_owned());
                self.error(
                    Code::MISFIT_ACTION,
                    span,
                    "a rule has one kind of event",
                    "of another kind than the one before",
                    help,
                );
                return None;
            }
            found = Some(phase);
        }
        found
    }

    /// `after` and `until`.
    pub(super) fn window(&mut self, text: &Text, rule: &str, key: &str) -> Option<Pattern> {
        let placed = self.lone_pattern(text)?;
        self.name_calls(&placed);
        let itself = |(name, _): &(String, _)| name == rule;
        if key == "after"
            && let [alt] = placed.pattern.alts.as_slice()
            && alt.head == Head::Noun(Noun::Inject)
            && placed.pattern.rule_names().iter().any(itself)
        {
            let help = Some("arm it by another event".to_owned());
            self.error(
                Code::NEVER_FIRES,
                placed.span(),
                "the rule waits for itself",
                "armed only after it has fired",
                help,
            );
        }
        Some(placed.pattern)
    }

    fn check_fires(&mut self, written: &Inject, when: &Ranges, fires: &Ranges, scope: Scope) {
        let (Some(most), Some(span)) = (when.len(), written.fires.as_ref().map(|fires| fires.span)) else { return };
        if scope == Scope::Run && fires.min() > most {
            let message = format!("the rule can fire {most} times at most");
            let error = Diagnostic::error(&self.spec.source, Code::NEVER_FIRES, message.replace("1 times", "once"))
                .at(span, format!("wants {} or more", fires.min()))
                .at(written.when.as_ref().map_or(written.span, |when| when.span), "allows no more")
                .help(Some("widen `when`, or lower `fires`".to_owned()));
            self.problems.push(error);
        }
    }
}

/// `clone`, `exit` and `signal` are calls in a rule that makes its event fail or return something.
fn meant(placed: Placed, written: &Inject) -> Placed {
    let of_a_call = written.error.is_some()
        || written.error_after.is_some()
        || written.args.is_some()
        || written.replace.is_some()
        || written.retval.is_some()
        || written.delay_enter.is_some()
        || written.delay_exit.is_some()
        || written.filter.result.is_some();
    if of_a_call { Placed { pattern: placed.pattern.with_nouns_as_calls(), ..placed } } else { placed }
}
