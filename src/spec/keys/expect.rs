//! The keys of `[expect]`, `[[check]]` and `[snapshot]`.

use super::takes::{Takes, Words};
use super::{Table, must, now};

/// How a program ends.
const ENDS: Takes = Takes::Any(&[Takes::Integer, Takes::one_of(&["any"]), Takes::Table(&EXIT)]);

/// `[expect]`.
pub const EXPECT: Table = Table {
    name: "`[expect]`",
    keys: &[
        now("exit", ENDS, "1", "how the first process ends; default 0"),
        now("stdout", Takes::Table(&OUTPUT), "{ contains = [\"done\"] }", "standard output"),
        now("stderr", Takes::Table(&OUTPUT), "{ contains = [\"fsync\"] }", "standard error"),
        now("never", Takes::EVENTS, "[\"write(fd ~ '*.db')\"]", "events that must not happen"),
        now(
            "count",
            Takes::List(&Takes::Table(&COUNT)),
            "[{ event = \"fsync\", is = \"1..3\" }]",
            "how often events happen",
        ),
        now(
            "invariants",
            Takes::List(&Takes::one_of(&["no-fd-leak", "no-orphans", "no-zombies", "no-leftovers"])),
            "[\"no-orphans\"]",
            "what must hold at the end",
        ),
        now(
            "sequence",
            Takes::List(&Takes::Table(&SEQUENCE)),
            "[{ events = [\"openat\", \"close\"] }]",
            "events in order",
        ),
    ],
};

/// `exit` as a table.
pub const EXIT: Table = Table {
    name: "`exit`",
    keys: &[
        now("signal", Takes::Text(Words::Signal), "\"SIGABRT\"", "the signal that ends it"),
        now("any-of", Takes::List(&Takes::Integer), "[0, 3]", "any of these statuses"),
    ],
};

/// `stdout` and `stderr` of expectations.
pub const OUTPUT: Table = Table {
    name: "an expected output",
    keys: &[
        now("equals", Takes::TEXT, "\"done\"", "exactly this"),
        now("contains", Takes::TEXT_OR_TEXTS, "[\"fsync\"]", "each of these is in it"),
        now("matches", Takes::TEXT_OR_TEXTS, "'error \\d+'", "this expression matches somewhere"),
        now("never-matches", Takes::TEXT_OR_TEXTS, "'panicked at'", "this expression matches nowhere"),
        now("is-empty", Takes::Flag, "true", "nothing, or something"),
        now("file", Takes::TEXT, "\"out.txt\"", "exactly what is in this file"),
    ],
};

/// An entry of `expect.count`.
pub const COUNT: Table = Table {
    name: "an entry of `count`",
    keys: &[
        must("event", Takes::EVENT, "\"fsync\"", "the event"),
        must("is", Takes::SCALAR, "\"1..3\"", "how often"),
    ],
};

/// `[[expect.sequence]]`.
pub const SEQUENCE: Table = Table {
    name: "`[[expect.sequence]]`",
    keys: &[
        now("name", Takes::TEXT, "\"gives up\"", "shown in failures"),
        now("of", Takes::Table(&OF), "{ process = \"kv*\" }", "which events it looks at"),
        must(
            "events",
            Takes::List(&Takes::Any(&[Takes::EVENT, Takes::Table(&EVENT)])),
            "[\"openat\", \"close\"]",
            "what must happen in this order",
        ),
    ],
};

/// `of` of a sequence.
pub const OF: Table = Table {
    name: "`of`",
    keys: &[
        now("process", Takes::TEXT, "\"kv*\"", "those of this process: base name of its image, or P1"),
        now("thread", Takes::Integer, "1", "those of this thread of each process"),
    ],
};

/// An item of a sequence as a table.
pub const EVENT: Table = Table {
    name: "an item of `events`",
    keys: &[
        now("event", Takes::EVENT, "\"fsync\"", "it happens"),
        now("next", Takes::EVENT, "\"fsync\"", "it is the very next event"),
        now("not", Takes::EVENT, "\"fsync\"", "it does not happen before the next item"),
        now("any-order", Takes::List(&Takes::EVENT), "[\"close\", \"unlink\"]", "all happen, in any order"),
        now("optional", Takes::EVENT, "\"close\"", "it may happen here"),
        now("last", Takes::EVENT, "\"exit(1)\"", "it is the last event"),
        now("count", Takes::SCALAR, "\"2..\"", "how often `event` happens before the next item"),
        now("injected", Takes::TEXT, "\"fsync-eio\"", "the rule that fired on it"),
    ],
};

/// `[[check]]`.
pub const CHECK: Table = Table {
    name: "`[[check]]`",
    keys: &[
        now("name", Takes::TEXT, "\"database still opens\"", "shown in failures"),
        must(
            "run",
            Takes::TEXTS,
            "[\"kv\", \"fsck\"]",
            "program and arguments; `RINJECT_STDOUT` names a file with what was printed",
        ),
        now("timeout", Takes::DURATION, "\"5s\"", "wall clock"),
        now("expect", Takes::Table(&CHECK_EXPECT), "{ exit = 0 }", "how it ends"),
        now(
            "always",
            Takes::Flag,
            "true",
            "in a sweep: it must hold even where the program says that it failed; default false",
        ),
    ],
};

/// `expect` of a check.
pub const CHECK_EXPECT: Table = Table {
    name: "`expect` of a check",
    keys: &[
        now("exit", ENDS, "0", "how it ends; default 0"),
        now("stdout", Takes::Table(&OUTPUT), "{ contains = [\"clean\"] }", "standard output"),
        now("stderr", Takes::Table(&OUTPUT), "{ is-empty = true }", "standard error"),
    ],
};

/// `[snapshot]`.
pub const SNAPSHOT: Table = Table {
    name: "`[snapshot]`",
    keys: &[
        now("transcript", Takes::Flag, "true", "the events; default true"),
        now("stdout", Takes::Flag, "false", "standard output"),
        now("files", Takes::TEXT_OR_TEXTS, "[\"${tmp}/**\"]", "names, sizes and hashes of what is left behind"),
        now(
            "redact",
            Takes::List(&Takes::Table(&REDACT)),
            "[{ regex = 'req-[0-9a-f]+', with = \"<req>\" }]",
            "rewritten before comparing",
        ),
    ],
};

/// An entry of `snapshot.redact`.
pub const REDACT: Table = Table {
    name: "an entry of `redact`",
    keys: &[
        must("regex", Takes::TEXT, "'req-[0-9a-f]+'", "what is replaced"),
        must("with", Takes::TEXT, "\"<req>\"", "by what; `$1` stands for a group"),
    ],
};
