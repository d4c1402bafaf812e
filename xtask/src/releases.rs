//! All of specs/ with the programs and the C library of other releases of Debian: the snapshots made here have to hold
//! there, or a page has to say why they do not.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::fixtures as builder;
use crate::page::Place;
use crate::project;
use crate::root::Root;

/// Releases that are run unless others are named.
pub const DEFAULT: [&str; 2] = ["bullseye", "trixie"];
/// The page with the explanations, and where the table stands on it.
const PLACE: Place = Place { page: "docs/portability.md", name: "releases", chore: "releases" };
/// Whose versions are told.
const VERSIONS: [&str; 8] = ["libc6", "coreutils", "dash", "python3", "perl", "git", "sqlite3", "gcc"];
/// Where rinject is seen within a release.
const RINJECT: &str = "/opt/rinject";

/// How the specs came out in one release.
#[derive(Default)]
struct Row {
    name: String,
    versions: Vec<String>,
    /// How many cases ended with each status.
    totals: BTreeMap<String, usize>,
    /// Each with the first line of what is different.
    different: Vec<Case>,
    /// Each with the reason.
    skipped: Vec<Case>,
}

/// A case that has not passed.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Case {
    spec: String,
    how: String,
}

/// Runs the specs in each release of `names`, whose systems are below `folder`, and writes the table.
pub fn run(folder: Option<PathBuf>, names: &[String]) -> Result<(), String> {
    let rinject = project::static_rinject()?;
    let binaries = rinject.parent().ok_or("rinject is in no folder")?;
    // TARGET/TRIPLE/PROFILE/rinject
    let target = binaries.ancestors().nth(2).ok_or("rinject is not in the target folder")?;
    let folder = folder.unwrap_or_else(|| target.join("releases"));
    let folder =
        std::path::absolute(&folder).map_err(|error| format!("cannot find {}: {error}", folder.display()))?;
    let mut rows = vec![here(&rinject)?];
    for name in names {
        rows.push(release(&folder, name, binaries)?);
    }
    let table = table(&rows);
    print!("{table}");
    if names.iter().ne(DEFAULT.iter()) {
        return Ok(());
    }
    let page = PLACE.write(&table)?;
    let different = rows.iter().flat_map(|row| &row.different);
    let unexplained: Vec<&str> =
        different.map(|case| case.spec.as_str()).filter(|spec| !page.contains(&format!("`{spec}`"))).collect();
    if unexplained.is_empty() {
        return Ok(());
    }
    Err(format!("{} does not say why these differ: {}", PLACE.page, unexplained.join(", ")))
}

/// The specs on this machine: what the snapshots were made on.
fn here(rinject: &Path) -> Result<Row, String> {
    project::fixtures()?;
    let release = fs::read_to_string("/etc/os-release").unwrap_or_default();
    let name = release.lines().find_map(|line| line.strip_prefix("VERSION_CODENAME=")).unwrap_or("this one");
    let mut command = Command::new(rinject);
    command.current_dir(project::root());
    row(format!("{name}, here"), Command::new("sh"), command)
}

fn release(folder: &Path, name: &str, binaries: &Path) -> Result<Row, String> {
    let mut root = Root::make(folder, name)?;
    let (project, bin) = (project::root(), folder.join(format!("{name}.fixtures")));
    fs::create_dir_all(&bin).map_err(|error| format!("cannot make {}: {error}", bin.display()))?;
    let fixtures = project.join("fixtures");
    root.share(&project, &project);
    root.share(&bin, &fixtures.join("bin"));
    root.share(&bin, &bin);
    root.share(binaries, Path::new(RINJECT));
    // Their own compiler, so that their own C library and start-up code are in them.
    builder::build_with(&|| root.command("cc"), &fixtures, &bin)?;
    let mut command = root.command("sh");
    let script = format!("cd \"$1\" && shift && exec {RINJECT}/rinject \"$@\"");
    command.args(["-c", &script, "sh"]).arg(&project);
    row(root.name.clone(), root.command("sh"), command)
}

