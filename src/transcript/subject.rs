//! Events as patterns see them.
//! It must not know the grammar of patterns, only what can be compared.

use std::borrow::Cow;

use super::{Arg, Call, CallResult, Event, EventKind, Part, Value};
use crate::abi::Signal;
use crate::pattern::{Operand, ResultView, Subject, SubjectKind};

impl Subject for Event {
    fn kind(&self) -> SubjectKind {
        match &self.kind {
            // Only text: the call comes again with its result, and must not be seen twice.
            EventKind::Call(Call { part: Part::Started, .. }) => SubjectKind::Other,
            EventKind::Call(call) => SubjectKind::Call(call.sysno),
            EventKind::Signal { .. } => SubjectKind::Signal,
            EventKind::Exec { .. } => SubjectKind::Exec,
            EventKind::Clone { .. } => SubjectKind::Clone,
            EventKind::Exit { .. } => SubjectKind::Exit,
            EventKind::Killed(_) => SubjectKind::Killed,
            EventKind::Hit { .. } => SubjectKind::Hit,
            EventKind::Watch { .. } => SubjectKind::Watch,
            EventKind::Step { .. } => SubjectKind::Step,
            EventKind::Stopped(_) | EventKind::Note(_) => SubjectKind::Other,
        }
    }

    fn arg(&self, name: &str) -> Option<Operand<'_>> {
        match (&self.kind, name) {
            (EventKind::Call(call), _) => call_arg(call, name).map(|arg| operand(&arg.value, arg.raw)),
            (EventKind::Hit { args, .. }, _) => {
                args.iter().find(|arg| *arg.name == *name).map(|arg| operand(&arg.value, arg.raw))
            }
            (EventKind::Watch { value, .. }, "value") => Some(operand(value, 0)),
            (EventKind::Watch { by, .. }, "by") => Some(text(by)),
            (EventKind::Signal { info, .. }, "signal") => Some(signal(info.signal)),
            (EventKind::Signal { info, .. }, "code") => Some(Operand {
                number: Some(i128::from(info.code)),
                text: info.code_name().map(Cow::Borrowed),
                ..Operand::default()
            }),
            (EventKind::Signal { sender, .. }, "sender") => sender.map(|task| named(task.to_string())),
            (EventKind::Signal { info, .. }, "value") => info.value.map(|value| number(i128::from(value))),
            (EventKind::Exec { program, .. }, "path" | "program") => {
                Some(Operand { text: Some(program.as_str().into()), is_path: true, ..Operand::default() })
            }
            (EventKind::Exec { argc, .. }, "argc") => Some(number(*argc as i128)),
            (EventKind::Clone { child, .. }, "child") => Some(named(child.to_string())),
            (EventKind::Clone { call, .. }, "call") => {
                Some(Operand { text: Some((*call).into()), ..Operand::default() })
            }
            (EventKind::Exit { code }, "code") => Some(number(i128::from(*code))),
            (EventKind::Killed(killer), "signal") => Some(signal(*killer)),
            _ => None,
        }
    }

    fn first(&self) -> Option<Operand<'_>> {
        match &self.kind {
            EventKind::Hit { place, .. } | EventKind::Watch { place, .. } | EventKind::Step { place } => {
                Some(text(place))
            }
            EventKind::Signal { info, .. } => Some(signal(info.signal)),
            EventKind::Killed(killer) => Some(signal(*killer)),
            EventKind::Exec { .. } => self.arg("program"),
            EventKind::Clone { .. } => self.arg("child"),
            EventKind::Exit { code } => Some(number(i128::from(*code))),
            EventKind::Call(_) | EventKind::Stopped(_) | EventKind::Note(_) => None,
        }
    }

    fn result(&self) -> Option<ResultView<'_>> {
        let EventKind::Call(call) = &self.kind else { return None };
        match call.result.as_ref()? {
            CallResult::Value { raw, value } => {
                let mut operand = operand(value, *raw as u64);
                // The register itself: a descriptor or a byte count is compared as the program sees it.
                operand.number = Some(i128::from(*raw));
                Some(ResultView::Value(operand))
            }
            CallResult::Error(errno) => Some(ResultView::Error(*errno)),
            CallResult::Unknown => None,
        }
    }

    fn fired(&self) -> Box<dyn Iterator<Item = &str> + '_> {
        Box::new(self.fired.iter().map(|fired| &*fired.rule))
    }

    fn captures(&self, tell: &mut dyn FnMut(&str, &Operand<'_>)) {
        self.captures.iter().for_each(|(name, value)| tell(name, &operand(value, 0)));
    }
}

/// An argument by the signature's name for it or by `arg0` to `arg5`.
fn call_arg<'c>(call: &'c Call, name: &str) -> Option<&'c Arg> {
    if let Some(arg) = call.args.iter().find(|arg| arg.name == name) {
        return Some(arg);
    }
    // Arguments that the call does not look at are left out, so a position is one of the signature.
    let at = call.sysno?.arg(name)?;
    let wanted = call.sysno?.info().args?.get(at)?.name;
    call.args.iter().find(|arg| arg.name == wanted)
}

fn operand(value: &Value, raw: u64) -> Operand<'_> {
    let raw_int = i128::from(raw as i32);
    match value {
        Value::Int(int) => number(i128::from(*int)),
        Value::Uint(int) | Value::Hex(int) | Value::Octal(int) => number(i128::from(*int)),
        Value::Flags { set, bits } => {
            Operand { number: Some(i128::from(*bits)), flags: Some(set), ..Operand::default() }
        }
        Value::Descriptor { name, host, .. } => Operand {
            number: Some(raw_int),
            text: Some(Cow::Borrowed(host)),
            identity: Some(Cow::Borrowed(name)),
            is_path: host.starts_with('/'),
            flags: None,
        },
        Value::AtFdcwd | Value::BadDescriptor(_) => number(raw_int),
        Value::Path(path) => Operand { text: Some(Cow::Borrowed(&path.host)), is_path: true, ..Operand::default() },
        Value::Bytes { shown, .. } => Operand { text: Some(String::from_utf8_lossy(shown)), ..Operand::default() },
        Value::Null => number(0),
        Value::Signal(sent) => signal(*sent),
        Value::Task(task) => Operand { number: Some(raw_int), ..named(task.to_string()) },
        Value::Word(word) => Operand { text: Some(Cow::Borrowed(word)), ..Operand::default() },
        // The path of a socket address.
        Value::Struct(fields) => fields
            .iter()
            .find(|(_, field)| matches!(field, Value::Path(_)))
            .map_or_else(Operand::default, |(_, field)| operand(field, raw)),
        Value::Address(_) | Value::List { .. } | Value::Opaque => number(i128::from(raw)),
    }
}

fn number(number: i128) -> Operand<'static> {
    Operand { number: Some(number), ..Operand::default() }
}

fn text(text: &str) -> Operand<'_> {
    Operand { text: Some(text.into()), ..Operand::default() }
}

fn named(name: String) -> Operand<'static> {
    Operand { text: Some(name.clone().into()), identity: Some(name.into()), ..Operand::default() }
}

fn signal(signal: Signal) -> Operand<'static> {
    Operand { number: Some(i128::from(signal.number())), text: Some(signal.to_string().into()), ..Operand::default() }
}

#[cfg(test)]
#[path = "subject_tests.rs"]
mod tests;
