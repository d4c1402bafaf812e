//! Every key of the format, table by table: the one place that lists them.
//! It must not know how a key is read; documentation and suggestions come from here.

mod determinism;

pub use determinism::{DETERMINISM, RANDOM_BYTES, SCHEDULE, TIME};

/// One key of a table.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    /// As it is written.
    pub name: &'static str,
    /// A value that it takes, as TOML.
    pub example: &'static str,
    /// What it is for.
    pub about: &'static str,
    /// Whether this version carries it out.
    pub supported: bool,
}

/// A table of the format.
#[derive(Clone, Copy, Debug)]
pub struct Table {
    /// As messages call it.
    pub name: &'static str,
    /// Its keys.
    pub keys: &'static [Key],
}

impl Table {
    /// The key of this name.
    pub fn key(&self, name: &str) -> Option<&'static Key> {
        self.keys.iter().find(|key| key.name == name)
    }

    /// That it lacks a key: the message, the label and the remedy.
    pub fn lacks(&self, name: &str) -> (String, String, String) {
        let example = self.key(name).map_or("", |key| key.example);
        (
            format!("{} lacks `{name}`", self.name),
            format!("`{name}` is missing here"),
            format!("add `{name} = {example}`"),
        )
    }

    /// The table as the value of a key, where it is named after that.
    fn as_value(&self) -> Option<String> {
        let key = self.name.strip_prefix('`')?.strip_suffix('`')?.rsplit_once('.')?.1;
        let supported = self.keys.iter().filter(|key| key.supported);
        let keys: Vec<String> = supported.map(|key| format!("{} = {}", key.name, key.example)).collect();
        Some(format!("{key} = {{ {} }}", keys.join(", ")))
    }
}

const fn now(name: &'static str, example: &'static str, about: &'static str) -> Key {
    Key { name, example, about, supported: true }
}

const fn later(name: &'static str, example: &'static str, about: &'static str) -> Key {
    Key { name, example, about, supported: false }
}

/// Every table, for documentation.
pub const ALL: [&Table; 32] = [
    &ROOT,
    &TARGET,
    &FILE,
    &STDIN,
    &OUTPUT_TO,
    &LIMITS,
    &ATTACH,
    &SETUP,
    &DETERMINISM,
    &RANDOM_BYTES,
    &TIME,
    &SCHEDULE,
    &TRACE,
    &INJECT,
    &WHERE,
    &SIGNAL,
    &STEP,
    &BUDGET,
    &CORRUPT,
    &RANDOM,
    &MEMORY,
    &EXPECT,
    &EXIT,
    &OUTPUT,
    &COUNT,
    &SEQUENCE,
    &OF,
    &EVENT,
    &CHECK,
    &CHECK_EXPECT,
    &SNAPSHOT,
    &REDACT,
];

/// Where a key belongs that stands in a wrong table; `None` where no table has it, or too many to be of help.
pub(super) fn home(name: &str) -> Option<String> {
    let homes: Vec<&Table> = ALL.into_iter().filter(|table| table.key(name).is_some()).collect();
    match homes[..] {
        [] => None,
        [home] if home.name == ROOT.name => Some("it belongs to the spec itself, in no table".to_owned()),
        [home] => {
            let written = home.as_value().map_or(String::new(), |value| format!(": `{value}`"));
            Some(format!("it is a key of {}{written}", home.name))
        }
        [one, other] => Some(format!("it is a key of {} and of {}", one.name, other.name)),
        _ => None,
    }
}

