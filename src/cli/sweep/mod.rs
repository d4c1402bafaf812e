//! `rinject sweep`: one run for each point at which a program can be hurt and each fault, and what that shows.

mod args;
mod result;
mod saved;
mod state;

pub(super) use args::Sweep;

use std::collections::{BTreeSet, HashMap};
use std::path::PathBuf;
use std::time::Instant;

use super::args::{Global, Select};
use super::check::invalid;
use super::exit_status::ExitStatus;
use super::interrupt::{self, Second};
use super::judged::{judged, tell};
use super::live::Live;
use super::select::{binaries, select};
use super::sweeps;
use super::terminal::{complain, talk};
use super::{record, remembered};
use crate::cases::Case;
use crate::report::sweep::{Detail, Head, LostRun, Run, SweepReport, Swept};
use crate::run::Options;
use crate::runner::sweep::{Base, Course, Lost, Refused, run_cells, settings};
use crate::snapshot::Update;
use crate::sweep::{Cell, sample};
use crate::tracer::Stopper;
use result::{Again, Drawn, Results};
use state::{Kept, State};

pub(super) fn main(words: &Sweep, global: &Global) -> ExitStatus {
    sweep(words, global).unwrap_or_else(|status| status)
}

fn sweep(words: &Sweep, global: &Global) -> Result<ExitStatus, ExitStatus> {
    let begun = Instant::now();
    let options = Options {
        timeout_multiplier: words.timeout_multiplier,
        update: Update::No,
        bins: binaries(&words.bin)?,
        bins_of_project: global.project.bins.clone(),
        stopper: Stopper::default(),
        ..Options::default()
    };
    let reports = sweeps::Files::create(&words.report)?;
    let known = words.baseline_findings.as_deref().map(sweeps::findings).transpose()?;
    interrupt::watch(&options.stopper, Second::Ends);
    let (cases, mut status) = selected(words, &options, global)?;
    let mut state = Sweeping::state(words, &cases)?;
    let mut report = SweepReport { shard: words.shard, known, ..SweepReport::default() };
    for case in &cases {
        let sweeping = Sweeping { words, global, options: &options };
        match sweeping.case(case, &mut state) {
            Ok(results) => {
                sweeps::tell(&report, &results.swept, detail(words, global), global)?;
                if let Some(folder) = &words.save_findings {
                    saved::save(&results, folder)?;
                }
                status = status.and(sweeps::status(&report, &results.swept));
                report.sweeps.push(results.swept);
            }
            Err(ExitStatus::Interrupted) => return Err(ExitStatus::Interrupted),
            Err(other) => {
                status = status.and(other);
                report.refused.push(case.id.clone());
            }
        }
    }
    if words.state.is_none() {
        state.forget();
    }
    (report.status, report.took) = (status as u8, begun.elapsed());
    Ok(status.and(reports.write(&report)))
}

/// How much is told.
fn detail(words: &Sweep, global: &Global) -> Detail {
    match (words.list, global.quiet) {
        _ if !words.cell.is_empty() => Detail::Runs,
        (true, _) => Detail::List,
        (false, true) => Detail::Findings,
        (false, false) => Detail::All,
    }
}

/// The cases that the words name, and whether files could not be read.
fn selected(words: &Sweep, options: &Options, global: &Global) -> Result<(Vec<Case>, ExitStatus), ExitStatus> {
    if !words.command.is_empty() {
        let options = Options { counting: words.coverage, ..options.clone() };
        let text = record::target_of(&words.command, &options, global)?;
        // Of a locale of its own the C library reads a dozen files, which are not what is looked at.
        let text = format!("{text}\n[target.env]\nLC_ALL = \"C\"\n");
        return Ok((vec![Case::of_text("<command>", text)], ExitStatus::Passed));
    }
    let select = self::select(&Select {
        specs: words.specs.clone(),
        filter: Vec::new(),
        last_failed: false,
        shard: None,
        bin: words.bin.clone(),
        seed: None,
    })?;
    Ok((select.cases, select.status))
}

/// What holds for all cases of a sweep.
struct Sweeping<'a> {
    words: &'a Sweep,
    global: &'a Global,
    options: &'a Options,
}

