//! Writes snapshots anew.

use std::process::Command;

use crate::project;

/// Runs the specs whose path or name contains one of `words`, or all, and writes their snapshots.
pub fn run(words: &[String]) -> Result<(), String> {
    project::fixtures()?;
    let rinject = project::rinject()?;
    let filters: Vec<Option<&String>> = if words.is_empty() { vec![None] } else { words.iter().map(Some).collect() };
    for filter in filters {
        let mut command = Command::new(&rinject);
        command.current_dir(project::root()).args(["run", "-u", "specs"]).env_remove("CI");
        if let Some(filter) = filter {
            command.args(["--filter", filter]);
        }
        let status = command.status().map_err(|error| format!("cannot run rinject: {error}"))?;
        if !status.success() {
            return Err("not every spec passes: the snapshots of those that fail were not written".to_owned());
        }
    }
    Ok(())
}
