//! What rinject itself runs out of. A descriptor that it cannot have must not look like a task that is gone: the first
//! such refusal is kept for whoever asks. It must not know who that is.

use std::cell::Cell;
use std::fs::ReadDir;
use std::io;
use std::path::Path;

thread_local! {
    static FIRST: Cell<Option<i32>> = const { Cell::new(None) };
}

/// The errno of the first request of this thread that was refused for want of descriptors or memory since this was asked
/// last: EMFILE, ENFILE or ENOMEM.
pub fn take_shortage() -> Option<i32> {
    FIRST.take()
}

/// Whether there is one to be taken.
pub fn is_short() -> bool {
    FIRST.get().is_some()
}

/// Looks whether a request was refused for want of something.
pub fn noted<T>(result: io::Result<T>) -> io::Result<T> {
    let errno = result.as_ref().err().and_then(|error| match error.kind() {
        io::ErrorKind::OutOfMemory => Some(libc::ENOMEM),
        _ => error.raw_os_error(),
    });
    if let Some(errno @ (libc::EMFILE | libc::ENFILE | libc::ENOMEM)) = errno {
        note(errno);
    }
    result
}

/// Keeps the errno of a refusal, if it is the first one.
pub(super) fn note(errno: i32) {
    if FIRST.get().is_none() {
        FIRST.set(Some(errno));
    }
}

/// As [`std::fs::read`].
pub(super) fn read(path: impl AsRef<Path>) -> io::Result<Vec<u8>> {
    noted(std::fs::read(path))
}

/// As [`std::fs::read_to_string`].
pub(super) fn read_to_string(path: impl AsRef<Path>) -> io::Result<String> {
    noted(std::fs::read_to_string(path))
}

/// As [`std::fs::read_dir`].
pub(super) fn read_dir(path: impl AsRef<Path>) -> io::Result<ReadDir> {
    noted(std::fs::read_dir(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_wanting_is_kept_and_only_once() {
        let refused = |errno| noted(Err::<(), _>(io::Error::from_raw_os_error(errno)));
        let _ = take_shortage();
        assert!(refused(libc::ENOENT).is_err());
        assert_eq!(take_shortage(), None);
        assert!(refused(libc::EMFILE).is_err() && refused(libc::ENOMEM).is_err());
        assert_eq!(take_shortage(), Some(libc::EMFILE));
        assert_eq!(take_shortage(), None);
    }
}
