//! What rinject itself runs out of. A descriptor that it cannot have must not look like a task that is gone: the first
//! such refusal is kept for whoever asks. It must not know who that is.

use std::cell::Cell;
use std::fs::{File, ReadDir};
use std::io::{self, Read};
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

/// As much as the kernel gives of most of its texts at a time (seq_file).
const PAGE: usize = 4096;

/// As [`std::fs::read`], which asks for a size first that texts of the kernel do not have.
pub(super) fn read(path: impl AsRef<Path>) -> io::Result<Vec<u8>> {
    let mut file = noted(File::open(path))?;
    let mut bytes = Vec::new();
    loop {
        let filled = bytes.len();
        bytes.resize(filled + filled.max(PAGE), 0);
        let got = noted(read_some(&mut file, &mut bytes[filled..]));
        bytes.truncate(filled + got.as_ref().map_or(0, |got| *got));
        if got? == 0 {
            return Ok(bytes);
        }
    }
}

/// The first page of a text; of one that is shorter that is all.
pub(super) fn read_page(path: impl AsRef<Path>) -> io::Result<Vec<u8>> {
    let mut file = noted(File::open(path))?;
    let mut bytes = vec![0; PAGE];
    let got = noted(read_some(&mut file, &mut bytes))?;
    bytes.truncate(got);
    Ok(bytes)
}

/// One read(2), again where a signal has come before it.
fn read_some(file: &mut File, buffer: &mut [u8]) -> io::Result<usize> {
    loop {
        match file.read(buffer) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            other => return other,
        }
    }
}

/// As [`std::fs::read_to_string`], and as [`read`].
pub(super) fn read_to_string(path: impl AsRef<Path>) -> io::Result<String> {
    String::from_utf8(read(path)?).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
}

/// As [`std::fs::read_dir`].
pub(super) fn read_dir(path: impl AsRef<Path>) -> io::Result<ReadDir> {
    noted(std::fs::read_dir(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_to_its_end_and_its_first_page_is_its_beginning() {
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.lock");
        let whole = std::fs::read(source).unwrap();
        assert!(whole.len() > 4 * PAGE);
        assert!(read(source).unwrap() == whole && read_page(source).unwrap() == whole[..PAGE]);
        // A text of which the kernel does not tell how long it is.
        assert!(read("/proc/self/maps").unwrap().ends_with(b"\n"));
        assert!(read_page("/proc/self/stat").unwrap().ends_with(b"\n"));
        assert!(read("/proc/self/nothing").is_err());
    }

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
