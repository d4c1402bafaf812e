//! `[determinism]`: who runs when, and which surroundings are the same on every run.
//! It must not know how either is brought about.

use std::sync::Arc;
use std::time::Duration;

use super::Lowering;
use super::values::shown;
use crate::diagnostic::{Code, Diagnostic, Span};
use crate::plan::{Fixed, Point, PointKind, Policy, Switch};
use crate::spec;

/// What time it is when a run begins that has a time of its own, where the spec does not say: 2026-01-01T00:00:00Z.
const BEGINNING: Duration = Duration::from_secs(1_767_225_600);
/// As many processors as `sched_getaffinity(2)` has room for in the C library's `cpu_set_t`.
const MOST_CPUS: i128 = 1024;
/// The longest name of a machine (uname(2), `__NEW_UTS_LEN`).
const LONGEST_NAME: usize = 64;

/// A word for `schedule`.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Word {
    Serial,
    Random,
    Replay,
    Free,
}

impl Lowering<'_> {
    /// Who runs when.
    pub(super) fn policy(&mut self) -> Policy {
        let determinism = &self.spec.determinism;
        let written = determinism.schedule.as_ref();
        let known =
            [("serial", Word::Serial), ("random", Word::Random), ("replay", Word::Replay), ("free", Word::Free)];
        let word = written.and_then(|text| self.choice(text, "schedule", &known));
        let chosen = word.map(|word| self.policy_of(word));
        let releases = self.spec.trace.nested.as_ref().is_some_and(|nested| nested.value == "release");
        let free = self.attaches() || releases || self.is_transparent();
        let is_ordered = chosen.as_ref().is_some_and(|policy| !policy.is_free());
        if let (Some(text), true, true) = (written, is_ordered, self.attaches() || releases) {
            let (message, with) = if self.attaches() {
                ("tasks of a process that runs already cannot be let run one at a time", "`attach`")
            } else {
                ("tasks that are let go do not wait for their turn", "`nested = \"release\"`")
            };
            let help = Some(format!("leave `schedule` out: it is `free` with {with}"));
            self.error(Code::CONFLICTING_KEYS, text.span, message, &format!("not with {with}"), help);
        }
        let policy = chosen.unwrap_or(if free { Policy::Free } else { Policy::Serial });
        match &self.context.policy {
            Some(instead) if !policy.is_free() => instead.clone(),
            _ => policy,
        }
    }

    /// What a word for `schedule` means with the keys beside it.
    fn policy_of(&mut self, word: Word) -> Policy {
        let determinism = &self.spec.determinism;
        if let Some(seed) = determinism.seed.as_ref().filter(|_| word != Word::Random) {
            let help = Some("add `policy = \"random\"`, or take `seed` out".to_owned());
            self.error(
                Code::CONFLICTING_KEYS,
                seed.span,
                "nothing of the schedule is drawn",
                "a seed of what?",
                help,
            );
        }
        if let Some(switches) = determinism.switches.as_ref().filter(|_| word != Word::Replay) {
            let help = Some("add `policy = \"replay\"`, or take `switches` out".to_owned());
            self.error(Code::CONFLICTING_KEYS, switches.span, "nothing is replayed", "only with `replay`", help);
        }
        match word {
            Word::Serial => Policy::Serial,
            Word::Free => Policy::Free,
            Word::Random => {
                let own = determinism.seed.as_ref().map(|seed| self.unsigned(seed, "seed"));
                Policy::Random { seed: self.context.seed.or(own).unwrap_or(self.seed) }
            }
            Word::Replay => Policy::Replay(self.switches().into()),
        }
    }

    /// The switches of a schedule that is replayed, in their order.
    fn switches(&mut self) -> Vec<Switch> {
        let mut switches: Vec<Switch> = Vec::new();
        for text in self.spec.determinism.switches.iter().flat_map(|written| &written.value) {
            let Some(switch) = Switch::parse(&text.value) else {
                let message = format!("`{}` is no switch", text.value);
                let help =
                    Some("`\"12:P1.T2\"` is the twelfth choice, where the second thread of P1 goes on".to_owned());
                self.error(Code::BAD_SWITCH, text.span, message, "not a choice and a task", help);
                continue;
            };
            if switches.last().is_some_and(|last| last.choice >= switch.choice) {
                let message = format!("`{switch}` does not come after the switch before it");
                let help = Some("each choice is made once, and in order".to_owned());
                self.error(Code::BAD_SWITCH, text.span, message, "out of order", help);
                continue;
            }
            switches.push(switch);
        }
        switches
    }

    /// Surroundings that are the same on every run.
    pub(super) fn fixed(&mut self, policy: &Policy) -> Fixed {
        if self.attaches() {
            return Fixed::default();
        }
        let cpus = self.spec.determinism.cpus.as_ref();
        let cpus = cpus.and_then(|cpus| self.within(cpus, "cpus", 1, MOST_CPUS)).map(|cpus| cpus as u32);
        let clock = self.clock();
        if let (Some((_, span)), true) = (clock, policy.is_free()) {
            let message = "tasks that run at once have no time of their own";
            let help = "leave `schedule = \"free\"` and `transparent` out, or `time`".to_owned();
            self.error(Code::CONFLICTING_KEYS, span, message, "not with a free schedule", Some(help));
        }
        let own_pids = self.own_pids();
        Fixed {
            random: self.random(),
            clock: clock.map(|(start, _)| start),
            own_pids,
            cpus,
            hostname: self.hostname(),
            sorts_directories: self.sorts_directories(),
            file_times: self.file_times(clock.map(|(start, _)| start)),
        }
    }

    /// The first key of them that is given, with its place: they are for programs that are started.
    pub(super) fn fixed_key(&self) -> Option<(&'static str, Span)> {
        let written = &self.spec.determinism;
        let random = written.random.as_ref().map(|random| match random {
            spec::RandomBytes::Word(text) => text.span,
            spec::RandomBytes::Seeded { span, .. } => *span,
        });
        let time = written.time.as_ref().map(|time| match time {
            spec::Time::Word(text) => text.span,
            spec::Time::From { span, .. } => *span,
        });
        let cpus = written.cpus.as_ref().map(|cpus| cpus.span);
        let hostname = written.hostname.as_ref().map(|hostname| hostname.span);
        let pids = written.pids.as_ref().map(|pids| pids.span);
        let order = written.dir_order.as_ref().map(|order| order.span);
        let files = written.file_times.as_ref().map(|files| files.span);
        let all = [
            ("random", random),
            ("time", time),
            ("pids", pids),
            ("cpus", cpus),
            ("hostname", hostname),
            ("dir-order", order),
            ("file-times", files),
        ];
        all.into_iter().find_map(|(name, span)| Some((name, span?)))
    }

    /// What random bytes are drawn from.
    fn random(&mut self) -> Option<u64> {
        match self.spec.determinism.random.as_ref()? {
            spec::RandomBytes::Word(text) => {
                self.choice(text, "random", &[("real", None), ("seeded", Some(self.seed))]).flatten()
            }
            spec::RandomBytes::Seeded { seed, .. } => {
                let own = seed.as_ref().map(|seed| self.unsigned(seed, "seed"));
                Some(self.context.seed.or(own).unwrap_or(self.seed))
            }
        }
    }

    /// What time it is when the run begins, since 1970, if it has a time of its own; and where that is said.
    fn clock(&mut self) -> Option<(Duration, Span)> {
        match self.spec.determinism.time.as_ref()? {
            spec::Time::Word(text) => {
                let start = self.choice(text, "time", &[("real", None), ("virtual", Some(BEGINNING))]).flatten()?;
                Some((start, text.span))
            }
            spec::Time::From { span, start: None } => Some((BEGINNING, *span)),
            spec::Time::From { span, start: Some(text) } => Some((self.point_in_time(text)?, *span)),
        }
    }

    fn point_in_time(&mut self, text: &spec::Text) -> Option<Duration> {
        let located = self.expand(text)?;
        let start = humantime::parse_rfc3339(located.text()).ok();
        let epoch = humantime::parse_rfc3339("1970-01-01T00:00:00Z").ok();
        let start = start.zip(epoch).and_then(|(start, epoch)| start.duration_since(epoch).ok());
        if start.is_none() {
            let message = format!("`{}` is no point in time since 1970", located.text());
            let help = "write it as `2026-01-01T00:00:00Z`".to_owned();
            self.error(Code::BAD_CHOICE, shown(&located, text), message, "date, time and `Z` for UTC", Some(help));
        }
        start
    }

    /// Whether the numbers of processes begin anew.
    fn own_pids(&mut self) -> bool {
        let Some(text) = &self.spec.determinism.pids else { return false };
        let own = self.choice(text, "pids", &[("real", false), ("fresh", true)]).unwrap_or(false);
        let lets_go = self.spec.inject.iter().find_map(|rule| rule.detach.as_ref().filter(|detach| detach.value));
        let releases = self.spec.trace.nested.as_ref().filter(|nested| nested.value == "release");
        let let_go = lets_go.map(|detach| ("detach", detach.span));
        if let (true, Some((key, span))) =
            (own, let_go.or(releases.map(|nested| ("nested = \"release\"", nested.span))))
        {
            let error = Diagnostic::error(
                &self.spec.source,
                Code::CONFLICTING_KEYS,
                format!("`{key}` does not go with `pids = \"fresh\"`"),
            )
            .at(span, "lets tasks go that would outlive the run")
            .at(text.span, "with the run its namespace ends, and everybody in it")
            .help(Some("leave one of them out".to_owned()));
            self.problems.push(error);
        }
        if own && self.is_transparent() {
            let help = Some("leave `pids` out, or `transparent`".to_owned());
            self.error(
                Code::CONFLICTING_KEYS,
                text.span,
                "a transparent run is in the caller's own namespaces",
                "not with `transparent`",
                help,
            );
        }
        own
    }

    /// Whether names in a directory come in the order of their bytes.
    fn sorts_directories(&mut self) -> bool {
        let order = self.spec.determinism.dir_order.as_ref();
        order.and_then(|order| self.choice(order, "dir-order", &[("real", false), ("sorted", true)])).unwrap_or(false)
    }

    /// Where a task gives its turn away.
    pub(super) fn yields(&mut self, policy: &Policy) -> Vec<Point> {
        let Some(written) = &self.spec.determinism.yield_at else { return Vec::new() };
        if policy.is_free() {
            let message = "tasks that run at once have no turns to give away";
            let help = Some("leave `yield-at` out, or what lets them run at once".to_owned());
            self.error(Code::CONFLICTING_KEYS, written.span, message, "not with a free schedule", help);
        }
        let point = |text: &spec::Text| {
            let kind = PointKind::Code { hardware: false };
            let (place, shown) = self.place(text)?;
            Some(Point { place, text: shown, span: text.span, kind, signature: None })
        };
        written.value.iter().filter_map(point).collect()
    }

    /// When the run begins by the clock of the machine, where times of files go by its own, on which it does at `start`.
    fn file_times(&mut self, start: Option<Duration>) -> Option<Duration> {
        let text = self.spec.determinism.file_times.as_ref()?;
        let is_virtual = self.choice(text, "file-times", &[("real", false), ("virtual", true)])?;
        if is_virtual && start.is_none() {
            let message = "times of files by the clock of the run, which has none of its own";
            let help = Some("add `time = \"virtual\"`".to_owned());
            self.error(Code::CONFLICTING_KEYS, text.span, message, "by which clock?", help);
        }
        start.filter(|_| is_virtual).map(|_| self.context.begun)
    }

    fn hostname(&mut self) -> Option<Arc<str>> {
        let text = self.spec.determinism.hostname.as_ref()?;
        let located = self.expand(text)?;
        let name = located.text();
        if name.is_empty() || name.len() > LONGEST_NAME || name.contains('\0') {
            let message = format!("`{name}` cannot be the name of a machine");
            let help = format!("it has 1 to {LONGEST_NAME} bytes, none of them NUL");
            self.error(Code::BAD_CHOICE, shown(&located, text), message, "no name", Some(help));
            return None;
        }
        Some(Arc::from(name))
    }
}
