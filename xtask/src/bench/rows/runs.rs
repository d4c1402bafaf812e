//! What a whole run costs: small ones, and the memory of long ones.

use super::{Maker, Row, strace, text, words};
use crate::bench::goal::Goal;
use crate::bench::way::Way;

const SPECS: u64 = 500;
const EVENTS: u64 = 10_000_000;
const MIB: f64 = 1024.0 * 1024.0;

pub(super) fn rows(maker: &Maker<'_>) -> Result<Vec<Row>, String> {
    let fault = "inject = [{ on = \"exit_group\", error = \"EIO\", unfaithful = true }]\nexpect = { exit = \"any\" }";
    let (specs, shell) = small(maker)?;
    let tasks = maker.fixture("many-tasks");
    let beside = |number: u64| {
        let name = format!("memory-{number}");
        maker.run(&name, &tasks, &["processes", &number.to_string(), "2000"], "trace = { syscalls = [\"access\"] }")
    };
    let events = maker.run(
        "events",
        &maker.fixture("make-calls"),
        &["access", &EVENTS.to_string()],
        "trace = { syscalls = [\"access\"] }",
    )?;
    Ok(vec![
        Row::timed(
            "start to end of /bin/true",
            vec![
                Way::new("alone", words(&["/bin/true"]), 1),
                Way::new("rinject", maker.run("true", "/bin/true", &[], fault)?, 1),
                Way::new("strace", strace(&["-e", "inject=exit_group:error=EIO"], &["/bin/true"]), 1),
            ],
            vec![Goal::More("rinject", 0.002, "alone")],
        ),
        Row::timed(
            "each of 500 small specs",
            vec![
                Way::new("shell and strace", words(&["sh", &shell]), SPECS),
                Way::new(
                    "rinject",
                    words(&[&text(maker.rinject), "run", "--check", "--quiet", "-j", "2", &specs]),
                    SPECS,
                ),
            ],
            vec![Goal::Faster("rinject", 4.0, "shell and strace")],
        )
        .in_rounds(3),
        Row::of_memory(
            "memory over 10 million events",
            vec![Way::new("rinject", events, 1)],
            vec![Goal::Limit("rinject", 32.0 * MIB)],
        ),
        Row::of_memory(
            "memory of 1,000 processes",
            vec![Way::new("one process", beside(1)?, 1), Way::new("1,000 processes", beside(1000)?, 1)],
            vec![Goal::More("1,000 processes", 1000.0 * 64.0 * 1024.0, "one process")],
        ),
    ])
}

/// A folder of small specs, and a script that does the same by strace: in a fresh folder cat cannot read its file, and says so.
fn small(maker: &Maker<'_>) -> Result<(String, String), String> {
    let folder = maker.folder.join("small");
    std::fs::create_dir(&folder).map_err(|error| format!("cannot make {}: {error}", folder.display()))?;
    for number in 0..SPECS {
        maker.file(
            &format!("small/{number}.toml"),
            "spec = 1\nsnapshot = { transcript = false }\n\
             target = { program = \"cat\", args = [\"in\"], files = { in = \"x\" } }\n\
             inject = [{ on = \"openat(path ~ '${tmp}/in')\", error = \"EIO\" }]\n\
             expect = { exit = 1, stderr = { contains = [\"Input/output error\"] } }\n",
        )?;
    }
    let script = format!(
        "set -e\nnumber=0\nwhile [ $number -lt {SPECS} ]; do\n  number=$((number + 1))\n  folder=$(mktemp -d)\n  cd \"$folder\"\n  \
         echo x > in\n  status=0\n  strace -f -o log -P in -e inject=openat:error=EIO cat in 2> said || status=$?\n  \
         [ $status = 1 ]\n  grep -q 'Input/output error' said\n  grep -q INJECTED log\n  cd /\n  rm -r \"$folder\"\ndone\n"
    );
    Ok((text(folder), text(maker.file("small.sh", &script)?)))
}
