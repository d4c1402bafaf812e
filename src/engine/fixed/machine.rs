//! What the machine is like: its name, and how many processors it has.
//! It must not know what it is really like.

use super::{Answer, Fixed};
use crate::abi::{Addr, Sysno};
use crate::engine::inspect::Inspect;
use crate::engine::tamper;
use crate::engine::task::InCall;

/// The length of each field of `struct utsname` (uname(2)); the second is the name of the machine.
const UTS_FIELD: usize = 65;

impl Fixed {
    /// uname(2).
    pub(super) fn machine(&self, call: &InCall) -> Answer {
        let mut answer = Answer::default();
        if let Some(name) = &self.plan.hostname {
            let mut field = name.as_bytes().to_vec();
            field.resize(UTS_FIELD, 0);
            answer.memory.push((Addr(call.raw.args[0]).plus(UTS_FIELD as u64), field));
        }
        answer
    }

    /// sched_getaffinity(2), whose result is how many bytes it has filled.
    pub(super) fn processors(&self, call: &InCall, result: i64) -> Answer {
        let mut answer = Answer::default();
        if let Some(cpus) = self.plan.cpus {
            answer.memory.push((Addr(call.raw.args[2]), mask(cpus, result as usize)));
        }
        answer
    }

    /// What is read from a file that lists processors: as much as was asked for, from where it is read on. A descriptor
    /// that came from another one is taken to be read from the beginning, once.
    pub(super) fn list_of_processors(
        &mut self,
        process: u32,
        sysno: Sysno,
        call: &InCall,
        result: i64,
        inspect: &dyn Inspect,
    ) -> Answer {
        let Some(cpus) = self.plan.cpus else { return Answer::default() };
        let text = if cpus == 1 { "0\n".to_owned() } else { format!("0-{}\n", cpus - 1) };
        let wanted = tamper::wanted(sysno, &call.raw, inspect).unwrap_or(0);
        let position = self.files.position(process, call.raw.args[0] as i32);
        let from = match (&position, sysno.name()) {
            (_, "pread64" | "preadv" | "preadv2") => call.raw.args[3] as usize,
            (Some(position), _) => **position,
            (None, _) if result > 0 => 0,
            (None, _) => text.len(),
        };
        let mut rest = text.as_bytes().get(from..).unwrap_or_default();
        rest = &rest[..rest.len().min(wanted as usize)];
        let moved = rest.len();
        if let (Some(position), false) = (position, sysno.name().starts_with('p')) {
            *position += moved;
        }
        let mut answer = Answer { result: Some(moved as i64), memory: Vec::new() };
        for (addr, len) in tamper::filled(sysno, &call.raw, moved as u64, inspect) {
            let (now, later) = rest.split_at(len.min(rest.len()));
            answer.memory.push((addr, now.to_vec()));
            rest = later;
        }
        answer
    }
}

/// So many bytes in which the bits of the first processors are set.
fn mask(cpus: u32, len: usize) -> Vec<u8> {
    let byte = |at: usize| match (cpus as usize).saturating_sub(at * 8) {
        0 => 0,
        bits @ 1..8 => (1 << bits) - 1,
        _ => u8::MAX,
    };
    (0..len).map(byte).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_processors_are_there() {
        assert_eq!(mask(1, 4), [1, 0, 0, 0]);
        assert_eq!(mask(8, 2), [255, 0]);
        assert_eq!(mask(11, 2), [255, 7]);
        assert_eq!(mask(64, 8), [255; 8]);
        assert_eq!(mask(1024, 2), [255; 2]);
    }
}
