//! `scope`: which counters an event advances.
//! It must not know what the counts mean.

use std::sync::Arc;

use foldhash::HashMap;

use super::filter::host_text;
use super::stack::Stack;
use crate::plan::{DescriptorTest, Filter, Rule, Scope};
use crate::transcript::{Arg, Event, EventKind, TaskName, Value};

/// What is counted together.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Key {
    Run,
    Process(u32),
    Thread(TaskName),
    Path(Arc<str>),
    Descriptor(u64),
    Stack(u64),
    /// What has no path or no descriptor, although other events of the rule have one.
    Without,
}

/// How often each of them was counted.
#[derive(Debug, Default)]
pub(super) struct Counters {
    /// That of the whole run, which most rules have alone.
    run: u64,
    others: HashMap<Key, u64>,
}

impl Counters {
    /// Counts once more; how often that was, from 1.
    pub(super) fn next(&mut self, key: Key) -> u64 {
        let counter = if key == Key::Run { &mut self.run } else { self.others.entry(key).or_default() };
        *counter += 1;
        *counter
    }
}

/// Tells the counters that `event` advances for `rule`: one, or one for each of its paths or descriptors.
pub(super) fn each_key(rule: &Rule, event: &Event, stack: &Stack<'_>, mut tell: impl FnMut(Key)) {
    let mut keys = match rule.scope {
        Scope::Run => return tell(Key::Run),
        Scope::Process => return tell(Key::Process(event.task.process)),
        Scope::Thread => return tell(Key::Thread(event.task)),
        Scope::Callsite => return tell(Key::Stack(stack.fingerprint())),
        Scope::Path => paths(&rule.filter, event),
        Scope::Descriptor => descriptors(&rule.filter, event),
    };
    if keys.is_empty() {
        keys.push(Key::Without);
    }
    let mut seen = Vec::new();
    keys.retain(|key| !seen.contains(key) && (seen.push(key.clone()), true).1);
    keys.into_iter().for_each(tell);
}

/// The paths that the filter lets through. A descriptor beside a path is the directory that the path starts from.
fn paths(filter: &Filter, event: &Event) -> Vec<Key> {
    let args = || looked_at(filter, event);
    let is_path = |arg: &&Arg| matches!(arg.value, Value::Path(_));
    let has_path = args().any(|arg| is_path(&arg));
    args()
        .filter(|arg| is_path(arg) == has_path)
        .filter_map(host_text)
        .filter(|text| filter.path.as_ref().is_none_or(|glob| glob.matches(text)))
        .map(|text| Key::Path(text.into()))
        .collect()
}

/// The descriptors that the filter lets through.
fn descriptors(filter: &Filter, event: &Event) -> Vec<Key> {
    let passes = |arg: &Arg, host: &str| match &filter.fd {
        None => true,
        Some(DescriptorTest::Number(number)) => arg.raw as i32 == *number,
        Some(DescriptorTest::Target(glob)) => glob.matches(host),
    };
    let object = |arg: &Arg| match &arg.value {
        Value::Descriptor { object, host, .. } if passes(arg, host) => Some(Key::Descriptor(*object)),
        _ => None,
    };
    looked_at(filter, event).filter_map(object).collect()
}

fn looked_at<'e>(filter: &'e Filter, event: &'e Event) -> impl Iterator<Item = &'e Arg> {
    let (call, args): (_, &[Arg]) = match &event.kind {
        EventKind::Call(call) => (call.sysno, &call.args),
        _ => (None, &[]),
    };
    args.iter().filter(move |arg| filter.looks_at(call, arg.name))
}
