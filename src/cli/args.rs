//! The words of the command line.

use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgAction, Parser, Subcommand, ValueEnum};

use super::exec::Exec;
use super::project::Project;
use super::record::Record;
use super::sweep::Sweep;
use crate::cases::Shard;
use crate::plan;

/// Declarative fault injection for Linux programs: a TOML spec says what to run, what to break and what must happen.
#[derive(Debug, Parser)]
#[command(name = "rinject", version, max_term_width = 100)]
pub(super) struct Args {
    #[command(subcommand)]
    pub(super) command: Command,
    #[command(flatten)]
    pub(super) global: Global,
}

#[derive(Debug, clap::Args)]
pub(super) struct Global {
    /// When to use colour; NO_COLOR is honoured
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto", env = "RINJECT_COLOR")]
    pub(super) color: Color,
    /// Tell only what went wrong
    #[arg(short, long, global = true, env = "RINJECT_QUIET")]
    pub(super) quiet: bool,
    /// Show events as they happen, on standard error; -vv: every stop of a task, too. RINJECT_LOG chooses
    #[arg(short, long, global = true, action = ArgAction::Count, conflicts_with = "quiet", env = "RINJECT_VERBOSE")]
    pub(super) verbose: u8,
    /// With the settings of `[profile.NAME]` in rinject.toml
    #[arg(long, global = true, value_name = "NAME", env = "RINJECT_PROFILE")]
    pub(super) profile: Option<String>,
    /// What rinject.toml says.
    #[arg(skip)]
    pub(super) project: Project,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Color {
    Auto,
    Always,
    Never,
}

// Of a command that nobody asks for nothing is made but its name.
#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub(super) enum Command {
    /// Run specs and judge what happened
    Run(Run),
    /// Run a program with faults, ad hoc and in strace's own words; ends as the program does
    Exec(Exec),
    /// Run a program a few times and write down what was the same, as a spec with its snapshot
    Record(Record),
    /// Make each call of a program fail, one run at a time, and judge what it does then
    Sweep(Sweep),
    /// Trace a process that runs already by the rules of a spec; it goes on unharmed at the end
    Attach(Attach),
    /// Parse and resolve specs without running them
    Check(Check),
    /// List the cases
    List(Select),
    /// Explain what a spec traces and injects, how a call such as fsync fails, a ready rule such as malloc-fails, or what a
    /// code such as RJ0201 means
    Explain(Explain),
    /// Show what this machine allows, and how to allow more
    Doctor,
    /// Sweep programs with a planted mistake each, and see whether each is found on this very kernel
    Selftest,
    /// Look at snapshots that wait, one by one, and accept or reject them
    Review(Paths),
    /// Accept snapshots that wait
    Accept(Paths),
    /// Throw away snapshots that wait
    Reject(Paths),
    /// List snapshots that wait
    Pending(Paths),
    /// Join the JSON reports of shards to one report and one status
    Merge(Merge),
    /// Write a first spec and a rinject.toml
    Init(Init),
    /// Print the JSON Schema of specs, which makes an editor complete keys, calls, errnos and signals, and mark mistakes
    Schema,
    /// Print what makes a shell complete the words of rinject
    Completions(Completions),
    /// Print the manual page of rinject, or of one of its commands
    Man(Man),
}

