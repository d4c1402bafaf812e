//! The words of `rinject record`.

use std::ffi::OsString;
use std::path::PathBuf;

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Record {
    /// Look at calls about this path and what is below it only, instead of those about the working directory and sockets
    #[arg(long, value_name = "PATH")]
    pub(super) focus: Vec<String>,
    /// Look at these calls: names, %classes, with ! in front all others [default: those that open, change and sync files,
    /// and those that connect]
    #[arg(long, value_name = "LIST")]
    pub(super) calls: Option<String>,
    /// The spec that is written; its snapshot stands beside it [default: CMD.toml]
    #[arg(short = 'o', value_name = "FILE")]
    pub(super) output: Option<PathBuf>,
    /// How long a run may take, such as 1m [default: 10s]
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub(super) timeout: Option<String>,
    /// Write over files that are there
    #[arg(long)]
    pub(super) force: bool,
    /// The program and its arguments
    #[arg(value_name = "CMD", required = true, trailing_var_arg = true)]
    pub(super) command: Vec<OsString>,
}

/// A length of time as specs have it.
fn duration(word: &str) -> Result<String, String> {
    match humantime::parse_duration(word) {
        Ok(duration) if duration.is_zero() => Err("no time at all".to_owned()),
        Ok(_) => Ok(word.to_owned()),
        Err(_) if word.parse::<u64>().is_ok() => Err(format!("write a unit with it: {word}s, {word}m")),
        Err(error) => Err(error.to_string()),
    }
}
