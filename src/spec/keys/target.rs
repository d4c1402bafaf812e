//! The keys of `[target]` and `[[setup]]`.

use super::takes::{Takes, Words};
use super::{Table, must, now};

/// Where an output goes.
const OUTPUT: Takes =
    Takes::Any(&[Takes::one_of(&["file", "pipe", "null", "inherit", "tty"]), Takes::Table(&OUTPUT_TO)]);

/// `[target]`.
pub const TARGET: Table = Table {
    name: "`[target]`",
    keys: &[
        now("program", Takes::TEXT, "\"./kv\"", "bare name: looked up in PATH; with a slash: relative to this file"),
        now("arg0", Takes::TEXT, "\"kv\"", "`argv[0]`; default the program as written"),
        now("args", Takes::TEXTS, "[\"put\", \"k\", \"v\"]", "arguments"),
        now("env", Takes::NAMED_TEXTS, "{ RUST_BACKTRACE = \"0\" }", "added to the environment"),
        now("env-clear", Takes::Flag, "true", "begin with a clean environment; false inherits"),
        now("cwd", Takes::TEXT, "\"${tmp}\"", "working directory; default a fresh one"),
        now(
            "files",
            Takes::Entries(Words::Free, &Takes::Any(&[Takes::TEXT, Takes::Table(&FILE)])),
            "{ \"in.txt\" = \"hello\" }",
            "files made in the working directory first",
        ),
        now(
            "stdin",
            Takes::Any(&[Takes::one_of(&["null", "inherit", "tty"]), Takes::Table(&STDIN)]),
            "{ text = \"y\" }",
            "standard input; default \"null\"",
        ),
        now("stdout", OUTPUT, "\"pipe\"", "standard output; default \"file\""),
        now("stderr", OUTPUT, "\"pipe\"", "standard error; default \"file\""),
        now("tty", Takes::Flag, "true", "standard streams on a fresh terminal of 80 columns and 24 lines"),
        now("timeout", Takes::DURATION, "\"10s\"", "wall clock; then the whole tree is killed"),
        now("limits", Takes::Table(&LIMITS), "{ nofile = 64 }", "resource limits"),
        now(
            "transparent",
            Takes::Flag,
            "true",
            "surroundings, schedule and tracing as near to a run without rinject as can be",
        ),
        now(
            "attach",
            Takes::Any(&[Takes::Integer, Takes::Table(&ATTACH)]),
            "1234",
            "a running process instead of a program; it goes on unharmed at the end",
        ),
    ],
};

/// A value in `target.files`.
pub const FILE: Table = Table {
    name: "a file of `target.files`",
    keys: &[
        now("text", Takes::TEXT, "\"hello\"", "what is in it"),
        now("path", Takes::TEXT, "\"data/in.bin\"", "the file that is copied, relative to this spec"),
        now("mode", Takes::TEXT, "\"0755\"", "permission bits in octal"),
    ],
};

/// `target.stdin` as a table.
pub const STDIN: Table = Table {
    name: "`stdin`",
    keys: &[
        now("text", Takes::TEXT, "\"y\"", "this text"),
        now("file", Takes::TEXT, "\"in.txt\"", "this file, relative to the spec"),
    ],
};

/// `target.stdout` and `target.stderr` as tables.
pub const OUTPUT_TO: Table = Table {
    name: "the output",
    keys: &[must("path", Takes::TEXT, "\"out\"", "a file relative to the working directory")],
};

/// `target.limits`.
pub const LIMITS: Table = Table {
    name: "`limits`",
    keys: &[
        now("nofile", Takes::SCALAR, "64", "open descriptors"),
        now("fsize", Takes::SCALAR, "\"1MiB\"", "size of a written file"),
        now("as", Takes::SCALAR, "\"512MiB\"", "address space"),
        now("core", Takes::SCALAR, "0", "size of a core dump"),
        now("tasks", Takes::SCALAR, "256", "live tasks of the run"),
        now("output", Takes::SCALAR, "\"64MiB\"", "bytes of each output that are kept"),
        now("events", Takes::SCALAR, "10000000", "transcript lines"),
    ],
};

/// `target.attach` as a table.
pub const ATTACH: Table = Table {
    name: "`target.attach`",
    keys: &[
        now("pid", Takes::Integer, "1234", "the process"),
        now("for", Takes::DURATION, "\"5s\"", "how long; default until all that is awaited has happened"),
    ],
};

/// `[[setup]]`.
pub const SETUP: Table = Table {
    name: "`[[setup]]`",
    keys: &[
        must("run", Takes::TEXTS, "[\"mkdir\", \"data\"]", "program and arguments"),
        now("timeout", Takes::DURATION, "\"60s\"", "wall clock; default 10s"),
    ],
};