/// The file itself.
pub const ROOT: Table = Table {
    name: "the spec",
    keys: &[
        now("spec", "1", "version of the format; always first"),
        now("name", "\"wal survives a failing fsync\"", "name of the case; default the file's stem"),
        now("tags", "[\"wal\", \"disk\"]", "words to select cases by"),
        now("seed", "0", "seed of everything that is drawn"),
        now(
            "requires",
            "[\"arch:x86_64\", \"kernel>=5.3\"]",
            "what the machine must have; unmet, the case is skipped",
        ),
        now("xfail", "\"PROJ-123: retries fsync\"", "known bug: failing is fine, passing is an error"),
        now("vars", "{ data = \"${tmp}/data\" }", "texts that `${var.NAME}` stands for"),
        now("target", "{ program = \"./kv\" }", "the program and its surroundings"),
        now("setup", "[{ run = [\"mkdir\", \"data\"] }]", "commands before the run, untraced"),
        now("determinism", "{ schedule = \"free\" }", "sources of chance that are fixed"),
        now("trace", "{ syscalls = [\"%file\"] }", "which events exist"),
        now("inject", "[{ on = \"fsync\", error = \"EIO\" }]", "the faults"),
        now("expect", "{ exit = 1 }", "what must happen"),
        now("check", "[{ run = [\"kv\", \"fsck\"] }]", "commands after the run, untraced"),
        now("snapshot", "{ transcript = true }", "what is compared with the golden file"),
        now("extends", "[\"../common.toml\"]", "files that this one adds to"),
        now("matrix", "{ engine = [\"btree\", \"lsm\"] }", "one case for each combination"),
        later("sweep", "{ on = \"%file\" }", "one case for each fault point"),
    ],
};

/// `[target]`.
pub const TARGET: Table = Table {
    name: "`[target]`",
    keys: &[
        now("program", "\"./kv\"", "bare name: looked up in PATH; with a slash: relative to this file"),
        now("arg0", "\"kv\"", "`argv[0]`; default the program as written"),
        now("args", "[\"put\", \"k\", \"v\"]", "arguments"),
        now("env", "{ RUST_BACKTRACE = \"0\" }", "added to the environment"),
        now("env-clear", "true", "begin with a clean environment; false inherits"),
        now("cwd", "\"${tmp}\"", "working directory; default a fresh one"),
        now("files", "{ \"in.txt\" = \"hello\" }", "files made in the working directory first"),
        now("stdin", "{ text = \"y\" }", "standard input; default \"null\""),
        now("stdout", "\"pipe\"", "standard output; default \"file\""),
        now("stderr", "\"pipe\"", "standard error; default \"file\""),
        now("tty", "true", "standard streams on a fresh terminal of 80 columns and 24 lines"),
        now("timeout", "\"10s\"", "wall clock; then the whole tree is killed"),
        now("limits", "{ nofile = 64 }", "resource limits"),
        now("transparent", "true", "surroundings, schedule and tracing as near to a run without rinject as can be"),
        now("attach", "1234", "a running process instead of a program; it goes on unharmed at the end"),
    ],
};

/// A value in `target.files`.
pub const FILE: Table = Table {
    name: "a file of `target.files`",
    keys: &[
        now("text", "\"hello\"", "what is in it"),
        now("path", "\"data/in.bin\"", "the file that is copied, relative to this spec"),
        now("mode", "\"0755\"", "permission bits in octal"),
    ],
};

/// `target.stdin` as a table.
pub const STDIN: Table = Table {
    name: "`stdin`",
    keys: &[now("text", "\"y\"", "this text"), now("file", "\"in.txt\"", "this file, relative to the spec")],
};

/// `target.stdout` and `target.stderr` as tables.
pub const OUTPUT_TO: Table =
    Table { name: "the output", keys: &[now("path", "\"out\"", "a file relative to the working directory")] };

/// `target.limits`.
pub const LIMITS: Table = Table {
    name: "`limits`",
    keys: &[
        now("nofile", "64", "open descriptors"),
        now("fsize", "\"1MiB\"", "size of a written file"),
        now("as", "\"512MiB\"", "address space"),
        now("core", "0", "size of a core dump"),
        now("tasks", "256", "live tasks of the run"),
        now("output", "\"64MiB\"", "bytes of each output that are kept"),
        now("events", "10000000", "transcript lines"),
    ],
};

/// `[[setup]]`.
pub const SETUP: Table = Table {
    name: "`[[setup]]`",
    keys: &[
        now("run", "[\"mkdir\", \"data\"]", "program and arguments"),
        now("timeout", "\"60s\"", "wall clock; default 10s"),
    ],
};

/// `target.attach` as a table.
pub const ATTACH: Table = Table {
    name: "`target.attach`",
    keys: &[
        now("pid", "1234", "the process"),
        now("for", "\"5s\"", "how long; default until all that is awaited has happened"),
    ],
};

