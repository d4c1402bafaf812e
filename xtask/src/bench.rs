//! Measures rinject beside a bare ptrace loop and beside strace, in one run.

/// Stub.
pub fn run(_rounds: usize) -> Result<(), String> {
    Ok(())
}
