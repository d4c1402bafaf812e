//! A sweep: runs without a fault that must agree, then one run with each fault, in parallel.
//! It must not know how results are told, or kept.

mod attributes;
mod base;
mod baseline;
mod below;
mod cells;
mod coverage;
mod facts;
mod recovery;
mod source;
mod states;
mod timed;

pub use base::{Base, Checks};
pub use cells::{Lost, Ran, run_cells};
pub use recovery::Recoveries;
pub use states::Power;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use baseline::{AnotherDay, Asked, FRAMES, LONGER, Runs, Taken};
use coverage::Reader;
use facts::{check, facts};

use crate::abi::{Arch, CallSet, Ending, Sysno};
use crate::diagnostic::Diagnostics;
use crate::plan::{FaultKind, Plan, Resource, Sweep};
use crate::run::{End, Options, Played, Stage};
use crate::sweep::coverage::{Coverage, Reached};
use crate::sweep::{ALLOCATORS, Called, Cell, Facts, Golden, Makes, PLENTY, Point, Survey, fallible, settle};
use crate::transcript::Sink;

/// A run with a fault may take so many times as long as the longest without one,
const TIMES_LONGER: u32 = 10;
/// and never less than this.
const SHORTEST: Duration = Duration::from_secs(1);
/// A run that is alone on the machine has this long before it counts as hanging, at least.
const PATIENCE: Duration = Duration::from_secs(30);
/// So much longer than the others it may take.
const PATIENCE_LONGER: u32 = 4;
/// Who outlives the first process may be silent for this part of the time limit before it comes to its own end.
const GRACE: u32 = 4;
/// A clock of the run's own begins with a second; in a run with a fault it may be ahead by as much as this, and rarely by more.
const AHEAD: Duration = Duration::from_millis(507);
/// What `[[setup]]` makes goes by the clock of the machine: so far apart two runs show that, also in archives, whose times are
/// even seconds.
const APART: Duration = Duration::from_millis(2100);
/// How much more than without a fault a program may print, in bytes.
const MORE_OUTPUT: u64 = 16 << 20;

/// A spec whose runs without a fault agree.
#[derive(Debug)]
pub struct Course {
    base: Base,
    stage: Stage,
    /// What the spec says of sweeps.
    pub sweep: Sweep,
    /// What the runs without a fault have in common.
    pub golden: Golden,
    /// The points they come to.
    pub points: Vec<Point>,
    /// How long a run with a fault may take.
    pub limit: Duration,
    /// How long one may take that is made alone at the end, since it had not come to its end in time.
    pub patience: Duration,
    /// How long nothing may be seen of others when the first process has ended.
    grace: Duration,
    /// The program's file.
    pub program: PathBuf,
    /// What the author should know.
    pub notes: Vec<String>,
    /// States that a loss of power can leave, where they are asked for.
    pub power: Option<Power>,
    /// Faults in the recovery of what kills and losses of power leave, once they are found.
    recoveries: Recoveries,
    /// Which lines runs without a fault reach, where it is asked for.
    pub reached: Option<Coverage>,
    reader: Option<Arc<Reader>>,
    calls: CallSet,
    counts: BTreeMap<Called, u64>,
    has_company: bool,
}

/// Why there is no sweep.
#[derive(Debug)]
pub enum Refused {
    /// There was no run, or not to its end.
    End(Box<End>),
    /// Runs without a fault do not agree: in what, one sentence each.
    Unsteady(Vec<String>),
    /// One of them did not come to its end in time: how far it came.
    Endless(String),
}

impl From<states::Missing> for Refused {
    fn from(missing: states::Missing) -> Refused {
        match missing {
            states::Missing::End(end) => Refused::End(end),
            states::Missing::Unlike(why) => Refused::Unsteady(vec![why]),
        }
    }
}

impl From<Box<End>> for Refused {
    fn from(end: Box<End>) -> Refused {
        Refused::End(end)
    }
}

