//! The keys of `[trace]` and `[[inject]]`.

use super::takes::{Takes, Words};
use super::{Table, must, now};

/// Before or after the effect of a call.
const SIDE: Takes = Takes::one_of(&["enter", "exit"]);

/// `[trace]`.
pub const TRACE: Table = Table {
    name: "`[trace]`",
    keys: &[
        now(
            "start",
            Takes::Text(Words::Start),
            "\"main\"",
            "when tracing begins: main, exec, entry, a symbol or an event",
        ),
        now(
            "follow",
            Takes::List(&Takes::one_of(&["threads", "forks", "execs"])),
            "[\"threads\", \"forks\", \"execs\"]",
            "what is followed; default all three",
        ),
        now(
            "syscalls",
            Takes::List(&Takes::Text(Words::Calls)),
            "[\"%file\", \"!lseek\"]",
            "calls that are written; default those that are named elsewhere",
        ),
        now(
            "signals",
            Takes::List(&Takes::Text(Words::Signals)),
            "[\"all\", \"!SIGCHLD\"]",
            "signals that are written; default all",
        ),
        now("drop", Takes::EVENTS, "[\"read(fd ~ '/proc/**')\"]", "traced, but not written"),
        now(
            "paths",
            Takes::TEXT_OR_TEXTS,
            "[\"*.wal\"]",
            "of calls, only those are written that one of these paths or its descriptors take part in",
        ),
        now("strings", Takes::Integer, "64", "bytes of a buffer shown before it is cut"),
        now(
            "results",
            Takes::Flag,
            "false",
            "false: a call that only `syscalls` names is written as it is made, and its result is `?`: one stop, not two",
        ),
        now(
            "filter",
            Takes::one_of(&["seccomp", "ptrace"]),
            "\"seccomp\"",
            "how calls are selected: seccomp or ptrace",
        ),
        now(
            "nested",
            Takes::one_of(&["deny", "release"]),
            "\"deny\"",
            "a target that traces its own children: deny (EPERM) or release (lets them go)",
        ),
        now(
            "io-uring",
            Takes::one_of(&["deny", "allow"]),
            "\"deny\"",
            "a target that uses io_uring: deny (ENOSYS) or allow",
        ),
        now("backtrace", Takes::Integer, "4", "frames shown below each call, signal and hit; default 0"),
    ],
};

/// `[[inject]]`.
pub const INJECT: Table = Table {
    name: "`[[inject]]`",
    keys: &[
        now("name", Takes::TEXT, "\"fsync-eio\"", "shown in transcript and reports; default r1, r2, ..."),
        now(
            "on",
            Takes::EVENT,
            "\"fsync, fdatasync\"",
            "the event; a rule has `on`, `at`, `watch`, `budget` or `clock`",
        ),
        now("where", Takes::Table(&WHERE), "{ path = \"*.wal\" }", "what more must hold"),
        now("when", Takes::SCALAR, "\"1\"", "which of the matching events"),
        now(
            "scope",
            Takes::one_of(&["run", "process", "thread", "path", "fd", "callsite"]),
            "\"run\"",
            "what is counted together: run, process, thread, path, fd or callsite",
        ),
        now("after", Takes::EVENT, "\"inject(r1)\"", "armed by this event"),
        now("until", Takes::EVENT, "\"close\"", "disarmed by this event"),
        now("fires", Takes::SCALAR, "\"1..\"", "how often it must fire"),
        now("unfaithful", Takes::Flag, "true", "allows what no kernel does"),
        now("error", Takes::ERRORS, "\"EIO\"", "the call fails; of a list, one case for each"),
        now("retval", Takes::SCALAR, "0", "the call is skipped and returns this"),
        now(
            "signal",
            Takes::Any(&[Takes::Scalar(Words::Signal), Takes::Table(&SIGNAL)]),
            "\"SIGTERM\"",
            "a signal is sent, or replaces the one in delivery",
        ),
        now("suppress", Takes::Flag, "true", "the signal in delivery is swallowed"),
        now("delay-enter", Takes::DURATION, "\"50ms\"", "waits before the call"),
        now("delay-exit", Takes::DURATION, "\"50ms\"", "waits after the call"),
        now(
            "kill",
            Takes::one_of(&["process", "thread", "tree"]),
            "\"process\"",
            "SIGKILL to the process, the thread or the tree",
        ),
        now("kill-at", SIDE, "\"enter\"", "before or after the call's effect"),
        now(
            "at",
            Takes::TEXT,
            "\"libwal.so!wal_commit\"",
            "a breakpoint: `[module!]symbol[+offset]`, `file.c:120` or `0xADDRESS`",
        ),
        now("signature", Takes::TEXT, "\"malloc(size: usize) -> ptr\"", "arguments of the function at a breakpoint"),
        now("error-after", Takes::ERRORS, "\"EIO\"", "the call runs, then reports failure; lists as in `error`"),
        now("short", Takes::SCALAR, "\"50%\"", "transfers fewer bytes"),
        now("corrupt", Takes::Table(&CORRUPT), "{ arg = \"buf\" }", "flips data"),
        now("args", Takes::NAMED_SCALARS, "{ count = \"512\" }", "rewrites arguments"),
        now("replace", Takes::Text(Words::Call), "\"getpid\"", "another call runs instead"),
        now("registers", Takes::Entries(Words::Register, &Takes::SCALAR), "{ rdi = \"+1\" }", "edits registers"),
        now("memory", Takes::List(&Takes::Table(&MEMORY)), "[{ at = \"rsi+8\", bytes = \"de ad\" }]", "edits memory"),
        now("return", Takes::SCALAR, "0", "the function is not run"),
        now("step", Takes::Table(&STEP), "{ count = 20 }", "single-steps"),
        now("capture", Takes::NAMED_TEXTS, "{ name = \"rsi:cstr\" }", "puts a value into the transcript"),
        now("detach", Takes::Flag, "true", "lets the task go"),
        now("watch", Takes::TEXT, "\"module!symbol\"", "a watchpoint"),
        now("access", Takes::one_of(&["write", "rw"]), "\"write\"", "what a watchpoint watches for"),
        now("len", Takes::Integer, "8", "bytes of a watchpoint"),
        now(
            "budget",
            Takes::Table(&BUDGET),
            "{ disk = \"1MiB\" }",
            "calls fail from an amount on, as on a full disk; a rule without `on`",
        ),
        now(
            "clock",
            Takes::Table(&CLOCK),
            "{ skew = \"+2h\" }",
            "changes the time of day; a rule without `on`, with `determinism.time`",
        ),
        now("use", Takes::Text(Words::Ready), "\"malloc-fails\"", "a ready rule; keys beside it go before its own"),
        now("quiet", Takes::Flag, "true", "keeps its events out of the transcript"),
        now("hardware", Takes::Flag, "true", "a breakpoint in a debug register"),
        now("probability", Takes::Number, "0.25", "fires by chance"),
        now("seed", Takes::Integer, "99", "seed of its chance"),
    ],
};

