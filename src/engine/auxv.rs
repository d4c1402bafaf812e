//! The auxiliary vector of a fresh image, on its stack.
//! It must not know what its entries are for.

use super::inspect::Inspect;
use crate::abi::Addr;

/// Entries of the auxiliary vector (getauxval(3), `linux/auxvec.h`).
pub(super) const AT_IGNORE: u64 = 1;
pub(super) const AT_RANDOM: u64 = 25;
pub(super) const AT_SYSINFO_EHDR: u64 = 33;
const AT_NULL: u64 = 0;
/// `__USER_CS` of a 64-bit task.
const USER_CODE: u64 = 0x33;
/// The kernel takes no more arguments and variables than fit into 6 MiB (execve(2)), and pointers to them.
const MOST_WORDS: u64 = 1 << 21;

/// Where an entry stands, and its value, at the stop of an exec of a 64-bit program.
pub(super) fn entry(wanted: u64, inspect: &dyn Inspect) -> Option<(Addr, u64)> {
    let registers = inspect.registers().ok().filter(|registers| registers.cs == USER_CODE)?;
    let mut words = Words { inspect, at: Addr(registers.rsp) };
    // The stack of a new image (System V ABI for AMD64, 3.4.1): argc, argv, NULL, envp, NULL, pairs.
    let argc = words.next()?;
    words.at = words.at.plus(argc.min(MOST_WORDS) * 8 + 8);
    while words.next()? != 0 {}
    loop {
        let at = words.at;
        let (key, value) = (words.next()?, words.next()?);
        if key == wanted {
            return Some((at, value));
        }
        if key == AT_NULL {
            return None;
        }
    }
}

/// Words of the stack, upwards.
struct Words<'a> {
    inspect: &'a dyn Inspect,
    at: Addr,
}

impl Words<'_> {
    fn next(&mut self) -> Option<u64> {
        let mut bytes = [0; 8];
        let got = self.inspect.read(self.at, &mut bytes);
        self.at = self.at.plus(8);
        (got == bytes.len()).then(|| u64::from_ne_bytes(bytes))
    }
}
