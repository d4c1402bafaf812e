//! The story of one case: parse, lower, run, judge, compare.

mod barrier;
mod cause;
mod counters;
mod facts;
mod golden;
mod launched;
mod lines;
mod refusal;
mod requires;
mod stage;
mod surroundings;
mod untraceable;

pub use cause::{Cause, cause, reads_directory};
pub use facts::{has_ptrace_capability, is_filtered};
pub use lines::{Difference, Lines};
pub use refusal::{Refusal, yama_scope};
pub use requires::unmet;
pub use stage::{Played, Stage};
pub use untraceable::Untraceable;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use tempfile::SpooledTempFile;

use crate::abi::TaskId;
use crate::cases::Case;
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Label, Level, Source, Span};
use crate::plan::{self, Plan, TextTest};
use crate::sandbox::{self, Sandbox, SetupError};
use crate::snapshot::{SnapshotError, Update};
use crate::sys::{ExecFailure, Terminal};
use crate::tracer::{self, Outputs, Stopper};
use crate::transcript::{Abandoned, Event, Record, Sink, Writer};
use crate::verdict::{CheckResult, Evidence, Judge, Outcome, Verdict};

/// When a case's folder is kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Keep {
    /// Never.
    #[default]
    Never,
    /// When the case failed.
    Failed,
    /// Always.
    Always,
}

/// What holds for every case of a session.
#[derive(Clone, Debug)]
pub struct Options {
    /// Instead of the specs' own seeds.
    pub seed: Option<u64>,
    /// How many times as long as specs say, or as by default, whatever has a time limit may take: more than one where the
    /// machine is slow or busy.
    pub timeout_multiplier: u32,
    /// What may be written of snapshots.
    pub update: Update,
    /// Whether this is a CI run, where nothing is written unasked.
    pub is_ci: bool,
    /// When folders are kept.
    pub keep: Keep,
    /// What `${bin.NAME}` means.
    pub bins: BTreeMap<String, String>,
    /// The same, as the project says once for all; what cargo says goes before it.
    pub bins_of_project: BTreeMap<String, String>,
    /// Who runs instead of what specs say, unless that is that all do. What comes of it is compared with no snapshot.
    pub policy: Option<plan::Policy>,
    /// The process to trace instead of the specs' programs.
    pub attach: Option<plan::Attached>,
    /// Whether each run, with its setup and its checks, has a folder of its own for the counters of a program that counts which of
    /// its lines are reached, and those calls that write them are left alone.
    pub counting: bool,
    /// Ends all runs.
    pub stopper: Stopper,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            seed: None,
            timeout_multiplier: 1,
            policy: None,
            update: Update::Auto,
            is_ci: false,
            keep: Keep::Never,
            bins: BTreeMap::new(),
            bins_of_project: BTreeMap::new(),
            attach: None,
            counting: false,
            stopper: Stopper::default(),
        }
    }
}

/// What became of a case.
#[derive(Debug)]
pub enum End {
    /// It ran and was judged, or was skipped.
    Judged(Box<Judged>),
    /// The spec is invalid (exit status 3).
    Invalid(Diagnostics),
    /// It could not be set up (exit status 6).
    NotSetUp(Box<Diagnostic>),
    /// This machine cannot run it (exit status 5).
    Unable(Refusal),
    /// The run was stopped from outside (exit status 130).
    Interrupted,
}

impl End {
    /// That something is missing without which `case` cannot be run as it is asked for, and how to get it.
    pub fn missing(case: &Case, message: String, help: String) -> End {
        trouble(case, Code::SETUP, message, None, Some(help)).into()
    }

    /// The verdict, or why there is none.
    pub fn word(&self) -> &'static str {
        match self {
            End::Judged(judged) => judged.outcome.verdict.word(),
            End::Invalid(_) => "invalid",
            End::NotSetUp(_) => "not set up",
            End::Unable(_) => "unable",
            End::Interrupted => "interrupted",
        }
    }

    /// Whether it counts as a failure; one that was interrupted says nothing.
    pub fn is_failure(&self) -> bool {
        match self {
            End::Judged(judged) => judged.outcome.verdict.is_failure(),
            End::Invalid(_) | End::NotSetUp(_) | End::Unable(_) => true,
            End::Interrupted => false,
        }
    }
}

