//! `rinject merge`: the reports of several machines become one, with one status. What is missing or there twice is a failure:
//! nothing passes because its report got lost.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::args::{Global, Merge};
use super::exit_status::ExitStatus;
use super::reports::{self, Files, Kind};
use super::sweeps;
use super::terminal::{complain, written};
use crate::cases::Shard;
use crate::diagnostic::Code;
use crate::report::sweep::is_report;
use crate::report::{CaseResult, Line, Share, Status};

/// What can be made of lines of JSON: the rest needs transcripts.
const KINDS: [Kind; 3] = [Kind::Json, Kind::Junit, Kind::Tap];

pub(super) fn main(words: &Merge, global: &Global) -> ExitStatus {
    merge(words, global).unwrap_or_else(|status| status)
}

fn merge(words: &Merge, global: &Global) -> Result<ExitStatus, ExitStatus> {
    let (texts, unread) = texts(&words.files);
    let paths: Vec<PathBuf> = texts.iter().map(|(path, _)| path.clone()).collect();
    reports::spare(&words.report, &paths)?;
    if texts.iter().any(|(_, text)| is_report(text) == Some(true)) {
        return Ok(sweeps::merge(words, &texts, global)?.and(unread));
    }
    if words.baseline_findings.is_some() {
        complain("`--baseline-findings` is for reports of `rinject sweep`, and these are none", None);
        return Err(ExitStatus::Usage);
    }
    let mut joined = Joined { status: unread, ..Joined::default() };
    for (path, text) in &texts {
        joined.read(path, text);
    }
    joined.check_shards();
    let mut files = Files::create(&words.report, &KINDS, None)?;
    let mut told = reports::told(words.format, global, None);
    let mut status = joined.status;
    let mut took = Duration::ZERO;
    for result in joined.results.iter().flatten() {
        status = status.and(status_of(result));
        took += result.took;
        written(told.case(result))?;
        status = status.and(files.case(result));
    }
    let files = files.finish(took);
    written(told.finish(took))?;
    Ok(status.and(files))
}

/// The files with their texts, those of folders in the order of their names; and the status, where some cannot be read.
fn texts(words: &[PathBuf]) -> (Vec<(PathBuf, String)>, ExitStatus) {
    let mut paths = Vec::new();
    let mut status = ExitStatus::Passed;
    let mut unread = |path: &PathBuf, why: String| {
        complain(format!("cannot join `{}`: {why}", path.display()), None);
        status = ExitStatus::NotSetUp;
    };
    for path in words {
        let Ok(entries) = fs::read_dir(path) else {
            paths.push(path.clone());
            continue;
        };
        let mut inside: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
        inside.retain(|path| path.extension().is_some_and(|ending| ending == "json"));
        inside.sort();
        if inside.is_empty() {
            unread(path, "no file in this folder ends in `.json`".to_owned());
        }
        paths.extend(inside);
    }
    let mut texts = Vec::new();
    for path in paths {
        match fs::read_to_string(&path) {
            Ok(text) => texts.push((path, text)),
            Err(error) => unread(&path, error.to_string()),
        }
    }
    (texts, status)
}

#[derive(Default)]
struct Joined {
    /// By file.
    results: Vec<Vec<CaseResult>>,
    /// Who has told of each case.
    told: BTreeMap<String, PathBuf>,
    shards: Vec<Share>,
    /// How many files were of all cases.
    whole: usize,
    status: ExitStatus,
}

impl Joined {
    fn read(&mut self, path: &Path, text: &str) {
        if let Err(why) = self.read_text(path, text) {
            complain(format!("cannot join `{}`: {why}", path.display()), None);
            self.status = self.status.and(ExitStatus::NotSetUp);
        }
    }

    fn read_text(&mut self, path: &Path, text: &str) -> Result<(), String> {
        let mut results = Vec::new();
        let mut ended = false;
        for (at, line) in text.lines().enumerate() {
            match Line::read(line).map_err(|why| format!("line {}: {why}", at + 1))? {
                Line::Case(result) => results.push(*result),
                Line::Summary(shard) => {
                    ended = true;
                    match shard {
                        Some(shard) => self.shards.push(shard),
                        None => self.whole += 1,
                    }
                }
                Line::Other => {}
            }
        }
        if !ended {
            return Err("it has no last line: the run did not come to its end".to_owned());
        }
        // Within one file a case may stand several times: `--repeat`.
        for id in results.iter().map(|result| &result.id).collect::<BTreeSet<_>>() {
            if let Some(other) = self.told.insert(id.clone(), path.to_owned()) {
                return Err(format!("`{id}` is in `{}`, too", other.display()));
            }
        }
        self.results.push(results);
        Ok(())
    }

    /// Says which shares are missing.
    fn check_shards(&mut self) {
        let shards: Vec<Shard> = self.shards.iter().map(|share| share.shard).collect();
        let Some(count) = shards.iter().map(|shard| shard.count).max() else { return };
        let all = self.shards.iter().map(|share| share.of).max().unwrap_or_default();
        let mut wrong = Vec::new();
        if let Some(other) = shards.iter().find(|shard| shard.count != count) {
            wrong.push(format!("there are shares of {count} and of {}", other.count));
        } else if self.whole > 0 {
            wrong.push(format!("there are shares of {count}, and {} that are none", self.whole));
        } else {
            let is_there = |index: u64| shards.iter().filter(|shard| shard.index == index).count();
            let missing = (1..=count).filter(|index| is_there(*index) == 0);
            wrong.extend(missing.map(|index| format!("share {index}/{count} is missing")));
            let twice = (1..=count).filter(|index| is_there(*index) > 1);
            wrong.extend(twice.map(|index| format!("share {index}/{count} is there twice")));
            if wrong.is_empty() && (self.told.len() != all || self.shards.iter().any(|share| share.of != all)) {
                wrong.push(format!("the shares hold {} of {all} cases: they are none of one run", self.told.len()));
            }
        }
        for wrong in wrong {
            complain(wrong, Some("give `rinject merge` one report of each share of one run"));
            self.status = self.status.and(ExitStatus::NotSetUp);
        }
    }
}

/// What a case adds to the status of the whole, as it did where it was run.
fn status_of(result: &CaseResult) -> ExitStatus {
    match result.status {
        Status::Pass | Status::Flaky | Status::Skip | Status::Xfail => ExitStatus::Passed,
        Status::Fail | Status::Timeout | Status::Xpass => ExitStatus::Failed,
        Status::Interrupted => ExitStatus::Interrupted,
        Status::Error => {
            let of = |code: Code| match code {
                Code::UNABLE => ExitStatus::Unable,
                Code::SETUP | Code::SETUP_COMMAND | Code::TARGET_NOT_FOUND => ExitStatus::NotSetUp,
                Code::UNRESOLVED_BIN => ExitStatus::NotSetUp,
                _ => ExitStatus::InvalidSpec,
            };
            result.diagnostics.errors().map(|error| of(error.code)).min().unwrap_or(ExitStatus::NotSetUp)
        }
    }
}