#[derive(Debug, clap::Args)]
pub(super) struct Merge {
    /// Reports as `--report json=FILE` writes them, of `rinject run` or of `rinject sweep`; or folders with such files
    #[arg(value_name = "FILES", required = true)]
    pub(super) files: Vec<PathBuf>,
    /// How results are told on standard output [default: human; github where GITHUB_ACTIONS is true]
    #[arg(long, value_name = "FORMAT", env = "RINJECT_FORMAT")]
    pub(super) format: Option<Format>,
    /// Write a report: `json=`, `junit=` or `tap=FILE`; of sweeps `html=`, `json=`, `junit=` or `sarif=FILE`
    #[arg(long, value_name = "KIND=FILE", env = "RINJECT_REPORT", value_delimiter = ',')]
    pub(super) report: Vec<String>,
    /// Of sweeps: tell each finding in one line, and no more
    #[arg(long, env = "RINJECT_LIST")]
    pub(super) list: bool,
    /// Of sweeps: fail only for findings that this JSON report of an earlier sweep does not have
    #[arg(long, value_name = "FILE", env = "RINJECT_BASELINE_FINDINGS")]
    pub(super) baseline_findings: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
pub(super) struct Init {
    /// Where
    #[arg(value_name = "FOLDER", default_value = ".")]
    pub(super) folder: PathBuf,
}

#[derive(Debug, clap::Args)]
pub(super) struct Completions {
    /// The shell
    #[arg(value_name = "SHELL")]
    pub(super) shell: clap_complete::Shell,
}

#[derive(Debug, clap::Args)]
pub(super) struct Man {
    /// The command [default: rinject itself]
    #[arg(value_name = "COMMAND")]
    pub(super) command: Option<String>,
    /// Write all pages into this folder
    #[arg(long, value_name = "FOLDER", conflicts_with = "command")]
    pub(super) dir: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
pub(super) struct Select {
    /// Specs: files, folders (with all below), globs, or `-` for standard input [default: specs]
    #[arg(value_name = "SPECS")]
    pub(super) specs: Vec<String>,
    /// Only cases whose id or name contains TEXT, matches /REGEX/, has tag:NAME, or that ended last time with status:failed
    /// (passed, skipped, new); several must all hold
    #[arg(long, value_name = "FILTER", env = "RINJECT_FILTER")]
    pub(super) filter: Vec<String>,
    /// Only cases that failed when they were run last: --filter status:failed
    #[arg(long, env = "RINJECT_LAST_FAILED")]
    pub(super) last_failed: bool,
    /// Only one share of the cases, such as 2/8, for machines that divide them; `rinject merge` joins their reports
    #[arg(long, value_name = "K/N", env = "RINJECT_SHARD")]
    pub(super) shard: Option<Shard>,
    /// What `${bin.NAME}` means
    #[arg(long, value_name = "NAME=PATH", env = "RINJECT_BIN", value_delimiter = ',')]
    pub(super) bin: Vec<String>,
    /// Instead of the specs' own seeds
    #[arg(long, value_name = "N", env = "RINJECT_SEED")]
    pub(super) seed: Option<u64>,
}

#[derive(Debug, clap::Args)]
pub(super) struct Run {
    #[command(flatten)]
    pub(super) select: Select,
    /// Cases in parallel [default: the number of processors]
    #[arg(short, long, value_name = "N", env = "RINJECT_JOBS")]
    pub(super) jobs: Option<usize>,
    /// Give whatever has a time limit N times as long: for a machine that is slow or busy
    #[arg(long, value_name = "N", default_value_t = 1, env = "RINJECT_TIMEOUT_MULTIPLIER",
          value_parser = clap::value_parser!(u32).range(1..))]
    pub(super) timeout_multiplier: u32,
    /// What may be written of snapshots [default: auto, or what INSTA_UPDATE says]
    #[arg(long, value_name = "WHAT", env = "RINJECT_UPDATE", conflicts_with_all = ["update_all", "check"])]
    pub(super) update: Option<UpdateWord>,
    /// Write snapshots: --update=always
    #[arg(short, conflicts_with = "check", id = "update_all")]
    pub(super) update_all: bool,
    /// Write no snapshot at all: --update=no
    #[arg(long, env = "RINJECT_CHECK")]
    pub(super) check: bool,
    /// How results are told on standard output [default: human; github where GITHUB_ACTIONS is true]
    #[arg(long, value_name = "FORMAT", env = "RINJECT_FORMAT")]
    pub(super) format: Option<Format>,
    /// Write a report: `html=`, `json=`, `junit=`, `sarif=`, `tap=` or `trace=FILE`
    #[arg(long, value_name = "KIND=FILE", env = "RINJECT_REPORT", value_delimiter = ',')]
    pub(super) report: Vec<String>,
    /// Keep the cases' folders; `failed` keeps those of cases that failed
    #[arg(long, value_name = "WHICH", num_args = 0..=1, require_equals = true, default_missing_value = "all",
          env = "RINJECT_KEEP_TMP")]
    pub(super) keep_tmp: Option<KeepWord>,
    /// Keep the transcript of each case and what it printed below this folder
    #[arg(long, value_name = "FOLDER", env = "RINJECT_ARTIFACTS")]
    pub(super) artifacts: Option<PathBuf>,
    /// Stop after the first failure
    #[arg(short = 'x', long, action = ArgAction::SetTrue, conflicts_with = "max_fail", env = "RINJECT_FAIL_FAST")]
    pub(super) fail_fast: bool,
    /// Stop after so many failures
    #[arg(long, value_name = "N", env = "RINJECT_MAX_FAIL", value_parser = clap::value_parser!(u32).range(1..))]
    pub(super) max_fail: Option<u32>,
    /// Run a case that failed up to N times more; one that passes then is told of as flaky, and is no failure
    #[arg(long, value_name = "N", default_value_t = 0, env = "RINJECT_RETRIES",
          conflicts_with_all = ["seeds", "verify_determinism", "until_fail"])]
    pub(super) retries: u32,
    /// Run each case with these seeds, in as many orders of its tasks, until one fails it, such as 1..500
    #[arg(long, value_name = "A..B", value_parser = seeds, conflicts_with_all = ["seed", "verify_determinism"],
          env = "RINJECT_SEEDS")]
    pub(super) seeds: Option<RangeInclusive<u64>>,
    /// Run each case N times, and fail it where they do not come to the same
    #[arg(long, value_name = "N", num_args = 0..=1, require_equals = true, default_missing_value = "5",
          value_parser = clap::value_parser!(u32).range(2..), env = "RINJECT_VERIFY_DETERMINISM")]
    pub(super) verify_determinism: Option<u32>,
    /// Run the selected cases again and again until one fails
    #[arg(long, action = ArgAction::SetTrue, conflicts_with_all = ["repeat", "seeds", "verify_determinism"],
          env = "RINJECT_UNTIL_FAIL")]
    pub(super) until_fail: bool,
    /// Run the selected cases this many times
    #[arg(long, value_name = "N", default_value_t = 1, env = "RINJECT_REPEAT",
          value_parser = clap::value_parser!(u32).range(1..))]
    pub(super) repeat: u32,
}

