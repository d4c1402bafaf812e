//! The keys of `[determinism]`.

use super::{Table, now};

/// `[determinism]`.
pub const DETERMINISM: Table = Table {
    name: "`[determinism]`",
    keys: &[
        now(
            "schedule",
            "\"serial\"",
            "who runs when: serial (one task at a time), random (so, but drawn) or free (all at once)",
        ),
        now("aslr", "false", "whether addresses are drawn anew for each run"),
        now("time", "\"virtual\"", "virtual: a clock of the run's own, on which sleeps cost nothing; default real"),
        now("random", "{ seed = 42 }", "random bytes from a seed, or `seeded`: from the spec's; default real"),
        now("cpus", "1", "how many processors the program sees; default as many as there are"),
        now("pids", "\"fresh\"", "fresh: numbers of processes that begin anew, in a PID namespace; default real"),
        now("hostname", "\"rinject\"", "the name of the machine that the program sees; default its own"),
        now("dir-order", "\"sorted\"", "sorted: names in a directory come in the order of their bytes; default real"),
        now(
            "file-times",
            "\"virtual\"",
            "virtual: times of files by the clock of `time = \"virtual\"`; default real",
        ),
        now(
            "yield-at",
            "[\"lib.so!spin+0x10\"]",
            "places in loops without calls, where a task gives its turn away until another has done something",
        ),
    ],
};

/// `determinism.random` as a table.
pub const RANDOM_BYTES: Table = Table {
    name: "`determinism.random`",
    keys: &[now("seed", "42", "what random bytes are drawn from; default the spec's seed")],
};

/// `determinism.time` as a table.
pub const TIME: Table = Table {
    name: "`determinism.time`",
    keys: &[now(
        "start",
        "\"2026-01-01T00:00:00Z\"",
        "what time it is when the run begins; default 2026-01-01T00:00:00Z",
    )],
};

/// `determinism.schedule` as a table.
pub const SCHEDULE: Table = Table {
    name: "`determinism.schedule`",
    keys: &[
        now("policy", "\"random\"", "serial, random, replay or free"),
        now("seed", "7", "of `random`: what it is drawn from; default the spec's"),
        now("switches", "[\"12:P1.T2\"]", "of `replay`: at which choice who goes on instead"),
    ],
};
