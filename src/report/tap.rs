//! Results as TAP, version 14: a line for each case, and a YAML block below those that did not pass.

use std::io::{self, Write};
use std::time::Duration;

use super::Report;
use super::result::{CaseResult, Status};
use crate::diagnostic::{Diagnostic, visible};
use crate::snapshot::{DiffStyle, render_diff};

/// Writes results as TAP.
#[derive(Debug)]
pub struct Tap<W: Write> {
    out: W,
    cases: usize,
}

impl<W: Write> Tap<W> {
    /// Writes to `out`.
    pub fn new(out: W) -> Tap<W> {
        Tap { out, cases: 0 }
    }

    /// The first line, if there was none yet.
    fn version(&mut self) -> io::Result<()> {
        if self.cases == 0 { writeln!(self.out, "TAP version 14") } else { Ok(()) }
    }

    fn block(&mut self, result: &CaseResult) -> io::Result<()> {
        writeln!(self.out, "  ---")?;
        if let Some(why) = result.why() {
            writeln!(self.out, "  message: {}", quoted(&why))?;
        }
        writeln!(self.out, "  severity: {}", result.status)?;
        writeln!(self.out, "  duration_ms: {}", result.took.as_millis())?;
        writeln!(self.out, "  file: {}", quoted(&result.source.name))?;
        writeln!(self.out, "  again: {}", quoted(&result.again))?;
        if result.problems().next().is_some() {
            writeln!(self.out, "  problems:")?;
        }
        for (number, (failure, diagnostic)) in result.failures().enumerate() {
            self.problem(&diagnostic)?;
            let excerpt = result.excerpts.get(number).into_iter().flat_map(|excerpt| &excerpt.lines);
            self.text("transcript", excerpt.map(|(number, line)| format!("{number} | {line}")))?;
            if let Some((expected, actual)) = &failure.diff {
                self.text("diff", render_diff(expected, actual, DiffStyle::Plain).lines().map(str::to_owned))?;
            }
        }
        result.diagnostics.errors().try_for_each(|error| self.problem(error))?;
        writeln!(self.out, "  ...")
    }

    fn problem(&mut self, problem: &Diagnostic) -> io::Result<()> {
        writeln!(self.out, "    - code: {}", problem.code)?;
        writeln!(self.out, "      message: {}", quoted(&problem.message))?;
        if let Some(label) = problem.labels.first() {
            let (line, column) = problem.source.position(label.span.start);
            let file = problem.source.piece_at(label.span.start).name;
            writeln!(self.out, "      at: {}", quoted(&format!("{file}:{line}:{column}")))?;
        }
        if let Some(help) = &problem.help {
            writeln!(self.out, "      help: {}", quoted(help))?;
        }
        if !problem.notes.is_empty() {
            writeln!(self.out, "      notes:")?;
        }
        problem.notes.iter().try_for_each(|note| writeln!(self.out, "        - {}", quoted(note)))
    }

    /// Several lines as they are; the number says how far they are indented, whatever the first one begins with.
    fn text(&mut self, key: &str, lines: impl Iterator<Item = String>) -> io::Result<()> {
        let mut lines = lines.peekable();
        if lines.peek().is_some() {
            writeln!(self.out, "      {key}: |2")?;
        }
        lines.try_for_each(|line| writeln!(self.out, "        {}", visible(&line)))
    }
}

impl<W: Write> Report for Tap<W> {
    fn case(&mut self, result: &CaseResult) -> io::Result<()> {
        self.version()?;
        self.cases += 1;
        // A case that passed although it is known to fail is `ok` to TAP, and a failure here.
        let (word, directive) = match result.status {
            Status::Pass | Status::Flaky => ("ok", ""),
            Status::Skip => ("ok", " # SKIP "),
            Status::Xfail => ("not ok", " # TODO "),
            Status::Fail | Status::Timeout | Status::Xpass | Status::Error | Status::Interrupted => ("not ok", ""),
        };
        write!(self.out, "{word} {} - {}{directive}", self.cases, escaped(&result.id))?;
        if !directive.is_empty() {
            write!(self.out, "{}", escaped(&result.reason))?;
        }
        writeln!(self.out)?;
        match result.status {
            Status::Pass | Status::Flaky | Status::Skip => Ok(()),
            _ => self.block(result),
        }
    }

    /// The plan comes last: how many cases there are is not known before where they run until one fails.
    fn finish(&mut self, _: Duration) -> io::Result<()> {
        self.version()?;
        writeln!(self.out, "1..{}", self.cases)?;
        self.out.flush()
    }
}

/// A description in one line, in which nothing is a directive.
fn escaped(text: &str) -> String {
    visible(text).replace('\\', "\\\\").replace('#', "\\#").replace(['\n', '\t'], " ")
}

/// A JSON string is a YAML string.
fn quoted(text: &str) -> String {
    serde_json::Value::from(&*visible(text)).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_is_a_directive() {
        assert_eq!(escaped("a # TODO\n\\b"), "a \\# TODO \\\\b");
        assert_eq!(quoted("a \"b\"\n\u{202e}"), "\"a \\\"b\\\"\\n\\\\u{202e}\"");
    }
}