/// `[trace]`.
pub const TRACE: Table = Table {
    name: "`[trace]`",
    keys: &[
        now("start", "\"main\"", "when tracing begins: main, exec, entry, a symbol or an event"),
        now("follow", "[\"threads\", \"forks\", \"execs\"]", "what is followed; default all three"),
        now("syscalls", "[\"%file\", \"!lseek\"]", "calls that are written; default those that are named elsewhere"),
        now("signals", "[\"all\", \"!SIGCHLD\"]", "signals that are written; default all"),
        now("drop", "[\"read(fd ~ '/proc/**')\"]", "traced, but not written"),
        now(
            "paths",
            "[\"*.wal\"]",
            "of calls, only those are written that one of these paths or its descriptors take part in",
        ),
        now("strings", "64", "bytes of a buffer shown before it is cut"),
        now("filter", "\"seccomp\"", "how calls are selected: seccomp or ptrace"),
        now("nested", "\"deny\"", "a target that traces its own children: deny (EPERM) or release (lets them go)"),
        now("io-uring", "\"deny\"", "a target that uses io_uring: deny (ENOSYS) or allow"),
        now("backtrace", "4", "frames shown below each call, signal and hit; default 0"),
    ],
};

/// `[[inject]]`.
pub const INJECT: Table = Table {
    name: "`[[inject]]`",
    keys: &[
        now("name", "\"fsync-eio\"", "shown in transcript and reports; default r1, r2, ..."),
        now("on", "\"fsync, fdatasync\"", "the event; a rule has `on`, `at`, `watch`, `budget` or `clock`"),
        now("where", "{ path = \"*.wal\" }", "what more must hold"),
        now("when", "\"1\"", "which of the matching events"),
        now("scope", "\"run\"", "what is counted together: run, process, thread, path, fd or callsite"),
        now("after", "\"inject(r1)\"", "armed by this event"),
        now("until", "\"close\"", "disarmed by this event"),
        now("fires", "\"1..\"", "how often it must fire"),
        now("unfaithful", "true", "allows what no kernel does"),
        now("error", "\"EIO\"", "the call fails; of a list, one case for each"),
        now("retval", "0", "the call is skipped and returns this"),
        now("signal", "\"SIGTERM\"", "a signal is sent, or replaces the one in delivery"),
        now("suppress", "true", "the signal in delivery is swallowed"),
        now("delay-enter", "\"50ms\"", "waits before the call"),
        now("delay-exit", "\"50ms\"", "waits after the call"),
        now("kill", "\"process\"", "SIGKILL to the process, the thread or the tree"),
        now("kill-at", "\"enter\"", "before or after the call's effect"),
        now(
            "at",
            "\"libwal.so!wal_commit\"",
            "a breakpoint: `[module!]symbol[+offset]`, `file.c:120` or `0xADDRESS`",
        ),
        now("signature", "\"malloc(size: usize) -> ptr\"", "arguments of the function at a breakpoint"),
        now("error-after", "\"EIO\"", "the call runs, then reports failure; lists as in `error`"),
        now("short", "\"50%\"", "transfers fewer bytes"),
        now("corrupt", "{ arg = \"buf\" }", "flips data"),
        now("args", "{ count = \"512\" }", "rewrites arguments"),
        now("replace", "\"getpid\"", "another call runs instead"),
        now("registers", "{ rdi = \"+1\" }", "edits registers"),
        now("memory", "[{ at = \"rsi+8\", bytes = \"de ad\" }]", "edits memory"),
        now("return", "0", "the function is not run"),
        now("step", "{ count = 20 }", "single-steps"),
        now("capture", "{ name = \"rsi:cstr\" }", "puts a value into the transcript"),
        now("detach", "true", "lets the task go"),
        now("watch", "\"module!symbol\"", "a watchpoint"),
        now("access", "\"write\"", "what a watchpoint watches for"),
        now("len", "8", "bytes of a watchpoint"),
        now("budget", "{ disk = \"1MiB\" }", "calls fail from an amount on, as on a full disk; a rule without `on`"),
        now("clock", "{ skew = \"+2h\" }", "changes the time of day; a rule without `on`, with `determinism.time`"),
        now("use", "\"malloc-fails\"", "a ready rule; keys beside it go before its own"),
        now("quiet", "true", "keeps its events out of the transcript"),
        now("hardware", "true", "a breakpoint in a debug register"),
        now("probability", "0.25", "fires by chance"),
        now("seed", "99", "seed of its chance"),
    ],
};

