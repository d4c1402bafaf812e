//! Findings: runs that show the same mistake of the program are one.
//! It must not know how they are told.

use std::collections::BTreeMap;

use super::amount::Amount;
use super::cell::Cell;
use super::fault::Fault;
use super::point::{Called, Point};
use super::verdict::Verdict;

/// A mistake of the program, and the runs that show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What tells it from others, also after a change of the program that moves no function: verdict, kind of fault, what is
    /// another in the result, and where the program was.
    pub key: String,
    /// What the runs show.
    pub verdict: Verdict,
    /// The runs, by their positions among those that were given; the first is shown.
    pub runs: Vec<usize>,
}

/// A run, as far as it tells findings apart.
#[derive(Clone, Copy, Debug)]
pub struct Seen<'r> {
    /// Which.
    pub cell: &'r Cell,
    /// Where the fault was.
    pub point: &'r Point,
    /// What it showed.
    pub verdict: Verdict,
    /// In what its result is another, as [`super::Evidence`] has it.
    pub shows: &'r [String],
}

impl Seen<'_> {
    /// What tells a finding from others. Which error it was, and by which function of the C library, does not: a file that
    /// cannot be opened and one that cannot be read are missed in the same place. Where a kill or a signal came, which may come
    /// anywhere, does not either, if it left something behind.
    fn key(&self) -> String {
        let shows = match self.shows {
            [] => String::new(),
            shows => format!(" with {}", shows.join(", ")),
        };
        let recovery = self.cell.after.map_or(String::new(), |after| format!(" in check {}", after.check));
        let comes_anywhere = match self.cell.fault {
            Fault::Signal(_) => matches!(self.verdict, Verdict::Leftover | Verdict::Broken),
            fault => fault.kills(),
        };
        let place = if comes_anywhere { String::new() } else { format!(" at {}", self.point.own_functions()) };
        format!("{} {}{recovery}{shows}{place}", self.verdict, kind(self.cell.fault))
    }

    /// Whether both show the same of the same kind of fault.
    fn is_like(&self, other: &Seen<'_>) -> bool {
        if self.cell.after != other.cell.after {
            return false;
        }
        (self.verdict, kind(self.cell.fault), self.shows) == (other.verdict, kind(other.cell.fault), other.shows)
    }
}

fn kind(fault: Fault) -> &'static str {
    match fault {
        Fault::Error(_) => "error",
        Fault::Short => "short",
        Fault::Interrupt => "EINTR",
        Fault::KillBefore | Fault::KillAfter | Fault::Torn => "kill",
        Fault::Signal(_) => "signal",
        Fault::NoMemory => "no-memory",
        // What a resource that is used up does to a program is an error, too.
        Fault::Budget(_) => "error",
        Fault::Power(_) => "power",
    }
}

/// Whether later calls fail as well: those of the same name, or all that need what is used up.
fn lasts(cell: &Cell) -> bool {
    cell.lasts() || matches!(cell.fault, Fault::Budget(_))
}

/// Whether a budget may have made the call of another fault fail: one that needs its resource, and none that was over by then.
fn is_met(budget: &Cell, other: &Cell) -> bool {
    let Called::Call(call) = other.called else { return false };
    budget.fails().contains(&call) && (other.called != budget.called || other.nth >= budget.nth)
}

