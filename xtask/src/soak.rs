//! All of specs/ many times, half of the rounds with so many runs at once that they have to wait for a processor. How often
//! each has run is kept in the repository, so that the next call goes on from there. The programs of specs/repeatable have a chore of their own.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::thread;

use crate::kept::Kept;
use crate::ledger::Ledger;
use crate::load;
use crate::page::Place;
use crate::project;
use crate::repeatable;

/// A spec that takes this many milliseconds or more is long: it is run a tenth as often.
pub const LONG_MS: u64 = 300;
/// How long a case takes that has never run.
const UNKNOWN: u64 = u64::MAX;
/// How many times as many runs as processors there are at once in a round under load.
const CROWD: usize = 3;
/// One call of rinject runs so many cases at most, or so many milliseconds of them.
const SHARE: (usize, u64) = (16, 300);
/// Where so many runs wait for a processor, and others beside them, time limits that are right for one are too short.
const PATIENCE: &str = "100";
/// The table of fewer runs is not written.
const WORTH_TELLING: u32 = 100;
/// How often each case has run.
const LEDGER: &str = "docs/soak.txt";
/// Where the table stands.
const PLACE: Place = Place { page: "docs/repeatable.md", name: "specs", chore: "soak" };

/// How often a case has run and how often it has differed.
#[derive(Clone, Copy, Default)]
struct Case {
    runs: u32,
    differed: u32,
    /// The shortest run.
    took_ms: u64,
}

impl Case {
    /// How often it is to run where others do so `times`.
    fn wanted(self, times: u32) -> u32 {
        if self.is_long() { times.div_ceil(10) } else { times }
    }

    fn is_long(self) -> bool {
        self.runs > 0 && self.took_ms >= LONG_MS
    }

    /// Whether it is run in a round: long ones are in one of ten only, so that half of their runs are under load, too.
    fn is_due(self, round: u32, times: u32) -> bool {
        self.runs < self.wanted(times) && (!self.is_long() || round.is_multiple_of(10))
    }
}

/// One run of one case.
struct Ended {
    spec: String,
    differs: bool,
    took_ms: u64,
}

/// Runs each spec until there are `times` runs of it, writes the table, and fails where one has differed.
pub fn run(times: u32) -> Result<(), String> {
    let ledger = Ledger::open(LEDGER)?;
    let cases = rounds(read(&ledger.read()), times, |cases| ledger.write(&write(cases)))?;
    if times >= WORTH_TELLING { PLACE.write(&table(&cases)).map(drop) } else { Ok(()) }
}

/// Runs each spec `times` times, as if none had ever run, and fails where one has differed. What comes of it is not kept.
pub fn afresh(times: u32) -> Result<(), String> {
    rounds(BTreeMap::new(), times, |_| Ok(())).map(drop)
}

/// Fails where a case has differed or has not run until there were `times` runs of it; names those that have never run, which
/// may have been skipped.
pub fn enough(times: u32) -> Result<Vec<String>, String> {
    let cases = read(&Ledger::open(LEDGER)?.read());
    if cases.is_empty() {
        return Err(format!("{LEDGER} says nothing of the layers as they are now: cargo xtask soak --times {times}"));
    }
    let bad = |case: &Case| case.differed > 0 || case.runs < case.wanted(times);
    let bad: Vec<&str> = cases.iter().filter(|(_, case)| bad(case)).map(|(id, _)| id.as_str()).collect();
    if !bad.is_empty() {
        return Err(format!("these have differed, or have not run often enough: {}", bad.join(", ")));
    }
    let page = fs::read_to_string(project::root().join(PLACE.page)).unwrap_or_default();
    if !page.contains(&table(&cases)) {
        return Err(format!(
            "the table in {} is not what {LEDGER} says: cargo xtask soak --times {times}",
            PLACE.page
        ));
    }
    Ok(ids(&project::rinject()?)?.into_iter().filter(|id| !cases.contains_key(id)).collect())
}

