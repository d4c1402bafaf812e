//! Files of the working directory that a recorded program reads: it finds copies of them in its own folder.
//! It must not know how it was found out which.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Component, Path, PathBuf};

use super::text::Copied;

/// More files are no input that somebody would read in a spec.
const MOST: usize = 64;
/// A file up to this length stands in the spec itself, if it is text.
const SHORT: u64 = 1 << 10;

/// The files that are copied so far.
#[derive(Debug)]
pub(super) struct Files {
    /// Where the names are from.
    here: PathBuf,
    /// The folder of the spec.
    beside: PathBuf,
    known: BTreeMap<String, Copied>,
    /// What recording itself writes.
    own: [PathBuf; 2],
    /// Names of folders that hold too much.
    pub(super) left_out: Vec<String>,
}

impl Files {
    pub(super) fn new(here: &Path, beside: &Path, own: [PathBuf; 2]) -> Files {
        let (here, beside) = (here.to_owned(), beside.to_owned());
        Files { here, beside, known: BTreeMap::new(), own, left_out: Vec::new() }
    }

    /// Adds everything in the working directory.
    pub(super) fn add_all(&mut self) {
        let entries = fs::read_dir(&self.here).into_iter().flatten().flatten();
        let mut names: Vec<String> = entries.filter_map(|entry| entry.file_name().into_string().ok()).collect();
        names.sort();
        for name in names.iter().filter(|name| !self.left_out.contains(name)).cloned().collect::<Vec<String>>() {
            self.add(&name);
        }
    }

    /// All of them, in the order of their names.
    pub(super) fn all(&self) -> Vec<Copied> {
        self.known.values().cloned().collect()
    }

    /// Adds what is there of this name, with all below it; whether that is something new.
    pub(super) fn add(&mut self, name: &str) -> bool {
        let path = Path::new(name);
        let is_within = path.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
        let name: PathBuf = path.components().filter(|part| matches!(part, Component::Normal(_))).collect();
        if !is_within || name.as_os_str().is_empty() || self.left_out.iter().any(|out| name.starts_with(out)) {
            return false;
        }
        let mut found = Vec::new();
        if !collect(&self.here, &name, &mut found) || self.known.len() + found.len() > MOST {
            self.left_out.push(name.to_string_lossy().into_owned());
            return false;
        }
        let before = self.known.len();
        for name in found.into_iter().filter(|name| !self.own.contains(&self.here.join(name))).collect::<Vec<_>>() {
            let copied = self.copied(&name);
            self.known.entry(name).or_insert(copied);
        }
        self.known.len() > before
    }

    fn copied(&self, name: &str) -> Copied {
        let path = self.here.join(name);
        let data = fs::metadata(&path);
        let is_short = data.as_ref().is_ok_and(|data| data.len() <= SHORT);
        let text = is_short.then(|| fs::read_to_string(&path).ok()).flatten().filter(|text| !text.contains('\0'));
        let below = path.strip_prefix(&self.beside).map(Path::to_owned);
        Copied {
            name: name.to_owned(),
            text,
            path: below.unwrap_or(path).to_string_lossy().into_owned(),
            is_program: data.is_ok_and(|data| data.permissions().mode() & 0o111 != 0),
        }
    }
}

/// Regular files of this name or below it; false where there are too many.
fn collect(here: &Path, name: &Path, found: &mut Vec<String>) -> bool {
    let path = here.join(name);
    let Ok(data) = fs::metadata(&path) else { return true };
    if data.is_file() {
        // A name that is no text cannot stand in a spec.
        found.extend(name.to_str().map(str::to_owned));
        return found.len() <= MOST;
    }
    let entries = if data.is_dir() { fs::read_dir(&path).ok() } else { None };
    for entry in entries.into_iter().flatten().flatten() {
        // A link to a folder may lead back up.
        let is_link = entry.file_type().is_ok_and(|kind| kind.is_symlink());
        let is_folder = fs::metadata(entry.path()).is_ok_and(|data| data.is_dir());
        let is_loop = is_link && is_folder;
        if !is_loop && !collect(here, &name.join(entry.file_name()), found) {
            return false;
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_named_is_copied_with_all_below() {
        let folder = tempfile::tempdir().unwrap();
        let here = folder.path();
        fs::create_dir_all(here.join("sub/deep")).unwrap();
        fs::create_dir(here.join("many")).unwrap();
        fs::write(here.join("a"), "first\n").unwrap();
        fs::write(here.join("sub/deep/b"), vec![b'x'; 2000]).unwrap();
        (0..=MOST).for_each(|at| fs::write(here.join(format!("many/{at}")), "").unwrap());
        let mut files = Files::new(here, here, ["x.toml", "x.snap"].map(|name| here.join(name)));
        fs::write(here.join("x.toml"), "").unwrap();
        assert_eq!(
            ["a", "./a", "nothing", "../a", "/etc/passwd", "."].map(|name| files.add(name)),
            [true, false, false, false, false, false]
        );
        assert!(files.add("sub"));
        assert!(!files.add("many"));
        let all = files.all();
        let shown: Vec<(&str, Option<&str>, &str)> =
            all.iter().map(|file| (file.name.as_str(), file.text.as_deref(), file.path.as_str())).collect();
        assert_eq!(shown, [("a", Some("first\n"), "a"), ("sub/deep/b", None, "sub/deep/b")]);
        assert_eq!(files.left_out, ["many"]);
        fs::write(here.join("more"), "").unwrap();
        files.add_all();
        let names: Vec<String> = files.all().into_iter().map(|file| file.name).collect();
        assert_eq!(names, ["a", "more", "sub/deep/b"]);
    }
}
