//! The keys of `[determinism]`.

use super::takes::Takes;
use super::{Table, must, now};

/// `[determinism]`.
pub const DETERMINISM: Table = Table {
    name: "`[determinism]`",
    keys: &[
        now(
            "schedule",
            Takes::Any(&[Takes::one_of(&["serial", "random", "replay", "free"]), Takes::Table(&SCHEDULE)]),
            "\"serial\"",
            "who runs when: serial (one task at a time), random (so, but drawn) or free (all at once)",
        ),
        now("aslr", Takes::Flag, "false", "whether addresses are drawn anew for each run"),
        now(
            "time",
            Takes::Any(&[Takes::one_of(&["real", "virtual"]), Takes::Table(&TIME)]),
            "\"virtual\"",
            "virtual: a clock of the run's own, on which sleeps cost nothing; default real",
        ),
        now(
            "random",
            Takes::Any(&[Takes::one_of(&["real", "seeded"]), Takes::Table(&RANDOM_BYTES)]),
            "{ seed = 42 }",
            "random bytes from a seed, or `seeded`: from the spec's; default real",
        ),
        now("cpus", Takes::Integer, "1", "how many processors the program sees; default as many as there are"),
        now(
            "pids",
            Takes::one_of(&["real", "fresh"]),
            "\"fresh\"",
            "fresh: numbers of processes that begin anew, in a PID namespace; default real",
        ),
        now("hostname", Takes::TEXT, "\"rinject\"", "the name of the machine that the program sees; default its own"),
        now(
            "dir-order",
            Takes::one_of(&["real", "sorted"]),
            "\"sorted\"",
            "sorted: names in a directory come in the order of their bytes; default real",
        ),
        now(
            "file-times",
            Takes::one_of(&["real", "virtual"]),
            "\"virtual\"",
            "virtual: times of files by the clock of `time = \"virtual\"`; default real",
        ),
        now(
            "yield-at",
            Takes::TEXTS,
            "[\"lib.so!spin+0x10\"]",
            "places in loops without calls, where a task gives its turn away until another has done something",
        ),
    ],
};

/// `determinism.random` as a table.
pub const RANDOM_BYTES: Table = Table {
    name: "`determinism.random`",
    keys: &[now("seed", Takes::Integer, "42", "what random bytes are drawn from; default the spec's seed")],
};

/// `determinism.time` as a table.
pub const TIME: Table = Table {
    name: "`determinism.time`",
    keys: &[now(
        "start",
        Takes::TEXT,
        "\"2026-01-01T00:00:00Z\"",
        "what time it is when the run begins; default 2026-01-01T00:00:00Z",
    )],
};

/// `determinism.schedule` as a table.
pub const SCHEDULE: Table = Table {
    name: "`determinism.schedule`",
    keys: &[
        must(
            "policy",
            Takes::one_of(&["serial", "random", "replay", "free"]),
            "\"random\"",
            "serial, random, replay or free",
        ),
        now("seed", Takes::Integer, "7", "of `random`: what it is drawn from; default the spec's"),
        now("switches", Takes::TEXTS, "[\"12:P1.T2\"]", "of `replay`: at which choice who goes on instead"),
    ],
};
