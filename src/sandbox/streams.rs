//! The target's standard streams.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;
use std::thread::JoinHandle;

use nix::fcntl::{FcntlArg, OFlag, fcntl};

use crate::plan::{Input, Output};

/// Where what the target prints ends up.
#[derive(Debug)]
pub(super) enum Captured {
    /// In a file.
    File(File),
    /// In a pipe that a thread drains.
    Pipe(JoinHandle<Vec<u8>>),
    /// Nowhere that rinject sees.
    Elsewhere,
}

impl Captured {
    /// What was printed; at most `limit` bytes of it.
    pub(super) fn content(self, limit: u64) -> io::Result<Vec<u8>> {
        match self {
            Captured::File(mut file) => {
                let mut bytes = Vec::new();
                file.rewind()?;
                file.take(limit).read_to_end(&mut bytes)?;
                Ok(bytes)
            }
            Captured::Pipe(thread) => Ok(thread.join().unwrap_or_default()),
            Captured::Elsewhere => Ok(Vec::new()),
        }
    }

    /// A second handle on the file, for whoever watches its length.
    pub(super) fn watched(&self) -> Option<File> {
        match self {
            Captured::File(file) => file.try_clone().ok(),
            Captured::Pipe(_) | Captured::Elsewhere => None,
        }
    }
}

/// Opens standard input.
pub(super) fn input(input: &Input) -> io::Result<OwnedFd> {
    Ok(match input {
        Input::Null => File::open("/dev/null")?.into(),
        Input::File(path) => File::open(path)?.into(),
        Input::Inherit => io::stdin().as_fd().try_clone_to_owned()?,
        Input::Text(text) => {
            let mut file = tempfile::tempfile_in("/tmp")?;
            file.write_all(text.as_bytes())?;
            file.rewind()?;
            file.into()
        }
    })
}

/// Opens standard output (1) or error (2).
pub(super) fn output(output: &Output, number: i32, cwd: &Path, limit: u64) -> io::Result<(OwnedFd, Captured)> {
    Ok(match output {
        Output::Null => (OpenOptions::new().write(true).open("/dev/null")?.into(), Captured::Elsewhere),
        Output::Inherit if number == 1 => (io::stdout().as_fd().try_clone_to_owned()?, Captured::Elsewhere),
        Output::Inherit => (io::stderr().as_fd().try_clone_to_owned()?, Captured::Elsewhere),
        Output::Path(path) => {
            let file = OpenOptions::new().read(true).append(true).create(true).open(cwd.join(path))?;
            file.set_len(0)?;
            (file.try_clone()?.into(), Captured::File(file))
        }
        Output::File => {
            let file = tempfile::tempfile_in("/tmp")?;
            fcntl(&file, FcntlArg::F_SETFL(OFlag::O_APPEND)).map_err(io::Error::from)?;
            (file.try_clone()?.into(), Captured::File(file))
        }
        Output::Pipe => {
            let (mut reader, writer) = io::pipe()?;
            let thread = std::thread::Builder::new().name("rinject-drain".into()).spawn(move || {
                let mut kept = Vec::new();
                // A pipe that cannot be read any more has been read as far as it goes.
                let _ = (&mut reader).take(limit).read_to_end(&mut kept);
                let _ = io::copy(&mut reader, &mut io::sink());
                kept
            })?;
            (writer.into(), Captured::Pipe(thread))
        }
    })
}
