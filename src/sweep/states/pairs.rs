//! Which losses are tried two at a time: of calls that change different files first, each file with each other one once before
//! any twice. It must not know which states come of it.

use std::collections::BTreeMap;

use super::enumerate::{PAIRS, State};
use super::loss::What;
use super::model::Model;
use super::op::{Change, Node, Op, Recording};

/// Files that are paired with each other, spread over the run where there are more.
const FILES: usize = 24;
/// Operations of each of them, likewise.
const OPS: usize = 8;
/// So many are proposed for each one that is tried: of many the state is that of another one.
const SPARE: usize = 8;

/// Two operations, in their order, and how many are over at last when both can still be lost.
#[derive(Clone, Copy, Debug)]
struct Pair {
    ops: (usize, usize),
    last: usize,
}

/// Losses of what two operations did, the likeliest first: at the last moment at which nobody has waited for either, then at
/// the first one.
pub(super) fn pairs(recording: &Recording, model: &Model) -> Vec<State> {
    let count = recording.ops.len();
    let last = |op: usize| model.durable_from(op).map_or(count, |from| from - 1).min(count);
    let mut of_file: BTreeMap<Node, Vec<usize>> = BTreeMap::new();
    for (at, op) in recording.ops.iter().enumerate() {
        if let Some(file) = file_of(op).filter(|_| last(at) > at) {
            of_file.entry(file).or_default().push(at);
        }
    }
    let mut files: Vec<Vec<usize>> = of_file.into_values().map(|ops| spread(&ops, OPS)).collect();
    files.sort();
    let files = spread(&files, FILES);
    let mut groups: Vec<Vec<Pair>> = Vec::new();
    for (at, one) in files.iter().enumerate() {
        groups.extend(files[at + 1..].iter().map(|other| paired(one, other, &last)));
    }
    let alone: Vec<Vec<Pair>> = files.iter().map(|one| paired(one, one, &last)).collect();
    let mut found = in_turns(&groups);
    found.extend(in_turns(&alone));
    let state = |pair: &Pair, done: usize| {
        let (called, nth) = recording.ops[pair.ops.1].name();
        State { op: pair.ops.0, done, what: What::With(called, nth) }
    };
    let late = found.iter().map(|pair| state(pair, pair.last));
    let early = found.iter().map(|pair| state(pair, pair.ops.1 + 1));
    late.chain(early).take(PAIRS * SPARE).collect()
}

/// The file that an operation changes.
pub(super) fn file_of(op: &Op) -> Option<Node> {
    op.changes.iter().find_map(|change| match change {
        Change::Data { node, .. } | Change::Size { node, .. } | Change::Attribute { node, .. } => Some(*node),
        Change::Entry { from, to, .. } => to.or(*from),
    })
}

/// Each of some operations with each of others, those that come early in both first.
fn paired(one: &[usize], other: &[usize], last: &dyn Fn(usize) -> usize) -> Vec<Pair> {
    let both = |sum: usize| (0..=sum).filter_map(move |at| Some((*one.get(at)?, *other.get(sum - at)?)));
    let all = (0..one.len() + other.len()).flat_map(both);
    // Of one file each pair comes once.
    let is_same = one == other;
    let ordered = all.filter(|(a, b)| a < b || a > b && !is_same).map(|(a, b)| (a.min(b), a.max(b)));
    let pair = |ops: (usize, usize)| Pair { ops, last: last(ops.0).min(last(ops.1)) };
    ordered.map(pair).filter(|pair| pair.last > pair.ops.1).collect()
}

/// The first of each list, then the second of each, and so on.
fn in_turns<T: Copy>(lists: &[Vec<T>]) -> Vec<T> {
    let longest = lists.iter().map(Vec::len).max().unwrap_or(0);
    (0..longest).flat_map(|at| lists.iter().filter_map(move |list| list.get(at).copied())).collect()
}

/// So many at most, from the first to the last.
fn spread<T: Clone>(all: &[T], most: usize) -> Vec<T> {
    if all.len() <= most {
        return all.to_vec();
    }
    (0..most).map(|at| all[at * (all.len() - 1) / (most - 1)].clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::super::effect::effects;
    use super::super::enumerate::{TRIED, states};
    use super::super::loss::Loss;
    use super::super::testing::Made;
    use super::*;
    use crate::plan::FileSystem;

    fn shown(made: &Made) -> Vec<String> {
        let effects = effects(&made.recording);
        let model = Model::new(&made.recording, &effects, FileSystem::Posix);
        let name = |state: State| {
            let what = Loss { what: state.what, after: None };
            format!("{}:{what}@{}", state.op, state.done)
        };
        pairs(&made.recording, &model).into_iter().map(name).collect()
    }

    #[test]
    fn each_file_is_paired_with_each_other_one_before_any_is_twice() {
        let mut made = Made::new();
        let [a, b, c] = ["a", "b", "c"].map(|name| made.file(name, b""));
        made.write(a, 0, b"1");
        made.write(b, 0, b"2");
        made.write(a, 1, b"3");
        made.sync(b);
        made.write(c, 0, b"4");
        let found = shown(&made);
        // b is safe before c is written.
        assert_eq!(
            found[..5],
            ["0:lost+write#2@3", "0:lost+write#4@5", "1:lost+write#3@3", "2:lost+write#4@5", "0:lost+write#3@5"]
        );
    }

    #[test]
    fn however_many_there_are_some_are_tried() {
        let mut made = Made::new();
        let files: Vec<Node> = (0..30).map(|at| made.create(&format!("f{at}"))).collect();
        files.iter().for_each(|node| made.write(*node, 0, b"text"));
        let effects = effects(&made.recording);
        let model = Model::new(&made.recording, &effects, FileSystem::Posix);
        let all = pairs(&made.recording, &model);
        assert!((PAIRS..=PAIRS * SPARE).contains(&all.len()), "{}", all.len());
        let tried = states(&made.recording, &model).states;
        let both = tried.iter().filter(|state| matches!(state.what, What::With(..))).count();
        assert_eq!(both, PAIRS.min(TRIED.saturating_sub(tried.len() - both)));
    }
}
