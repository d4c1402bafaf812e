//! Which states are tried: each moment with nothing lost, then one call's doing lost while later ones are there, torn, or there
//! before what it should have waited for; all that nobody waited for; last, as far as there is room, what two calls did. Of
//! states that are alike the simplest is taken.
//! It must not lay states out or judge them.

use std::collections::{BTreeSet, HashSet};

use super::bits::Bits;
use super::effect::{Effect, PAGE, What as Does};
use super::loss::What;
use super::model::{Model, Torn};
use super::op::{Change, Recording};
use super::pairs::pairs;
use super::tree::{Builder, Mark};

/// What a disk writes whole: bytes.
const SECTOR: u64 = 512;
/// So many states are tried where nobody says how many.
pub const TRIED: usize = 2_000;
/// So many of them lose what two calls did.
pub(super) const PAIRS: usize = 300;
/// So many states are looked at, of small runs; of large ones fewer.
const MOST: usize = 20_000;
/// So many steps are taken for that: states times effects.
const STEPS: usize = 400_000_000;

/// A state, by what is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct State {
    /// The operation that it is about.
    pub op: usize,
    /// How many operations are over when the power fails.
    pub done: usize,
    /// What is lost.
    pub what: What,
}

/// What a state keeps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// The effects that are there.
    pub effects: Bits,
    /// The one that is there in part.
    pub torn: Option<Torn>,
}

/// What there is to try.
#[derive(Debug, Default)]
pub struct States {
    /// All states that differ, the simplest first.
    pub states: Vec<State>,
    /// Whether not each moment was looked at.
    pub is_thinned: bool,
    /// What tells them from others.
    pub(super) marks: HashSet<(Mark, usize)>,
}

impl States {
    fn add(&mut self, builder: &mut Builder<'_>, recording: &Recording, state: State, kept: &Kept) {
        let mark = builder.mark(&kept.effects, kept.torn.as_ref());
        if self.marks.insert((mark, recording.printed(state.done).len())) {
            self.states.push(state);
        }
    }

    /// Whether a state that is alike is among them.
    pub fn has(&self, builder: &mut Builder<'_>, recording: &Recording, state: State, kept: &Kept) -> bool {
        let mark = builder.mark(&kept.effects, kept.torn.as_ref());
        self.marks.contains(&(mark, recording.printed(state.done).len()))
    }
}

/// All states that a power loss can leave by the model, as far as they are tried.
pub fn states(recording: &Recording, model: &Model) -> States {
    let mut found = States::default();
    if recording.ops.is_empty() {
        return found;
    }
    let most = (STEPS / (model.effects.len() + recording.entries.len() + 1)).clamp(MOST / 40, MOST);
    let mut wanted = proposals(recording, model, |_| true);
    if wanted.len() > most {
        found.is_thinned = true;
        let syncs: BTreeSet<usize> =
            recording.ops.iter().enumerate().filter(|(_, op)| op.sync.is_some()).map(|(at, _)| at).collect();
        wanted = proposals(recording, model, |done| syncs.contains(&done) || done == recording.ops.len());
    }
    // What is left over is spread over the whole run.
    let step = wanted.len().div_ceil(most).max(1);
    let mut builder = Builder::new(recording, &model.effects);
    for state in wanted.into_iter().step_by(step) {
        let Some(kept) = keep(recording, model, state) else { continue };
        found.add(&mut builder, recording, state, &kept);
    }
    // What is lost of one call says more: it leaves no state of those out.
    let room = TRIED.saturating_sub(found.states.len()).min(PAIRS) + found.states.len();
    for state in pairs(recording, model).into_iter().take(most) {
        if found.states.len() >= room {
            break;
        }
        let Some(kept) = keep(recording, model, state) else { continue };
        found.add(&mut builder, recording, state, &kept);
    }
    found
}

/// All that could be tried, the simplest first; of the moments after an operation its own end, those that are asked for, and
/// the last.
fn proposals(recording: &Recording, model: &Model, is_asked: impl Fn(usize) -> bool) -> Vec<State> {
    let count = recording.ops.len();
    let mut all = vec![State { op: 0, done: 0, what: What::Before }];
    all.extend((0..count).map(|op| State { op, done: op + 1, what: What::Nothing }));
    let (mut lost, mut others) = (Vec::new(), Vec::new());
    for op in 0..count {
        if recording.ops[op].changes.is_empty() {
            continue;
        }
        // When the last of it is on the disk, nothing can be lost of it.
        let last = model.durable_from(op).map_or(count, |from| from - 1).min(count);
        let losses = losses(recording, &model.effects, op);
        for done in (op + 1..=last).filter(|done| *done == op + 1 || *done == last || is_asked(*done)) {
            lost.extend(losses.iter().map(|what| State { op, done, what: *what }));
            others.push(State { op, done, what: What::Others });
        }
    }
    // First what is lost of one call, by kinds: it says more than what is lost of many.
    lost.sort_by_key(|state| state.what.rank());
    all.extend(lost);
    all.extend(others);
    all.extend((0..count).map(|op| State { op, done: op + 1, what: What::Unsynced }));
    all
}