/// `1..500`, or one number.
fn seeds(text: &str) -> Result<RangeInclusive<u64>, String> {
    let (first, last) = text.split_once("..").unwrap_or((text, text));
    let number = |text: &str| text.parse::<u64>().map_err(|_| format!("`{text}` is no number; write 1..500"));
    let (first, last) = (number(first)?, number(last)?);
    if first > last { Err("it ends before it begins".to_owned()) } else { Ok(first..=last) }
}

#[derive(Debug, clap::Args)]
pub(super) struct Attach {
    /// The process
    #[arg(value_name = "PID", value_parser = process)]
    pub(super) pid: i32,
    /// How long, such as 5s [default: until every rule has fired and every expectation is met]
    #[arg(long = "for", value_name = "DURATION", value_parser = while_traced, env = "RINJECT_FOR")]
    pub(super) lasts: Option<Duration>,
    #[command(flatten)]
    pub(super) run: Run,
}

/// The number of a process.
fn process(word: &str) -> Result<i32, String> {
    let most = plan::Attach::MOST_PIDS;
    // `+5` is no way to write a number of a process; what it was meant to be is unknown.
    let number = if word.starts_with('+') { None } else { word.parse::<i128>().ok() };
    match number {
        Some(number) => i32::try_from(number)
            .ok()
            .filter(|number| (1..=most).contains(number))
            .ok_or_else(|| format!("processes have numbers from 1 to {most}")),
        None => Err("a process is named by its number; write `rinject attach PID SPEC`".to_owned()),
    }
}

