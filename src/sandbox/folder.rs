//! The case's folder: made afresh, filled, listed, removed.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use super::SetupError;
use super::command::{self, Ran};
use super::described::{What, described};
use super::ground::{Ground, Grounds};
use super::placed::Placed;
use crate::diagnostic::visible_name;
use crate::plan::{Check, FileContent, FileExpect, Plan, TargetFile};

/// The variable by which a check finds what the target has printed on standard output.
const STDOUT: &str = "RINJECT_STDOUT";

/// A case's own folder; removed with all that is in it when dropped.
#[derive(Debug)]
pub struct Sandbox {
    ground: Ground,
    before: BTreeSet<PathBuf>,
}

/// A file left behind, as a snapshot lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftFile {
    /// Absolute path, in one line: what is no text is escaped.
    pub path: String,
    /// What it is, with length and hash for regular files.
    pub what: String,
}

/// What a target has printed, in a file that lies in no case's folder; it is there as long as this value is.
#[derive(Debug)]
pub struct Printed {
    file: PathBuf,
    _beside: Sandbox,
}

impl Printed {
    /// The file.
    pub fn path(&self) -> &OsStr {
        self.file.as_os_str()
    }

    /// The variable that names it.
    pub fn variable(&self) -> (OsString, OsString) {
        (STDOUT.into(), self.file.clone().into_os_string())
    }
}

impl Sandbox {
    /// A fresh, empty folder.
    pub fn new() -> Result<Sandbox, SetupError> {
        Ok(Sandbox { ground: Ground::new()?, before: BTreeSet::new() })
    }

    /// A folder that is as empty as a fresh one: one of `grounds`, if one is there. There it goes in the end.
    pub fn on(grounds: &Arc<Grounds>) -> Result<Sandbox, SetupError> {
        let mut sandbox = Sandbox::to_prepare(grounds)?;
        sandbox.ground.keep_placed(|_| false)?;
        Ok(sandbox)
    }

    /// The same, for whoever prepares it first: until then files may be in it that were there before the run that had it last.
    pub fn to_prepare(grounds: &Arc<Grounds>) -> Result<Sandbox, SetupError> {
        Ok(Sandbox { ground: Grounds::take(grounds)?, before: BTreeSet::new() })
    }

    /// The folder's absolute path: `${tmp}`.
    pub fn path(&self) -> &Path {
        self.ground.path()
    }

    /// When the folder was made.
    pub fn made(&self) -> SystemTime {
        self.ground.made()
    }

    /// No other run has the folder: what was not traced, or is not any more, has been here, and may go on.
    pub fn not_again(&self) {
        self.ground.not_again();
    }

    /// Makes the working directory and the files, and runs the setup commands.
    pub fn prepare(&mut self, plan: &Plan) -> Result<(), SetupError> {
        let target = &plan.target;
        let is_wanted = |placed: &Placed, file: &TargetFile| match &file.content {
            FileContent::Text(text) => placed.is(&target.cwd.join(&file.path), text, file.mode),
            FileContent::Copy(_) => false,
        };
        self.ground.keep_placed(|placed| target.files.iter().any(|file| is_wanted(placed, file)))?;
        self.make_cwd(plan)?;
        for file in &target.files {
            let path = target.cwd.join(&file.path);
            if self.ground.has_placed(&path) {
                continue;
            }
            place(file, &target.cwd)?;
            if let FileContent::Text(text) = &file.content {
                Placed::note(&path, text, file.mode).into_iter().for_each(|placed| self.ground.note_placed(placed));
            }
        }
        for command in &plan.setup {
            self.not_again();
            let ran = command::run(command, target, &[]);
            match ran {
                Ok(Ran { ending: Some(crate::abi::Ending::Exited(0)), .. }) => {}
                Ok(ran) => {
                    return Err(SetupError::Command {
                        command: command.argv.join(" "),
                        how: ran.told(command.timeout),
                        output: ran.tail(),
                        span: command.span,
                    });
                }
                Err(error) => {
                    return Err(SetupError::Command {
                        command: command.argv.join(" "),
                        how: format!("could not be run: {error}"),
                        output: String::new(),
                        span: command.span,
                    });
                }
            }
        }
        self.before = self.list();
        Ok(())
    }

