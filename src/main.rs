//! The `rinject` binary; everything it does is in the library.

use std::process::ExitCode;

use rinject::sys::Reserve;

/// A run that is out of memory ends in order.
#[global_allocator]
static MEMORY: Reserve = Reserve::new();

fn main() -> ExitCode {
    MEMORY.fill();
    rinject::sys::want_no_signal_for_stops();
    rinject::cli::main(std::env::args_os()).into()
}
