//! `where`: whether an event is one that a rule means.
//! It must not know how events are counted.

use super::stack::Stack;
use crate::abi::CallSet;
use crate::pattern::PathGlob;
use crate::plan::{DescriptorTest, Filter};
use crate::transcript::{Arg, Event, EventKind, Value};

/// Whether all of a `where` holds. The stack is looked at last: to unwind it costs more than all the rest.
pub(super) fn holds(filter: &Filter, event: &Event, stack: &Stack<'_>) -> bool {
    let (call, args): (_, &[Arg]) = match &event.kind {
        EventKind::Call(call) => (call.sysno, &call.args),
        _ => (None, &[]),
    };
    let args = || args.iter().filter(|arg| filter.looks_at(call, arg.name));
    let path = |glob: &PathGlob| args().filter_map(host_text).any(|text| glob.matches(text));
    let descriptor = |test: &DescriptorTest| {
        args().any(|arg| match (&arg.value, test) {
            (Value::Descriptor { .. } | Value::BadDescriptor(_), DescriptorTest::Number(number)) => {
                arg.raw as i32 == *number
            }
            (Value::Descriptor { host, .. }, DescriptorTest::Target(glob)) => glob.matches(host),
            _ => false,
        })
    };
    filter.path.as_ref().is_none_or(path)
        && filter.fd.as_ref().is_none_or(descriptor)
        && filter.process.as_ref().is_none_or(|test| test.is(event.task.process, &event.image))
        && filter.thread.is_none_or(|position| position == event.task.thread)
        && filter.args.iter().all(|test| test.pred.matches(event))
        && (filter.callers.is_empty() || stack.has(&filter.callers))
}

/// Calls by which whoever wants a file makes the folders above it.
static MAKES_FOLDERS: CallSet = CallSet::named(&["access", "faccessat", "mkdir", "mkdirat"]);

/// Whether an event is a call about something in `folder`, or about a folder that must be there for it.
pub(super) fn is_for(folder: &str, event: &Event) -> bool {
    let EventKind::Call(call) = &event.kind else { return false };
    let is_above =
        |text: &str| folder.strip_prefix(text).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    let is_below =
        |text: &str| text.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    let makes = call.sysno.is_some_and(|call| MAKES_FOLDERS.contains(call));
    call.args.iter().filter_map(host_text).any(|text| is_below(text) || makes && is_above(text))
}

/// The text that globs are matched with: a path, or what is behind a descriptor.
pub(super) fn host_text(arg: &Arg) -> Option<&str> {
    match &arg.value {
        Value::Path(path) => Some(&path.host),
        Value::Descriptor { host, .. } => Some(host),
        _ => None,
    }
}
