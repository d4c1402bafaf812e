//! The same errno for every call of a kind, which nobody writes down or asks about: the arguments of such a call are of no
//! interest, and where nobody counts it either the seccomp filter can carry out the rule by itself.
//! It must not know how a filter is built.

use std::sync::Arc;

use super::Lowering;
use crate::abi::{CallSet, Errno, Sysno};
use crate::faults::{self, Effect};
use crate::pattern::{Head, Ranges};
use crate::plan::{Action, Constant, FilterMode, Follow, IoUring, Nested, Phase, Rule, Scope, Start, always_stops};

/// Calls that rinject makes itself between the filter and the program's first instruction.
static ON_THE_WAY: CallSet = CallSet::named(&["execve", "exit", "exit_group", "write"]);

/// A rule that has nothing to it but its calls and their errno.
pub(super) struct Lone {
    rule: Arc<str>,
    errno: Errno,
    calls: CallSet,
    /// How often it fires matters.
    is_counted: bool,
}

/// What holds for all calls of a run.
pub(super) struct Ground<'a> {
    pub(super) start: &'a Start,
    pub(super) follow: Follow,
    pub(super) filter: FilterMode,
    pub(super) nested: Nested,
    pub(super) io_uring: IoUring,
    /// Calls whose answers are not the kernel's.
    pub(super) answered: &'a CallSet,
    /// Calls that `[trace] syscalls` lists.
    pub(super) listed: Option<&'a CallSet>,
}

impl Lone {
    /// What a rule comes to, if it is one that asks nothing about its calls.
    pub(super) fn of(rule: &Rule) -> Option<Lone> {
        let [Action::Error(errno)] = *rule.actions.as_slice() else { return None };
        let is_quiet = rule.quiet && rule.when == Ranges::from(1);
        let is_always_armed = rule.after.is_none() && rule.until.is_none() && rule.probability.is_none();
        let filter = &rule.filter;
        let is_for_all = filter.path.is_none()
            && filter.fd.is_none()
            && filter.args.is_empty()
            && filter.process.is_none()
            && filter.thread.is_none()
            && filter.callers.is_empty();
        let is_entry = rule.trigger.phase == Phase::Entry && rule.scope == Scope::Run;
        if !(is_quiet && is_always_armed && is_for_all && is_entry) {
            return None;
        }
        let mut calls = CallSet::new();
        for alt in &rule.trigger.pattern.alts {
            let named = match &alt.head {
                Head::Call(call) => [*call].into_iter().collect(),
                Head::Class { calls, .. } => calls.clone(),
                Head::Operation(_) | Head::Noun(_) => return None,
            };
            let is_named = matches!(alt.head, Head::Call(_));
            let fails_plainly = |call| rule.unfaithful || fails_plainly(call, errno, is_named);
            if !alt.preds.is_empty() || alt.relation.is_some() || !named.iter().all(fails_plainly) {
                return None;
            }
            calls.union(&named);
        }
        Some(Lone { rule: rule.name.clone(), errno, calls, is_counted: rule.fires != Ranges::from(0) })
    }
}

impl Lowering<'_> {
    /// Of the rules that ask nothing about their calls those for which the filter can answer. The calls of the others are
    /// noticed; which of them nobody else asks about.
    pub(super) fn constants(&mut self, ground: &Ground<'_>) -> (Vec<Constant>, CallSet) {
        let lone = std::mem::take(&mut self.lone);
        let Follow { threads, forks, execs } = ground.follow;
        let is_everywhere = matches!(ground.start, Start::Exec) && threads && forks && execs;
        let possible = is_everywhere && ground.filter == FilterMode::Seccomp && !self.injections_named;
        let mut wanted = always_stops();
        wanted.union(&ON_THE_WAY);
        for calls in [&self.named, &self.noticed, &self.beside, ground.answered] {
            wanted.union(calls);
        }
        wanted.union(&ground.nested.calls());
        wanted.union(&ground.io_uring.calls());
        wanted.union(&ground.listed.cloned().unwrap_or_default());
        let (mut constants, mut unread) = (Vec::new(), CallSet::new());
        for (at, rule) in lone.iter().enumerate() {
            let others = || lone.iter().enumerate().filter(|(other, _)| *other != at).map(|(_, rule)| &rule.calls);
            let is_free = |call| !wanted.contains(call) && !others().any(|calls| calls.contains(call));
            if possible && !rule.is_counted && rule.calls.iter().all(is_free) {
                let constant = |call| Constant { rule: rule.rule.clone(), call, errno: rule.errno };
                constants.extend(rule.calls.iter().map(constant));
            } else {
                self.noticed.union(&rule.calls);
                let is_unasked = |call: &Sysno| !self.injections_named && !wanted.contains(*call);
                unread.union(&rule.calls.iter().filter(is_unasked).collect());
            }
        }
        (constants, unread)
    }
}

/// Whether a call that fails so is skipped and nothing else, whatever its arguments are.
fn fails_plainly(call: Sysno, errno: Errno, is_named: bool) -> bool {
    let failures: Vec<_> = faults::model(call).failures().filter(|failure| failure.errno == errno).collect();
    let is_plain = failures.iter().all(|failure| matches!(failure.effect, Effect::Nothing | Effect::Partial));
    let is_possible = failures.iter().any(|failure| failure.when.clauses().is_empty());
    is_plain && (is_possible || failures.is_empty() && is_named)
}
