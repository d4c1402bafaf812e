//! `[sweep]`: words looked up, calls and errnos resolved, contradictions found.
//! It must not know how a sweep is carried out.

use super::Lowering;
use crate::abi::{CallSet, Errno};
use crate::diagnostic::Code;
use crate::pattern::Head;
use crate::plan::{Compare, FaultKind, FileSystem, Mode, Resource, Sweep};
use crate::spec::{self, At, Text};

/// More runs without a fault tell nothing new.
const MOST_BASELINES: i128 = 100;

/// The words of `faults`.
const FAULTS: [(&str, FaultKind); 8] = [
    ("errors", FaultKind::Errors),
    ("short", FaultKind::Short),
    ("eintr", FaultKind::Eintr),
    ("kill", FaultKind::Kill),
    ("signals", FaultKind::Signals),
    ("alloc", FaultKind::Alloc),
    ("budgets", FaultKind::Budgets),
    ("states", FaultKind::States),
];

impl Lowering<'_> {
    /// What the spec says of sweeps; `None` where it says nothing.
    pub(super) fn sweep(&mut self) -> Option<Sweep> {
        let written = self.spec.sweep.as_ref()?;
        let all = Sweep::default();
        let faults = written.faults.as_ref().map(|faults| self.faults(faults));
        let faults = faults.filter(|faults| !faults.is_empty()).unwrap_or(all.faults);
        let asks = [
            (
                FaultKind::Kill,
                "`faults` has `kill`, and the spec has no `[[check]]`",
                "nothing says what must hold after a kill",
            ),
            (
                FaultKind::States,
                "`faults` has `states`, and the spec has no `[[check]]`",
                "nothing says what must hold after a loss of power",
            ),
        ];
        for (_, message, label) in
            asks.iter().filter(|(kind, _, _)| faults.contains(kind) && self.spec.check.is_empty())
        {
            let span = written.faults.as_ref().map_or(written.span, |faults| faults.span);
            let help = "add a `[[check]]` that recovers and says what must hold then".to_owned();
            self.error(Code::MISSING_KEY, span, *message, label, Some(help));
        }
        if faults == [FaultKind::Budgets] {
            self.fits_budgets(written);
        }
        let recovery = written.recovery.as_ref().filter(|recovery| recovery.value);
        if let Some(asked) = recovery {
            self.can_recover(asked, &faults);
        }
        let mut errors: Vec<Errno> = Vec::new();
        for error in &written.error {
            errors.extend(self.errno(error).filter(|errno| !errors.contains(errno)));
        }
        let mut modes = Vec::new();
        for word in &written.mode {
            modes.extend(self.choice(word, "mode", &[("once", Mode::Once), ("from", Mode::From)]));
        }
        modes.dedup();
        let each = written
            .points
            .as_ref()
            .and_then(|points| self.choice(points, "points", &[("callsite", false), ("each", true)]));
        let baseline = written.baseline.as_ref().and_then(|runs| self.within(runs, "baseline", 2, MOST_BASELINES));
        let limit = written.limit.as_ref().and_then(|limit| self.within(limit, "limit", 1, i128::from(u64::MAX)));
        let systems = FileSystem::ALL.map(|system| (system.name(), system));
        let file_system = written.file_system.as_ref().and_then(|word| self.choice(word, "file-system", &systems));
        let on = written.on.as_ref().and_then(|on| Some((on, self.swept(on)?)));
        if let Some((text, calls)) = &on
            && faults == [FaultKind::Budgets]
            && !calls.iter().any(|call| Resource::of_call(call.name()).is_some())
        {
            let help = "name some that write to files, make descriptors or tasks, or let memory grow".to_owned();
            let message = "`faults` has nothing but `budgets`, and `on` names no call that needs a resource";
            self.error(Code::NEVER_FIRES, text.span, message, "none of these has a budget", Some(help));
        }
        let on = on.map(|(_, calls)| calls);
        Some(Sweep {
            on,
            faults,
            errors,
            modes: if modes.is_empty() { all.modes } else { modes },
            each: each.unwrap_or(all.each),
            baseline: baseline.map_or(all.baseline, |runs| runs as u32),
            compare: written.compare.as_ref().map_or(all.compare, |words| self.compared(words)),
            limit: limit.map(|limit| limit as u64),
            seed: written.seed.as_ref().map_or(self.seed, |seed| self.unsigned(seed, "seed")),
            recovery: recovery.is_some(),
            file_system: file_system.unwrap_or(all.file_system),
            coverage: written.coverage.as_ref().is_some_and(|coverage| coverage.value),
        })
    }

    /// Faults in the recovery need a recovery, and something to recover from.
    fn can_recover(&mut self, asked: &At<bool>, faults: &[FaultKind]) {
        if self.spec.check.is_empty() {
            let help = "add a `[[check]]` that recovers and says what must hold then".to_owned();
            let message = "`recovery` is set, and the spec has no `[[check]]`";
            self.error(Code::MISSING_KEY, asked.span, message, "there is no recovery", Some(help));
        }
        if !faults.iter().any(|kind| matches!(kind, FaultKind::Kill | FaultKind::States)) {
            let help = "add `kill` or `states` to `faults`, or take `recovery` out".to_owned();
            let message = "`recovery` is set, and `faults` has neither `kill` nor `states`";
            self.error(Code::CONFLICTING_KEYS, asked.span, message, "there is nothing to recover from", Some(help));
        }
    }

    /// Which call a budget meets, with which error and for how long is its own.
    fn fits_budgets(&mut self, written: &spec::Sweep) {
        let mode = written
            .mode
            .first()
            .map(|mode| ("mode", mode.span, "a budget lasts for as long as nothing is left of it"));
        let error = written.error.first();
        let error = error.map(|error| {
            ("error", error.span, "each resource has an error of its own: ENOSPC, EMFILE, ENOMEM, EAGAIN")
        });
        for (key, span, label) in [mode, error].into_iter().flatten() {
            let help = format!("add another kind of faults, or take `{key}` out");
            let message = format!("`{key}` is set, and `faults` has nothing but `budgets`");
            self.error(Code::CONFLICTING_KEYS, span, message, label, Some(help));
        }
    }

    fn faults(&mut self, words: &At<Vec<Text>>) -> Vec<FaultKind> {
        let mut faults = Vec::new();
        for word in &words.value {
            faults.extend(self.choice(word, "faults", &FAULTS).filter(|kind| !faults.contains(kind)));
        }
        if words.value.is_empty() {
            let help = Some("write `faults = [\"errors\"]`, or take the key out".to_owned());
            self.error(Code::EMPTY_VALUE, words.span, "`faults` is an empty list", "names nothing", help);
        }
        faults
    }

    fn compared(&mut self, words: &At<Vec<Text>>) -> Compare {
        let mut compare = Compare { exit: false, stdout: false, files: false };
        for word in &words.value {
            match self.choice(word, "compare", &[("exit", 0), ("stdout", 1), ("files", 2)]) {
                Some(0) => compare.exit = true,
                Some(1) => compare.stdout = true,
                Some(_) => compare.files = true,
                None => {}
            }
        }
        if words.value.is_empty() {
            let help = Some("write `compare = [\"exit\", \"stdout\", \"files\"]`, or take the key out".to_owned());
            self.error(Code::EMPTY_VALUE, words.span, "`compare` is an empty list", "names nothing", help);
        }
        compare
    }

    /// The calls of `on`: names, classes and operations, without tests.
    fn swept(&mut self, on: &spec::Text) -> Option<CallSet> {
        let placed = self.lone_pattern(on)?;
        let mut calls = CallSet::new();
        for alt in &placed.pattern.alts {
            let span = placed.located.span(alt.range.clone());
            if let Head::Noun(_) = alt.head {
                let help = Some("name calls, such as `write`, `%file` or `file.sync`".to_owned());
                self.error(Code::MISFIT_ACTION, span, "`on` of a sweep names calls", "not a call", help);
            } else if !alt.preds.is_empty() || alt.result.is_some() || alt.relation.is_some() {
                let help = Some("a sweep takes all calls of a name: leave out what stands behind it".to_owned());
                self.error(Code::MISFIT_ACTION, span, "`on` of a sweep has no tests", "more than a name", help);
            }
        }
        calls.union(&placed.pattern.calls());
        Some(calls)
    }
}
