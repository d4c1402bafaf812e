//! Finding spec files.

use std::collections::BTreeSet;
use std::fmt;
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use globset::GlobBuilder;

use super::extends::with_extended;
use crate::diagnostic::{Diagnostics, Source};
use crate::spec::{self, Cell, Spec};

/// What stands in an id between the path and the cell.
const CELL: &str = "::";

/// Longer files are no specs: reading on would only take memory.
const LONGEST: u64 = 8 << 20;

/// A file that was named or found.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SpecFile {
    /// On disk, as the user's words lead to it.
    Path(PathBuf),
    /// Standard input.
    Stdin,
}

/// One case: a spec to run.
#[derive(Clone, Debug)]
pub struct Case {
    /// Its id: the path of the spec as the user's words lead to it; with values of lists `path::error=EIO`.
    pub id: String,
    /// Where it comes from.
    pub file: SpecFile,
    /// Which of the values in lists it has.
    pub cell: Cell,
    /// Its text.
    pub source: Arc<Source>,
    /// The spec as written; where the text is no TOML, what is wrong with it.
    pub spec: Result<Spec, Diagnostics>,
}

/// Why a spec could not be found or read.
#[derive(Debug)]
pub struct FindError {
    /// The path or glob.
    pub path: String,
    /// What is wrong with it.
    pub why: String,
}

impl fmt::Display for FindError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot read spec `{}`: {}", self.path, self.why)
    }
}

impl std::error::Error for FindError {}

impl SpecFile {
    /// The name shown.
    pub fn name(&self) -> String {
        match self {
            SpecFile::Path(path) => path.display().to_string(),
            SpecFile::Stdin => "<stdin>".to_owned(),
        }
    }
}

/// The files that `words` stand for, in path order: a file, a folder with all `.toml` files below it, a glob, or
/// `-` for standard input.
pub fn find(words: &[String]) -> Result<Vec<SpecFile>, FindError> {
    let mut files = Vec::new();
    for word in words {
        let path = Path::new(word);
        if word == "-" {
            files.push(SpecFile::Stdin);
        } else if path.is_dir() {
            collect(path, &mut files)?;
        } else if path.extension().is_some_and(|extension| extension == "snap") {
            let why = "it is a snapshot; name its spec instead, the `.toml` beside it".to_owned();
            return Err(FindError { path: word.clone(), why });
        } else if path.exists() {
            files.push(SpecFile::Path(path.to_owned()));
        } else if word.contains(['*', '?', '[', '{']) {
            expand(word, &mut files)?;
        } else {
            return Err(FindError { path: word.clone(), why: "no such file or directory".to_owned() });
        }
    }
    files.sort();
    files.dedup();
    Ok(files)
}

fn collect(folder: &Path, files: &mut Vec<SpecFile>) -> Result<(), FindError> {
    let failed = |error: io::Error| FindError { path: folder.display().to_string(), why: error.to_string() };
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        // A link to a folder is not followed: it may lead back up.
        let is_folder = fs::symlink_metadata(&path).is_ok_and(|data| data.is_dir());
        if is_folder {
            collect(&path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "toml") && path.is_file() {
            files.push(SpecFile::Path(path));
        }
    }
    Ok(())
}

fn expand(glob: &str, files: &mut Vec<SpecFile>) -> Result<(), FindError> {
    let failed = |why: String| FindError { path: glob.to_owned(), why };
    let matcher = GlobBuilder::new(glob)
        .literal_separator(true)
        .build()
        .map_err(|error| failed(error.to_string()))?
        .compile_matcher();
    // The part before the first special character says where to look.
    let fixed: PathBuf = Path::new(glob)
        .components()
        .take_while(|part| !part.as_os_str().to_string_lossy().contains(['*', '?', '[', '{']))
        .collect();
    let root = if fixed.as_os_str().is_empty() { Path::new(".") } else { fixed.as_path() };
    let mut below = Vec::new();
    if root.is_dir() {
        collect(root, &mut below)?;
    }
    let before = files.len();
    files.extend(below.into_iter().filter(|file| match file {
        SpecFile::Path(path) => matcher.is_match(path.strip_prefix("./").unwrap_or(path)),
        SpecFile::Stdin => false,
    }));
    if files.len() == before { Err(failed("the pattern matches no spec".to_owned())) } else { Ok(()) }
}

