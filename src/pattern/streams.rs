//! Tests that take a descriptor for the name of a standard stream: `write(fd ~ 'stdout')`. Transcripts call it so; a test looks at
//! what it refers to, a file or a pipe. It must not know whether the pattern has matched.

use super::ast::{Alt, Comparison, Head, Pattern, Test, Value};
use super::glob::PathGlob;
use crate::abi::{ArgKind, Sysno};

/// Standard streams by the numbers of their descriptors (stdin(3)).
const STREAMS: [&str; 3] = ["stdin", "stdout", "stderr"];

/// A test of a descriptor with the name of a standard stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedStream {
    /// The test as it stands in the pattern.
    pub test: String,
    /// The one that is meant.
    pub meant: String,
    /// The stream's name.
    pub stream: &'static str,
}

impl NamedStream {
    /// What to write instead, for whoever reads a report.
    pub fn help(&self) -> String {
        let NamedStream { test, meant, stream } = self;
        format!("`{test}` looks for a file of this name; for the descriptor {stream} write `{meant}`")
    }

    /// Of `fd = "stdout"` in a `where`.
    pub fn of_filter(glob: &PathGlob) -> Option<NamedStream> {
        let (number, stream) = stream(glob.text())?;
        Some(NamedStream { test: format!("fd = \"{stream}\""), meant: format!("fd = {number}"), stream })
    }
}

impl Pattern {
    /// The first test of a descriptor with the name of a standard stream.
    pub fn named_stream(&self) -> Option<NamedStream> {
        self.alts.iter().flat_map(Alt::chain).find_map(named_in)
    }
}

fn named_in(alt: &Alt) -> Option<NamedStream> {
    alt.preds.iter().find_map(|pred| {
        let text = match &pred.test {
            Test::Glob(glob) => glob.text(),
            Test::Compare(Comparison::Equal, Value::Text(text)) => text,
            _ => return None,
        };
        let (number, stream) = stream(text)?;
        let arg = pred.arg.as_deref().filter(|arg| alt.head.is_descriptor(arg))?;
        Some(NamedStream { test: pred.to_string(), meant: format!("{arg} = {number}"), stream })
    })
}

fn stream(text: &str) -> Option<(usize, &'static str)> {
    STREAMS.into_iter().enumerate().find(|(_, name)| *name == text)
}

impl Head {
    /// Whether a call that it means has a descriptor for the argument of this name.
    fn is_descriptor(&self, arg: &str) -> bool {
        let is = |call: Sysno, arg: &str| {
            let kind = call.arg(arg).and_then(|at| call.info().args?.get(at));
            kind.is_some_and(|arg| matches!(arg.kind, ArgKind::Fd | ArgKind::DirFd))
        };
        match self {
            Head::Call(call) => is(*call, arg),
            Head::Class { calls, .. } => calls.iter().any(|call| is(call, arg)),
            Head::Operation(operation) => {
                operation.calls().iter().any(|call| operation.argument(call, arg).is_some_and(|arg| is(call, arg)))
            }
            Head::Noun(_) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::parse;
    use crate::abi::Arch;

    fn meant(text: &str) -> Option<String> {
        let pattern = parse(text, Arch::X86_64).unwrap_or_else(|problems| panic!("{text}: {problems:?}"));
        pattern.named_stream().map(|named| named.meant)
    }

    #[test]
    fn names_of_streams_are_seen_where_descriptors_are_compared_with_them() {
        for (pattern, expected) in [
            ("write(fd ~ 'stdout')", "fd = 1"),
            ("write(fd = 'stderr')", "fd = 2"),
            ("fsync, %desc(fd ~ 'stdin')", "fd = 0"),
            ("file.write(fd ~ 'stdout')", "fd = 1"),
            ("dup2(oldfd ~ 'stderr')", "oldfd = 2"),
            ("exit after write(count > 3, fd ~ 'stdout')", "fd = 1"),
        ] {
            assert_eq!(meant(pattern).as_deref(), Some(expected), "{pattern}");
        }
        for pattern in
            ["write(fd ~ '*.out')", "write(buf = 'stdout')", "openat(path ~ 'stdout')", "write(fd = 1)", "write"]
        {
            assert_eq!(meant(pattern), None, "{pattern}");
        }
    }
}
