//! Why a case could not be set up.

use std::fmt;
use std::io;
use std::path::PathBuf;

use crate::diagnostic::Span;

/// Why a case could not be set up; each is the operator's or the author's to mend, not a test failure.
#[derive(Debug)]
pub enum SetupError {
    /// Something could not be done to a file or folder.
    File {
        /// What was tried.
        what: &'static str,
        /// On which path.
        path: PathBuf,
        /// Where the path stands in the spec, if it does.
        span: Option<Span>,
        /// The system's answer.
        error: io::Error,
    },
    /// The target's program was not found.
    NotFound {
        /// As it was written.
        program: String,
        /// Where it was looked for.
        looked: String,
        /// Where it stands in the spec.
        span: Span,
    },
    /// The target's program is there but cannot be executed.
    NotExecutable {
        /// Its path.
        path: PathBuf,
        /// Why.
        why: String,
        /// Where it stands in the spec.
        span: Span,
    },
    /// A `[[setup]]` command failed.
    Command {
        /// The command.
        command: String,
        /// How.
        how: String,
        /// The last lines of what it printed.
        output: String,
        /// Where it stands in the spec.
        span: Span,
    },
    /// A string that goes to the kernel holds a zero byte.
    ZeroByte {
        /// What it is: an argument, a variable of the environment.
        what: String,
    },
}

impl SetupError {
    /// Where the cause stands in the spec.
    pub fn span(&self) -> Option<Span> {
        match self {
            SetupError::File { span, .. } => *span,
            SetupError::NotFound { span, .. }
            | SetupError::NotExecutable { span, .. }
            | SetupError::Command { span, .. } => Some(*span),
            SetupError::ZeroByte { .. } => None,
        }
    }

    /// How to mend it.
    pub fn help(&self) -> Option<String> {
        match self {
            SetupError::NotFound { program, .. } if program.contains('/') => {
                Some("a program with a slash is relative to the spec file; is it built?".to_owned())
            }
            SetupError::NotFound { program, .. } => Some(format!(
                "install it, write its path, or skip the spec where it is missing with `requires = [\"program:{program}\"]`"
            )),
            SetupError::NotExecutable { .. } => {
                Some("a target is an executable file or a script with `#!`".to_owned())
            }
            SetupError::File { .. } | SetupError::Command { .. } | SetupError::ZeroByte { .. } => None,
        }
    }
}

impl fmt::Display for SetupError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SetupError::File { what, path, error, .. } => write!(f, "cannot {what} `{}`: {error}", path.display()),
            SetupError::NotFound { program, looked, .. } => {
                write!(f, "target program `{program}` not found (looked in {looked})")
            }
            SetupError::NotExecutable { path, why, .. } => {
                write!(f, "target program `{}` cannot be executed: {why}", path.display())
            }
            SetupError::Command { command, how, output, .. } => {
                write!(f, "setup command `{command}` {how}")?;
                if output.is_empty() { Ok(()) } else { write!(f, "; it printed:\n{output}") }
            }
            SetupError::ZeroByte { what } => write!(f, "{what} holds a zero byte, which the kernel cannot take"),
        }
    }
}

impl std::error::Error for SetupError {}
