//! Starting a program under trace, for tracers that rinject's own loop does not drive.

use std::ffi::{CString, OsStr, OsString};
use std::fmt;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use super::errors::SeizeError;
use super::task::{Seen, Stopped};
use crate::sys::{self, ChildPlan, ExecFailure, SpawnError, Status};

/// A program to be started, stopped at its first instruction. It inherits environment and working directory.
#[derive(Debug)]
pub struct Launch {
    program: PathBuf,
    arg0: Option<OsString>,
    args: Vec<OsString>,
    streams: [Option<OwnedFd>; 3],
    aslr: bool,
}

/// Why there is no traced program.
#[derive(Debug)]
pub enum StartError {
    /// No process could be made: fork(2), pipe(2), or a text with a zero byte in it.
    Resources(io::Error),
    /// It may not be traced.
    Untraceable(SeizeError),
    /// It could not be executed.
    NotExecuted(ExecFailure),
    /// Something killed it before its exec.
    Killed,
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StartError::Resources(error) => write!(f, "no process could be made: {error}"),
            StartError::Untraceable(error) => write!(f, "the process cannot be traced: {error}"),
            StartError::NotExecuted(failure) => {
                let (ExecFailure::Directory(errno)
                | ExecFailure::Limits(errno)
                | ExecFailure::Filter(errno)
                | ExecFailure::Exec(errno)) = failure;
                write!(f, "the program cannot be executed: {}", io::Error::from_raw_os_error(*errno))
            }
            StartError::Killed => f.write_str("the process was killed before its exec"),
        }
    }
}

impl std::error::Error for StartError {}

impl From<io::Error> for StartError {
    fn from(error: io::Error) -> StartError {
        StartError::Resources(error)
    }
}

impl Launch {
    /// The program at this path; PATH is not searched.
    pub fn new(program: impl AsRef<Path>) -> Launch {
        let program = program.as_ref().to_owned();
        Launch { program, arg0: None, args: Vec::new(), streams: [None, None, None], aslr: true }
    }

    /// What the program is told as its own name, instead of its path.
    #[must_use]
    pub fn arg0(mut self, name: impl AsRef<OsStr>) -> Launch {
        self.arg0 = Some(name.as_ref().to_owned());
        self
    }

    /// One more argument.
    #[must_use]
    pub fn arg(mut self, arg: impl AsRef<OsStr>) -> Launch {
        self.args.push(arg.as_ref().to_owned());
        self
    }

    /// Standard output, instead of this process's own.
    #[must_use]
    pub fn stdout(mut self, to: OwnedFd) -> Launch {
        self.streams[1] = Some(to);
        self
    }

    /// The same addresses every time (personality(2), ADDR_NO_RANDOMIZE).
    #[must_use]
    pub fn without_aslr(mut self) -> Launch {
        self.aslr = false;
        self
    }

    /// Starts it: stopped right after its exec, before its first instruction. It dies with the calling thread, which
    /// has to make all requests.
    ///
    /// # Errors
    /// Says at which step it failed.
    pub fn start(self) -> Result<Stopped, StartError> {
        let text = |text: OsString| CString::new(text.into_vec()).map_err(io::Error::other);
        let mut stdio = Vec::new();
        for (number, given) in self.streams.into_iter().enumerate() {
            stdio.push(given.map_or_else(|| sys::standard_stream(number as i32), Ok)?);
        }
        let program = CString::new(self.program.as_os_str().as_bytes()).map_err(io::Error::other)?;
        let arg0 = self.arg0.map_or_else(|| Ok(program.clone()), text)?;
        let args = self.args.into_iter().map(text).collect::<Result<Vec<_>, _>>()?;
        let env = std::env::vars_os().map(|(name, value)| text([name, value].join(OsStr::new("="))));
        let plan = ChildPlan {
            program,
            argv: [vec![arg0], args].concat(),
            env: env.collect::<Result<_, _>>()?,
            cwd: text(std::env::current_dir()?.into_os_string())?,
            stdio: stdio.try_into().expect("three streams"),
            terminal: None,
            limits: Vec::new(),
            filter: Vec::new(),
            aslr: self.aslr,
            traps_counter: false,
            own_pids: false,
            inherits: false,
        };
        let spawned = sys::spawn(&plan).map_err(|error| match error {
            SpawnError::Resources(error) | SpawnError::Namespace(error) => StartError::Resources(error),
            SpawnError::Seize(error) => StartError::Untraceable(error.into()),
        })?;
        let mut running = Stopped::told(spawned.task).run(None);
        loop {
            match running.wait() {
                Seen::Stopped(stopped, Status::EventStop { event: libc::PTRACE_EVENT_EXEC, .. }) => {
                    return Ok(stopped);
                }
                Seen::Stopped(stopped, _) => running = stopped.run(None),
                Seen::Running(same) => running = same,
                Seen::Ended(_) | Seen::Vanished => {
                    return Err(spawned.failure().map_or(StartError::Killed, StartError::NotExecuted));
                }
            }
        }
    }
}