/// What a spec says of sweeps, with `instead` (keys of `[sweep]`) in place of what it says of the same.
///
/// # Errors
/// What is wrong with the spec, or with `instead`.
pub fn settings(base: &Base, instead: &toml::Table, options: &Options) -> Result<Sweep, Diagnostics> {
    // First as it is written, so that what is wrong is shown where it stands.
    let case = base.case();
    let spec = case.spec.as_ref().map_err(Clone::clone)?;
    let plan = Stage::new(case, options).plan(spec)?;
    if instead.is_empty() {
        return Ok(plan.sweep.unwrap_or_else(|| Sweep { seed: plan.seed, ..Sweep::default() }));
    }
    let asking = base.asking(instead);
    let spec = asking.spec.as_ref().map_err(Clone::clone)?;
    Ok(Stage::new(&asking, options).plan(spec)?.sweep.unwrap_or_default())
}

impl Course {
    /// Runs `base` without a fault, as often as the spec says; where it is not the same each time, as often again with a
    /// time and random bytes of the run's own. `sweep` is what the spec says of sweeps, and `jobs` how many runs are made at a
    /// time.
    ///
    /// # Errors
    /// Why there is no sweep.
    pub fn take(base: &Base, sweep: &Sweep, options: &Options, jobs: usize) -> Result<Course, Refused> {
        let options = Options { counting: sweep.coverage, ..options.clone() };
        let reader = || Reader::new(&Stage::new(base.case(), &options), base).map(Arc::new);
        let reader = sweep.coverage.then(reader).transpose()?;
        let mut course = Course::steady(base, sweep, (&options, jobs), reader.as_ref())?;
        if sweep.faults.contains(&FaultKind::States) {
            course.record()?;
        }
        Ok(course)
    }

    /// Records a run for the states that a loss of power can leave.
    fn record(&mut self) -> Result<(), Refused> {
        let (power, notes) = Power::record(&self.stage, &self.base, &self.sweep, &self.golden, self.points.len())?;
        self.notes.extend(notes);
        self.points.extend(power.points().cloned());
        self.power = Some(power);
        Ok(())
    }

    /// All cells of the sweep: each point with each fault, then the states, then the faults in recoveries that were found.
    pub fn cells(&self) -> Vec<Cell> {
        let mut all = crate::sweep::cells(&self.points[..self.fault_points()], &self.sweep);
        all.extend(self.power.iter().flat_map(|power| power.cells().iter().copied()));
        all.extend(self.recoveries.cells());
        all
    }

    /// The points of the program; those behind them are of recoveries.
    pub fn own_points(&self) -> &[Point] {
        &self.points[..self.points.len() - self.recoveries.points()]
    }

    /// How many points there are at which calls of the program can fail; those behind them are of the states.
    pub fn fault_points(&self) -> usize {
        self.own_points().len() - self.power.as_ref().map_or(0, |power| power.points().count())
    }

    /// Which lines a run has reached that no run without a fault reaches; `None` where nobody asks. Known they are where something
    /// has counted.
    fn reach(&self, played: &Played) -> Result<Option<Reached>, Box<End>> {
        let (Some(reader), Some(known)) = (&self.reader, &self.reached) else { return Ok(None) };
        let read = reader.read(played).map_err(|trouble| trouble.of(&self.base))?;
        let is_known = read.is_some();
        Ok(Some(Reached { more: read.unwrap_or_default().beyond(known), is_known }))
    }

    /// Has the calls of a run with a fault be events that were events without one, too: they have a part in the order of tasks.
    fn watch(&self, plan: &mut Plan) {
        watch_calls(plan, &self.calls);
        if self.sweep.faults.contains(&FaultKind::Budgets) {
            let arch = Arch::host().unwrap_or(Arch::X86_64);
            let names = Resource::ALL.into_iter().flat_map(Resource::each_call);
            for call in names.filter_map(Sysno::parse).filter(|call| call.number(arch).is_some()) {
                plan.trace.calls.insert(call);
                plan.trace.beside.remove(call);
            }
        }
    }

