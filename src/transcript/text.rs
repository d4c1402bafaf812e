//! The one textual form of an event: a line, and nothing of the host in it.
//!
//! A line is the task's name in a column of seven, then what happened:
//!
//! ```text
//! P1     read(fd#1, _, 64) ...                       a call that another task's line falls into,
//! P1     read(fd#1, "ok\n", 64) resumed = 3          and its end, with everything
//! P1     clone P2 (vfork)                            a new task and the call that made it
//! P1     exec("kv", argc=8)
//! P1     --- SIGTERM {si_code=SI_USER, si_pid=P2} (suppressed)
//! P1     --- SIGUSR1 {si_code=SI_USER} (delivered as SIGTERM)
//! P1     hit libc.so.6!malloc(size=4096) = 0         a place that a rule names; with a value if it was not run
//! P1     watch kv!counter = 5 by kv!bump             data that a rule watches, and who has written it
//! P1     step kv!main+0x4
//! P1     stopped by SIGSTOP
//! P1     +++ exited 1
//! P1     +++ killed by SIGKILL
//! P1     note: start = "main" fell back to the entry point
//! ```
//!
//! With `[trace] backtrace` lines follow an event that say where it happened and who had called that:
//!
//! ```text
//!          at kv!commit+0x1c
//!          at kv!main+0x8
//! ```
//!
//! Rules that fired stand behind column 72: `(INJECTED a #1, b #2)`, and after them what they captured:
//! `(INJECTED a #1; size=4096, path="x")`.

use std::fmt::{self, Display, Formatter, Write};

use super::{Call, CallResult, Event, EventKind, Part, TaskName, Value};
use crate::abi::{Signal, SignalInfo};

/// How long the name of a task is at least.
const TASK: usize = 6;
/// Where the names of the rules that fired begin, at the earliest.
const COLUMN: usize = 72;
/// As many spaces.
const BLANKS: &str = match std::str::from_utf8(&[b' '; COLUMN]) {
    Ok(blanks) => blanks,
    Err(_) => unreachable!(),
};

impl Display for Event {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let mut text = String::new();
        line(&mut text, self)?;
        f.write_str(&text)
    }
}

/// Adds the line of an event, without its end.
pub(super) fn line(text: &mut String, event: &Event) -> fmt::Result {
    let start = text.len();
    let name = event.task.write(text)?;
    text.push_str(&BLANKS[..TASK.saturating_sub(name) + 1]);
    kind(text, &event.kind)?;
    if event.fired.is_empty() {
        return Ok(());
    }
    let shown = &text[start..];
    let column = if shown.is_ascii() { shown.len() } else { shown.chars().count() }.min(COLUMN);
    text.push_str(&BLANKS[column..]);
    text.push_str("  (INJECTED ");
    for (at, fired) in event.fired.iter().enumerate() {
        text.push_str(if at == 0 { "" } else { ", " });
        text.push_str(&fired.rule);
        text.push_str(" #");
        decimal(text, fired.hit)?;
    }
    for (at, (name, captured)) in event.captures.iter().enumerate() {
        text.push_str(if at == 0 { "; " } else { ", " });
        text.push_str(name);
        text.push('=');
        value(text, captured)?;
    }
    text.push(')');
    Ok(())
}

impl Display for EventKind {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        kind(f, self)
    }
}

impl Display for Call {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        call(f, self)
    }
}

impl Display for Value {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        value(f, self)
    }
}

