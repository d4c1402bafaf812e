//! Results as trace events, for Perfetto and the like: a group for each case, a track for each task.
//! A transcript has no times: one line of it is one millisecond, and the first line begins at the first.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::time::Duration;

use serde_json::{Value, json};

use super::Report;
use super::result::CaseResult;
use crate::transcript::{EventLine, Line, LinePart, Shape};

/// Microseconds, which is what times of trace events are, that a line takes.
const LINE: u64 = 1000;

/// Writes results as trace events.
#[derive(Debug)]
pub struct Trace<W: Write> {
    out: W,
    /// How many cases there were.
    cases: usize,
    /// The number of the case; viewers take it for a process.
    case: usize,
    /// The number of the next track. No two cases have one in common: viewers take it for a thread of the whole system.
    next: usize,
    /// Something was written that a comma has to follow.
    begun: bool,
}

/// The tasks of a case.
#[derive(Debug, Default)]
struct Tracks {
    tasks: BTreeMap<String, Track>,
    /// Tasks that have no line yet: who made them, and on which line.
    unborn: BTreeMap<String, (usize, u64)>,
}

#[derive(Debug, Default)]
struct Track {
    /// Its track.
    number: usize,
    /// Name and line of calls whose end comes later.
    begun: Vec<(String, u64)>,
}

impl<W: Write> Trace<W> {
    /// Writes to `out`, as cases end.
    pub fn new(out: W) -> Trace<W> {
        Trace { out, cases: 0, case: 0, next: 1, begun: false }
    }

    fn event(&mut self, event: &Value) -> io::Result<()> {
        let before = if self.begun { ",\n" } else { "{\"displayTimeUnit\":\"ms\",\"traceEvents\":[\n" };
        self.begun = true;
        write!(self.out, "{before}{event}")
    }

    fn named(&mut self, what: &str, track: usize, name: &str) -> io::Result<()> {
        self.event(&json!({"ph": "M", "name": what, "pid": self.case, "tid": track, "args": {"name": name}}))
    }

    fn order(&mut self, what: &str, track: usize, index: usize) -> io::Result<()> {
        self.event(&json!({"ph": "M", "name": what, "pid": self.case, "tid": track, "args": {"sort_index": index}}))
    }

    fn slice(&mut self, name: &str, track: usize, from: u64, to: u64, args: &Value) -> io::Result<()> {
        let duration = to.saturating_sub(from) + 1;
        let mut place = json!({"pid": self.case, "tid": track, "ts": from * LINE, "dur": duration * LINE});
        if args["rules"].is_array() {
            // What Chrome knows red by; others have colours of their own.
            place["cname"] = "terrible".into();
        }
        self.placed(json!({"ph": "X", "name": name, "cat": "event", "args": args}), place)
    }

    /// Of one track, or of the whole case.
    fn instant(&mut self, name: &str, category: &str, track: Option<usize>, at: u64, args: &Value) -> io::Result<()> {
        let scope = if track.is_some() { "t" } else { "p" };
        let place = json!({"pid": self.case, "tid": track.unwrap_or(self.case), "ts": at * LINE, "s": scope});
        self.placed(json!({"ph": "i", "name": name, "cat": category, "args": args}), place)
    }

    /// One end of the arrow from the line that makes a task to its first line; `birth` is the task's track.
    fn arrow(&mut self, end: &str, birth: usize, track: usize, at: u64) -> io::Result<()> {
        let place = json!({"pid": self.case, "tid": track, "ts": at * LINE});
        self.placed(json!({"ph": end, "bp": "e", "name": "clone", "cat": "clone", "id": birth}), place)
    }

    /// An end of the slice that is the whole case, from before the first line on.
    fn whole(&mut self, end: &str, at: u64, result: &CaseResult) -> io::Result<()> {
        let args = json!({"status": result.status.name(), "why": result.why(), "again": result.again});
        let place = json!({"pid": self.case, "tid": self.case, "ts": at * LINE});
        self.placed(
            json!({"ph": end, "name": result.id, "cat": "case", "id2": {"local": self.case}, "args": args}),
            place,
        )
    }

    fn placed(&mut self, mut event: Value, place: Value) -> io::Result<()> {
        if let (Value::Object(event), Value::Object(place)) = (&mut event, place) {
            event.extend(place);
        }
        self.event(&event)
    }

    fn line(&mut self, number: u64, event: &EventLine<'_>, tracks: &mut Tracks) -> io::Result<()> {
        let index = tracks.tasks.len();
        let is_new = !tracks.tasks.contains_key(event.task);
        let track = tracks.tasks.entry(event.task.to_owned()).or_default();
        if is_new {
            track.number = self.next;
            self.next += 1;
            self.named("thread_name", track.number, event.task)?;
            self.order("thread_sort_index", track.number, index)?;
            if let Some((parent, line)) = tracks.unborn.remove(event.task) {
                self.arrow("s", track.number, parent, line)?;
                self.arrow("f", track.number, track.number, number)?;
            }
        }
        let mut args = json!({"line": number, "text": event.text});
        if event.fired.is_some() {
            args["rules"] = event.rules().collect::<Vec<_>>().into();
        }
        if let Some(child) = event.text.strip_prefix("clone ").and_then(|rest| rest.split(' ').next()) {
            tracks.unborn.insert(child.to_owned(), (track.number, number));
        }
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
            self.instant(&format!("INJECTED {fired}"), "fault", Some(id), number, &args)?;
        }
        Ok(())
    }
}

impl<W: Write> Report for Trace<W> {
    fn case(&mut self, result: &CaseResult) -> io::Result<()> {
        self.cases += 1;
        // Viewers take the thread that has the number of its process for the main one: it is the first task.
        self.case = self.next;
        let name = format!("{} ({})", result.id, result.status);
        self.named("process_name", self.case, &name)?;
        self.order("process_sort_index", self.case, self.cases)?;
        self.whole("b", 0, result)?;
        let mut tracks = Tracks::default();
        let mut last = 0;
        for (number, line) in (1..).zip(result.transcript.read()?) {
            let line = line?;
            last = number;
            if let Line::Event(event) = Line::read(&line) {
                self.line(number, &event, &mut tracks)?;
            }
        }
        for track in tracks.tasks.into_values() {
            for (name, from) in track.begun {
                self.slice(&name, track.number, from, last, &json!({"line": from}))?;
            }
        }
        self.whole("e", last + 1, result)?;
        // A case that never ran has a number all the same.
        self.next = self.next.max(self.case + 1);
        for (failure, _) in result.failures() {
            let args = json!({"kind": failure.kind.name(), "help": failure.help});
            self.instant(&failure.message, "failure", None, failure.near.unwrap_or(last), &args)?;
        }
        Ok(())
    }

    fn finish(&mut self, _: Duration) -> io::Result<()> {
        if !self.begun {
            write!(self.out, "{{\"displayTimeUnit\":\"ms\",\"traceEvents\":[")?;
        }
        writeln!(self.out, "\n]}}")?;
        self.out.flush()
    }
}