/// `where` of a rule.
pub const WHERE: Table = Table {
    name: "`where`",
    keys: &[
        now("path", Takes::TEXT, "\"*.wal\"", "any path argument, or the path behind any descriptor"),
        now("fd", Takes::SCALAR, "1", "any descriptor argument: its number or a glob"),
        now("args", Takes::TEXT_OR_TEXTS, "\"count >= 512\"", "tests of arguments"),
        now("process", Takes::TEXT, "\"kv*\"", "base name of the image, or P1"),
        now(
            "caller",
            Takes::TEXT_OR_TEXTS,
            "\"kv!commit_*\"",
            "a function on the stack, with or without its module: one glob or several",
        ),
        now("result", Takes::SCALAR, "\"EAGAIN\"", "the call's result, as after `->`"),
        now("thread", Takes::Integer, "1", "the thread, by birth in its process"),
    ],
};

/// `signal` of a rule as a table.
pub const SIGNAL: Table = Table {
    name: "`signal`",
    keys: &[
        must("name", Takes::Text(Words::Signal), "\"SIGTERM\"", "which"),
        now("to", Takes::one_of(&["thread", "process"]), "\"thread\"", "to whom: thread or process"),
        now("at", SIDE, "\"exit\"", "before or after the call's effect"),
        now("value", Takes::Integer, "7", "`si_value`"),
    ],
};

/// `step` of a rule.
pub const STEP: Table = Table {
    name: "`step`",
    keys: &[
        now("count", Takes::Integer, "20", "so many instructions"),
        now("until", Takes::TEXT, "\"symbol\"", "up to this place"),
    ],
};

/// `budget` of a rule.
pub const BUDGET: Table = Table {
    name: "`budget`",
    keys: &[
        now(
            "disk",
            Takes::SCALAR,
            "\"1MiB\"",
            "bytes that can be written to regular files; then short writes and ENOSPC",
        ),
        now("fds", Takes::Integer, "20", "descriptors that a process can have open; then EMFILE"),
        now(
            "memory",
            Takes::SCALAR,
            "\"64MiB\"",
            "growth of private writable memory by brk, mmap, mremap and mprotect; then ENOMEM",
        ),
        now("processes", Takes::Integer, "3", "tasks of the run, threads among them, that can be alive; then EAGAIN"),
    ],
};

/// `clock` of a rule.
pub const CLOCK: Table = Table {
    name: "`clock`",
    keys: &[
        now("skew", Takes::TEXT, "\"+2h\"", "the clock is wrong by so much from the start, or from `after` on"),
        now("jump", Takes::TEXTS, "[\"10s: -1h\"]", "it is set forward or back once the run has taken so long"),
    ],
};

/// `corrupt` of a rule.
pub const CORRUPT: Table = Table {
    name: "`corrupt`",
    keys: &[
        must("arg", Takes::TEXT, "\"buf\"", "the argument that points to the data"),
        now("offset", Takes::Integer, "0", "which byte; default 0"),
        now("xor", Takes::Integer, "1", "what the byte is xor-ed with; default 1"),
        now("random", Takes::Table(&RANDOM), "{ bits = 1, seed = 1 }", "flips bits drawn from a seed instead"),
    ],
};

/// `random` of `corrupt`.
pub const RANDOM: Table = Table {
    name: "`random`",
    keys: &[
        now("bits", Takes::Integer, "1", "how many bits are flipped; default 1"),
        now("seed", Takes::Integer, "1", "seed of the choice; default the rule's, or the spec's"),
    ],
};

/// An entry of `memory`.
pub const MEMORY: Table = Table {
    name: "an entry of `memory`",
    keys: &[
        must(
            "at",
            Takes::TEXT,
            "\"rsi+8\"",
            "where: a register, an argument or a symbol, with an offset; `[...]` reads a pointer",
        ),
        now("bytes", Takes::SCALAR, "\"de ad be ef\"", "these bytes, in hexadecimal"),
        now("u8", Takes::SCALAR, "\"^1\"", "a byte: `7`, `+1`, `^m`, `&m`, `|m`"),
        now("u16", Takes::SCALAR, "7", "two bytes, likewise"),
        now("u32", Takes::SCALAR, "7", "four bytes, likewise"),
        now("u64", Takes::SCALAR, "7", "eight bytes, likewise"),
        now("cstr", Takes::SCALAR, "\"text\"", "this text and a zero byte"),
    ],
};
