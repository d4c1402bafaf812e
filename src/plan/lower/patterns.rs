//! Patterns in the spec: expanded, read, and checked for what no pattern can know by itself: rules, variables,
//! what this version supports. It must not know what a pattern is for.

use super::Lowering;
use crate::abi::CallSet;
use crate::diagnostic::{Code, Diagnostic, Located, Span, did_you_mean, listed};
use crate::pattern::{Alt, Head, Noun, Pattern, PatternProblem, Pred, parse, parse_preds};
use crate::plan::IoUring;
use crate::spec::Text;

/// A pattern and where its text stands.
#[derive(Clone, Debug)]
pub(super) struct Placed {
    pub(super) pattern: Pattern,
    pub(super) located: Located,
}

impl Placed {
    /// The place of all of it.
    pub(super) fn span(&self) -> Span {
        self.located.whole()
    }
}

/// The variables that a sequence, or one pattern alone, has bound so far.
#[derive(Default)]
pub(super) struct Variables {
    bound: Vec<Bind>,
    /// Names that were used although nothing had bound them: that is said already.
    missed: Vec<String>,
}

/// A variable that a pattern has bound.
pub(super) struct Bind {
    name: String,
    span: Span,
    used: bool,
}

impl Variables {
    /// Adds what a pattern has bound, for those after it.
    pub(super) fn keep(&mut self, binds: Vec<Bind>) {
        self.bound.extend(binds);
    }
}

