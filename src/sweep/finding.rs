//! Findings: runs that show the same mistake of the program are one.
//! It must not know how they are told.

use std::collections::BTreeMap;

use super::cell::Cell;
use super::point::Point;
use super::verdict::Verdict;
use crate::plan::Mode;

/// A mistake of the program, and the runs that show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What tells it from others, also after a change of the program that moves no function: verdict, call, fault, stack.
    pub key: String,
    /// What the runs show.
    pub verdict: Verdict,
    /// The runs, by their positions among those that were given; the first is shown.
    pub runs: Vec<usize>,
}

impl Finding {
    /// What tells a finding from others.
    pub fn key(verdict: Verdict, cell: &Cell, point: &Point) -> String {
        format!("{verdict} {} {} at {}", cell.called, cell.fault, point.functions())
    }
}

/// The findings among runs, worst first, then in the order of the runs. Where a fault that lasts shows what the same fault
/// shows at one of the calls that it lasts for, that call is the one that matters.
pub fn distinct<'r>(runs: impl Iterator<Item = (&'r Cell, &'r Point, Verdict)>) -> Vec<Finding> {
    let all: Vec<(&Cell, &Point, Verdict)> = runs.collect();
    let matters = |at: usize| {
        let (cell, _, verdict) = all[at];
        let explains = |(other, _, shown): &(&Cell, &Point, Verdict)| {
            let is_same = (other.called, other.fault, *shown) == (cell.called, cell.fault, verdict);
            is_same && other.mode == Mode::Once && other.nth >= cell.nth
        };
        let found = all.iter().position(explains).filter(|_| cell.mode == Mode::From);
        found.unwrap_or(at)
    };
    let mut findings: Vec<Finding> = Vec::new();
    let mut places: BTreeMap<String, usize> = BTreeMap::new();
    for (at, (_, _, verdict)) in all.iter().enumerate().filter(|(_, (_, _, verdict))| verdict.is_finding()) {
        let (cell, point, _) = all[matters(at)];
        let key = Finding::key(*verdict, cell, point);
        match places.get(&key) {
            Some(place) => findings[*place].runs.push(at),
            None => {
                places.insert(key.clone(), findings.len());
                findings.push(Finding { key, verdict: *verdict, runs: vec![at] });
            }
        }
    }
    for finding in &mut findings {
        // A fault that happens once is the plainer example.
        finding.runs.sort_by_key(|at| (all[*at].0.mode == Mode::From, *at));
    }
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.verdict));
    findings
}

#[cfg(test)]
mod tests {
    use super::super::fault::Fault;
    use super::super::point::tests::point;
    use super::*;
    use crate::abi::Errno;

    #[test]
    fn runs_with_one_fault_from_one_stack_are_one_finding() {
        let fault = Fault::Error(Errno::parse("EIO").unwrap());
        let points = [
            point("write", 1, &["libc.so.6!write+0x14", "kv!put+0x10"]),
            point("write", 2, &["libc.so.6!write+0x14", "kv!put+0x20"]),
            point("write", 3, &["libc.so.6!write+0x14", "kv!log+0x20"]),
        ];
        let cell = |at: usize, fault, mode| {
            let Point { called, nth, .. } = points[at];
            Cell { point: at, called, nth, fault, mode }
        };
        let cells = [
            (cell(0, fault, Mode::Once), Verdict::Leftover),
            (cell(1, fault, Mode::From), Verdict::Leftover),
            (cell(2, fault, Mode::Once), Verdict::Leftover),
            (cell(0, Fault::Short, Mode::Once), Verdict::Silent),
            (cell(2, Fault::Short, Mode::Once), Verdict::Reported),
            // It lasts until the third write, which is the one that matters.
            (cell(1, Fault::NoMemory, Mode::From), Verdict::Crash),
            (cell(2, Fault::NoMemory, Mode::Once), Verdict::Crash),
        ];
        let found = distinct(cells.iter().map(|(cell, verdict)| (cell, &points[cell.point], *verdict)));
        let shown: Vec<(&str, &[usize])> = found.iter().map(|it| (it.key.as_str(), &*it.runs)).collect();
        assert_eq!(
            shown,
            [
                ("silent write short at libc.so.6!write < kv!put", &[3][..]),
                ("crash write no-memory at libc.so.6!write < kv!log", &[6, 5]),
                ("leftover write EIO at libc.so.6!write < kv!put", &[0]),
                ("leftover write EIO at libc.so.6!write < kv!log", &[2, 1]),
            ]
        );
    }
}
