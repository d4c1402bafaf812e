//! `[determinism]` as it is written, and how it is read.
//! It must not know what the values mean to a run.

use toml::de::DeValue;

use super::keys;
use super::model::{At, Text};
use super::walk::{Fields, Walk};
use crate::diagnostic::Span;

/// `[determinism]`.
#[derive(Clone, Debug, Default)]
pub struct Determinism {
    /// `schedule`, or its `policy`.
    pub schedule: Option<Text>,
    /// `schedule.seed`.
    pub seed: Option<At<i128>>,
    /// `schedule.switches`, and all of them.
    pub switches: Option<At<Vec<Text>>>,
    /// `aslr`.
    pub aslr: Option<At<bool>>,
    /// `random`.
    pub random: Option<RandomBytes>,
    /// `time`.
    pub time: Option<Time>,
    /// `pids`.
    pub pids: Option<Text>,
    /// `cpus`.
    pub cpus: Option<At<i128>>,
    /// `hostname`.
    pub hostname: Option<Text>,
    /// `dir-order`.
    pub dir_order: Option<Text>,
    /// `yield-at`.
    pub yield_at: Option<At<Vec<Text>>>,
    /// `file-times`.
    pub file_times: Option<Text>,
}

/// `determinism.random`.
#[derive(Clone, Debug)]
pub enum RandomBytes {
    /// `"real"`.
    Word(Text),
    /// `{ seed }`.
    Seeded {
        /// All of it.
        span: Span,
        /// The seed.
        seed: Option<At<i128>>,
    },
}

/// `determinism.time`.
#[derive(Clone, Debug)]
pub enum Time {
    /// `"real"`, `"virtual"`.
    Word(Text),
    /// `{ start }`.
    From {
        /// All of it.
        span: Span,
        /// When the run begins.
        start: Option<Text>,
    },
}

/// `[determinism]`.
pub(super) fn determinism(walk: &Walk, fields: &Fields<'_, '_>) -> Determinism {
    let rest = Determinism {
        aslr: fields.flag("aslr"),
        random: random(walk, fields),
        time: time(walk, fields),
        pids: fields.text("pids"),
        cpus: fields.integer("cpus"),
        hostname: fields.text("hostname"),
        dir_order: fields.text("dir-order"),
        file_times: fields.text("file-times"),
        yield_at: fields.texts("yield-at"),
        ..Determinism::default()
    };
    let Some(value) = fields.get("schedule") else { return rest };
    match value.get_ref() {
        DeValue::String(_) => Determinism { schedule: fields.text("schedule"), ..rest },
        DeValue::Table(_) => {
            let Some(table) = fields.table("schedule", &keys::SCHEDULE) else { return rest };
            let schedule = if table.get("policy").is_some() { table.text("policy") } else { table.missing("policy") };
            Determinism { schedule, seed: table.integer("seed"), switches: table.texts("switches"), ..rest }
        }
        _ => {
            let schedule = walk.wrong_type(value, "schedule", "a string or a table", "\"free\"");
            Determinism { schedule, ..rest }
        }
    }
}

fn random(walk: &Walk, fields: &Fields<'_, '_>) -> Option<RandomBytes> {
    let value = fields.get("random")?;
    match value.get_ref() {
        DeValue::String(_) => fields.text("random").map(RandomBytes::Word),
        DeValue::Table(_) => {
            let table = fields.table("random", &keys::RANDOM_BYTES)?;
            Some(RandomBytes::Seeded { span: value.span().into(), seed: table.integer("seed") })
        }
        _ => walk.wrong_type(value, "random", "a string or a table", "{ seed = 42 }"),
    }
}

fn time(walk: &Walk, fields: &Fields<'_, '_>) -> Option<Time> {
    let value = fields.get("time")?;
    match value.get_ref() {
        DeValue::String(_) => fields.text("time").map(Time::Word),
        DeValue::Table(_) => {
            let table = fields.table("time", &keys::TIME)?;
            Some(Time::From { span: value.span().into(), start: table.text("start") })
        }
        _ => walk.wrong_type(value, "time", "a string or a table", "\"virtual\""),
    }
}
