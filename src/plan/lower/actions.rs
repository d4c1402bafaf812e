//! What a rule does, and whether that fits its event.
//! It must not know how an action is carried out.

use super::Lowering;
use super::patterns::Placed;
use super::rules::Occasion;
use crate::diagnostic::{Code, Diagnostic, Span};
use crate::pattern::Noun;
use crate::plan::{Action, Phase, Point, PointKind, Recipient, Side, StepTo, Victim};
use crate::spec::{Inject, Scalar, SignalAction, Step, Text};

/// An action, the key that asks for it, and where its value stands.
struct Asked {
    action: Action,
    key: &'static str,
    span: Span,
}

impl Asked {
    fn new(action: Option<Action>, key: &'static str, span: Span) -> Option<Asked> {
        action.map(|action| Asked { action, key, span })
    }
}

impl Lowering<'_> {
    /// The actions of a rule in the order of the action table. `phase` is `None` where the event is wrong already.
    pub(super) fn actions(&mut self, written: &Inject, occasion: Occasion<'_>, phase: Option<Phase>) -> Vec<Action> {
        let asked = self.asked(written, occasion, phase);
        if asked.is_empty() && !written.does_something {
            let help = Some(
                "add `error = \"EIO\"`, or `retval`, `short`, `args`, `signal`, `kill`, `registers`, `memory`, ..."
                    .to_owned(),
            );
            self.error(Code::NO_ACTION, written.span, "the rule does nothing", "no action", help);
        }
        if let (Some(point), Some(Phase::Point)) = (occasion.point, phase) {
            for asked in &asked {
                self.check_fit_of_point(asked, point);
            }
        } else if let (Some(on), Some(phase)) = (occasion.on, phase) {
            for asked in &asked {
                self.check_fit(asked, written, on, phase);
            }
            self.check_sides(written, phase);
            let errno = asked.iter().find_map(|asked| match asked.action {
                Action::Error(errno) => Some(errno),
                _ => None,
            });
            self.check_faithful(written, errno, on);
        }
        self.check_outcomes(&asked);
        if let (Some(at), None) = (&written.kill_at, &written.kill) {
            let help = Some("add `kill = \"process\"`".to_owned());
            self.error(Code::CONFLICTING_KEYS, at.span, "`kill-at` without `kill`", "says when, but not who", help);
        }
        asked.into_iter().map(|asked| asked.action).collect()
    }

    fn asked(&mut self, written: &Inject, occasion: Occasion<'_>, phase: Option<Phase>) -> Vec<Asked> {
        let error = written.error.as_ref().and_then(|errno| {
            let action = self.errno(errno).map(Action::Error);
            Asked::new(action, "error", errno.span)
        });
        let error_after = written.error_after.as_ref().and_then(|errno| {
            let action = self.errno(errno).map(Action::ErrorAfter);
            Asked::new(action, "error-after", errno.span)
        });
        let retval = written.retval.as_ref().and_then(|value| {
            let action = self.retval(&value.value, value.span).map(Action::Retval);
            Asked::new(action, "retval", value.span)
        });
        let chosen = [&written.error, &written.error_after].into_iter().flatten();
        let chosen: Vec<Span> = chosen.map(|errno| errno.span).collect();
        for value in written.choices.iter().flat_map(|choice| &choice.values) {
            // What is wrong with the other cases of the spec is said at once.
            if !chosen.contains(&value.span) {
                self.errno(value);
            }
        }
        let changes = self.asked_changes(written, occasion);
        let delay = |text: &Text, key, at, lowering: &mut Self| {
            let action = lowering.duration(text, key).map(|duration| Action::Delay { at, duration });
            Asked::new(action, key, text.span)
        };
        let enter = written.delay_enter.as_ref().and_then(|text| delay(text, "delay-enter", Side::Enter, self));
        let exit = written.delay_exit.as_ref().and_then(|text| delay(text, "delay-exit", Side::Exit, self));
        let signal = written
            .signal
            .as_ref()
            .and_then(|signal| Asked::new(self.signal_action(signal, phase), "signal", signal.span));
        let suppress = written.suppress.as_ref().filter(|suppress| suppress.value);
        let suppress = suppress.and_then(|at| Asked::new(Some(Action::Suppress), "suppress", at.span));
        let kill = written
            .kill
            .as_ref()
            .and_then(|text| Asked::new(self.kill(text, written.kill_at.as_ref(), phase), "kill", text.span));
        let outcomes = [error, error_after, retval].into_iter().flatten();
        outcomes.chain(changes).chain([enter, exit, signal, suppress, kill].into_iter().flatten()).collect()
    }

    /// Actions that change the call or the task.
    fn asked_changes(&mut self, written: &Inject, occasion: Occasion<'_>) -> Vec<Asked> {
        let mut asked = Vec::new();
        let on = occasion.on;
        self.check_empty(written);
        if let Some(short) = &written.short {
            asked.push(Asked::new(self.short(short, on), "short", short.span));
        }
        if let Some(corrupt) = &written.corrupt {
            asked.push(Asked::new(self.corrupt(corrupt, written, on), "corrupt", corrupt.span));
        }
        if let Some(args) = &written.args {
            asked.push(Asked::new(self.arg_edits(&args.value, on), "args", args.span));
        }
        if let Some(replace) = &written.replace {
            asked.push(Asked::new(self.substitute(replace), "replace", replace.span));
        }
        if let Some(registers) = &written.registers {
            let actions = self.register_edits(&registers.value);
            asked.extend(actions.into_iter().map(|action| Asked::new(Some(action), "registers", registers.span)));
        }
        if let Some(memory) = &written.memory {
            asked.push(Asked::new(self.memory_edits(&memory.value, occasion), "memory", memory.span));
        }
        if let Some(capture) = &written.capture {
            asked.push(Asked::new(self.captures(&capture.value, occasion), "capture", capture.span));
        }
        if let Some(value) = &written.returns {
            let action = self.retval(&value.value, value.span).map(|value| Action::Return(value as u64));
            asked.push(Asked::new(action, "return", value.span));
        }
        if let Some(step) = &written.step {
            asked.push(Asked::new(self.step(step), "step", step.span));
        }
        if let Some(detach) = written.detach.as_ref().filter(|detach| detach.value) {
            if let Some(filter) = self.spec.trace.filter.as_ref().filter(|filter| filter.value == "seccomp") {
                let message = "a task that is let go cannot carry the filter";
                let error = Diagnostic::error(&self.spec.source, Code::CONFLICTING_KEYS, message)
                    .at(detach.span, "without a tracer its calls would fail with ENOSYS")
                    .at(filter.span, "asks for the filter")
                    .help(Some("leave `filter` out: `ptrace` is taken".to_owned()));
                self.problems.push(error);
            }
            asked.push(Asked::new(Some(Action::Detach), "detach", detach.span));
        }
        asked.into_iter().flatten().collect()
    }

    /// An action that changes nothing is a mistake.
    fn check_empty(&mut self, written: &Inject) {
        // What could not be read has been reported, and is not empty as written.
        let is_bare =
            |span: Span| matches!(self.spec.source.slice(span).replace([' ', '\n'], "").as_str(), "{}" | "[]");
        let count = |entries: Option<(usize, Span)>| {
            entries.filter(|(count, span)| *count == 0 && is_bare(*span)).map(|(_, span)| span)
        };
        let tables = [
            ("args", written.args.as_ref().map(|args| (args.value.len(), args.span))),
            ("registers", written.registers.as_ref().map(|edits| (edits.value.len(), edits.span))),
            ("memory", written.memory.as_ref().map(|edits| (edits.value.len(), edits.span))),
            ("capture", written.capture.as_ref().map(|captures| (captures.value.len(), captures.span))),
        ];
        for (key, entries) in tables {
            if let Some(span) = count(entries) {
                let help = Some("say what, or take the key out".to_owned());
                self.error(Code::EMPTY_VALUE, span, format!("`{key}` is empty"), "does nothing", help);
            }
        }
        let draws = written.corrupt.as_ref().is_some_and(|corrupt| corrupt.random.is_some());
        if let Some(seed) = written.seed.as_ref().filter(|_| written.probability.is_none() && !draws) {
            let help = Some("add `probability = 0.25`, or take `seed` out".to_owned());
            self.error(Code::CONFLICTING_KEYS, seed.span, "nothing of the rule is drawn", "a seed of what?", help);
        }
    }

    fn step(&mut self, written: &Step) -> Option<Action> {
        let to = match (&written.count, &written.until) {
            (Some(count), None) => StepTo::Count(self.within(count, "count", 1, 1_000_000)? as u64),
            (None, Some(until)) => StepTo::Place(self.place(until)?.0),
            (count, until) => {
                let (code, message) = match (count, until) {
                    (None, None) => (Code::MISSING_KEY, "`step` lacks `count` or `until`"),
                    _ => (Code::CONFLICTING_KEYS, "`count` and `until` exclude each other"),
                };
                let help = Some("write `step = { count = 20 }` or `step = { until = \"symbol\" }`".to_owned());
                self.error(code, written.span, message, "how far?", help);
                return None;
            }
        };
        Some(Action::Step(to))
    }

    fn retval(&mut self, value: &Scalar, span: Span) -> Option<i64> {
        let text = match value {
            Scalar::Int(number) => {
                if let Ok(value) = i64::try_from(*number) {
                    return Some(value);
                }
                let help = Some(format!("TOML's numbers end at 2^63 - 1: write it as a string, `\"{number:#x}\"`"));
                self.error(Code::BAD_NUMBER, span, "the number is too large for TOML", "more than 2^63 - 1", help);
                return None;
            }
            Scalar::Text(text) => self.string(&Text { value: text.clone(), span })?,
        };
        let (negative, digits) = text.strip_prefix('-').map_or((false, text.as_str()), |digits| (true, digits));
        let number = match digits.strip_prefix("0x") {
            Some(hex) if !hex.starts_with('+') => u64::from_str_radix(hex, 16).ok(),
            _ if digits.starts_with('+') => None,
            _ => digits.parse::<u64>().ok(),
        };
        let value = match (number, negative) {
            (Some(number), false) => Some(number as i64),
            (Some(number), true) => 0_i64.checked_sub_unsigned(number),
            (None, _) => None,
        };
        if value.is_none() {
            let help = Some("write a number, or a string such as `\"0xffffffffffffffff\"`".to_owned());
            self.error(
                Code::BAD_NUMBER,
                span,
                format!("`{text}` is not a 64-bit number"),
                "expected a number of up to 64 bits",
                help,
            );
        }
        value
    }

    fn signal_action(&mut self, written: &SignalAction, phase: Option<Phase>) -> Option<Action> {
        let signal = written.name.as_ref().and_then(|name| self.signal(name));
        let to = written
            .to
            .as_ref()
            .and_then(|to| self.choice(to, "to", &[("thread", Recipient::Thread), ("process", Recipient::Process)]));
        let at =
            written.at.as_ref().and_then(|at| self.choice(at, "at", &[("enter", Side::Enter), ("exit", Side::Exit)]));
        let value =
            written.value.as_ref().and_then(|value| self.within(value, "value", i32::MIN.into(), i32::MAX.into()));
        let signal = signal?;
        if phase == Some(Phase::Signal) {
            let extra = [
                written.to.as_ref().map(|to| to.span),
                written.at.as_ref().map(|at| at.span),
                written.value.as_ref().map(|value| value.span),
            ];
            if let Some(span) = extra.into_iter().flatten().next() {
                let help = Some("write `signal = \"SIGUSR2\"`, which replaces the signal in delivery".to_owned());
                self.error(
                    Code::MISFIT_ACTION,
                    span,
                    "a signal in delivery can only become another",
                    "does not go with `on = \"signal(...)\"`",
                    help,
                );
            }
            return Some(Action::Replace(signal));
        }
        Some(Action::Signal {
            signal,
            to: to.unwrap_or(Recipient::Thread),
            at: at.unwrap_or(Side::Exit),
            value: value.map(|value| value as i32),
        })
    }

    fn kill(&mut self, text: &Text, at: Option<&Text>, phase: Option<Phase>) -> Option<Action> {
        let victims = [("process", Victim::Process), ("thread", Victim::Thread), ("tree", Victim::Tree)];
        let victim = self.choice(text, "kill", &victims);
        let side = at.and_then(|at| self.choice(at, "kill-at", &[("enter", Side::Enter), ("exit", Side::Exit)]));
        let default = if phase == Some(Phase::Exit) { Side::Exit } else { Side::Enter };
        Some(Action::Kill { victim: victim?, at: side.unwrap_or(default) })
    }

    /// A task at a breakpoint makes no call, and has no signal in delivery.
    fn check_fit_of_point(&mut self, asked: &Asked, point: &Point) {
        let fits = match &asked.action {
            Action::Signal { .. } | Action::Kill { .. } | Action::Delay { .. } => true,
            Action::Registers(_) | Action::Memory(_) | Action::Capture(_) | Action::Jump(_) => true,
            Action::Detach => true,
            Action::Return(_) | Action::Step(_) => matches!(point.kind, PointKind::Code { .. }),
            Action::Error(_)
            | Action::ErrorAfter(_)
            | Action::Retval(_)
            | Action::Short(_)
            | Action::Corrupt(_)
            | Action::Args(_)
            | Action::Substitute(_)
            | Action::Suppress
            | Action::Replace(_) => false,
        };
        if fits {
            return;
        }
        let key = asked.key;
        let help = match key {
            "error" | "retval" => "a function is made to fail by `return`, with the value that it fails with",
            _ => "here `return`, `registers`, `memory`, `capture`, `step`, `signal`, `kill` and delays can be done",
        };
        let message = format!("`{key}` does not fit a place in the program");
        let error = Diagnostic::error(&self.spec.source, Code::MISFIT_ACTION, message)
            .at(asked.span, "cannot be done here")
            .at(point.span, "the rule's event")
            .help(Some(help.to_owned()));
        self.problems.push(error);
    }

    fn check_fit(&mut self, asked: &Asked, written: &Inject, on: &Placed, phase: Phase) {
        let key = asked.key;
        let fits = match (phase, &asked.action) {
            (Phase::Entry, Action::Suppress | Action::Replace(_)) => false,
            (Phase::Entry, _) => true,
            (
                Phase::Exit,
                Action::ErrorAfter(_)
                | Action::Corrupt(_)
                | Action::Signal { .. }
                | Action::Kill { .. }
                | Action::Delay { at: Side::Exit, .. },
            ) => true,
            (
                Phase::Exit,
                Action::Error(_)
                | Action::Retval(_)
                | Action::Short(_)
                | Action::Args(_)
                | Action::Substitute(_)
                | Action::Delay { .. },
            ) => {
                let after_arrow = || on.pattern.alts.iter().find_map(|alt| alt.result.as_ref());
                let (arrow, remedy) = match &written.filter.result {
                    Some(result) => (Some(result.span), "take `result` out of `where`"),
                    None => {
                        (after_arrow().map(|result| on.located.span(result.range.clone())), "take `->` out of `on`")
                    }
                };
                let message = format!("`{key}` comes too late: the rule waits for the result");
                let error = Diagnostic::error(&self.spec.source, Code::RESULT_TRIGGER, message)
                    .at(asked.span, "would act before the call")
                    .at(arrow.unwrap_or(on.span()), "the call has happened by then")
                    .help(Some(format!(
                        "{remedy}; after a result only `error-after`, `signal`, `kill`, `delay-exit` and edits are left"
                    )));
                self.problems.push(error);
                return;
            }
            (Phase::Exit, Action::Suppress | Action::Replace(_)) => false,
            (_, Action::Return(_) | Action::Step(_)) => false,
            (_, Action::Registers(_) | Action::Memory(_) | Action::Capture(_) | Action::Jump(_) | Action::Detach) => {
                !on.pattern.nouns().any(|noun| noun == Noun::Killed)
            }
            (Phase::Signal, Action::Suppress | Action::Replace(_) | Action::Kill { .. }) => true,
            (Phase::Signal, _) => false,
            (Phase::LifeCycle, Action::Kill { .. }) => true,
            (Phase::LifeCycle, Action::Signal { .. }) => !on.pattern.nouns().any(|noun| noun == Noun::Exit),
            (Phase::LifeCycle | Phase::Point, _) => false,
        };
        if fits {
            return;
        }
        let (what, help) = match phase {
            Phase::Entry | Phase::Exit => {
                ("a system call", "`suppress` swallows signals: write `on = \"signal(SIGTERM)\"`")
            }
            Phase::Signal => (
                "a signal",
                "a signal can be swallowed (`suppress`), replaced (`signal`), or its process killed (`kill`)",
            ),
            Phase::Point => ("a place", "write `on` with a system call"),
            Phase::LifeCycle => {
                ("a life-cycle event", "name the call to make it fail (`execve`, `clone3`), or use `kill`")
            }
        };
        let error = Diagnostic::error(&self.spec.source, Code::MISFIT_ACTION, format!("`{key}` does not fit {what}"))
            .at(asked.span, "cannot be done to this event")
            .at(on.span(), what)
            .help(Some(help.to_owned()));
        self.problems.push(error);
    }

    /// With a result known, nothing happens before the call.
    fn check_sides(&mut self, written: &Inject, phase: Phase) {
        let at = written.signal.as_ref().and_then(|signal| signal.at.as_ref());
        for (key, side) in [("signal.at", at), ("kill-at", written.kill_at.as_ref())] {
            if let Some(side) = side.filter(|side| side.value == "enter" && phase == Phase::Exit) {
                let message = format!("`{key}` comes too late: the rule waits for the result");
                let remedy = match written.filter.result {
                    Some(_) => "take `result` out of `where`",
                    None => "take `->` out of `on`",
                };
                let help = Some(format!("write `exit`, or {remedy}"));
                self.error(Code::RESULT_TRIGGER, side.span, message, "the call has happened by then", help);
            }
        }
    }

    /// One event has one outcome.
    fn check_outcomes(&mut self, asked: &[Asked]) {
        let mut outcomes: Vec<&Asked> = asked.iter().filter(|asked| asked.action.is_outcome()).collect();
        outcomes.sort_by_key(|asked| asked.span);
        let Some((first, others)) = outcomes.split_first() else { return };
        for other in others {
            let message = format!("`{}` and `{}` exclude each other", first.key, other.key);
            let error = Diagnostic::error(&self.spec.source, Code::CONFLICTING_ACTIONS, message)
                .at(other.span, "a second outcome")
                .at(first.span, "the event has this outcome")
                .help(Some("keep one, or write two rules, each with its own `when`".to_owned()));
            self.problems.push(error);
        }
    }
}
