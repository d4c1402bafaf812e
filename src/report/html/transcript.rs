//! The transcript with rules, expectations and failures woven in. Of a long one the page shows what somebody will look for.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use serde::Serialize;

use super::super::result::CaseResult;
use super::class;
use super::marks::{self, Mark};
use crate::diagnostic::visible;
use crate::transcript::Line;
use crate::verdict::{Expectation, FailureKind};

/// Of transcripts that have more lines than this, parts are shown.
const MOST: u64 = 1500;
/// Which: so many lines at the beginning and at the end,
const ENDS: u64 = 250;
/// so many around each line that a failure is about,
const AROUND: u64 = 12;
/// so many on which rules have fired,
const MOST_FAULTS: usize = 500;
/// and so many that expectations are about.
const MOST_MARKED: usize = 500;
/// Different colours of tasks.
const COLOURS: usize = 6;

/// A transcript as the template sees it.
#[derive(Debug, Default, Serialize)]
pub(super) struct Transcript {
    count: u64,
    rows: Vec<Row>,
    /// Whether any line has marks.
    is_marked: bool,
}

/// A line, or lines that are left out.
#[derive(Debug, Default, Serialize)]
struct Row {
    /// How many lines are left out here; the rest is empty then.
    gap: u64,
    number: u64,
    task: String,
    colour: usize,
    class: &'static str,
    text: String,
    fired: Option<String>,
    /// Which expectations it is about.
    marks: Vec<Mark>,
    /// What was wrong here.
    failures: Vec<String>,
}

impl Transcript {
    /// The transcript of `result`, read from disk.
    pub(super) fn of(result: &CaseResult) -> io::Result<Transcript> {
        let count = result.transcript.count();
        let mut failures: BTreeMap<u64, Vec<String>> = BTreeMap::new();
        for (failure, _) in result.failures() {
            if let Some(near) = failure.near {
                failures.entry(near).or_default().push(visible(&failure.message).into_owned());
            }
        }
        if let Some((end, message)) = ended_otherwise(result) {
            failures.entry(end).or_default().push(message);
        }
        let mut marks = marks::by_line(result);
        let is_marked = !marks.is_empty();
        let marked: BTreeSet<u64> = marks.keys().copied().take(MOST_MARKED).collect();
        let is_near = |number: u64| {
            let from = number.saturating_sub(AROUND);
            failures.range(from..=number + AROUND).next().is_some()
        };
        let mut tasks = BTreeMap::new();
        let mut rows: Vec<Row> = Vec::new();
        let mut faults = 0;
        for (number, line) in (1..).zip(result.transcript.read()?) {
            let line = line?;
            let mut row = row(number, &line, &mut tasks);
            faults += usize::from(row.fired.is_some());
            let is_fault = row.fired.is_some() && faults <= MOST_FAULTS;
            let is_end = number <= ENDS || number + ENDS > count;
            if count <= MOST || is_end || is_fault || is_near(number) || marked.contains(&number) {
                row.failures = failures.get(&number).cloned().unwrap_or_default();
                row.marks = marks.remove(&number).unwrap_or_default();
                rows.push(row);
            } else if let Some(Row { gap: gap @ 1.., .. }) = rows.last_mut() {
                *gap += 1;
            } else {
                rows.push(Row { gap: 1, ..Row::default() });
            }
        }
        Ok(Transcript { count, rows, is_marked })
    }
}

/// What is wrong with how the first process ended, and the line of its end.
fn ended_otherwise(result: &CaseResult) -> Option<(u64, String)> {
    let outcome = result.outcome.as_ref()?;
    let failure =
        outcome.failures.iter().find(|failure| failure.kind == FailureKind::Exit && failure.near.is_none())?;
    let exit = outcome.met.iter().find(|met| matches!(met.expectation, Expectation::Exit { .. }))?;
    Some((exit.matches.first()?.line, visible(&failure.message).into_owned()))
}

fn row(number: u64, line: &str, tasks: &mut BTreeMap<String, usize>) -> Row {
    match Line::read(line) {
        Line::Frame(place) => {
            Row { number, class: "frame", text: format!("at {}", visible(place)), ..Row::default() }
        }
        Line::Event(event) => {
            let next = tasks.len() % COLOURS;
            Row {
                number,
                task: event.task.to_owned(),
                colour: *tasks.entry(event.task.to_owned()).or_insert(next),
                class: class(event.shape),
                text: visible(event.text).into_owned(),
                fired: event.fired.map(|fired| visible(fired).into_owned()),
                ..Row::default()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tasks_keep_their_colours() {
        let mut tasks = BTreeMap::new();
        let colours = ["P1     a()", "P2     a()", "P1     b() = -1 EIO"].map(|line| row(1, line, &mut tasks).colour);
        assert_eq!(colours, [0, 1, 0]);
    }
}
