//! Places where a task gives its turn away: loops without calls in which it waits for what another one does.
//! It must not know who goes on then.

use super::inspect::Inspect;
use super::sites::sites;
use crate::abi::Addr;
use crate::plan::Point;

/// All of them.
#[derive(Debug)]
pub(super) struct Yields(Vec<Yield>);

#[derive(Debug)]
struct Yield {
    point: Point,
    /// Why it is nowhere, in the address space that was looked at last; `None` where it has been found in one.
    missing: Option<String>,
    was_found: bool,
    was_reached: bool,
}

impl Yields {
    pub(super) fn new(points: &[Point]) -> Yields {
        let new = |point: &Point| Yield { point: point.clone(), missing: None, was_found: false, was_reached: false };
        Yields(points.iter().map(new).collect())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Where they are now, each with its number.
    pub(super) fn find(&mut self, inspect: &dyn Inspect) -> Vec<(usize, Addr)> {
        let mut found = Vec::new();
        for (number, place) in self.0.iter_mut().enumerate() {
            match sites(&place.point, inspect) {
                Ok(sites) => {
                    place.was_found = true;
                    found.extend(sites.into_iter().map(|(addr, _)| (number, addr)));
                }
                Err(reason) => place.missing = Some(reason),
            }
        }
        found
    }

    /// A task has come to one.
    pub(super) fn reached(&mut self, number: usize) {
        if let Some(place) = self.0.get_mut(number) {
            place.was_reached = true;
        }
    }

    /// A sentence for each to which no task has come.
    pub(super) fn tell(&self) -> Vec<String> {
        let unreached = self.0.iter().filter(|place| !place.was_reached);
        unreached
            .map(|place| match place.missing.as_ref().filter(|_| !place.was_found) {
                Some(reason) => format!("no task could give its turn away: {reason}"),
                None => format!("no task has come to `{}`, where it would give its turn away", place.point.text),
            })
            .collect()
    }
}
