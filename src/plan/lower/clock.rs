//! `clock`: a rule without an event of its own, which changes the time of day.
//! It must not know how a run keeps its time.

use std::sync::Arc;
use std::time::Duration;

use super::Lowering;
use super::budget::keys_of_events;
use super::values::shown;
use crate::diagnostic::{Code, Diagnostic};
use crate::pattern::{Pattern, Ranges, parse};
use crate::plan::{ClockFault, Filter, Phase, Rule, Scope, Shift, Trigger};
use crate::spec::{self, Inject};

/// Calls that tell the time of day.
const TELLING: &str = "clock_gettime, gettimeofday, time";

impl Lowering<'_> {
    /// A rule with `clock`.
    pub(super) fn clock_rule(&mut self, written: &Inject, clock: &spec::ClockFault, name: Arc<str>) -> Option<Rule> {
        self.check_clock_keys(written, clock);
        let fault = self.clock_fault(clock);
        let after = written.after.as_ref().and_then(|after| self.window(after, &name, "after"));
        // Each of them is to be seen, if nothing else is said.
        let all = Ranges::from(fault.changes.len() as u64);
        let fires = written.fires.as_ref().map_or(Some(all), |fires| self.ranges(fires, false))?;
        let pattern = self.calls_that_tell();
        self.noticed.union(&pattern.calls());
        Some(Rule {
            name,
            span: written.span,
            on_span: clock.span,
            fires_span: written.fires.as_ref().map(|fires| fires.span),
            trigger: Trigger { pattern, phase: Phase::Exit, point: None },
            filter: Filter::default(),
            when: Ranges::from(1),
            scope: Scope::Run,
            after,
            until: None,
            fires,
            probability: None,
            instead: Vec::new(),
            quiet: written.quiet.as_ref().is_some_and(|quiet| quiet.value),
            unfaithful: false,
            budget: None,
            clock: Some(fault),
            actions: Vec::new(),
        })
    }

    fn calls_that_tell(&self) -> Pattern {
        let pattern = parse(TELLING, self.context.arch);
        pattern.unwrap_or_else(|_| unreachable!("the calls that tell the time exist")).with_nouns_as_calls()
    }

    fn clock_fault(&mut self, written: &spec::ClockFault) -> ClockFault {
        let skew = written.skew.as_ref().and_then(|skew| {
            let located = self.expand(skew)?;
            let shift = Shift::parse(located.text());
            if shift.is_none() {
                let message = format!("`{}` is no change of the clock", located.text());
                let help = Some("write it as `+2h` or `-90s`".to_owned());
                let span = shown(&located, skew);
                self.error(Code::BAD_DURATION, span, message, "expected a sign and a duration", help);
            }
            Some((Duration::ZERO, shift?))
        });
        let mut changes: Vec<_> = skew.into_iter().collect();
        for jump in written.jump.iter().flat_map(|jump| &jump.value) {
            changes.extend(self.jump(jump));
        }
        changes.sort_by_key(|(at, _)| *at);
        if changes.is_empty() && !self.problems.has_errors() {
            let help = Some("write `clock = { skew = \"+2h\" }` or `clock = { jump = [\"10s: -1h\"] }`".to_owned());
            self.error(Code::EMPTY_VALUE, written.span, "the clock is not changed", "by nothing", help);
        }
        ClockFault { changes }
    }

    /// When, and by how much.
    fn jump(&mut self, written: &spec::Text) -> Option<(Duration, Shift)> {
        let located = self.expand(written)?;
        let read = located
            .text()
            .split_once(':')
            .and_then(|(after, by)| Some((humantime::parse_duration(after.trim()).ok()?, Shift::parse(by)?)));
        if read.is_none() {
            let message = format!("`{}` is no jump of the clock", located.text());
            let help = Some("`\"10s: -1h\"` puts it back by an hour once the run has taken ten seconds".to_owned());
            let span = shown(&located, written);
            self.error(Code::BAD_DURATION, span, message, "expected a time, a colon and a change", help);
        }
        read
    }

    /// Says which keys have no meaning beside `clock`.
    fn check_clock_keys(&mut self, written: &Inject, clock: &spec::ClockFault) {
        let more = [
            written.budget.as_ref().map(|budget| ("budget", budget.span)),
            written.scope.as_ref().map(|scope| ("scope", scope.span)),
            written.until.as_ref().map(|until| ("until", until.span)),
            written.filter.path.as_ref().map(|path| ("where.path", path.span)),
            written.filter.process.as_ref().map(|process| ("where.process", process.span)),
        ];
        for (key, span) in keys_of_events(written).into_iter().chain(more.into_iter().flatten()) {
            let message = format!("`{key}` does not go with `clock`");
            let error = Diagnostic::error(&self.spec.source, Code::CONFLICTING_KEYS, message)
                .at(span, "has no meaning here")
                .at(clock.span, "changes the clock for everybody")
                .help(Some("a change of the clock goes with `name`, `after`, `fires` and `quiet`".to_owned()));
            self.problems.push(error);
        }
        let is_real = match &self.spec.determinism.time {
            None => true,
            Some(spec::Time::Word(word)) => word.value == "real",
            Some(spec::Time::From { .. }) => false,
        };
        if !self.has_time && is_real {
            let message = "the clock of this machine is not changed";
            let help = Some("add `[determinism] time = \"virtual\"`: the run then has a clock of its own".to_owned());
            self.error(Code::CONFLICTING_KEYS, clock.span, message, "only with a time of the run", help);
        }
    }
}
