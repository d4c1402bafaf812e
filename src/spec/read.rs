//! Reads the tables of a spec into its model, one function each.
//! It must not know what the values mean: only their keys and types.

use toml::de::DeValue;

use super::cell::{Choice, shown};
use super::determinism::determinism;
use super::expectations::{ending, expect, snapshot};
use super::faults;
use super::keys;
use super::matrix::{matrix, without_values};
use super::model::{At, Check, Command, Inject, Scalar, SignalAction, Spec, Text, Trace, Where};
use super::ready;
use super::sweep::sweep;
use super::target::target;
use super::walk::{Fields, Value, Walk};
use crate::diagnostic::{Code, Diagnostics, Source};

use std::sync::Arc;

/// The whole file; its problems are still to be filled in.
pub(super) fn spec(walk: &Walk, root: &Fields<'_, '_>, source: &Arc<Source>) -> Spec {
    let matrix = matrix(walk, root);
    Spec {
        source: Arc::clone(source),
        name: root.text("name"),
        tags: root.texts("tags").map(|tags| tags.value).unwrap_or_default(),
        seed: root.integer("seed"),
        requires: root.texts("requires").map(|requires| requires.value).unwrap_or_default(),
        xfail: root.text("xfail"),
        vars: text_entries(walk, root, "vars"),
        refused_axes: without_values(root, &matrix),
        matrix,
        target: target(walk, root),
        lacks_target: root.lacks("target").then_some(root.span),
        setup: root.tables("setup", &keys::SETUP).iter().map(command).collect(),
        determinism: root
            .table("determinism", &keys::DETERMINISM)
            .map(|fields| determinism(walk, &fields))
            .unwrap_or_default(),
        trace: root.table("trace", &keys::TRACE).map(|fields| trace(&fields)).unwrap_or_default(),
        inject: root.tables("inject", &keys::INJECT).iter().map(|fields| inject(walk, fields)).collect(),
        expect: root.table("expect", &keys::EXPECT).map(|fields| expect(walk, &fields)).unwrap_or_default(),
        check: root.tables("check", &keys::CHECK).iter().map(|fields| check(walk, fields)).collect(),
        snapshot: root.table("snapshot", &keys::SNAPSHOT).map(|fields| snapshot(&fields)).unwrap_or_default(),
        sweep: root.table("sweep", &keys::SWEEP).map(|fields| sweep(walk, &fields)),
        problems: Diagnostics::new(),
    }
}

/// Checks that `spec = 1` is there.
pub(super) fn version(walk: &Walk, root: &Fields<'_, '_>) {
    if root.get("spec").is_none() {
        let help = Some("add `spec = 1` as the first line".to_owned());
        let message = "the version of the format is missing".to_owned();
        walk.report(Code::VERSION, (0..0).into(), message, "`spec` is missing", help);
    }
}

/// Checks the version that a file is written in.
pub(super) fn known_version(walk: &Walk, value: &Value<'_>) {
    let Some(version) = walk.integer(value, "spec", "1") else { return };
    if version.value != 1 {
        let message = format!("version {} of the format is not known", version.value);
        let help = Some("write `spec = 1`, or use the rinject that the spec was written for".to_owned());
        walk.report(Code::VERSION, version.span, message, "only version 1 is known", help);
    }
}

pub(super) fn text_entries(walk: &Walk, fields: &Fields<'_, '_>, name: &'static str) -> Vec<(Text, Text)> {
    let read = |(key, value): (Text, &Value<'_>)| {
        let text = walk.text(value, &key.value, "")?;
        Some((key, text))
    };
    fields.entries(name).into_iter().filter_map(read).collect()
}

fn command(fields: &Fields<'_, '_>) -> Command {
    let run = if fields.get("run").is_some() { fields.texts("run") } else { fields.missing("run") };
    Command { span: fields.span, run, timeout: fields.text("timeout") }
}

fn check(walk: &Walk, fields: &Fields<'_, '_>) -> Check {
    Check {
        name: fields.text("name"),
        command: command(fields),
        ending: fields.table("expect", &keys::CHECK_EXPECT).map(|fields| ending(walk, &fields)).unwrap_or_default(),
        always: fields.flag("always"),
    }
}

fn trace(fields: &Fields<'_, '_>) -> Trace {
    Trace {
        start: fields.text("start"),
        follow: fields.texts("follow"),
        syscalls: fields.texts("syscalls"),
        signals: fields.texts("signals"),
        drop: fields.text_or_texts("drop"),
        paths: fields.text_or_texts("paths"),
        strings: fields.integer("strings"),
        results: fields.flag("results"),
        filter: fields.text("filter"),
        backtrace: fields.integer("backtrace"),
        nested: fields.text("nested"),
        io_uring: fields.text("io-uring"),
    }
}

/// Keys that do something, or name a place where nothing need be done.
const ACTIONS: [&str; 19] = [
    "at",
    "watch",
    "error",
    "error-after",
    "retval",
    "return",
    "signal",
    "delay-enter",
    "delay-exit",
    "kill",
    "short",
    "corrupt",
    "args",
    "replace",
    "registers",
    "memory",
    "step",
    "capture",
    "use",
];

/// Whether a rule has a key that does something, also where its value cannot be read.
fn does_something(fields: &Fields<'_, '_>) -> bool {
    let is_off = |value: &Value<'_>| value.get_ref().as_bool() == Some(false);
    ACTIONS.iter().any(|key| fields.get(key).is_some())
        || ["suppress", "detach"].iter().any(|key| fields.get(key).is_some_and(|value| !is_off(value)))
}

