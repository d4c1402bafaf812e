//! `budget`: a rule without an event of its own, whose calls fail once something is used up.
//! It must not know how use is counted.

use std::sync::Arc;

use super::Lowering;
use crate::abi::Operation;
use crate::diagnostic::{Code, Diagnostic, Span};
use crate::pattern::{Pattern, Ranges, parse};
use crate::plan::{Budget, Filter, Phase, Resource, Rule, Scope, Trigger};
use crate::spec::{self, At, Inject};

impl Lowering<'_> {
    /// A rule with `budget`.
    pub(super) fn budget_rule(&mut self, written: &Inject, budget: &spec::Budget, name: Arc<str>) -> Option<Rule> {
        self.check_budget_keys(written, budget);
        let amounts = self.amounts(budget);
        if amounts.resources().next().is_none() {
            if !self.problems.has_errors() {
                let help = Some("write `budget = { disk = \"1MiB\" }`, or fds, memory, processes".to_owned());
                self.error(Code::EMPTY_VALUE, budget.span, "the budget limits nothing", "no amount", help);
            }
            return None;
        }
        let process = written.filter.process.as_ref().and_then(|process| self.process(process));
        let path = written.filter.path.as_ref().and_then(|path| self.glob(path));
        let after = written.after.as_ref().and_then(|after| self.window(after, &name, "after"));
        let until = written.until.as_ref().and_then(|until| self.window(until, &name, "until"));
        let fires = written.fires.as_ref().map_or(Some(Ranges::from(1)), |fires| self.ranges(fires, false))?;
        let pattern = self.calls_of(&amounts);
        // Watched, but written only where they fail: nobody has named them.
        self.noticed.union(&pattern.calls());
        Some(Rule {
            name,
            span: written.span,
            on_span: budget.span,
            fires_span: written.fires.as_ref().map(|fires| fires.span),
            trigger: Trigger { pattern, phase: Phase::Entry, point: None },
            filter: Filter {
                operations: Operation::parse("file.write").into_iter().collect(),
                path,
                process,
                ..Filter::default()
            },
            when: Ranges::from(1),
            scope: self.budget_scope(written, budget),
            after,
            until,
            fires,
            probability: None,
            instead: Vec::new(),
            quiet: written.quiet.as_ref().is_some_and(|quiet| quiet.value),
            unfaithful: false,
            budget: Some(amounts),
            clock: None,
            actions: Vec::new(),
        })
    }

    fn amounts(&mut self, written: &spec::Budget) -> Budget {
        let number = |number: &At<i128>, name, least, lowering: &mut Self| {
            lowering.within(number, name, least, u64::MAX.into()).map(|number| number as u64)
        };
        Budget {
            disk: written.disk.as_ref().and_then(|disk| self.size(disk, "disk")),
            fds: written.fds.as_ref().and_then(|fds| number(fds, "fds", 0, self)),
            memory: written.memory.as_ref().and_then(|memory| self.size(memory, "memory")),
            // The first process is alive in any case.
            processes: written.processes.as_ref().and_then(|processes| number(processes, "processes", 1, self)),
        }
    }

    /// The calls that need what the budget limits.
    fn calls_of(&self, budget: &Budget) -> Pattern {
        let names: Vec<&str> = budget.resources().map(Resource::calls).collect();
        let pattern = parse(&names.join(", "), self.context.arch);
        pattern.unwrap_or_else(|_| unreachable!("the calls of resources exist")).with_nouns_as_calls()
    }

    fn budget_scope(&mut self, written: &Inject, budget: &spec::Budget) -> Scope {
        let known = [("run", Scope::Run), ("process", Scope::Process)];
        let Some(text) = &written.scope else { return Scope::Run };
        let Some(scope) = self.choice(text, "scope", &known) else { return Scope::Run };
        let misfit = match scope {
            Scope::Run if budget.fds.is_some() => {
                Some("each process has descriptors of its own: leave `scope` out for `fds`")
            }
            Scope::Process | Scope::Thread if budget.processes.is_some() => {
                Some("`processes` counts the tasks of the run: leave `scope` out")
            }
            _ => None,
        };
        if let Some(help) = misfit {
            let message = format!("`scope = \"{}\"` does not fit this budget", text.value);
            self.error(Code::CONFLICTING_KEYS, text.span, message, "cannot be counted so", Some(help.to_owned()));
        }
        scope
    }

    /// Says which keys have no meaning beside `budget`.
    fn check_budget_keys(&mut self, written: &Inject, budget: &spec::Budget) {
        for (key, span) in keys_of_events(written) {
            let error = Diagnostic::error(
                &self.spec.source,
                Code::CONFLICTING_KEYS,
                format!("`{key}` does not go with `budget`"),
            )
            .at(span, "has no meaning here")
            .at(budget.span, "says by itself which calls fail, and how")
            .help(Some(
                "a budget goes with `name`, `where.path`, `where.process`, `scope`, `after`, `until`, `fires` and `quiet`"
                    .to_owned(),
            ));
            self.problems.push(error);
        }
        let disk_alone = budget.fds.is_none() && budget.memory.is_none() && budget.processes.is_none();
        if let (Some(path), false) = (&written.filter.path, disk_alone) {
            let help = Some("`where.process` goes with every budget".to_owned());
            let message = "`where.path` goes with a budget of `disk` alone";
            self.error(Code::CONFLICTING_KEYS, path.span, message, "no file is looked at", help);
        }
    }
}

/// Keys that speak of one event, and of what is done to it.
pub(super) fn keys_of_events(written: &Inject) -> Vec<(&'static str, Span)> {
    let text = |key, text: &Option<spec::Text>| text.as_ref().map(|text| (key, text.span));
    let scalar = |key, scalar: &Option<At<spec::Scalar>>| scalar.as_ref().map(|scalar| (key, scalar.span));
    [
        text("on", &written.on),
        text("at", &written.at),
        text("watch", &written.watch),
        text("signature", &written.signature),
        scalar("when", &written.when),
        scalar("where.fd", &written.filter.fd),
        written.filter.args.first().map(|args| ("where.args", args.span)),
        written.filter.thread.as_ref().map(|thread| ("where.thread", thread.span)),
        written.filter.caller.first().map(|caller| ("where.caller", caller.span)),
        text("where.result", &written.filter.result),
        written.detach.as_ref().map(|value| ("detach", value.span)),
        written.unfaithful.as_ref().map(|value| ("unfaithful", value.span)),
        written.probability.as_ref().map(|value| ("probability", value.span)),
        scalar("error", &written.error),
        scalar("error-after", &written.error_after),
        scalar("retval", &written.retval),
        scalar("short", &written.short),
        scalar("return", &written.returns),
        written.corrupt.as_ref().map(|value| ("corrupt", value.span)),
        written.args.as_ref().map(|value| ("args", value.span)),
        text("replace", &written.replace),
        written.registers.as_ref().map(|value| ("registers", value.span)),
        written.memory.as_ref().map(|value| ("memory", value.span)),
        written.capture.as_ref().map(|value| ("capture", value.span)),
        written.step.as_ref().map(|value| ("step", value.span)),
        written.signal.as_ref().map(|value| ("signal", value.span)),
        written.suppress.as_ref().map(|value| ("suppress", value.span)),
        text("delay-enter", &written.delay_enter),
        text("delay-exit", &written.delay_exit),
        text("kill", &written.kill),
        text("kill-at", &written.kill_at),
    ]
    .into_iter()
    .flatten()
    .collect()
}