/// Runs the cases in rounds until there are `times` runs of each; `keep` is called after each round.
fn rounds(
    mut cases: BTreeMap<String, Case>,
    times: u32,
    keep: impl Fn(&BTreeMap<String, Case>) -> Result<(), String>,
) -> Result<BTreeMap<String, Case>, String> {
    project::fixtures()?;
    let rinject = project::rinject()?;
    let kept = Kept::open(&rinject, "soak", "")?;
    let ids = ids(&rinject)?;
    cases.retain(|id, _| ids.contains(id));
    for id in ids {
        cases.entry(id).or_insert(Case { took_ms: UNKNOWN, ..Case::default() });
    }
    let mut round = cases.values().map(|case| case.runs).max().unwrap_or_default();
    loop {
        let due = shares(&cases, round, times);
        let load = load::is_due(round);
        let at_once = load::processors() * if load { CROWD } else { 1 };
        if due.is_empty() {
            break;
        }
        let asked: BTreeSet<String> = due.iter().flatten().cloned().collect();
        let (said, ended) = one_round(&rinject, &kept, due, at_once)?;
        let ran: BTreeSet<String> = ended.iter().map(|ended| ended.spec.clone()).collect();
        let mut different = 0;
        for Ended { spec, differs, took_ms } in ended {
            let Some(case) = cases.get_mut(&spec) else { return Err(format!("`{spec}` was not asked for")) };
            case.took_ms = case.took_ms.min(took_ms);
            case.runs += 1;
            case.differed += u32::from(differs);
            different += u32::from(differs);
        }
        // What is skipped on this machine is not asked for again.
        cases.retain(|id, _| ran.contains(id) || !asked.contains(id));
        round += 1;
        if different > 0 {
            kept.write(&format!("round-{round}"), &said)?;
        }
        keep(&cases)?;
        println!("round {round} of {times}: {different} differ");
    }
    if cases.is_empty() {
        return Err("nothing was run".to_owned());
    }
    print!("{}", table(&cases));
    let different: Vec<String> = cases
        .iter()
        .filter(|(_, case)| case.differed > 0)
        .map(|(spec, case)| format!("{spec} differed in {} of {} runs", case.differed, case.runs))
        .collect();
    if different.is_empty() {
        return Ok(cases);
    }
    Err(format!("{}\nwhat was said of it is in {}", different.join("\n"), kept.path("round-*").display()))
}

/// The ids of all cases, but those of the programs that have a chore of their own.
fn ids(rinject: &Path) -> Result<BTreeSet<String>, String> {
    let output = Command::new(rinject).current_dir(project::root()).args(["list", "specs"]).output();
    let output = output.map_err(|error| format!("cannot run rinject: {error}"))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let folder = format!("{}/", repeatable::FOLDER);
    let ids: BTreeSet<String> = text.lines().filter(|id| !id.starts_with(&folder)).map(str::to_owned).collect();
    if ids.is_empty() { Err("`rinject list specs` names no case".to_owned()) } else { Ok(ids) }
}

/// What each call of rinject is to run in a round, the long ones first, so that all come to their end at about the same time.
fn shares(cases: &BTreeMap<String, Case>, round: u32, times: u32) -> Vec<Vec<String>> {
    let mut due: Vec<(&String, u64)> =
        cases.iter().filter(|(_, case)| case.is_due(round, times)).map(|(spec, case)| (spec, case.took_ms)).collect();
    due.sort_by_key(|(_, took_ms)| std::cmp::Reverse(*took_ms));
    let (mut shares, mut share, mut share_ms) = (Vec::new(), Vec::new(), 0);
    for (spec, took_ms) in due {
        share.push(spec.clone());
        // Of one that never ran nobody knows how long it takes.
        share_ms += if took_ms == UNKNOWN { 0 } else { took_ms };
        if share.len() >= SHARE.0 || share_ms >= SHARE.1 {
            shares.push(std::mem::take(&mut share));
            share_ms = 0;
        }
    }
    shares.extend(Some(share).filter(|share| !share.is_empty()));
    shares
}