/// `where` of a rule.
pub const WHERE: Table = Table {
    name: "`where`",
    keys: &[
        now("path", "\"*.wal\"", "any path argument, or the path behind any descriptor"),
        now("fd", "1", "any descriptor argument: its number or a glob"),
        now("args", "\"count >= 512\"", "tests of arguments"),
        now("process", "\"kv*\"", "base name of the image, or P1"),
        now("caller", "\"kv!commit_*\"", "a function on the stack, with or without its module: one glob or several"),
        now("result", "\"EAGAIN\"", "the call's result, as after `->`"),
        now("thread", "1", "the thread, by birth in its process"),
    ],
};

/// `signal` of a rule as a table.
pub const SIGNAL: Table = Table {
    name: "`signal`",
    keys: &[
        now("name", "\"SIGTERM\"", "which"),
        now("to", "\"thread\"", "to whom: thread or process"),
        now("at", "\"exit\"", "before or after the call's effect"),
        now("value", "7", "`si_value`"),
    ],
};

/// `step` of a rule.
pub const STEP: Table = Table {
    name: "`step`",
    keys: &[now("count", "20", "so many instructions"), now("until", "\"symbol\"", "up to this place")],
};

/// `budget` of a rule.
pub const BUDGET: Table = Table {
    name: "`budget`",
    keys: &[
        now("disk", "\"1MiB\"", "bytes that can be written to regular files; then short writes and ENOSPC"),
        now("fds", "20", "descriptors that a process can have open; then EMFILE"),
        now("memory", "\"64MiB\"", "growth of private memory by brk, mmap and mremap; then ENOMEM"),
        now("processes", "3", "tasks of the run, threads among them, that can be alive; then EAGAIN"),
    ],
};

/// `clock` of a rule.
pub const CLOCK: Table = Table {
    name: "`clock`",
    keys: &[
        now("skew", "\"+2h\"", "the clock is wrong by so much from the start, or from `after` on"),
        now("jump", "[\"10s: -1h\"]", "it is set forward or back once the run has taken so long"),
    ],
};

/// `corrupt` of a rule.
pub const CORRUPT: Table = Table {
    name: "`corrupt`",
    keys: &[
        now("arg", "\"buf\"", "the argument that points to the data"),
        now("offset", "0", "which byte; default 0"),
        now("xor", "1", "what the byte is xor-ed with; default 1"),
        now("random", "{ bits = 1, seed = 1 }", "flips bits drawn from a seed instead"),
    ],
};

/// `random` of `corrupt`.
pub const RANDOM: Table = Table {
    name: "`random`",
    keys: &[
        now("bits", "1", "how many bits are flipped; default 1"),
        now("seed", "1", "seed of the choice; default the rule's, or the spec's"),
    ],
};

/// An entry of `memory`.
pub const MEMORY: Table = Table {
    name: "an entry of `memory`",
    keys: &[
        now("at", "\"rsi+8\"", "where: a register, an argument or a symbol, with an offset; `[...]` reads a pointer"),
        now("bytes", "\"de ad be ef\"", "these bytes, in hexadecimal"),
        now("u8", "\"^1\"", "a byte: `7`, `+1`, `^m`, `&m`, `|m`"),
        now("u16", "7", "two bytes, likewise"),
        now("u32", "7", "four bytes, likewise"),
        now("u64", "7", "eight bytes, likewise"),
        now("cstr", "\"text\"", "this text and a zero byte"),
    ],
};

