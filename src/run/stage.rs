//! One spec that is run again and again with small changes: what it takes to do so is looked up once, and nobody judges.
//! It must not know what the changes are for.

mod recovery;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::counters;
use super::launched::{self, Launched};
use super::{End, Nobody, Options, Trouble, not_set_up, shortage, surroundings, trouble};
use crate::cases::Case;
use crate::diagnostic::{Code, Diagnostics};
use crate::plan::{self, Plan};
use crate::sandbox::{self, Grounds, Sandbox, SetupError, What};
use crate::spec::Spec;
use crate::sweep::{Checked, Left, Shape};
use crate::sys::Terminal;
use crate::transcript::{Abandoned, Record, Sink};

/// So many plans are kept at most.
const PLANS: usize = 256;

/// A spec, ready to be run again and again.
#[derive(Debug)]
pub struct Stage {
    case: Case,
    options: Options,
    context: plan::Context,
    grounds: Arc<Grounds>,
    /// Plans by folder and by the text of the spec.
    plans: Mutex<HashMap<(String, String), Plan>>,
}

/// A run that is over; its folder is there as long as this value is.
#[derive(Debug)]
pub struct Played {
    /// What it came to.
    pub record: Record,
    /// Standard output, with the names that stand for directories of the host.
    pub stdout: Vec<u8>,
    /// Standard error, likewise.
    pub stderr: Vec<u8>,
    /// Standard output as it was.
    pub printed: Vec<u8>,
    /// How long the program ran.
    pub took: Duration,
    /// The program's file.
    pub program: PathBuf,
    plan: Arc<Plan>,
    sandbox: Sandbox,
    counters: Option<Sandbox>,
}

impl Stage {
    /// What it takes to run `case`, and cases like it that lie in the same folder.
    pub fn new(case: &Case, options: &Options) -> Stage {
        Stage {
            context: surroundings::context(case, options, "/tmp/rinject-XXXXXXXX"),
            case: case.clone(),
            options: options.clone(),
            grounds: Arc::default(),
            plans: Mutex::default(),
        }
    }

    /// The plan of a spec, as it would be run.
    ///
    /// # Errors
    /// What is wrong with the spec.
    pub fn plan(&self, spec: &Spec) -> Result<Plan, Diagnostics> {
        plan::lower(spec, &self.context)
    }

    /// Runs a spec in a folder of its own, with what `change` makes of its plan, before `sink`.
    ///
    /// # Errors
    /// Why there was no run, as [`super::run`] has it.
    pub fn play(&self, spec: &Spec, change: impl FnOnce(&mut Plan), sink: &mut dyn Sink) -> Result<Played, Box<End>> {
        self.play_in(spec, |plan, _| change(plan), sink)
    }

    /// The same, where `change` wants to know the folder of the run, which is empty yet.
    ///
    /// # Errors
    /// As [`Stage::play`].
    pub fn play_in(
        &self,
        spec: &Spec,
        change: impl FnOnce(&mut Plan, &Path),
        sink: &mut dyn Sink,
    ) -> Result<Played, Box<End>> {
        let (sandbox, counters, mut plan) =
            self.folder_for(Sandbox::on, |_, context| plan::lower(spec, &context()))?;
        change(&mut plan, sandbox.path());
        Ok(self.play_plan(sandbox, counters, plan, sink)?)
    }

    /// Runs a spec that is run again and again, with other changes of its plan: as long as its text is the same it is read but
    /// once for each folder.
    ///
    /// # Errors
    /// As [`Stage::play`].
    pub fn play_text(
        &self,
        text: &str,
        read: impl FnOnce(&str) -> Result<Spec, Diagnostics>,
        change: impl FnOnce(&mut Plan),
        sink: &mut dyn Sink,
    ) -> Result<Played, Box<End>> {
        let lower = |tmp: &str, context: &dyn Fn() -> plan::Context| {
            let plans = || self.plans.lock().unwrap_or_else(PoisonError::into_inner);
            let key = (tmp.to_owned(), text.to_owned());
            if let Some(known) = plans().get(&key) {
                return Ok(known.clone());
            }
            let plan = plan::lower(&read(text)?, &context())?;
            let mut plans = plans();
            // Where each run has a folder of its own none of them is asked for again.
            if plans.len() >= PLANS {
                plans.clear();
            }
            plans.insert(key, plan.clone());
            Ok(plan)
        };
        let (sandbox, counters, mut plan) = self.folder_for(Sandbox::to_prepare, lower)?;
        change(&mut plan);
        Ok(self.play_plan(sandbox, counters, plan, sink)?)
    }