    fn steady(
        base: &Base,
        sweep: &Sweep,
        options: (&Options, usize),
        reader: Option<&Arc<Reader>>,
    ) -> Result<Course, Refused> {
        let (taken, another_day) = match Course::try_take(base, sweep, options, reader, true) {
            Ok((course, another_day)) => (Ok(course), another_day),
            Err(refused) => (Err(refused), Ok(None)),
        };
        let is_steady = match &taken {
            Ok(course) if course.golden.left_out().is_empty() => {
                another_day?.is_none_or(|facts| course.golden.differences(&facts).is_empty())
            }
            Ok(_) | Err(Refused::Unsteady(_)) => false,
            Err(Refused::End(_) | Refused::Endless(_)) => true,
        };
        if is_steady {
            return taken;
        }
        match (Course::try_take(&base.fixed(), sweep, options, reader, false), taken) {
            (Ok((mut course, _)), _) => {
                let note = "runs were not the same: the program has a time and random bytes of the run's own";
                course.notes.insert(0, note.to_owned());
                Ok(course)
            }
            // A program may not be able to do with them.
            (_, taken) => taken,
        }
    }

    /// Runs without a fault, which agree, and what another day shows where that is asked for.
    fn try_take(
        base: &Base,
        sweep: &Sweep,
        (options, jobs): (&Options, usize),
        reader: Option<&Arc<Reader>>,
        asks_another_day: bool,
    ) -> Result<(Course, AnotherDay), Refused> {
        let stage = Stage::new(base.case(), options);
        let mut reached = reader.map(|_| Coverage::default());
        let arch = Arch::host().unwrap_or(Arch::X86_64);
        let calls: CallSet = fallible(sweep).iter().filter(|call| call.number(arch).is_some()).collect();
        let begun = Instant::now();
        let limit = |longest: Duration| (longest * TIMES_LONGER).max(SHORTEST) * options.timeout_multiplier;
        let asked = Asked {
            stage: &stage,
            base,
            sweep,
            calls: &calls,
            reader: reader.map(Arc::as_ref),
            another_day: asks_another_day.then(|| base.fixed()),
            limit: &limit,
        };
        let Runs { taken, another_day } = asked.runs(jobs)?;
        let longest = taken.iter().skip(1).map(|run| run.took).max().unwrap_or_default();
        let silence = taken.iter().map(|run| run.silence).max().unwrap_or_default();
        if let Some(reached) = &mut reached {
            taken.iter().filter_map(|run| run.reached.as_ref()).for_each(|read| reached.add(read));
        }
        let mut first: Option<Taken> = None;
        let (mut runs, mut unsteady, mut untried) = (Vec::new(), Vec::new(), BTreeSet::new());
        for run in taken {
            runs.push(run.facts.clone());
            match &mut first {
                Some(first) => {
                    unsteady.extend(first.survey.difference(&run.survey));
                    untried.extend(first.survey.agree_in_needs(&run.survey));
                }
                None => first = Some(run),
            }
        }
        let Taken { survey: first, program, folder, is_fixed, has_setup, .. } = first.unwrap_or_default();
        let golden = settle(&runs, sweep.compare);
        let mut golden = match (golden, unsteady.is_empty()) {
            (Ok(golden), true) => golden,
            (Ok(_), false) => return Err(Refused::Unsteady(unsteady)),
            (Err(why), _) => {
                unsteady.extend(why);
                return Err(Refused::Unsteady(unsteady));
            }
        };
        if is_fixed && has_setup {
            std::thread::sleep(APART.saturating_sub(begun.elapsed()));
        }
        if is_fixed && let Some(other) = with_other_chances(&stage, base)? {
            golden.note_chance(&other);
        }
        let (has_company, calls_made) = (first.has_company(), first.calls());
        let counted = calls.iter().map(Called::Call).chain(ALLOCATORS.map(Called::Function));
        let counts = counted.map(|called| (called, first.count(called))).collect();
        let mut points = first.into_points();
        for point in &mut points {
            if let Makes::Unless(path) = &point.circumstances.makes {
                point.circumstances.makes =
                    if was_there(path, &golden.facts, &folder) { Makes::No } else { Makes::Yes };
            }
        }
        source::note_lines(&mut points, &program);
        let left_out = golden.left_out();
        let mut notes = Vec::new();
        notes.extend(failing(&golden.facts));
        if !untried.is_empty() {
            let names: Vec<&str> = untried.into_iter().map(Resource::name).collect();
            notes.push(format!(
                "not every budget is tried, since each run needs another amount: {}",
                names.join(", ")
            ));
        }
        if !left_out.is_empty() {
            notes.push(format!("not compared, since it is not the same in each run: {left_out}"));
        }
        tracing::info!(target: "rinject", "{calls_made} calls at {} points", points.len());
        let limit = limit(longest);
        let course = Course {
            base: base.clone(),
            stage,
            sweep: sweep.clone(),
            golden,
            points,
            limit,
            patience: (limit * PATIENCE_LONGER).max(PATIENCE),
            grace: silence + limit / GRACE,
            program,
            notes,
            power: None,
            recoveries: Recoveries::default(),
            reached,
            reader: reader.cloned(),
            calls,
            counts,
            has_company,
        };
        Ok((course, another_day))
    }

