//! From the spec as written to the plan: texts expanded, names looked up, defaults filled in, contradictions found.
//! Pure: what it needs to know of the machine comes in [`Context`].

mod actions;
mod budget;
mod clock;
mod constant;
mod determinism;
mod edits;
mod expand;
mod expect;
mod faithful;
mod filter;
mod instead;
mod patterns;
mod points;
mod programs;
mod rules;
mod sequences;
mod state;
mod streams;
mod surroundings;
mod sweep;
mod target;
mod trace;
mod vacuity;

#[cfg(test)]
mod tests;
mod values;

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::sync::Arc;
use std::time::Duration;

use super::Plan;
use crate::abi::{Arch, ArgKind, CallSet, Sysno};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Level, Span};
use crate::spec::keys::Table;
use crate::spec::{Cell, Spec};
pub use programs::Programs;

/// What lowering has to know besides the spec.
#[derive(Clone, Debug)]
pub struct Context {
    /// The architecture that the target runs on.
    pub arch: Arch,
    /// `${tmp}`: the case's folder, absolute.
    pub tmp: String,
    /// `${spec-dir}`: the folder of the spec, absolute.
    pub spec_dir: String,
    /// The current folder, absolute: names of files that the spec adds to are relative to it.
    pub here: String,
    /// `${case}`: the case id.
    pub case: String,
    /// What is younger, by the clock of the machine and since 1970, was made for the run.
    pub begun: Duration,
    /// `${env.X}`.
    pub env: BTreeMap<String, String>,
    /// What the target inherits with `env-clear = false`: in its order, with whatever bytes there are.
    pub inherited: Vec<(OsString, OsString)>,
    /// `${bin.NAME}`: absolute paths.
    pub bins: Programs,
    /// Instead of the spec's own seed.
    pub seed: Option<u64>,
    /// How many times as long as it says, or as by default, whatever has a time limit may take.
    pub timeout_multiplier: u32,
    /// Who runs instead of what the spec says, unless that is that all do.
    pub policy: Option<super::Policy>,
    /// The process to trace instead of a program, from the command line.
    pub attach: Option<Attached>,
    /// Which of the values in lists this case has.
    pub cell: Cell,
    /// Whether the spec is a file, so that a golden file can lie beside it.
    pub is_file: bool,
}

impl Context {
    /// A context with nothing in the environment, for a spec that is a file.
    pub fn new(arch: Arch, tmp: impl Into<String>, spec_dir: impl Into<String>) -> Context {
        Context {
            arch,
            tmp: tmp.into(),
            spec_dir: spec_dir.into(),
            here: "/".to_owned(),
            case: String::new(),
            begun: Duration::MAX,
            env: BTreeMap::new(),
            inherited: Vec::new(),
            bins: Programs::from(BTreeMap::new()),
            seed: None,
            timeout_multiplier: 1,
            policy: None,
            attach: None,
            cell: Cell::default(),
            is_file: true,
        }
    }
}

/// What the command line says of a process that runs already.
#[derive(Clone, Copy, Debug)]
pub struct Attached {
    /// Its number.
    pub pid: i32,
    /// How long it is traced, instead of what the spec says.
    pub lasts: Option<Duration>,
}

/// Resolves a spec for a machine. `Err` holds everything that is wrong with it, keys and types among it, and the
/// warnings too, in the order of the text; of a good spec the warnings are in [`Plan::warnings`].
pub fn lower(spec: &Spec, context: &Context) -> Result<Plan, Diagnostics> {
    let spec = spec.in_cell(&context.cell);
    let mut lowering = Lowering::new(&spec, context);
    let plan = lowering.plan();
    let problems = lowering.problems.sorted();
    match plan {
        Some(plan) if !problems.has_errors() => Ok(Plan { warnings: problems, ..plan }),
        _ => Err(problems),
    }
}

/// One lowering: what it reads, and what it has found so far.
struct Lowering<'a> {
    spec: &'a Spec,
    context: &'a Context,
    problems: Diagnostics,
    /// Values of `[vars]`; `None` where a value is wrong.
    vars: BTreeMap<String, Option<String>>,
    /// Keys of `[matrix]` that something has asked for.
    chosen: BTreeSet<String>,
    /// Names of the rules, by position.
    rule_names: Vec<Arc<str>>,
    /// The run's seed.
    seed: u64,
    /// Calls that rules and expectations name.
    named: CallSet,
    /// Calls that only `start` and `drop` name.
    noticed: CallSet,
    /// The run has a time of its own.
    has_time: bool,
    /// Whether a call is named that the vDSO answers without the kernel.
    vdso_named: bool,
    /// Rules that may need no stop.
    lone: Vec<constant::Lone>,
    /// Whether something is about rules that fire.
    injections_named: bool,
    /// Calls that are looked at beside those of the rules: what is used instead of them, what a fault depends on.
    beside: CallSet,
}