fn kind(f: &mut impl Write, kind: &EventKind) -> fmt::Result {
    match kind {
        EventKind::Call(shown) => call(f, shown),
        EventKind::Signal { info, sender, delivered } => {
            signal(f, info, *sender)?;
            match delivered {
                None => f.write_str(" (suppressed)"),
                Some(other) if *other != info.signal => write!(f, " (delivered as {other})"),
                Some(_) => Ok(()),
            }
        }
        EventKind::Hit { place, args, returned } => {
            f.write_str("hit ")?;
            unbroken(f, place)?;
            if !args.is_empty() {
                f.write_char('(')?;
                for (at, arg) in args.iter().enumerate() {
                    let comma = if at == 0 { "" } else { ", " };
                    write!(f, "{comma}{}={}", arg.name, arg.value)?;
                }
                f.write_char(')')?;
            }
            match returned {
                Some(value) => write!(f, " = {}", *value as i64),
                None => Ok(()),
            }
        }
        EventKind::Watch { place, value, by } => {
            f.write_str("watch ")?;
            unbroken(f, place)?;
            write!(f, " = {value} by ")?;
            unbroken(f, by)
        }
        EventKind::Step { place } => {
            f.write_str("step ")?;
            unbroken(f, place)
        }
        EventKind::Stopped(signal) => write!(f, "stopped by {signal}"),
        EventKind::Exec { program, argc } => {
            f.write_str("exec(")?;
            quoted(f, program.as_bytes())?;
            write!(f, ", argc={argc})")
        }
        EventKind::Clone { child, call } => write!(f, "clone {child} ({call})"),
        EventKind::Exit { code } => write!(f, "+++ exited {code}"),
        EventKind::Killed(signal) => write!(f, "+++ killed by {signal}"),
        EventKind::Note(text) => {
            f.write_str("note: ")?;
            unbroken(f, text)
        }
    }
}

fn call(f: &mut impl Write, call: &Call) -> fmt::Result {
    match call.sysno {
        Some(sysno) => {
            f.write_str(sysno.name())?;
            f.write_char('(')?;
        }
        None => write!(f, "syscall_{:#x}(", call.number)?,
    }
    comma_separated(f, call.args.iter().map(|arg| &arg.value))?;
    f.write_str(match call.part {
        Part::Whole => ")",
        Part::Started => return f.write_str(") ..."),
        Part::Resumed => ") resumed",
    })?;
    match &call.result {
        Some(CallResult::Value { value: shown, .. }) => {
            f.write_str(" = ")?;
            value(f, shown)
        }
        Some(CallResult::Error(errno)) => {
            f.write_str(" = -1 ")?;
            match errno.name() {
                Some(name) => f.write_str(name),
                None => write!(f, "{errno}"),
            }
        }
        Some(CallResult::Unknown) | None => f.write_str(" = ?"),
    }
}

fn value(f: &mut impl Write, shown: &Value) -> fmt::Result {
    match shown {
        Value::Int(number) => decimal(f, *number),
        Value::Uint(number) => decimal(f, *number),
        Value::Hex(number) => write!(f, "{number:#x}"),
        Value::Octal(0) => f.write_str("0"),
        Value::Octal(number) => write!(f, "0{number:o}"),
        Value::Flags { set, bits } => set.write(f, *bits),
        Value::Descriptor { name, introduced: None, .. } => f.write_str(name),
        Value::Descriptor { name, introduced: Some(what), .. } => {
            f.write_str(name)?;
            f.write_char('<')?;
            escaped(f, what.as_bytes())?;
            f.write_char('>')
        }
        Value::AtFdcwd => f.write_str("AT_FDCWD"),
        Value::BadDescriptor(fd) => decimal(f, *fd),
        Value::Path(path) => quoted(f, path.shown.as_bytes()),
        Value::Bytes { shown, digest: None, .. } => quoted(f, shown),
        Value::Bytes { shown, len, digest: Some(digest) } => {
            f.write_char('"')?;
            escaped(f, shown)?;
            write!(f, "...\" <{len} B")?;
            if !digest.is_empty() {
                write!(f, " sha256:{digest}")?;
            }
            f.write_char('>')
        }
        Value::Null => f.write_str("NULL"),
        Value::Address(region) => escaped(f, region.as_bytes()),
        Value::Struct(fields) => {
            f.write_char('{')?;
            for (at, (name, field)) in fields.iter().enumerate() {
                f.write_str(if at == 0 { "" } else { ", " })?;
                f.write_str(name)?;
                f.write_char('=')?;
                value(f, field)?;
            }
            f.write_char('}')
        }
        Value::List { entries, more } => {
            f.write_char('[')?;
            comma_separated(f, entries.iter())?;
            f.write_str(match (more, entries.is_empty()) {
                (false, _) => "]",
                (true, false) => ", ...]",
                (true, true) => "...]",
            })
        }
        Value::Signal(signal) => write!(f, "{signal}"),
        Value::Task(task) => task.write(f).map(|_| ()),
        Value::Word(word) => f.write_str(word),
        Value::Opaque => f.write_char('_'),
    }
}