    /// The spec that the runs have in common.
    pub fn base(&self) -> &Base {
        &self.base
    }

    /// Whether the program is more than one task.
    pub fn has_company(&self) -> bool {
        self.has_company
    }
}

/// Runs the base with more rules.
fn play(
    stage: &Stage,
    base: &Base,
    rules: &str,
    change: impl FnOnce(&mut Plan),
    sink: &mut dyn Sink,
) -> Result<Played, Box<End>> {
    let case = base.with(rules);
    match &case.spec {
        Ok(spec) => stage.play(spec, change, sink),
        Err(problems) => Err(Box::new(End::Invalid(problems.clone()))),
    }
}

/// A run with other random bytes and a clock that is ahead; `None` where it does not end.
fn with_other_chances(stage: &Stage, base: &Base) -> Result<Option<Facts>, Box<End>> {
    let change = |plan: &mut Plan| {
        plan.fixed.random = plan.fixed.random.map(|seed| seed.wrapping_add(1));
        plan.fixed.clock = plan.fixed.clock.map(|start| start + AHEAD);
    };
    let played = play(stage, base, "", change, &mut Survey::new(false))?;
    let mut other = facts(&played);
    if other.stuck.is_some() {
        return Ok(None);
    }
    check(&mut other, &played, stage)?;
    Ok(Some(other))
}

/// Has all of these calls be events that are written, and no others.
fn watch_calls(plan: &mut Plan, calls: &CallSet) {
    plan.trace.calls.union(calls);
    calls.iter().for_each(|call| plan.trace.beside.remove(call));
    plan.trace.written = calls.clone();
}

/// Rules that do nothing: where memory is allocated, and where more of a resource is needed, if a sweep wants to know that.
fn lookouts(sweep: &Sweep) -> String {
    let mut rules = String::new();
    if sweep.faults.contains(&FaultKind::Alloc) {
        rules.extend(ALLOCATORS.map(|name| look(name, &format!("at = \"{name}\""))));
    }
    if sweep.faults.contains(&FaultKind::Budgets) {
        let all: Vec<String> =
            Resource::ALL.iter().map(|resource| format!("{} = {}", resource.name(), i64::MAX)).collect();
        rules += &look(PLENTY, &format!("budget = {{ {} }}", all.join(", ")));
    }
    rules
}

fn look(name: &str, at: &str) -> String {
    format!("[[inject]]\nname = \"{name}\"\n{at}\nfires = \"0..\"\n")
}

/// Whether a rule of this name is one of those.
fn is_lookout(name: &str) -> bool {
    ALLOCATORS.contains(&name) || name == PLENTY
}

/// Whether a file was there before the run; what is outside of its folder is taken to be as it is now.
fn was_there(path: &str, golden: &Facts, folder: &Path) -> bool {
    match Path::new(path).strip_prefix(folder) {
        Ok(name) => golden.before.contains(&*name.to_string_lossy()),
        Err(_) => Path::new(path).exists(),
    }
}

/// That the program fails even without a fault, which leaves faults little to show.
fn failing(facts: &Facts) -> Option<String> {
    let how = match facts.ended? {
        Ending::Exited(0) => return None,
        Ending::Exited(code) => format!("exits {code}"),
        Ending::Killed(signal) => format!("is killed by {signal}"),
    };
    let said = String::from_utf8_lossy(&facts.stderr);
    let said = said.lines().next().map_or(String::new(), |line| format!(": {line}"));
    Some(format!("without a fault the program {how}{said}"))
}
