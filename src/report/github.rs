//! Results for GitHub Actions: those for people, annotations on the lines of specs, and a summary of the step.

use std::fs::OpenOptions;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::Report;
use super::human::{Human, details};
use super::result::{CaseResult, Totals};
use crate::diagnostic::{Diagnostic, Diagnostics, Level, Source, Span, visible};

/// GitHub takes 1 MiB of a step's summary and refuses all of a longer one.
const LONGEST_SUMMARY: usize = 900 << 10;

/// Where the job runs.
#[derive(Clone, Debug, Default)]
pub struct Job {
    /// The root of the repository, which paths in annotations begin at; otherwise they stay as they are.
    pub root: Option<PathBuf>,
    /// The file that takes the summary of the step.
    pub summary: Option<PathBuf>,
}

/// Writes results for GitHub Actions.
#[derive(Debug)]
pub struct Github<W: Write> {
    out: W,
    human: Human<Vec<u8>>,
    job: Job,
    totals: Totals,
    rows: String,
    texts: String,
    /// Cases that the summary has no room for.
    left_out: usize,
}

impl<W: Write> Github<W> {
    /// Writes to `out`; the other words are those of [`Human::new`].
    pub fn new(out: W, colour: bool, quiet: bool, job: Job) -> Github<W> {
        let human = Human::new(Vec::new(), colour, quiet);
        Github { out, human, job, totals: Totals::default(), rows: String::new(), texts: String::new(), left_out: 0 }
    }

    /// Annotates what is to be said of a spec that is not run.
    pub fn checked(&mut self, id: &str, diagnostics: &Diagnostics) -> io::Result<()> {
        diagnostics.iter().try_for_each(|diagnostic| self.annotate(id, diagnostic))
    }

    /// Passes on what is written for people. What a program has printed is in it and must command nothing.
    fn tell(&mut self) -> io::Result<()> {
        let text = self.human.take();
        if !String::from_utf8_lossy(&text).lines().any(is_command) {
            return self.out.write_all(&text);
        }
        let random = || RandomState::new().build_hasher().finish();
        let token = format!("{:016x}{:016x}", random(), random());
        writeln!(self.out, "::stop-commands::{token}")?;
        self.out.write_all(&text)?;
        writeln!(self.out, "::{token}::")
    }

    fn annotate(&mut self, id: &str, diagnostic: &Diagnostic) -> io::Result<()> {
        let level = match diagnostic.level {
            Level::Error => "error",
            Level::Warning => "warning",
        };
        let source = &diagnostic.source;
        let title = format!("{}: {}", diagnostic.code, diagnostic.code.title());
        let first = if id == source.name { String::new() } else { format!("{id}: ") };
        let label = diagnostic.labels.first().map(|label| label.text.clone()).filter(|label| !label.is_empty());
        let help = diagnostic.help.iter().map(|help| format!("help: {help}"));
        let more = label.into_iter().chain(diagnostic.notes.iter().cloned()).chain(help);
        let text = more.fold(first + &diagnostic.message, |text, line| text + "\n" + &line);
        self.command(level, source, diagnostic.labels.first().map(|label| label.span), &title, &text)
    }

    fn command(
        &mut self,
        level: &str,
        source: &Source,
        span: Option<Span>,
        title: &str,
        text: &str,
    ) -> io::Result<()> {
        // What a spec extends has lines of its own.
        let file = source.piece_at(span.map_or(0, |span| span.start)).name;
        write!(self.out, "::{level} file={}", property(&self.path(file)))?;
        if let Some(span) = span {
            let (line, column) = source.position(span.start);
            let (end_line, end_column) = source.position(span.end);
            write!(self.out, ",line={line},endLine={end_line}")?;
            if line == end_line {
                write!(self.out, ",col={column},endColumn={end_column}")?;
            }
        }
        writeln!(self.out, ",title={}::{}", property(title), data(text))
    }

    /// A path as annotations want it: from the root of the repository.
    fn path(&self, name: &str) -> String {
        let below = |root: &PathBuf| {
            let whole = std::env::current_dir().ok()?.join(name);
            whole.strip_prefix(root).ok().map(|path| path.to_string_lossy().into_owned())
        };
        self.job.root.as_ref().and_then(below).unwrap_or_else(|| name.to_owned())
    }

