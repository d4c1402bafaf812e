//! Findings among states: those in which the same call is lost show one weakness, as do those that lose more and fail the same
//! checks.
//! It must not know how they are told.

use std::collections::BTreeMap;

use super::enumerate::State;
use super::loss::What;
use crate::sweep::finding::Finding;
use crate::sweep::point::Point;
use crate::sweep::verdict::Verdict;

/// A state that was tried.
#[derive(Clone, Debug)]
pub struct Shown<'r> {
    /// Which of the runs of the sweep it is.
    pub run: usize,
    /// The call that it is about.
    pub point: &'r Point,
    /// The state.
    pub state: State,
    /// The operations of which something is lost.
    pub lost: Vec<usize>,
    /// Of two losses, the files that they are of, by number.
    pub files: Option<(usize, usize)>,
    /// What it came to.
    pub verdict: Verdict,
    /// The checks that fail.
    pub checks: Vec<String>,
}

/// The weaknesses that states show, in the order of the calls; the state that loses least is the first of each.
pub fn weaknesses(shown: &[Shown<'_>]) -> Vec<Finding> {
    let mut findings: Vec<(usize, Finding)> = Vec::new();
    let mut places: BTreeMap<String, usize> = BTreeMap::new();
    for (at, it) in shown.iter().enumerate().filter(|(_, it)| it.verdict.is_finding()) {
        let key = shown[explained(shown, at)].key();
        let place = *places.entry(key.clone()).or_insert_with(|| {
            findings.push((it.state.op, Finding { key, verdict: it.verdict, runs: Vec::new() }));
            findings.len() - 1
        });
        findings[place].1.runs.push(at);
    }
    for (first, finding) in &mut findings {
        finding.runs.sort_by_key(|at| (shown[*at].state.what.rank(), shown[*at].lost.len(), shown[*at].state.done));
        *first = shown[finding.runs[0]].state.op;
        finding.runs.iter_mut().for_each(|at| *at = shown[*at].run);
    }
    findings.sort_by_key(|(first, _)| *first);
    findings.into_iter().map(|(_, finding)| finding).collect()
}

/// The state that shows the same by losing least: nothing at that moment, or one call of those that are lost. Where several
/// checks fail, each may be shown by another one.
fn explained(shown: &[Shown<'_>], at: usize) -> usize {
    let it = &shown[at];
    let is_of_one = it.state.what.is_of_one() || it.state.what == What::Nothing;
    let least = |explains: &dyn Fn(&Shown<'_>) -> bool| {
        let all = shown.iter().enumerate().filter(|(_, other)| other.verdict == it.verdict && explains(other));
        let all: Vec<(usize, &Shown<'_>)> =
            all.filter(|(_, other)| other.checks.iter().all(|check| it.checks.contains(check))).collect();
        let is_shown = |check: &String| all.iter().any(|(_, other)| other.checks.contains(check));
        let found = all.iter().min_by_key(|(_, other)| other.lost.len()).map(|(at, _)| *at);
        found.filter(|_| it.checks.iter().all(is_shown))
    };
    let simple = |other: &Shown<'_>| other.state.what == What::Nothing || other.state.what.is_of_one();
    let loses_less =
        |other: &Shown<'_>| other.lost.len() < it.lost.len() && other.lost.iter().all(|op| it.lost.contains(op));
    let now = least(&|other| other.state.done == it.state.done && simple(other) && loses_less(other));
    if now.is_some() || is_of_one || it.state.what == What::Before {
        return now.unwrap_or(at);
    }
    let before = |other: &Shown<'_>| other.state.what == What::Before && it.lost.len() == it.state.done;
    let one = |other: &Shown<'_>| other.state.what.is_of_one() && it.lost.contains(&other.state.op);
    // Two losses show one weakness whichever calls of the same two files they are of.
    let pair = |other: &Shown<'_>| {
        other.files.is_some() && (other.files == it.files || it.files.is_none() && loses_less(other))
    };
    least(&before)
        .or_else(|| least(&|other| one(other) && loses_less(other)))
        .or_else(|| least(&pair))
        .or_else(|| least(&one))
        .unwrap_or(at)
}

impl Shown<'_> {
    /// What tells a weakness from others, also after a change of the program that moves no function. Which checks fail does not
    /// where the loss of one call is what matters: how much of it others have seen by then is another matter.
    fn key(&self) -> String {
        let (what, is_of_loss) = match self.state.what {
            What::Before => ("before".to_owned(), false),
            What::Nothing => ("kept".to_owned(), false),
            What::Lost | What::Zeros | What::File | What::Head(_) | What::Tail(_) => ("lost".to_owned(), true),
            What::With(called, _) => (format!("lost with {called}"), true),
            What::Others => ("alone".to_owned(), false),
            What::Unsynced => ("synced".to_owned(), false),
        };
        let (verdict, called, functions) = (self.verdict, self.point.called, self.point.own_functions());
        let checks = if is_of_loss { String::new() } else { format!(" by {}", self.checks.join(", ")) };
        format!("{verdict} {called} {what} at {functions}{checks}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sweep::point::Called;
    use crate::sweep::point::tests::point;

    #[test]
    fn a_state_that_loses_more_is_explained_by_one_that_loses_less() {
        let points = [point("write", 1, &["kv!put"]), point("rename", 1, &["kv!commit"])];
        let it = |run, op: usize, done, what, lost: &[usize], checks: &[&str]| Shown {
            run,
            point: &points[op],
            state: State { op, done, what },
            lost: lost.to_vec(),
            files: None,
            verdict: if checks.is_empty() { Verdict::Masked } else { Verdict::Broken },
            checks: checks.iter().map(|name| (*name).to_owned()).collect(),
        };
        let all = [
            it(10, 0, 1, What::Nothing, &[], &[]),
            it(11, 0, 2, What::Head(512), &[0], &["whole"]),
            it(12, 0, 2, What::Lost, &[0], &["whole"]),
            it(13, 1, 2, What::Others, &[0], &["whole"]),
            it(14, 1, 2, What::Unsynced, &[0, 1], &["there"]),
            it(15, 1, 3, What::Lost, &[1], &["new"]),
            it(16, 1, 3, What::Unsynced, &[0, 1, 2], &["new", "whole"]),
        ];
        let found = weaknesses(&all);
        let shown: Vec<(&str, &[usize])> = found.iter().map(|it| (it.key.as_str(), &*it.runs)).collect();
        assert_eq!(
            shown,
            [
                ("broken write lost at kv!put", &[12, 11, 13, 16][..]),
                ("broken rename synced at kv!commit by there", &[14]),
                ("broken rename lost at kv!commit", &[15]),
            ]
        );
    }

    #[test]
    fn the_loss_of_one_call_is_one_weakness_whichever_checks_see_it_and_so_are_two_losses_of_two_files() {
        let calls = ["openat", "write", "openat", "write", "rename"];
        let points: Vec<Point> = (1..).zip(calls).map(|(nth, call)| point(call, nth, &["kv!put"])).collect();
        let it = |run, op: usize, done, what, lost: &[usize], files, checks: &[&str]| Shown {
            run,
            point: &points[op],
            state: State { op, done, what },
            lost: lost.to_vec(),
            files,
            verdict: if checks.is_empty() { Verdict::Masked } else { Verdict::Broken },
            checks: checks.iter().map(|name| (*name).to_owned()).collect(),
        };
        let with = |call: &str, nth| What::With(Called::parse(call).unwrap(), nth);
        let files = Some((1, 2));
        let all = [
            it(10, 4, 5, What::Lost, &[4], None, &["whole"]),
            it(11, 4, 6, What::Lost, &[4], None, &["there", "whole"]),
            it(12, 0, 5, with("openat", 3), &[0, 2], files, &["whole"]),
            it(13, 0, 5, with("write", 4), &[0, 3], files, &["whole"]),
            it(14, 1, 5, with("openat", 3), &[1, 2], files, &["newest", "whole"]),
            // Not by two, where one of them does it alone.
            it(15, 1, 6, with("rename", 5), &[1, 4], Some((1, 3)), &["whole"]),
            it(16, 4, 5, What::Others, &[0, 1, 2, 3], None, &["whole"]),
        ];
        let found = weaknesses(&all);
        let shown: Vec<(&str, &[usize])> = found.iter().map(|it| (it.key.as_str(), &*it.runs)).collect();
        assert_eq!(
            shown,
            [
                ("broken openat lost with openat at kv!put", &[12, 13, 14, 16][..]),
                ("broken rename lost at kv!put", &[10, 11, 15]),
            ]
        );
    }
}
