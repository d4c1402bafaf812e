//! Results as trace events, for Perfetto and the like: a group for each case, a track for each task.
//! A transcript has no times: one line of it is one microsecond.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::time::Duration;

use serde_json::{Value, json};

use super::Report;
use super::result::CaseResult;
use crate::transcript::{EventLine, Line, LinePart, Shape};

/// Writes results as trace events.
#[derive(Debug)]
pub struct Trace<W: Write> {
    out: W,
    /// The number of the case; viewers take it for a process.
    case: usize,
    /// Something was written that a comma has to follow.
    begun: bool,
}

/// The tasks of a case: the number of each one's track, and calls that have begun.
#[derive(Debug, Default)]
struct Tracks(BTreeMap<String, Track>);

#[derive(Debug, Default)]
struct Track {
    number: usize,
    /// Name and line of calls whose end comes later.
    begun: Vec<(String, u64)>,
}

impl<W: Write> Trace<W> {
    /// Writes to `out`, as cases end.
    pub fn new(out: W) -> Trace<W> {
        Trace { out, case: 0, begun: false }
    }

    fn event(&mut self, event: &Value) -> io::Result<()> {
        let before = if self.begun { ",\n" } else { "{\"displayTimeUnit\":\"ns\",\"traceEvents\":[\n" };
        self.begun = true;
        write!(self.out, "{before}{event}")
    }

    fn named(&mut self, what: &str, track: usize, name: &str) -> io::Result<()> {
        self.event(&json!({"ph": "M", "name": what, "pid": self.case, "tid": track, "args": {"name": name}}))
    }

    fn slice(&mut self, name: &str, track: usize, from: u64, to: u64, args: &Value) -> io::Result<()> {
        let duration = to.saturating_sub(from) + 1;
        let place = json!({"pid": self.case, "tid": track, "ts": from, "dur": duration});
        self.placed(json!({"ph": "X", "name": name, "cat": "event", "args": args}), place)
    }

    /// Of one track, or of the whole case.
    fn instant(&mut self, name: &str, category: &str, track: Option<usize>, at: u64, args: &Value) -> io::Result<()> {
        let scope = if track.is_some() { "t" } else { "p" };
        let place = json!({"pid": self.case, "tid": track.unwrap_or(0), "ts": at, "s": scope});
        self.placed(json!({"ph": "i", "name": name, "cat": category, "args": args}), place)
    }

    fn placed(&mut self, mut event: Value, place: Value) -> io::Result<()> {
        if let (Value::Object(event), Value::Object(place)) = (&mut event, place) {
            event.extend(place);
        }
        self.event(&event)
    }

    fn line(&mut self, number: u64, event: &EventLine<'_>, tracks: &mut Tracks) -> io::Result<()> {
        let next = tracks.0.len() + 1;
        let is_new = !tracks.0.contains_key(event.task);
        let track = tracks.0.entry(event.task.to_owned()).or_default();
        if is_new {
            track.number = next;
            self.named("thread_name", next, event.task)?;
        }
        let args = json!({"line": number, "text": event.text});
        let (id, name) = (track.number, event.name());
        match event.shape {
            Shape::Call { part: LinePart::Started, .. } => track.begun.push((name.to_owned(), number)),
            Shape::Call { part: LinePart::Resumed, .. } => {
                let begun = track.begun.iter().rposition(|(begun, _)| begun == name).map(|at| track.begun.remove(at));
                self.slice(name, id, begun.map_or(number, |(_, from)| from), number, &args)?;
            }
            Shape::End => {
                // Calls that never returned last to the end of their task.
                for (name, from) in std::mem::take(&mut track.begun) {
                    self.slice(&name, id, from, number, &json!({"line": from}))?;
                }
                self.slice(name, id, number, number, &args)?;
            }
            Shape::Call { part: LinePart::Whole, .. } | Shape::Signal | Shape::Point | Shape::Life => {
                self.slice(name, id, number, number, &args)?;
            }
        }
        if let Some(fired) = event.fired {
            let args = json!({"line": number, "text": event.text, "rules": event.rules().collect::<Vec<_>>()});
            self.instant(&format!("INJECTED {fired}"), "fault", Some(id), number, &args)?;
        }
        Ok(())
    }
}

impl<W: Write> Report for Trace<W> {
    fn case(&mut self, result: &CaseResult) -> io::Result<()> {
        self.case += 1;
        let name = format!("{} ({})", result.id, result.status);
        self.named("process_name", 0, &name)?;
        let order = json!({"ph": "M", "name": "process_sort_index", "args": {"sort_index": self.case}});
        self.placed(order, json!({"pid": self.case, "tid": 0}))?;
        let mut tracks = Tracks::default();
        let mut last = 0;
        for (number, line) in (1..).zip(result.transcript.read()?) {
            let line = line?;
            last = number;
            if let Line::Event(event) = Line::read(&line) {
                self.line(number, &event, &mut tracks)?;
            }
        }
        for track in tracks.0.into_values() {
            for (name, from) in track.begun {
                self.slice(&name, track.number, from, last, &json!({"line": from}))?;
            }
        }
        for (failure, _) in result.failures() {
            let args = json!({"kind": failure.kind.name(), "help": failure.help});
            self.instant(&failure.message, "failure", None, failure.near.unwrap_or(last), &args)?;
        }
        Ok(())
    }

    fn finish(&mut self, _: Duration) -> io::Result<()> {
        if !self.begun {
            write!(self.out, "{{\"displayTimeUnit\":\"ns\",\"traceEvents\":[")?;
        }
        writeln!(self.out, "\n]}}")?;
        self.out.flush()
    }
}
