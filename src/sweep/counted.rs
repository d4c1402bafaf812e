//! Which calls of a run with a fault nobody need look at, beside the one that fails: a stop that only counts takes half as long.
//! It must not know how they are counted.

use super::cell::Cell;
use super::fault::Fault;
use super::point::{Called, Circumstances};
use crate::abi::CallSet;
use crate::pattern::Ranges;
use crate::plan::{Counted, Mode};

/// Calls about descriptors that neither make any nor take any away.
static KEEP_DESCRIPTORS: CallSet = CallSet::named(&[
    "fadvise64",
    "fallocate",
    "fchmod",
    "fchown",
    "fdatasync",
    "flock",
    "fstat",
    "fsync",
    "ftruncate",
    "getdents64",
    "lseek",
    "mmap",
    "newfstatat",
    "pread64",
    "pwrite64",
    "read",
    "readv",
    "statx",
    "write",
    "writev",
]);

/// So many calls more than without a fault a program makes that goes on as it does without one.
const A_FEW: u64 = 8;

impl Cell {
    /// Which calls beside its own are no events: nothing is to be said of them, and whether one of them is made again and again
    /// is only asked when there are more of them than without the fault, where there are `all`. `known` is what is known of its
    /// point.
    pub fn counted(&self, known: &Circumstances, all: u64) -> Option<Counted> {
        let Called::Call(call) = self.called else { return None };
        if matches!(self.fault, Fault::Budget(_)) {
            return None;
        }
        // What it opens has a name, too, where it still opens it.
        let opens = known.opened.is_some() && !matches!(self.fault, Fault::Error(_) | Fault::KillBefore);
        let is_plain = known.is_plain && !opens;
        let keeps = KEEP_DESCRIPTORS.contains(call);
        Some(Counted {
            call,
            first: if is_plain || keeps { self.nth } else { 1 },
            names: !is_plain,
            after: if self.lasts() { 0 } else { all.saturating_sub(self.nth) + A_FEW },
            nth: self.nth,
        })
    }

    /// The rule that makes the fault, and which of its calls it is, where the rule does not say that: what is done is the same
    /// at many calls. Nobody asks what the program does in place of the call: it need not fire. One that lasts from the first
    /// call on would be carried out by the filter then, and not be counted.
    pub fn plain_rule(&self) -> (String, Option<Ranges>) {
        /// Any but the first.
        const SECOND: u64 = 2;
        let is_at_calls = matches!(self.called, Called::Call(_)) && !matches!(self.fault, Fault::Budget(_));
        if !is_at_calls || self.lasts() && self.nth == 1 {
            return (self.rule(), None);
        }
        let when = match self.mode {
            Mode::Once => Ranges::exactly(self.nth),
            Mode::From => Ranges::from(self.nth),
        };
        (Cell { nth: SECOND, ..*self }.rule() + "fires = \"0..\"\n", Some(when))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::faults::Kind;

    #[test]
    fn calls_before_one_are_looked_at_where_its_names_come_from_them() {
        let check = |name: &str, known: Circumstances, expected: Option<(u64, bool, u64)>| {
            let counted = Cell::parse(name).unwrap().counted(&known, 5);
            assert_eq!(counted.map(|counted| (counted.first, counted.names, counted.after)), expected, "{name}");
        };
        let plain = || Circumstances { is_plain: true, ..Circumstances::default() };
        check("unlink#3:EIO", plain(), Some((3, false, 2 + A_FEW)));
        check("unlink#3..:EIO", plain(), Some((3, false, 0)));
        check("write#3:EIO", Circumstances::default(), Some((3, true, 2 + A_FEW)));
        // Descriptors that those before it have closed have their numbers again.
        check("close#3:EIO", Circumstances::default(), Some((1, true, 2 + A_FEW)));
        let opening = || Circumstances { opened: Some(Kind::File), ..plain() };
        check("openat#3:EIO", opening(), Some((3, false, 2 + A_FEW)));
        check("openat#3:kill-after", opening(), Some((1, true, 2 + A_FEW)));
        check("write#3:disk=5", plain(), None);
        check("malloc#3:no-memory", plain(), None);
    }

    #[test]
    fn rules_of_one_kind_of_call_are_one_text() {
        let rule = |name: &str| Cell::parse(name).unwrap().plain_rule();
        assert_eq!(rule("write#3:EIO").0, rule("write#7:EIO").0);
        assert_eq!(rule("write#3:EIO").1, Some(Ranges::exactly(3)));
        assert_eq!(rule("write#3..:EIO").1, Some(Ranges::from(3)));
        for name in ["write#1..:EIO", "write#3:disk=5", "malloc#3:no-memory"] {
            assert_eq!(rule(name), (Cell::parse(name).unwrap().rule(), None), "{name}");
        }
    }
}