fn inject(walk: &Walk, fields: &Fields<'_, '_>) -> Inject {
    let is_placed = ["on", "at", "watch", "budget", "clock", "use"].iter().any(|key| fields.get(key).is_some());
    let on = if is_placed { fields.text("on") } else { fields.missing("on") };
    let filter = fields.table("where", &keys::WHERE);
    let filter_refused = filter.as_ref().is_some_and(|filter| filter.refused.get());
    let mut choices = Vec::new();
    let error = error(walk, fields, "error", &mut choices);
    let error_after = self::error(walk, fields, "error-after", &mut choices);
    let rule = Inject {
        span: fields.span,
        does_something: fields.refused.get() || filter_refused || does_something(fields),
        name: fields.text("name"),
        on,
        at: fields.text("at"),
        watch: fields.text("watch"),
        access: fields.text("access"),
        len: fields.integer("len"),
        hardware: fields.flag("hardware"),
        signature: fields.text("signature"),
        filter: filter.map(|fields| filters(&fields)).unwrap_or_default(),
        when: fields.scalar("when", "a range"),
        scope: fields.text("scope"),
        after: fields.text("after"),
        until: fields.text("until"),
        fires: fields.scalar("fires", "a range"),
        unfaithful: fields.flag("unfaithful"),
        choices,
        error,
        retval: fields.scalar("retval", "a number, or one above 2^63 as a string"),
        signal: signal(walk, fields),
        suppress: fields.flag("suppress"),
        delay_enter: fields.text("delay-enter"),
        delay_exit: fields.text("delay-exit"),
        kill: fields.text("kill"),
        kill_at: fields.text("kill-at"),
        error_after,
        short: fields.scalar("short", "a number of bytes, or a share such as \"50%\""),
        corrupt: faults::corrupt(fields),
        args: faults::changes(walk, fields, "args", "a number, a change such as \"+1\", or a text"),
        replace: fields.text("replace"),
        registers: faults::changes(walk, fields, "registers", "a number or a change such as \"+1\""),
        memory: faults::memory(fields),
        returns: fields.scalar("return", "a number, or one above 2^63 as a string"),
        step: faults::step(fields),
        detach: fields.flag("detach"),
        quiet: fields.flag("quiet"),
        probability: fields.number("probability"),
        seed: fields.integer("seed"),
        capture: faults::captures(walk, fields),
        budget: faults::budget(fields),
        clock: faults::clock(fields),
    };
    ready::filled(walk, fields, rule)
}

/// An error, or a list of which each case has one; then the first of them.
fn error(
    walk: &Walk,
    fields: &Fields<'_, '_>,
    key: &'static str,
    choices: &mut Vec<Choice>,
) -> Option<At<super::model::Scalar>> {
    const WANTED: &str = "the name or the number of an errno";
    let value = fields.get(key)?;
    let Some(list) = value.get_ref().as_array() else { return fields.scalar(key, WANTED) };
    if list.is_empty() {
        let help = Some(format!("name the errors: `{key} = [\"EIO\", \"ENOSPC\"]` makes a case of each"));
        let message = format!("`{key}` is an empty list");
        walk.report(Code::EMPTY_VALUE, value.span().into(), message, "no case would be left", help);
        return None;
    }
    let item = format!("an item of `{key}`");
    let values: Vec<_> = list.iter().filter_map(|value| walk.scalar(value, &item, WANTED, "")).collect();
    for (at, value) in values.iter().enumerate() {
        let name = shown(&value.value);
        if values[..at].iter().any(|before| shown(&before.value) == name) {
            let help = Some("each value makes a case of its own".to_owned());
            walk.report(Code::DUPLICATE_NAME, value.span, format!("`{name}` is listed twice"), "listed again", help);
        }
    }
    let first = values.first().cloned();
    if !values.is_empty() {
        choices.push(Choice { key, values });
    }
    first
}

fn filters(fields: &Fields<'_, '_>) -> Where {
    Where {
        path: fields.text("path"),
        fd: fields.scalar("fd", "a number or a glob"),
        args: fields.text_or_texts("args"),
        process: fields.text("process"),
        thread: fields.integer("thread"),
        caller: fields.text_or_texts("caller"),
        result: result(fields),
    }
}

/// A result is written as after `->`; a lone number needs no quotes.
fn result(fields: &Fields<'_, '_>) -> Option<Text> {
    let At { value, span } = fields.scalar("result", "an errno, `ok`, `error`, a number or a comparison")?;
    Some(match value {
        Scalar::Int(number) => At { value: number.to_string(), span },
        Scalar::Text(value) => At { value, span },
    })
}

fn signal(walk: &Walk, fields: &Fields<'_, '_>) -> Option<SignalAction> {
    let value = fields.get("signal")?;
    let span = value.span().into();
    match value.get_ref() {
        DeValue::String(_) => {
            Some(SignalAction { span, name: fields.text("signal"), to: None, at: None, value: None })
        }
        DeValue::Table(_) => {
            let table = fields.table("signal", &keys::SIGNAL)?;
            let name = if table.get("name").is_some() { table.text("name") } else { table.missing("name") };
            Some(SignalAction {
                span,
                name,
                to: table.text("to"),
                at: table.text("at"),
                value: table.integer("value"),
            })
        }
        DeValue::Integer(_) => {
            // By number too, as for errors.
            let number = fields.integer("signal")?;
            let name = Some(At { value: number.value.to_string(), span });
            Some(SignalAction { span, name, to: None, at: None, value: None })
        }
        _ => walk.wrong_type(value, "signal", "a string or a table", "\"SIGTERM\""),
    }
}
