//! Work on several threads, told on the one that asked for it.
//! It must not know what the work is.

use std::sync::mpsc::{self, Receiver, Sender};

/// Runs `work` on so many threads at once, and meanwhile `tell`, on this one, with what they send.
pub(super) fn share<T: Send, R>(
    jobs: usize,
    work: impl Fn(Sender<T>) + Sync,
    tell: impl FnOnce(Receiver<T>) -> R,
) -> R {
    let (sender, receiver) = mpsc::channel();
    let work = &work;
    std::thread::scope(|scope| {
        let start = |_: &usize| {
            let sender = sender.clone();
            std::thread::Builder::new().spawn_scoped(scope, move || work(sender)).is_ok()
        };
        // Where threads cannot be had, there are fewer; where none can, this one does all.
        if (0..jobs).take_while(start).count() == 0 {
            work(sender.clone());
        }
        drop(sender);
        tell(receiver)
    })
}
