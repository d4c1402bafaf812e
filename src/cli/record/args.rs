//! The words of `rinject record`.

use std::ffi::OsString;
use std::path::PathBuf;

/// `rinject record`.
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
    /// Write over files that are there
    #[arg(long)]
    pub(super) force: bool,
    /// The program and its arguments
    #[arg(value_name = "CMD", required = true, trailing_var_arg = true)]
    pub(super) command: Vec<OsString>,
}