impl Lowering<'_> {
    /// A pattern with everything checked but its variables.
    pub(super) fn pattern(&mut self, text: &Text) -> Option<Placed> {
        let located = self.expand(text)?;
        match parse(located.text(), self.context.arch) {
            Ok(pattern) => {
                let placed = Placed { pattern, located };
                self.check_places(&placed);
                self.check_rules(&placed);
                Some(placed)
            }
            Err(problems) => {
                self.pattern_problems(problems, &located, text);
                None
            }
        }
    }

    /// A pattern that shares its variables with no other.
    pub(super) fn lone_pattern(&mut self, text: &Text) -> Option<Placed> {
        let placed = self.pattern(text)?;
        self.lone_variables(&placed);
        Some(placed)
    }

    /// The variables that rules capture: patterns may use them anywhere.
    pub(super) fn captured_variables(&self) -> Variables {
        let captures = self.spec.inject.iter().filter_map(|rule| rule.capture.as_ref());
        let names = captures.flat_map(|captures| captures.value.iter().map(|(name, _)| name));
        let bound = names.map(|name| Bind { name: name.value.clone(), span: name.span, used: true }).collect();
        Variables { bound, missed: Vec::new() }
    }

    /// Checks the variables of a pattern that shares them with no other.
    pub(super) fn lone_variables(&mut self, placed: &Placed) {
        let mut variables = self.captured_variables();
        let bound = self.see(placed, &mut variables);
        variables.keep(bound);
        self.unused(variables);
    }

    /// Notes the calls that rules and expectations name.
    pub(super) fn name_calls(&mut self, placed: &Placed) {
        self.notice_vdso(&placed.pattern);
        self.named.union(&placed.pattern.all_calls());
        let mut heads = placed.pattern.alts.iter().flat_map(Alt::chain).map(|alt| &alt.head);
        self.injections_named |= heads.any(|head| *head == Head::Noun(Noun::Inject));
    }

    /// Notes whether a pattern is of calls that the vDSO answers (vdso(7)): by name, or by a class or an operation
    /// that is of nothing else.
    pub(super) fn notice_vdso(&mut self, pattern: &Pattern) {
        const ANSWERED: [&str; 6] = ["clock_gettime", "clock_getres", "gettimeofday", "time", "getcpu", "getrandom"];
        self.vdso_named |= pattern.alts.iter().flat_map(Alt::chain).any(|alt| match &alt.head {
            Head::Call(call) => ANSWERED.contains(&call.name()),
            Head::Class { name, .. } => *name == "clock",
            Head::Operation(job) => job.name() == "time.get",
            Head::Noun(_) => false,
        });
    }

    /// Reads `where.args`.
    pub(super) fn preds(&mut self, text: &Text, calls: &CallSet) -> Vec<Pred> {
        let Some(located) = self.expand(text) else { return Vec::new() };
        match parse_preds(located.text(), calls) {
            Ok(preds) => preds,
            Err(problems) => {
                self.pattern_problems(problems, &located, text);
                Vec::new()
            }
        }
    }

    pub(super) fn pattern_problems(&mut self, problems: Vec<PatternProblem>, located: &Located, text: &Text) {
        for problem in problems {
            let span = if located.text().is_empty() { text.span } else { located.span(problem.range) };
            self.error(problem.code, span, problem.message, &problem.label, problem.help);
        }
    }

    fn check_rules(&mut self, placed: &Placed) {
        for (name, range) in placed.pattern.rule_names() {
            self.check_rule(&name, placed.located.span(range));
        }
    }

    /// Says if there is no rule of this name.
    pub(super) fn check_rule(&mut self, name: &str, span: Span) {
        self.injections_named = true;
        if name == IoUring::RULE || self.rule_names.iter().any(|known| **known == *name) {
            return;
        }
        let names = || self.rule_names.iter().map(|name| &**name);
        let help = match did_you_mean(name, names()) {
            Some(help) => Some(help),
            None if self.rule_names.is_empty() => Some("the spec has no rules: add an `[[inject]]`".to_owned()),
            None => Some(format!("the rules are {}", listed(names()))),
        };
        self.error(Code::UNKNOWN_RULE, span, format!("unknown rule `{name}`"), "no `[[inject]]` has this name", help);
    }

    /// Checks the variables of a pattern against those bound before it; returns what it binds itself.
    #[must_use]
    pub(super) fn see(&mut self, placed: &Placed, variables: &mut Variables) -> Vec<Bind> {
        let mut fresh: Vec<(usize, Bind)> = Vec::new();
        for variable in placed.pattern.variables() {
            let span = placed.located.span(variable.range.clone());
            let here = fresh
                .iter_mut()
                .find(|(alt, bind)| *alt == variable.alt && bind.name == variable.name)
                .map(|(_, bind)| bind);
            let known = here.or_else(|| variables.bound.iter_mut().find(|bind| bind.name == variable.name));
            match (variable.binds, known) {
                (false, Some(bind)) => bind.used = true,
                (false, None) => {
                    let names: Vec<&str> = variables.bound.iter().map(|bind| bind.name.as_str()).collect();
                    let name = &variable.name;
                    let help = match did_you_mean(name, names.iter().copied()) {
                        Some(help) => help.replacen('`', "`$", 1),
                        None => format!("bind it earlier with `?{name}`"),
                    };
                    variables.missed.push(name.clone());
                    self.error(
                        Code::UNBOUND_VARIABLE,
                        span,
                        format!("nothing binds `{name}`"),
                        "not known here",
                        Some(help),
                    );
                }
                (true, Some(bind)) => {
                    let name = &variable.name;
                    let error =
                        Diagnostic::error(&self.spec.source, Code::BOUND_TWICE, format!("`{name}` is bound twice"))
                            .at(span, "bound again here")
                            .at(bind.span, "bound here first")
                            .help(Some(format!("write `${name}` to compare, or take another name")));
                    self.problems.push(error);
                }
                (true, None) => fresh.push((variable.alt, Bind { name: variable.name, span, used: false })),
            }
        }
        fresh.into_iter().map(|(_, bind)| bind).collect()
    }

    /// Warns of every variable that nobody used.
    pub(super) fn unused(&mut self, variables: Variables) {
        for bind in variables.bound.iter().filter(|bind| !bind.used && !bind.name.starts_with('_')) {
            let used_elsewhere = variables.bound.iter().any(|other| other.used && other.name == bind.name);
            if !used_elsewhere && !variables.missed.contains(&bind.name) {
                let name = &bind.name;
                let help = Some(format!("compare with `${name}`, or take the test out"));
                self.warn(Code::UNUSED_BIND, bind.span, format!("nobody uses `{name}`"), "bound here", help);
            }
        }
    }
}
