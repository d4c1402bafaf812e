//! Ready rules: what `use` names. Each is a small file that is read by the same code as an author's own `[[inject]]`.
//! It must not know what rules do.

use std::sync::Arc;

use super::model::{At, Inject, Memory, Where};
use super::walk::{Fields, Walk};
use crate::diagnostic::{Code, Diagnostic, Source, Span, did_you_mean};

/// A ready rule.
#[derive(Clone, Copy, Debug)]
pub struct Ready {
    /// Its name, also that of the rule where the author gives none.
    pub name: &'static str,
    /// Its file.
    pub text: &'static str,
}

macro_rules! ready {
    ($($name:literal),* $(,)?) => {
        /// Every ready rule, by name.
        pub const READY: &[Ready] =
            &[$(Ready { name: $name, text: include_str!(concat!("ready/", $name, ".toml")) }),*];
    };
}

ready![
    "accept-fails",
    "calloc-fails",
    "close-fails",
    "connect-refused",
    "connect-times-out",
    "connection-reset",
    "disk-full-on-write",
    "disk-quota-on-write",
    "exec-fails",
    "fopen-fails",
    "fork-fails",
    "fsync-fails",
    "getaddrinfo-fails",
    "malloc-fails",
    "mmap-fails",
    "open-denied",
    "pthread_create-fails",
    "read-fails",
    "read-only-file-system",
    "realloc-fails",
    "rename-fails",
    "too-many-open-files",
    "write-fails",
];

/// Keys that a ready rule has decided: its event and what becomes of it.
const DECIDED: [&str; 14] = [
    "on",
    "at",
    "watch",
    "budget",
    "clock",
    "error",
    "error-after",
    "retval",
    "return",
    "short",
    "args",
    "replace",
    "kill",
    "suppress",
];

impl Ready {
    /// The ready rule of this name.
    pub fn find(name: &str) -> Option<Ready> {
        READY.iter().find(|ready| ready.name == name).copied()
    }

    /// What it makes happen, in one sentence.
    pub fn about(self) -> &'static str {
        self.text.lines().next().unwrap_or_default().trim_start_matches("# ")
    }

    /// Its keys, as they would be written.
    pub fn rule(self) -> &'static str {
        self.text.split_once("[[inject]]\n").map_or("", |(_, rule)| rule.trim_end())
    }

    fn inject(self) -> Inject {
        let source = Arc::new(Source::new(self.name, self.text));
        let spec = super::parse(&source).ok().filter(|spec| !spec.problems.has_errors() || spec.inject.len() == 1);
        let rule = spec.and_then(|spec| spec.inject.into_iter().next());
        rule.unwrap_or_else(|| unreachable!("ready rule `{}` is a rule", self.name))
    }
}

/// A rule with `use`: what the author does not say is that of the ready rule, standing where its name stands.
pub(super) fn filled(walk: &Walk, fields: &Fields<'_, '_>, rule: Inject) -> Inject {
    let Some(name) = fields.text("use") else {
        return rule;
    };
    let Some(ready) = Ready::find(&name.value) else {
        let help = did_you_mean(&name.value, READY.iter().map(|ready| ready.name))
            .or_else(|| Some("docs/spec.md lists them; `rinject explain NAME` shows one".to_owned()));
        let message = format!("there is no ready rule `{}`", name.value);
        walk.report(Code::BAD_CHOICE, name.span, message, "not one of them", help);
        return rule;
    };
    for key in DECIDED {
        if let Some(own) = fields.get(key) {
            let message = format!("`{key}` and `use` exclude each other");
            let span: Span = own.span().into();
            let conflict = Diagnostic::error(&walk.source, Code::CONFLICTING_KEYS, message)
                .at(span, format!("`{}` has its own", ready.name))
                .at(name.span, "the ready rule")
                .help(Some(format!("take one of them out; `rinject explain {}` shows the rule", ready.name)));
            walk.problems.borrow_mut().push(conflict);
        }
    }
    over(rule, ready, name.span)
}

/// The author's keys over those of the ready rule.
fn over(own: Inject, ready: Ready, span: Span) -> Inject {
    fn or<T>(own: Option<At<T>>, ready: Option<At<T>>, span: Span) -> Option<At<T>> {
        own.or(ready.map(|at| At { span, ..at }))
    }
    let rule = ready.inject();
    let name = At { value: ready.name.to_owned(), span };
    Inject {
        name: own.name.or(Some(name)),
        on: or(own.on, rule.on, span),
        at: or(own.at, rule.at, span),
        signature: or(own.signature, rule.signature, span),
        when: or(own.when, rule.when, span),
        error: or(own.error, rule.error, span),
        error_after: or(own.error_after, rule.error_after, span),
        returns: or(own.returns, rule.returns, span),
        memory: with(own.memory, rule.memory, span),
        filter: Where { path: or(own.filter.path, rule.filter.path, span), ..own.filter },
        ..own
    }
}

/// The ready rule's edits of memory, and the author's after them.
fn with(own: Option<At<Vec<Memory>>>, ready: Option<At<Vec<Memory>>>, span: Span) -> Option<At<Vec<Memory>>> {
    let Some(ready) = ready else { return own };
    let placed = |edit: Memory| Memory {
        span,
        at: edit.at.map(|at| At { span, ..at }),
        values: edit.values.into_iter().map(|(key, value)| (key, At { span, ..value })).collect(),
    };
    let (place, own) = own.map_or((span, Vec::new()), |own| (own.span, own.value));
    Some(At { value: ready.value.into_iter().map(placed).chain(own).collect(), span: place })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::keys::INJECT;

    #[test]
    fn ready_rules_have_no_key_that_would_be_lost() {
        const TAKEN: [&str; 9] =
            ["on", "at", "signature", "when", "error", "error-after", "return", "memory", "where"];
        for ready in READY {
            let keys = ready.rule().lines().filter_map(|line| line.split_once(" = ")).map(|(key, _)| key);
            for key in keys {
                assert!(TAKEN.contains(&key) && INJECT.key(key).is_some(), "{}: {key}", ready.name);
            }
            assert!(ready.text.starts_with("# ") && ready.about().ends_with('.'), "{}", ready.name);
        }
    }

    #[test]
    fn the_list_has_every_file() {
        let files = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/src/spec/ready")).expect("it is there");
        assert_eq!(files.count(), READY.len());
        assert!(READY.is_sorted_by_key(|ready| ready.name));
    }
}