    /// Runs a check command. `stdout` is what the target has printed: the check finds it in the file that [`STDOUT`] names,
    /// which lies in no case's folder.
    pub fn check(&self, check: &Check, plan: &Plan, stdout: &[u8]) -> Result<Ran, SetupError> {
        self.not_again();
        let printed = Sandbox::printed(stdout)?;
        let more = [(STDOUT, printed.path())];
        command::run(&check.command, &plan.target, &more).map_err(|error| SetupError::Command {
            command: check.command.argv.join(" "),
            how: format!("could not be run: {error}"),
            output: String::new(),
            span: check.command.span,
        })
    }

    /// What the target has printed, in a file that a check finds by the variable [`STDOUT`].
    pub fn printed(stdout: &[u8]) -> Result<Printed, SetupError> {
        let beside = Sandbox::new()?;
        let file = beside.path().join("stdout");
        fs::write(&file, stdout).map_err(|error| failed("write", &file, error))?;
        Ok(Printed { file, _beside: beside })
    }

    /// What is in the folder now and was not before the target ran, relative to it.
    pub fn leftovers(&self) -> Vec<String> {
        self.list().difference(&self.before).map(|path| visible_name(path.as_os_str())).collect()
    }

    /// The files that a snapshot lists, in path order; those that can be read.
    pub fn files(&self, globs: &[FileExpect]) -> Vec<LeftFile> {
        let wanted = |path: &str| globs.iter().any(|expect| expect.glob.matches(path));
        let all = self.list().into_iter().map(|relative| self.path().join(relative));
        let what = |path: &Path| match described(path).ok()?.0 {
            What::File { content: Err(_), .. } => None,
            what => Some(what.to_string()),
        };
        all.filter(|path| wanted(&path.to_string_lossy()))
            .filter_map(|path| Some(LeftFile { what: what(&path)?, path: visible_name(path.as_os_str()) }))
            .collect()
    }

    /// All that is in the folder, by the names in it, with its permission bits.
    pub fn described(&self) -> BTreeMap<String, (What, u32)> {
        let look = |name: PathBuf| Some((visible_name(name.as_os_str()), described(&self.path().join(name)).ok()?));
        self.list().into_iter().filter_map(look).collect()
    }

    /// The names that were in the folder before the target ran.
    pub fn names_before(&self) -> BTreeSet<String> {
        self.before.iter().map(|path| visible_name(path.as_os_str())).collect()
    }

    /// Removes all that is in the folder.
    pub fn clear(&self) -> Result<(), SetupError> {
        self.ground.clear()
    }

    /// Makes the working directory if it lies in the folder and is not there.
    pub fn make_cwd(&self, plan: &Plan) -> Result<(), SetupError> {
        let cwd = &plan.target.cwd;
        if cwd.starts_with(self.path()) {
            fs::create_dir_all(cwd).map_err(|error| failed("make the folder", cwd, error))?;
        }
        Ok(())
    }

    /// Keeps the folder when this value is gone; tells where it is.
    pub fn keep(self) -> PathBuf {
        self.ground.keep()
    }

    fn list(&self) -> BTreeSet<PathBuf> {
        let mut found = BTreeSet::new();
        let mut folders = vec![self.path().to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
                let path = entry.path();
                if let Ok(relative) = path.strip_prefix(self.path()) {
                    found.insert(relative.to_owned());
                }
                if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                    folders.push(path);
                }
            }
        }
        found
    }
}

pub(super) fn failed(what: &'static str, path: &Path, error: io::Error) -> SetupError {
    SetupError::File { what, path: path.to_owned(), span: None, error }
}

fn place(file: &TargetFile, cwd: &Path) -> Result<(), SetupError> {
    let path = cwd.join(&file.path);
    let failed =
        |what, path: &Path, error| SetupError::File { what, path: path.to_owned(), span: Some(file.span), error };
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).map_err(|error| failed("make the folder", parent, error))?;
    }
    match &file.content {
        FileContent::Text(text) => fs::write(&path, text).map_err(|error| failed("write", &path, error))?,
        FileContent::Copy(from) => {
            fs::copy(from, &path).map_err(|error| failed("copy", from, error))?;
        }
    }
    if let Some(mode) = file.mode {
        let permissions = fs::Permissions::from_mode(mode);
        fs::set_permissions(&path, permissions).map_err(|error| failed("set the mode of", &path, error))?;
    }
    Ok(())
}
