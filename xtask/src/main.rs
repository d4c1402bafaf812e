//! The project's own chores; each is a file of its own.

fn main() {}