/// Runs `rinject` on all specs, and asks `shell` for versions.
fn row(name: String, mut shell: Command, mut rinject: Command) -> Result<Row, String> {
    println!("{name}: specs");
    let script = r#"for package; do dpkg-query -W -f '${Version}\n' "$package" || echo -; done"#;
    let versions = shell.args(["-c", script, "sh"]).args(VERSIONS).output();
    let versions = versions.map_err(|error| format!("cannot ask for versions: {error}"))?;
    let versions = String::from_utf8_lossy(&versions.stdout).lines().map(str::to_owned).collect();
    let output = rinject.args(["run", "--check", "--color", "never", "specs"]).env("NO_COLOR", "1").output();
    let output = output.map_err(|error| format!("cannot run rinject: {error}"))?;
    let text = String::from_utf8_lossy(&output.stdout);
    if !text.lines().any(|line| line.contains(" passed, ")) {
        return Err(format!("{name}: rinject came to no end: {}", String::from_utf8_lossy(&output.stderr)));
    }
    Ok(read(Row { name, versions, ..Row::default() }, &text))
}

/// Reads what `rinject run` tells: a line for each case, and behind that what is different.
fn read(mut row: Row, text: &str) -> Row {
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        let Some((status, case)) = line.split_once(' ') else { continue };
        let known = ["PASS", "FAIL", "TIMEOUT", "SKIP", "XFAIL", "XPASS", "ERROR", "INTERRUPTED"];
        let (case, reason) = case.trim_start().split_once(": ").unwrap_or((case.trim_start(), ""));
        let Some(case) = case.strip_prefix("specs/").filter(|_| known.contains(&status)) else { continue };
        let spec = case.replacen(".toml", "", 1);
        *row.totals.entry(status.to_owned()).or_default() += 1;
        match status {
            "PASS" | "XFAIL" => {}
            "SKIP" => row.skipped.push(Case { spec, how: reason.to_owned() }),
            _ => {
                let mut about = Vec::new();
                while let Some(line) = lines.next_if(|line| !known.iter().any(|word| line.starts_with(word))) {
                    about.push(line);
                }
                row.different.push(Case { spec, how: first_difference(&about) });
            }
        }
    }
    row
}

/// The first lines that a snapshot differs by, or else what is wrong in the report's own words.
fn first_difference(about: &[&str]) -> String {
    let squeezed = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
    let find = |mark: &str| about.iter().find(|line| line.starts_with(mark)).map(|line| squeezed(line));
    let is_snapshot = about.iter().any(|line| line.starts_with("error[RJ0712]"));
    match (find("    - "), find("    + ")) {
        (Some(gone), Some(new)) if is_snapshot => format!("{gone} {new}"),
        (Some(only), None) | (None, Some(only)) if is_snapshot => only,
        _ => find("error").unwrap_or_default(),
    }
}

fn table(rows: &[Row]) -> String {
    let mut text = format!("| release | {} |\n|---|{}\n", VERSIONS.join(" | "), "---|".repeat(VERSIONS.len()));
    // Writing to a String cannot fail.
    for row in rows {
        let _ = writeln!(text, "| {} | {} |", row.name, row.versions.join(" | "));
    }
    text +=
        "\n| release | cases | passed | known to fail, and failed | differ | skipped |\n|---|---|---|---|---|---|\n";
    for Row { name, totals, different, skipped, .. } in rows {
        let of = |status: &str| totals.get(status).copied().unwrap_or_default();
        let (all, passed, failed) = (totals.values().sum::<usize>(), of("PASS"), of("XFAIL"));
        let _ = writeln!(text, "| {name} | {all} | {passed} | {failed} | {} | {} |", different.len(), skipped.len());
    }
    text += &cases("differs", rows.iter().map(|row| (row.name.as_str(), &row.different)));
    text += &cases("is skipped", rows.iter().map(|row| (row.name.as_str(), &row.skipped)));
    text
}

/// A table of the cases of `rows`, each with the releases in which it comes out in the same way; empty where there are none.
fn cases<'a>(what: &str, rows: impl Iterator<Item = (&'a str, &'a Vec<Case>)>) -> String {
    let mut all: BTreeMap<&Case, Vec<&str>> = BTreeMap::new();
    for (name, cases) in rows {
        for case in cases {
            all.entry(case).or_default().push(name);
        }
    }
    if all.is_empty() {
        return String::new();
    }
    let mut text = format!("\n| spec that {what} | in | how |\n|---|---|---|\n");
    for (Case { spec, how }, names) in all {
        let how = how.replace('|', "\\|");
        // Writing to a String cannot fail.
        let _ = writeln!(text, "| {spec} | {} | `` {how} `` |", names.join(", "));
    }
    text
}
