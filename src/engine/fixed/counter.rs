//! The counter of the processor, which programs read without the kernel: where the run has a time of its own the
//! instruction faults (prctl(2), PR_SET_TSC), and what it would have read is put in its place.
//! It must not know what the time is.

use std::time::Duration;

use super::Engine;
use super::clock::LOOK;
use crate::abi::{Addr, Signal, SignalInfo};
use crate::engine::hit::{register, rip, set};
use crate::engine::inspect::Inspect;
use crate::engine::stop::{Decision, Edit};
use crate::transcript::TaskName;

/// `rdtsc`.
const RDTSC: [u8; 2] = [0x0f, 0x31];
/// `rdtscp`, which also tells the processor's number.
const RDTSCP: [u8; 3] = [0x0f, 0x01, 0xf9];

/// What the instruction at `addr` reads the counter with: its length, and whether it also tells the processor.
fn reads_counter(addr: Addr, inspect: &dyn Inspect) -> Option<(u64, bool)> {
    let mut bytes = [0; 3];
    let got = inspect.read(addr, &mut bytes);
    if got >= RDTSC.len() && bytes.starts_with(&RDTSC) {
        Some((RDTSC.len() as u64, false))
    } else {
        (bytes == RDTSCP).then_some((RDTSCP.len() as u64, true))
    }
}

/// What changes in a task that reads the counter: it counts nanoseconds.
fn read(rip_before: u64, length: u64, tells_processor: bool, shown: Duration) -> Vec<Edit> {
    let count = shown.as_nanos() as u64;
    let mut edits = vec![set(rip(), rip_before.wrapping_add(length))];
    let halves = [("rax", count & 0xffff_ffff), ("rdx", count >> 32)];
    let processor = tells_processor.then_some(("rcx", 0));
    let values = halves.into_iter().chain(processor);
    edits.extend(values.filter_map(|(name, value)| Some(set(register(name)?, value))));
    edits
}

impl Engine {
    /// Whether a signal is the fault of an instruction that reads the counter; then it is dealt with.
    pub(in crate::engine) fn reads_counter(
        &mut self,
        name: TaskName,
        info: &SignalInfo,
        inspect: &dyn Inspect,
        decision: &mut Decision,
    ) -> bool {
        let Some(clock) = self.fixed.clock.as_mut().filter(|_| info.signal == Signal::SEGV) else { return false };
        let Ok(registers) = inspect.registers() else { return false };
        let Some((length, tells_processor)) = reads_counter(Addr(registers.rip), inspect) else { return false };
        decision.edits.extend(read(registers.rip, length, tells_processor, clock.up(self.schedule.now())));
        clock.look(name);
        self.schedule.spent(LOOK);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_counter_counts_nanoseconds_in_two_halves() {
        let edits = read(0x1000, 2, false, Duration::from_secs(5));
        let value = |name| register(name).unwrap();
        assert_eq!(edits, [set(rip(), 0x1002), set(value("rax"), 5_000_000_000 & 0xffff_ffff), set(value("rdx"), 1)]);
        assert_eq!(read(0, 3, true, Duration::ZERO).last(), Some(&set(value("rcx"), 0)));
    }
}
