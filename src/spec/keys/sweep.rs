//! The keys of `[sweep]`.

use super::takes::{Takes, Words};
use super::{Table, now};

/// `[sweep]`.
pub const SWEEP: Table = Table {
    name: "`[sweep]`",
    keys: &[
        now(
            "on",
            Takes::EVENT,
            "\"%file, %desc\"",
            "the calls that are made to fail; default all after `trace.start` that can",
        ),
        now(
            "faults",
            Takes::List(&Takes::one_of(&[
                "errors", "short", "eintr", "kill", "signals", "alloc", "budgets", "states",
            ])),
            "[\"errors\", \"short\"]",
            "what is done to them; default errors",
        ),
        now(
            "error",
            Takes::Any(&[Takes::Scalar(Words::Errno), Takes::List(&Takes::Scalar(Words::Errno))]),
            "[\"EIO\", \"ENOSPC\"]",
            "the errors, where a call can give them; default the likely ones of each call",
        ),
        now(
            "mode",
            Takes::Any(&[Takes::one_of(&["once", "from"]), Takes::List(&Takes::one_of(&["once", "from"]))]),
            "[\"once\", \"from\"]",
            "this call fails; it and every later one of its kind; default once",
        ),
        now(
            "recovery",
            Takes::Flag,
            "true",
            "faults in the `[[check]]`s too, on what `kill` and `states` leave; default false",
        ),
        now(
            "points",
            Takes::one_of(&["callsite", "each"]),
            "\"callsite\"",
            "one point for each stack of callers, or for each call; default callsite",
        ),
        now("baseline", Takes::Integer, "3", "runs without a fault that must agree first; default 3"),
        now(
            "compare",
            Takes::List(&Takes::one_of(&["exit", "stdout", "files"])),
            "[\"exit\", \"stdout\", \"files\"]",
            "what a run with a fault is held against; default all three",
        ),
        now("limit", Takes::Integer, "500", "runs with a fault at most: a sample of them, by `seed`"),
        now("seed", Takes::Integer, "7", "seed of the sample; default that of the spec"),
        now(
            "file-system",
            Takes::one_of(&["posix", "ext4", "xfs", "btrfs"]),
            "\"ext4\"",
            "what `states` take for granted of the file system; default posix: only what is synced is safe",
        ),
        now(
            "coverage",
            Takes::Flag,
            "true",
            "which lines of the program's source no run has reached; it must be built for that",
        ),
    ],
};
