//! One thing that was wrong: the lines of the spec, what is said of them, and the difference of two texts.

use serde::Serialize;

use super::super::result::CaseResult;
use super::spec::anchor;
use crate::diagnostic::{Diagnostic, Level, Source, Span, visible};
use crate::snapshot::{DiffStyle, render_diff};

/// Lines of the spec before and after the one it is about.
const AROUND: usize = 2;
/// Longer differences are cut.
const MOST_DIFF_LINES: usize = 400;

/// A problem as the template sees it.
#[derive(Debug, Serialize)]
pub(super) struct Problem {
    level: &'static str,
    code: String,
    title: &'static str,
    message: String,
    place: String,
    /// The line of the spec on the page, where that is shown.
    anchor: Option<String>,
    lines: Vec<SpecLine>,
    notes: Vec<String>,
    help: Option<String>,
    near: Option<u64>,
    diff: Vec<DiffLine>,
    more: usize,
}

/// A line of the spec, with the words in question.
#[derive(Debug, Serialize)]
struct SpecLine {
    number: usize,
    before: String,
    marked: String,
    after: String,
    label: String,
}

/// A line of a difference.
#[derive(Debug, Serialize)]
struct DiffLine {
    sign: char,
    text: String,
}

impl Problem {
    /// Everything that is to be said of a case, in order.
    pub(super) fn all(result: &CaseResult) -> Vec<Problem> {
        let failures = result.failures().map(|(failure, diagnostic)| {
            let mut problem = Problem::of(&diagnostic);
            // What accepts a snapshot is no help of the diagnostic, since it is told at the end of other reports.
            problem.help = failure.help.as_deref().map(|help| visible(help).into_owned());
            problem.near = failure.near;
            problem.anchor = failure.span.map(|span| anchor(&result.source, span));
            if let Some((expected, actual)) = &failure.diff {
                problem.differ(expected, actual);
            }
            problem
        });
        failures.chain(result.diagnostics.iter().map(Problem::of)).collect()
    }

    fn of(diagnostic: &Diagnostic) -> Problem {
        let source = &diagnostic.source;
        let main = diagnostic.labels.first();
        let position = main.map(|label| source.position(label.span.start));
        let file = source.piece_at(main.map_or(0, |label| label.span.start)).name;
        Problem {
            level: match diagnostic.level {
                Level::Error => "error",
                Level::Warning => "warning",
            },
            code: diagnostic.code.to_string(),
            title: diagnostic.code.title(),
            message: visible(&diagnostic.message).into_owned(),
            place: position.map_or_else(
                || visible(&source.name).into_owned(),
                |(line, column)| format!("{}:{line}:{column}", visible(file)),
            ),
            lines: main.map_or_else(Vec::new, |label| excerpt(source, label.span, &label.text)),
            notes: diagnostic.notes.iter().map(|note| visible(note).into_owned()).collect(),
            help: diagnostic.help.as_deref().map(|help| visible(help).into_owned()),
            anchor: None,
            near: None,
            diff: Vec::new(),
            more: 0,
        }
    }

    fn differ(&mut self, expected: &str, actual: &str) {
        let text = render_diff(expected, actual, DiffStyle::Plain);
        let mut lines = text.lines().map(|line| match line.strip_prefix("...") {
            Some(_) => DiffLine { sign: '~', text: String::new() },
            None => DiffLine { sign: line.chars().next().unwrap_or(' '), text: line.chars().skip(2).collect() },
        });
        self.diff = lines.by_ref().take(MOST_DIFF_LINES).collect();
        self.more = lines.count();
    }
}

/// The lines around a span; what it marks ends with its first line.
fn excerpt(source: &Source, span: Span, label: &str) -> Vec<SpecLine> {
    let (about, column) = source.position(span.start);
    let (end_line, end_column) = source.position(span.end);
    let first = about.saturating_sub(AROUND).max(1);
    let lines = source.piece_at(span.start).text.lines().enumerate().skip(first - 1).take(about + AROUND + 1 - first);
    lines
        .map(|(at, line)| {
            let part = |from: usize, to: usize| {
                visible(&line.chars().skip(from).take(to.saturating_sub(from)).collect::<String>()).into_owned()
            };
            let is_it = at + 1 == about;
            let from = if is_it { column - 1 } else { usize::MAX };
            let to = if is_it && end_line == about { end_column - 1 } else { usize::MAX };
            SpecLine {
                number: at + 1,
                before: part(0, from),
                marked: if is_it { part(from, to) } else { String::new() },
                after: if is_it { part(to, usize::MAX) } else { String::new() },
                label: if is_it { visible(label).into_owned() } else { String::new() },
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_in_question_are_marked() {
        let source = Source::new("x.toml", "a\nb\nexit = 1\nc\n");
        let lines = excerpt(&source, Span { start: 11, end: 12 }, "it is 2");
        let parts: Vec<(usize, &str, &str, &str, &str)> = lines
            .iter()
            .map(|line| (line.number, &*line.before, &*line.marked, &*line.after, &*line.label))
            .collect();
        let expected =
            [(1, "a", "", "", ""), (2, "b", "", "", ""), (3, "exit = ", "1", "", "it is 2"), (4, "c", "", "", "")];
        assert_eq!(parts, expected);
    }
}
