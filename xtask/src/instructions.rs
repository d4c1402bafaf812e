//! How many instructions the way of one stop through the engine takes, counted by callgrind: the same wherever it runs, but for
//! the compiler and the C library. The counts in the repository may only go down; they are of one compiler, and those of
//! another are only shown.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use crate::project;

/// The counts, each with its kind.
const LEDGER: &str = "docs/instructions.txt";
/// The kinds of stops, as `xtask/hot` names them.
const KINDS: [&str; 4] = ["count", "quiet", "inject", "record"];
/// So many stops are counted, besides those that come before.
const STOPS: u64 = 4000;
const BEFORE: u64 = 1000;
/// What hash tables and allocators add or spare from one run to another, and another compiler: one in so many.
///
/// rustc shares the crate out over units, and inlines across none of their borders, which move with any change: one of globs
/// alone made each stop 2 % longer. So what every stop goes through in another module is `#[inline]`, and has a copy in each
/// unit that calls it.
const SLACK: u64 = 50;

/// Counts, and fails where a stop takes more than the repository says; with `lower` the counts that went down are written.
pub fn run(lower: bool) -> Result<(), String> {
    let hot = project::hot()?;
    let path = project::root().join(LEDGER);
    let text = fs::read_to_string(&path).unwrap_or_default();
    let compiler = compiler()?;
    let counted_with = text.lines().find(|line| line.starts_with("rustc ")).unwrap_or_default();
    let is_same = counted_with == compiler;
    // Those of another compiler are no measure: they are written anew.
    let kept = if lower && !is_same { BTreeMap::new() } else { read(&text) };
    let mut counts = BTreeMap::new();
    let mut worse = Vec::new();
    println!("| stop | instructions | at most |\n|---|---|---|");
    for kind in KINDS {
        let count = counted(&hot, kind)?;
        let most = kept.get(kind).copied();
        let shown = most.map_or_else(|| "-".to_owned(), |most| most.to_string());
        println!("| {kind} | {count} | {shown} |");
        if let Some(most) = most.filter(|most| count > most + most / SLACK) {
            worse.push(format!("`{kind}` takes {count} instructions, and took {most}"));
        }
        if most.is_none() && !lower {
            worse.push(format!("{LEDGER} has no count of `{kind}`; --lower writes it"));
        }
        counts.insert(kind.to_owned(), most.map_or(count, |most| most.min(count)));
    }
    if !is_same && !lower {
        println!("only shown: {LEDGER} was counted with {counted_with}, this is {compiler}");
        return Ok(());
    }
    if !worse.is_empty() {
        return Err(worse.join("\n"));
    }
    if lower {
        let lines: String = counts.iter().map(|(kind, count)| format!("{kind} {count}\n")).collect();
        fs::write(&path, format!("{compiler}\n{lines}"))
            .map_err(|error| format!("cannot write {}: {error}", path.display()))?;
    }
    Ok(())
}

/// The compiler and its version, such as `rustc 1.88.0`.
fn compiler() -> Result<String, String> {
    let output = Command::new("rustc").arg("--version").current_dir(project::root()).output();
    let output = output.map_err(|error| format!("cannot run rustc: {error}"))?;
    let said = String::from_utf8_lossy(&output.stdout);
    Ok(said.split_whitespace().take(2).collect::<Vec<_>>().join(" "))
}

fn read(text: &str) -> BTreeMap<String, u64> {
    let line = |line: &str| {
        let (kind, count) = line.split_once(' ')?;
        Some((kind.to_owned(), count.parse().ok()?))
    };
    text.lines().filter_map(line).collect()
}

/// The instructions of one stop: those of many, without what comes before and after them.
fn counted(hot: &Path, kind: &str) -> Result<u64, String> {
    let all = |stops: u64| -> Result<u64, String> {
        let mut command = Command::new("valgrind");
        command
            .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
            .arg(hot)
            .args([kind, &stops.to_string()]);
        let output =
            command.output().map_err(|error| format!("cannot run valgrind: {error}; apt-get install valgrind"))?;
        let said = String::from_utf8_lossy(&output.stderr);
        let collected = said.lines().find_map(|line| line.split_once("Collected : ")?.1.trim().parse().ok());
        collected.filter(|_| output.status.success()).ok_or_else(|| format!("valgrind failed:\n{said}"))
    };
    Ok(all(BEFORE + STOPS)?.saturating_sub(all(BEFORE)?) / STOPS)
}
