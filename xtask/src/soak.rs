//! All of specs/ many times, half of the rounds while something else takes every processor. How often each has run is kept,
//! so that the next call goes on from there.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::kept::Kept;
use crate::load::Load;
use crate::page::Place;
use crate::project;

/// A spec that takes this many milliseconds or more is run a tenth as often.
const LONG_MS: u64 = 300;
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
        if self.took_ms < LONG_MS { times } else { times.div_ceil(10) }
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
    project::fixtures()?;
    let rinject = project::rinject()?;
    let kept = Kept::open(&rinject, "soak", "")?;
    let mut cases = read(kept.read("cases").as_deref().unwrap_or_default());
    let mut round: u32 = kept.read("rounds").and_then(|text| text.trim().parse().ok()).unwrap_or(0);
    while round < times {
        let left: Vec<&str> =
            cases.iter().filter(|(_, case)| case.runs < case.wanted(times)).map(|(spec, _)| spec.as_str()).collect();
        let specs = if cases.is_empty() { vec!["specs"] } else { left };
        if specs.is_empty() {
            break;
        }
        let load = Load::after(round)?;
        let (said, ended) = one_round(&rinject, &kept, &specs)?;
        drop(load);
        let mut different = 0;
        for Ended { spec, differs, took_ms } in ended {
            let case = cases.entry(spec).or_insert(Case { took_ms, ..Case::default() });
            case.took_ms = case.took_ms.min(took_ms);
            case.runs += 1;
            case.differed += u32::from(differs);
            different += u32::from(differs);
        }
        round += 1;
        if different > 0 {
            kept.write(&format!("round-{round}"), &said)?;
        }
        kept.write("cases", &write(&cases))?;
        kept.write("rounds", &format!("{round}\n"))?;
        println!("round {round} of {times}: {different} differ");
    }
    let table = table(&cases);
    print!("{table}");
    let different: Vec<String> = cases
        .iter()
        .filter(|(_, case)| case.differed > 0)
        .map(|(spec, case)| format!("{spec} differed in {} of {} runs", case.differed, case.runs))
        .collect();
    if different.is_empty() {
        return PLACE.write(&table).map(drop);
    }
    Err(format!("{}\nwhat was said of it is in {}", different.join("\n"), kept.path("round-*").display()))
}

/// Runs some specs once. Returns what was said, and what became of each that was not skipped.
fn one_round(rinject: &Path, kept: &Kept, specs: &[&str]) -> Result<(String, Vec<Ended>), String> {
    let report = kept.path("report.json");
    let output = Command::new(rinject)
        .current_dir(project::root())
        .args(["run", "--check", "--quiet", "--report", &format!("json={}", report.display())])
        .args(specs)
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("cannot run rinject: {error}"))?;
    let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    let report = kept.read("report.json").ok_or_else(|| format!("there is no report:\n{said}"))?;
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
    if ended.is_empty() {
        return Err(format!("nothing was run:\n{said}"));
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
