//! Faults in recoveries: what kills and losses of power leave is found out, each once, then where a recovery of it can be hurt.
//! It must not know how that is told.

mod left;

use std::collections::{BTreeSet, HashMap};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::super::workers;
use super::cells::{Watched, watch};
use super::facts::facts_of;
use super::timed::Timed;
use super::{
    ALLOCATORS, Course, FRAMES, LONGER, MORE_OUTPUT, TIMES_LONGER, fallible, is_lookout, lookouts, source,
    watch_calls,
};
use crate::plan::Plan;
use crate::run::{End, Played};
use crate::spec::Spec;
use crate::sweep::{
    After, Called, Cell, Facts, Fault, Makes, Outcome, Point, Survey, Undisturbed, judge_recovery, recovery_cells,
    sample,
};
use left::Mark;

/// So many different things that faults leave are recovered where nobody says how many runs there are,
const MOST_LEFT: u64 = 200;
/// and so many faults are made in their recovery.
const MOST: u64 = 2_000;

/// What faults have left, and the faults in its recovery.
#[derive(Debug, Default)]
pub struct Recoveries {
    /// Where copies of it are kept.
    _store: Option<Played>,
    left: HashMap<Cell, Left>,
    cells: Vec<Cell>,
    /// How many points they have.
    points: usize,
}

/// What a fault has left.
#[derive(Debug)]
struct Left {
    from: Kept,
    /// What the program had printed.
    printed: Vec<u8>,
    /// Where files name the folder that they are in, they are recovered in no other, one after the other.
    place: Option<Arc<Mutex<Played>>>,
    undisturbed: Undisturbed,
    checks: Vec<Seen>,
}

/// Where what is left is kept.
#[derive(Debug)]
enum Kept {
    Folder(PathBuf),
    State(Cell),
}

/// A check as it was when it met no fault.
#[derive(Debug)]
struct Seen {
    name: String,
    counts: HashMap<Called, u64>,
    points: Vec<Point>,
    took: Duration,
}

/// The names that are there when checks that met no fault are over, and the checks.
type Recovered = (BTreeSet<String>, Vec<Seen>);

impl Recoveries {
    /// The faults in recoveries.
    pub(super) fn cells(&self) -> &[Cell] {
        &self.cells
    }

    /// How many points recoveries have.
    pub(super) fn points(&self) -> usize {
        self.points
    }

    fn of(&self, after: After) -> Option<(&Left, &Seen)> {
        let left = self.left.get(&after.first())?;
        Some((left, left.checks.get(after.check.checked_sub(1)?)?))
    }
}

impl Course {
    /// Finds out what kills and losses of power leave, and where the recovery of that can be hurt; so many runs at a time.
    /// Where runs are `asked` for, by their names, no more than they need. Nothing where the sweep has no faults in recoveries.
    ///
    /// # Errors
    /// A run could not be made.
    pub fn find_recoveries(&mut self, jobs: usize, asked: &[String]) -> Result<(), Box<End>> {
        let firsts: BTreeSet<String> =
            asked.iter().filter_map(|name| Some(Cell::parse(name)?.after?.first().to_string())).collect();
        if !self.sweep.recovery || (firsts.is_empty() && !asked.is_empty()) {
            return Ok(());
        }
        let leaves = |cell: &Cell| cell.fault.kills() || matches!(cell.fault, Fault::Power(_));
        let mut all: Vec<Cell> = self.cells().into_iter().filter(leaves).collect();
        if !asked.is_empty() {
            all.retain(|cell| firsts.contains(&cell.to_string()));
        }
        let store = self.stage.lay_out(&*self.spec("")?, |_| Ok(()))?;
        let found: Mutex<HashMap<Mark, (usize, Left)>> = Mutex::default();
        workers::all(jobs, all.len(), |at| {
            if let Some((mark, left)) = self.left_by(&all[at], &store.folder().join(at.to_string()))? {
                let mut found = lock(&found);
                // The first of those that leave the same has it, whichever run was over first.
                if found.get(&mark).is_none_or(|(first, _)| at < *first) {
                    found.insert(mark, (at, left));
                }
            }
            Ok::<_, Box<End>>(())
        })?;
        let found = found.into_inner().unwrap_or_else(PoisonError::into_inner);
        let mut found: HashMap<Cell, Left> = found.into_values().map(|(at, left)| (all[at], left)).collect();
        let mut cells: Vec<Cell> = all.into_iter().filter(|cell| found.contains_key(cell)).collect();
        if self.sweep.limit.is_none() && cells.len() as u64 > MOST_LEFT {
            let (seed, count) = (self.sweep.seed, cells.len());
            self.notes.push(format!(
                "faults leave {count} different things, and {MOST_LEFT} are recovered, drawn by seed {seed}"
            ));
            cells = sample(cells, MOST_LEFT, seed);
        }
        let seen = workers::all(jobs, cells.len(), |at| self.undisturbed(&found[&cells[at]]))?;
        let mut recoveries = Recoveries { _store: Some(store), ..Recoveries::default() };
        let mut failing = 0;
        for (cell, seen) in cells.into_iter().zip(seen) {
            let (Some(mut left), Some((names, mut checks))) = (found.remove(&cell), seen) else {
                failing += 1;
                continue;
            };
            for (number, check) in (1..).zip(&mut checks) {
                let points = std::mem::take(&mut check.points);
                let after = After::of(&cell, number);
                recoveries.cells.extend(recovery_cells(&points, self.points.len(), &self.sweep, after));
                recoveries.points += points.len();
                self.points.extend(points);
            }
            left.undisturbed.names = names;
            left.checks = checks;
            recoveries.left.insert(Cell { point: 0, ..cell }, left);
        }
        if failing > 0 {
            let note = "recoveries that do not hold without a fault are not hurt";
            self.notes.push(format!("{failing} {note}"));
        }
        if asked.is_empty() && self.sweep.limit.is_none() && recoveries.cells.len() as u64 > MOST {
            let (seed, count) = (self.sweep.seed, recoveries.cells.len());
            self.notes.push(format!("{MOST} of {count} faults in recoveries, drawn by seed {seed}"));
            recoveries.cells = sample(std::mem::take(&mut recoveries.cells), MOST, seed);
        }
        self.recoveries = recoveries;
        Ok(())
    }