/// How long a process is traced.
fn while_traced(word: &str) -> Result<Duration, String> {
    match humantime::parse_duration(word) {
        Ok(duration) if duration.is_zero() => Err("no time at all".to_owned()),
        Ok(duration) => Ok(duration),
        Err(_) if word.parse::<u64>().is_ok() => Err(format!("write a unit with it: {word}s, {word}ms")),
        Err(error) => Err(error.to_string()),
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum UpdateWord {
    /// Texts that are new or differ wait as `.snap.new`; in CI nothing is written
    Auto,
    /// New snapshots are written, different ones wait
    New,
    /// Snapshots are written over
    Always,
    /// Nothing is written
    No,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    Human,
    Json,
    Tap,
    Github,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum KeepWord {
    All,
    Failed,
}

#[derive(Debug, clap::Args)]
pub(super) struct Check {
    #[command(flatten)]
    pub(super) select: Select,
    /// Print each case as one spec: with the files that it adds to, and the values that it has of lists
    #[arg(long, conflicts_with = "format", env = "RINJECT_PRINT")]
    pub(super) print: bool,
    /// How it is told on standard output [default: human; github where GITHUB_ACTIONS is true]
    #[arg(long, value_name = "FORMAT")]
    pub(super) format: Option<CheckFormat>,
    /// Write a report: `sarif=FILE`
    #[arg(long, value_name = "KIND=FILE")]
    pub(super) report: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum CheckFormat {
    Human,
    Json,
    Github,
}

#[derive(Debug, clap::Args)]
pub(super) struct Explain {
    /// A spec, a system call such as fsync, or a code such as RJ0201
    #[arg(value_name = "SPEC_OR_CALL_OR_CODE")]
    pub(super) what: String,
    /// What `${bin.NAME}` means
    #[arg(long, value_name = "NAME=PATH")]
    pub(super) bin: Vec<String>,
}

#[derive(Debug, clap::Args)]
pub(super) struct Paths {
    /// Specs, snapshots, or folders with all below [default: .]
    #[arg(value_name = "PATHS")]
    pub(super) paths: Vec<PathBuf>,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::Args;

    #[test]
    fn what_a_command_does_is_said_where_they_are_listed() {
        let listed = Args::command();
        let mut built = Args::command();
        built.build();
        for command in listed.get_subcommands() {
            let about = |command: &clap::Command| command.get_about().map(ToString::to_string);
            let built = built.find_subcommand(command.get_name()).unwrap();
            assert_eq!(about(built), about(command), "{}", command.get_name());
            assert!(about(built).is_some(), "{}", command.get_name());
        }
    }

    #[test]
    fn every_long_flag_has_a_name_in_the_environment() {
        let mut command = Args::command();
        command.build();
        let names = ["run", "attach", "check", "list", "merge"];
        let mut seen = 0;
        let of = |name| command.find_subcommand(name).into_iter().flat_map(clap::Command::get_arguments);
        let all = names.into_iter().flat_map(|name| of(name).map(move |arg| (name, arg)));
        for (command, arg) in all.chain(command.get_arguments().map(|arg| ("rinject", arg))) {
            let Some(long) = arg.get_long().filter(|long| !["help", "version"].contains(long)) else { continue };
            // What a run is to report is no word for a check, which has reports of its own.
            if command == "check" && ["format", "report"].contains(&long) {
                continue;
            }
            let name = format!("RINJECT_{}", long.to_uppercase().replace('-', "_"));
            assert_eq!(arg.get_env().and_then(|env| env.to_str()), Some(name.as_str()), "--{long}");
            seen += 1;
        }
        assert!(seen > 40, "{seen}");
    }
}
