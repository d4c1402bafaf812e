//! Every key of the format, table by table: the one place that lists them.
//! It must not know how a key is read; documentation and suggestions come from here.

mod determinism;
mod expect;
mod rule;
mod sweep;
mod takes;
mod target;

pub use determinism::{DETERMINISM, RANDOM_BYTES, SCHEDULE, TIME};
pub use expect::{CHECK, CHECK_EXPECT, COUNT, EVENT, EXIT, EXPECT, OF, OUTPUT, REDACT, SEQUENCE, SNAPSHOT};
pub use rule::{BUDGET, CLOCK, CORRUPT, INJECT, MEMORY, RANDOM, SIGNAL, STEP, TRACE, WHERE};
pub use sweep::SWEEP;
pub use takes::{Takes, Words};
pub use target::{ATTACH, FILE, LIMITS, OUTPUT_TO, SETUP, STDIN, TARGET};

/// One key of a table.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    /// As it is written.
    pub name: &'static str,
    /// What its value may be.
    pub takes: Takes,
    /// A value that it takes, as TOML.
    pub example: &'static str,
    /// What it is for.
    pub about: &'static str,
    /// Whether its table cannot do without it.
    pub needed: bool,
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

    /// How a heading of its name is linked to.
    pub fn anchor(&self) -> String {
        let kept = |c: &char| c.is_ascii_alphanumeric() || *c == '-' || *c == ' ';
        self.name.chars().filter(kept).map(|c| if c == ' ' { '-' } else { c.to_ascii_lowercase() }).collect()
    }

    /// The table as the value of a key, where it is named after that.
    fn as_value(&self) -> Option<String> {
        let key = self.name.strip_prefix('`')?.strip_suffix('`')?.rsplit_once('.')?.1;
        let keys: Vec<String> = self.keys.iter().map(|key| format!("{} = {}", key.name, key.example)).collect();
        Some(format!("{key} = {{ {} }}", keys.join(", ")))
    }
}

const fn now(name: &'static str, takes: Takes, example: &'static str, about: &'static str) -> Key {
    Key { name, takes, example, about, needed: false }
}

/// One that the table cannot do without.
const fn must(name: &'static str, takes: Takes, example: &'static str, about: &'static str) -> Key {
    Key { needed: true, ..now(name, takes, example, about) }
}

/// Every table, for documentation.
pub const ALL: [&Table; 34] = [
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
    &CLOCK,
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
    &SWEEP,
];

/// Whether a key of this name takes this word, in whatever table.
pub fn takes_word(name: &str, word: &str) -> bool {
    let keys = ALL.into_iter().filter_map(|table| table.key(name));
    keys.filter_map(|key| key.takes.words()).any(|words| words.contains(&word))
}

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
        must("spec", Takes::Version, "1", "version of the format; always first"),
        now("name", Takes::TEXT, "\"wal survives a failing fsync\"", "name of the case; default the file's stem"),
        now("tags", Takes::TEXTS, "[\"wal\", \"disk\"]", "words to select cases by"),
        now("seed", Takes::Integer, "0", "seed of everything that is drawn"),
        now(
            "requires",
            Takes::List(&Takes::Text(Words::Requirement)),
            "[\"arch:x86_64\", \"kernel>=5.3\"]",
            "what the machine must have; unmet, the case is skipped",
        ),
        now("xfail", Takes::TEXT, "\"PROJ-123: retries fsync\"", "known bug: failing is fine, passing is an error"),
        now("vars", Takes::NAMED_TEXTS, "{ data = \"${tmp}/data\" }", "texts that `${var.NAME}` stands for"),
        now("target", Takes::Table(&TARGET), "{ program = \"./kv\" }", "the program and its surroundings"),
        now(
            "setup",
            Takes::List(&Takes::Table(&SETUP)),
            "[{ run = [\"mkdir\", \"data\"] }]",
            "commands before the run, untraced",
        ),
        now("determinism", Takes::Table(&DETERMINISM), "{ schedule = \"free\" }", "sources of chance that are fixed"),
        now("trace", Takes::Table(&TRACE), "{ syscalls = [\"%file\"] }", "which events exist"),
        now("inject", Takes::List(&Takes::Table(&INJECT)), "[{ on = \"fsync\", error = \"EIO\" }]", "the faults"),
        now("expect", Takes::Table(&EXPECT), "{ exit = 1 }", "what must happen"),
        now(
            "check",
            Takes::List(&Takes::Table(&CHECK)),
            "[{ run = [\"kv\", \"fsck\"] }]",
            "commands after the run, untraced",
        ),
        now("snapshot", Takes::Table(&SNAPSHOT), "{ transcript = true }", "what is compared with the golden file"),
        now("extends", Takes::TEXTS, "[\"../common.toml\"]", "files that this one adds to"),
        now(
            "matrix",
            Takes::Entries(Words::Free, &Takes::List(&Takes::Single)),
            "{ engine = [\"btree\", \"lsm\"] }",
            "one case for each combination",
        ),
        now(
            "sweep",
            Takes::Table(&SWEEP),
            "{ faults = [\"errors\", \"short\"] }",
            "what `rinject sweep` does; `rinject run` does not look at it",
        ),
    ],
};
