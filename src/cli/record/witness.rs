//! Whoever looks on at a run that is recorded: what happened, and which files were looked for in vain.
//! It must not know what becomes of that.

use std::collections::BTreeSet;

use crate::abi::Changes;
use crate::transcript::{Call, CallResult, Event, EventKind, Sink, Value};

/// Whoever writes more than this is not recorded in full: nobody would read it.
const MOST: usize = 10_000;
/// Where the folders of cases are, each with eight letters of its own.
const FOLDERS: &str = "/tmp/rinject-";
const OWN: usize = 8;

/// What was seen.
#[derive(Debug, Default)]
pub(super) struct Witness {
    /// The events that are written.
    pub(super) events: Vec<Event>,
    /// Names in the working directory that the program has looked for, and that are not there.
    pub(super) missed: BTreeSet<String>,
    /// Whether the program has asked what is in some folder, and in its working directory.
    pub(super) lists: bool,
    pub(super) lists_own: bool,
    /// What the program has made, changed or removed outside of its folder.
    pub(super) outside: BTreeSet<String>,
}

impl Witness {
    /// Whether a call is among the events.
    pub(super) fn saw_calls(&self) -> bool {
        self.events.iter().any(|event| matches!(event.kind, EventKind::Call(_)))
    }
}

impl Sink for Witness {
    fn event(&mut self, event: &Event) {
        if let EventKind::Call(call) = &event.kind
            && let Some(CallResult::Error(errno)) = &call.result
            && errno.name() == Some("ENOENT")
        {
            let paths = call.args.iter().filter_map(|arg| match &arg.value {
                Value::Path(path) => below_folder(&path.host),
                _ => None,
            });
            self.missed.extend(paths.filter(|name| !name.is_empty()).map(str::to_owned));
        }
        if let EventKind::Call(call) = &event.kind
            && call.sysno.is_some_and(|call| call.name() == "getdents64")
        {
            let is_own = |value: &Value| match value {
                Value::Descriptor { host, .. } => below_folder(host) == Some(""),
                _ => false,
            };
            self.lists = true;
            self.lists_own |= call.args.iter().any(|arg| is_own(&arg.value));
        }
        if let EventKind::Call(call) = &event.kind
            && matches!(call.result, Some(CallResult::Value { .. }))
            && changes(call)
        {
            let paths = call.args.iter().filter_map(|arg| match &arg.value {
                Value::Path(path) => Some(&*path.host),
                _ => None,
            });
            let is_elsewhere = |path: &&str| {
                below_folder(path).is_none() && !["/dev/", "/proc/"].iter().any(|folder| path.starts_with(folder))
            };
            self.outside.extend(paths.filter(is_elsewhere).map(str::to_owned));
        }
        if event.written && self.events.len() < MOST {
            self.events.push(event.clone());
        }
    }
}

/// Whether a call makes, changes or removes what its paths lead to.
fn changes(call: &Call) -> bool {
    let Some(sysno) = call.sysno else { return false };
    let for_writing = || {
        call.args.iter().any(|arg| match arg.value {
            // Beside O_RDONLY, which is none.
            Value::Flags { set, bits } => ["O_WRONLY", "O_RDWR", "O_CREAT"]
                .iter()
                .any(|flag| set.value(flag).is_some_and(|flag| bits & flag != 0)),
            _ => false,
        })
    };
    let changes = sysno.info().changes.is_some_and(|changes| changes != Changes::Times);
    changes || (sysno.does("file.open") && for_writing())
}

/// The name of a path within the case's folder, which is empty for the folder itself.
pub(super) fn below_folder(path: &str) -> Option<&str> {
    let rest = path.strip_prefix(FOLDERS)?.get(OWN..)?;
    if rest.is_empty() { Some(rest) } else { rest.strip_prefix('/') }
}

/// A text in which the case's folder goes by its name in specs.
pub(super) fn renamed(text: &str) -> String {
    let mut parts = text.split(FOLDERS);
    let mut renamed = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        match part.get(OWN..) {
            Some(rest) => renamed = renamed + "${tmp}" + rest,
            None => renamed = renamed + FOLDERS + part,
        }
    }
    renamed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_the_folder_are_found() {
        assert_eq!(below_folder("/tmp/rinject-abcdEF12/a/b"), Some("a/b"));
        assert_eq!(below_folder("/tmp/rinject-abcdEF12"), Some(""));
        assert_eq!(below_folder("/tmp/rinject-abcdEF123/a"), None);
        assert_eq!(below_folder("/etc/passwd"), None);
        assert_eq!(renamed("in /tmp/rinject-abcdEF12/a and /tmp/rinject-x"), "in ${tmp}/a and /tmp/rinject-x");
    }
}