    fn summarise(&mut self, result: &CaseResult) {
        if !result.status.is_bad() {
            return;
        }
        let (id, why) = (cell(&result.id), cell(&result.why().unwrap_or_default()));
        if self.rows.len() + self.texts.len() < LONGEST_SUMMARY {
            self.rows += &format!("| {} | {id} | {why} |\n", result.status);
        } else {
            self.left_out += 1;
        }
        let text = details(result);
        if !text.is_empty() && self.rows.len() + self.texts.len() + text.len() < LONGEST_SUMMARY {
            let fence = fence(&text);
            self.texts += &format!(
                "\n<details><summary>{id}</summary>\n\n{fence}text\n{}\n{fence}\n\n`{}`\n\n</details>\n",
                text.trim_end(),
                result.again
            );
        }
    }

    fn write_summary(&self, path: &Path) -> io::Result<()> {
        let mut file = OpenOptions::new().append(true).create(true).open(path)?;
        writeln!(file, "### rinject: {}\n", self.totals)?;
        if !self.rows.is_empty() {
            writeln!(file, "| | case | why |\n|---|---|---|")?;
        }
        write!(file, "{}", self.rows)?;
        if self.left_out > 0 {
            writeln!(file, "\n{} more are not shown.", self.left_out)?;
        }
        write!(file, "{}", self.texts)
    }
}

impl<W: Write> Report for Github<W> {
    fn case(&mut self, result: &CaseResult) -> io::Result<()> {
        self.totals.add(result.status);
        self.human.case(result)?;
        self.tell()?;
        let warnings = result.diagnostics.iter().filter(|diagnostic| diagnostic.level == Level::Warning).cloned();
        let problems = result.problems().filter(|_| result.status.is_bad()).chain(warnings);
        problems.collect::<Vec<_>>().iter().try_for_each(|problem| self.annotate(&result.id, problem))?;
        if result.status.is_bad() && result.problems().next().is_none() {
            let text = result.why().unwrap_or_default();
            self.command("error", &result.source, None, &format!("{}: {}", result.status, result.id), &text)?;
        }
        self.summarise(result);
        Ok(())
    }

    fn finish(&mut self, took: Duration) -> io::Result<()> {
        self.human.finish(took)?;
        self.tell()?;
        self.out.flush()?;
        self.job.summary.as_deref().map_or(Ok(()), |path| self.write_summary(path))
    }
}

/// Whether the runner of GitHub may take a line for a command: it looks behind white space, and for an older form anywhere.
fn is_command(line: &str) -> bool {
    line.trim_start().starts_with("::") || line.contains("##[")
}

/// A message as a command holds it.
fn data(text: &str) -> String {
    visible(text).replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// A property as a command holds it.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

/// A text in a cell of a table in Markdown, in which nothing is markup.
fn cell(text: &str) -> String {
    let text = visible(text).replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let is_markup = |c: char| matches!(c, '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' | '@' | '#' | '!' | '$');
    text.replace('\n', " ")
        .chars()
        .map(|c| if is_markup(c) { format!("&#{};", u32::from(c)) } else { c.to_string() })
        .collect()
}

/// More backticks than the text has in a row.
fn fence(text: &str) -> String {
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    "`".repeat(longest.max(2) + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_ends_no_command_and_begins_none() {
        assert_eq!(property("a,b: 50%\nc"), "a%2Cb%3A 50%25%0Ac");
        assert_eq!(data("a,b: 50%\r\nc"), "a,b: 50%25\\r%0Ac");
        assert!(is_command("  ::error::x") && is_command("x ##[error]y") && !is_command("a::b"));
    }

    #[test]
    fn a_summary_shows_texts_as_they_are() {
        assert_eq!(cell("a|b <c>\n*d*"), "a&#124;b &lt;c&gt; &#42;d&#42;");
        assert_eq!((fence("x"), fence("a ```` b")), ("```".to_owned(), "`````".to_owned()));
    }
}