impl<'a> Lowering<'a> {
    fn new(spec: &'a Spec, context: &'a Context) -> Lowering<'a> {
        Lowering {
            spec,
            context,
            problems: spec.problems.clone(),
            vars: BTreeMap::new(),
            chosen: BTreeSet::new(),
            rule_names: Vec::new(),
            seed: 0,
            named: CallSet::new(),
            noticed: CallSet::new(),
            has_time: false,
            vdso_named: false,
            lone: Vec::new(),
            injections_named: false,
            beside: CallSet::new(),
        }
    }

    /// The plan; `None` where something is missing that no plan can do without, which has been reported.
    fn plan(&mut self) -> Option<Plan> {
        let spec = self.spec;
        self.vars();
        self.requires();
        self.settle_seed();
        self.check_debug_registers();
        if self.spec.inject.iter().any(|rule| rule.at.is_some() || rule.watch.is_some()) {
            self.notice_mappings();
        }
        self.name_rules();
        let target = self.target();
        let policy = self.policy();
        let yields = self.yields(&policy);
        let fixed = self.fixed(&policy);
        self.has_time = fixed.clock.is_some();
        let setup = self.setup();
        let scope = self.trace_scope();
        let rules = self.rules();
        let expect = self.expect();
        let checks = self.checks();
        let snapshot = self.snapshot();
        let sweep = self.sweep();
        self.notice_renames();
        let mut trace = self.trace(scope, fixed.calls());
        trace.hides_vdso |= fixed.clock.is_some() || fixed.random.is_some();
        self.vacuity(&trace, &expect);
        self.check_rings(&trace, &rules);
        self.certain_kill(&trace, &rules, &expect);
        self.streams(&rules, &expect);
        self.unused_axes();
        if let Some(target) = &target {
            self.check_awaited(target, &rules, &expect);
        }
        Some(Plan {
            name: spec.name.as_ref().map_or_else(|| stem(&spec.source.name), |name| name.value.clone()),
            seed: self.seed,
            source: Arc::clone(&spec.source),
            target: target?,
            setup,
            trace,
            policy,
            yields,
            fixed,
            rules,
            expect,
            checks,
            snapshot,
            sweep,
            names: self.host_names(),
            spared: None,
            warnings: Diagnostics::new(),
        })
    }

    /// A file that is renamed is the same one under its descriptors: who looks at those has to see renames.
    fn notice_renames(&mut self) {
        let has_descriptor =
            |call: Sysno| call.info().args.is_some_and(|args| args.iter().any(|arg| matches!(arg.kind, ArgKind::Fd)));
        if self.named.iter().any(has_descriptor) {
            self.noticed.union(const { &CallSet::named(&["rename", "renameat", "renameat2"]) });
        }
    }

    fn settle_seed(&mut self) {
        let written = self.spec.seed.as_ref().map_or(0, |seed| self.unsigned(seed, "seed"));
        self.seed = self.context.seed.unwrap_or(written);
    }

    /// Checks the form of `requires`; whether it is met, the caller finds out.
    fn requires(&mut self) {
        for text in &self.spec.requires {
            let known = ["arch:", "kernel>=", "program:"].into_iter().any(|form| {
                let rest = text.value.strip_prefix(form).unwrap_or_default();
                let version = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
                !rest.is_empty() && (form != "kernel>=" || rest.split('.').all(version))
            });
            if !known && text.value != "namespace:pid" {
                let message = format!("unknown requirement `{}`", text.value);
                let help = "requirements are `arch:x86_64`, `kernel>=5.3`, `program:sqlite3` and `namespace:pid`";
                self.error(Code::BAD_CHOICE, text.span, message, "not a requirement", Some(help.to_owned()));
            }
        }
        if let Some(reason) = self.spec.xfail.as_ref().filter(|reason| reason.value.trim().is_empty()) {
            let help = Some("say which bug makes it fail".to_owned());
            self.error(Code::EMPTY_VALUE, reason.span, "`xfail` has no reason", "empty", help);
        }
        if let Some(name) = self.spec.name.as_ref().filter(|name| name.value.trim().is_empty()) {
            let help = Some("leave `name` out: the file's name is used then".to_owned());
            self.error(Code::EMPTY_VALUE, name.span, "`name` is empty", "empty", help);
        }
    }

    /// Libraries that are mapped later may hold a place.
    fn notice_mappings(&mut self) {
        self.beside.union(const { &CallSet::named(&["mmap"]) });
    }

    /// Records an error at a place.
    fn error(&mut self, code: Code, span: Span, message: impl Into<String>, label: &str, help: Option<String>) {
        let error = Diagnostic::error(&self.spec.source, code, message).at(span, label).help(help);
        self.problems.push(error);
    }

    /// Says that a table lacks a key.
    fn missing<T>(&mut self, span: Span, table: &Table, key: &str) -> Option<T> {
        let (message, label, help) = table.lacks(key);
        self.error(Code::MISSING_KEY, span, message, &label, Some(help));
        None
    }

    /// Records a warning at a place.
    fn warn(&mut self, code: Code, span: Span, message: impl Into<String>, label: &str, help: Option<String>) {
        let warning = Diagnostic::warning(&self.spec.source, code, message).at(span, label).help(help);
        self.problems.push(Diagnostic { level: Level::Warning, ..warning });
    }

    /// Directories and the names that stand for them, longest path first.
    fn host_names(&self) -> Vec<(String, String)> {
        let vars = self.vars.iter().filter_map(|(name, value)| Some((value.clone()?, format!("${{var.{name}}}"))));
        let own = [
            (self.context.tmp.clone(), "${tmp}".to_owned()),
            (self.context.spec_dir.clone(), "${spec-dir}".to_owned()),
        ];
        let mut names: Vec<(String, String)> = vars
            .chain(own)
            .map(|(path, name)| (path.trim_end_matches('/').to_owned(), name))
            .filter(|(path, _)| path.len() > 1 && path.starts_with('/'))
            .collect();
        names.sort_by(|(one, _), (other, _)| other.len().cmp(&one.len()).then_with(|| one.cmp(other)));
        names.dedup_by(|(later, _), (earlier, _)| later == earlier);
        names
    }
}

/// The name of a case without `name`: its file's, without folder and ending.
fn stem(path: &str) -> String {
    let file = path.rsplit('/').next().unwrap_or(path);
    file.strip_suffix(".toml").unwrap_or(file).trim_matches(['<', '>']).to_owned()
}
