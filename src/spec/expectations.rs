//! Reads `[expect]`, the `expect` of checks, and `[snapshot]` into the model.
//! It must not know how expectations are judged.

use toml::de::DeValue;

use super::keys;
use super::model::{Count, Ending, Exit, Expect, Item, ItemKind, OutputTests, Redact, Sequence, Snapshot, Text};
use super::walk::{Fields, Value, Walk};
use crate::diagnostic::Code;

pub(super) fn expect(walk: &Walk, fields: &Fields<'_, '_>) -> Expect {
    Expect {
        ending: ending(walk, fields),
        never: fields.text_or_texts("never"),
        count: fields.tables("count", &keys::COUNT).iter().filter_map(count).collect(),
        invariants: fields.texts("invariants").map(|names| names.value).unwrap_or_default(),
        sequence: fields.tables("sequence", &keys::SEQUENCE).iter().map(|fields| sequence(walk, fields)).collect(),
    }
}

/// `exit`, `stdout` and `stderr`, which `[expect]` and checks have in common.
pub(super) fn ending(walk: &Walk, fields: &Fields<'_, '_>) -> Ending {
    let tests = |name| fields.table(name, &keys::OUTPUT).map(|fields| output_tests(&fields)).unwrap_or_default();
    Ending { exit: exit(walk, fields), stdout: tests("stdout"), stderr: tests("stderr") }
}

fn exit(walk: &Walk, fields: &Fields<'_, '_>) -> Option<Exit> {
    let value = fields.get("exit")?;
    match value.get_ref() {
        DeValue::Integer(_) => fields.integer("exit").map(Exit::Status),
        DeValue::String(_) => fields.text("exit").map(Exit::Word),
        DeValue::Table(_) => {
            let table = fields.table("exit", &keys::EXIT)?;
            match (table.get("signal"), table.get("any-of")) {
                (Some(_), Some(statuses)) => {
                    let message = "`exit` is either `signal` or `any-of`".to_owned();
                    walk.report(
                        Code::CONFLICTING_KEYS,
                        statuses.span().into(),
                        message,
                        "`signal` is given too",
                        None,
                    );
                    None
                }
                (Some(_), None) => table.text("signal").map(Exit::Signal),
                (None, Some(statuses)) => any_of(walk, statuses),
                (None, None) => table.missing("any-of"),
            }
        }
        _ => walk.wrong_type(value, "exit", "a status, a table or \"any\"", "{ any-of = [0, 3] }"),
    }
}

fn any_of(walk: &Walk, statuses: &Value<'_>) -> Option<Exit> {
    let Some(array) = statuses.get_ref().as_array() else {
        return walk.wrong_type(statuses, "any-of", "a list of statuses", "[0, 3]");
    };
    let values = array.iter().filter_map(|status| walk.integer(status, "an item of `any-of`", "")).collect();
    Some(Exit::AnyOf(super::model::At { value: values, span: statuses.span().into() }))
}

fn output_tests(fields: &Fields<'_, '_>) -> OutputTests {
    OutputTests {
        equals: fields.text("equals"),
        contains: fields.text_or_texts("contains"),
        matches: fields.text_or_texts("matches"),
        never_matches: fields.text_or_texts("never-matches"),
        is_empty: fields.flag("is-empty"),
        file: fields.text("file"),
    }
}

fn count(fields: &Fields<'_, '_>) -> Option<Count> {
    let event = if fields.get("event").is_some() { fields.text("event") } else { fields.missing("event") };
    let is = if fields.get("is").is_some() { fields.scalar("is", "a range") } else { fields.missing("is") };
    Some(Count { event: event?, is: is? })
}

fn sequence(walk: &Walk, fields: &Fields<'_, '_>) -> Sequence {
    let of = fields.table("of", &keys::OF);
    Sequence {
        span: fields.span,
        name: fields.text("name"),
        process: of.as_ref().and_then(|of| of.text("process")),
        thread: of.as_ref().and_then(|of| of.integer("thread")),
        events: events(walk, fields),
    }
}

