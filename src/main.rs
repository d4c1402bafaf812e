//! The `rinject` binary; everything it does is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    rinject::cli::main(std::env::args_os()).into()
}
