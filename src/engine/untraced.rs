//! Children that are made so that no tracer gets them (CLONE_UNTRACED): the flag is taken out for the time of the call,
//! or no rule would reach them, and the seccomp filter that they inherit would make their calls fail with ENOSYS.
//! It must not know what is done with a child.

use super::Engine;
use super::inspect::Inspect;
use super::stop::{Edit, RawCall};
use super::tamper::Tampering;
use crate::abi::{Addr, Sysno};
use crate::transcript::TaskName;

const CLONE: Sysno = Sysno::named("clone");
const CLONE3: Sysno = Sysno::named("clone3");
/// clone(2).
const CLONE_UNTRACED: u64 = 0x0080_0000;

impl Engine {
    /// What is changed at the entry of a call that would make an untraced child.
    pub(super) fn keep_traced(
        &mut self,
        name: TaskName,
        sysno: Sysno,
        raw: &RawCall,
        inspect: &dyn Inspect,
    ) -> Option<Tampering> {
        let tampering = match sysno {
            CLONE if raw.args[0] & CLONE_UNTRACED != 0 => Tampering {
                edits: vec![Edit::Argument { at: 0, value: raw.args[0] & !CLONE_UNTRACED }],
                undo: vec![Edit::Argument { at: 0, value: raw.args[0] }],
                ..Tampering::default()
            },
            CLONE3 => {
                // `struct clone_args` begins with the flags.
                let (addr, mut before) = (Addr(raw.args[0]), [0; 8]);
                let got = inspect.read(addr, &mut before);
                let flags = u64::from_le_bytes(before);
                if got < before.len() || flags & CLONE_UNTRACED == 0 || !inspect.is_writable(addr, before.len()) {
                    return None;
                }
                Tampering {
                    edits: vec![Edit::Write { addr, bytes: (flags & !CLONE_UNTRACED).to_le_bytes().into() }],
                    undo: vec![Edit::Write { addr, bytes: before.into() }],
                    ..Tampering::default()
                }
            }
            _ => return None,
        };
        let image = self.image_name(name);
        self.note(format!(
            "`{image}` asked for a child that nobody traces (CLONE_UNTRACED): it is traced all the same, so that rules reach it"
        ));
        Some(tampering)
    }

    /// What takes back in a child what was changed for the call that makes it.
    pub(super) fn undone_in_child(&self, parent: TaskName) -> Vec<Edit> {
        let call = self.tasks.get(&parent).and_then(|task| task.call.as_ref());
        let tampering = call.into_iter().flat_map(|call| call.tampering.iter().rev());
        tampering.flat_map(|tampering| tampering.undo.iter().cloned()).collect()
    }
}
