//! What one call costs, and one hit and one signal.

use super::{Maker, Row, strace, words};
use crate::bench::goal::Goal;
use crate::bench::way::Way;

/// Each costs as much as the one before, which a row of its own shows.
const STOPS: u64 = 50_000;
const MILLION: u64 = 1_000_000;
/// strace on two processors takes ten times as long for each, which fewer of them show as well.
const UNPINNED: u64 = 30_000;
const HITS: u64 = 100_000;
const FREE: u64 = 10_000_000;
const RULES: u64 = 300_000;

pub(super) fn rows(maker: &Maker<'_>) -> Result<Vec<Row>, String> {
    let (calls, bare) = (maker.fixture("make-calls"), maker.fixture("bare-loop"));
    let bare_loop = |how: &str, kind: &str, count: u64| words(&[&bare, how, &calls, kind, &count.to_string()]);
    let access = |name: &str, rest: &str, count: u64| maker.run(name, &calls, &["access", &count.to_string()], rest);
    let pinned = |option: &str| {
        let command = strace(&["--seccomp-bpf", "-e", option], &[&calls, "access", &STOPS.to_string()]);
        Way::new("strace pinned", command, STOPS).pinned()
    };
    let unpinned = |option: &str| {
        Way::new("strace", strace(&["-e", option], &[&calls, "access", &UNPINNED.to_string()]), UNPINNED)
    };
    let inject = "inject=access:error=EIO";
    let quiet = "inject = [{ on = \"access\", error = \"EIO\", quiet = true }]";
    let constant = "inject = [{ on = \"access\", error = \"EIO\", quiet = true, fires = \"0..\" }]\ntrace = { start = \"exec\" }";
    let free = |rest: &str| maker.run("free", &calls, &["getppid", &FREE.to_string()], rest);
    let functions = maker.fixture("call-functions");
    let gdb = || -> Result<Vec<String>, String> {
        let script = "break bump\ncommands\nsilent\nprintf \"%ld\\n\", $rdi\ncontinue\nend\nrun\n";
        let script = maker.file("gdb", script)?.to_string_lossy().into_owned();
        Ok(words(&["gdb", "-q", "-batch", "-x", &script, "--args", &functions, "loop", &HITS.to_string()]))
    };
    let signals = maker.fixture("count-signals");
    let raised = STOPS.to_string();
    let no_signals = strace(&["-e", "trace=none", "-e", "signal=none"], &[&signals, &raised]);
    Ok(vec![
        Row::timed(
            "a call that is not selected",
            vec![
                Way::new("bare filter", bare_loop("filter", "getppid", FREE), FREE).single(),
                Way::new("rinject", free("inject = [{ on = \"access\", error = \"EIO\" }]")?, FREE).single(),
                Way::new("alone", words(&[&calls, "getppid", &FREE.to_string()]), FREE).single(),
            ],
            vec![Goal::AtMost("rinject", 1.02, "bare filter")],
        ),
        Row::timed(
            "an injected errno, quiet",
            vec![
                Way::new("bare loop", bare_loop("inject", "access", STOPS), STOPS).single(),
                Way::new("rinject", access("quiet", quiet, STOPS)?, STOPS).single(),
            ],
            vec![Goal::AtMost("rinject", 1.15, "bare loop")],
        )
        .often(),
        Row::timed(
            "an injected errno, with its line",
            vec![
                Way::new("bare loop", bare_loop("inject-read", "access", STOPS), STOPS).single(),
                Way::new(
                    "rinject",
                    access("inject", "inject = [{ on = \"access\", error = \"EIO\" }]", STOPS)?,
                    STOPS,
                )
                .single(),
                pinned(inject),
                unpinned(inject),
            ],
            vec![
                Goal::AtMost("rinject", 1.15, "bare loop"),
                Goal::Faster("rinject", 1.8, "strace pinned"),
                Goal::Faster("rinject", 5.0, "strace"),
            ],
        )
        .often(),
        Row::timed(
            "a recorded call with one string",
            vec![
                Way::new("bare loop", bare_loop("record", "access", STOPS), STOPS).single(),
                Way::new("rinject", access("record", "trace = { syscalls = [\"access\"] }", STOPS)?, STOPS).single(),
                pinned("trace=access"),
                unpinned("trace=access"),
            ],
            vec![
                Goal::AtMost("rinject", 1.2, "bare loop"),
                Goal::Faster("rinject", 1.0, "strace pinned"),
                Goal::Faster("rinject", 5.0, "strace"),
            ],
        )
        .often(),
        Row::timed(
            "a call recorded without its result",
            vec![
                Way::new("bare loop", bare_loop("entry", "access", STOPS), STOPS).single(),
                Way::new(
                    "rinject",
                    access("entry", "trace = { syscalls = [\"access\"], results = false }", STOPS)?,
                    STOPS,
                )
                .single(),
            ],
            vec![Goal::AtMost("rinject", 1.3, "bare loop")],
        )
        .often(),
        Row::timed(
            "a constant errno that nobody counts",
            vec![
                Way::new("bare filter", bare_loop("errno", "access", FREE), FREE).single(),
                Way::new("rinject", access("constant", constant, FREE)?, FREE).single(),
            ],
            vec![Goal::AtMost("rinject", 1.1, "bare filter")],
        ),
        Row::timed(
            "a call among 200 rules and 5,000 expectations of others",
            vec![
                Way::new("one rule", access("one-rule", &rules(1), RULES)?, RULES).single(),
                Way::new("200 rules", access("200-rules", &rules(200), RULES)?, RULES).single(),
                Way::new("one expectation", access("one-expectation", &expectations(1), RULES)?, RULES).single(),
                Way::new("5,000 expectations", access("5000-expectations", &expectations(5000), RULES)?, RULES)
                    .single(),
                Way::new("its millionth", access("millionth", &millionth(), MILLION)?, MILLION).single(),
            ],
            vec![
                Goal::AtMost("200 rules", 1.1, "one rule"),
                Goal::AtMost("5,000 expectations", 1.1, "one expectation"),
                Goal::AtMost("its millionth", 1.1, "one rule"),
            ],
        ),
        Row::timed(
            "a breakpoint hit with an argument",
            vec![
                Way::new("gdb", gdb()?, HITS),
                Way::new("gdb pinned", gdb()?, HITS).pinned(),
                Way::new(
                    "rinject",
                    maker.run(
                        "hit",
                        &functions,
                        &["loop", &HITS.to_string()],
                        "inject = [{ at = \"bump\", signature = \"bump(n: i64) -> void\" }]",
                    )?,
                    HITS,
                )
                .single(),
            ],
            vec![Goal::Faster("rinject", 5.0, "gdb"), Goal::Faster("rinject", 5.0, "gdb pinned")],
        ),
        Row::timed(
            "a handled signal that is not selected",
            vec![
                Way::new("strace pinned", no_signals.clone(), STOPS).pinned(),
                Way::new("strace", no_signals, STOPS),
                Way::new(
                    "rinject",
                    maker.run(
                        "signal",
                        &signals,
                        &[&raised],
                        "trace = { signals = [\"all\", \"!SIGUSR1\"], syscalls = [\"exit_group\"] }",
                    )?,
                    STOPS,
                )
                .single(),
                Way::new("alone", words(&[&signals, &raised]), STOPS).single(),
            ],
            vec![Goal::Faster("rinject", 1.0, "strace pinned")],
        )
        .in_rounds(3),
    ])
}

/// A rule on the call that is made, which fires at its last, and others that never match.
fn rules(count: u64) -> String {
    let others: String = (1..count)
        .map(|number| format!("[[inject]]\non = \"openat(path ~ '*.{number}')\"\nerror = \"EIO\"\nfires = \"0..\"\n"))
        .collect();
    format!("trace = {{ syscalls = [] }}\n[[inject]]\non = \"access\"\nwhen = \"{RULES}\"\nerror = \"EIO\"\n{others}")
}

fn millionth() -> String {
    format!("trace = {{ syscalls = [] }}\n[[inject]]\non = \"access\"\nwhen = \"{MILLION}\"\nerror = \"EIO\"\n")
}

/// Expectations of calls that are not made.
fn expectations(count: u64) -> String {
    let never: Vec<String> = (0..count).map(|number| format!("openat(path ~ '*.{number}')")).collect();
    format!("trace = {{ syscalls = [\"access\", \"openat\"] }}\nexpect = {{ never = {} }}\n", super::toml(never))
}
