//! The target made ready to be executed: program found, streams opened, limits set.

use std::ffi::{CString, OsStr, OsString};
use std::fs;
use std::fs::File;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use nix::sys::resource::{Resource, getrlimit};

use super::SetupError;
use super::folder::failed;
use super::streams::{self, Captured, Drain};
use crate::abi::bpf::BpfInsn;
use crate::plan::{Input, Limits, Plan, Target};
use crate::sys::{ChildPlan, Keyboard, Terminal};

/// The stack a program gets, whatever the host's limit: where it lies depends on it.
const STACK: u64 = 8 << 20;
/// The number of descriptors a program may open, whatever the host's limit.
const NOFILE: u64 = 1024;

/// A target ready to be executed, and where its outputs go.
#[derive(Debug)]
pub struct Launch {
    /// For the fork.
    pub child: ChildPlan,
    stdout: Captured,
    stderr: Captured,
    screen: Option<Drain>,
    keyboard: Option<Keyboard>,
    limit: u64,
}

impl Launch {
    /// Makes the target of `plan` ready; `filter` is the seccomp filter it will carry, `terminal` where streams are
    /// that the plan puts on one.
    pub fn new(
        plan: &Plan,
        spec_dir: &Path,
        filter: Vec<BpfInsn>,
        terminal: Option<&Terminal>,
    ) -> Result<Launch, SetupError> {
        let target = &plan.target;
        let program = resolve(target, spec_dir)?;
        let limit = target.limits.most_output();
        let stream = |what: &'static str, error: io::Error| failed("open", Path::new(what), error);
        let stdin = streams::input(&target.stdin, terminal).map_err(|error| match &target.stdin {
            Input::File(path) => failed("open the file for stdin,", path, error),
            Input::Null | Input::Text(_) | Input::Terminal(_) | Input::Inherit => stream("stdin", error),
        })?;
        let (out, stdout) = streams::output(&target.stdout, 1, &target.cwd, limit, terminal)
            .map_err(|error| stream("stdout", error))?;
        let (err, stderr) = streams::output(&target.stderr, 2, &target.cwd, limit, terminal)
            .map_err(|error| stream("stderr", error))?;
        let on_terminal = |error: io::Error| stream("the terminal", error);
        let screen =
            terminal.map(|terminal| Drain::start(terminal.screen()?, limit)).transpose().map_err(on_terminal)?;
        let keyboard = match (&target.stdin, terminal) {
            (Input::Terminal(text), Some(terminal)) if !text.is_empty() => {
                Some(terminal.keyboard(text).map_err(on_terminal)?)
            }
            _ => None,
        };
        let child = ChildPlan {
            program: c_string("the program's path", program.as_os_str().as_bytes())?,
            argv: c_strings("an argument", target.argv.iter().cloned())?,
            env: c_strings("the environment", variables(&target.env))?,
            cwd: c_string("the working directory", target.cwd.as_os_str().as_bytes())?,
            stdio: [stdin, out, err],
            terminal: terminal.map(Terminal::slave).transpose().map_err(on_terminal)?,
            limits: limits(&target.limits, target.inherits),
            filter,
            aslr: target.aslr,
            traps_counter: plan.fixed.clock.is_some(),
            own_pids: plan.fixed.own_pids,
            inherits: target.inherits,
        };
        Ok(Launch { child, stdout, stderr, screen, keyboard, limit })
    }

    /// Files that grow with what the target prints.
    pub fn watched(&self) -> Vec<File> {
        [&self.stdout, &self.stderr].into_iter().filter_map(Captured::watched).collect()
    }

    /// How much has come out of pipes and the terminal.
    pub fn drained(&self) -> Vec<Arc<AtomicU64>> {
        let pipes = [&self.stdout, &self.stderr].into_iter().filter_map(Captured::drained);
        pipes.chain(self.screen.as_ref().map(Drain::drained)).collect()
    }

    /// Where the terminal's input is typed; once.
    pub fn keyboard(&mut self) -> Option<Keyboard> {
        self.keyboard.take()
    }

