//! What a sweep came to, for people: a matrix of points and faults, and each finding with what it rests on.
//! It must not decide what is a finding.

use std::collections::HashMap;
use std::fmt::Write;

use super::columns::Column;
use super::coverage;
use super::swept::{Run, SweepReport, Swept};
use super::{recoveries, states};
use crate::diagnostic::visible;
use crate::snapshot::{DiffStyle, render_diff};
use crate::sweep::{Finding, Point, Verdict};

/// Longer differences are cut.
const MOST_LINES: usize = 20;
/// Frames of a stack that are shown.
const MOST_FRAMES: usize = 8;
/// Runs that show the same are named up to here.
const MOST_RUNS: usize = 8;
/// A place is cut to this width in the matrix.
const PLACE: usize = 44;

/// How much is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detail {
    /// Each run, whatever it came to.
    Runs,
    /// A line for each finding.
    List,
    /// Findings with what they rest on.
    Findings,
    /// The matrix, too.
    All,
}

/// All that is to be said of a spec; nothing where there is nothing. Findings that are not new are named only.
pub fn text(report: &SweepReport, swept: &Swept, detail: Detail, is_coloured: bool) -> Option<String> {
    let mut text = String::new();
    let style = if is_coloured { DiffStyle::Colour } else { DiffStyle::Plain };
    let mut told = Told { text: &mut text, report, swept, style };
    match detail {
        Detail::Runs => swept.runs.iter().for_each(|run| told.run(run, &[])),
        Detail::List => swept.findings().iter().for_each(|finding| told.listed(finding)),
        Detail::Findings => swept.findings().iter().for_each(|finding| told.finding(finding)),
        Detail::All => {
            told.matrix();
            states::table(swept).iter().for_each(|line| told.line(line));
            recoveries::table(swept).iter().for_each(|line| told.line(line));
            swept.findings().iter().for_each(|finding| told.finding(finding));
            coverage::table(swept).iter().for_each(|line| told.line(line));
        }
    }
    let says_how_many = match detail {
        Detail::List => false,
        Detail::All => true,
        Detail::Findings | Detail::Runs => !swept.findings().is_empty(),
    };
    if says_how_many {
        told.summary();
    }
    if text.is_empty() { None } else { Some(text) }
}

/// A run with all that its verdict rests on, without colour; `others` show the same.
pub(super) fn details(report: &SweepReport, swept: &Swept, run: &Run, others: &[usize]) -> String {
    let mut text = String::new();
    Told { text: &mut text, report, swept, style: DiffStyle::Plain }.run(run, others);
    text.truncate(text.trim_end().len());
    text
}

struct Told<'a> {
    text: &'a mut String,
    report: &'a SweepReport,
    swept: &'a Swept,
    style: DiffStyle,
}

/// A row of the matrix: a point, and a letter for each fault that was made there.
struct Row {
    name: String,
    place: String,
    letters: HashMap<String, char>,
}

