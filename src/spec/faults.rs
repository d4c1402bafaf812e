//! Reads the actions of a rule that are tables of their own.
//! It must not know what the values mean: only their keys and types.

use super::keys;
use super::model::{At, Budget, ClockFault, Corrupt, Entries, Memory, Random, Scalar, Step, Text};
use super::walk::{Fields, Value, Walk};

/// `corrupt`.
pub(super) fn corrupt(fields: &Fields<'_, '_>) -> Option<Corrupt> {
    let table = fields.table("corrupt", &keys::CORRUPT)?;
    let random = table.table("random", &keys::RANDOM).map(|random| Random {
        span: random.span,
        bits: random.integer("bits"),
        seed: random.integer("seed"),
    });
    Some(Corrupt {
        span: table.span,
        arg: table.text("arg").or_else(|| if table.get("arg").is_none() { table.missing("arg") } else { None }),
        offset: table.integer("offset"),
        xor: table.integer("xor"),
        random,
    })
}

/// `step`.
pub(super) fn step(fields: &Fields<'_, '_>) -> Option<Step> {
    let table = fields.table("step", &keys::STEP)?;
    Some(Step { span: table.span, count: table.integer("count"), until: table.text("until") })
}

/// `budget`.
pub(super) fn budget(fields: &Fields<'_, '_>) -> Option<Budget> {
    let table = fields.table("budget", &keys::BUDGET)?;
    Some(Budget {
        span: table.span,
        disk: table.scalar("disk", "a size, such as \"1MiB\""),
        fds: table.integer("fds"),
        memory: table.scalar("memory", "a size, such as \"64MiB\""),
        processes: table.integer("processes"),
    })
}

/// `clock`.
pub(super) fn clock(fields: &Fields<'_, '_>) -> Option<ClockFault> {
    let table = fields.table("clock", &keys::CLOCK)?;
    Some(ClockFault { span: table.span, skew: table.text("skew"), jump: table.texts("jump") })
}

/// A table whose keys are names of registers or arguments.
pub(super) fn changes(
    walk: &Walk,
    fields: &Fields<'_, '_>,
    name: &'static str,
    wanted: &str,
) -> Option<Entries<At<Scalar>>> {
    let span = fields.get(name)?.span().into();
    let read = |(key, value): (Text, &Value<'_>)| {
        let scalar = walk.scalar(value, &key.value, wanted, "")?;
        Some((key, scalar))
    };
    Some(At { value: fields.entries(name).into_iter().filter_map(read).collect(), span })
}

/// `memory`.
pub(super) fn memory(fields: &Fields<'_, '_>) -> Option<At<Vec<Memory>>> {
    let span = fields.get("memory")?.span().into();
    let edit = |fields: &Fields<'_, '_>| Memory {
        span: fields.span,
        at: fields.text("at").or_else(|| if fields.get("at").is_none() { fields.missing("at") } else { None }),
        values: keys::MEMORY
            .keys
            .iter()
            .filter(|key| key.name != "at")
            .filter_map(|key| Some((key.name, fields.scalar(key.name, "a number or a string")?)))
            .collect(),
    };
    Some(At { value: fields.tables("memory", &keys::MEMORY).iter().map(edit).collect(), span })
}

/// `capture`.
pub(super) fn captures(walk: &Walk, fields: &Fields<'_, '_>) -> Option<Entries<Text>> {
    let span = fields.get("capture")?.span().into();
    let read = |(key, value): (Text, &Value<'_>)| {
        let text = walk.text(value, &key.value, "\"rsi:cstr\"")?;
        Some((key, text))
    };
    Some(At { value: fields.entries("capture").into_iter().filter_map(read).collect(), span })
}
