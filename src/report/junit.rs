//! Results as a JUnit file, for CI systems.

use std::fmt;
use std::io::{self, Write};
use std::time::Duration;

use quick_junit::{NonSuccessKind, Property, Report as Suites, TestCase, TestCaseStatus, TestRerun, TestSuite};

use super::Report;
use super::human::details;
use super::result::{CaseResult, Status};
use crate::diagnostic::visible;

/// What a program printed is cut after so many bytes: the whole report is read into memory by those who show it.
const MOST_OUTPUT: usize = 64 << 10;

/// Writes results as one test suite.
pub struct Junit<W: Write> {
    out: W,
    suite: TestSuite,
}

impl<W: Write> Junit<W> {
    /// Writes to `out`, at the end.
    pub fn new(out: W) -> Junit<W> {
        Junit { out, suite: TestSuite::new("rinject") }
    }
}

impl<W: Write> fmt::Debug for Junit<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Junit").field("suite", &self.suite).finish_non_exhaustive()
    }
}

impl<W: Write> Report for Junit<W> {
    fn case(&mut self, result: &CaseResult) -> io::Result<()> {
        self.suite.add_test_case(test_case(result));
        Ok(())
    }

    fn finish(&mut self, took: Duration) -> io::Result<()> {
        self.suite.set_time(took);
        write(&mut self.out, [self.suite.clone()], took)
    }
}

/// Writes suites as a file. All of them together `took` so long.
pub(super) fn write(mut out: impl Write, all: impl IntoIterator<Item = TestSuite>, took: Duration) -> io::Result<()> {
    let mut suites = Suites::new("rinject");
    suites.set_time(took);
    suites.add_test_suites(all);
    suites.serialize(&mut out).map_err(io::Error::other)?;
    out.flush()
}

fn test_case(result: &CaseResult) -> TestCase {
    let mut status = match result.status {
        Status::Pass | Status::Flaky => TestCaseStatus::success(),
        // As pytest does: a known failure is no success that somebody could rely on.
        Status::Skip | Status::Xfail => TestCaseStatus::skipped(),
        Status::Fail | Status::Timeout | Status::Xpass => TestCaseStatus::non_success(NonSuccessKind::Failure),
        Status::Error | Status::Interrupted => TestCaseStatus::non_success(NonSuccessKind::Error),
    };
    status.add_reruns((1..=result.failed_before).map(|number| {
        let mut rerun = TestRerun::new(NonSuccessKind::Failure);
        rerun.set_type("fail").set_message(format!("failed at try {number}"));
        rerun
    }));
    status.set_type(result.status.name());
    if let Some(why) = result.why() {
        status.set_message(why);
    }
    let text = details(result);
    if result.status.is_bad() && !text.is_empty() {
        // Readers of such reports take the first line for the summary.
        status.set_description(format!("Error: {text}"));
    }
    let mut case = TestCase::new(result.id.clone(), status);
    case.set_classname("rinject").set_time(result.took).add_properties(properties(result));
    case.extra.insert("file".into(), result.source.name.as_str().into());
    if let Some(label) = result.problems().find_map(|problem| problem.labels.first().cloned()) {
        case.extra.insert("file".into(), result.source.piece_at(label.span.start).name.into());
        let (line, _) = result.source.position(label.span.start);
        case.extra.insert("line".into(), line.to_string().into());
    }
    if result.status.is_bad() && result.outcome.is_some() {
        case.set_system_out(cut(&result.stdout)).set_system_err(cut(&result.stderr));
    }
    case
}

fn properties(result: &CaseResult) -> Vec<Property> {
    let rules = result.rules().map(|(name, rule)| {
        let counts = format!("fired {}, matched {}", rule.fired, rule.matched);
        Property::new(format!("rule {name}"), if rule.is_uncounted { "not counted".to_owned() } else { counts })
    });
    let notes = result.notes().iter().map(|note| Property::new("note", visible(note).as_ref()));
    let kept = result.kept.iter().map(|folder| Property::new("folder", visible(&folder.to_string_lossy()).as_ref()));
    let again = [Property::new("again", result.again.as_str())];
    again.into_iter().chain(rules).chain(notes).chain(kept).collect()
}

/// What a program printed, as far as it is shown.
fn cut(bytes: &[u8]) -> String {
    let shown = &bytes[..bytes.len().min(MOST_OUTPUT)];
    let mut text = visible(&String::from_utf8_lossy(shown)).into_owned();
    if shown.len() < bytes.len() {
        text += &format!("\n... {} more bytes\n", bytes.len() - shown.len());
    }
    text
}