// Writing to a String cannot fail.
impl Told<'_> {
    fn line(&mut self, line: &str) {
        let _ = writeln!(self.text, "{}", line.trim_end_matches(' '));
    }

    /// Points down, faults across, a letter for what came of both.
    fn matrix(&mut self) {
        let swept = self.swept;
        let runs: Vec<&Run> = swept.runs.iter().filter(|run| !run.is_state() && run.cell.after.is_none()).collect();
        if runs.is_empty() {
            return;
        }
        let heads: Vec<String> = Column::all(runs.iter().copied()).iter().map(ToString::to_string).collect();
        let mut rows: Vec<(usize, Row)> = Vec::new();
        for run in &runs {
            if rows.last().is_none_or(|(point, _)| *point != run.cell.point) {
                rows.push((run.cell.point, Row::of(swept.point(run))));
            }
            if let Some((_, row)) = rows.last_mut() {
                row.letters.entry(Column::of(run).to_string()).or_insert(run.verdict.letter());
            }
        }
        let name_width = rows.iter().map(|(_, row)| row.name.len()).max().unwrap_or(0);
        let place_width = rows.iter().map(|(_, row)| row.place.chars().count()).max().unwrap_or(0);
        let (points, count) = (counted(swept.head.points, "point"), counted(runs.len(), "run"));
        self.line(&format!("{}: {points}, {count}\n", swept.head.spec));
        let mut line = format!("{:name_width$}  {:place_width$}", "", "");
        heads.iter().for_each(|head| line += &format!("  {head}"));
        self.line(&line);
        for (_, Row { name, place, letters }) in &rows {
            let mut line = format!("{name:name_width$}  {place:place_width$}");
            for head in &heads {
                let letter = letters.get(head).unwrap_or(&' ');
                line += &format!("  {letter:^width$}", width = head.len());
            }
            self.line(&line);
        }
        let used = Verdict::ALL.into_iter().filter(|verdict| runs.iter().any(|run| run.verdict == *verdict));
        let legend: Vec<String> = used.map(|verdict| format!("{} {verdict}", verdict.letter())).collect();
        self.line(&format!("\n{}\n", legend.join("   ")));
    }

    fn finding(&mut self, finding: &Finding) {
        let first = &self.swept.runs[finding.runs[0]];
        if !self.report.is_new(finding) {
            let line = format!("known: {} {}", self.word(finding.verdict), first.cell);
            return self.line(&line);
        }
        self.run(first, &finding.runs[1..]);
    }

    /// A finding in one line: what, where, how many runs show it, how the first ends and what is another then.
    fn listed(&mut self, finding: &Finding) {
        let first = &self.swept.runs[finding.runs[0]];
        let known = if self.report.is_new(finding) { "" } else { "known: " };
        let times = if finding.runs.len() > 1 { format!(" x{}", finding.runs.len()) } else { String::new() };
        let (place, evidence) = (self.swept.point(first).place(), &first.evidence);
        let shows =
            if evidence.shows.is_empty() { String::new() } else { format!(": {}", evidence.shows.join(", ")) };
        let word = self.word(finding.verdict);
        let line = format!("{known}{word} {}{times}  {place}  {}{shows}", first.cell, evidence.how);
        self.line(&visible(&line));
    }

    /// A run with all that its verdict rests on; `others` show the same.
    fn run(&mut self, run: &Run, others: &[usize]) {
        let swept = self.swept;
        let (point, evidence) = (swept.point(run), &run.evidence);
        let head = format!("{} {}  {}", self.word(run.verdict), run.cell, point.place());
        self.line(&head);
        if let Some(after) = &evidence.after {
            self.part("after", &visible(after));
        }
        let call = evidence.at.as_deref().unwrap_or(&point.shown);
        self.part("call", &visible(call));
        self.part(if run.is_state() { "when" } else { "ended" }, &visible(&evidence.how));
        if let Some(used) = &evidence.used {
            self.part("used", used);
        }
        for note in &evidence.notes {
            self.part("seen", &visible(note));
        }
        for name in swept.checks_beside(run, others) {
            self.part("seen", &visible(&format!("in other states of it, check \"{name}\" fails as well")));
        }
        for line in &evidence.message {
            self.part("said", &visible(line));
        }
        for name in &evidence.leftovers {
            self.part("left", &visible(name));
        }
        if let Some((golden, now)) = &evidence.stdout {
            let diff = render_diff(golden, now, self.style);
            let lines: Vec<&str> = diff.lines().collect();
            for line in lines.iter().take(MOST_LINES) {
                self.part("stdout", line);
            }
            if lines.len() > MOST_LINES {
                self.part("stdout", &format!("... {} more lines", lines.len() - MOST_LINES));
            }
        }
        for frame in point.frames.iter().take(MOST_FRAMES) {
            self.part("at", &visible(frame));
        }
        if !others.is_empty() {
            let named = others.iter().take(MOST_RUNS).map(|at| swept.runs[*at].cell.to_string());
            let more = match others.len().saturating_sub(MOST_RUNS) {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            self.part("also", &format!("{}{more}", named.collect::<Vec<String>>().join(", ")));
        }
        self.part("again", &run.again);
        self.line("");
    }

    fn part(&mut self, name: &str, text: &str) {
        self.line(&format!("  {name:<6} {text}"));
    }

    fn word(&self, verdict: Verdict) -> String {
        let word = verdict.name().to_uppercase();
        let colour = if verdict.is_finding() { "31" } else { "32" };
        if self.style == DiffStyle::Colour { format!("\x1b[1;{colour}m{word}\x1b[0m") } else { word }
    }

    fn summary(&mut self) {
        let swept = self.swept;
        let findings = swept.findings();
        let mut line = format!("{}: {}", swept.head.spec, counted(findings.len(), "finding"));
        if self.report.known.is_some() {
            let new = findings.iter().filter(|finding| self.report.is_new(finding)).count();
            line += &format!(", {new} of them new");
        }
        let others = Verdict::ALL.into_iter().filter(|verdict| swept.count(*verdict) > 0);
        let others: Vec<String> = others.map(|verdict| format!("{} {verdict}", swept.count(verdict))).collect();
        let runs = swept.runs.len();
        let others = if runs == 0 { "none in this share".to_owned() } else { others.join(", ") };
        line += &format!("; {}: {others}", counted(runs, "run"));
        self.line(&line);
    }
}

impl Row {
    fn of(point: &Point) -> Row {
        let times = if point.times > 1 { format!(" x{}", point.times) } else { String::new() };
        let name = format!("{}#{}{times}", point.called, point.nth);
        Row { name, place: shortened(&point.place()), letters: HashMap::new() }
    }
}

/// So many of something.
pub(super) fn counted(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

/// A place that is cut at its end where it is too long for the matrix.
pub(super) fn shortened(place: &str) -> String {
    let place = visible(place);
    if place.chars().count() <= PLACE {
        return place.into_owned();
    }
    format!("{}...", place.chars().take(PLACE - 3).collect::<String>())
}
