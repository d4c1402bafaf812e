//! Columns of a matrix of points and faults: what stands in each, and in which order they come. It must not know how they are drawn.

use std::collections::HashMap;
use std::fmt;

use super::swept::Run;
use crate::sweep::Fault;

/// What the runs of a column have in common.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Column {
    is_recovery: bool,
    kind: Kind,
    label: String,
    lasts: bool,
}

/// Kinds of faults, in the order of their columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Error,
    Short,
    Interrupt,
    Signal,
    NoMemory,
    Budget,
    Kill,
    Power,
}

/// As it stands above the column: `EIO`, `..EIO` where later calls fail as well, `disk`, `power: lost`, `recovery: torn`.
impl fmt::Display for Column {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_recovery {
            f.write_str("recovery: ")?;
        }
        if self.kind == Kind::Power {
            f.write_str("power: ")?;
        }
        write!(f, "{}{}", if self.lasts { ".." } else { "" }, self.label)
    }
}

impl Column {
    /// The column that a run stands in: an amount in that of its resource, as each point has one of its own, and a state in that of
    /// its kind, wherever the power fails.
    pub(super) fn of(run: &Run) -> Column {
        let (kind, label) = match run.cell.fault {
            Fault::Budget(amount) => (Kind::Budget, amount.kind()),
            Fault::Power(loss) => (Kind::Power, kind_of_state(&loss.to_string()).to_owned()),
            fault => (Kind::of(fault), fault.to_string()),
        };
        Column { is_recovery: run.cell.after.is_some(), kind, label, lasts: run.cell.lasts() }
    }

    /// All columns that these runs have: those of the program first, one kind of faults after the other, each as it comes, and
    /// beside it the one that lasts.
    pub(super) fn all<'r>(runs: impl IntoIterator<Item = &'r Run>) -> Vec<Column> {
        let mut all: Vec<Column> = Vec::new();
        for column in runs.into_iter().map(Column::of) {
            if !all.contains(&column) {
                all.push(column);
            }
        }
        let mut firsts: HashMap<String, usize> = HashMap::new();
        for (at, column) in all.iter().enumerate() {
            firsts.entry(column.label.clone()).or_insert(at);
        }
        all.sort_by_key(|column| (column.is_recovery, column.kind, firsts[&column.label], column.lasts));
        all
    }
}

/// What has to be known to read these columns.
pub(super) fn keys(columns: &[Column]) -> Vec<&'static str> {
    let any = |is: fn(&Column) -> bool| columns.iter().any(is);
    let keys = [
        (any(|it| it.lasts), "In columns that begin with .. every later call of the same name fails, too."),
        (any(|it| it.kind == Kind::Budget), "In those of a resource there is just too little of it for the call."),
        (any(|it| it.kind == Kind::Power), "Those of the power say what its failure has lost."),
        (any(|it| it.is_recovery), "In those of a recovery a check meets the fault, on what another run has left."),
    ];
    keys.into_iter().filter(|(is_there, _)| *is_there).map(|(_, key)| key).collect()
}

impl Kind {
    fn of(fault: Fault) -> Kind {
        match fault {
            Fault::Error(_) => Kind::Error,
            Fault::Short => Kind::Short,
            Fault::Interrupt => Kind::Interrupt,
            Fault::KillBefore | Fault::KillAfter | Fault::Torn => Kind::Kill,
            Fault::Signal(_) => Kind::Signal,
            Fault::NoMemory => Kind::NoMemory,
            Fault::Budget(_) => Kind::Budget,
            Fault::Power(_) => Kind::Power,
        }
    }
}

fn kind_of_state(loss: &str) -> &str {
    let what = loss.split('@').next().unwrap_or_default();
    if what.contains('+') {
        return "two lost";
    }
    what.trim_end_matches(|c: char| c.is_ascii_digit()).trim_end_matches('-')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sweep::{Cell, Evidence, Verdict};

    fn run(name: &str) -> Run {
        let cell = Cell::parse(name).unwrap_or_else(|| panic!("{name} is a name"));
        Run {
            number: 1,
            cell,
            verdict: Verdict::Masked,
            evidence: Evidence::default(),
            took: std::time::Duration::ZERO,
            again: String::new(),
            state: None,
        }
    }

    fn columns(names: &[&str]) -> Vec<String> {
        let runs: Vec<Run> = names.iter().map(|name| run(name)).collect();
        Column::all(&runs).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_kind_of_faults_has_its_columns_side_by_side() {
        let names = [
            "write#1:kill-before/1.rename#1:kill-before",
            "brk#1:memory=4095",
            "write#1..:EIO",
            "write#1:kill-before",
            "write#1:disk=0",
            "read#1:EIO",
            "read#1:EINTR",
            "write#2..:short",
            "write#2:disk=9",
            "write#2:SIGTERM",
            "openat#1:EACCES",
            "write#1:kill-before/2.rename#1:EIO",
        ];
        let ordered = [
            "EIO",
            "..EIO",
            "EACCES",
            "..short",
            "EINTR",
            "SIGTERM",
            "memory",
            "disk",
            "kill-before",
            "recovery: EIO",
            "recovery: kill-before",
        ];
        assert_eq!(columns(&names), ordered);
    }

    #[test]
    fn states_of_a_kind_share_a_column_and_keys_tell_what_names_do_not() {
        let names = ["write#1:head-512", "write#2:head-7@write#3", "write#1:lost/1.rename#1:torn"];
        assert_eq!(columns(&names), ["power: head", "recovery: torn"]);
        let pairs = ["write#1:lost+write#2@write#3", "write#1:lost+rename#1@rename#1"];
        assert_eq!(columns(&pairs), ["power: two lost"]);
        let key = |name: &str| keys(&Column::all(&[run(name)])).join(" ");
        assert_eq!(key("write#1:EIO"), "");
        assert!(key("write#1..:EIO").contains("every later call"));
        assert!(key("write#1:disk=0").contains("of a resource"));
        assert!(key("write#1:lost").contains("of the power"));
        assert!(key("write#1:lost/1.rename#1:torn").contains("of a recovery"));
    }
}
