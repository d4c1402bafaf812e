//! Results as one page of HTML that needs nothing else: no script, no other file, light or dark as the reader likes.
//! Sections of cases wait in a file until the totals above them are known: a page may be longer than memory.

mod marks;
mod problem;
mod section;
mod spec;
mod timeline;
mod transcript;

use std::fs::File;
use std::io::{self, BufWriter, Seek, Write};
use std::time::Duration;

use minijinja::Environment;
use minijinja::value::Serde;
use serde::Serialize;

use super::Report;
use super::result::{CaseResult, Status, Totals};
use crate::diagnostic::visible;
use crate::transcript::Shape;
use section::Section;

/// Writes results as a page.
#[derive(Debug)]
pub struct Html<W: Write> {
    out: W,
    pages: Environment<'static>,
    sections: BufWriter<File>,
    entries: Vec<Entry>,
    totals: Totals,
    faults: u64,
}

/// All above the sections.
#[derive(Debug, Serialize)]
struct Head<'h> {
    style: &'static str,
    version: &'static str,
    totals: String,
    group: &'static str,
    counts: Vec<Count>,
    cases: usize,
    faults: u64,
    took: String,
    entries: &'h [Entry],
}

/// A case in the list at the top.
#[derive(Debug, Serialize)]
struct Entry {
    number: usize,
    id: String,
    status: &'static str,
    group: &'static str,
    why: Option<String>,
    took: String,
}

/// How many cases ended in some way.
#[derive(Debug, Serialize)]
struct Count {
    number: usize,
    status: &'static str,
    words: &'static str,
}

impl<W: Write> Html<W> {
    /// Writes to `out`, at the end.
    pub fn new(out: W) -> io::Result<Html<W>> {
        let mut pages = Environment::new();
        let templates = [
            ("head.html", include_str!("head.html")),
            ("section.html", include_str!("section.html")),
            ("timeline.html", include_str!("timeline.html")),
        ];
        for (name, text) in templates {
            pages.add_template(name, text).map_err(io::Error::other)?;
        }
        let sections = BufWriter::new(tempfile::tempfile()?);
        Ok(Html { out, pages, sections, entries: Vec::new(), totals: Totals::default(), faults: 0 })
    }

    fn counts(&self) -> Vec<Count> {
        let Totals { passed, flaky, failed, errors, skipped, xfailed, interrupted } = self.totals;
        let all = [
            (failed, "fail", "failed"),
            (errors, "error", "without a verdict"),
            (interrupted, "interrupted", "interrupted"),
            (passed, "pass", "passed"),
            (flaky, "flaky", "flaky"),
            (xfailed, "xfail", "known to fail"),
            (skipped, "skip", "skipped"),
        ];
        let counts = all.into_iter().map(|(number, status, words)| Count { number, status, words });
        counts.filter(|count| count.number > 0).collect()
    }
}

impl<W: Write> Report for Html<W> {
    fn case(&mut self, result: &CaseResult) -> io::Result<()> {
        self.totals.add(result.status);
        self.faults += result.rules().map(|(_, rule)| rule.fired).sum::<u64>();
        let number = self.entries.len() + 1;
        self.entries.push(Entry {
            number,
            id: visible(&result.id).into_owned(),
            status: result.status.name(),
            group: group(result.status),
            why: result.why(),
            took: seconds(result.took),
        });
        let section = Section::of(number, result)?;
        let template = self.pages.get_template("section.html").map_err(io::Error::other)?;
        template.render_captured_to(Serde(&section), &mut self.sections).map_err(io::Error::other)?;
        Ok(())
    }

    fn finish(&mut self, took: Duration) -> io::Result<()> {
        let head = self.pages.get_template("head.html").map_err(io::Error::other)?;
        let totals = Head {
            style: include_str!("style.css"),
            version: env!("CARGO_PKG_VERSION"),
            totals: self.totals.to_string(),
            group: if self.entries.iter().any(|entry| entry.group == "bad") { "bad" } else { "good" },
            counts: self.counts(),
            cases: self.entries.len(),
            faults: self.faults,
            took: seconds(took),
            entries: &self.entries,
        };
        head.render_captured_to(Serde(&totals), &mut self.out).map_err(io::Error::other)?;
        self.sections.flush()?;
        let mut sections = self.sections.get_ref();
        sections.rewind()?;
        io::copy(&mut sections, &mut self.out)?;
        writeln!(self.out, "</main>\n</body>\n</html>")?;
        self.out.flush()
    }
}

/// The class that the style knows an event by.
fn class(shape: Shape<'_>) -> &'static str {
    match shape {
        Shape::Call { failed: true, .. } => "failed",
        Shape::Call { failed: false, .. } => "call",
        Shape::Signal => "signal",
        Shape::Point => "point",
        Shape::Life => "life",
        Shape::End => "end",
    }
}

/// What the filters of the page tell apart.
fn group(status: Status) -> &'static str {
    match status {
        Status::Fail | Status::Timeout | Status::Xpass | Status::Error | Status::Interrupted => "bad",
        Status::Pass | Status::Flaky => "good",
        Status::Skip | Status::Xfail => "other",
    }
}

fn seconds(took: Duration) -> String {
    format!("{:.2} s", took.as_secs_f64())
}