    /// Runs what a plan says in a folder of its own.
    fn play_plan(
        &self,
        mut sandbox: Sandbox,
        counters: Option<Sandbox>,
        mut plan: Plan,
        sink: &mut dyn Sink,
    ) -> Result<Played, Trouble> {
        let case = &self.case;
        let terminal = sandbox::terminal(&plan.target).map_err(|error| not_set_up(case, &error))?;
        plan.names.extend(terminal.iter().map(|terminal| (terminal.path().to_owned(), "${tty}".to_owned())));
        if plan.lets_go() {
            sandbox.not_again();
        }
        let plan = Arc::new(plan);
        sandbox.prepare(&plan).map_err(|error| not_set_up(case, &error))?;
        let Launched { record, stdout, stderr, took, program } = self.launched(&plan, terminal, sink)?;
        let printed = stdout.clone();
        let (stdout, stderr) = (renamed(&plan, stdout), renamed(&plan, stderr));
        Ok(Played { record, stdout, stderr, printed, took, program, plan, sandbox, counters })
    }

    /// Runs a program to its end; a run that was stopped, or that rinject could not go on with, is none.
    fn launched(
        &self,
        plan: &Arc<Plan>,
        terminal: Option<Terminal>,
        sink: &mut dyn Sink,
    ) -> Result<Launched, Trouble> {
        let launched =
            launched::launch((&self.case, Path::new(&self.context.spec_dir)), plan, terminal, &self.options, sink)?;
        if launched.record.abandoned == Some(Abandoned::Stopped) {
            return Err(Trouble::Interrupted);
        }
        if let Some((message, help)) = shortage(&launched.record) {
            return Err(trouble(&self.case, Code::SETUP, message, None, Some(help.to_owned())));
        }
        Ok(launched)
    }

    /// A folder of its own, as `take` gets it, and the plan of a spec in it, as `lower` has it.
    fn folder_for(
        &self,
        take: impl FnOnce(&Arc<Grounds>) -> Result<Sandbox, SetupError>,
        lower: impl FnOnce(&str, &dyn Fn() -> plan::Context) -> Result<Plan, Diagnostics>,
    ) -> Result<(Sandbox, Option<Sandbox>, Plan), Trouble> {
        if self.options.stopper.is_stopped() {
            return Err(Trouble::Interrupted);
        }
        let sandbox = take(&self.grounds).map_err(|error| not_set_up(&self.case, &error))?;
        let tmp = sandbox.path().to_string_lossy().into_owned();
        let begun = surroundings::begun(sandbox.made());
        let context = || plan::Context { tmp: tmp.clone(), begun, ..self.context.clone() };
        let mut plan = lower(&tmp, &context).map_err(Trouble::Invalid)?;
        let counters = counters::lead(&mut plan, &self.options).map_err(|error| not_set_up(&self.case, &error))?;
        Ok((sandbox, counters, plan))
    }

    /// A folder of its own as if a run of `spec` had left it: what is in it, `fill` puts there.
    ///
    /// # Errors
    /// Why there is none, as [`super::run`] has it.
    pub fn lay_out(&self, spec: &Spec, fill: impl FnOnce(&Path) -> io::Result<()>) -> Result<Played, Box<End>> {
        let (sandbox, counters, plan) = self.folder_for(Sandbox::on, |_, context| plan::lower(spec, &context()))?;
        let played = Played {
            record: Record::default(),
            stdout: Vec::new(),
            stderr: Vec::new(),
            printed: Vec::new(),
            took: Duration::ZERO,
            program: PathBuf::new(),
            plan: Arc::new(plan),
            sandbox,
            counters,
        };
        self.filled(&played, fill)?;
        Ok(played)
    }

