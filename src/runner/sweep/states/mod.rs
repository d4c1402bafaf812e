//! States that a loss of power can leave: one more run is recorded, and checks are run on what could have been left of it.
//! It must not know how that is told.

mod calls;
mod files;
mod lay;
mod maps;
mod record;
mod task;

use std::cell::OnceCell;
use std::collections::HashMap;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use super::base::Base;
use super::facts::{check, facts};
use super::{FRAMES, Ran, source, watch_calls};
use crate::plan::{FileSystem, Mode, Plan, Sweep};
use crate::run::{End, Played, Stage};
use crate::sweep::coverage::Reached;
use crate::sweep::states::{self, Builder, Loss, Model, Placed, Recording, State, TRIED, Told, What};
use crate::sweep::{Called, Cell, Checked, Evidence, Fault, Golden, Outcome, Point, Verdict, sample};
use record::{Recorded, Recorder};

/// Bytes of a buffer that are shown.
const SHOWN: usize = 16;
/// Lines of what a check says that are shown.
const LINES: usize = 6;

/// The states of a course.
#[derive(Debug)]
pub struct Power {
    recording: Recording,
    model: Model,
    cells: Vec<Cell>,
    states: HashMap<Cell, (State, Told)>,
    /// Where the folder of the run is named in its files, states are laid out in no other, one after the other.
    place: Option<Arc<Mutex<Played>>>,
    /// How many points are not of it, and come before.
    others: usize,
}

/// Why there are no states.
#[derive(Debug)]
pub(super) enum Missing {
    /// There was no run, or not to its end.
    End(Box<End>),
    /// What it did could not be recorded, or is not what other runs did.
    Unlike(String),
}

impl From<Box<End>> for Missing {
    fn from(end: Box<End>) -> Missing {
        Missing::End(end)
    }
}

impl Power {
    /// Records a run of `base`, and chooses the states. Notes are what the author should know. Cells are at points that come
    /// behind so many others.
    pub(super) fn record(
        stage: &Stage,
        base: &Base,
        sweep: &Sweep,
        golden: &Golden,
        others: usize,
    ) -> Result<(Power, Vec<String>), Missing> {
        let case = base.with("");
        let spec = case.spec.as_ref().map_err(|problems| Box::new(End::Invalid(problems.clone())))?;
        let folder = OnceCell::new();
        let mut recorder = Recorder::new(&folder);
        let mut is_free = false;
        let change = |plan: &mut Plan, path: &Path| {
            folder.get_or_init(|| path.to_owned());
            watch_calls(plan, &calls::all());
            plan.trace.backtrace = FRAMES;
            // Calls are named in each finding: what is written is in the files.
            plan.trace.strings = plan.trace.strings.min(SHOWN);
            is_free = plan.policy.is_free();
        };
        let played = stage.play_in(spec, change, &mut recorder)?;
        if is_free {
            return Err(Missing::Unlike(
                "tasks that run at once (`schedule = \"free\"`) cannot be recorded".to_owned(),
            ));
        }
        let mut seen = facts(&played);
        let failed = |error: io::Error| Missing::Unlike(format!("a run cannot be recorded: {error}"));
        let Recorded { files, mut notes } = recorder.finish().map_err(failed)?;
        let folder = files.folder().to_owned();
        let mut recording = files.recording;
        recording.stdout = played.printed.clone();
        let mut points: Vec<Point> = recording.ops.iter().map(|op| op.point.clone()).collect();
        source::note_lines(&mut points, &played.program);
        recording.ops.iter_mut().zip(points).for_each(|(op, point)| op.point = point);
        let effects = states::effects(&recording);
        let model = Model::new(&recording, &effects, sweep.file_system);
        let whole = Builder::new(&recording, &effects).files(&model.all(recording.ops.len()), None);
        let odd = lay::differing(&whole, &folder).map_err(failed)?;
        notes.extend(odd.iter().map(|name| {
            format!("`{name}` is not what the calls that were recorded make of it: what else has changed it is in no state")
        }));
        check(&mut seen, &played, stage)?;
        if seen.stuck.is_some() || !golden.differences(&seen).is_empty() {
            return Err(Missing::Unlike("the run that was recorded is not as those before".to_owned()));
        }
        let is_named = names_itself(&recording, &folder);
        let mut power = Power {
            recording,
            model,
            cells: Vec::new(),
            states: HashMap::new(),
            place: is_named.then(|| Arc::new(Mutex::new(played))),
            others,
        };
        notes.extend(power.choose(sweep));
        Ok((power, notes))
    }

    fn choose(&mut self, sweep: &Sweep) -> Vec<String> {
        let effects = &self.model.effects;
        let models = FileSystem::ALL.map(|system| (system, Model::new(&self.recording, effects, system)));
        let found = models.each_ref().map(|(_, model)| states::states(&self.recording, model));
        let mut notes = Vec::new();
        for (at, (system, model)) in models.iter().enumerate().filter(|(_, (system, _))| *system == sweep.file_system)
        {
            let mut builder = Builder::new(&self.recording, effects);
            for state in &found[at].states {
                let Some(kept) = states::keep(&self.recording, model, *state) else { continue };
                let mut can = |(other, there): &(usize, FileSystem)| {
                    there == system
                        || models[*other].1.allows(state.done, &kept.effects, kept.torn.as_ref())
                        || found[*other].has(&mut builder, &self.recording, *state, &kept)
                };
                let systems: Vec<FileSystem> =
                    FileSystem::ALL.into_iter().enumerate().filter(|it| can(it)).map(|(_, system)| system).collect();
                let told = Told::of(&self.recording, model, *state, &kept, &systems);
                let cell = self.cell(*state);
                self.cells.push(cell);
                self.states.insert(cell, (*state, told));
            }
            if found[at].is_thinned {
                notes.push(
                    "not every moment at which the power could fail was looked at: there are too many".to_owned(),
                );
            }
        }
        if sweep.limit.is_none() && self.cells.len() > TRIED {
            notes.push(format!("{TRIED} of {} states, drawn by seed {}", self.cells.len(), sweep.seed));
            self.cells = sample(std::mem::take(&mut self.cells), TRIED as u64, sweep.seed);
        }
        if self.place.is_some() {
            notes.push(
                "files name the folder of the run: states are tried in that one, one after the other".to_owned(),
            );
        }
        notes
    }