/// Runs each share once, so many at the same time. Returns what was said of those that failed, and what became of each case
/// that was not skipped.
fn one_round(
    rinject: &Path,
    kept: &Kept,
    shares: Vec<Vec<String>>,
    at_once: usize,
) -> Result<(String, Vec<Ended>), String> {
    let left = Mutex::new(shares.into_iter());
    let next = || left.lock().map_err(|_| "another thread has panicked".to_owned()).map(|mut left| left.next());
    let work = |number: usize| {
        let (mut said, mut ended) = (String::new(), Vec::new());
        while let Some(share) = next()? {
            let (words, cases) = one_call(rinject, kept, &share, number)?;
            if cases.iter().any(|case| case.differs) {
                said.push_str(&words);
            }
            ended.extend(cases);
        }
        Ok::<_, String>((said, ended))
    };
    let done: Vec<Result<(String, Vec<Ended>), String>> = thread::scope(|scope| {
        let threads: Vec<_> = (0..at_once).map(|number| scope.spawn(move || work(number))).collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap_or_else(|_| Err("a thread has panicked".into())))
            .collect()
    });
    let (mut said, mut ended) = (String::new(), Vec::new());
    for done in done {
        let (words, cases) = done?;
        said.push_str(&words);
        ended.extend(cases);
    }
    Ok((said, ended))
}

/// One call of rinject, which runs one case after the other.
fn one_call(rinject: &Path, kept: &Kept, specs: &[String], number: usize) -> Result<(String, Vec<Ended>), String> {
    let name = format!("report-{number}.json");
    let report = kept.path(&name);
    // It is there from the last call.
    let _ = fs::remove_file(&report);
    let output = Command::new(rinject)
        .current_dir(project::root())
        .args(["run", "--check", "--quiet", "-j", "1", "--timeout-multiplier", PATIENCE])
        .args(["--report", &format!("json={}", report.display())])
        .args(specs)
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("cannot run rinject: {error}"))?;
    let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    let report = kept.read(&name).ok_or_else(|| format!("there is no report:\n{said}"))?;
    let mut ended = Vec::new();
    for line in report.lines() {
        let line: serde_json::Value =
            serde_json::from_str(line).map_err(|error| format!("cannot read the report: {error}"))?;
        let text = |key: &str| line.get(key).and_then(serde_json::Value::as_str).unwrap_or_default();
        if text("type") != "case" || text("status") == "skip" {
            continue;
        }
        let took_ms = line.get("duration_ms").and_then(serde_json::Value::as_u64).unwrap_or_default();
        let differs = !matches!(text("status"), "pass" | "xfail");
        ended.push(Ended { spec: text("id").to_owned(), differs, took_ms });
    }
    Ok((said, ended))
}

/// Reads what [`write`] has written; whatever else is there is left out.
fn read(text: &str) -> BTreeMap<String, Case> {
    let case = |line: &str| {
        let mut words = line.splitn(4, ' ');
        let mut number = || words.next()?.parse::<u64>().ok();
        let (runs, differed, took_ms) = (number()?, number()?, number()?);
        let case = Case { runs: u32::try_from(runs).ok()?, differed: u32::try_from(differed).ok()?, took_ms };
        Some((words.next()?.to_owned(), case))
    };
    text.lines().filter_map(case).collect()
}

fn write(cases: &BTreeMap<String, Case>) -> String {
    let line = |(spec, case): (&String, &Case)| format!("{} {} {} {spec}\n", case.runs, case.differed, case.took_ms);
    cases.iter().map(line).collect()
}

fn table(cases: &BTreeMap<String, Case>) -> String {
    let mut text = "| specs | runs of each | runs that differed |\n|---|---|---|\n".to_owned();
    for (what, is_long) in [("of less than 0.3 s", false), ("of 0.3 s or more", true)] {
        let of_these = || cases.values().filter(|case| (case.took_ms >= LONG_MS) == is_long);
        let differed: u32 = of_these().map(|case| case.differed).sum();
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "| {} {what} | {} | {differed} |",
            of_these().count(),
            of_these().map(|case| case.runs).min().unwrap_or_default()
        );
    }
    text
}
