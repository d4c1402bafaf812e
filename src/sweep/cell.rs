//! Cells: each point with each fault that suits it, in each mode; one run each.
//! It must not know what runs come to.

use std::fmt;

use super::choice;
use super::effect::{changes_files, transferred};
use super::fault::Fault;
use super::point::{Called, Point};
use super::recovery::After;
use crate::abi::{Errno, Signal, Sysno};
use crate::faults::{self, Restart};
use crate::plan::{Chance, FaultKind, Mode, Resource, Sweep};

/// Signals that ask a process to end, of which each program should think.
const ENDS: [&str; 2] = ["SIGTERM", "SIGINT"];

/// One run: a fault at a point.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Cell {
    /// The point, by its position among all.
    pub point: usize,
    /// What is called there.
    pub called: Called,
    /// Which of the calls of that name it is, from 1.
    pub nth: u64,
    /// What is done.
    pub fault: Fault,
    /// For how many calls.
    pub mode: Mode,
    /// Of a fault in a check: what was done to the program before.
    pub after: Option<After>,
}

/// Its id: `write#3:ENOSPC`, or `write#3..:ENOSPC` where later calls fail as well; of a fault in the first check, on what
/// another one has left, `write#3:kill-after/1.unlink#1:kill-before`. It is the same as long as the program makes the same calls.
impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let later = if self.lasts() { ".." } else { "" };
        if let Some(after) = &self.after {
            after.fmt(f)?;
        }
        write!(f, "{}#{}{later}:{}", self.called, self.nth, self.fault)
    }
}

impl Cell {
    /// Whether later calls of the same name fail as well.
    pub fn lasts(&self) -> bool {
        self.mode == Mode::From
    }

    /// The system calls that it makes fail.
    pub fn fails(&self) -> Vec<Sysno> {
        match (self.fault, self.called) {
            (Fault::Budget(amount), _) => amount.resource.each_call().filter_map(Sysno::parse).collect(),
            (_, Called::Call(call)) => vec![call],
            (_, Called::Function(_) | Called::Store) => Vec::new(),
        }
    }

    /// Those of them by which a program is known to go round and round when they fail. Who has no memory asks for some for each
    /// thing that it makes, and may get it elsewhere.
    pub fn retried(&self) -> Vec<Sysno> {
        let grows = |call: &Sysno| Resource::of_call(call.name()) == Some(Resource::Memory);
        self.fails().into_iter().filter(|call| !grows(call)).collect()
    }

    /// The rule that makes the fault, as TOML: `[[inject]]`, called `fault`.
    pub fn rule(&self) -> String {
        self.fault.rule(self.called, self.nth, self.mode)
    }
}

/// All cells that a sweep of these points has, point by point.
pub fn cells(points: &[Point], sweep: &Sweep) -> Vec<Cell> {
    let mut all = Vec::new();
    for (at, point) in points.iter().enumerate() {
        for (fault, lasts) in suited(point, sweep) {
            let modes = sweep.modes.iter().filter(|mode| lasts || **mode == Mode::Once);
            let cell = |mode: &Mode| Cell {
                point: at,
                called: point.called,
                nth: point.nth,
                fault,
                mode: *mode,
                after: None,
            };
            all.extend(modes.map(cell));
            if !lasts && !sweep.modes.contains(&Mode::Once) {
                all.push(cell(&Mode::Once));
            }
        }
    }
    all
}

/// The faults that suit a point, and whether each can last for later calls.
fn suited(point: &Point, sweep: &Sweep) -> Vec<(Fault, bool)> {
    let call = match point.called {
        Called::Function(_) => {
            return if sweep.faults.contains(&FaultKind::Alloc) { vec![(Fault::NoMemory, true)] } else { Vec::new() };
        }
        Called::Call(call) => call,
        Called::Store => return Vec::new(),
    };
    let mut found = Vec::new();
    let eintr = Errno::parse("EINTR");
    for kind in &sweep.faults {
        match kind {
            FaultKind::Errors => {
                let errors = choice::errors(call, point, &sweep.errors);
                found.extend(errors.into_iter().filter(|errno| Some(*errno) != eintr).map(Fault::Error).map(lasting));
            }
            FaultKind::Short => found.extend(transferred(call, point).map(|_| (Fault::Short, true))),
            FaultKind::Eintr if faults::model(call).restart != Restart::Never => {
                found.push((Fault::Interrupt, false))
            }
            FaultKind::Kill if changes_files(call, point) => {
                found.extend([(Fault::KillBefore, false), (Fault::KillAfter, false)]);
                found.extend(transferred(call, point).map(|_| (Fault::Torn, false)));
            }
            FaultKind::Signals => {
                found.extend(ENDS.iter().filter_map(|name| Some((Fault::Signal(Signal::parse(name)?), false))));
            }
            FaultKind::Budgets => found.extend(point.amounts.iter().map(|amount| (Fault::Budget(*amount), false))),
            FaultKind::Eintr | FaultKind::Kill | FaultKind::Alloc | FaultKind::States => {}
        }
    }
    found
}

fn lasting(fault: Fault) -> (Fault, bool) {
    (fault, true)
}

