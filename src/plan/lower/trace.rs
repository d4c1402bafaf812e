//! `[trace]`: which events exist, which are written.
//! It must not know how a filter selects them.

use super::Lowering;
use super::constant::Ground;
use super::patterns::Placed;
use super::values::shown;
use crate::abi::{CallSet, Class, SignalSet, Sysno};
use crate::diagnostic::{Code, Located, did_you_mean, nearest};
use crate::pattern::{Alt, Head, parse};
use crate::plan::{Follow, IoUring, Rule, Start, Trace};
use crate::spec::{At, Text};

/// What `[trace]` says by itself, before the calls that rules and expectations name are known.
pub(super) struct TraceScope {
    start: Start,
    follow: Follow,
    written: Option<CallSet>,
    signals: SignalSet,
    drop: Vec<Placed>,
}

impl Lowering<'_> {
    /// Reads what `[trace]` says by itself.
    pub(super) fn trace_scope(&mut self) -> TraceScope {
        let written = &self.spec.trace;
        TraceScope {
            start: written
                .start
                .as_ref()
                .and_then(|start| self.start(start))
                .unwrap_or(Start::Main { explicit: false }),
            follow: self.follow(written.follow.as_ref()),
            written: written.syscalls.as_ref().map(|list| self.syscalls(list)),
            signals: written.signals.as_ref().map_or(SignalSet::ALL, |list| self.signals(list)),
            drop: self.drop(&written.drop),
        }
    }

    /// Adds what is named elsewhere.
    pub(super) fn trace(&mut self, scope: TraceScope, answered: CallSet) -> Trace {
        let nested = self.nested();
        let filter = self.filter_mode(nested);
        let io_uring = self.io_uring();
        let ground = Ground {
            start: &scope.start,
            follow: scope.follow,
            filter,
            nested,
            io_uring,
            answered: &answered,
            listed: scope.written.as_ref(),
        };
        let (constants, unread) = self.constants(&ground);
        let here =
            |set: &CallSet| set.iter().filter(|call| call.number(self.context.arch).is_some()).collect::<CallSet>();
        let named = here(&self.named);
        let mut calls = named.clone();
        calls.union(&here(&self.noticed));
        let resultless = self.resultless(scope.written.as_ref());
        let explicit = scope.written.is_some();
        let written = scope.written.unwrap_or(named);
        calls.union(&written);
        let mut beside = here(&self.beside);
        for call in calls.iter() {
            beside.remove(call);
        }
        calls.union(&beside);
        for drop in &scope.drop {
            self.check_drop(drop, &written, explicit);
        }
        let strings =
            self.spec.trace.strings.as_ref().and_then(|strings| self.within(strings, "strings", 0, 1 << 20));
        let backtrace = self.spec.trace.backtrace.as_ref();
        let backtrace = backtrace.and_then(|frames| self.within(frames, "backtrace", 0, 256));
        Trace {
            start: scope.start,
            start_span: self.spec.trace.start.as_ref().map(|start| start.span),
            follow: scope.follow,
            calls,
            beside,
            written,
            resultless,
            explicit,
            signals: scope.signals,
            drop: scope.drop.into_iter().map(|drop| drop.pattern).collect(),
            paths: self.spec.trace.paths.iter().filter_map(|path| self.glob(path)).collect(),
            io_uring,
            backtrace: backtrace.map_or(0, |frames| frames as usize),
            hides_vdso: self.vdso_named,
            answered,
            unread,
            constants,
            counted: None,
            strings: strings.map_or(64, |strings| strings as usize),
            nested,
            filter,
        }
    }

    /// The calls whose results nobody waits for: of those that are listed the ones that nothing else names.
    fn resultless(&mut self, listed: Option<&CallSet>) -> CallSet {
        let Some(left_out) = self.spec.trace.results.as_ref().filter(|results| !results.value) else {
            return CallSet::new();
        };
        let Some(listed) = listed else {
            let help = Some("say which calls are written: `syscalls = [\"%file\"]`".to_owned());
            let message = "`results` is about the calls that `[trace] syscalls` lists, and it lists none";
            self.error(Code::CONFLICTING_KEYS, left_out.span, message, "leaves no result out", help);
            return CallSet::new();
        };
        let is_named = |call| [&self.named, &self.noticed, &self.beside].iter().any(|calls| calls.contains(call));
        listed.iter().filter(|call| !is_named(*call)).collect()
    }

    fn io_uring(&mut self) -> IoUring {
        let written = self.spec.trace.io_uring.as_ref().and_then(|io_uring| {
            self.choice(io_uring, "io-uring", &[("deny", IoUring::Deny), ("allow", IoUring::Allow)])
        });
        written.unwrap_or(if self.is_transparent() { IoUring::Allow } else { IoUring::Deny })
    }

    fn start(&mut self, text: &Text) -> Option<Start> {
        let located = self.expand(text)?;
        match located.text() {
            "main" => return Some(Start::Main { explicit: true }),
            "exec" => return Some(Start::Exec),
            "entry" => return Some(Start::Entry),
            word if word.contains('!') && !word.contains('(') => {
                let (place, text) = self.place(text)?;
                self.notice_mappings();
                return Some(Start::Place { place, text: (*text).into() });
            }
            word => {
                let single = word.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
                if single && parse(word, self.context.arch).is_err() && !word.is_empty() {
                    let help = match nearest(word, ["main", "exec", "entry"]) {
                        Some(near) => format!("did you mean `{near}`?"),
                        None => "write `main`, `exec`, `entry`, a symbol as `module!symbol`, or an event pattern"
                            .to_owned(),
                    };
                    let message = format!("`{word}` is neither a start nor an event");
                    self.error(
                        Code::BAD_CHOICE,
                        shown(&located, text),
                        message,
                        "tracing cannot begin here",
                        Some(help),
                    );
                    return None;
                }
            }
        }
        let placed = self.lone_pattern(text)?;
        self.notice_vdso(&placed.pattern);
        self.noticed.union(&placed.pattern.all_calls());
        Some(Start::Event(placed.pattern))
    }

    /// Says which rules wait for calls that fail before any rule is asked.
    pub(super) fn check_rings(&mut self, trace: &Trace, rules: &[Rule]) {
        let denied = if trace.io_uring == IoUring::Deny { trace.io_uring.calls() } else { CallSet::new() };
        for rule in rules {
            let names_one = |alt: &Alt| matches!(alt.head, Head::Call(call) if denied.contains(call));
            if rule.trigger.pattern.alts.iter().any(names_one) {
                let help = Some("add `io-uring = \"allow\"` to `[trace]`".to_owned());
                let message = "`[trace] io-uring = \"deny\"` answers these calls";
                self.error(Code::NEVER_FIRES, rule.on_span, message, "no rule is asked", help);
            }
        }
    }

    fn follow(&mut self, list: Option<&At<Vec<Text>>>) -> Follow {
        let Some(list) = list else { return Follow { threads: true, forks: true, execs: true } };
        let mut follow = Follow { threads: false, forks: false, execs: false };
        for word in &list.value {
            match self.choice(word, "follow", &[("threads", 0), ("forks", 1), ("execs", 2)]) {
                Some(0) => follow.threads = true,
                Some(1) => follow.forks = true,
                Some(_) => follow.execs = true,
                None => {}
            }
        }
        follow
    }

    fn syscalls(&mut self, list: &At<Vec<Text>>) -> CallSet {
        let mut set = CallSet::new();
        for (at, text) in list.value.iter().enumerate() {
            let Some(located) = self.expand(text) else { continue };
            let (name, takes_out) = without_mark(located.text());
            let Some(calls) = self.calls_called(name, &located, text) else { continue };
            if !takes_out && let Ok(pattern) = parse(name, self.context.arch) {
                self.notice_vdso(&pattern);
            }
            if takes_out {
                self.check_takes_out(&located, at == 0, !calls.iter().any(|call| set.contains(call)));
            }
            for call in calls.iter().filter(|call| call.number(self.context.arch).is_some()) {
                if takes_out {
                    set.remove(call);
                } else {
                    set.insert(call);
                }
            }
        }
        set
    }

    /// The calls of an entry of `syscalls`: a name, a class or `all`.
    fn calls_called(&mut self, name: &str, located: &Located, text: &Text) -> Option<CallSet> {
        if name == "all" {
            return Some(CallSet::all());
        }
        let offset = located.text().len() - name.len();
        if let Some(call) = Sysno::parse(name).filter(|call| call.number(self.context.arch).is_some()) {
            return Some([call].into_iter().collect());
        }
        match parse(name, self.context.arch) {
            Ok(pattern) => {
                if let [alt] = pattern.alts.as_slice()
                    && alt.preds.is_empty()
                    && alt.result.is_none()
                    && let Head::Class { .. } | Head::Operation(_) = &alt.head
                {
                    return Some(pattern.calls());
                }
                let help = match &pattern.alts[0].head {
                    Head::Noun(_) => "signals stand in `signals`; life-cycle events are always written",
                    Head::Call(_) | Head::Class { .. } | Head::Operation(_) => {
                        "narrow what is written with `drop`, or name one call or class in each item"
                    }
                };
                let message = format!("`{name}` is not the name of a call or a class");
                self.error(
                    Code::BAD_CHOICE,
                    shown(located, text),
                    message,
                    "expected a name or a `%class`",
                    Some(help.to_owned()),
                );
            }
            Err(problems) => {
                for problem in problems {
                    let span = if name.is_empty() {
                        text.span
                    } else {
                        located.span(problem.range.start + offset..problem.range.end + offset)
                    };
                    let near = nearest(name, Class::NAMES).filter(|_| problem.help.is_none());
                    let help = near.map(|near| format!("did you mean `%{near}`?")).or(problem.help);
                    self.error(problem.code, span, problem.message, &problem.label, help);
                }
            }
        }
        None
    }

    fn check_takes_out(&mut self, located: &Located, first: bool, nothing: bool) {
        if first {
            let help = Some("begin with what is traced: `[\"all\", \"!lseek\"]`".to_owned());
            self.error(
                Code::NEVER_FIRES,
                located.whole(),
                "there is nothing to take away from",
                "the list begins with `!`",
                help,
            );
        } else if nothing {
            let message = format!("`{}` takes nothing away", located.text());
            self.warn(Code::NEVER_FIRES, located.whole(), message, "not in the list so far", None);
        }
    }

    fn signals(&mut self, list: &At<Vec<Text>>) -> SignalSet {
        let mut set = SignalSet::EMPTY;
        for (at, text) in list.value.iter().enumerate() {
            let Some(located) = self.expand(text) else { continue };
            let (name, takes_out) = without_mark(located.text());
            let signals = if name == "all" {
                SignalSet::ALL
            } else {
                let bare = Text { value: name.to_owned(), span: text.span };
                let Some(signal) = self.signal_at(&bare, &located) else { continue };
                let mut one = SignalSet::EMPTY;
                one.insert(signal);
                one
            };
            if takes_out {
                self.check_takes_out(&located, at == 0, set.0 & signals.0 == 0);
                set.0 &= !signals.0;
            } else {
                set.0 |= signals.0;
            }
        }
        set
    }

    fn signal_at(&mut self, name: &Text, located: &Located) -> Option<crate::abi::Signal> {
        match crate::pattern::signal_name(&name.value, 0..0) {
            Ok(signal) => Some(signal),
            Err(problem) => {
                let help = if name.value.is_empty() {
                    None
                } else {
                    problem.help.or_else(|| did_you_mean(&name.value, ["all"]))
                };
                let span = if located.text().is_empty() { name.span } else { located.whole() };
                self.error(problem.code, span, problem.message, &problem.label, help);
                None
            }
        }
    }

    fn drop(&mut self, texts: &[Text]) -> Vec<Placed> {
        let mut drops = Vec::new();
        for text in texts {
            let Some(placed) = self.lone_pattern(text) else { continue };
            self.noticed.union(&placed.pattern.all_calls());
            drops.push(placed);
        }
        drops
    }

    fn check_drop(&mut self, drop: &Placed, written: &CallSet, explicit: bool) {
        self.streams_in_drop(drop);
        let calls = drop.pattern.calls();
        if !calls.is_empty() && !calls.iter().any(|call| written.contains(call)) {
            let why = if explicit { "not in `[trace] syscalls`" } else { "nothing else names these calls" };
            self.warn(Code::NOT_TRACED, drop.span(), "there is nothing to drop", why, None);
        }
    }
}

/// An entry of a trace list without its `!`, and whether it had one.
fn without_mark(text: &str) -> (&str, bool) {
    text.strip_prefix('!').map_or((text, false), |rest| (rest, true))
}
