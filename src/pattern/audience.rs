//! Who of many has to see an event, found out once for each kind of event: thousands of patterns cost nothing where a call is
//! none of theirs.

use foldhash::HashMap;

#[cfg(doc)]
use super::matcher::Matcher;
use super::subject::SubjectKind;

/// The positions, in a list, of those that events of a kind can be anything to ([`Matcher::heeds`]).
#[derive(Debug, Default)]
pub struct Audience {
    of: HashMap<(SubjectKind, bool), usize>,
    lists: Vec<Vec<usize>>,
    /// What was asked for last, of either, which is often asked for again.
    last: [Option<(SubjectKind, usize)>; 2],
}

impl Audience {
    /// Who of `all`, the same ones each time, has to see an event of this kind, on which rules have fired or not; in their
    /// order. `heeds` says it of one of them.
    pub fn of<T>(
        &mut self,
        kind: SubjectKind,
        is_fired_on: bool,
        all: &[T],
        heeds: impl Fn(&T, SubjectKind, bool) -> bool,
    ) -> &[usize] {
        if all.is_empty() {
            return &[];
        }
        let last = &mut self.last[usize::from(is_fired_on)];
        let at = match *last {
            Some((known, at)) if known == kind => at,
            _ => {
                let lists = &mut self.lists;
                *self.of.entry((kind, is_fired_on)).or_insert_with(|| {
                    lists.push((0..all.len()).filter(|at| heeds(&all[*at], kind, is_fired_on)).collect());
                    lists.len() - 1
                })
            }
        };
        *last = Some((kind, at));
        &self.lists[at]
    }
}
