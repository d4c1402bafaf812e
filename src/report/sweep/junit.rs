//! What sweeps came to as a JUnit file: a suite for each spec, a test case for each run.
//! It must not decide what is a finding.

use std::collections::HashMap;
use std::io::{self, Write};
use std::time::Duration;

use quick_junit::{NonSuccessKind, Property, TestCase, TestCaseStatus, TestSuite};

use super::swept::{Run, SweepReport, Swept};
use super::text::details;
use crate::diagnostic::visible;
use crate::report::junit;
use crate::sweep::{Finding, Verdict};

/// Writes them to `out`.
///
/// # Errors
/// It cannot be written.
pub fn junit(report: &SweepReport, out: impl Write) -> io::Result<()> {
    let suites = report.sweeps.iter().map(|swept| suite(report, swept));
    let refused = report.refused.iter().map(|spec| {
        let mut suite = TestSuite::new(spec.clone());
        suite.add_test_case(failed(spec, spec, "error", "it could not be swept"));
        suite
    });
    junit::write(out, suites.chain(refused), report.took)
}

fn suite(report: &SweepReport, swept: &Swept) -> TestSuite {
    let mut suite = TestSuite::new(swept.head.spec.clone());
    suite.set_time(Duration::from_millis(swept.head.duration_ms));
    suite.add_properties(swept.head.notes.iter().map(|note| Property::new("note", visible(note).as_ref())));
    let of_finding = |finding: &'_ Finding| finding.runs.clone();
    let findings: HashMap<usize, &Finding> = swept
        .findings()
        .iter()
        .flat_map(|finding| of_finding(finding).into_iter().map(move |at| (at, finding)))
        .collect();
    for (at, run) in swept.runs.iter().enumerate() {
        suite.add_test_case(case(report, swept, (at, run), findings.get(&at).copied()));
    }
    for lost in &swept.head.lost {
        suite.add_test_case(failed(&swept.head.spec, &lost.cell, "error", &lost.why));
    }
    suite
}

/// Something of which there is no verdict.
fn failed(class: &str, name: &str, kind: &str, why: &str) -> TestCase {
    let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
    status.set_type(kind).set_message(visible(why).as_ref());
    let mut case = TestCase::new(name, status);
    case.set_classname(class);
    case
}

/// A run. The first one of a finding has all that it rests on; others name it, since a report is read into memory as a whole.
fn case(report: &SweepReport, swept: &Swept, (at, run): (usize, &Run), finding: Option<&Finding>) -> TestCase {
    let point = swept.point(run);
    let is_known = finding.is_some_and(|finding| !report.is_new(finding));
    let mut status = match run.verdict {
        _ if is_known => TestCaseStatus::skipped(),
        Verdict::NotFired => TestCaseStatus::skipped(),
        verdict if verdict.is_finding() => TestCaseStatus::non_success(NonSuccessKind::Failure),
        _ => TestCaseStatus::success(),
    };
    status.set_type(run.verdict.name());
    let known = if is_known { "known: " } else { "" };
    status.set_message(visible(&format!("{known}{}, at {}", run.evidence.how, point.place())).as_ref());
    if let Some(finding) = finding.filter(|_| !is_known) {
        let first = finding.runs[0];
        status.set_description(if first == at {
            format!("Error: {}", details(report, swept, run, &finding.runs[1..]))
        } else {
            format!("Error: it shows the same as `{}`", swept.runs[first].cell)
        });
    }
    let mut case = TestCase::new(run.cell.to_string(), status);
    // Dashboards group by it.
    let class = point.own_function().unwrap_or(&swept.head.spec);
    case.set_classname(visible(class).as_ref()).set_time(run.took);
    case.add_property(Property::new("again", run.again.as_str()));
    if let (Some(path), Some((_, line))) = (&point.path, point.source.as_ref().and_then(|it| it.rsplit_once(':'))) {
        case.extra.insert("file".into(), path.as_str().into());
        case.extra.insert("line".into(), line.into());
    }
    case
}
