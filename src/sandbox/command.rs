//! Commands that run beside the target, untraced: `[[setup]]` and `[[check]]`.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read, Seek};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use super::launch::find_program;
use crate::abi::{Ending, Signal};
use crate::plan::{Command, Target};
use crate::sys::Guard;

/// What a command came to.
#[derive(Debug)]
pub struct Ran {
    /// How it ended; `None` if its time was up.
    pub ending: Option<Ending>,
    /// Its standard output.
    pub stdout: Vec<u8>,
    /// Its standard error.
    pub stderr: Vec<u8>,
}

impl Ran {
    /// How it ended, in words.
    pub(super) fn told(&self, limit: Duration) -> String {
        match self.ending {
            Some(Ending::Exited(code)) => format!("exited {code}"),
            Some(Ending::Killed(signal)) => format!("was killed by {signal}"),
            None => format!("did not end within {limit:?}"),
        }
    }

    /// The last lines it printed.
    pub(super) fn tail(&self) -> String {
        const LINES: usize = 8;
        let text = [String::from_utf8_lossy(&self.stdout), String::from_utf8_lossy(&self.stderr)].concat();
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(LINES)..].join("\n")
    }
}

/// Runs a command in the target's surroundings, with `more` variables, and whatever it started dies with it.
pub(super) fn run(command: &Command, target: &Target, more: &[(&str, &OsStr)]) -> io::Result<Ran> {
    let (mut stdout, mut stderr) = (tempfile::tempfile_in("/tmp")?, tempfile::tempfile_in("/tmp")?);
    let Some((program, args)) = command.argv.split_first() else {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "the command is empty"));
    };
    let path = find_program(program, &target.env).unwrap_or_else(|| program.into());
    // Whoever kills rinject kills the command with it.
    let guard = Guard::new()?;
    let mut child = std::process::Command::new(path)
        .arg0(program)
        .args(args)
        .env_clear()
        .envs(target.env.iter().map(|(name, value)| (name, value)))
        .envs(more.iter().copied())
        .current_dir(&target.cwd)
        .stdin(Stdio::null())
        .stdout(stdout.try_clone()?)
        .stderr(stderr.try_clone()?)
        .process_group(guard.group())
        .spawn()?;
    let status = wait(&mut child, command.timeout, &guard)?;
    Ok(Ran { ending: status.and_then(ending), stdout: content(&mut stdout)?, stderr: content(&mut stderr)? })
}

/// Waits for the command, then kills its process group: what it started must not outlive it.
fn wait(child: &mut Child, limit: Duration, guard: &Guard) -> io::Result<Option<ExitStatus>> {
    let deadline = Instant::now() + limit;
    let mut pause = Duration::from_micros(200);
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break Some(status);
        }
        if Instant::now() >= deadline {
            break None;
        }
        std::thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(10));
    };
    guard.kill();
    if status.is_none() {
        child.wait()?;
    }
    Ok(status)
}

fn ending(status: ExitStatus) -> Option<Ending> {
    match (status.code(), status.signal()) {
        (Some(code), _) => Some(Ending::Exited(code)),
        (None, Some(signal)) => Signal::new(i64::from(signal)).map(Ending::Killed),
        (None, None) => None,
    }
}

fn content(file: &mut File) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.rewind()?;
    file.read_to_end(&mut bytes)?;
    Ok(bytes)
}
