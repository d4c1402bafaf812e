//! The user stack at one event: unwound when somebody first asks, once.
//! It must not know who asks.

use std::cell::OnceCell;
use std::hash::{DefaultHasher, Hash, Hasher};

use super::inspect::Inspect;
use super::location::Location;
use crate::abi::Addr;
use crate::plan::Caller;

/// Frames that are looked at: recursion goes deeper, but what calls it is rarely asked for.
const MOST: usize = 64;

/// The stack of the stopped task.
pub(super) struct Stack<'i> {
    inspect: &'i dyn Inspect,
    frames: OnceCell<Vec<Option<Location>>>,
}

impl<'i> Stack<'i> {
    /// The stack of the task that `inspect` asks, not looked at yet.
    pub(super) fn new(inspect: &'i dyn Inspect) -> Stack<'i> {
        Stack { inspect, frames: OnceCell::new() }
    }

    /// That of a task in which the program is not there yet: what it runs is rinject's.
    pub(super) fn none(inspect: &'i dyn Inspect) -> Stack<'i> {
        Stack { inspect, frames: OnceCell::from(Vec::new()) }
    }

    /// Whether a function on it is one of `callers`.
    pub(super) fn has(&self, callers: &[Caller]) -> bool {
        self.frames().iter().flatten().any(|frame| {
            let function = frame.symbol.as_ref().map(|(name, _)| &**name);
            callers.iter().any(|caller| caller.is(&frame.module, function))
        })
    }

    /// A number that is the same for the same stack, wherever its modules are loaded.
    pub(super) fn fingerprint(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        for frame in self.frames() {
            frame.as_ref().map(|frame| (&frame.module, frame.offset)).hash(&mut hasher);
        }
        hasher.finish()
    }

    fn frames(&self) -> &[Option<Location>] {
        self.frames.get_or_init(|| {
            let addrs = self.inspect.backtrace(MOST);
            // A return address may lie behind its function, where that ends in a call that never returns.
            let code = |(at, addr): (usize, Addr)| if at == 0 { addr } else { Addr(addr.0.wrapping_sub(1)) };
            addrs.into_iter().enumerate().map(code).map(|addr| self.inspect.locate(addr)).collect()
        })
    }
}
