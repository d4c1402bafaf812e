//! Whether a kernel could make the fault that a rule asks for.
//! It must not know how the fault is carried out.

use super::Lowering;
use super::patterns::Placed;
use crate::abi::{CallSet, Errno, Operation, Sysno};
use crate::diagnostic::{Code, Diagnostic, Span};
use crate::faults::{self, Effect, Restart};
use crate::pattern::{Alt, Head};
use crate::spec::{Inject, Scalar};

/// From here on the kernel talks to itself (`include/linux/errno.h`: "should never be seen by user programs").
const FIRST_OF_THE_KERNEL: i32 = 512;
const LAST_OF_THE_KERNEL: i32 = 531;

/// How many errnos a message names.
const NAMED: usize = 10;

impl Lowering<'_> {
    /// Checks the `error` of a rule against what its calls can really give; `unfaithful` allows anything.
    /// `errno` is `None` where that of the rule is wrong by itself.
    pub(super) fn check_faithful(&mut self, written: &Inject, errno: Option<Errno>, on: &Placed) {
        let unfaithful = written.unfaithful.as_ref().is_some_and(|unfaithful| unfaithful.value);
        let Some(error) = written.error.as_ref().filter(|_| !unfaithful) else { return };
        if let Some(errno) = errno.filter(|errno| is_of_the_kernel(*errno)) {
            let message = format!("no program ever sees {errno}");
            let help = "the kernel uses this number for itself: name an errno such as `EINTR`, or add \
                        `unfaithful = true`";
            self.error(
                Code::IMPOSSIBLE_ERRNO,
                error.span,
                message,
                "not an errno of programs",
                Some(help.to_owned()),
            );
            return;
        }
        if let Some(errno) = errno {
            self.look_beside(errno, written, on);
        }
        for alt in &on.pattern.alts {
            let span = on.located.span(alt.head_range.clone());
            match (&alt.head, errno) {
                (Head::Call(call), _) if faults::model(*call).cannot_fail() => self.cannot_fail(*call, span),
                (Head::Call(call), Some(errno)) => self.check_errno(*call, errno, error.span, span),
                (Head::Class { .. } | Head::Operation(_), Some(errno)) => {
                    self.check_set(alt, errno, error.span, span);
                }
                _ => {}
            }
        }
    }

    /// Has the engine see what it must know to make the fault as a kernel would.
    fn look_beside(&mut self, errno: Errno, written: &Inject, on: &Placed) {
        for call in on.pattern.calls().iter() {
            let model = faults::model(call);
            if model.restart == Restart::Restarts && errno.name() == Some("EINTR") {
                // Which handlers let a call start again, only the call that set them tells.
                self.beside.union(const { &CallSet::named(&["rt_sigaction"]) });
            }
            if !fires_once(written)
                && model.failures().any(|failure| failure.errno == errno && failure.effect == Effect::OncePerFile)
            {
                // What is written after an error was told can be lost again.
                self.beside.union(&Operation::parse("file.write").map(Operation::calls).unwrap_or_default());
            }
        }
    }

    fn cannot_fail(&mut self, call: Sysno, span: Span) {
        let message = format!("`{call}` cannot fail");
        let help = "no kernel does this: add `unfaithful = true` to do it all the same, or use `retval`";
        self.error(Code::CANNOT_FAIL, span, message, "always succeeds", Some(help.to_owned()));
    }

    fn check_errno(&mut self, call: Sysno, errno: Errno, asked: Span, span: Span) {
        let model = faults::model(call);
        if model.failure(errno).is_some() {
            return;
        }
        let source = model.source;
        if model.failures().all(|failure| failure.effect == Effect::OldBreak) {
            // The library compares the result with what it asked for: it would take an errno for an address.
            let message = format!("`{call}` has no errno: where memory runs out it returns the old break");
            let help = "write `error = \"ENOMEM\"`, which does that, or add `unfaithful = true`";
            let error = Diagnostic::error(&self.spec.source, Code::IMPOSSIBLE_ERRNO, message)
                .at(asked, "no kernel returns this")
                .at(span, format!("says {source}"))
                .help(Some(help.to_owned()));
            self.problems.push(error);
            return;
        }
        let help = format!("it can give {}; `unfaithful = true` allows any", some_of(&model.errnos()));
        self.implausible(format!("`{call}` never fails with {errno}"), asked, span, format!("see {source}"), help);
    }

    /// Of a class or an operation only what no call of it can give is worth a word.
    fn check_set(&mut self, alt: &Alt, errno: Errno, asked: Span, span: Span) {
        let can = |call: &Sysno| faults::model(*call).failure(errno).is_some();
        let here: Vec<Sysno> =
            alt.head.calls().iter().filter(|call| call.number(self.context.arch).is_some()).collect();
        if here.is_empty() || here.iter().any(can) {
            return;
        }
        let message = format!("no call of `{}` ever fails with {errno}", alt.head);
        let mut counted: Vec<(usize, Errno)> = Vec::new();
        for errno in here.iter().flat_map(|call| faults::model(*call).errnos()) {
            match counted.iter_mut().find(|(_, known)| *known == errno) {
                Some((times, _)) => *times += 1,
                None => counted.push((1, errno)),
            }
        }
        if counted.is_empty() {
            let help = "no kernel does this: add `unfaithful = true` to do it all the same, or use `retval`";
            let message = format!("no call of `{}` can fail", alt.head);
            self.error(Code::CANNOT_FAIL, span, message, "they always succeed", Some(help.to_owned()));
            return;
        }
        counted.sort_by_key(|(times, _)| std::cmp::Reverse(*times));
        let most: Vec<Errno> = counted.into_iter().map(|(_, errno)| errno).collect();
        let help = format!("most of them can give {}; `unfaithful = true` allows any", some_of(&most));
        self.implausible(message, asked, span, format!("calls here: {}", here.len()), help);
    }

    fn implausible(&mut self, message: String, asked: Span, on: Span, why: String, help: String) {
        let warning = Diagnostic::warning(&self.spec.source, Code::IMPLAUSIBLE_ERRNO, message)
            .at(asked, "no kernel gives this")
            .at(on, why)
            .help(Some(help));
        self.problems.push(warning);
    }
}

/// Whether the rule fires on one event of the run at most, as far as its keys show without being resolved.
fn fires_once(written: &Inject) -> bool {
    let is_number = |when: &Scalar| match when {
        Scalar::Int(_) => true,
        Scalar::Text(text) => text.parse::<u64>().is_ok(),
    };
    written.scope.is_none() && written.when.as_ref().is_some_and(|when| is_number(&when.value))
}

fn is_of_the_kernel(errno: Errno) -> bool {
    (FIRST_OF_THE_KERNEL..=LAST_OF_THE_KERNEL).contains(&errno.number())
}

/// The first of `errnos` in words.
fn some_of(errnos: &[Errno]) -> String {
    let names: Vec<String> = errnos.iter().take(NAMED).map(ToString::to_string).collect();
    let more = if errnos.len() > NAMED { ", ..." } else { "" };
    format!("{}{more}", names.join(", "))
}