    /// What a fault leaves, copied to `to`; `None` where it was not made, or the program does not end.
    fn left_by(&self, cell: &Cell, to: &Path) -> Result<Option<(Mark, Left)>, Box<End>> {
        let left = |from, printed: &[u8], place, after| {
            let undisturbed = Undisturbed { after, names: BTreeSet::new() };
            Left { from, printed: printed.to_vec(), place, undisturbed, checks: Vec::new() }
        };
        if let (Fault::Power(_), Some(power)) = (cell.fault, &self.power) {
            let made = std::fs::create_dir(to).and_then(|()| power.lay_out(cell, to));
            let marked = made.and_then(|printed| Ok((left::mark(to, &printed)?, printed)));
            let (mark, printed) = marked.map_err(|error| self.stage.not_kept(to, error))?;
            // They are laid out anew each time.
            let _ = std::fs::remove_dir_all(to);
            let after = power.state(cell).map_or_else(String::new, |(_, told)| format!("{cell}: {}", told.how));
            return Ok(Some((mark, left(Kept::State(*cell), &printed, power.place(), after))));
        }
        let (mut played, mut facts) = self.hurt(cell, self.limit, false)?;
        if facts.is_open() {
            (played, facts) = self.hurt(cell, self.limit * 2, true)?;
        }
        if facts.fired == 0 || facts.stuck.is_some() {
            return Ok(None);
        }
        let copied = std::fs::create_dir(to).and_then(|()| left::copy(played.folder(), to));
        let marked = copied.and_then(|()| {
            let (folder, printed) = (played.folder(), &played.printed);
            Ok((left::mark(folder, printed)?, left::names_itself(folder, printed)?))
        });
        let (mark, is_bound) = marked.map_err(|error| self.stage.not_kept(to, error))?;
        let after = format!("{cell}: {}", facts.at.as_ref().unwrap_or(&self.points[cell.point].shown));
        let printed = played.printed.clone();
        let place = is_bound.then(|| Arc::new(Mutex::new(played)));
        Ok(Some((mark, left(Kept::Folder(to.to_owned()), &printed, place, after))))
    }

    /// Runs the checks on what is left: where they can be hurt, and the names that are there then. `None` where they do not
    /// hold.
    fn undisturbed(&self, left: &Left) -> Result<Option<Recovered>, Box<End>> {
        let spec = self.spec(&lookouts(&self.sweep))?;
        self.laid_out(left, |played| {
            let mut checks = Vec::new();
            for (at, name) in played.check_names().into_iter().enumerate() {
                let before = played.files();
                let mut survey = Timed::new(Survey::new(self.sweep.each).of(&fallible(&self.sweep)));
                let change = |plan: &mut Plan| {
                    watch_calls(plan, &self.calls);
                    plan.trace.backtrace = FRAMES;
                    plan.target.timeout *= LONGER;
                    plan.rules.retain(|rule| is_lookout(&rule.name));
                };
                let failed = self.stage.play_check(played, (&*spec, at), &left.printed, change, &mut survey)?;
                if !failed.is_empty() {
                    return Ok(None);
                }
                let calls = self.calls.iter().map(Called::Call).chain(ALLOCATORS.map(Called::Function));
                let counts = calls.map(|called| (called, survey.sink.count(called))).collect();
                let mut points = survey.sink.into_points();
                for point in &mut points {
                    if let Makes::Unless(path) = &point.circumstances.makes {
                        let was_there = match Path::new(path).strip_prefix(played.folder()) {
                            Ok(name) => before.contains_key(&*name.to_string_lossy()),
                            Err(_) => Path::new(path).exists(),
                        };
                        point.circumstances.makes = if was_there { Makes::No } else { Makes::Yes };
                    }
                    point.shown = played.renamed(&point.shown);
                }
                source::note_lines(&mut points, &played.program);
                checks.push(Seen { name, counts, points, took: played.took });
            }
            Ok(Some((played.files().into_keys().collect(), checks)))
        })
    }

