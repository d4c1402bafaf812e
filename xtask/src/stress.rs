//! The long forms of tests that show their worth only when they are repeated: processes attached to and let go, and
//! rinject killed, again and again.

use std::process::Command;

use crate::project;

/// Tests that repeat as often as they are told to.
const TESTS: [&str; 4] = ["attach_and_detach", "attach_oddly", "attach_to_a_server", "nothing_survives"];

/// Attaches `cycles` times to each program, and kills rinject `kills` times.
pub fn run(cycles: u32, kills: u32) -> Result<(), String> {
    let status = Command::new(env!("CARGO"))
        .current_dir(project::root())
        .args(["test", "--release", "--no-fail-fast"])
        .args(TESTS.iter().flat_map(|test| ["--test", test]))
        .args(["--", "--test-threads", "1", "--nocapture"])
        .env("RINJECT_CYCLES", cycles.to_string())
        .env("RINJECT_KILLS", kills.to_string())
        .status()
        .map_err(|error| format!("cannot run cargo: {error}"))?;
    if status.success() { Ok(()) } else { Err("something was harmed or left behind".to_owned()) }
}
