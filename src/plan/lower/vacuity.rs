//! What would pass, or fail, whatever the program does: expectations on events that do not exist in the run, and a
//! first process that is certainly killed. It must not judge a run.

use super::Lowering;
use crate::abi::Signal;
use crate::diagnostic::{Code, Diagnostic, Span};
use crate::pattern::{Alt, Head, Noun, Pattern, Test, Value};
use crate::plan::{Action, ExitExpect, Expect, Item, ProcessTest, Rule, Trace, Victim};

/// Whether an expectation holds when its event does not happen.
#[derive(Clone, Copy, PartialEq)]
enum Absence {
    Holds,
    Fails,
}

impl Lowering<'_> {
    /// Checks every expectation against what `[trace]` leaves out.
    pub(super) fn vacuity(&mut self, trace: &Trace, expect: &Expect) {
        for never in &expect.never {
            self.check_traced(trace, &never.pattern, never.span, Absence::Holds);
        }
        for count in &expect.count {
            let absence = if count.is.contains(0) { Absence::Holds } else { Absence::Fails };
            self.check_traced(trace, &count.pattern, count.span, absence);
        }
        for item in expect.sequences.iter().flat_map(|sequence| &sequence.items) {
            match item {
                Item::Not(event) => self.check_traced(trace, &event.pattern, event.span, Absence::Holds),
                Item::Count(event, count) => {
                    let absence = if count.contains(0) { Absence::Holds } else { Absence::Fails };
                    self.check_traced(trace, &event.pattern, event.span, absence);
                }
                Item::AnyOrder(events) => {
                    for event in events {
                        self.check_traced(trace, &event.pattern, event.span, Absence::Fails);
                    }
                }
                Item::Event(event) | Item::Next(event) | Item::Optional(event) | Item::Last(event) => {
                    self.check_traced(trace, &event.pattern, event.span, Absence::Fails);
                }
            }
        }
    }

    fn check_traced(&mut self, trace: &Trace, pattern: &Pattern, span: Span, absence: Absence) {
        for alt in &pattern.alts {
            if absence == Absence::Holds && !is_written(alt, trace) {
                let help =
                    "add it to `[trace]`, or take the list there out: what expectations name is traced by itself";
                let message = format!("`{}` is not traced", &pattern.text[alt.range.clone()]);
                self.error(
                    Code::NOT_TRACED,
                    span,
                    message,
                    "would hold whatever the program does",
                    Some(help.to_owned()),
                );
            } else if trace.drop.iter().any(|drop| drops(drop, alt)) {
                let help = Some("narrow `drop`, or take it out".to_owned());
                let message = format!("`{}` is dropped", &pattern.text[alt.range.clone()]);
                self.error(Code::DROPPED, span, message, "`[trace] drop` takes these events out", help);
            }
        }
    }

    /// A rule that kills the first process whenever it fires, and must fire, leaves it no other end.
    pub(super) fn certain_kill(&mut self, trace: &Trace, rules: &[Rule], expect: &Expect) {
        let allowed = match &expect.exit {
            ExitExpect::Any => true,
            ExitExpect::Signal(signal) => *signal == Signal::KILL,
            ExitExpect::Codes(_) => false,
        };
        // An `exit` that is wrong already has no meaning to compare with.
        if allowed
            || self.spec.expect.ending.exit.is_some() != expect.exit_span.is_some()
            || self.problems.has_errors()
        {
            return;
        }
        for (rule, written) in rules.iter().zip(&self.spec.inject) {
            let first_only = matches!(rule.filter.process, Some(ProcessTest::Position(1))) || !trace.follow.forks;
            let kills = rule.actions.iter().any(|action| match action {
                Action::Kill { victim: Victim::Tree, .. } => rule.filter.process.is_none() || first_only,
                Action::Kill { .. } => first_only,
                _ => false,
            });
            if !kills || rule.fires.contains(0) {
                continue;
            }
            let span = written.kill.as_ref().map_or(rule.span, |kill| kill.span);
            let mut error =
                Diagnostic::error(&self.spec.source, Code::CERTAIN_KILL, "the first process is certainly killed")
                    .at(span, "whenever this rule fires, and it must fire");
            error = match expect.exit_span {
                Some(exit) => error.at(exit, "but it is to end so"),
                None => error.note("`expect.exit` is 0 unless the spec says otherwise"),
            };
            self.problems.push(error.help(Some("write `exit = { signal = \"SIGKILL\" }` in `[expect]`".to_owned())));
        }
    }
}

/// Whether any event of an alternative is written to the transcript.
fn is_written(alt: &Alt, trace: &Trace) -> bool {
    match &alt.head {
        Head::Call(call) => !trace.explicit || trace.written.contains(*call),
        Head::Class { calls, .. } => !trace.explicit || calls.iter().any(|call| trace.written.contains(call)),
        Head::Noun(Noun::Signal) => match alt.preds.iter().find_map(|pred| first_signal(&pred.test)) {
            Some(signal) => trace.signals.contains(signal),
            None => trace.signals.0 != 0,
        },
        Head::Noun(Noun::Clone) => trace.follow.threads || trace.follow.forks,
        Head::Operation(operation) => {
            !trace.explicit || operation.calls().iter().any(|call| trace.written.contains(call))
        }
        Head::Noun(_) => true,
    }
}

fn first_signal(test: &Test) -> Option<Signal> {
    match test {
        Test::Compare(_, Value::Flags(names)) => names.first().and_then(|name| Signal::parse(name)),
        _ => None,
    }
}

/// Whether a pattern of `drop` takes out every event of an alternative.
fn drops(drop: &Pattern, alt: &Alt) -> bool {
    drop.alts.iter().any(|drop| {
        let whole = drop.preds.is_empty() && drop.result.is_none() && drop.relation.is_none();
        whole
            && match (&drop.head, &alt.head) {
                (Head::Call(one), Head::Call(other)) => one == other,
                (Head::Class { calls, .. }, Head::Call(call)) => calls.contains(*call),
                (Head::Class { name: one, .. }, Head::Class { name: other, .. }) => one == other,
                (Head::Operation(one), Head::Operation(other)) => one == other,
                (Head::Noun(one), Head::Noun(other)) => one == other,
                _ => false,
            }
    })
}
