//! `keep` as it was first written. It works, on a good day; docs/error-paths.md looks at the other ones.
//!
//! Texts under names, in the current folder: `keep put NAME < TEXT`, `keep get NAME`, `keep list`, `keep pack`.
//! Each `put` adds a record to the log; `pack` writes the log anew, with the last text of each name.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Read, Write};
use std::process::ExitCode;

const LOG: &str = "keep.log";
const LOCK: &str = "keep.lock";
const NEW: &str = "keep.new";

/// Bytes of the longest text.
const LONGEST: usize = 64 * 1024;

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

/// Whoever holds it is alone with the store.
struct Lock;

impl Lock {
    fn take() -> io::Result<Lock> {
        match File::create_new(LOCK) {
            Ok(_) => Ok(Lock),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                Err(io::Error::other("another keep is at work"))
            }
            Err(error) => Err(error),
        }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Nobody could be told.
        let _ = fs::remove_file(LOCK);
    }
}

fn put(name: &str) -> io::Result<()> {
    let mut text = vec![0; LONGEST];
    let length = io::stdin().read(&mut text)?;
    text.truncate(length);

    let _lock = Lock::take()?;
    let mut log = OpenOptions::new().create(true).append(true).open(LOG)?;
    if log.write(&record(name.as_bytes(), &text))? == 0 {
        return Err(io::ErrorKind::WriteZero.into());
    }
    // A disk that is busy gets a second chance.
    log.sync_data().or_else(|_| log.sync_data())
}

fn get(name: &str) -> io::Result<()> {
    let texts = load();
    let text = texts.get(name.as_bytes()).ok_or_else(|| io::Error::other(format!("there is no `{name}`")))?;
    print!("{}", String::from_utf8_lossy(text));
    Ok(())
}

fn list() -> io::Result<()> {
    for name in load().keys() {
        println!("{}", String::from_utf8_lossy(name));
    }
    Ok(())
}

fn pack() -> io::Result<()> {
    let _lock = Lock::take()?;
    let mut new = BufWriter::new(File::create_new(NEW)?);
    for (name, text) in load() {
        new.write_all(&record(&name, &text))?;
    }
    fs::rename(NEW, LOG)
}

/// The last text of each name. Before the first `put` there is no log, and nothing in it.
fn load() -> Texts {
    let log = fs::read(LOG).unwrap_or_default();
    let mut texts = Texts::new();
    let mut rest = &log[..];
    // A crash can leave a piece of a record at the end, which counts for nothing.
    while let Some((name, text, after)) = first_record(rest) {
        texts.insert(name.to_vec(), text.to_vec());
        rest = after;
    }
    texts
}

/// `name length`, a line end, the text, a line end.
fn record(name: &[u8], text: &[u8]) -> Vec<u8> {
    [name, format!(" {}\n", text.len()).as_bytes(), text, b"\n"].concat()
}

/// The record that `log` begins with, and what comes behind it.
fn first_record(log: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let head = log.iter().position(|byte| *byte == b'\n')?;
    let space = log[..head].iter().position(|byte| *byte == b' ')?;
    let length: usize = std::str::from_utf8(&log[space + 1..head]).ok()?.parse().ok()?;
    let body = &log[head + 1..];
    let text = body.get(..length)?;
    let after = body[length..].strip_prefix(b"\n")?;
    Some((&log[..space], text, after))
}
