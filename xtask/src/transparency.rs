//! Real programs alone and under rinject, all of them in every form; `tests/transparency/` does the work.

use std::process::Command;

use crate::project;

/// Compares all programs, or those whose name contains `word`, and tells how long each took in each form.
pub fn run(word: Option<&str>) -> Result<(), String> {
    let status = Command::new(env!("CARGO"))
        .current_dir(project::root())
        .args(["test", "--release", "--test", "transparency", "--", "--test-threads", "1", "--nocapture"])
        .args(word)
        .env("RINJECT_TRANSPARENCY", "full")
        .status()
        .map_err(|error| format!("cannot run cargo: {error}"))?;
    if status.success() { Ok(()) } else { Err("a program does something else under rinject".to_owned()) }
}
