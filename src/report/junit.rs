//! Results as a JUnit file, for CI systems.

use std::io::{self, Write};
use std::time::Duration;

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use super::result::{CaseResult, Status};
use crate::diagnostic::{Style, visible};

/// Writes `results` as one test suite.
pub fn junit(results: &[CaseResult], took: Duration, out: impl Write) -> io::Result<()> {
    let mut suite = TestSuite::new("rinject");
    suite.set_time(took);
    suite.add_test_cases(results.iter().map(test_case));
    let mut report = Report::new("rinject");
    report.set_time(took);
    report.add_test_suite(suite);
    report.serialize(out).map_err(io::Error::other)
}

fn test_case(result: &CaseResult) -> TestCase {
    let mut status = match result.status {
        Status::Pass | Status::Flaky | Status::Xfail => TestCaseStatus::success(),
        Status::Skip => TestCaseStatus::skipped(),
        Status::Fail | Status::Timeout | Status::Xpass => TestCaseStatus::non_success(NonSuccessKind::Failure),
        Status::Error | Status::Interrupted => TestCaseStatus::non_success(NonSuccessKind::Error),
    };
    let problems = result.failures().map(|(_, diagnostic)| diagnostic.render(Style::Plain));
    let text = problems.chain([result.diagnostics.render(Style::Plain)]).collect::<Vec<_>>().join("\n");
    let first = result.failures().map(|(failure, _)| failure.message.clone()).next();
    let first = first.or_else(|| result.diagnostics.errors().map(|error| error.message.clone()).next());
    let message = if result.reason.is_empty() { first } else { Some(result.reason.clone()) };
    let message = message.map(|message| visible(&message).into_owned());
    if !matches!(result.status, Status::Pass | Status::Flaky | Status::Xfail) {
        if let Some(message) = message {
            status.set_message(message);
        }
        status.set_type(result.status.name());
        if !text.is_empty() {
            // Readers of such reports take the first line for the summary.
            status.set_description(format!("Error: {text}"));
        }
    }
    let mut case = TestCase::new(result.id.clone(), status);
    case.set_classname("rinject").set_time(result.took);
    case
}
