//! Results for people: a line for each case, and for what went wrong all that helps to see why.

use std::io::{self, Write};
use std::time::Duration;

use super::Report;
use super::result::{CaseResult, Excerpt, Status, Totals};
use crate::diagnostic::{Style, visible};
use crate::snapshot::{DiffStyle, render_diff};
use crate::verdict::FailureKind;

/// Longer differences are cut: the whole text waits in a file.
const MOST_DIFF_LINES: usize = 120;

/// Writes results for people.
#[derive(Debug)]
pub struct Human<W: Write> {
    out: W,
    colour: bool,
    quiet: bool,
    totals: Totals,
    accept: Vec<String>,
    /// What was said of the last case that there was something to say of.
    said: String,
}

impl<W: Write> Human<W> {
    /// Writes to `out`; `quiet` leaves out cases that ended well.
    pub fn new(out: W, colour: bool, quiet: bool) -> Human<W> {
        Human { out, colour, quiet, totals: Totals::default(), accept: Vec::new(), said: String::new() }
    }

    fn line(&mut self, result: &CaseResult) -> io::Result<()> {
        let name = result.status.name().to_uppercase();
        let colour = match result.status {
            Status::Pass | Status::Xfail => "32",
            Status::Skip | Status::Flaky => "33",
            _ => "31",
        };
        let word = if self.colour { format!("\x1b[1;{colour}m{name:<7}\x1b[0m") } else { format!("{name:<7}") };
        write!(self.out, "{word} {}", result.id)?;
        if !result.reason.is_empty() {
            write!(self.out, ": {}", visible(&result.reason))?;
        }
        if let Some(written) = &result.written {
            write!(self.out, " (wrote {})", written.display())?;
        }
        writeln!(self.out)
    }

    fn details(&mut self, result: &CaseResult) -> io::Result<()> {
        let style = if self.colour { Style::Colour } else { Style::Plain };
        if !result.diagnostics.is_empty() {
            // The cases of one spec have most of their problems in common.
            let text = result.diagnostics.render(style);
            if text == self.said {
                writeln!(self.out, "for the same reasons\n")?;
            } else {
                writeln!(self.out, "{text}")?;
                self.said = text;
            }
        }
        if matches!(result.status, Status::Fail | Status::Timeout) {
            self.failures(result, style)?;
        }
        Ok(())
    }

    fn failures(&mut self, result: &CaseResult, style: Style) -> io::Result<()> {
        for (number, (failure, diagnostic)) in result.failures().enumerate() {
            writeln!(self.out, "{}", diagnostic.render(style))?;
            if let Some((expected, actual)) = &failure.diff {
                self.diff(expected, actual)?;
            }
            if let Some(excerpt) = result.excerpts.get(number) {
                self.excerpt(excerpt)?;
            }
            if failure.kind == FailureKind::Snapshot {
                // The same line may do for several.
                let help = failure.help.iter().filter(|help| !self.accept.contains(help)).cloned();
                self.accept.extend(help.collect::<Vec<_>>());
            }
        }
        Ok(())
    }

    fn diff(&mut self, expected: &str, actual: &str) -> io::Result<()> {
        let style = if self.colour { DiffStyle::Colour } else { DiffStyle::Plain };
        let text = render_diff(expected, actual, style);
        let lines: Vec<&str> = text.lines().collect();
        for line in lines.iter().take(MOST_DIFF_LINES) {
            writeln!(self.out, "    {line}")?;
        }
        if lines.len() > MOST_DIFF_LINES {
            writeln!(self.out, "    ... {} more lines", lines.len() - MOST_DIFF_LINES)?;
        }
        writeln!(self.out)
    }

    fn excerpt(&mut self, excerpt: &Excerpt) -> io::Result<()> {
        if excerpt.lines.is_empty() {
            return Ok(());
        }
        let width = excerpt.lines.last().map_or(1, |(number, _)| number.to_string().len());
        writeln!(self.out, "transcript:")?;
        for (number, line) in &excerpt.lines {
            let mark = if *number == excerpt.about { '>' } else { ' ' };
            writeln!(self.out, "  {mark} {number:width$} | {}", visible(line))?;
        }
        writeln!(self.out)
    }
}

impl Human<Vec<u8>> {
    /// What was written since this was asked for last.
    pub(super) fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.out)
    }
}

impl<W: Write> Report for Human<W> {
    fn case(&mut self, result: &CaseResult) -> io::Result<()> {
        self.totals.add(result.status);
        let is_bad = result.status.is_bad();
        if is_bad || result.status == Status::Flaky || !self.quiet {
            self.line(result)?;
        }
        self.details(result)?;
        for note in result.notes() {
            writeln!(self.out, "note: {}: {}", result.id, visible(note))?;
        }
        if let Some(kept) = &result.kept {
            writeln!(self.out, "its folder is kept: {}", kept.display())?;
        }
        if is_bad
            && (result.outcome.is_some() || matches!(result.status, Status::Fail | Status::Timeout | Status::Xpass))
        {
            writeln!(self.out, "run it again: {}\n", result.again)?;
        }
        Ok(())
    }

    /// The last lines are the commands that accept what differs.
    fn finish(&mut self, _: Duration) -> io::Result<()> {
        writeln!(self.out, "{}", self.totals)?;
        for accept in &self.accept {
            writeln!(self.out, "{accept}")?;
        }
        self.out.flush()
    }
}

/// All that helps to see why a case ended as it did, without colour.
pub(super) fn details(result: &CaseResult) -> String {
    let mut human = Human::new(Vec::new(), false, false);
    // Writing to a Vec cannot fail.
    let _ = human.details(result);
    String::from_utf8_lossy(&human.out).into_owned()
}