    fn cell(&self, state: State) -> Cell {
        let named = match state.what {
            What::Nothing | What::Unsynced => state.done - 1,
            _ => state.op,
        };
        let name = |op: usize| -> (Called, u64) { self.recording.ops[op].name() };
        let after = state.done.checked_sub(1).filter(|last| *last != named || state.what.is_of_one());
        let (called, nth) = name(named);
        let loss = Loss { what: state.what, after: after.map(name) };
        Cell { point: self.others + named, called, nth, fault: Fault::Power(loss), mode: Mode::Once, after: None }
    }

    /// The points at which files were changed.
    pub fn points(&self) -> impl Iterator<Item = &Point> {
        self.recording.ops.iter().map(|op| &op.point)
    }

    /// The states that are tried.
    pub fn cells(&self) -> &[Cell] {
        &self.cells
    }

    /// What a state is, and what it has and has not.
    pub fn state(&self, cell: &Cell) -> Option<(State, &Told)> {
        self.states.get(cell).map(|(state, told)| (*state, told))
    }

    /// The files of a state, and what the program had printed.
    fn files(&self, cell: &Cell) -> Option<(Vec<Placed>, &[u8])> {
        let (state, _) = self.states.get(cell)?;
        let kept = states::keep(&self.recording, &self.model, *state)?;
        let files = Builder::new(&self.recording, &self.model.effects).files(&kept.effects, kept.torn.as_ref());
        Some((files, self.recording.printed(state.done)))
    }

    /// Puts the files of a state into an empty folder; what the program had printed.
    ///
    /// # Errors
    /// They cannot be made.
    pub fn lay_out(&self, cell: &Cell, folder: &Path) -> io::Result<Vec<u8>> {
        let Some((files, printed)) = self.files(cell) else { return Err(io::ErrorKind::NotFound.into()) };
        lay::lay_out(&files, folder)?;
        Ok(printed.to_vec())
    }

    /// Whether files of the run name its folder, so that they mean something else in another one.
    pub fn is_bound(&self) -> bool {
        self.place.is_some()
    }

    /// The only folder that states are laid out in, where it has to be that one.
    pub(super) fn place(&self) -> Option<Arc<Mutex<Played>>> {
        self.place.clone()
    }

    /// Runs the checks on a state; `reach` tells which lines they have reached.
    pub(super) fn run(
        &self,
        stage: &Stage,
        base: &Base,
        cell: &Cell,
        reach: impl Fn(&Played) -> Result<Option<Reached>, Box<End>>,
    ) -> Result<Ran, Box<End>> {
        let begun = Instant::now();
        let (Some((files, printed)), Some((_, told))) = (self.files(cell), self.state(cell)) else {
            return Err(Box::new(End::Interrupted));
        };
        let fill = |folder: &Path| lay::lay_out(&files, folder);
        let (checked, reached) = match &self.place {
            Some(place) => {
                let played = place.lock().unwrap_or_else(PoisonError::into_inner);
                stage.lay_over(&played, fill)?;
                (played.checks_after(stage, printed)?, reach(&played)?)
            }
            None => {
                let case = base.with("");
                let spec = case.spec.as_ref().map_err(|problems| Box::new(End::Invalid(problems.clone())))?;
                let played = stage.lay_out(spec, fill)?;
                (played.checks_after(stage, printed)?, reach(&played)?)
            }
        };
        let at = self.recording.ops.get(cell.point - self.others).map(states::Op::shown);
        Ok(Ran { outcome: outcome(told, &checked, at), took: begun.elapsed(), reached })
    }
}

fn outcome(told: &Told, checks: &[Checked], at: Option<String>) -> Outcome {
    let failed: Vec<String> = checks.iter().flat_map(|check| check.failed.iter().cloned()).collect();
    let verdict = if failed.is_empty() { Verdict::Masked } else { Verdict::Broken };
    let first = checks.iter().find(|check| !check.failed.is_empty());
    let said = first.map_or(String::new(), |check| String::from_utf8_lossy(&check.printed).into_owned());
    let message = said.lines().take(LINES).map(str::to_owned).collect();
    let notes = failed.into_iter().chain(told.notes.iter().cloned()).collect();
    let evidence = Evidence { how: told.how.clone(), at, notes, message, ..Evidence::default() };
    Outcome { verdict, evidence }
}

/// Whether something in the files is the path of their folder, which a copy elsewhere would not mean.
fn names_itself(recording: &Recording, folder: &Path) -> bool {
    use std::os::unix::ffi::OsStrExt;
    let path = folder.as_os_str().as_bytes();
    let has = |bytes: &[u8]| bytes.windows(path.len()).any(|part| part == path);
    let inodes = recording
        .inodes
        .iter()
        .any(|inode| has(&inode.content) || matches!(&inode.kind, states::Kind::Link(target) if has(target)));
    let is_written = |change: &states::Change| matches!(change, states::Change::Data { bytes, .. } if has(bytes));
    inodes || has(&recording.stdout) || recording.ops.iter().flat_map(|op| &op.changes).any(is_written)
}
