//! The words of `rinject exec`. What stands behind `-e` is read elsewhere.

use std::ffi::OsString;
use std::path::PathBuf;

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Exec {
    /// What is traced and injected, in strace's words: trace=SET, inject=SET:error=EIO:when=2+, fault=SET, signal=SET,
    /// status=failed; a SET is names, %classes, /regexes, all or none, with ! in front all others
    #[arg(short = 'e', value_name = "EXPR")]
    pub(super) expressions: Vec<String>,
    /// Only calls that this path, or a descriptor of it, takes part in
    #[arg(short = 'P', value_name = "PATH")]
    pub(super) paths: Vec<PathBuf>,
    /// Show only calls that succeed
    #[arg(short = 'z', conflicts_with = "failed")]
    pub(super) successful: bool,
    /// Show only calls that fail
    #[arg(short = 'Z', id = "failed")]
    pub(super) failed: bool,
    /// Follow threads and child processes, too
    #[arg(short = 'f')]
    pub(super) follow: bool,
    /// How many bytes of a string are shown [default: 64]
    #[arg(short = 's', value_name = "N", value_parser = clap::value_parser!(u32).range(..=1 << 20))]
    pub(super) strings: Option<u32>,
    /// Where the transcript goes [default: standard error]
    #[arg(short = 'o', value_name = "FILE")]
    pub(super) output: Option<PathBuf>,
    /// Write the spec that is run to this file, for `rinject run`
    #[arg(long, value_name = "FILE")]
    pub(super) save: Option<PathBuf>,
    /// Write over a file that is there
    #[arg(long, requires = "save")]
    pub(super) force: bool,
    /// The program and its arguments
    #[arg(value_name = "CMD", required = true, trailing_var_arg = true)]
    pub(super) command: Vec<OsString>,
}