/// A case that was judged.
#[derive(Debug)]
pub struct Judged {
    /// What it came to.
    pub outcome: Outcome,
    /// What the author should know although it failed nothing.
    pub warnings: Diagnostics,
    /// The text that spans point into.
    pub source: Arc<Source>,
    /// The transcript, line by line.
    pub transcript: Lines,
    /// What the target printed on standard output.
    pub stdout: Vec<u8>,
    /// What the target printed on standard error.
    pub stderr: Vec<u8>,
    /// The case's folder, where it was kept.
    pub kept: Option<PathBuf>,
    /// The golden file that was written, if one was.
    pub written: Option<PathBuf>,
    /// A text that waits to be accepted, if one does.
    pub pending: Option<PathBuf>,
    /// The seed that this run was chosen for, among those of many.
    pub seed: Option<u64>,
}

/// Why a case came to no verdict, on the way through the story.
enum Trouble {
    Invalid(Diagnostics),
    NotSetUp(Box<Diagnostic>),
    Unable(Refusal),
    Interrupted,
}

impl From<Trouble> for End {
    fn from(trouble: Trouble) -> End {
        match trouble {
            Trouble::Invalid(diagnostics) => End::Invalid(diagnostics),
            Trouble::NotSetUp(diagnostic) => End::NotSetUp(diagnostic),
            Trouble::Unable(refusal) => End::Unable(refusal),
            Trouble::Interrupted => End::Interrupted,
        }
    }
}

impl From<Trouble> for Box<End> {
    fn from(trouble: Trouble) -> Box<End> {
        Box::new(End::from(trouble))
    }
}

/// Runs one case from the spec to the verdict.
pub fn run(case: &Case, options: &Options) -> End {
    run_before(case, options, &mut Nobody)
}

/// Runs one case from the spec to the verdict; `onlooker` is told of every event as soon as it is known.
pub fn run_before(case: &Case, options: &Options, onlooker: &mut (dyn Sink + Send)) -> End {
    let span = tracing::info_span!(target: "rinject::case", "case", id = case.id.as_str());
    let _entered = span.enter();
    let end = story(case, options, onlooker).unwrap_or_else(End::from);
    tracing::info!(target: "rinject", "{}", end.word());
    end
}

/// Whoever looks on where nobody does.
struct Nobody;

impl Sink for Nobody {
    fn event(&mut self, _: &Event) {}
}

/// Resolves a case without running it: what `check` and `explain` look at.
pub fn resolve(case: &Case, options: &Options) -> Result<Plan, Diagnostics> {
    // As long as the folder of a run, so that what depends on lengths is the same.
    lower(case, options, "/tmp/rinject-XXXXXXXX")
}

fn story(case: &Case, options: &Options, onlooker: &mut (dyn Sink + Send)) -> Result<End, Trouble> {
    golden::refer(case).map_err(|error| snapshot_trouble(case, &error))?;
    let spec = case.spec.as_ref().map_err(|problems| Trouble::Invalid(problems.clone()))?;
    if let Some(reason) = unmet(spec.requires.iter().map(|text| text.value.as_str())) {
        // A spec that is wrong is wrong on every machine.
        let plan = resolve(case, options).map_err(Trouble::Invalid)?;
        return Ok(skipped(&plan, reason));
    }
    let mut sandbox = Sandbox::new().map_err(|error| not_set_up(case, &error))?;
    let tmp = sandbox.path().to_string_lossy().into_owned();
    let mut plan = lower(case, options, &tmp).map_err(Trouble::Invalid)?;
    let _counters = counters::lead(&mut plan, options).map_err(|error| not_set_up(case, &error))?;
    let terminal = sandbox::terminal(&plan.target).map_err(|error| not_set_up(case, &error))?;
    plan.names.extend(terminal.iter().map(|terminal| (terminal.path().to_owned(), "${tty}".to_owned())));
    let plan = Arc::new(plan);
    sandbox.prepare(&plan).map_err(|error| not_set_up(case, &error))?;
    let mut judge = Judge::new(&plan);
    let observed = observe(case, &plan, terminal, options, (&mut judge, onlooker))?;
    let transcript = observed.transcript;
    let evidence = gather(case, &plan, &sandbox, observed.record, observed.stdout, observed.stderr)?;
    let (stdout, stderr) = (evidence.stdout.clone(), evidence.stderr.clone());
    let mut outcome = evidence.judge(&plan, judge.finish());
    outcome.show_end(transcript.count());
    let compared = golden::compare(case, &plan, &sandbox, &transcript, &stdout, &mut outcome, options)
        .map_err(|error| snapshot_trouble(case, &error))?;
    if let Some(xfail) = &spec.xfail {
        outcome.expect_failure(&xfail.value);
    }
    let keep = match options.keep {
        Keep::Never => false,
        Keep::Failed => outcome.verdict.is_failure(),
        Keep::Always => true,
    };
    let kept = keep.then(|| sandbox.keep());
    Ok(End::Judged(Box::new(Judged {
        outcome,
        warnings: plan.warnings.clone(),
        source: plan.source.clone(),
        transcript,
        stdout,
        stderr,
        kept,
        written: compared.written,
        pending: compared.pending,
        seed: None,
    })))
}