impl Sweeping<'_> {
    /// Where results are kept meanwhile.
    fn state(words: &Sweep, cases: &[Case]) -> Result<State, ExitStatus> {
        let ids: Vec<&str> = cases.iter().map(|case| case.id.as_str()).collect();
        // Shares of a sweep may be made at the same time.
        let shard = words.shard.map_or(String::new(), |shard| format!(" {shard}"));
        let name = format!("{ids:?} {:?}{shard}", words.command);
        let path: Option<PathBuf> = words.state.clone().or_else(|| remembered::beside(&name));
        State::open(path.as_deref(), words.resume).map_err(|error| {
            let shown = path.unwrap_or_default();
            complain(
                format!("cannot keep results in `{}`: {error}", shown.display()),
                Some("--state names another file"),
            );
            ExitStatus::NotSetUp
        })
    }

    /// Sweeps one case. `Err` after saying why there is nothing to judge.
    fn case(&self, case: &Case, state: &mut State) -> Result<Results, ExitStatus> {
        let problems = |problems| {
            tell(&problems, self.global);
            invalid(&problems)
        };
        let base = Base::of(case).map_err(problems)?;
        let sweep = settings(&base, &self.words.instead(), self.options).map_err(problems)?;
        let mut course =
            Course::take(&base, &sweep, self.options, self.jobs()).map_err(|refused| self.refused(case, refused))?;
        let found = course.find_recoveries(self.jobs(), &self.words.cell);
        found.map_err(|end| judged(*end, self.global).err().unwrap_or(ExitStatus::Internal))?;
        for note in &course.notes {
            talk(format!("note: {}: {note}\n", case.id));
        }
        let drawn = self.drawn(case, &course)?;
        let mut head = Head {
            spec: case.id.clone(),
            points: course.fault_points(),
            of: drawn.of,
            limit_ms: u64::try_from(course.limit.as_millis()).unwrap_or(u64::MAX),
            notes: course.notes.clone(),
            rinject: env!("CARGO_PKG_VERSION").to_owned(),
            marks: result::marks(base.text(), &course, &drawn),
            ..Head::default()
        };
        if let Some(power) = &course.power {
            head.operations = power.points().count();
            head.file_system = course.sweep.file_system.name().to_owned();
        }
        self.run(case, course, drawn.cells, head, state)
    }

    /// How many runs are made at a time.
    fn jobs(&self) -> usize {
        self.words.jobs.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from))
    }

    fn refused(&self, case: &Case, refused: Refused) -> ExitStatus {
        match refused {
            Refused::End(end) => judged(*end, self.global).err().unwrap_or(ExitStatus::Internal),
            Refused::Unsteady(why) => {
                let help = "fix what differs with `[determinism]`, or leave it out with `[sweep] compare` and `on`";
                complain(format!("{}: runs without a fault do not agree", case.id), Some(help));
                why.iter().for_each(|why| talk(format!("note: {why}\n")));
                ExitStatus::NotSetUp
            }
            Refused::Endless(how) => {
                let help = "`[target] timeout` sets the limit, and `--timeout-multiplier` all of them";
                complain(format!("{}: without a fault, the program {how}", case.id), Some(help));
                ExitStatus::NotSetUp
            }
        }
    }

    /// Says of which runs nothing can be said.
    fn tell_lost(case: &Case, lost: &[Lost]) {
        for Lost { cell, why } in lost {
            complain(sweeps::untold(&case.id, &cell.to_string(), why), None);
        }
        if !lost.is_empty() {
            let why = "the program does not go the same way in each run, or the machine is too busy";
            talk(format!("note: {}: {why}; `--timeout-multiplier` gives more time\n", case.id));
        }
    }

    /// The runs that are made.
    fn drawn(&self, case: &Case, course: &Course) -> Result<Drawn, ExitStatus> {
        let all = course.cells();
        let asked: BTreeSet<&str> = self.words.cell.iter().map(String::as_str).collect();
        if !asked.is_empty() {
            let named: Vec<Cell> =
                all.iter().filter(|cell| asked.contains(cell.to_string().as_str())).copied().collect();
            let missing = asked.iter().find(|name| !named.iter().any(|cell| cell.to_string() == **name));
            if let Some(missing) = missing {
                let help =
                    "runs are named as the findings are: write#3:ENOSPC; `--points each` has one for each call";
                complain(format!("{}: there is no run `{missing}`", case.id), Some(help));
                return Err(ExitStatus::NothingSelected);
            }
            return Ok(Drawn::new(named, |_| true));
        }
        let drawn = course.sweep.limit.map_or(all.clone(), |most| sample(all.clone(), most, course.sweep.seed));
        if drawn.len() < all.len() {
            talk(format!(
                "note: {}: {} of {} runs, drawn by seed {}\n",
                case.id,
                drawn.len(),
                all.len(),
                course.sweep.seed
            ));
        }
        if drawn.is_empty() {
            complain(format!("{}: there is no point at which such a fault can be made", case.id), None);
            return Err(ExitStatus::NothingSelected);
        }
        let id = |cell: &Cell| format!("{} {cell}", case.id);
        Ok(Drawn::new(drawn, |cell| self.words.shard.is_none_or(|shard| shard.has(&id(cell)))))
    }

    fn run(
        &self,
        case: &Case,
        course: Course,
        cells: Vec<(usize, Cell)>,
        mut head: Head,
        state: &mut State,
    ) -> Result<Results, ExitStatus> {
        let mark = result::mark(&course);
        let mut found: HashMap<Cell, Kept> = HashMap::new();
        for (_, cell) in &cells {
            found.extend(state.known(&mark, &cell.to_string()).map(|kept| (*cell, kept.clone())));
        }
        let left: Vec<Cell> = cells.iter().map(|(_, cell)| *cell).filter(|cell| !found.contains_key(cell)).collect();
        if left.len() < cells.len() {
            talk(format!("note: {}: {} of {} runs are known\n", case.id, cells.len() - left.len(), cells.len()));
        }
        let live = Live::with_time_left(left.len(), self.global);
        let (mut trouble, mut findings, mut over) = (None, 0_usize, cells.len() - left.len());
        let begun = Instant::now();
        let ran = run_cells(&course, &left, self.jobs(), |cell, ran| {
            let kept = Kept {
                sweep: mark.clone(),
                cell: cell.to_string(),
                verdict: ran.outcome.verdict,
                evidence: ran.outcome.evidence,
                took_ms: u64::try_from(ran.took.as_millis()).unwrap_or(u64::MAX),
                reached: ran.reached,
            };
            if let Err(error) = state.keep(&kept) {
                trouble.get_or_insert(error);
                self.options.stopper.stop();
            }
            findings += usize::from(kept.verdict.is_finding());
            over += 1;
            live.one_more(format!("{} {findings} runs with findings", case.id));
            found.insert(*cell, kept);
        });
        live.finish();
        if let Some(error) = trouble {
            complain(format!("cannot keep results: {error}"), Some("--state names another file"));
            return Err(ExitStatus::NotSetUp);
        }
        let lost = ran.map_err(|end| {
            let status = judged(*end, self.global).err().unwrap_or(ExitStatus::Internal);
            if status == ExitStatus::Interrupted {
                talk(format!(
                    "interrupted: {over} of {} runs are over; with --resume a sweep goes on from here\n",
                    cells.len()
                ));
            }
            status
        })?;
        Sweeping::tell_lost(case, &lost);
        head.lost = lost.into_iter().map(|Lost { cell, why }| LostRun { cell: cell.to_string(), why }).collect();
        head.duration_ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        let reached = result::reached(&course, &found);
        head.uncounted = reached.as_ref().map_or(0, |(_, uncounted)| *uncounted);
        let again = Again::of(case, self.words, self.global);
        let run = |(number, cell)| Some(result::run(&course, number, cell, found.remove(&cell)?, &again));
        let runs: Vec<Run> = cells.into_iter().filter_map(run).collect();
        let coverage = reached.map(|(coverage, _)| coverage);
        let swept = Swept::new(head, course.points.clone(), runs).reaching(coverage);
        Ok(Results { course, swept })
    }
}
