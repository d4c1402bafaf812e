//! Measures rinject beside a bare ptrace loop, strace and gdb, interleaved in one run: ratios of medians.
//! Times are of this machine and drift; nothing asserts them.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::project;

/// One way of doing the work of a row.
struct Way {
    name: &'static str,
    words: Vec<String>,
    /// On one processor, tracer and tracee both.
    pinned: bool,
}

/// One row: the same work done in several ways; the first is what the others are divided into.
struct Row {
    work: String,
    /// How often the work is done in one run, for the time of one.
    count: u64,
    ways: Vec<Way>,
}

/// Measures the rows whose work contains one of `wanted` (all, without any), `rounds` times each, and prints the table.
pub fn run(rounds: usize, wanted: &[String]) -> Result<(), String> {
    let bin = project::fixtures()?;
    let rinject = project::rinject()?;
    let folder = tempfile::tempdir().map_err(|error| format!("cannot make a folder: {error}"))?;
    let all = rows(&bin, &rinject, folder.path())?;
    let works: Vec<&str> = all.iter().map(|row| row.work.as_str()).collect();
    if let Some(word) = wanted.iter().find(|word| !works.iter().any(|work| work.contains(word.as_str()))) {
        return Err(format!("no row is about `{word}`; the rows: {}", works.join(", ")));
    }
    println!("| work | way | median of {rounds} | each | times the first |\n|---|---|---|---|---|");
    for row in
        all.iter().filter(|row| wanted.is_empty() || wanted.iter().any(|word| row.work.contains(word.as_str())))
    {
        let mut times: Vec<Vec<Duration>> = vec![Vec::new(); row.ways.len()];
        for _ in 0..rounds.max(1) {
            for (way, times) in row.ways.iter().zip(&mut times) {
                times.push(measure(way)?);
            }
        }
        let medians: Vec<Duration> = times.iter_mut().map(|times| median(times)).collect();
        for (way, median) in row.ways.iter().zip(&medians) {
            let each = median.as_nanos() / u128::from(row.count);
            let ratio = median.as_secs_f64() / medians[0].as_secs_f64();
            println!("| {} | {} | {median:.1?} | {each} ns | {ratio:.2} |", row.work, way.name);
        }
    }
    Ok(())
}