fn comma_separated<'v>(f: &mut impl Write, values: impl Iterator<Item = &'v Value>) -> fmt::Result {
    for (at, shown) in values.enumerate() {
        if at > 0 {
            f.write_str(", ")?;
        }
        value(f, shown)?;
    }
    Ok(())
}

fn signal(f: &mut impl Write, info: &SignalInfo, sender: Option<TaskName>) -> fmt::Result {
    write!(f, "--- {} {{si_code=", info.signal)?;
    match info.code_name() {
        Some(name) => f.write_str(name)?,
        None => decimal(f, info.code)?,
    }
    if let Some(sender) = sender {
        write!(f, ", si_pid={sender}")?;
    }
    if let Some(status) = info.status {
        // CLD_EXITED comes with an exit status, the others with a signal.
        match Signal::new(i64::from(status)).filter(|_| info.code != 1) {
            Some(signal) => write!(f, ", si_status={signal}")?,
            None => write!(f, ", si_status={status}")?,
        }
    }
    if let Some(value) = info.value {
        write!(f, ", si_int={value}")?;
    }
    f.write_char('}')
}

fn quoted(f: &mut impl Write, bytes: &[u8]) -> fmt::Result {
    f.write_char('"')?;
    escaped(f, bytes)?;
    f.write_char('"')
}

fn decimal(f: &mut impl Write, number: impl itoa::Integer) -> fmt::Result {
    f.write_str(itoa::Buffer::new().format(number))
}

/// A name as it stands in a transcript: in one line.
pub fn escape(name: &str) -> String {
    let mut text = String::new();
    // Writing to a String cannot fail.
    let _ = escaped(&mut text, name.as_bytes());
    text
}

/// As C writes a string: what is no text, or would end the line, is escaped.
fn escaped(f: &mut impl Write, bytes: &[u8]) -> fmt::Result {
    // Most are names of files, in which nothing has to be looked for. All bytes are looked at, many at once.
    let is_plain = |byte: u8| matches!(byte, b' '..=b'~') & (byte != b'"') & (byte != b'\\');
    if bytes.iter().fold(true, |so_far, byte| so_far & is_plain(*byte))
        && let Ok(text) = str::from_utf8(bytes)
    {
        return f.write_str(text);
    }
    for chunk in bytes.utf8_chunks() {
        let mut rest = chunk.valid();
        while let Some(at) = rest.find(|c| matches!(c, '"' | '\\') || acts(c)) {
            let (plain, other) = rest.split_at(at);
            f.write_str(plain)?;
            let mut others = other.chars();
            match others.next() {
                Some('\n') => f.write_str("\\n")?,
                Some('\t') => f.write_str("\\t")?,
                Some('\r') => f.write_str("\\r")?,
                Some(c @ ('"' | '\\')) => write!(f, "\\{c}")?,
                Some(c) => hex(f, c.encode_utf8(&mut [0; 4]).as_bytes())?,
                None => {}
            }
            rest = others.as_str();
        }
        f.write_str(rest)?;
        hex(f, chunk.invalid())?;
    }
    Ok(())
}

/// Names that have no quotes around them: what would act on a terminal is escaped.
fn unbroken(f: &mut impl Write, text: &str) -> fmt::Result {
    text.chars().try_for_each(|c| if acts(c) { write!(f, "{}", c.escape_default()) } else { f.write_char(c) })
}

/// The same, to be written with others.
pub(super) struct Unbroken<'t>(pub(super) &'t str);

impl Display for Unbroken<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        unbroken(f, self.0)
    }
}

/// Whether a terminal or an editor acts on a character rather than showing it.
fn acts(c: char) -> bool {
    // Line and paragraph separators; marks, embeddings, overrides and isolates of direction (Unicode, annex 9).
    let turns = matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}' | '\u{61c}');
    c.is_control() || turns
}

fn hex(f: &mut impl Write, bytes: &[u8]) -> fmt::Result {
    bytes.iter().try_for_each(|byte| write!(f, "\\x{byte:02x}"))
}

#[cfg(test)]
#[path = "text_tests.rs"]
mod tests;
