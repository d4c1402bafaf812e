//! What sweeps came to, told and written: for `rinject sweep`, and for `rinject merge` of its reports.
//! It must not run anything.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::args::{Format, Global, Merge};
use super::exit_status::ExitStatus;
use super::reports::{self, Kind};
use super::terminal::{colour, complain, print, talk};
use crate::report::sweep::{self, Detail, SweepReport, Swept};

/// The kinds of reports of sweeps.
const KINDS: [Kind; 4] = [Kind::Html, Kind::Json, Kind::Junit, Kind::Sarif];

/// Tells what a spec came to.
pub(super) fn tell(report: &SweepReport, swept: &Swept, detail: Detail, global: &Global) -> Result<(), ExitStatus> {
    sweep::text(report, swept, detail, colour(global)).map_or(Ok(()), print)
}

/// What a spec adds to the exit status; findings that are known add nothing.
pub(super) fn status(report: &SweepReport, swept: &Swept) -> ExitStatus {
    let status = if swept.head.lost.is_empty() { ExitStatus::Passed } else { ExitStatus::NotSetUp };
    let has_new = swept.findings().iter().any(|finding| report.is_new(finding));
    if has_new { status.and(ExitStatus::Failed) } else { status }
}

/// The files that reports are written to.
pub(super) struct Files(Vec<(Kind, PathBuf)>);

impl Files {
    /// Those that the words ask for. One that cannot be written is told of before anything runs; what is in it stays till then.
    pub(super) fn create(words: &[String]) -> Result<Files, ExitStatus> {
        let files = reports::read(words, &KINDS)?;
        for (kind, path) in &files {
            let path = kind.file(path);
            let opened = reports::make_folder(&path)
                .and_then(|()| File::options().create(true).append(true).open(&path).map(drop));
            opened.map_err(|error| reports::unwritten(&path, &error))?;
        }
        Ok(Files(files))
    }

    /// Writes all of them.
    pub(super) fn write(&self, report: &SweepReport) -> ExitStatus {
        let mut status = ExitStatus::Passed;
        for (kind, path) in &self.0 {
            if let Err(error) = kind.write(path, report) {
                status = status.and(reports::unwritten(path, &error));
            }
        }
        status
    }
}

/// Joins reports of sweeps: each file with its text.
pub(super) fn merge(words: &Merge, texts: &[(PathBuf, String)], global: &Global) -> Result<ExitStatus, ExitStatus> {
    let format = match words.format {
        Some(Format::Tap) => Some("tap"),
        Some(Format::Github) => Some("github"),
        Some(Format::Human | Format::Json) | None => None,
    };
    if let Some(format) = format {
        let help = "what sweeps have found is told as `human` or `json`";
        complain(format!("sweeps have no `--format {format}`"), Some(help));
        return Err(ExitStatus::Usage);
    }
    let known = words.baseline_findings.as_deref().map(findings).transpose()?;
    let files = Files::create(&words.report)?;
    let mut status = ExitStatus::Passed;
    let mut found = Vec::new();
    for (path, text) in texts {
        let help = "name reports that `rinject sweep --report json=FILE` has written, to their ends";
        match read(text) {
            Ok(report) => found.push((path.display().to_string(), report)),
            Err(why) => {
                complain(format!("cannot join `{}`: {why}", path.display()), Some(help));
                status = ExitStatus::NotSetUp;
            }
        }
    }
    let joined = sweep::join(&found);
    for problem in &joined.problems {
        complain(&problem.what, Some(problem.help));
        status = ExitStatus::NotSetUp;
    }
    let mut report = SweepReport { known, ..joined.report };
    for (_, share) in &found {
        // Findings are judged anew; of what went wrong nothing else is left.
        let its = ExitStatus::of(share.status).unwrap_or(ExitStatus::Internal);
        status = status.and(if its == ExitStatus::Failed { ExitStatus::Passed } else { its });
    }
    for spec in &report.refused {
        talk(format!("note: {spec} could not be swept, which was said where it was not\n"));
    }
    for swept in &report.sweeps {
        let spec = &swept.head.spec;
        swept.head.notes.iter().for_each(|note| talk(format!("note: {spec}: {note}\n")));
        let lost = &swept.head.lost;
        lost.iter().for_each(|lost| complain(untold(spec, &lost.cell, &lost.why), None));
        status = status.and(self::status(&report, swept));
    }
    report.status = status as u8;
    if words.format == Some(Format::Json) {
        print(sweep::json(&report).map_err(|error| reports::unwritten(Path::new("-"), &error.into()))?)?;
    } else {
        let detail = match (words.list, global.quiet) {
            (true, _) => Detail::List,
            (false, true) => Detail::Findings,
            (false, false) => Detail::All,
        };
        report.sweeps.iter().try_for_each(|swept| tell(&report, swept, detail, global))?;
    }
    Ok(status.and(files.write(&report)))
}

/// Reads a report of a sweep.
fn read(text: &str) -> Result<SweepReport, String> {
    if sweep::is_report(text) == Some(false) {
        return Err("it is a report of `rinject run`, and others are of `rinject sweep`".to_owned());
    }
    sweep::read(text)
}

/// That nothing can be said of a run.
pub(super) fn untold(spec: &str, cell: &str, why: &str) -> String {
    format!("{spec}: nothing can be said of run `{cell}`: {why}")
}

/// The keys of the findings in the report of an earlier sweep. `Err` after saying what is wrong with it.
pub(super) fn findings(path: &Path) -> Result<BTreeSet<String>, ExitStatus> {
    keys(path).map_err(|why| {
        let help = "name a file that `rinject sweep --report json=FILE` has written";
        complain(format!("cannot read the findings of `{}`: {why}", path.display()), Some(help));
        ExitStatus::NotSetUp
    })
}

#[derive(Deserialize)]
struct Line {
    r#type: String,
    version: u32,
    #[serde(default)]
    key: String,
}

fn keys(path: &Path) -> Result<BTreeSet<String>, String> {
    let text = fs::read_to_string(path).map_err(|error| error.to_string())?;
    let mut keys = BTreeSet::new();
    let mut is_whole = false;
    for line in text.lines() {
        let line: Line = serde_json::from_str(line).map_err(|error| format!("no line of a report: {error}"))?;
        if line.version != sweep::VERSION {
            return Err(format!("version {} of the report is not known", line.version));
        }
        is_whole = line.r#type == "summary";
        if line.r#type == "finding" {
            keys.insert(line.key);
        }
    }
    if is_whole { Ok(keys) } else { Err("it has no summary at its end".to_owned()) }
}