/// The findings among runs, worst first, then in the order of the runs. A fault that lasts belongs to the last call at which
/// a fault shows the same, best by itself: that one matters.
pub fn distinct<'r>(runs: impl Iterator<Item = Seen<'r>>) -> Vec<Finding> {
    let all: Vec<Seen<'_>> = runs.collect();
    let matters = |at: usize| {
        let seen = &all[at];
        if !lasts(seen.cell) {
            return at;
        }
        let is_later = |other: &Seen<'_>| {
            // Later calls of the same name fail as well, and of a budget all that need the resource.
            let fails = match seen.cell.fault {
                Fault::Budget(_) => is_met(seen.cell, other.cell),
                _ => other.cell.called != seen.cell.called || other.cell.nth >= seen.cell.nth,
            };
            fails && other.is_like(seen)
        };
        let like =
            |is_lasting: bool| all.iter().rposition(|other| lasts(other.cell) == is_lasting && is_later(other));
        like(false).or_else(|| like(true)).unwrap_or(at)
    };
    let mut findings: Vec<Finding> = Vec::new();
    let mut places: BTreeMap<String, usize> = BTreeMap::new();
    for (at, seen) in all.iter().enumerate().filter(|(_, seen)| seen.verdict.is_finding()) {
        let key = all[matters(at)].key();
        match places.get(&key) {
            Some(place) => findings[*place].runs.push(at),
            None => {
                places.insert(key.clone(), findings.len());
                findings.push(Finding { key, verdict: seen.verdict, runs: vec![at] });
            }
        }
    }
    for finding in &mut findings {
        // A fault that happens once is the plainer example; of faults that last the last one is.
        finding.runs.sort_by_key(|at| {
            let cell = all[*at].cell;
            let is_short = matches!(cell.fault, Fault::Budget(Amount { is_short: true, .. }));
            (lasts(cell), is_short, if lasts(cell) { usize::MAX - at } else { *at })
        });
    }
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.verdict));
    findings
}

#[cfg(test)]
mod tests {
    use super::super::point::tests::point;
    use super::*;
    use crate::abi::{Errno, Signal};
    use crate::plan::Mode;

    struct Run {
        point: Point,
        cell: Cell,
        verdict: Verdict,
        shows: Vec<String>,
    }

    fn run(id: (&str, u64, &str, Mode), frames: &[&str], verdict: Verdict, shows: &[&str]) -> Run {
        let (call, nth, fault, mode) = id;
        let point = point(call, nth, frames);
        let fault = match fault {
            "short" => Fault::Short,
            "kill" => Fault::KillAfter,
            budget if budget.contains('=') => Fault::Budget(Amount::parse(budget).unwrap()),
            "SIGTERM" => Fault::Signal(Signal::parse("SIGTERM").unwrap()),
            errno => Fault::Error(Errno::parse(errno).unwrap()),
        };
        let cell = Cell { point: 0, called: point.called, nth, fault, mode, after: None };
        Run { point, cell, verdict, shows: shows.iter().map(|part| (*part).to_owned()).collect() }
    }

    #[track_caller]
    fn check(runs: &[Run], expected: &[(&str, &[usize])]) {
        let seen = runs.iter().map(|run| Seen {
            cell: &run.cell,
            point: &run.point,
            verdict: run.verdict,
            shows: &run.shows,
        });
        let found = distinct(seen);
        let shown: Vec<(&str, &[usize])> = found.iter().map(|it| (it.key.as_str(), &*it.runs)).collect();
        assert_eq!(shown, expected);
    }

    #[test]
    fn one_weakness_is_one_finding_whatever_the_error() {
        let put = |call: &str, nth, fault: &str, shows: &[&str]| {
            run((call, nth, fault, Mode::Once), &["libc.so.6!x+0x14", "kv!put+0x10"], Verdict::Silent, shows)
        };
        check(
            &[
                put("openat", 1, "EACCES", &["out"]),
                put("openat", 1, "EMFILE", &["out"]),
                put("read", 1, "EIO", &["out"]),
                put("read", 2, "EIO", &["standard output"]),
                put("write", 3, "short", &["out"]),
                run(("read", 3, "EIO", Mode::Once), &["libc.so.6!read", "kv!log+0x1"], Verdict::Silent, &["out"]),
                run(("read", 4, "EIO", Mode::Once), &["libc.so.6!read", "kv!put+0x1"], Verdict::Masked, &[]),
            ],
            &[
                ("silent error with out at kv!put", &[0, 1, 2]),
                ("silent error with standard output at kv!put", &[3]),
                ("silent short with out at kv!put", &[4]),
                ("silent error with out at kv!log", &[5]),
            ],
        );
    }

