//! Random bytes from a seed. What a task gets depends on its name, on the way in which it asks and on how often it has, not
//! on what others do. It must not know who asks.

use std::collections::BTreeMap;
use std::fmt;

use super::Answer;
use crate::abi::Addr;
use crate::engine::auxv;
use crate::engine::inspect::Inspect;
use crate::engine::stop::Edit;
use crate::plan::Chance;
use crate::transcript::TaskName;

/// How many bytes `AT_RANDOM` leads to (getauxval(3)).
const OF_AN_IMAGE: usize = 16;

/// What random bytes are drawn from; without a seed they are the kernel's.
#[derive(Debug)]
pub(in crate::engine) struct Random {
    seed: Option<u64>,
    /// How often each task has asked.
    asked: BTreeMap<(TaskName, Way), u64>,
}

/// How a task asks. Each has a stream of its own: what the C library needs for itself, and how often, is another thing in
/// each of its versions, and must not shift what the program gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Way {
    /// By executing an image.
    Image,
    /// By getrandom(2) with these flags.
    Call(u64),
    /// By reading random(4).
    Device,
}

impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Way::Image => f.write_str("image"),
            Way::Call(flags) => write!(f, "getrandom {flags}"),
            Way::Device => f.write_str("device"),
        }
    }
}

impl Random {
    pub(super) fn new(seed: Option<u64>) -> Random {
        Random { seed, asked: BTreeMap::new() }
    }

    fn bytes(&mut self, name: TaskName, way: Way, len: usize) -> Option<Vec<u8>> {
        let asked = self.asked.entry((name, way)).or_default();
        *asked += 1;
        let mut chance = Chance::new(self.seed?, &format!("random {name} {way}"), *asked);
        let words = std::iter::repeat_with(|| chance.next_value().to_le_bytes());
        Some(words.flatten().take(len).collect())
    }

    /// What stands in pieces of memory that a task has asked to be filled.
    pub(super) fn fill(&mut self, name: TaskName, way: Way, pieces: &[(Addr, usize)]) -> Answer {
        let filled = pieces.iter().filter_map(|(addr, len)| Some((*addr, self.bytes(name, way, *len)?)));
        Answer { result: None, memory: filled.collect() }
    }

    /// The bytes that the kernel gives to each new image, for canaries and hashes.
    pub(in crate::engine) fn seed_image(&mut self, name: TaskName, inspect: &dyn Inspect) -> Option<Edit> {
        self.seed?;
        let (_, addr) = auxv::entry(auxv::AT_RANDOM, inspect)?;
        let bytes = self.bytes(name, Way::Image, OF_AN_IMAGE)?;
        Some(Edit::Write { addr: Addr(addr), bytes: bytes.into() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: TaskName = TaskName { process: 1, thread: 1 };
    const B: TaskName = TaskName { process: 1, thread: 2 };

    #[test]
    fn what_a_task_gets_does_not_hang_on_others() {
        let mut alone = Random::new(Some(7));
        let first = alone.bytes(A, Way::Device, 20);
        let second = alone.bytes(A, Way::Device, 20);
        let mut beside = Random::new(Some(7));
        assert_eq!(beside.bytes(A, Way::Device, 20), first);
        let call = beside.bytes(A, Way::Call(0), 20);
        assert!(call.is_some() && call != first, "another way to ask has another stream");
        let other = beside.bytes(B, Way::Device, 20);
        assert_eq!(beside.bytes(A, Way::Device, 20), second);
        assert!(other != first && other != second && first != second);
        assert_ne!(Random::new(Some(8)).bytes(A, Way::Device, 20), first);
        assert_eq!(first.map(|bytes| bytes.len()), Some(20));
    }
}
