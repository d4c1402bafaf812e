//! What a run is like as a whole: a program with fixed or inherited surroundings, or a process that runs already.
//! It must not know how either is started.

use super::Lowering;
use crate::diagnostic::{Code, Span, listed};
use crate::plan::{Attach, Expect, FilterMode, Nested, Rule, Target};
use crate::spec::{self, keys};

impl Lowering<'_> {
    /// Whether all surroundings are to be as without rinject.
    pub(super) fn is_transparent(&self) -> bool {
        self.spec.target.as_ref().and_then(|target| target.transparent.as_ref()).is_some_and(|flag| flag.value)
    }

    /// Whether a running process is traced, by the spec's word or the command line's.
    pub(super) fn attaches(&self) -> bool {
        self.context.attach.is_some() || self.spec.target.as_ref().is_some_and(|target| target.attach.is_some())
    }

    /// The process that is traced instead of a program.
    pub(super) fn attach(&mut self, target: &spec::Target) -> Option<Attach> {
        let written = target.attach.as_ref();
        if self.attaches() {
            self.check_unseen();
        }
        let lasts = written.and_then(|attach| attach.lasts.as_ref());
        let lasts = lasts.and_then(|lasts| self.duration(lasts, "for"));
        if let Some(given) = self.context.attach {
            match written {
                Some(_) => self.check_attached(target),
                None => self.warn_unused(target, given.pid),
            }
            return Some(Attach { pid: given.pid, span: target.span, lasts: given.lasts.or(lasts) });
        }
        let written = written?;
        self.check_attached(target);
        if written.lacks_pid {
            let (message, label, help) = keys::ATTACH.lacks("pid");
            let help = format!("{help}, or name the process on the command line: `rinject attach PID SPEC`");
            self.error(Code::MISSING_KEY, written.span, message, &label, Some(help));
            return None;
        }
        let pid = self.within(written.pid.as_ref()?, "attach", 1, Attach::MOST_PIDS.into())?;
        Some(Attach { pid: pid as i32, span: written.span, lasts })
    }

    /// What only a program that rinject starts can have, and where it stands.
    fn of_programs(&self, target: &spec::Target) -> Vec<(&'static str, Span)> {
        let text = |name, text: &Option<spec::Text>| text.as_ref().map(|text| (name, text.span));
        let output = |name, output: &Option<spec::Output>| {
            output.as_ref().map(|output| match output {
                spec::Output::Word(text) | spec::Output::Path(text) => (name, text.span),
            })
        };
        let stdin = target.stdin.as_ref().map(|stdin| match stdin {
            spec::Stdin::Word(text) | spec::Stdin::Text(text) | spec::Stdin::File(text) => ("stdin", text.span),
        });
        let flag = |name, flag: &Option<spec::At<bool>>| flag.as_ref().map(|flag| (name, flag.span));
        let limits = target.limits.iter().find(|(name, _)| !matches!(*name, "tasks" | "events"));
        let keys = [
            text("program", &target.program),
            text("arg0", &target.arg0),
            target.args.first().map(|text| ("args", text.span)),
            target.env.first().map(|(name, _)| ("env", name.span)),
            flag("env-clear", &target.env_clear),
            text("cwd", &target.cwd),
            target.files.first().map(|(name, _)| ("files", name.span)),
            stdin,
            output("stdout", &target.stdout),
            output("stderr", &target.stderr),
            flag("tty", &target.tty),
            flag("transparent", &target.transparent),
            limits.map(|(name, value)| (*name, value.span)),
            flag("aslr", &self.spec.determinism.aslr),
            self.fixed_key(),
        ];
        keys.into_iter().flatten().collect()
    }

    /// A `start` that lies in the past of a process that runs already.
    fn past_start(&self) -> Option<&spec::Text> {
        let start = self.spec.trace.start.as_ref();
        start.filter(|start| matches!(start.value.as_str(), "main" | "entry" | "exec"))
    }

    /// A spec for a process that runs already says nothing of how it is started.
    fn check_attached(&mut self, target: &spec::Target) {
        for (name, span) in self.of_programs(target) {
            let message = format!("`{name}` belongs to a program that is started, and `attach` takes one that runs");
            let help = Some(format!("leave `{name}` out, or `attach`"));
            self.error(Code::CONFLICTING_KEYS, span, message, "cannot be changed any more", help);
        }
        if let Some(start) = self.past_start() {
            let message = format!("a process that runs already is past its `{}`", start.value);
            let help = Some("leave `start` out: events exist at once; or name an event or a symbol".to_owned());
            self.error(Code::CONFLICTING_KEYS, start.span, message, "will not come again", help);
        }
    }

    /// A spec for a program is put on a process that runs already: says what of it has no effect.
    fn warn_unused(&mut self, target: &spec::Target, process: i32) {
        let mut keys = self.of_programs(target);
        keys.extend(self.past_start().map(|start| ("start", start.span)));
        keys.sort_by_key(|(_, span)| *span);
        let Some((_, first)) = keys.first() else { return };
        let names = listed(keys.iter().map(|(name, _)| *name));
        let belongs = if keys.len() == 1 { "belongs" } else { "belong" };
        let message = format!("{names} {belongs} to a program that is started, and process {process} runs already");
        self.warn(Code::CONFLICTING_KEYS, *first, message, "has no effect here", None);
    }

    /// What a process prints that runs already goes elsewhere.
    fn check_unseen(&mut self) {
        let ending = &self.spec.expect.ending;
        for (name, tests) in [("stdout", &ending.stdout), ("stderr", &ending.stderr)] {
            if let Some(span) = tests.span() {
                let message = format!("`{name}` of a process that runs already does not come to rinject");
                let help = Some(format!("leave `{name}` out"));
                self.error(Code::CONFLICTING_KEYS, span, message, "cannot be judged", help);
            }
        }
    }

    /// A process that runs on has to be let go at some time.
    pub(super) fn check_awaited(&mut self, target: &Target, rules: &[Rule], expect: &Expect) {
        let Some(attach) = &target.attach else { return };
        // What is wrong may be just what says so.
        if self.problems.has_errors() {
            return;
        }
        let awaits = attach.lasts.is_some()
            || expect.exit_span.is_some()
            || !expect.sequences.is_empty()
            || rules.iter().any(|rule| rule.fires.min() > 0)
            || expect.count.iter().any(|count| count.is.min() > 0);
        if !awaits {
            let message = "nothing says when the process is to be let go";
            let help = "say how long, `attach = { pid = 1234, for = \"5s\" }` or `--for 5s`, or let a rule or an \
                        expectation await something";
            self.error(Code::MISSING_KEY, attach.span, message, "traced until when?", Some(help.to_owned()));
        }
    }

    /// What becomes of a target that traces its own children.
    pub(super) fn nested(&mut self) -> Nested {
        let known = [("deny", Nested::Deny), ("release", Nested::Release)];
        let written = self.spec.trace.nested.as_ref();
        let chosen = written.and_then(|text| self.choice(text, "nested", &known));
        chosen.unwrap_or(if self.is_transparent() { Nested::Release } else { Nested::Deny })
    }

    /// How calls are selected. A task that is let go must not carry a filter: nobody would answer it.
    pub(super) fn filter_mode(&mut self, nested: Nested) -> FilterMode {
        let known = [("seccomp", FilterMode::Seccomp), ("ptrace", FilterMode::Ptrace)];
        let written = self.spec.trace.filter.as_ref();
        let chosen = written.and_then(|filter| self.choice(filter, "filter", &known));
        let detaches = |rule: &spec::Inject| rule.detach.as_ref().is_some_and(|detach| detach.value);
        let lets_go = match () {
            () if self.attaches() => Some("`attach`"),
            () if nested == Nested::Release => Some("`nested = \"release\"`"),
            () => self.spec.inject.iter().any(detaches).then_some("`detach`"),
        };
        if let (Some(text), Some(FilterMode::Seccomp), Some(what)) = (written, chosen, lets_go) {
            let message = format!("a seccomp filter cannot be taken from a task that {what} lets go");
            let help = Some("leave `filter` out: it is `ptrace` then".to_owned());
            self.error(Code::CONFLICTING_KEYS, text.span, message, "would stay for ever", help);
        }
        let plain = lets_go.is_some() || self.is_transparent();
        chosen.unwrap_or(if plain { FilterMode::Ptrace } else { FilterMode::Seccomp })
    }
}