    /// The same, in the folder of a run that is over: nothing of what it left stays.
    ///
    /// # Errors
    /// As [`Stage::lay_out`].
    pub fn lay_over(&self, played: &Played, fill: impl FnOnce(&Path) -> io::Result<()>) -> Result<(), Box<End>> {
        if self.options.stopper.is_stopped() {
            return Err(Box::new(End::Interrupted));
        }
        played.sandbox.clear().map_err(|error| not_set_up(&self.case, &error))?;
        self.filled(played, fill)
    }

    fn filled(&self, played: &Played, fill: impl FnOnce(&Path) -> io::Result<()>) -> Result<(), Box<End>> {
        let path = played.sandbox.path();
        fill(path).map_err(|error| self.not_kept(path, error))?;
        Ok(played.sandbox.make_cwd(&played.plan).map_err(|error| not_set_up(&self.case, &error))?)
    }

    /// That what a run could have left cannot be put into a folder.
    pub fn not_kept(&self, path: &Path, error: io::Error) -> Box<End> {
        let error = SetupError::File { what: "lay out a state in", path: path.to_owned(), span: None, error };
        not_set_up(&self.case, &error).into()
    }
}

impl Stage {
    /// Runs the program of a run once more, in the folder that it has left, with what `change` makes of its plan.
    ///
    /// # Errors
    /// Why there was no run.
    pub fn play_again(&self, played: &Played, change: impl FnOnce(&mut Plan)) -> Result<(), Box<End>> {
        let mut plan = (*played.plan).clone();
        change(&mut plan);
        let terminal = sandbox::terminal(&plan.target).map_err(|error| not_set_up(&self.case, &error))?;
        self.launched(&Arc::new(plan), terminal, &mut Nobody)?;
        Ok(())
    }
}

impl Played {
    /// Runs the checks of the spec, in order.
    ///
    /// # Errors
    /// One of them could not be run.
    pub fn checks(&self, stage: &Stage) -> Result<Vec<Checked>, Box<End>> {
        self.checks_after(stage, &self.printed)
    }

    /// The same, where so much has been printed.
    ///
    /// # Errors
    /// One of them could not be run.
    pub fn checks_after(&self, stage: &Stage, printed: &[u8]) -> Result<Vec<Checked>, Box<End>> {
        self.first_checks(stage, usize::MAX, printed)
    }

    /// What is in the folder now, by the names in it.
    pub fn files(&self) -> BTreeMap<String, Left> {
        self.sandbox.described().into_iter().map(|(name, (what, mode))| (name, left(what, mode))).collect()
    }

    /// The folder of the run.
    pub fn folder(&self) -> &Path {
        self.sandbox.path()
    }

    /// The folder for counters, where [`Options::counting`] asks for one.
    pub fn counters(&self) -> Option<&Path> {
        self.counters.as_ref().map(Sandbox::path)
    }

    /// A text with the names that stand for directories of the host.
    pub fn renamed(&self, text: &str) -> String {
        self.plan.renamed(text)
    }

    /// The name in the folder of a path of the host, if it lies there.
    pub fn name_of(&self, path: &str) -> Option<String> {
        Path::new(path).strip_prefix(self.sandbox.path()).ok().map(|name| name.to_string_lossy().into_owned())
    }

    /// The names that were in the folder before the run.
    pub fn before(&self) -> BTreeSet<String> {
        self.sandbox.names_before()
    }
}

fn left(what: What, mode: u32) -> Left {
    let shape = match what {
        What::File { size, content } => {
            Shape::File { size, content: content.map_or_else(|error| error, |digest| format!("sha256:{digest}")) }
        }
        What::Link(to) => Shape::Link(to),
        What::Folder => Shape::Folder,
        What::Special => Shape::Special,
    };
    Left { mode, shape }
}

/// A text in which the directories of the host have the names that stand for them.
fn renamed(plan: &Plan, text: Vec<u8>) -> Vec<u8> {
    match String::from_utf8(text) {
        Ok(text) => plan.renamed(&text).into_bytes(),
        Err(error) => error.into_bytes(),
    }
}
