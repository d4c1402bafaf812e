//! What a state has and has not, in words. It must not know what a check makes of it.

use super::enumerate::{Kept, State, other};
use super::loss::What;
use super::model::Model;
use super::op::{Node, Op, Recording};
use super::pairs::file_of;
use crate::plan::FileSystem;

/// Calls of one kind that are named.
const MOST: usize = 4;
/// What was printed is cut to this many characters.
const LONGEST: usize = 120;

/// A state in words, and what it loses.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// When the power fails.
    pub how: String,
    /// What is lost, what is there all the same, where that can be: one sentence each.
    pub notes: Vec<String>,
    /// The operations of which something is lost.
    pub lost: Vec<usize>,
    /// Of two losses, the files that they are of.
    pub files: Option<(Node, Node)>,
}

impl Told {
    /// Says what `state` has and has not. `systems` are the file systems that can leave it.
    pub fn of(recording: &Recording, model: &Model, state: State, kept: &Kept, systems: &[FileSystem]) -> Told {
        let shown = Op::shown;
        let how = match state.done.checked_sub(1).and_then(|last| recording.ops.get(last)) {
            Some(last) => format!("the power fails after {} ({})", named(last), shown(last)),
            None => "the power fails before the program changes anything".to_owned(),
        };
        let (mut lost, mut partly, mut there) = (Vec::new(), Vec::new(), Vec::new());
        for op in 0..state.done {
            let own = model.end(op)..model.end(op + 1);
            let is_torn = kept.torn.as_ref().is_some_and(|torn| own.contains(&torn.effect));
            let count = own.clone().filter(|at| kept.effects.has(*at)).count();
            if own.is_empty() {
                continue;
            }
            match count {
                0 => lost.push(op),
                _ if count < own.len() || is_torn => partly.push(op),
                _ if own.clone().any(|at| !model.is_durable(at, state.done)) => there.push(op),
                _ => {}
            }
        }
        let mut notes = Vec::new();
        let mut name = |word: &str, ops: &[usize]| {
            let named = ops.iter().take(MOST).map(|op| format!("{word}: {}", shown(&recording.ops[*op])));
            notes.extend(named);
            if ops.len() > MOST {
                let more = ops.len() - MOST;
                notes.push(format!("{word}: {more} more {}", if more == 1 { "call" } else { "calls" }));
            }
        };
        name("lost", &lost);
        name(&part(state.what), &partly);
        if !lost.is_empty() || !partly.is_empty() {
            // The last calls are those that could have waited.
            let last = there.len().saturating_sub(MOST);
            name("there, though nobody waited for it", &there[last..]);
        }
        let printed = String::from_utf8_lossy(recording.printed(state.done)).into_owned();
        if !printed.is_empty() {
            let tail = printed.chars().count().saturating_sub(LONGEST);
            let dots = if tail > 0 { "..." } else { "" };
            notes.push(format!("printed until then: {dots}{:?}", printed.chars().skip(tail).collect::<String>()));
        }
        let names: Vec<&str> = systems.iter().map(|system| system.name()).collect();
        if !lost.is_empty() || !partly.is_empty() {
            notes.push(format!("can be so on: {}", names.join(", ")));
        }
        lost.extend(partly);
        lost.sort_unstable();
        let file = |op: usize| recording.ops.get(op).and_then(file_of);
        let files = other(recording, state.what).and_then(|other| file(state.op).zip(file(other)));
        Told { how, notes, lost, files }
    }
}

fn part(what: What) -> String {
    match what {
        What::Zeros => "as long as that, with zeros in it".to_owned(),
        What::Head(bytes) => format!("only the first {bytes} bytes are there"),
        What::Tail(bytes) => format!("all but the first {bytes} bytes are there"),
        _ => "lost in part".to_owned(),
    }
}

fn named(op: &Op) -> String {
    let (called, nth) = op.name();
    format!("{called}#{nth}")
}
