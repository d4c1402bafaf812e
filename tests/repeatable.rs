//! Real programs with several tasks come to the same every time.
#![allow(clippy::print_stdout, reason = "a skipped test says why")]

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

mod common;

/// How often each one runs; `RINJECT_REPLAYS` says otherwise.
fn runs() -> u64 {
    std::env::var("RINJECT_REPLAYS").ok().and_then(|number| number.parse().ok()).unwrap_or(5)
}

#[test]
fn programs_with_several_tasks_are_the_same_every_time() {
    if !common::can_trace() {
        return;
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let verify = format!("--verify-determinism={}", runs());
    let mut command = Command::new("timeout");
    command.args(["-s", "KILL", "600", env!("CARGO_BIN_EXE_rinject"), "run", "--check", &verify, "specs/repeatable"]);
    for name in ["CI", "RINJECT_REQUIRE", "GITHUB_ACTIONS"] {
        command.env_remove(name);
    }
    let output = command.current_dir(root).stdin(Stdio::null()).output().unwrap();
    let text = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert!(output.status.success(), "{text}");
    let specs = fs::read_dir(root.join("specs/repeatable")).unwrap().count();
    let [passed, skipped] = ["PASS ", "SKIP "].map(|word| text.lines().filter(|line| line.starts_with(word)).count());
    assert_eq!(passed + skipped, specs, "{text}");
    // sh and tar are everywhere.
    assert!(passed >= 2, "{text}");
    for line in text.lines().filter(|line| line.starts_with("SKIP ")) {
        println!("{line}");
    }
}
