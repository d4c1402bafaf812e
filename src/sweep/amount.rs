//! Amounts of a resource: what is enough for all calls before one, and not for that one.
//! It must not know how use of it is counted.

use std::fmt;

use crate::plan::Resource;
use crate::transcript::Need;

/// How much of a resource there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Amount {
    /// What there is no more of.
    pub resource: Resource,
    /// How much, in what a budget of it counts: bytes, descriptors or tasks.
    pub amount: u64,
    /// Whether the call gets a part of what it wants, and only the next one nothing.
    pub is_short: bool,
}

/// As the name of a run has it: `disk=4096`, or `disk-short=6144` where the call gets a part.
impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.kind(), self.amount)
    }
}

impl Amount {
    /// Reads what is displayed.
    pub(super) fn parse(text: &str) -> Option<Amount> {
        let (kind, amount) = text.split_once('=')?;
        let (name, is_short) = kind.strip_suffix("-short").map_or((kind, false), |name| (name, true));
        let resource = Resource::ALL.into_iter().find(|resource| resource.name() == name)?;
        let amount = amount.parse().ok()?;
        Some(Amount { resource, amount, is_short }).filter(|amount| !is_short || amount.can_be_short())
    }

    /// What it is without how much: `disk`, `disk-short`.
    pub fn kind(&self) -> String {
        format!("{}{}", self.resource.name(), if self.is_short { "-short" } else { "" })
    }

    fn can_be_short(&self) -> bool {
        self.resource == Resource::Disk
    }

    /// The amounts that are enough for all calls but the one that needs this: the most of them, so that later calls that need
    /// less go on. Of what is given in parts, nothing for that call, and half of what it wants.
    pub(super) fn before(resource: Resource, need: &Need) -> Vec<Amount> {
        let amount = |amount, is_short| Amount { resource, amount, is_short };
        let more = need.with - need.before;
        match need.is_divisible {
            false => vec![amount(need.with - 1, false)],
            true if more == 1 => vec![amount(need.before, false)],
            true => vec![amount(need.before, false), amount(need.before + more / 2, true)],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(resource: Resource, before: u64, with: u64, is_divisible: bool) -> Vec<String> {
        let need = Need { rule: "budgets".into(), resource: resource.name(), before, with, is_divisible };
        Amount::before(resource, &need).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_call_has_just_too_little_and_those_before_it_enough() {
        assert_eq!(names(Resource::Disk, 10, 14, true), ["disk=10", "disk-short=12"]);
        assert_eq!(names(Resource::Disk, 10, 11, true), ["disk=10"]);
        assert_eq!(names(Resource::Disk, 0, 4096, false), ["disk=4095"]);
        assert_eq!(names(Resource::Fds, 5, 6, false), ["fds=5"]);
        // A pipe has two ends, and one more file can still be opened.
        assert_eq!(names(Resource::Fds, 5, 7, false), ["fds=6"]);
        assert_eq!(names(Resource::Memory, 4096, 139_264, false), ["memory=139263"]);
    }

    #[test]
    fn names_are_read_as_they_are_written() {
        for name in ["disk=0", "disk-short=12", "fds=5", "memory=4095", "processes=1"] {
            assert_eq!(Amount::parse(name).map(|amount| amount.to_string()).as_deref(), Some(name));
        }
        for name in ["disk", "disk=", "disk=x", "fds-short=5", "room=5", "=5"] {
            assert_eq!(Amount::parse(name), None, "{name}");
        }
    }
}
