//! One golden file. insta reads it; the writing is our own, since insta's writer belongs to its macros.

use std::ffi::OsString;
use std::fmt;
use std::fs;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

/// A golden file's content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Golden {
    /// The case it belongs to: the spec beside it, and which of the values in lists it has.
    pub source: String,
    /// The case, shown by `cargo insta review`.
    pub expression: String,
    /// The text compared, without trailing line end.
    pub body: String,
}

/// Why a golden file could not be read or written.
#[derive(Debug)]
pub struct SnapshotError {
    path: PathBuf,
    what: &'static str,
    why: String,
}

impl fmt::Display for SnapshotError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot {} snapshot `{}`: {}", self.what, self.path.display(), self.why)
    }
}

impl std::error::Error for SnapshotError {}

impl SnapshotError {
    pub(super) fn new(what: &'static str, path: &Path, why: impl ToString) -> SnapshotError {
        SnapshotError { path: path.to_owned(), what, why: why.to_string() }
    }
}

/// The golden file of a spec: `x.snap` beside `x.toml`; `x@CELL.snap` for a cell of a matrix.
pub fn golden_path(spec: &Path, cell: Option<&str>) -> PathBuf {
    let stem = spec.file_stem().unwrap_or_default();
    let mut name = OsString::from(stem);
    if let Some(cell) = cell {
        name.push("@");
        name.push(cell);
    }
    name.push(".snap");
    spec.with_file_name(name)
}

/// Where a new text waits until it is accepted: `x.snap.new` beside `x.snap`.
pub fn pending_path(golden: &Path) -> PathBuf {
    let mut name = golden.as_os_str().to_owned();
    name.push(".new");
    PathBuf::from(name)
}

/// Reads a golden file; `None` where there is none.
pub fn read(path: &Path) -> Result<Option<Golden>, SnapshotError> {
    match starts_as_snapshot(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(SnapshotError::new("read", path, error)),
        Ok(false) => {
            return Err(SnapshotError::new("read", path, "it does not begin with `---` as insta's files do"));
        }
        Ok(true) => {}
    }
    let snapshot = insta::Snapshot::from_file(path).map_err(|error| SnapshotError::new("read", path, error))?;
    let Some(text) = snapshot.as_text() else {
        return Err(SnapshotError::new("read", path, "it is a binary snapshot"));
    };
    let word = |field: Option<&str>| field.unwrap_or_default().to_owned();
    Ok(Some(Golden {
        source: word(snapshot.metadata().source()),
        expression: word(snapshot.metadata().expression()),
        body: text.to_string().trim_end_matches('\n').to_owned(),
    }))
}

/// insta prints a complaint of its own about what it takes for an older format: that is found out first.
fn starts_as_snapshot(path: &Path) -> io::Result<bool> {
    let mut start = [0; 4];
    let mut file = fs::File::open(path)?;
    Ok(match file.read_exact(&mut start) {
        Ok(()) => start == *b"---\n",
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => false,
        Err(error) => return Err(error),
    })
}

/// Writes a golden file in one step: a reader sees the old one or the new one.
pub fn write(path: &Path, golden: &Golden) -> Result<(), SnapshotError> {
    let failed = |error: io::Error| SnapshotError::new("write", path, error);
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = tempfile::Builder::new()
        .prefix(".rinject-snap-")
        .permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644))
        .tempfile_in(folder)
        .map_err(failed)?;
    file.write_all(golden.to_text().as_bytes()).map_err(failed)?;
    file.persist(path).map_err(|error| failed(error.error))?;
    Ok(())
}

impl Golden {
    fn to_text(&self) -> String {
        // A JSON string is a YAML string.
        let quoted = |text: &str| serde_json::Value::from(text).to_string();
        format!(
            "---\nsource: {}\nexpression: {}\n---\n{}\n",
            quoted(&self.source),
            quoted(&self.expression),
            self.body.trim_end_matches('\n')
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.snap");
        let golden = Golden {
            source: "specs/a \"b\".toml".into(),
            expression: "a: 'b'".into(),
            body: "P1     exec(\"kv\", argc=1)\n\n  indented\nP1     +++ exited 0".into(),
        };
        write(&path, &golden).unwrap();
        assert_eq!(read(&path).unwrap(), Some(golden));
    }

    #[test]
    fn what_is_no_snapshot_is_an_error_and_what_is_missing_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.snap");
        assert_eq!(read(&path).unwrap(), None);
        for content in ["", "hello", "Source: x\n\nbody", "---\nsource: [\n---\nx\n"] {
            fs::write(&path, content).unwrap();
            assert!(read(&path).is_err(), "{content:?}");
        }
    }

    #[test]
    fn names_follow_the_spec() {
        assert_eq!(golden_path(Path::new("a/x.toml"), None), Path::new("a/x.snap"));
        assert_eq!(golden_path(Path::new("a/x.toml"), Some("e=1")), Path::new("a/x@e=1.snap"));
        assert_eq!(pending_path(Path::new("a/x.snap")), Path::new("a/x.snap.new"));
    }
}