/// Reads and parses one file and those that it adds to. What is wrong with their texts is in the case's spec; an error is for
/// a file that cannot be a text at all.
pub fn load(file: &SpecFile) -> Result<Case, FindError> {
    let name = file.name();
    let failed = |why: String| FindError { path: name.clone(), why };
    let text = match file {
        SpecFile::Path(path) => text_of(path),
        SpecFile::Stdin => read_stdin().map_err(|error| error.to_string()).and_then(as_text),
    };
    let alone = Source::new(name.clone(), text.map_err(failed)?);
    let (source, spec) = match with_extended(alone.clone()) {
        Ok(source) => {
            let source = Arc::new(source);
            let spec = spec::parse(&source);
            (source, spec)
        }
        Err(problems) => (Arc::new(alone), Err(problems)),
    };
    Ok(Case { id: name.clone(), file: file.clone(), cell: Cell::default(), source, spec })
}

/// Takes out the files that others add to and that run nothing by themselves, unless the user has named them.
pub fn without_parts(cases: Vec<Case>, is_named: impl Fn(&SpecFile) -> bool) -> Vec<Case> {
    let parts: BTreeSet<PathBuf> =
        cases.iter().flat_map(Case::extended).filter_map(|path| path.canonicalize().ok()).collect();
    let is_part = |case: &Case| match &case.file {
        SpecFile::Path(path) => path.canonicalize().is_ok_and(|path| parts.contains(&path)),
        SpecFile::Stdin => false,
    };
    let runs_nothing = |case: &Case| case.spec.as_ref().is_ok_and(Spec::runs_nothing);
    cases.into_iter().filter(|case| is_named(&case.file) || !runs_nothing(case) || !is_part(case)).collect()
}

/// The text of a file, or why it is none.
pub(super) fn text_of(path: &Path) -> Result<String, String> {
    read(path).and_then(as_text)
}

fn as_text(bytes: Vec<u8>) -> Result<String, String> {
    let text = String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        format!("it is not UTF-8 text (byte {at})")
    })?;
    match text.find('\0') {
        Some(at) => Err(format!("it is not text (a zero byte at byte {at})")),
        None => Ok(text),
    }
}

impl Case {
    /// The files that the spec adds to, directly or not.
    pub fn extended(&self) -> impl Iterator<Item = &Path> {
        self.source.pieces().skip(1).map(|piece| Path::new(piece.name))
    }

    /// All cases of this spec: itself, or one for each choice of values where it has lists.
    pub fn cells(self) -> Vec<Case> {
        let cells = self.spec.as_ref().map(Spec::cells).unwrap_or_default();
        let broken = self.spec.as_ref().is_ok_and(|spec| spec.problems.has_errors());
        if broken || cells.iter().all(|cell| cell.values.is_empty()) {
            return vec![self];
        }
        let case = |cell: Cell| Case { id: format!("{}{CELL}{cell}", self.id), cell, ..self.clone() };
        cells.into_iter().map(case).collect()
    }
}

impl Case {
    /// A case of a text that stands in no file: paths in it are relative to the current folder.
    pub fn of_text(name: &str, text: String) -> Case {
        let source = Arc::new(Source::new(name, text));
        let spec = spec::parse(&source);
        Case { id: name.to_owned(), file: SpecFile::Stdin, cell: Cell::default(), source, spec }
    }
}

/// The file of a word such as `x.toml::error=EIO`, and the word itself, which is the id of one of its cases.
pub fn cell_word(word: &str) -> Option<(&str, &str)> {
    if Path::new(word).exists() {
        return None;
    }
    // Values of cells may have it in them, too.
    let ends = word.match_indices(CELL).map(|(at, _)| &word[..at]);
    ends.filter(|path| Path::new(path).is_file()).map(|path| (path, word)).next()
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    let data = fs::metadata(path).map_err(|error| plain(&error))?;
    if data.is_dir() {
        return Err("it is a directory".to_owned());
    }
    if !data.is_file() {
        return Err("it is not a regular file".to_owned());
    }
    if data.len() > LONGEST {
        return Err(format!("it is {} MiB long; a spec is at most {} MiB", data.len() >> 20, LONGEST >> 20));
    }
    fs::read(path).map_err(|error| plain(&error))
}

/// The system's words without its number.
fn plain(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "no such file or directory".to_owned(),
        io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        _ => error.to_string(),
    }
}

/// All of standard input, up to the longest a spec may be.
pub fn read_stdin() -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    io::stdin().lock().take(LONGEST + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LONGEST {
        return Err(io::Error::other(format!("it is longer than {} MiB", LONGEST >> 20)));
    }
    Ok(bytes)
}