fn lower(case: &Case, options: &Options, tmp: &str) -> Result<Plan, Diagnostics> {
    let spec = case.spec.as_ref().map_err(Clone::clone)?;
    plan::lower(spec, &surroundings::context(case, options, tmp))
}

struct Observed {
    record: Record,
    transcript: Lines,
    stdout: Vec<u8>,
    stderr: Vec<u8>,
}

/// Runs the target under trace.
fn observe(
    case: &Case,
    plan: &Arc<Plan>,
    terminal: Option<Terminal>,
    options: &Options,
    (judge, onlooker): (&mut Judge, &mut (dyn Sink + Send)),
) -> Result<Observed, Trouble> {
    let writer = Writer::new(Lines::file(), plan.target.limits.most_events());
    let mut sink = All { writer, judge, onlooker };
    let (record, stdout, stderr) = match &plan.target.attach {
        Some(attach) => {
            launched::arch()?;
            let outputs = Outputs { stopper: options.stopper.clone(), ..Outputs::default() };
            let traced = tracer::trace_running(plan, TaskId(attach.pid), outputs, &mut sink);
            (traced.map_err(|error| refused(case, Refusal::from(error)))?.record, Vec::new(), Vec::new())
        }
        None => {
            let folder = surroundings::spec_folder(&case.file);
            let launched = launched::launch((case, &folder), plan, terminal, options, &mut sink)?;
            (launched.record, launched.stdout, launched.stderr)
        }
    };
    let lines = sink.writer.lines();
    let (file, failed) = sink.writer.finish();
    let transcript = Lines::new(file, lines);
    if let Some(error) = failed {
        return Err(cut_short(case, transcript_trouble(error).to_string(), "it has no room left", &transcript));
    }
    if let Some((message, help)) = shortage(&record) {
        return Err(cut_short(case, message, help, &transcript));
    }
    if record.abandoned == Some(Abandoned::Stopped) {
        return Err(Trouble::Interrupted);
    }
    Ok(Observed { record, transcript, stdout, stderr })
}

/// Every event goes into the transcript, before whoever looks on, and before the judge.
struct All<'a> {
    writer: Writer<SpooledTempFile>,
    judge: &'a mut Judge,
    onlooker: &'a mut (dyn Sink + Send),
}

impl Sink for All<'_> {
    fn event(&mut self, event: &Event) {
        if event.written {
            tracing::debug!(target: "rinject::event", task = %event.task, "{event}");
        }
        self.writer.event(event);
        self.onlooker.event(event);
        self.judge.event(event);
    }

    fn stands_still(&mut self, task: TaskId) {
        self.onlooker.stands_still(task);
    }

    fn is_content(&self) -> bool {
        self.judge.is_content()
    }

    fn is_broken(&self) -> bool {
        self.writer.is_broken()
    }
}

/// Everything the verdict needs to know besides the events.
fn gather(
    case: &Case,
    plan: &Plan,
    sandbox: &Sandbox,
    record: Record,
    stdout: Vec<u8>,
    stderr: Vec<u8>,
) -> Result<Evidence, Trouble> {
    let leftovers = sandbox.leftovers();
    let mut checks = Vec::new();
    if record.abandoned.is_none() {
        for check in &plan.checks {
            let ran = sandbox.check(check, plan, &stdout).map_err(|error| not_set_up(case, &error))?;
            checks.push(CheckResult { ending: ran.ending, stdout: ran.stdout, stderr: ran.stderr });
        }
    }
    let outputs = [&plan.expect.stdout, &plan.expect.stderr].into_iter();
    let outputs = outputs.chain(plan.checks.iter().flat_map(|check| [&check.stdout, &check.stderr]));
    let named = outputs.flat_map(|output| &output.tests).filter_map(|(test, _)| match test {
        TextTest::File(path) => Some(path.clone()),
        _ => None,
    });
    let files = named.map(|path| (path.clone(), std::fs::read(&path).map_err(|error| error.to_string()))).collect();
    Ok(Evidence { record, stdout, stderr, files, leftovers, checks })
}

