//! What to run, and its surroundings.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use crate::diagnostic::Span;

/// The program under test and its surroundings.
#[derive(Clone, Debug)]
pub struct Target {
    /// The program as it was written, after expansion; a bare name is looked up in the target's PATH.
    pub program: String,
    /// Where it stands in the spec.
    pub program_span: Span,
    /// `argv`, with `argv[0]`.
    pub argv: Vec<String>,
    /// The whole environment: what is inherited as it was, then what the spec adds, in name order.
    pub env: Vec<(OsString, OsString)>,
    /// The working directory.
    pub cwd: PathBuf,
    /// Files made in `cwd` first.
    pub files: Vec<TargetFile>,
    /// Standard input.
    pub stdin: Input,
    /// Standard output.
    pub stdout: Output,
    /// Standard error.
    pub stderr: Output,
    /// Wall-clock limit of the run.
    pub timeout: Duration,
    /// Resource limits.
    pub limits: Limits,
    /// A running process that is traced instead; what concerns the start of a program is empty then.
    pub attach: Option<Attach>,
    /// Whether session, umask, limits and ignored signals are rinject's own, not fixed ones.
    pub inherits: bool,
    /// Whether addresses are drawn anew for each run.
    pub aslr: bool,
}

impl Target {
    /// Whether a standard stream is on a terminal, which is the same one for all of them.
    pub fn has_terminal(&self) -> bool {
        let on_terminal = |output: &Output| matches!(output, Output::Terminal);
        matches!(self.stdin, Input::Terminal(_)) || on_terminal(&self.stdout) || on_terminal(&self.stderr)
    }
}

/// A running process that is traced.
#[derive(Clone, Debug)]
pub struct Attach {
    /// Its number.
    pub pid: i32,
    /// Where it stands in the spec.
    pub span: Span,
    /// How long; `None` until all that is awaited has happened.
    pub lasts: Option<Duration>,
}

impl Attach {
    /// The largest number that Linux gives to a process (proc_sys_kernel(5), `pid_max`).
    pub const MOST_PIDS: i32 = 1 << 22;
}

/// A file made before the run.
#[derive(Clone, Debug)]
pub struct TargetFile {
    /// Relative to the working directory, or absolute below `${tmp}`.
    pub path: String,
    /// Where it stands in the spec.
    pub span: Span,
    /// What is in it.
    pub content: FileContent,
    /// Permission bits; default 0644, or those of the copied file.
    pub mode: Option<u32>,
}

/// Where a file's content comes from.
#[derive(Clone, Debug)]
pub enum FileContent {
    /// From the spec.
    Text(String),
    /// Copied from this path.
    Copy(PathBuf),
}

/// Standard input.
#[derive(Clone, Debug)]
pub enum Input {
    /// `/dev/null`.
    Null,
    /// This text, from a regular file.
    Text(String),
    /// This file.
    File(PathBuf),
    /// The terminal, where this text is typed, piece by piece, whenever everybody waits.
    Terminal(String),
    /// rinject's own.
    Inherit,
}

/// Standard output or error.
#[derive(Clone, Debug)]
pub enum Output {
    /// A regular file outside the case's folder, opened with O_APPEND.
    File,
    /// A pipe that rinject drains.
    Pipe,
    /// The terminal.
    Terminal,
    /// `/dev/null`.
    Null,
    /// rinject's own.
    Inherit,
    /// This file, relative to the working directory.
    Path(PathBuf),
}

/// Resource limits; `None` leaves the default named.
#[derive(Clone, Debug, Default)]
pub struct Limits {
    /// RLIMIT_NOFILE.
    pub nofile: Option<u64>,
    /// RLIMIT_FSIZE in bytes.
    pub fsize: Option<u64>,
    /// RLIMIT_AS in bytes.
    pub address_space: Option<u64>,
    /// RLIMIT_CORE in bytes; default 0.
    pub core: Option<u64>,
    /// Live tasks of the run; default 1024. More end the run as a failure.
    pub tasks: Option<u64>,
    /// Bytes of standard output and of standard error that are kept; default 64 MiB.
    pub output: Option<u64>,
    /// Transcript lines; default 10 million. More end the run as a failure.
    pub events: Option<u64>,
}

impl Limits {
    /// Live tasks, with the default.
    pub fn most_tasks(&self) -> u64 {
        self.tasks.unwrap_or(1024)
    }

    /// Bytes of an output, with the default.
    pub fn most_output(&self) -> u64 {
        self.output.unwrap_or(64 << 20)
    }

    /// Transcript lines, with the default.
    pub fn most_events(&self) -> u64 {
        self.events.unwrap_or(10_000_000)
    }
}

/// A command run outside the trace (`[[setup]]`, `[[check]]`).
#[derive(Clone, Debug)]
pub struct Command {
    /// Program and arguments.
    pub argv: Vec<String>,
    /// Where it stands in the spec.
    pub span: Span,
    /// Wall-clock limit.
    pub timeout: Duration,
}