/// At most so many of the cells, drawn by the seed and their ids alone, in their order.
pub fn sample(cells: Vec<Cell>, most: u64, seed: u64) -> Vec<Cell> {
    if cells.len() as u64 <= most {
        return cells;
    }
    let mut drawn: Vec<(u64, usize)> = cells
        .iter()
        .enumerate()
        .map(|(at, cell)| (Chance::new(seed, &cell.to_string(), 1).next_value(), at))
        .collect();
    drawn.sort_unstable();
    drawn.truncate(usize::try_from(most).unwrap_or(usize::MAX));
    let mut kept: Vec<usize> = drawn.into_iter().map(|(_, at)| at).collect();
    kept.sort_unstable();
    kept.into_iter().map(|at| cells[at]).collect()
}

#[cfg(test)]
mod tests {
    use super::super::amount::Amount;
    use super::super::point::tests::point;
    use super::*;
    use crate::faults::{Descriptor, Kind};

    fn ids(points: &[Point], sweep: &Sweep) -> Vec<String> {
        cells(points, sweep).iter().map(ToString::to_string).collect()
    }

    fn write(nth: u64) -> Point {
        let mut point = point("write", nth, &["kv!main+0x8"]);
        point.circumstances.writes = Some(true);
        point.circumstances.value = Some(12);
        point.circumstances.facts.descriptors[0] = Some(Descriptor { kind: Some(Kind::File), non_blocking: false });
        point
    }

    #[test]
    fn each_fault_is_a_cell_in_each_mode() {
        let all = |faults: &[FaultKind], modes: &[Mode]| Sweep {
            faults: faults.to_vec(),
            modes: modes.to_vec(),
            ..Sweep::default()
        };
        let points = [write(3)];
        assert_eq!(ids(&points, &Sweep::default()), ["write#3:ENOSPC", "write#3:EIO"]);
        assert_eq!(
            ids(&points, &all(&[FaultKind::Errors, FaultKind::Short], &[Mode::From])),
            ["write#3..:ENOSPC", "write#3..:EIO", "write#3..:short"]
        );
        assert_eq!(
            ids(&points, &all(&[FaultKind::Kill, FaultKind::Eintr], &[Mode::From])),
            ["write#3:kill-before", "write#3:kill-after", "write#3:torn", "write#3:EINTR"]
        );
        assert_eq!(ids(&points, &all(&[FaultKind::Signals], &[Mode::Once])), ["write#3:SIGTERM", "write#3:SIGINT"]);
        assert_eq!(ids(&points, &all(&[FaultKind::Alloc], &[Mode::Once])), [""; 0]);
        let amount = |amount, is_short| Amount { resource: Resource::Disk, amount, is_short };
        let points = [Point { amounts: vec![amount(10, false), amount(12, true)], ..write(3) }];
        let budgets = all(&[FaultKind::Budgets], &[Mode::From]);
        assert_eq!(ids(&points, &budgets), ["write#3:disk=10", "write#3:disk-short=12"]);
        assert_eq!(ids(&points, &Sweep::default()), ["write#3:ENOSPC", "write#3:EIO"]);
    }

    #[test]
    fn who_asks_for_memory_again_and_again_may_get_on() {
        let calls = |name: &str| -> Vec<String> {
            Cell::parse(name).unwrap().retried().iter().map(ToString::to_string).collect()
        };
        assert_eq!(calls("write#1:EIO"), ["write"]);
        assert!(calls("fallocate#1:disk=5").contains(&"pwritev2".to_owned()));
        assert_eq!(calls("brk#2:memory=5"), [""; 0]);
        assert_eq!(calls("mmap#2..:ENOMEM"), [""; 0]);
    }

    #[test]
    fn a_kill_comes_where_a_file_is_made_and_not_where_a_device_is_opened() {
        let kill = Sweep { faults: vec![FaultKind::Kill], ..Sweep::default() };
        let open = |opened| {
            let mut point = point("openat", 1, &["kv!main+0x8"]);
            // O_CREAT and O_TRUNC, as the redirection of a shell.
            point.circumstances.facts.args[2] = 0o1000 | 0o100;
            point.circumstances.opened = Some(opened);
            ids(&[point], &kill)
        };
        assert_eq!(open(Kind::File), ["openat#1:kill-before", "openat#1:kill-after"]);
        assert_eq!(open(Kind::Device), [""; 0]);
    }

    #[test]
    fn a_sample_hangs_on_the_seed_and_the_ids_alone() {
        let points: Vec<Point> = (1..=50).map(write).collect();
        let all = cells(&points, &Sweep::default());
        let drawn = |cells: Vec<Cell>, seed| -> Vec<String> {
            sample(cells, 10, seed).iter().map(ToString::to_string).collect()
        };
        assert_eq!(drawn(all.clone(), 1), drawn(all.clone(), 1));
        assert_ne!(drawn(all.clone(), 1), drawn(all.clone(), 2));
        assert_eq!(sample(all.clone(), 10, 1).len(), 10);
        assert_eq!(sample(all.clone(), 1000, 1), all);
    }
}