    #[test]
    fn kills_that_leave_the_same_are_one_finding() {
        let kill = |call: &str, nth, shows: &[&str]| {
            run((call, nth, "kill", Mode::Once), &["kv!put+0x10"], Verdict::Leftover, shows)
        };
        check(
            &[kill("write", 1, &["lock"]), kill("fsync", 1, &["lock"]), kill("write", 2, &["lock", "out.tmp"])],
            &[("leftover kill with lock", &[0, 1]), ("leftover kill with lock, out.tmp", &[2])],
        );
    }

    #[test]
    fn signals_that_leave_the_same_are_one_finding() {
        let sent =
            |place: &str, verdict, shows: &[&str]| run(("write", 1, "SIGTERM", Mode::Once), &[place], verdict, shows);
        check(
            &[
                sent("kv!put", Verdict::Leftover, &["lock"]),
                sent("kv!log", Verdict::Leftover, &["lock"]),
                sent("kv!put", Verdict::Crash, &["kv by SIGSEGV"]),
                sent("kv!log", Verdict::Crash, &["kv by SIGSEGV"]),
            ],
            &[
                ("crash signal with kv by SIGSEGV at kv!put", &[2]),
                ("crash signal with kv by SIGSEGV at kv!log", &[3]),
                ("leftover signal with lock", &[0, 1]),
            ],
        );
    }

    #[test]
    fn a_budget_belongs_to_the_last_call_that_needs_its_resource_and_shows_the_same() {
        let at = |call: &str, nth, fault: &str, shows: &[&str]| {
            run((call, nth, fault, Mode::Once), &["libc.so.6!x", &format!("kv!{call}")], Verdict::Silent, shows)
        };
        check(
            &[
                at("write", 1, "disk=0", &["out"]),
                at("write", 1, "disk-short=2", &["out"]),
                at("openat", 3, "EACCES", &["out"]),
                at("pwrite64", 1, "EIO", &["out"]),
                at("write", 1, "ENOSPC", &["log"]),
                at("write", 2, "disk=5", &["log"]),
                at("openat", 3, "fds=4", &["log"]),
            ],
            &[
                ("silent error with out at kv!pwrite64", &[3, 0, 1]),
                ("silent error with out at kv!openat", &[2]),
                ("silent error with log at kv!write", &[4, 5]),
                ("silent error with log at kv!openat", &[6]),
            ],
        );
        check(
            &[at("write", 1, "disk=0", &["out"]), at("write", 1, "disk-short=2", &["out"])],
            &[("silent error with out at kv!write", &[0, 1])],
        );
    }

    #[test]
    fn a_fault_that_lasts_belongs_to_the_last_call_that_shows_the_same() {
        let read = |nth, mode, place: &str, shows: &[&str]| {
            run(("read", nth, "EIO", mode), &["libc.so.6!read", place], Verdict::Silent, shows)
        };
        let (once, from) = (Mode::Once, Mode::From);
        check(
            &[
                read(1, from, "kv!conf", &["out"]),
                read(2, from, "kv!passwd", &["out"]),
                read(3, from, "kv!in", &["out"]),
            ],
            &[("silent error with out at kv!in", &[2, 1, 0])],
        );
        check(
            &[
                read(1, from, "kv!conf", &["out"]),
                read(2, once, "kv!in", &["out"]),
                read(2, from, "kv!in", &["out"]),
                read(3, from, "kv!late", &["out"]),
                read(1, from, "kv!conf", &["log"]),
            ],
            &[
                ("silent error with out at kv!in", &[1, 2, 0]),
                ("silent error with out at kv!late", &[3]),
                ("silent error with log at kv!conf", &[4]),
            ],
        );
    }
}
