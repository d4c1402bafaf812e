//! The target's standard streams.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::JoinHandle;

use nix::fcntl::{FcntlArg, OFlag, fcntl};

use crate::plan::{Input, Output};
use crate::sys::{self, Terminal};

/// The largest file that is in memory: what a target may print where nothing else is said.
const IN_MEMORY: u64 = 64 << 20;

/// Where what the target prints ends up.
#[derive(Debug)]
pub(super) enum Captured {
    /// In a file.
    File(File),
    /// In a pipe that a thread drains.
    Pipe(Drain),
    /// On the terminal.
    Terminal,
    /// Nowhere that rinject sees.
    Elsewhere,
}

impl Captured {
    /// What was printed; at most `limit` bytes of it. What is on the terminal is `shown`.
    pub(super) fn content(self, limit: u64, shown: &[u8]) -> io::Result<Vec<u8>> {
        match self {
            Captured::File(mut file) => {
                let mut bytes = Vec::new();
                file.rewind()?;
                file.take(limit).read_to_end(&mut bytes)?;
                Ok(bytes)
            }
            Captured::Pipe(drain) => Ok(drain.content()),
            Captured::Terminal => Ok(shown.to_vec()),
            Captured::Elsewhere => Ok(Vec::new()),
        }
    }

    /// A second handle on the file, for whoever watches its length.
    pub(super) fn watched(&self) -> Option<File> {
        match self {
            Captured::File(file) => file.try_clone().ok(),
            Captured::Pipe(_) | Captured::Terminal | Captured::Elsewhere => None,
        }
    }

    /// How much has come out of it, for whoever watches that.
    pub(super) fn drained(&self) -> Option<Arc<AtomicU64>> {
        match self {
            Captured::Pipe(drain) => Some(drain.drained()),
            Captured::File(_) | Captured::Terminal | Captured::Elsewhere => None,
        }
    }
}

/// A thread that takes whatever comes, so that nobody has to wait for room, and keeps the beginning of it.
#[derive(Debug)]
pub(super) struct Drain {
    thread: JoinHandle<Vec<u8>>,
    drained: Arc<AtomicU64>,
}

impl Drain {
    /// Reads `from` to its end, keeping `limit` bytes.
    pub(super) fn start(from: OwnedFd, limit: u64) -> io::Result<Drain> {
        let drained = Arc::new(AtomicU64::new(0));
        let mine = drained.clone();
        let read = move || {
            let (mut from, mut kept) = (File::from(from), Vec::new());
            let mut part = vec![0; 64 << 10];
            // A terminal whose other side nobody has any more ends with EIO.
            while let Ok(length @ 1..) = from.read(&mut part) {
                let before = mine.fetch_add(length as u64, Ordering::Relaxed);
                let room = limit.saturating_sub(before).min(length as u64) as usize;
                kept.extend_from_slice(&part[..room]);
            }
            kept
        };
        let thread = std::thread::Builder::new().name("rinject-drain".into()).spawn(read)?;
        Ok(Drain { thread, drained })
    }

    /// How much has come so far.
    pub(super) fn drained(&self) -> Arc<AtomicU64> {
        self.drained.clone()
    }

    /// What was kept, once all have closed their side.
    pub(super) fn content(self) -> Vec<u8> {
        self.thread.join().unwrap_or_default()
    }
}

/// Opens standard input.
pub(super) fn input(input: &Input, terminal: Option<&Terminal>) -> io::Result<OwnedFd> {
    Ok(match input {
        Input::Null => File::open("/dev/null")?.into(),
        Input::File(path) => File::open(path)?.into(),
        Input::Inherit => io::stdin().as_fd().try_clone_to_owned()?,
        Input::Terminal(_) => slave(terminal)?,
        Input::Text(text) => {
            let mut file = nameless(text.len() as u64)?;
            file.write_all(text.as_bytes())?;
            file.rewind()?;
            file.into()
        }
    })
}

/// Opens standard output (1) or error (2).
pub(super) fn output(
    output: &Output,
    number: i32,
    cwd: &Path,
    limit: u64,
    terminal: Option<&Terminal>,
) -> io::Result<(OwnedFd, Captured)> {
    Ok(match output {
        Output::Null => (OpenOptions::new().write(true).open("/dev/null")?.into(), Captured::Elsewhere),
        Output::Inherit if number == 1 => (io::stdout().as_fd().try_clone_to_owned()?, Captured::Elsewhere),
        Output::Inherit => (io::stderr().as_fd().try_clone_to_owned()?, Captured::Elsewhere),
        Output::Terminal => (slave(terminal)?, Captured::Terminal),
        Output::Path(path) => {
            let file = OpenOptions::new().read(true).append(true).create(true).open(cwd.join(path))?;
            file.set_len(0)?;
            (file.try_clone()?.into(), Captured::File(file))
        }
        Output::File => {
            let file = nameless(limit)?;
            fcntl(&file, FcntlArg::F_SETFL(OFlag::O_APPEND)).map_err(io::Error::from)?;
            (file.try_clone()?.into(), Captured::File(file))
        }
        Output::Pipe => {
            let (reader, writer) = io::pipe()?;
            (writer.into(), Captured::Pipe(Drain::start(reader.into(), limit)?))
        }
    })
}

/// A file of at most `most` bytes that has no name and goes when it is closed.
fn nameless(most: u64) -> io::Result<File> {
    if most > IN_MEMORY { tempfile::tempfile_in("/tmp") } else { sys::memory_file() }
}

fn slave(terminal: Option<&Terminal>) -> io::Result<OwnedFd> {
    terminal.ok_or_else(|| io::Error::from(io::ErrorKind::NotConnected))?.slave()
}
