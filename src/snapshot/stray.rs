//! Golden files that no case has any more: what is left when a value is taken out of a list.

use std::path::{Path, PathBuf};

use super::file::golden_path;

/// The golden files beside `spec` that bear its name and are those of none of `cells`, in path order. A folder that
/// cannot be read has none.
pub fn strays(spec: &Path, cells: &[String]) -> Vec<PathBuf> {
    let stem = spec.file_stem().unwrap_or_default().to_string_lossy();
    let folder = spec.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let wanted: Vec<PathBuf> =
        cells.iter().map(|cell| golden_path(spec, Some(cell.as_str()).filter(|cell| !cell.is_empty()))).collect();
    let is_stray = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let Some(of) = name.strip_suffix(".snap") else { return false };
        let is_ours = of.strip_prefix(&*stem).is_some_and(|rest| rest.is_empty() || rest.starts_with('@'));
        // `x@y.toml` is a spec of its own.
        is_ours && !wanted.contains(path) && (of == stem || !path.with_file_name(format!("{of}.toml")).exists())
    };
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut found: Vec<PathBuf> =
        entries.map(|entry| spec.with_file_name(entry.file_name())).filter(is_stray).collect();
    found.sort();
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(files: &[&str], cells: &[&str], expected: &[&str]) {
        let folder = tempfile::tempdir().unwrap();
        for file in files {
            std::fs::write(folder.path().join(file), "").unwrap();
        }
        let cells: Vec<String> = cells.iter().map(ToString::to_string).collect();
        let found = strays(&folder.path().join("x.toml"), &cells);
        let found: Vec<_> = found.iter().map(|path| path.file_name().unwrap().to_string_lossy()).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn only_the_goldens_of_no_case_are_strays() {
        let files = ["x.snap", "x@error=EIO.snap", "x@error=EINTR.snap", "x@error=EIO.snap.new", "xy.snap"];
        check(&files, &["error=EIO"], &["x.snap", "x@error=EINTR.snap"]);
        check(&files, &[""], &["x@error=EINTR.snap", "x@error=EIO.snap"]);
        check(&["x@y.toml", "x@y.snap"], &[""], &[]);
    }
}
