//! `where`: what more must hold of a rule's event, and whether it ever can.
//! It must not know when it is looked at.

use super::Lowering;
use super::patterns::Placed;
use super::values::shown;
use crate::abi::{ArgKind, CallSet, Operation, Sysno};
use crate::diagnostic::{Code, Diagnostic, Span};
use crate::pattern::{Alt, Head, Noun, ResultPred, parse_result};
use crate::plan::{ArgTest, Caller, DescriptorTest, Filter, Point, Scope};
use crate::spec::{Inject, Scalar, Text, Where};

impl Lowering<'_> {
    /// `where` of a rule, all but its result.
    pub(super) fn filter(
        &mut self,
        written: &Where,
        on: Option<&Placed>,
        point: Option<&Point>,
        calls: &CallSet,
    ) -> Filter {
        let mut filter = Filter { operations: on.map(operations).unwrap_or_default(), ..Filter::default() };
        if let Some(path) = &written.path {
            filter.path = self.glob(path);
            self.check_filter(on, path.span, "path", is_path_or_descriptor);
        }
        if let Some(fd) = &written.fd {
            filter.fd = match &fd.value {
                Scalar::Int(number) => {
                    let number = crate::spec::At { value: *number, span: fd.span };
                    self.within(&number, "fd", 0, i32::MAX.into()).map(|number| DescriptorTest::Number(number as i32))
                }
                Scalar::Text(text) => {
                    let text = Text { value: text.clone(), span: fd.span };
                    self.glob(&text).map(DescriptorTest::Target)
                }
            };
            self.check_filter(on, fd.span, "fd", is_descriptor);
        }
        for text in &written.args {
            if let Some(signature) = point.and_then(|point| point.signature.as_ref()) {
                let preds = self.signature_preds(text, signature);
                filter.args.extend(preds.into_iter().map(|pred| ArgTest { pred }));
            } else if on.is_some_and(|on| !calls.is_empty() && !on.pattern.is_nouns_only()) {
                let preds = self.preds(text, calls);
                filter.args.extend(preds.into_iter().map(|pred| ArgTest { pred }));
            } else if let Some(point) = point {
                let help = Some("add `signature = \"name(size: usize) -> ptr\"`".to_owned());
                let message = format!("the arguments at `{}` are not known", point.text);
                self.error(Code::NEVER_FIRES, text.span, message, "which arguments?", help);
            } else {
                self.check_filter(on, text.span, "args", |_| true);
            }
        }
        filter.process = written.process.as_ref().and_then(|process| self.process(process));
        if let (Some(result), Some(point)) = (&written.result, point) {
            let message = format!("`where.result` looks at the result of a call, and `{point}` is none");
            self.error(Code::NEVER_FIRES, result.span, message, "can never hold", None);
        }
        let thread = written.thread.as_ref().and_then(|thread| self.within(thread, "thread", 1, u32::MAX.into()));
        filter.thread = thread.map(|thread| thread as u32);
        filter.callers = written.caller.iter().filter_map(|caller| self.caller(caller)).collect();
        if let (Some(first), Some(on)) = (written.caller.first(), on)
            && on.pattern.nouns().any(|noun| noun != Noun::Signal)
        {
            let message =
                format!("`where.caller` looks at the stack, and at `{}` there is none to look at", on.pattern);
            let help = Some(
                "name the call: `execve`, but for the one that starts the program, `clone3`, `exit_group`".to_owned(),
            );
            self.error(Code::NEVER_FIRES, first.span, message, "can never hold", help);
        }
        filter
    }

    fn caller(&mut self, text: &Text) -> Option<Caller> {
        let located = self.expand(text)?;
        match Caller::parse(located.text()) {
            Ok(caller) => Some(caller),
            Err(reason) => {
                let help = Some("write `commit_*`, `kv!commit_*`, or `libsqlite3*!*`".to_owned());
                let message = format!("`{}` names no functions", located.text());
                self.error(Code::BAD_GLOB, shown(&located, text), message, &reason, help);
                None
            }
        }
    }

    /// What the rule counts together.
    pub(super) fn scope(&mut self, written: &Inject, on: Option<&Placed>, point: Option<&Point>) -> Scope {
        let known = [
            ("run", Scope::Run),
            ("process", Scope::Process),
            ("thread", Scope::Thread),
            ("path", Scope::Path),
            ("fd", Scope::Descriptor),
            ("callsite", Scope::Callsite),
        ];
        let Some(text) = &written.scope else { return Scope::Run };
        let Some(scope) = self.choice(text, "scope", &known) else { return Scope::Run };
        let event = match (on, point) {
            (_, Some(point)) => point.to_string(),
            (Some(on), None) => on.pattern.to_string(),
            (None, None) => return scope,
        };
        let has = |kind: fn(&ArgKind) -> bool| on.is_some_and(|on| point.is_none() && may_have(on, kind));
        let lacks = match scope {
            Scope::Run | Scope::Process | Scope::Thread => return scope,
            Scope::Path if !has(is_path_or_descriptor) => "no path and no descriptor",
            Scope::Descriptor if !has(is_descriptor) => "no descriptor",
            Scope::Callsite if on.is_some_and(|on| on.pattern.nouns().any(|noun| noun != Noun::Signal)) => "no stack",
            Scope::Path | Scope::Descriptor | Scope::Callsite => return scope,
        };
        let help = Some("`run`, `process` and `thread` go with every event".to_owned());
        let message = format!("`{event}` has {lacks} to be counted by");
        self.error(Code::BAD_CHOICE, text.span, message, "would count everything together", help);
        scope
    }

    /// The event with the result that `where` asks for, as if it stood after `->`.
    pub(super) fn with_result(&mut self, on: Placed, written: &Inject) -> Placed {
        let Some(text) = &written.filter.result else { return on };
        let Some(result) = self.result(text) else { return on };
        if on.pattern.is_nouns_only() {
            let message = format!("`where.result` looks at the result of a call, and `{}` is none", on.pattern);
            self.error(Code::NEVER_FIRES, text.span, message, "can never hold", None);
            return on;
        }
        let mut on = on;
        for alt in &mut on.pattern.alts {
            if let Some(known) = &alt.result {
                let error = Diagnostic::error(
                    &self.spec.source,
                    Code::CONFLICTING_KEYS,
                    "`->` in `on` and `where.result` exclude each other",
                )
                .at(text.span, "a second result")
                .at(on.located.span(known.range.clone()), "the event has this result")
                .help(Some("keep one of them".to_owned()));
                self.problems.push(error);
                break;
            }
            if !matches!(alt.head, Head::Noun(_)) {
                alt.result = Some(result.clone());
            }
        }
        on
    }

    fn result(&mut self, text: &Text) -> Option<ResultPred> {
        let located = self.expand(text)?;
        if located.text().trim().is_empty() {
            let help = Some("write `ok`, `error`, an errno such as `EIO`, a number, or `> 0`".to_owned());
            self.error(Code::EMPTY_VALUE, text.span, "`where.result` is empty", "no result", help);
            return None;
        }
        match parse_result(located.text()) {
            Ok(result) => Some(result),
            Err(problems) => {
                self.pattern_problems(problems, &located, text);
                None
            }
        }
    }

    /// Says if no event of the rule has what a filter looks at.
    fn check_filter(&mut self, on: Option<&Placed>, span: Span, key: &str, fits: fn(&ArgKind) -> bool) {
        let Some(on) = on else { return };
        if on.pattern.is_nouns_only() {
            let message = format!("`where.{key}` looks at the arguments of a call");
            let help = Some("`where.process` goes with every event".to_owned());
            self.error(Code::NEVER_FIRES, span, message, "this event is no call", help);
            return;
        }
        if !may_have(on, fits) {
            let what = if key == "path" { "no path and no descriptor" } else { "no descriptor" };
            self.error(Code::NEVER_FIRES, span, format!("`{}` has {what}", on.pattern), "can never hold", None);
        }
    }
}

/// The operations that the event is one of; none where it can be something else.
fn operations(on: &Placed) -> Vec<Operation> {
    let operation = |alt: &Alt| if let Head::Operation(job) = alt.head { Some(job) } else { None };
    on.pattern.alts.iter().map(operation).collect::<Option<Vec<Operation>>>().unwrap_or_default()
}

fn is_descriptor(kind: &ArgKind) -> bool {
    matches!(kind, ArgKind::Fd | ArgKind::DirFd)
}

fn is_path_or_descriptor(kind: &ArgKind) -> bool {
    is_descriptor(kind) || matches!(kind, ArgKind::Path { .. })
}

/// Whether any call of the event may have such an argument, of an operation on the side of its job.
fn may_have(on: &Placed, fits: fn(&ArgKind) -> bool) -> bool {
    let calls = on.pattern.calls();
    let looking = Filter { operations: operations(on), ..Filter::default() };
    let fits = |call: Sysno| match call.info().args {
        Some(args) => args.iter().any(|arg| fits(&arg.kind) && looking.looks_at(Some(call), arg.name)),
        None => true,
    };
    calls.is_empty() && !on.pattern.is_nouns_only() || calls.iter().any(fits)
}