/// What can be lost of one operation, by itself.
fn losses(recording: &Recording, effects: &[Effect], op: usize) -> Vec<What> {
    let mut all = vec![What::Lost];
    let own = effects.iter().filter(|effect| effect.op == op);
    if own.clone().any(|effect| matches!(effect.what, Does::Grown { .. })) {
        all.push(What::Zeros);
    }
    if own.clone().any(|effect| matches!(effect.what, Does::Data { .. })) {
        all.push(What::File);
    }
    if let [Change::Data { at, bytes, .. }] = &recording.ops[op].changes[..] {
        let (start, end) = (*at, at + bytes.len() as u64);
        let next = |unit: u64| (start / unit + 1) * unit;
        let middle = (start + (end - start) / 2) / PAGE * PAGE;
        let heads = [next(SECTOR), next(PAGE), middle, (end - 1) / SECTOR * SECTOR];
        let inside = |bound: &u64| (start + 1..end).contains(bound);
        let heads: BTreeSet<u64> = heads.into_iter().filter(inside).collect();
        let tails: BTreeSet<u64> = [next(SECTOR), next(PAGE)].into_iter().filter(inside).collect();
        all.extend(heads.into_iter().map(|bound| What::Head(bound - start)));
        all.extend(tails.into_iter().map(|bound| What::Tail(bound - start)));
    }
    all
}

/// What a state keeps; `None` where the model does not let it be.
pub fn keep(recording: &Recording, model: &Model, state: State) -> Option<Kept> {
    let State { op, done, what } = state;
    let own = |at: usize| model.effects[at].op == op;
    let is_data = |at: usize| matches!(model.effects[at].what, Does::Data { .. });
    let whole = |effects: Bits| Kept { effects, torn: None };
    let kept = match what {
        What::Before => whole(Bits::none(model.effects.len())),
        What::Nothing => whole(model.all(done)),
        What::Lost => whole(model.without(done, own)),
        What::Zeros => {
            let kept = model.without(done, |at| own(at) && is_data(at));
            let is_long = |at: usize| own(at) && matches!(model.effects[at].what, Does::Grown { .. }) && kept.has(at);
            (0..model.effects.len()).any(is_long).then(|| whole(kept.clone()))?
        }
        What::File => {
            let nodes: Vec<_> = (0..model.effects.len())
                .filter(|at| own(*at) && is_data(*at))
                .map(|at| model.effects[at].node())
                .collect();
            let is_content = |at: usize| is_data(at) || matches!(model.effects[at].what, Does::Grown { .. });
            whole(model.without(done, |at| is_content(at) && nodes.contains(&model.effects[at].node())))
        }
        What::Head(bytes) => torn(recording, model, state, bytes, true)?,
        What::Tail(bytes) => torn(recording, model, state, bytes, false)?,
        What::With(..) => {
            let other = other(recording, what)?;
            whole(model.without(done, |at| own(at) || model.effects[at].op == other))
        }
        What::Others => whole(model.only(done, own)),
        What::Unsynced => whole(model.synced_after(done)),
    };
    model.allows(done, &kept.effects, kept.torn.as_ref()).then_some(kept)
}

/// The other operation of which all is lost, where there are two.
pub(super) fn other(recording: &Recording, what: What) -> Option<usize> {
    let What::With(called, nth) = what else { return None };
    recording.ops.iter().position(|op| op.name() == (called, nth))
}

/// A write of which the first bytes are there, or all but them.
fn torn(recording: &Recording, model: &Model, state: State, bytes: u64, is_head: bool) -> Option<Kept> {
    let Some(Change::Data { at: start, .. }) = recording.ops[state.op].changes.first() else { return None };
    let bound = start + bytes;
    let mut split = None;
    let mut gone = Vec::new();
    for (at, effect) in model.effects.iter().enumerate().filter(|(_, effect)| effect.op == state.op) {
        match &effect.what {
            Does::Data { part, .. } if part.start < bound && bound < part.end => {
                let kept = if is_head { part.start..bound } else { bound..part.end };
                split = Some(Torn { effect: at, kept });
                gone.push(at);
            }
            Does::Data { part, .. } if (part.start >= bound) == is_head => gone.push(at),
            // How far the file reaches comes with the last bytes that are there.
            Does::Grown { to, .. } if is_head && *to > bound && to.next_multiple_of(PAGE) - PAGE >= bound => {
                gone.push(at)
            }
            _ => {}
        }
    }
    let mut effects = model.without(state.done, |at| gone.contains(&at));
    if let Some(torn) = &split {
        effects.put(torn.effect);
        if let Some(Effect { what: Does::Grown { .. }, .. }) = model.effects.get(torn.effect + 1) {
            effects.put(torn.effect + 1);
        }
    }
    Some(Kept { effects, torn: split })
}

#[cfg(test)]
#[path = "enumerate_tests.rs"]
mod tests;
