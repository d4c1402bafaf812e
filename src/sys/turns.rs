//! Short turns for whoever gives a processor away again and again.

use std::marker::PhantomData;
use std::mem::MaybeUninit;

/// The shortest turn, in nanoseconds, that the kernel gives (sched(7), Linux 6.12).
const SHORTEST: u64 = 100_000;

/// Has the calling thread make short turns for as long as it is there. With sched_yield(2) a thread gives the rest of its turn
/// away, and where others compute on the same processor it waits until they have had as much: of a turn of the usual length
/// some milliseconds.
///
/// Threads and processes that it makes meanwhile would make them, too.
#[derive(Debug)]
pub struct ShortTurns {
    before: libc::sched_attr,
    /// It is the calling thread's own.
    here: PhantomData<*const ()>,
}

impl ShortTurns {
    /// `None` where nothing is changed: for threads under another policy than the usual ones, whose turns are not as long as
    /// they like, and where the kernel refuses. One before 6.12 takes it, and does nothing.
    pub fn take() -> Option<ShortTurns> {
        let before = attributes()?;
        let is_usual = [libc::SCHED_OTHER, libc::SCHED_BATCH].contains(&(before.sched_policy as i32));
        let is_short = is_usual && set(&libc::sched_attr { sched_runtime: SHORTEST, ..before });
        is_short.then(|| ShortTurns { before, here: PhantomData })
    }
}

impl Drop for ShortTurns {
    fn drop(&mut self) {
        set(&self.before);
    }
}

/// How the calling thread is scheduled (sched_getattr(2)).
fn attributes() -> Option<libc::sched_attr> {
    let mut attributes = MaybeUninit::<libc::sched_attr>::zeroed();
    let size = size_of::<libc::sched_attr>();
    // SAFETY: the kernel writes at most `size` bytes to memory that outlives the call.
    let got = unsafe { libc::syscall(libc::SYS_sched_getattr, 0, attributes.as_mut_ptr(), size, 0) };
    // SAFETY: it is plain data, was zeroed, and the kernel has filled it.
    (got == 0).then(|| unsafe { attributes.assume_init() })
}

fn set(attributes: &libc::sched_attr) -> bool {
    // SAFETY: the kernel reads as many bytes as the structure says that it has, which outlives the call.
    let got = unsafe { libc::syscall(libc::SYS_sched_setattr, 0, std::ptr::from_ref(attributes), 0) };
    got == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turns_are_short_until_they_are_given_back() {
        let runtime = || attributes().unwrap().sched_runtime;
        let before = runtime();
        let turns = ShortTurns::take().expect("a thread of a test has the usual policy, and may have shorter turns");
        // Before 6.12 there is no such thing as a length of turns.
        assert!(before == 0 || runtime() == SHORTEST, "{before} {}", runtime());
        drop(turns);
        assert_eq!(runtime(), before);
    }
}