fn events(walk: &Walk, fields: &Fields<'_, '_>) -> Vec<Item> {
    let Some(value) = fields.get("events") else { return fields.missing("events").unwrap_or_default() };
    let Some(array) = value.get_ref().as_array() else {
        return walk.wrong_type(value, "events", "a list", "[\"openat\", \"close\"]").unwrap_or_default();
    };
    if array.iter().next().is_none() {
        let help = Some("name an event, or take the sequence out".to_owned());
        walk.report(
            Code::EMPTY_VALUE,
            value.span().into(),
            "a sequence without events".to_owned(),
            "nothing is expected",
            help,
        );
    }
    array.iter().filter_map(|value| item(walk, value)).collect()
}

fn item(walk: &Walk, value: &Value<'_>) -> Option<Item> {
    let span = value.span().into();
    let table = match value.get_ref() {
        DeValue::String(_) => {
            let event = walk.text(value, "events", "")?;
            return Some(Item { span, kind: ItemKind::Event, events: vec![event], injected: None });
        }
        DeValue::Table(table) => walk.open(table, span, &keys::EVENT),
        _ => return walk.wrong_type(value, "an item of `events`", "a string or a table", ""),
    };
    let mut kinds = ["event", "next", "not", "any-order", "optional", "last"]
        .into_iter()
        .filter(|name| table.get(name).is_some());
    let kind = kinds.next();
    if let (Some(first), Some(second)) = (kind, kinds.next()) {
        let at = table.get(second).map_or(span, |value| value.span().into());
        let message = format!("an item is either `{first}` or `{second}`");
        walk.report(
            Code::CONFLICTING_KEYS,
            at,
            message,
            &format!("`{first}` is given too"),
            Some("write two items".to_owned()),
        );
        return None;
    }
    let injected = table.text("injected");
    let count = table.get("count");
    if let (Some(count), Some(kind)) = (count, kind.filter(|kind| *kind != "event")) {
        let message = format!("`count` goes with `event`, not with `{kind}`");
        walk.report(Code::CONFLICTING_KEYS, count.span().into(), message, "counts nothing", None);
        return None;
    }
    let one = |name, kind| table.text(name).map(|event| (kind, vec![event]));
    let (kind, events) = match kind {
        Some("next") => one("next", ItemKind::Next)?,
        Some("not") => one("not", ItemKind::Not)?,
        Some("optional") => one("optional", ItemKind::Optional)?,
        Some("last") => one("last", ItemKind::Last)?,
        Some("any-order") => (ItemKind::AnyOrder, any_order(walk, &table)?),
        Some(_) if count.is_some() => one("event", ItemKind::Count(table.scalar("count", "a range")?))?,
        Some(_) => one("event", ItemKind::Event)?,
        None => return table.missing("event"),
    };
    if let (Some(rule), ItemKind::Not | ItemKind::AnyOrder) = (&injected, &kind) {
        let help = Some("write `inject(NAME)` as the event, or name the rule on an `event` item".to_owned());
        let message = "`injected` speaks of one event that happens".to_owned();
        walk.report(Code::CONFLICTING_KEYS, rule.span, message, "does not go with this item", help);
    }
    Some(Item { span, kind, events, injected })
}

fn any_order(walk: &Walk, table: &Fields<'_, '_>) -> Option<Vec<Text>> {
    let events = table.texts("any-order")?;
    if events.value.is_empty() {
        let message = "`any-order` without events".to_owned();
        walk.report(Code::EMPTY_VALUE, events.span, message, "nothing is expected", None);
    }
    Some(events.value)
}

pub(super) fn snapshot(fields: &Fields<'_, '_>) -> Snapshot {
    let redact = |fields: &Fields<'_, '_>| {
        let regex = if fields.get("regex").is_some() { fields.text("regex") } else { fields.missing("regex") };
        let with = if fields.get("with").is_some() { fields.text("with") } else { fields.missing("with") };
        Some(Redact { regex: regex?, with: with? })
    };
    Snapshot {
        transcript: fields.flag("transcript"),
        stdout: fields.flag("stdout"),
        files: fields.text_or_texts("files"),
        redact: fields.tables("redact", &keys::REDACT).iter().filter_map(redact).collect(),
    }
}
