//! What sweeps came to as one page of HTML that needs nothing else: a heat map from the program to its functions, their calls and
//! the faults, and each finding with what it rests on. What a run rests on is laid out by a script when it is asked for: a page of
//! ten thousand runs is as quick as a small one. Without scripts there are the findings.

use std::collections::HashMap;
use std::io::{self, Write};

use minijinja::Environment;
use minijinja::value::Serde;
use serde::Serialize;

use super::columns::{Column, keys};
use super::coverage;
use super::swept::{Run, SweepReport, Swept};
use super::text::counted;
use super::words::{meaning, remedy};
use crate::diagnostic::visible;
use crate::snapshot::{DiffStyle, render_diff};
use crate::sweep::{Finding, Point, Verdict};

/// Longer differences are cut.
const MOST_LINES: usize = 200;

/// Everything on the page.
#[derive(Serialize)]
struct Page {
    styles: [&'static str; 2],
    script: &'static str,
    version: &'static str,
    title: String,
    sub: String,
    group: &'static str,
    verdicts: Vec<Meaning>,
    keys: Vec<&'static str>,
    refused: Vec<String>,
    sections: Vec<Section>,
    data: String,
}

/// A verdict that some run came to.
#[derive(Serialize)]
struct Meaning {
    name: &'static str,
    letter: char,
    is_bad: bool,
    count: usize,
    meaning: &'static str,
    remedy: &'static str,
}

/// A spec.
#[derive(Serialize)]
struct Section {
    number: usize,
    spec: String,
    counts: String,
    notes: Vec<String>,
    lost: Vec<String>,
    findings: Vec<Found>,
    has_runs: bool,
    coverage: Option<Reached>,
}

/// Which lines of source are reached.
#[derive(Serialize)]
struct Reached {
    rows: Vec<[String; 4]>,
    parts: Vec<(&'static str, Vec<String>)>,
    uncounted: Option<String>,
}

/// A finding.
#[derive(Serialize)]
struct Found {
    number: usize,
    verdict: &'static str,
    letter: char,
    is_known: bool,
    is_state: bool,
    place: String,
    shown: ShownRun,
    stack: Vec<String>,
    also: Vec<String>,
}

/// What the script knows of a spec.
#[derive(Serialize)]
struct Data {
    frames: Vec<String>,
    columns: Vec<String>,
    points: Vec<PointData>,
    runs: Vec<RunData>,
}

/// A point: where it is from the outside to the inside, and its stack by numbers of frames.
#[derive(Serialize)]
struct PointData {
    program: String,
    function: String,
    name: String,
    /// The line of source, or how far into the function.
    line: String,
    place: String,
    stack: Vec<usize>,
}

/// A run, with the numbers of its point and its column.
#[derive(Serialize)]
struct RunData {
    p: usize,
    c: usize,
    v: &'static str,
    #[serde(flatten)]
    shown: ShownRun,
}

/// A run with what its verdict rests on.
#[derive(Serialize)]
struct ShownRun {
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    after: Option<String>,
    call: String,
    ended: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    used: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    seen: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    said: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    left: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    stdout: Vec<String>,
    again: String,
}

/// Writes it to `out`.
///
/// # Errors
/// It cannot be written.
pub fn page(report: &SweepReport, mut out: impl Write) -> io::Result<()> {
    let mut pages = Environment::new();
    pages.add_template("page.html", include_str!("page.html")).map_err(io::Error::other)?;
    let findings = report.count(|_| true);
    let runs: usize = report.sweeps.iter().map(|swept| swept.runs.len()).sum();
    let mut title = counted(findings, "finding");
    if report.known.is_some() {
        title += &format!(", {} new", report.count(|finding| report.is_new(finding)));
    }
    let sweeps = report.sweeps.iter().enumerate();
    let data: Vec<Data> = report.sweeps.iter().map(Data::of).collect();
    let page = Page {
        styles: [include_str!("../html/style.css"), include_str!("page.css")],
        script: include_str!("page.js"),
        version: env!("CARGO_PKG_VERSION"),
        title,
        sub: format!(
            "{} of {} in {:.1} s",
            counted(runs, "run"),
            counted(report.sweeps.len(), "spec"),
            report.took.as_secs_f64()
        ),
        group: if report.count(|finding| report.is_new(finding)) > 0 { "bad" } else { "good" },
        verdicts: meanings(report),
        keys: keys(&Column::all(report.sweeps.iter().flat_map(|swept| &swept.runs))),
        refused: report.refused.iter().map(|spec| shown(spec)).collect(),
        sections: sweeps.map(|(at, swept)| section(report, swept, at + 1)).collect(),
        // What would end the element is written in another way.
        data: serde_json::to_string(&data)?.replace('<', "\\u003c"),
    };
    let template = pages.get_template("page.html").map_err(io::Error::other)?;
    template.render_captured_to(Serde(&page), &mut out).map_err(io::Error::other)?;
    out.flush()
}

fn meanings(report: &SweepReport) -> Vec<Meaning> {
    let count = |verdict| report.sweeps.iter().map(|swept| swept.count(verdict)).sum::<usize>();
    let all = Verdict::ALL.into_iter().rev().map(|verdict| Meaning {
        name: verdict.name(),
        letter: verdict.letter(),
        is_bad: verdict.is_finding(),
        count: count(verdict),
        meaning: meaning(verdict),
        remedy: remedy(verdict),
    });
    all.filter(|verdict| verdict.count > 0).collect()
}

fn section(report: &SweepReport, swept: &Swept, number: usize) -> Section {
    let head = &swept.head;
    let findings = swept.findings();
    Section {
        number,
        spec: shown(&head.spec),
        counts: format!("{}; {}", counted(findings.len(), "finding"), counts(swept)),
        notes: head.notes.iter().map(|note| shown(note)).collect(),
        lost: head.lost.iter().map(|lost| shown(&format!("{}: {}", lost.cell, lost.why))).collect(),
        findings: (1..).zip(findings).map(|(at, finding)| found(report, swept, at, finding)).collect(),
        has_runs: !swept.runs.is_empty(),
        coverage: swept.coverage.as_ref().map(|all| Reached {
            rows: coverage::rows(all, false),
            parts: coverage::sections(all),
            uncounted: coverage::uncounted(swept),
        }),
    }
}

/// How many runs there are, and where: `9 runs at 3 points, 12 in recoveries`.
fn counts(swept: &Swept) -> String {
    let head = &swept.head;
    let count = |is: fn(&Run) -> bool| swept.runs.iter().filter(|run| is(run)).count();
    let (states, recoveries) = (count(Run::is_state), count(|run| run.cell.after.is_some()));
    let at_points = swept.runs.len() - states - recoveries;
    let parts = [
        (at_points, format!("{} at {}", counted(at_points, "run"), counted(head.points, "point"))),
        (states, format!("{} that a loss of power leaves", counted(states, "state"))),
        (recoveries, format!("{} in recoveries", counted(recoveries, "fault"))),
    ];
    let told: Vec<String> = parts.into_iter().filter(|(count, _)| *count > 0).map(|(_, told)| told).collect();
    let all = if told.is_empty() { "no runs".to_owned() } else { told.join(", ") };
    if swept.runs.len() < head.of { format!("{all}; {} of {}", swept.runs.len(), head.of) } else { all }
}

fn found(report: &SweepReport, swept: &Swept, number: usize, finding: &Finding) -> Found {
    let run = &swept.runs[finding.runs[0]];
    let point = swept.point(run);
    Found {
        number,
        verdict: finding.verdict.name(),
        letter: finding.verdict.letter(),
        is_known: !report.is_new(finding),
        is_state: run.is_state(),
        place: shown(&point.place()),
        shown: ShownRun::of(swept, run),
        stack: point.frames.iter().map(|frame| shown(frame)).collect(),
        also: finding.runs[1..].iter().map(|at| swept.runs[*at].cell.to_string()).collect(),
    }
}

impl Data {
    fn of(swept: &Swept) -> Data {
        let mut frames = Numbered::default();
        let columns = Column::all(&swept.runs);
        let (mut points, mut places) = (Vec::new(), HashMap::new());
        let mut runs = Vec::new();
        for run in &swept.runs {
            let point = swept.point(run);
            // Where a call fails, and where the power does, is one row.
            let place = (run.cell.after, run.cell.called, run.cell.nth, point.place());
            let p = *places.entry(place).or_insert_with(|| {
                points.push(PointData::of(point, run, &mut frames));
                points.len() - 1
            });
            let column = Column::of(run);
            let c = columns.iter().position(|known| *known == column).unwrap_or_default();
            runs.push(RunData { p, c, v: run.verdict.name(), shown: ShownRun::of(swept, run) });
        }
        Data { frames: frames.all, columns: columns.iter().map(ToString::to_string).collect(), points, runs }
    }
}

/// Texts, each once, by their numbers.
#[derive(Default)]
struct Numbered {
    all: Vec<String>,
    numbers: HashMap<String, usize>,
}

impl Numbered {
    fn number(&mut self, text: &str) -> usize {
        if let Some(number) = self.numbers.get(text) {
            return *number;
        }
        self.all.push(text.to_owned());
        self.numbers.insert(text.to_owned(), self.all.len() - 1);
        self.all.len() - 1
    }
}

impl PointData {
    fn of(point: &Point, run: &Run, frames: &mut Numbered) -> PointData {
        let function = point.own_function().unwrap_or("?");
        // Without symbols there is the place in the file.
        let whole = point.own_frame().map_or("?", |frame| &**frame);
        let (program, function) =
            function.split_once('!').unwrap_or_else(|| whole.find('+').map_or((whole, ""), |at| whole.split_at(at)));
        let offset = whole.rfind("+0x").map(|at| &whole[at..]).filter(|offset| *offset != function);
        let times = if point.times > 1 { format!(" ×{}", point.times) } else { String::new() };
        PointData {
            program: shown(program),
            function: shown(function),
            name: run.cell.after.map_or(String::new(), |after| after.to_string())
                + &format!("{}#{}{times}", point.called, point.nth),
            line: shown(point.source.as_deref().or(offset).unwrap_or_default()),
            place: shown(&point.place()),
            stack: point.frames.iter().map(|frame| frames.number(&visible(frame))).collect(),
        }
    }
}

impl ShownRun {
    fn of(swept: &Swept, run: &Run) -> ShownRun {
        let evidence = &run.evidence;
        let all = |lines: &[String]| lines.iter().map(|line| shown(line)).collect();
        let diff = evidence.stdout.as_ref().map(|(golden, now)| render_diff(golden, now, DiffStyle::Plain));
        let diff = diff.unwrap_or_default();
        let mut stdout: Vec<String> = diff.lines().take(MOST_LINES).map(shown).collect();
        if diff.lines().count() > MOST_LINES {
            stdout.push("...".to_owned());
        }
        ShownRun {
            name: run.cell.to_string(),
            after: evidence.after.as_deref().map(shown),
            call: shown(evidence.at.as_deref().unwrap_or(&swept.point(run).shown)),
            ended: shown(&evidence.how),
            used: evidence.used.as_deref().map(shown),
            seen: all(&evidence.notes),
            said: all(&evidence.message),
            left: all(&evidence.leftovers),
            stdout,
            again: shown(&run.again),
        }
    }
}

fn shown(text: &str) -> String {
    visible(text).into_owned()
}