fn rows(bin: &Path, rinject: &Path, folder: &Path) -> Result<Vec<Row>, String> {
    let word = |path: &Path| path.to_string_lossy().into_owned();
    let (calls, bare) = (word(&bin.join("make-calls")), word(&bin.join("bare-loop")));
    let spec = |name: &str, text: String| -> Result<Vec<String>, String> {
        let path = folder.join(format!("{name}.toml"));
        std::fs::write(&path, text).map_err(|error| format!("cannot write {}: {error}", path.display()))?;
        Ok(vec![word(rinject), "run".into(), "--quiet".into(), word(&path)])
    };
    let target = |kind: &str, count: u64| {
        format!(
            "spec = 1\nsnapshot = {{ transcript = false }}\n\
             target = {{ program = \"{calls}\", args = [\"{kind}\", \"{count}\"], timeout = \"10m\" }}\n"
        )
    };
    let run = |program: &str, args: &[&str]| {
        format!(
            "spec = 1\nsnapshot = {{ transcript = false }}\n\
             target = {{ program = \"{program}\", args = {args:?}, timeout = \"10m\" }}\n"
        )
    };
    let (functions, signals) = (word(&bin.join("call-functions")), word(&bin.join("count-signals")));
    let words = |all: &[&str]| all.iter().map(|word| (*word).to_owned()).collect::<Vec<String>>();
    let strace = |option: &str, kind: &str, count: &str| {
        words(&["strace", "-f", "-o", "/dev/null", "-e", option, &calls, kind, count])
    };
    let strace_filter = |option: &str, kind: &str, count: &str| {
        words(&["strace", "-f", "--seccomp-bpf", "-o", "/dev/null", "-e", option, &calls, kind, count])
    };
    let way = |name, words| Way { name, words, pinned: false };
    let pinned = |name, words| Way { name, words, pinned: true };
    const STOPS: u64 = 100_000;
    const FREE: u64 = 10_000_000;
    const SHARED: u64 = 200_000;
    const SIGNALS: u64 = 1_000_000;
    let many = SIGNALS.to_string();
    let gdb = |hits: &str| {
        words(&[
            "gdb",
            "-q",
            "-batch",
            "-ex",
            "break bump",
            "-ex",
            "ignore 1 1000000000",
            "-ex",
            "run",
            "--args",
            &functions,
            "loop",
            hits,
        ])
    };
    let tasks = word(&bin.join("many-tasks"));
    let crowd = |kind: &str, number: u64, schedule: &str| {
        let name = format!("{kind}-{number}-{schedule}");
        let text = run(&tasks, &[kind, &number.to_string(), &SHARED.to_string()]);
        let text = text.replace("timeout", "limits = { tasks = 2000 }, timeout");
        spec(
            &name,
            format!(
                "{text}determinism = {{ schedule = \"{schedule}\" }}\ntrace = {{ syscalls = [\"access\", \"write\"] }}\n"
            ),
        )
    };
    let (stops, free) = (STOPS.to_string(), FREE.to_string());
    let inject = "inject=access:error=EIO";
    let mut turns = Vec::new();
    for number in [1, 4, 16, 64] {
        turns.push(Row {
            work: format!("a recorded call of {number} threads, in turn"),
            count: SHARED,
            ways: vec![
                way("free", crowd("threads", number, "free")?),
                way("serial", crowd("threads", number, "serial")?),
                way("alone", words(&[&tasks, "threads", &number.to_string(), &SHARED.to_string()])),
            ],
        });
    }
    let rows = vec![
        Row {
            work: "an injected errno".to_owned(),
            count: STOPS,
            ways: vec![
                way("bare loop", words(&[&bare, "inject", &calls, "access", &stops])),
                way("rinject", spec("inject", target("access", STOPS) + "inject = [{ on = \"access\", error = \"EIO\" }]\n")?),
                pinned("strace pinned", strace_filter(inject, "access", &stops)),
                way("strace", strace(inject, "access", &stops)),
            ],
        },
        Row {
            work: "a recorded call with one string".to_owned(),
            count: STOPS,
            ways: vec![
                way("bare loop", words(&[&bare, "record", &calls, "access", &stops])),
                way("rinject", spec("record", target("access", STOPS) + "trace = { syscalls = [\"access\"] }\n")?),
                pinned("strace pinned", strace_filter("trace=access", "access", &stops)),
                way("strace", strace("trace=access", "access", &stops)),
            ],
        },
        Row {
            work: "a recorded call of one in a thousand".to_owned(),
            count: SHARED,
            ways: vec![
                way("one task", spec("alone", target("access", SHARED) + "trace = { syscalls = [\"access\"] }\n")?),
                way("1,000 threads", crowd("threads", 1000, "serial")?),
                way("1,000 processes", crowd("processes", 1000, "serial")?),
                way("1,000 threads, free", crowd("threads", 1000, "free")?),
                way("1,000 processes, free", crowd("processes", 1000, "free")?),
            ],
        },
        Row {
            work: "a recorded write beside many that sleep".to_owned(),
            count: SHARED,
            ways: vec![
                way("alone", crowd("beside", 0, "serial")?),
                way("beside 1 thread", crowd("beside", 1, "serial")?),
                way("beside 1,000 threads", crowd("beside", 1000, "serial")?),
            ],
        },
        Row {
            work: "a call nobody selected".to_owned(),
            count: FREE,
            ways: vec![
                way("bare filter", words(&[&bare, "filter", &calls, "getppid", &free])),
                way(
                    "rinject",
                    spec("free", target("getppid", FREE) + "inject = [{ on = \"access\", error = \"EIO\" }]\n")?,
                ),
                way("alone", words(&[&calls, "getppid", &free])),
            ],
        },
        Row {
            work: "a breakpoint hit".to_owned(),
            count: STOPS,
            ways: vec![
                pinned("gdb pinned", gdb(&stops)),
                way("gdb", gdb(&stops)),
                way("rinject", spec("hit", run(&functions, &["loop", &stops]) + "inject = [{ at = \"bump\", quiet = true }]\n")?),
            ],
        },
        Row {
            work: "a handled signal that is not selected".to_owned(),
            count: SIGNALS,
            ways: vec![
                pinned("strace pinned", words(&["strace", "-f", "-o", "/dev/null", "-e", "trace=none", "-e", "signal=none", &signals, &many])),
                way("strace", words(&["strace", "-f", "-o", "/dev/null", "-e", "trace=none", "-e", "signal=none", &signals, &many])),
                way("rinject", spec("signal", run(&signals, &[&many]) + "trace = { signals = [\"all\", \"!SIGUSR1\"], syscalls = [\"exit_group\"] }\n")?),
                way("alone", words(&[&signals, &many])),
            ],
        },
        Row {
            work: "start to end of /bin/true".to_owned(),
            count: 1,
            ways: vec![
                way("alone", words(&["/bin/true"])),
                way(
                    "rinject",
                    spec("true", "spec = 1\nsnapshot = { transcript = false }\ntarget = { program = \"/bin/true\" }\ninject = [{ on = \"exit_group\", error = \"EIO\", unfaithful = true }]\nexpect = { exit = \"any\" }\n".to_owned())?,
                ),
                way("strace", words(&["strace", "-f", "-o", "/dev/null", "-e", "inject=exit_group:error=EIO", "/bin/true"])),
            ],
        },
    ];
    Ok(rows.into_iter().chain(turns).collect())
}

fn measure(way: &Way) -> Result<Duration, String> {
    let (program, words) = way.words.split_first().ok_or("a way without a command")?;
    let program: PathBuf = program.into();
    let mut command = if way.pinned {
        let mut command = Command::new("taskset");
        command.args(["-c", "0"]).arg(program);
        command
    } else {
        Command::new(program)
    };
    command.args(words).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let begun = Instant::now();
    let output = command.output().map_err(|error| format!("cannot run {:?}: {error}", way.words))?;
    let took = begun.elapsed();
    if !output.status.success() {
        let said = [&output.stdout[..], &output.stderr[..]].concat();
        return Err(format!("{:?} failed:\n{}", way.words, String::from_utf8_lossy(&said)));
    }
    Ok(took)
}

fn median(times: &mut [Duration]) -> Duration {
    times.sort();
    times[times.len() / 2]
}
