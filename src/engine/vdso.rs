//! Hides the vDSO of a fresh image, so that calls which it answers without the kernel become real ones.
//! It must not know why somebody wants to see them.

use super::inspect::Inspect;
use super::stop::Edit;
use crate::abi::Addr;

/// Entries of the auxiliary vector (getauxval(3), `linux/auxvec.h`).
const AT_NULL: u64 = 0;
const AT_IGNORE: u64 = 1;
const AT_SYSINFO_EHDR: u64 = 33;
/// `__USER_CS` of a 64-bit task.
const USER_CODE: u64 = 0x33;
/// The kernel takes no more arguments and variables than fit into 6 MiB (execve(2)), and pointers to them.
const MOST_WORDS: u64 = 1 << 21;

/// What makes the C library believe that there is no vDSO, at the stop of an exec: the entry that tells its address is
/// one to be ignored. The vDSO stays mapped: unwinders look into it.
pub(super) fn hide(inspect: &dyn Inspect) -> Option<Edit> {
    let registers = inspect.registers().ok().filter(|registers| registers.cs == USER_CODE)?;
    let mut words = Words { inspect, at: Addr(registers.rsp) };
    // The stack of a new image (System V ABI for AMD64, 3.4.1): argc, argv, NULL, envp, NULL, pairs.
    let argc = words.next()?;
    words.at = words.at.plus(argc.min(MOST_WORDS) * 8 + 8);
    while words.next()? != 0 {}
    loop {
        let at = words.at;
        let (key, _) = (words.next()?, words.next()?);
        match key {
            AT_NULL => return None,
            AT_SYSINFO_EHDR => return Some(Edit::Write { addr: at, bytes: Box::new(AT_IGNORE.to_ne_bytes()) }),
            _ => {}
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
