//! What sweeps came to, as their JSON reports tell it: for whoever joins those of several machines.
//! It must not judge whether reports belong together.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::json::{CellLine, CoverageLine, SummaryLine, VERSION};
use super::swept::{Head, Run, SweepReport, Swept};
use crate::sweep::coverage::Coverage;
use crate::sweep::{After, Called, Cell, Circumstances, Point};

#[derive(Deserialize)]
struct Type {
    r#type: String,
    version: u32,
}

/// What is read so far of a spec.
struct Part {
    head: Head,
    points: Vec<Point>,
    places: HashMap<(bool, Option<After>, Called, u64), usize>,
    runs: Vec<Run>,
    names: BTreeSet<String>,
    coverage: Option<Coverage>,
}

/// Whether it is the report of a sweep, and not of a run; `None` where it is neither.
pub fn is_report(text: &str) -> Option<bool> {
    text.lines().find_map(|line| {
        let line: serde_json::Value = serde_json::from_str(line).ok()?;
        match line["type"].as_str()? {
            "sweep" | "cell" | "coverage" | "finding" => Some(true),
            // Both kinds of reports have a line of this name.
            "summary" => Some(!line["specs"].is_null()),
            "case" | "check" => Some(false),
            _ => None,
        }
    })
}

/// Reads what [`super::json()`] writes.
///
/// # Errors
/// What is wrong with it, and in which line.
pub fn read(text: &str) -> Result<SweepReport, String> {
    let mut parts: Vec<Part> = Vec::new();
    let mut summary = None;
    for (at, line) in text.lines().enumerate() {
        let wrong = |why: String| format!("line {}: {why}", at + 1);
        if summary.is_some() {
            return Err(wrong("something comes behind the last line: it is more than one report".to_owned()));
        }
        let Type { r#type, version } = take(line, "report").map_err(wrong)?;
        if version != VERSION {
            return Err(wrong(format!("version {version} of the report is not known")));
        }
        match r#type.as_str() {
            "sweep" => parts.push(Part::new(take(line, "sweep").map_err(wrong)?)),
            "cell" => {
                let cell: CellLine<'_> = take(line, "sweep").map_err(wrong)?;
                let part = parts.last_mut().filter(|part| part.head.spec == cell.spec);
                part.ok_or_else(|| wrong(format!("no `sweep` line of `{}` comes before it", cell.spec)))?
                    .add(cell)
                    .map_err(wrong)?;
            }
            "coverage" => {
                let line: CoverageLine<'_> = take(line, "sweep").map_err(wrong)?;
                let part = parts.last_mut().filter(|part| part.head.spec == line.spec);
                part.ok_or_else(|| wrong(format!("no `sweep` line of `{}` comes before it", line.spec)))?
                    .coverage
                    .get_or_insert_default()
                    .put(line.file.into_owned(), line.lines.into_owned());
            }
            "summary" => summary = Some(take::<SummaryLine>(line, "sweep").map_err(wrong)?),
            _ => {}
        }
    }
    let summary = summary.ok_or("it has no last line: the sweep did not come to its end, or the file is cut off")?;
    if let Some(part) = parts.iter().find(|part| part.runs.len() != part.head.runs) {
        let (there, spec, said) = (part.runs.len(), &part.head.spec, part.head.runs);
        return Err(format!("it has {there} runs of `{spec}`, and says that there are {said}: lines are missing"));
    }
    Ok(SweepReport {
        sweeps: parts.into_iter().map(Part::swept).collect(),
        refused: summary.refused,
        status: summary.status,
        shard: summary.shard.map(|shard| shard.parse()).transpose()?,
        took: Duration::from_millis(summary.duration_ms),
        known: None,
    })
}

/// What a line says.
fn take<T: DeserializeOwned>(line: &str, what: &str) -> Result<T, String> {
    serde_json::from_str(line).map_err(|error| format!("no line of a {what} that can be joined: {error}"))
}

impl Part {
    fn new(head: Head) -> Part {
        Part {
            head,
            points: Vec::new(),
            places: HashMap::new(),
            runs: Vec::new(),
            names: BTreeSet::new(),
            coverage: None,
        }
    }

    fn add(&mut self, line: CellLine<'_>) -> Result<(), String> {
        let cell = Cell::parse(&line.cell).ok_or_else(|| format!("`{}` is no name of a run", line.cell))?;
        if !self.names.insert(line.cell.clone().into_owned()) {
            return Err(format!("run `{}` is there twice", line.cell));
        }
        let number = line.number;
        if number == 0 || number > self.head.of {
            return Err(format!("run `{}` has the number {number}, and there are {}", line.cell, self.head.of));
        }
        let key = (line.state.is_some(), cell.after, cell.called, cell.nth);
        let next = self.points.len();
        let at = *self.places.entry(key).or_insert(next);
        if at == next {
            self.points.push(Point {
                called: cell.called,
                nth: line.nth,
                times: line.times,
                shown: line.shown.into_owned(),
                frames: line.stack.iter().map(|frame| Arc::from(&**frame)).collect(),
                source: line.source.map(Into::into),
                path: line.path.map(Into::into),
                circumstances: Circumstances::default(),
                amounts: Vec::new(),
            });
        }
        self.runs.push(Run {
            number,
            cell: Cell { point: at, ..cell },
            verdict: line.verdict,
            evidence: line.evidence.into_owned(),
            state: line.state.map(std::borrow::Cow::into_owned),
            took: Duration::from_millis(line.duration_ms),
            again: line.again.into_owned(),
        });
        Ok(())
    }

    fn swept(self) -> Swept {
        Swept::new(self.head, self.points, self.runs).reaching(self.coverage)
    }
}
