//! Paths: as the program gave them, and beside that where they lead on the host.

use std::borrow::Cow;
use std::sync::Arc;

use super::{Decoder, Raw, scalar};
use crate::abi::Arch;
use crate::engine::Descriptor;
use crate::transcript::{PathValue, Value};

/// `PATH_MAX` of `limits.h`; the kernel refuses longer paths.
const PATH_MAX: usize = 4096;

impl Decoder<'_> {
    pub(super) fn path(&mut self, raw: &Raw, addr: u64, dir: Option<u8>) -> Value {
        let Some(given) = self.c_string(addr, PATH_MAX) else { return self.pointer(addr) };
        let given =
            String::from_utf8(given).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned());
        let dir = dir.map_or(scalar::AT_FDCWD, |at| raw.at(at) as i32);
        let host = self.resolve(&given, dir);
        let renamed = match self.names.rename_path(&given) {
            Cow::Owned(renamed) => Some(renamed),
            Cow::Borrowed(_) => None,
        };
        Value::Path(PathValue { shown: renamed.unwrap_or(given), host })
    }

    /// Where `given` leads from directory `dir`: absolute, without `.` and `..`, links of descriptors followed.
    fn resolve(&self, given: &str, dir: i32) -> String {
        let path = match given {
            _ if given.starts_with('/') => normalise(given).into_owned(),
            "" => return self.base(dir).to_string(),
            _ => normalise(&format!("{}/{given}", self.base(dir))).into_owned(),
        };
        if !path.starts_with("/dev/") && !path.starts_with("/proc/") {
            return path;
        }
        let link = match path.as_str() {
            "/dev/stdin" => Some((0, "")),
            "/dev/stdout" => Some((1, "")),
            "/dev/stderr" => Some((2, "")),
            path => ["/proc/self/fd/", "/dev/fd/", "/proc/thread-self/fd/"].iter().find_map(|links| {
                let rest = path.strip_prefix(links)?;
                let number = rest.split('/').next()?;
                Some((number.parse().ok()?, &rest[number.len()..]))
            }),
        };
        match link.and_then(|(number, below)| Some((self.inspect.descriptor(number)?, below))) {
            Some((Descriptor::Path(path), below)) => format!("{path}{below}"),
            _ => path,
        }
    }

    fn base(&self, dir: i32) -> Arc<str> {
        if dir == scalar::AT_FDCWD {
            return self.inspect.working_directory().unwrap_or_default();
        }
        match self.inspect.descriptor(dir) {
            Some(Descriptor::Path(path)) => path,
            _ => Arc::from(""),
        }
    }
}

/// Whether these open flags make a file, so that the mode counts.
pub(super) fn creates(raw: &Raw, flags: u64) -> bool {
    const CREAT: u64 = 0o100;
    // O_TMPFILE without the bit of O_DIRECTORY, which has another value on ARM.
    const TMPFILE: u64 = 0o20_000_000;
    let directory = if raw.arch == Arch::Aarch64 { 0o40_000 } else { 0o200_000 };
    flags & CREAT != 0 || flags & (TMPFILE | directory) == TMPFILE | directory
}

/// `path` without empty components, `.` and `..`; links are not followed.
fn normalise(path: &str) -> Cow<'_, str> {
    let bytes = path.as_bytes();
    if let [b'/', rest @ ..] = bytes
        && !bytes.ends_with(b"/")
    {
        // All pairs are looked at, many at once.
        let is_odd = |first: u8, second: u8| (first == b'/') & ((second == b'/') | (second == b'.'));
        let pairs = bytes.iter().zip(rest);
        if !pairs.fold(false, |so_far, (first, second)| so_far | is_odd(*first, *second)) {
            return Cow::Borrowed(path);
        }
    }
    let mut normal = String::with_capacity(path.len() + 1);
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => normal.truncate(normal.rfind('/').unwrap_or_default()),
            name => {
                normal.push('/');
                normal.push_str(name);
            }
        }
    }
    if normal.is_empty() {
        normal.push('/');
    }
    Cow::Owned(normal)
}

#[cfg(test)]
mod tests {
    use super::normalise;

    #[test]
    fn empty_components_and_dots_are_taken_out() {
        let cases = [
            ("/", "/"),
            ("", "/"),
            ("/a/b", "/a/b"),
            ("a/b", "/a/b"),
            ("//a///b//", "/a/b"),
            ("/./a/./b/.", "/a/b"),
            ("/a/../b", "/b"),
            ("/a/b/..", "/a"),
            ("/..", "/"),
            ("/../../a", "/a"),
            ("/a/..", "/"),
            ("/a/.../b", "/a/.../b"),
            ("/a/.b", "/a/.b"),
            ("/a/b/", "/a/b"),
        ];
        cases.iter().for_each(|(path, normal)| assert_eq!(normalise(path), *normal, "{path}"));
    }
}
