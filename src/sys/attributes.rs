//! Extended attributes of files (xattr(7)). It must not know what they mean.

use std::ffi::CString;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::ptr;

/// The names of all that a file has, or a symbolic link where that is meant; none where the file system has no such attributes.
///
/// # Errors
/// Those of listxattr(2).
pub fn attribute_names(path: &Path, is_link: bool) -> io::Result<Vec<Vec<u8>>> {
    let path = text(path.as_os_str().as_bytes())?;
    let call = if is_link { libc::llistxattr } else { libc::listxattr };
    // SAFETY: `path` ends in a zero byte; a buffer of this length is all that is written to.
    let list = whole(|buffer, length| unsafe { call(path.as_ptr(), buffer.cast(), length) })?;
    Ok(list.split(|byte| *byte == 0).filter(|name| !name.is_empty()).map(<[u8]>::to_vec).collect())
}

/// The value of one.
///
/// # Errors
/// Those of getxattr(2).
pub fn attribute(path: &Path, is_link: bool, name: &[u8]) -> io::Result<Vec<u8>> {
    let (path, name) = (text(path.as_os_str().as_bytes())?, text(name)?);
    let call = if is_link { libc::lgetxattr } else { libc::getxattr };
    // SAFETY: `path` and `name` end in a zero byte; a buffer of this length is all that is written to.
    whole(|buffer, length| unsafe { call(path.as_ptr(), name.as_ptr(), buffer, length) })
}

/// Sets one, of a symbolic link its own, or removes it where there is no value.
///
/// # Errors
/// Those of lsetxattr(2) and lremovexattr(2).
pub fn set_attribute(path: &Path, name: &[u8], value: Option<&[u8]>) -> io::Result<()> {
    let (path, name) = (text(path.as_os_str().as_bytes())?, text(name)?);
    let result = match value {
        // SAFETY: `path` and `name` end in a zero byte, and so many bytes of `value` are only read.
        Some(value) => unsafe {
            libc::lsetxattr(path.as_ptr(), name.as_ptr(), value.as_ptr().cast(), value.len(), 0)
        },
        // SAFETY: `path` and `name` end in a zero byte and are only read.
        None => unsafe { libc::lremovexattr(path.as_ptr(), name.as_ptr()) },
    };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

fn text(bytes: &[u8]) -> io::Result<CString> {
    CString::new(bytes).map_err(|_| io::ErrorKind::InvalidInput.into())
}

/// All that a call has to tell: without a buffer it says how long that is.
fn whole(call: impl Fn(*mut libc::c_void, usize) -> isize) -> io::Result<Vec<u8>> {
    loop {
        let Ok(length) = usize::try_from(call(ptr::null_mut(), 0)) else { return none_or_error() };
        let mut bytes = vec![0; length];
        match usize::try_from(call(bytes.as_mut_ptr().cast(), length)) {
            Ok(got) if got <= length => {
                bytes.truncate(got);
                return Ok(bytes);
            }
            // It has become longer meanwhile, or an empty buffer asked for the length once more.
            Ok(_) => {}
            Err(_) if io::Error::last_os_error().raw_os_error() == Some(libc::ERANGE) => {}
            Err(_) => return none_or_error(),
        }
    }
}

fn none_or_error() -> io::Result<Vec<u8>> {
    let error = io::Error::last_os_error();
    if error.raw_os_error() == Some(libc::EOPNOTSUPP) { Ok(Vec::new()) } else { Err(error) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_set_is_there_until_it_is_removed() {
        let file = tempfile::NamedTempFile::new_in("/tmp").unwrap();
        let names = || attribute_names(file.path(), false).unwrap();
        let before = names();
        if set_attribute(file.path(), b"user.key", Some(b"value")).is_err() {
            return;
        }
        assert_eq!(attribute(file.path(), false, b"user.key").unwrap(), b"value");
        assert!(names().contains(&b"user.key".to_vec()));
        set_attribute(file.path(), b"user.key", Some(b"")).unwrap();
        assert_eq!(attribute(file.path(), false, b"user.key").unwrap(), b"");
        set_attribute(file.path(), b"user.key", None).unwrap();
        assert_eq!(names(), before);
        assert!(attribute(file.path(), false, b"user.key").is_err());
    }
}