fn skipped(plan: &Plan, reason: String) -> End {
    let outcome = Outcome {
        verdict: Verdict::Skip(reason),
        failures: Vec::new(),
        met: Vec::new(),
        record: Record::default(),
        rules: Vec::new(),
    };
    End::Judged(Box::new(Judged {
        outcome,
        warnings: plan.warnings.clone(),
        source: plan.source.clone(),
        transcript: Lines::empty(),
        stdout: Vec::new(),
        stderr: Vec::new(),
        kept: None,
        written: None,
        pending: None,
        seed: None,
    }))
}

/// What this machine refuses, or has too little of just now.
fn refused(case: &Case, refusal: Refusal) -> Trouble {
    match &refusal {
        Refusal::Resources(_) => trouble(case, Code::SETUP, refusal.to_string(), None, Some(refusal.help())),
        _ => Trouble::Unable(refusal),
    }
}

fn not_set_up(case: &Case, error: &SetupError) -> Trouble {
    let code = match error {
        SetupError::NotFound { .. } | SetupError::NotExecutable { .. } => Code::TARGET_NOT_FOUND,
        SetupError::Command { .. } => Code::SETUP_COMMAND,
        SetupError::File { .. } | SetupError::ZeroByte { .. } => Code::SETUP,
    };
    trouble(case, code, error.to_string(), error.span(), error.help())
}

fn not_executed(case: &Case, plan: &Plan, failure: ExecFailure) -> Trouble {
    let words = |errno: i32| std::io::Error::from_raw_os_error(errno).to_string();
    let message = match failure {
        ExecFailure::Directory(errno) => {
            format!("cannot change to the working directory `{}`: {}", plan.target.cwd.display(), words(errno))
        }
        ExecFailure::Limits(errno) => format!("cannot set the resource limits: {}", words(errno)),
        ExecFailure::Filter(errno) => return Trouble::Unable(Refusal::Filter(errno)),
        ExecFailure::Exec(errno) => format!("cannot execute `{}`: {}", plan.target.program, words(errno)),
    };
    trouble(case, Code::TARGET_NOT_FOUND, message, Some(plan.target.program_span), None)
}

fn snapshot_trouble(case: &Case, error: &SnapshotError) -> Trouble {
    let help = "mend or remove the file; `rinject run -u` writes it anew";
    trouble(case, Code::SETUP, error.to_string(), None, Some(help.to_owned()))
}

fn transcript_trouble(error: std::io::Error) -> SetupError {
    SetupError::File { what: "write the transcript in", path: PathBuf::from("/tmp"), span: None, error }
}

/// What rinject has run out of, and what shows its limits, if that has ended a run.
fn shortage(record: &Record) -> Option<(String, &'static str)> {
    let Some(Abandoned::Shortage(errno)) = record.abandoned else { return None };
    let error = std::io::Error::from_raw_os_error(errno);
    let help = "`ulimit -n` and `ulimit -v` show the limits of rinject itself, `-j 1` runs one case at a time";
    Some((format!("rinject cannot go on: {error}"), help))
}

/// A run that rinject could not go on with: how, and the end of what was recorded.
fn cut_short(case: &Case, message: String, help: &str, transcript: &Lines) -> Trouble {
    let (end, count) = transcript.last(20).unwrap_or_default();
    let recorded = format!("the run was ended; {count} lines were recorded until then");
    let mut trouble = trouble(case, Code::SETUP, message, None, Some(help.to_owned()));
    if let Trouble::NotSetUp(diagnostic) = &mut trouble {
        diagnostic.notes.extend(std::iter::once(recorded).chain(end));
    }
    trouble
}

fn trouble(case: &Case, code: Code, message: String, span: Option<Span>, help: Option<String>) -> Trouble {
    Trouble::NotSetUp(Box::new(Diagnostic {
        code,
        level: Level::Error,
        message,
        labels: span.into_iter().map(|span| Label { span, text: String::new() }).collect(),
        help,
        notes: Vec::new(),
        source: case.source.clone(),
    }))
}
