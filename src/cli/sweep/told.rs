//! What a sweep came to, for people: a matrix of points and faults, and each finding with what it rests on.
//! It must not decide what is a finding.

use std::collections::BTreeSet;
use std::fmt::Write;

use super::result::{Result, Results};
use super::states;
use crate::diagnostic::visible;
use crate::snapshot::{DiffStyle, render_diff};
use crate::sweep::{Finding, Verdict};

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
pub(super) enum Detail {
    /// A line for each finding.
    List,
    /// Findings with what they rest on.
    Findings,
    /// The matrix, too.
    All,
}

/// All that is to be said; nothing where there is nothing. Findings that are `known` are named only.
pub(super) fn results(
    results: &Results,
    detail: Detail,
    is_coloured: bool,
    known: Option<&BTreeSet<String>>,
) -> Option<String> {
    let mut text = String::new();
    let mut told =
        Told { text: &mut text, results, style: if is_coloured { DiffStyle::Colour } else { DiffStyle::Plain } };
    if results.shows_all {
        results.results.iter().for_each(|result| told.run(result, &[]));
    } else {
        if detail == Detail::All {
            told.matrix();
            states::table(results).iter().for_each(|line| told.line(line));
        }
        for finding in results.findings() {
            let is_known = known.is_some_and(|known| known.contains(&finding.key));
            match detail {
                Detail::List => told.listed(&finding, is_known),
                Detail::Findings | Detail::All => told.finding(&finding, is_known),
            }
        }
    }
    if detail == Detail::List && !results.shows_all {
        // Findings, and nothing else.
    } else if detail == Detail::All || results.count_findings() > 0 {
        told.summary(known);
    }
    if text.is_empty() { None } else { Some(text) }
}

impl Results {
    fn count_findings(&self) -> usize {
        self.results.iter().filter(|result| result.verdict.is_finding()).count()
    }
}

struct Told<'a> {
    text: &'a mut String,
    results: &'a Results,
    style: DiffStyle,
}

// Writing to a String cannot fail.
impl Told<'_> {
    fn line(&mut self, line: &str) {
        let _ = writeln!(self.text, "{}", line.trim_end_matches(' '));
    }

    /// Points down, faults across, a letter for what came of both.
    fn matrix(&mut self) {
        let results = self.results;
        let runs = || results.results.iter().filter(|result| !result.is_state());
        if runs().next().is_none() {
            return;
        }
        let column = |result: &Result| result.cell.to_string().split_once('#').map(|(_, rest)| rest.to_owned());
        // Behind the number: `:EIO`, or `..:EIO` where later calls fail as well.
        let head = |result: &Result| {
            let rest = column(result).unwrap_or_default();
            rest.trim_start_matches(|c: char| c.is_ascii_digit()).trim_start_matches(':').replace("..:", "..")
        };
        let mut heads: Vec<String> = Vec::new();
        for result in runs() {
            let head = head(result);
            if !heads.contains(&head) {
                heads.push(head);
            }
        }
        let mut points: Vec<usize> = runs().map(|result| result.cell.point).collect();
        points.dedup();
        let name = |point: usize| {
            let point = &results.course.points[point];
            let times = if point.times > 1 { format!(" x{}", point.times) } else { String::new() };
            format!("{}#{}{times}", point.called, point.nth)
        };
        let place = |point: usize| shortened(&results.course.points[point].place());
        let name_width = points.iter().map(|point| name(*point).len()).max().unwrap_or(0);
        let place_width = points.iter().map(|point| place(*point).chars().count()).max().unwrap_or(0);
        let (all, count) = (results.course.fault_points(), runs().count());
        self.line(&format!("{}: {}, {}\n", results.id, counted(all, "point"), counted(count, "run")));
        let mut line = format!("{:name_width$}  {:place_width$}", "", "");
        heads.iter().for_each(|head| line += &format!("  {head}"));
        self.line(&line);
        for point in points {
            let mut line = format!("{:name_width$}  {:place_width$}", name(point), place(point));
            for wanted in &heads {
                let mut found = runs().filter(|it| it.cell.point == point && head(it) == *wanted);
                let letter = found.next().map_or(' ', |result| result.verdict.letter());
                line += &format!("  {letter:^width$}", width = wanted.len());
            }
            self.line(&line);
        }
        let used = Verdict::ALL.into_iter().filter(|verdict| runs().any(|result| result.verdict == *verdict));
        let legend: Vec<String> = used.map(|verdict| format!("{} {verdict}", verdict.letter())).collect();
        self.line(&format!("\n{}\n", legend.join("   ")));
    }

    fn finding(&mut self, finding: &Finding, is_known: bool) {
        let first = &self.results.results[finding.runs[0]];
        if is_known {
            let line = format!("known: {} {}", self.word(finding.verdict), first.cell);
            return self.line(&line);
        }
        self.run(first, &finding.runs[1..]);
    }

    /// A finding in one line: what, where, how many runs show it, how the first ends and what is another then.
    fn listed(&mut self, finding: &Finding, is_known: bool) {
        let first = &self.results.results[finding.runs[0]];
        let known = if is_known { "known: " } else { "" };
        let times = if finding.runs.len() > 1 { format!(" x{}", finding.runs.len()) } else { String::new() };
        let (place, evidence) = (self.results.point(first).place(), &first.evidence);
        let shows =
            if evidence.shows.is_empty() { String::new() } else { format!(": {}", evidence.shows.join(", ")) };
        let word = self.word(finding.verdict);
        let line = format!("{known}{word} {}{times}  {place}  {}{shows}", first.cell, evidence.how);
        self.line(&visible(&line));
    }

    /// A run with all that its verdict rests on; `others` show the same.
    fn run(&mut self, result: &Result, others: &[usize]) {
        let results = self.results;
        let (point, evidence) = (results.point(result), &result.evidence);
        let head = format!("{} {}  {}", self.word(result.verdict), result.cell, point.place());
        self.line(&head);
        let call = evidence.at.as_deref().unwrap_or(&point.shown);
        self.part("call", &visible(call));
        self.part(if result.is_state() { "when" } else { "ended" }, &visible(&evidence.how));
        for note in &evidence.notes {
            self.part("seen", &visible(note));
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
            let named = others.iter().take(MOST_RUNS).map(|at| results.results[*at].cell.to_string());
            let more = match others.len().saturating_sub(MOST_RUNS) {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            self.part("also", &format!("{}{more}", named.collect::<Vec<String>>().join(", ")));
        }
        self.part("again", &results.again.command(&result.cell));
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

    fn summary(&mut self, known: Option<&BTreeSet<String>>) {
        let results = self.results;
        let findings = results.findings();
        let new = known.map(|known| findings.iter().filter(|finding| !known.contains(&finding.key)).count());
        let mut line = format!("{}: {}", results.id, counted(findings.len(), "finding"));
        if let Some(new) = new {
            line += &format!(", {new} of them new");
        }
        let others = Verdict::ALL.into_iter().filter(|verdict| results.count(*verdict) > 0);
        let others: Vec<String> = others.map(|verdict| format!("{} {verdict}", results.count(verdict))).collect();
        let runs = results.results.len();
        let others = if runs == 0 { "none in this share".to_owned() } else { others.join(", ") };
        line += &format!("; {}: {others}", counted(runs, "run"));
        self.line(&line);
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
