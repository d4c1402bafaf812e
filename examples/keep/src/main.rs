//! `keep`, after docs/error-paths.md: what `first.rs` is, without the bugs in its error paths.
//!
//! Texts under names, in the current folder: `keep put NAME < TEXT`, `keep get NAME`, `keep list`, `keep pack`.
//! Each `put` adds a record to the log; `pack` writes the log anew, with the last text of each name.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Read, Write};
use std::process::ExitCode;

use nix::errno::Errno;
use nix::fcntl::{Flock, FlockArg};

const LOG: &str = "keep.log";
const LOCK: &str = "keep.lock";
const NEW: &str = "keep.new";

/// Bytes of the longest text.
const LONGEST: u64 = 64 * 1024;

type Texts = BTreeMap<Vec<u8>, Vec<u8>>;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let done = match words[..] {
        ["put", name] if is_name(name) => put(name),
        ["get", name] => get(name),
        ["list"] => list(),
        ["pack"] => pack(),
        _ => {
            eprintln!("usage: keep put NAME < TEXT | get NAME | list | pack");
            return ExitCode::from(2);
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("keep: {error}");
            ExitCode::FAILURE
        }
    }
}

fn is_name(word: &str) -> bool {
    !word.is_empty() && !word.contains([' ', '\n'])
}

/// Whoever holds it is alone with the store. The kernel takes it from a process that ends, however that ends.
fn lock() -> io::Result<Flock<File>> {
    let file = OpenOptions::new().create(true).truncate(false).write(true).open(LOCK).map_err(about("open", LOCK))?;
    Flock::lock(file, FlockArg::LockExclusiveNonblock).map_err(|(_, errno)| match errno {
        Errno::EWOULDBLOCK => io::Error::other("another keep is at work"),
        errno => about("lock", LOCK)(errno.into()),
    })
}

fn put(name: &str) -> io::Result<()> {
    let mut text = Vec::new();
    io::stdin().take(LONGEST + 1).read_to_end(&mut text).map_err(about("read", "the text"))?;
    if text.len() as u64 > LONGEST {
        return Err(io::Error::other(format!("the text is longer than {LONGEST} bytes")));
    }

    let _lock = lock()?;
    let end = load()?.1;
    let mut log = OpenOptions::new().create(true).append(true).open(LOG).map_err(about("open", LOG))?;
    // What a crash has left of a record would swallow the next one.
    log.set_len(end).map_err(about("cut", LOG))?;
    let kept = log
        .write_all(&record(name.as_bytes(), &text))
        .map_err(about("write", LOG))
        // Not a second time: a sync that has failed has lost data, and the next one would not say so.
        .and_then(|()| log.sync_data().map_err(about("sync", LOG)));
    if kept.is_err() {
        // Whoever is told that it is not kept shall not find it. If this fails as well the next `put` mends it.
        let _ = log.set_len(end);
    }
    kept?;
    if end == 0 { sync_folder() } else { Ok(()) }
}

fn get(name: &str) -> io::Result<()> {
    let texts = load()?.0;
    let text = texts.get(name.as_bytes()).ok_or_else(|| io::Error::other(format!("there is no `{name}`")))?;
    print(text)
}

fn list() -> io::Result<()> {
    let names: Vec<u8> = load()?.0.into_keys().flat_map(|name| [name, b"\n".to_vec()].concat()).collect();
    print(&names)
}

fn pack() -> io::Result<()> {
    let _lock = lock()?;
    let texts = load()?.0;
    let packed = write_new(&texts).and_then(|()| fs::rename(NEW, LOG).map_err(about("replace", LOG)));
    if packed.is_err() {
        // It may not even be there.
        let _ = fs::remove_file(NEW);
    }
    packed?;
    sync_folder()
}

/// All of it is on the disk when this returns.
fn write_new(texts: &Texts) -> io::Result<()> {
    let mut new = BufWriter::new(File::create(NEW).map_err(about("make", NEW))?);
    for (name, text) in texts {
        new.write_all(&record(name, text)).map_err(about("write", NEW))?;
    }
    let new = new.into_inner().map_err(|error| about("write", NEW)(error.into_error()))?;
    new.sync_data().map_err(about("sync", NEW))
}

/// A new name is on the disk only when its folder is.
fn sync_folder() -> io::Result<()> {
    File::open(".").and_then(|folder| folder.sync_all()).map_err(about("sync", "the folder"))
}

/// To the last byte: what is dropped at the end of `main` could fail unseen.
fn print(bytes: &[u8]) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(bytes).and_then(|()| out.flush()).map_err(about("write", "standard output"))
}

/// The last text of each name, and where the last whole record ends.
fn load() -> io::Result<(Texts, u64)> {
    let log = match fs::read(LOG) {
        // Before the first `put`. Of a log that is there and cannot be read nothing is known.
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        log => log.map_err(about("read", LOG))?,
    };
    let mut texts = Texts::new();
    let mut at = 0;
    while at < log.len() {
        match entry(&log[at..]) {
            Entry::Whole { name, text, length } => {
                texts.insert(name.to_vec(), text.to_vec());
                at += length;
            }
            Entry::Torn => break,
            Entry::Damaged => return Err(io::Error::other(format!("{LOG} is damaged at byte {at}"))),
        }
    }
    Ok((texts, at as u64))
}

/// `name length`, a line end, the text, a line end.
fn record(name: &[u8], text: &[u8]) -> Vec<u8> {
    [name, format!(" {}\n", text.len()).as_bytes(), text, b"\n"].concat()
}

/// What a log begins with.
enum Entry<'l> {
    Whole {
        name: &'l [u8],
        text: &'l [u8],
        length: usize,
    },
    /// The log ends within the record, as after a crash.
    Torn,
    Damaged,
}

fn entry(log: &[u8]) -> Entry<'_> {
    let Some(head) = log.iter().position(|byte| *byte == b'\n') else { return Entry::Torn };
    let number = |digits| std::str::from_utf8(digits).ok()?.parse::<usize>().ok();
    let space = log[..head].iter().position(|byte| *byte == b' ');
    let Some((space, length)) = space.and_then(|space| Some((space, number(&log[space + 1..head])?))) else {
        return Entry::Damaged;
    };
    let body = &log[head + 1..];
    match (body.get(..length), body.get(length)) {
        (Some(text), Some(b'\n')) => Entry::Whole { name: &log[..space], text, length: head + 1 + length + 1 },
        (Some(_), Some(_)) => Entry::Damaged,
        _ => Entry::Torn,
    }
}

/// Says what could not be done.
fn about(what: &str, to: &str) -> impl Fn(io::Error) -> io::Error {
    move |error| io::Error::new(error.kind(), format!("cannot {what} {to}: {error}"))
}