/// `[expect]`.
pub const EXPECT: Table = Table {
    name: "`[expect]`",
    keys: &[
        now("exit", "1", "how the first process ends; default 0"),
        now("stdout", "{ contains = [\"done\"] }", "standard output"),
        now("stderr", "{ contains = [\"fsync\"] }", "standard error"),
        now("never", "[\"write(fd ~ '*.db')\"]", "events that must not happen"),
        now("count", "[{ event = \"fsync\", is = \"1..3\" }]", "how often events happen"),
        now("invariants", "[\"no-orphans\"]", "what must hold at the end"),
        now("sequence", "[{ events = [\"openat\", \"close\"] }]", "events in order"),
    ],
};

/// `exit` as a table.
pub const EXIT: Table = Table {
    name: "`exit`",
    keys: &[
        now("signal", "\"SIGABRT\"", "the signal that ends it"),
        now("any-of", "[0, 3]", "any of these statuses"),
    ],
};

/// `stdout` and `stderr` of expectations.
pub const OUTPUT: Table = Table {
    name: "an expected output",
    keys: &[
        now("equals", "\"done\"", "exactly this"),
        now("contains", "[\"fsync\"]", "each of these is in it"),
        now("matches", "'error \\d+'", "this expression matches somewhere"),
        now("never-matches", "'panicked at'", "this expression matches nowhere"),
        now("is-empty", "true", "nothing, or something"),
        now("file", "\"out.txt\"", "exactly what is in this file"),
    ],
};

/// An entry of `expect.count`.
pub const COUNT: Table = Table {
    name: "an entry of `count`",
    keys: &[now("event", "\"fsync\"", "the event"), now("is", "\"1..3\"", "how often")],
};

/// `[[expect.sequence]]`.
pub const SEQUENCE: Table = Table {
    name: "`[[expect.sequence]]`",
    keys: &[
        now("name", "\"gives up\"", "shown in failures"),
        now("of", "{ process = \"kv*\" }", "which events it looks at"),
        now("events", "[\"openat\", \"close\"]", "what must happen in this order"),
    ],
};

/// `of` of a sequence.
pub const OF: Table = Table {
    name: "`of`",
    keys: &[
        now("process", "\"kv*\"", "those of this process: base name of its image, or P1"),
        now("thread", "1", "those of this thread of each process"),
    ],
};

/// An item of a sequence as a table.
pub const EVENT: Table = Table {
    name: "an item of `events`",
    keys: &[
        now("event", "\"fsync\"", "it happens"),
        now("next", "\"fsync\"", "it is the very next event"),
        now("not", "\"fsync\"", "it does not happen before the next item"),
        now("any-order", "[\"close\", \"unlink\"]", "all happen, in any order"),
        now("optional", "\"close\"", "it may happen here"),
        now("last", "\"exit(1)\"", "it is the last event"),
        now("count", "\"2..\"", "how often `event` happens before the next item"),
        now("injected", "\"fsync-eio\"", "the rule that fired on it"),
    ],
};

/// `[[check]]`.
pub const CHECK: Table = Table {
    name: "`[[check]]`",
    keys: &[
        now("name", "\"database still opens\"", "shown in failures"),
        now("run", "[\"kv\", \"fsck\"]", "program and arguments"),
        now("timeout", "\"5s\"", "wall clock"),
        now("expect", "{ exit = 0 }", "how it ends"),
    ],
};

/// `expect` of a check.
pub const CHECK_EXPECT: Table = Table {
    name: "`expect` of a check",
    keys: &[
        now("exit", "0", "how it ends; default 0"),
        now("stdout", "{ contains = [\"clean\"] }", "standard output"),
        now("stderr", "{ is-empty = true }", "standard error"),
    ],
};

/// `[snapshot]`.
pub const SNAPSHOT: Table = Table {
    name: "`[snapshot]`",
    keys: &[
        now("transcript", "true", "the events; default true"),
        now("stdout", "false", "standard output"),
        now("files", "[\"${tmp}/**\"]", "names, sizes and hashes of what is left behind"),
        now("redact", "[{ regex = 'req-[0-9a-f]+', with = \"<req>\" }]", "rewritten before comparing"),
    ],
};

/// An entry of `snapshot.redact`.
pub const REDACT: Table = Table {
    name: "an entry of `redact`",
    keys: &[
        now("regex", "'req-[0-9a-f]+'", "what is replaced"),
        now("with", "\"<req>\"", "by what; `$1` stands for a group"),
    ],
};
