//! What real work costs with every call of it recorded.

use std::path::Path;
use std::process::Command;

use super::{Maker, Row, strace, text, words};
use crate::bench::goal::Goal;
use crate::bench::way::Way;

pub(super) fn rows(maker: &Maker<'_>) -> Result<Vec<Row>, String> {
    let work = maker.folder.join("work");
    prepare(&work)?;
    let shown = |name: &str| text(work.join(name));
    let (clone, database) = (shown("clone"), shown("database"));
    let all = [
        (
            "git clone of a local repository",
            vec!["git", "clone", "-q", "--no-hardlinks", "repository", "clone"],
            format!("rm -rf {clone}"),
        ),
        ("sqlite3, 100,000 inserts", vec!["sqlite3", "database", ".read inserts.sql"], format!("rm -f {database}*")),
        ("python3 -m compileall", vec!["python3", "-m", "compileall", "-q", "-f", "modules"], ":".to_owned()),
        ("make -j2 of a C program", vec!["make", "-s", "-B", "-j2", "-C", "program"], ":".to_owned()),
        ("tar of 20,000 files", vec!["tar", "-cf", "archive", "files"], ":".to_owned()),
    ];
    let busy = text(maker.file("busy.sh", include_str!("busy.sh"))?);
    let mut rows = Vec::new();
    for (number, (name, command, before)) in all.into_iter().enumerate() {
        let inside = |words: Vec<String>| {
            let at = ["env", "-C", &text(&work)].map(str::to_owned);
            [at.to_vec(), words].concat()
        };
        let rest = "trace = { syscalls = [\"all\"], start = \"exec\" }";
        let run = maker.run(&format!("work-{number}"), command[0], &command[1..], rest)?;
        let spec = maker.folder.join(format!("work-{number}.toml"));
        let given = std::fs::read_to_string(&spec).map_err(|error| format!("cannot read a spec: {error}"))?;
        let given = given.replace("timeout =", &format!("cwd = {:?}\nenv-clear = false\ntimeout =", text(&work)));
        std::fs::write(&spec, given).map_err(|error| format!("cannot write a spec: {error}"))?;
        let way = |name, words| Way::new(name, words, 1).after(&before);
        let mut ways = vec![
            way("alone", inside(words(&command))),
            way("bare loop", inside([vec![maker.fixture("bare-tree")], words(&command)].concat())),
            way("rinject", run.clone()),
            way("strace pinned", inside(strace(&[], &command))).pinned(),
            way("strace", inside(strace(&[], &command))),
        ];
        if name.starts_with("make") {
            ways.push(way("alone, pinned", inside(words(&command))).pinned());
        }
        if name.starts_with("git") {
            let beside = |words: Vec<String>| [vec!["sh".to_owned(), busy.clone()], words].concat();
            let ways = vec![
                way("alone", beside(inside(words(&command)))),
                way("rinject", beside(run.clone())),
                way("strace", beside(inside(strace(&[], &command)))),
            ];
            let goals = vec![Goal::AtMost("rinject", 2.0, "strace")];
            rows.push(Row::timed(format!("{name}, beside programs that compute"), ways, goals).in_rounds(5));
        }
        let goals = vec![Goal::Adds("rinject", 0.2, "strace"), Goal::Adds("rinject", 1.0, "strace pinned")];
        rows.push(Row::timed(name, ways, goals).often());
    }
    Ok(rows)
}

/// The repository, the modules, the program and the files.
fn prepare(work: &Path) -> Result<(), String> {
    let output = Command::new("sh").args(["-c", include_str!("work.sh"), "sh"]).arg(work).output();
    let output = output.map_err(|error| format!("cannot run sh: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!("the work could not be prepared:\n{}", String::from_utf8_lossy(&output.stderr)))
}
