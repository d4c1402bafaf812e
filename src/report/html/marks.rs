//! What stands in the margin of a transcript: which expectation a line has met, broken or nearly met; and the list of
//! all expectations above it.

use std::collections::BTreeMap;

use serde::Serialize;

use super::super::result::CaseResult;
use super::spec::anchor;
use crate::diagnostic::{Source, visible};
use crate::verdict::{Expectation, Match, Met, Role};

/// So many places of an expectation are named in the list.
const MOST_PLACES: usize = 8;

/// A mark beside a line.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Mark {
    /// The class that the style knows it by: how the line stands to the expectation.
    class: &'static str,
    sign: &'static str,
    text: String,
    /// More words, for who points at it.
    title: String,
    /// The line of the spec.
    anchor: Option<String>,
}

/// An expectation as the template sees it.
#[derive(Debug, Serialize)]
pub(super) struct Expected {
    class: &'static str,
    sign: &'static str,
    what: String,
    detail: String,
    anchor: Option<String>,
    places: Vec<Place>,
    more: u64,
}

/// A line of the transcript that an expectation is about.
#[derive(Debug, Serialize)]
struct Place {
    class: &'static str,
    sign: &'static str,
    line: u64,
    is_written: bool,
}

/// The marks of each line.
pub(super) fn by_line(result: &CaseResult) -> BTreeMap<u64, Vec<Mark>> {
    let mut marks: BTreeMap<u64, Vec<Mark>> = BTreeMap::new();
    for met in expectations(result) {
        for found in &met.matches {
            // What comes before all lines is told of beside the first.
            marks.entry(found.line.max(1)).or_default().push(mark(met, found, &result.source));
        }
    }
    marks
}

/// All expectations about events and the end, in the order of the spec's sections.
pub(super) fn expected(result: &CaseResult) -> Vec<Expected> {
    expectations(result).map(|met| row(met, &result.source)).collect()
}

fn expectations(result: &CaseResult) -> impl Iterator<Item = &Met> {
    result.outcome.iter().flat_map(|outcome| &outcome.met)
}

fn mark(met: &Met, found: &Match, source: &Source) -> Mark {
    let (class, sign) = look(found.role);
    let mut text = match &met.expectation {
        Expectation::Exit { .. } => "exit".to_owned(),
        Expectation::Never { .. } => "never".to_owned(),
        Expectation::Count { is, .. } => match (found.nth, found.role) {
            (Some(nth), Role::Breaks) => format!("count {nth}, not {is}"),
            (Some(nth), _) => format!("count {nth} of {is}"),
            (None, _) => "count".to_owned(),
        },
        Expectation::Sequence { name, number, .. } => {
            let name = name.clone().unwrap_or_else(|| format!("sequence {number}"));
            let step = found.step.map_or_else(String::new, |step| format!(", step {step}"));
            let nth = found.nth.map_or_else(String::new, |nth| format!(", no. {nth}"));
            format!("{name}{step}{nth}")
        }
    };
    if !found.is_written {
        text += if found.line == 0 { " (before this line, not shown)" } else { " (after this line, not shown)" };
    }
    let words = match (&met.expectation, found.span) {
        (Expectation::Exit { is }, _) => is.clone(),
        (_, Some(span)) => source.slice(span).to_owned(),
        (_, None) => String::new(),
    };
    let is_what = match found.role {
        Role::Meets => "met",
        Role::Breaks => "broken",
        Role::Misses => "the nearest miss",
    };
    Mark {
        class,
        sign,
        text: visible(&text).into_owned(),
        title: visible(&format!("{is_what}: {words}")).into_owned(),
        anchor: found.span.map(|span| anchor(source, span)),
    }
}

fn row(met: &Met, source: &Source) -> Expected {
    let (class, sign) = look(if met.holds { Role::Meets } else { Role::Breaks });
    let (what, detail) = match &met.expectation {
        Expectation::Exit { is } => ("exit".to_owned(), is.clone()),
        Expectation::Never { event } => ("never".to_owned(), event.clone()),
        Expectation::Count { event, is } => (format!("count {is}"), event.clone()),
        Expectation::Sequence { name, number, steps } => {
            let name = name.clone().unwrap_or_else(|| format!("sequence {number}"));
            (name, format!("{steps} {}", if *steps == 1 { "step" } else { "steps" }))
        }
    };
    let places = met.matches.iter().map(|found| {
        let (class, sign) = look(found.role);
        Place { class, sign, line: found.line, is_written: found.is_written }
    });
    // What came last tells why it does not hold.
    let all = met.matches.len();
    let is_shown = |at: usize| at < MOST_PLACES || (!met.holds && at + 1 == all);
    let places: Vec<Place> = places.enumerate().filter(|(at, _)| is_shown(*at)).map(|(_, place)| place).collect();
    Expected {
        class,
        sign,
        what: visible(&what).into_owned(),
        detail: visible(&detail).into_owned(),
        anchor: met.span.map(|span| anchor(source, span)),
        more: (all - places.len()) as u64 + met.more,
        places,
    }
}

fn look(role: Role) -> (&'static str, &'static str) {
    match role {
        Role::Meets => ("met", "✓"),
        Role::Breaks => ("broken", "✗"),
        Role::Misses => ("missed", "≈"),
    }
}