    /// Runs the checks on what is left, one of them with a fault, and all of them once more; as [`Course::hurt`] has it.
    pub(super) fn disturb(
        &self,
        cell: &Cell,
        after: After,
        limit: Duration,
        looks_closely: bool,
    ) -> Result<Watched, Box<End>> {
        let Some((left, seen)) = self.recoveries.of(after) else { return Err(Box::new(End::Interrupted)) };
        let spec = self.spec(&Cell { after: None, ..*cell }.rule())?;
        let watch = watch(cell, |called| seen.counts.get(&called).copied());
        let mut watch = Timed::new(if looks_closely { watch.with_tail() } else { watch });
        let at = after.check - 1;
        self.laid_out(left, |played| {
            played.first_checks(&self.stage, at, &left.printed)?;
            let change = |plan: &mut Plan| {
                self.watch(plan);
                plan.rules.retain(|rule| &*rule.name == "fault");
                plan.target.timeout = limit.max(seen.took * TIMES_LONGER);
                plan.target.limits.output.get_or_insert(MORE_OUTPUT);
            };
            let failed = self.stage.play_check(played, (&*spec, at), &left.printed, change, &mut watch)?;
            let took = played.took;
            let mut facts = facts_of(played, &watch, self.grace);
            (facts.orphans, facts.disturbed) = (0, failed);
            if facts.fired > 0 && facts.stuck.is_none() {
                facts.checks = played.checks_after(&self.stage, &left.printed)?;
                facts.files = played.files();
                let leaves_more = !left.undisturbed.left_more(&self.golden, &facts).is_empty();
                if leaves_more && facts.broken(false).is_empty() {
                    // What counts is what the next use leaves there.
                    self.use_again(played)?;
                    facts.files = played.files();
                }
            }
            self.watched(played, facts, took)
        })
    }

    /// Judges that.
    pub(super) fn judged_recovery(&self, cell: &Cell, after: After, facts: &Facts) -> Outcome {
        let (undisturbed, name) = match self.recoveries.of(after) {
            Some((left, seen)) => (&left.undisturbed, seen.name.as_str()),
            None => (&Undisturbed::default(), ""),
        };
        judge_recovery(&self.golden, undisturbed, facts, name, cell.fault)
    }

    /// Has `work` do something in a folder that has what is left.
    fn laid_out<T>(&self, left: &Left, work: impl FnOnce(&mut Played) -> Result<T, Box<End>>) -> Result<T, Box<End>> {
        let fill = |folder: &Path| self.fill(left, folder);
        match &left.place {
            Some(place) => {
                let mut played = lock(place);
                self.stage.lay_over(&played, fill)?;
                work(&mut played)
            }
            None => work(&mut self.stage.lay_out(&*self.spec("")?, fill)?),
        }
    }

    fn fill(&self, left: &Left, folder: &Path) -> io::Result<()> {
        match (&left.from, &self.power) {
            (Kept::Folder(from), _) => left::copy(from, folder),
            (Kept::State(cell), Some(power)) => power.lay_out(cell, folder).map(drop),
            (Kept::State(_), None) => Err(io::ErrorKind::NotFound.into()),
        }
    }

    /// Puts what the program had left into an empty folder; what it had printed.
    ///
    /// # Errors
    /// It cannot be made.
    pub fn lay_out_left(&self, after: After, folder: &Path) -> io::Result<Vec<u8>> {
        let Some((left, _)) = self.recoveries.of(after) else { return Err(io::ErrorKind::NotFound.into()) };
        self.fill(left, folder)?;
        Ok(left.printed.clone())
    }

    /// Whether files of what was left name the folder, so that they mean something else in another one.
    pub fn is_left_bound(&self, after: After) -> bool {
        self.recoveries.of(after).is_some_and(|(left, _)| left.place.is_some())
    }

    /// The spec of the runs, with more rules.
    fn spec(&self, rules: &str) -> Result<Box<Spec>, Box<End>> {
        let case = self.base.with(rules);
        case.spec.map(Box::new).map_err(|problems| Box::new(End::Invalid(problems)))
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