    /// What the target printed on standard output and error; of each that is on the terminal, all that is there. Closes
    /// its ends of both.
    pub fn outputs(self) -> Result<(Vec<u8>, Vec<u8>), SetupError> {
        drop((self.child, self.keyboard));
        let shown = self.screen.map(Drain::content).unwrap_or_default();
        let read = |what: &'static str, captured: Captured| {
            captured.content(self.limit, &shown).map_err(|error| failed("read", Path::new(what), error))
        };
        Ok((read("stdout", self.stdout)?, read("stderr", self.stderr)?))
    }
}

/// The terminal of a target that has one.
pub fn terminal(target: &Target) -> Result<Option<Terminal>, SetupError> {
    let opened = target.has_terminal().then(Terminal::open).transpose();
    opened.map_err(|error| failed("open", Path::new("a terminal (/dev/ptmx)"), error))
}

/// The file a program's name stands for: with a slash as it is, else looked up in PATH.
pub(super) fn find_program(program: &str, env: &[(OsString, OsString)]) -> Option<PathBuf> {
    if program.contains('/') {
        return Some(PathBuf::from(program));
    }
    let (_, path) = env.iter().find(|(name, _)| name == "PATH")?;
    std::env::split_paths(path).map(|folder| folder.join(program)).find(|candidate| is_executable(candidate))
}

fn is_executable(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|data| data.is_file() && data.permissions().mode() & 0o111 != 0)
}

fn resolve(target: &Target, spec_dir: &Path) -> Result<PathBuf, SetupError> {
    let span = target.program_span;
    let path_variable = target.env.iter().find(|(name, _)| name == "PATH").map(|(_, value)| value.to_string_lossy());
    let path_variable = path_variable.as_deref().unwrap_or("an empty PATH");
    let not_found =
        |looked: &str| SetupError::NotFound { program: target.program.clone(), looked: looked.to_owned(), span };
    if target.program.is_empty() {
        return Err(not_found("nothing: it is empty"));
    }
    let Some(path) = find_program(&target.program, &target.env) else { return Err(not_found(path_variable)) };
    let path = spec_dir.join(path);
    let data = match fs::metadata(&path) {
        Ok(data) => data,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(not_found(&path.display().to_string()));
        }
        Err(error) => return Err(SetupError::NotExecutable { path, why: error.to_string(), span }),
    };
    let why = if data.is_dir() {
        "it is a directory"
    } else if !data.is_file() {
        "it is not a regular file"
    } else if data.permissions().mode() & 0o111 == 0 {
        "it has no execute permission"
    } else {
        return Ok(path);
    };
    Err(SetupError::NotExecutable { path, why: why.to_owned(), span })
}

fn limits(limits: &Limits, inherits: bool) -> Vec<(u32, u64)> {
    // A hard limit of the host that is lower stays: raising it needs a privilege.
    let capped = |resource: Resource, wanted: u64| {
        let hard = getrlimit(resource).map_or(u64::MAX, |(_, hard)| hard);
        (resource as u32, wanted.min(hard))
    };
    let fixed = |default: u64| (!inherits).then_some(default);
    let wanted = [
        (Resource::RLIMIT_CORE, limits.core.or(fixed(0))),
        (Resource::RLIMIT_STACK, fixed(STACK)),
        (Resource::RLIMIT_NOFILE, limits.nofile.or(fixed(NOFILE))),
        (Resource::RLIMIT_FSIZE, limits.fsize),
        (Resource::RLIMIT_AS, limits.address_space),
    ];
    wanted.into_iter().filter_map(|(resource, wanted)| Some(capped(resource, wanted?))).collect()
}

fn c_string(what: &str, bytes: &[u8]) -> Result<CString, SetupError> {
    CString::new(bytes).map_err(|_| SetupError::ZeroByte { what: what.to_owned() })
}

fn variables(env: &[(OsString, OsString)]) -> impl Iterator<Item = OsString> {
    env.iter().map(|(name, value)| [name.as_os_str(), value].join(OsStr::new("=")))
}

fn c_strings(what: &str, strings: impl Iterator<Item = impl Into<OsString>>) -> Result<Vec<CString>, SetupError> {
    strings.map(|string| c_string(what, string.into().as_bytes())).collect()
}
