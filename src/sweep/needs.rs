//! What the calls of a run need of resources: which of them need more of one than any call before.
//! It must not know what is made of that.

use std::collections::{BTreeSet, HashSet};

use super::amount::Amount;
use super::point::{Called, Point};
use crate::plan::Resource;
use crate::transcript::Need;

/// The rule that has enough of everything, by which needs are known.
pub const PLENTY: &str = "budgets";

/// Calls that need more of a resource than any before.
#[derive(Debug, Default)]
pub(super) struct Needs(Vec<Wanted>);

#[derive(Debug)]
struct Wanted {
    point: usize,
    called: Called,
    nth: u64,
    resource: Resource,
    need: Need,
}

impl Wanted {
    /// What it has in common with the same need in another run.
    fn key(&self) -> (Called, u64, &Need) {
        (self.called, self.nth, &self.need)
    }
}

impl Needs {
    /// Takes in what a call needs, which is at this point.
    pub(super) fn note(&mut self, point: usize, (called, nth): (Called, u64), needs: &[Need]) {
        for need in needs.iter().filter(|need| &*need.rule == PLENTY && need.with > need.before) {
            let resource = Resource::ALL.into_iter().find(|resource| resource.name() == need.resource);
            self.0.extend(resource.map(|resource| Wanted { point, called, nth, resource, need: need.clone() }));
        }
    }

    /// Forgets what another run does not need in the same way; of which resources that is.
    pub(super) fn agree(&mut self, other: &Needs) -> BTreeSet<Resource> {
        let others: HashSet<_> = other.0.iter().map(Wanted::key).collect();
        let (same, differing): (Vec<Wanted>, Vec<Wanted>) =
            std::mem::take(&mut self.0).into_iter().partition(|wanted| others.contains(&wanted.key()));
        self.0 = same;
        differing.iter().map(|wanted| wanted.resource).collect()
    }

    /// Tells each point the amounts with which one of its calls is the first that has not enough: of each resource the first.
    pub(super) fn tell(self, points: &mut [Point]) {
        for Wanted { point, resource, need, .. } in self.0 {
            let amounts = &mut points[point].amounts;
            if !amounts.iter().any(|amount| amount.resource == resource) {
                amounts.extend(Amount::before(resource, &need));
            }
        }
    }
}
