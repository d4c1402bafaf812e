//! One way of doing the work of a row, and what it takes.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::{TimeVal, TimeValLike};

/// A command that does the work of its row, or a known part of it.
pub struct Way {
    pub name: &'static str,
    words: Vec<String>,
    /// How often it does what the row is about; what it takes is divided by that.
    pub count: u64,
    /// On one processor, with all its children.
    is_pinned: bool,
    /// It is on one processor by itself, and one of its tasks always runs.
    is_single: bool,
    /// Made before it, and not measured.
    before: Vec<String>,
}

/// What is measured of a command.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// The time that it takes, in seconds.
    Time,
    /// The most memory that it has at a time, without its children, in bytes.
    Memory,
}

/// What it took to do the work once.
#[derive(Clone, Copy, Default)]
pub struct Took {
    /// Seconds.
    pub time: f64,
    /// Seconds of a processor, of all processes together.
    pub processor: f64,
    /// Bytes, where that is measured.
    pub memory: f64,
}

/// How often a running command is asked for its memory. The kernel keeps the highest mark.
const LOOK: Duration = Duration::from_millis(2);

impl Way {
    /// A command that does the work so many times.
    pub fn new(name: &'static str, words: Vec<String>, count: u64) -> Way {
        Way { name, words, count, is_pinned: false, is_single: false, before: Vec::new() }
    }

    /// On one processor.
    pub fn pinned(mut self) -> Way {
        self.is_pinned = true;
        self
    }

    /// As the others of its row that are on one processor: what it does goes on all the time.
    pub fn single(mut self) -> Way {
        self.is_single = true;
        self
    }

    /// Whether what it takes of a processor is what it takes where nothing else runs.
    pub fn is_single(&self) -> bool {
        self.is_single || self.is_pinned
    }

    /// After a command of the shell that is not measured.
    pub fn after(mut self, shell: &str) -> Way {
        self.before = ["sh", "-c", shell].map(str::to_owned).to_vec();
        self
    }

    /// Does it once; what it took for each time that it does the work.
    pub fn measure(&self, what: What) -> Result<Took, String> {
        if !self.before.is_empty() {
            ended(&self.before, command(&self.before)?, None)?;
        }
        let pin = ["taskset", "-c", "0"].map(str::to_owned);
        let words = if self.is_pinned { [&pin[..], &self.words].concat() } else { self.words.clone() };
        let (begun, before) = (Instant::now(), processor()?);
        let mut child = command(&words)?;
        let most = if what == What::Memory { watch(&mut child)? } else { 0 };
        let time = ended(&words, child, Some(begun))? / self.count as f64;
        let processor = (processor()? - before) / self.count as f64;
        Ok(Took { time, processor, memory: most as f64 })
    }
}

/// Seconds of a processor that commands, and whoever they have waited for, have taken so far.
fn processor() -> Result<f64, String> {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).map_err(|error| format!("cannot ask for times: {error}"))?;
    let seconds = |time: TimeVal| time.num_microseconds() as f64 / 1e6;
    Ok(seconds(usage.user_time()) + seconds(usage.system_time()))
}

fn command(words: &[String]) -> Result<Child, String> {
    let (program, args) = words.split_first().ok_or("a way without a command")?;
    let mut command = Command::new(program);
    command.args(args).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().map_err(|error| format!("cannot run {words:?}: {error}"))
}

/// Waits for a command, which has to succeed; the seconds since it was begun.
fn ended(words: &[String], child: Child, begun: Option<Instant>) -> Result<f64, String> {
    let output = child.wait_with_output().map_err(|error| format!("cannot wait for {words:?}: {error}"))?;
    let took = begun.map_or(0.0, |begun| begun.elapsed().as_secs_f64());
    if output.status.success() {
        return Ok(took);
    }
    let said = [&output.stdout[..], &output.stderr[..]].concat();
    Err(format!("{words:?} failed:\n{}", String::from_utf8_lossy(&said)))
}

/// The most memory that a command has had when it ends, in bytes.
fn watch(child: &mut Child) -> Result<u64, String> {
    let status = Path::new("/proc").join(child.id().to_string()).join("status");
    let mut most = 0;
    while child.try_wait().map_err(|error| format!("cannot wait for a command: {error}"))?.is_none() {
        let text = fs::read_to_string(&status).unwrap_or_default();
        let mark =
            text.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB")?.parse().ok());
        most = most.max(mark.unwrap_or(0u64) * 1024);
        thread::sleep(LOOK);
    }
    Ok(most)
}
