//! What a rule on plain calls looks at beside them: the other calls that do the same jobs, so that a rule that never
//! fires can name the call that was used instead. It must not know how a rule is carried out.

use super::Lowering;
use crate::abi::Operation;
use crate::pattern::{Alt, Head, Pattern};

impl Lowering<'_> {
    /// For each operation that a plain call of `pattern` belongs to, the same pattern for all calls of it.
    pub(super) fn instead(&mut self, pattern: &Pattern) -> Vec<(Operation, Pattern)> {
        let own = pattern.calls();
        let mut instead = Vec::new();
        for job in Operation::all() {
            let alts: Vec<Alt> = pattern.alts.iter().filter_map(|alt| for_all_of(job, alt)).collect();
            if alts.is_empty() {
                continue;
            }
            let mut others = job.calls();
            for call in own.iter() {
                others.remove(call);
            }
            if others.iter().any(|call| call.number(self.context.arch).is_some()) {
                self.beside.union(&others);
                instead.push((job, Pattern { alts, text: pattern.text.clone() }));
            }
        }
        instead
    }
}

/// The alternative with `job` in place of its call. What it comes after or before is left out: it is known to the
/// rule's own matcher only.
fn for_all_of(job: Operation, alt: &Alt) -> Option<Alt> {
    let Head::Call(call) = alt.head else { return None };
    job.member(call)?;
    Some(Alt { head: Head::Operation(job), relation: None, ..alt.clone() })
}
