//! The tasks of a run side by side, from left to right as the transcript goes, and the faults on them.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use serde::Serialize;

use super::super::result::CaseResult;
use super::class;
use crate::diagnostic::visible;
use crate::transcript::{EventLine, Line, LinePart, Shape};

/// Where the first line of the transcript is, and how far the last one is from there.
const LEFT: f64 = 110.0;
const WIDTH: f64 = 870.0;
/// From one task to the next, and from the top to the first.
const STEP: f64 = 30.0;
const TOP: f64 = 26.0;
/// More tasks are not shown.
const MOST_TASKS: usize = 60;
/// Nor are more faults.
const MOST_FAULTS: usize = 500;

/// A timeline as the template sees it.
#[derive(Debug, Serialize)]
pub(super) struct Timeline {
    height: f64,
    count: u64,
    tracks: Vec<Track>,
    births: Vec<Birth>,
    faults: Vec<Mark>,
    failures: Vec<Mark>,
    left_out: usize,
}

/// A task.
#[derive(Debug, Default, Serialize)]
struct Track {
    name: String,
    y: f64,
    from: f64,
    to: f64,
    colour: usize,
    /// Events, as far as they can be told apart.
    ticks: Vec<Mark>,
    /// Calls that other tasks' lines fall into: from, and how long.
    waits: Vec<(f64, f64)>,
    #[serde(skip)]
    seen: BTreeSet<(u32, &'static str)>,
    #[serde(skip)]
    begun: Vec<u64>,
}

/// A line from a task to the one that it made.
#[derive(Debug, Serialize)]
struct Birth {
    x: f64,
    from: f64,
    to: f64,
}

/// Something at a place.
#[derive(Debug, Serialize)]
struct Mark {
    x: f64,
    y: f64,
    width: f64,
    class: &'static str,
    line: u64,
    title: String,
}

/// The tracks while the transcript is read.
#[derive(Debug, Default)]
struct Drawing {
    count: u64,
    numbers: BTreeMap<String, usize>,
    tracks: Vec<Track>,
    births: Vec<(u64, usize, String)>,
    faults: Vec<Mark>,
}

impl Timeline {
    /// The timeline of `result`; `None` where nothing ran.
    pub(super) fn of(result: &CaseResult) -> io::Result<Option<Timeline>> {
        let mut drawing = Drawing { count: result.transcript.count(), ..Drawing::default() };
        for (number, line) in (1..).zip(result.transcript.read()?) {
            if let Line::Event(event) = Line::read(&line?) {
                drawing.event(number, &event);
            }
        }
        let nears = result.failures().filter_map(|(failure, _)| Some((failure.near?, failure.message.clone())));
        let failures = nears.map(|(line, message)| drawing.mark(line, 0.0, "failure", &message)).collect();
        Ok((!drawing.tracks.is_empty()).then(|| drawing.finish(failures)))
    }
}

impl Drawing {
    fn x(&self, line: u64) -> f64 {
        let part = (line.saturating_sub(1)) as f64 / (self.count.max(2) - 1) as f64;
        ((LEFT + part * WIDTH) * 10.0).round() / 10.0
    }

    fn mark(&self, line: u64, y: f64, class: &'static str, title: &str) -> Mark {
        let width = (WIDTH / self.count.max(1) as f64 * 0.6).clamp(1.2, 7.0);
        Mark { x: self.x(line), y, width, class, line, title: format!("line {line}: {}", visible(title)) }
    }

    fn event(&mut self, line: u64, event: &EventLine<'_>) {
        let next = self.tracks.len();
        let at = *self.numbers.entry(event.task.to_owned()).or_insert(next);
        let x = self.x(line);
        if at == next {
            let y = TOP + STEP * at as f64;
            self.tracks.push(Track { name: event.task.to_owned(), y, from: x, colour: at % 6, ..Track::default() });
        }
        let class = class(event.shape);
        let y = self.tracks[at].y;
        let tick = self.mark(line, y, class, event.text);
        let track = &mut self.tracks[at];
        track.to = x;
        match event.shape {
            Shape::Call { part: LinePart::Started, .. } => track.begun.push(line),
            Shape::Call { part: LinePart::Resumed, .. } => {
                let begun = track.begun.pop();
                self.waits(at, begun, x);
            }
            // Calls that never returned last to the end of their task.
            Shape::End => {
                let begun = std::mem::take(&mut track.begun);
                self.waits(at, begun, x);
            }
            Shape::Call { part: LinePart::Whole, .. } | Shape::Signal | Shape::Point | Shape::Life => {}
        }
        // Ticks in one place are one.
        if self.tracks[at].seen.insert((x as u32, class)) {
            self.tracks[at].ticks.push(tick);
        }
        if let Some(child) = event.text.strip_prefix("clone ").and_then(|rest| rest.split(' ').next()) {
            self.births.push((line, at, child.to_owned()));
        }
        if let Some(fired) = event.fired.filter(|_| self.faults.len() < MOST_FAULTS) {
            let fault = self.mark(line, y, "fault", &format!("{fired}: {}", event.text));
            self.faults.push(fault);
        }
    }

    /// Calls that have begun at these lines last to `x`, as far as that can be seen.
    fn waits(&mut self, at: usize, begun: impl IntoIterator<Item = u64>, x: f64) {
        for from in begun {
            let from = self.x(from);
            self.tracks[at].waits.extend(Some((from, x - from)).filter(|(_, width)| *width >= 1.0));
        }
    }

    fn finish(mut self, failures: Vec<Mark>) -> Timeline {
        let all = self.tracks.len();
        let most = TOP + STEP * MOST_TASKS as f64;
        let mut births = Vec::new();
        for (line, parent, child) in std::mem::take(&mut self.births) {
            let Some(child) = self.numbers.get(&child).copied() else { continue };
            let birth = Birth { x: self.x(line), from: self.tracks[parent].y, to: self.tracks[child].y };
            // A task is there before its first line.
            self.tracks[child].from = birth.x;
            births.extend(Some(birth).filter(|birth| birth.to < most));
        }
        self.tracks.truncate(MOST_TASKS);
        self.faults.retain(|fault| fault.y < most);
        Timeline {
            height: TOP + STEP * self.tracks.len() as f64,
            count: self.count,
            births,
            left_out: all - self.tracks.len(),
            tracks: self.tracks,
            faults: self.faults,
            failures,
        }
    }
}
