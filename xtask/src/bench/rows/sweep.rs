//! What a run with a fault costs that is one of many of a program.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use super::{Maker, Row, text, words};
use crate::bench::goal::Goal;
use crate::bench::way::Way;

/// Both processors are used, by both.
const JOBS: &str = "2";

pub(super) fn rows(maker: &Maker<'_>) -> Result<Vec<Row>, String> {
    let folder = maker.folder.join("points");
    fs::create_dir_all(folder.join("files")).map_err(|error| format!("cannot make a folder: {error}"))?;
    maker.file("points/files/in", "text\n")?;
    maker.file("points/point.sh", include_str!("point.sh"))?;
    maker.file(
        "points/cat.toml",
        // From the exec on, strace counts calls as well.
        "spec = 1\n\
         target = { program = \"cat\", args = [\"in\"], files = { in = \"text\\n\" } }\n\
         trace = { start = \"exec\" }\n[sweep]\npoints = \"each\"\n",
    )?;
    let rinject = text(maker.rinject);
    let sweep = |more: &[&str]| {
        // What it finds is not what is measured: the dynamic loader does not survive every fault.
        let script = "cd \"$0\" && { \"$@\" || test $? = 1; }";
        let command = [&rinject, "sweep", "cat.toml", "--quiet", "-j", JOBS];
        words(&[&["sh", "-c", script, &text(&folder)], &command[..], more].concat())
    };
    let points = points(&sweep(&["--state", "kept", "--report", "json=cells.json"]), &folder)?;
    // Everything anew: what a sweep keeps is not run again.
    let anew = format!("rm -f {}/kept", text(&folder));
    let golden = "golden=$(mktemp -d); export golden LC_ALL=C.UTF-8; cp -r files \"$golden/tmp\"; cd \"$golden/tmp\"; \
                  cat in >> ../stdout 2> ../stderr; echo $? > ../status; cd \"$OLDPWD\"";
    let shell = format!(
        "set -e; cd {}; {golden}; xargs -P {JOBS} -L 1 sh point.sh < points; rm -r \"$golden\"",
        text(&folder)
    );
    Ok(vec![
        Row::timed(
            "each fault in a sweep of cat",
            vec![
                Way::new("shell and strace", words(&["sh", "-c", &shell]), points),
                Way::new("rinject", sweep(&["--state", "kept"]), points).after(&anew),
            ],
            vec![Goal::Faster("rinject", 10.0, "shell and strace")],
        )
        .in_rounds(5),
    ])
}

/// Writes the faults that a sweep makes to a file, a line `CALL ERRNO NTH` each; how many there are.
fn points(sweep: &[String], folder: &Path) -> Result<u64, String> {
    let output =
        Command::new(&sweep[0]).args(&sweep[1..]).output().map_err(|error| format!("cannot run sh: {error}"))?;
    let cells = fs::read_to_string(folder.join("cells.json"))
        .map_err(|error| format!("a sweep of cat failed: {error}: {}", String::from_utf8_lossy(&output.stderr)))?;
    let points: Vec<String> = cells.lines().filter_map(point).collect();
    fs::write(folder.join("points"), points.concat()).map_err(|error| format!("cannot write a list: {error}"))?;
    match points.len() {
        0 => Err("a sweep of cat has no faults".to_owned()),
        count => Ok(count as u64),
    }
}

/// The fault of a line of a report, where it is about one: `openat EIO 3`.
fn point(line: &str) -> Option<String> {
    let line: Value = serde_json::from_str(line).ok()?;
    if line["type"] != "cell" {
        return None;
    }
    let (call, errno) = line["cell"].as_str()?.split_once(':')?;
    let (name, nth) = call.split_once('#')?;
    Some(format!("{name} {errno} {nth}\n"))
}
