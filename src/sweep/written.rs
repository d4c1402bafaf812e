//! What was written to while a run goes on, as far as its calls tell.
//! It must not know which faults hang on that.

use std::collections::HashSet;
use std::sync::Arc;

use crate::abi::{CallSet, Operation, Sysno};
use crate::transcript::{Call, CallResult, Value};

/// PROT_WRITE and MAP_SHARED (asm-generic/mman-common.h, linux/mman.h).
const PROT_WRITE: u64 = 2;
const MAP_SHARED: u64 = 1;

/// Descriptors and files that were written to.
#[derive(Debug, Default)]
pub(super) struct Written {
    /// Whether all that write are events of the run.
    is_known: bool,
    descriptors: HashSet<u64>,
    /// Paths on the host: another descriptor may be on the same file.
    files: HashSet<Arc<str>>,
}

impl Written {
    /// Where only these calls, of whatever architecture, are seen.
    pub(super) fn of(calls: &CallSet) -> Written {
        let is_known = Sysno::all().filter(|call| call.does("file.write")).all(|call| calls.contains(call));
        Written { is_known, ..Written::default() }
    }

    /// Takes in a call, and tells whether something was written before to what its first descriptor refers to; `None` where
    /// that is not known.
    pub(super) fn called(&mut self, sysno: Sysno, call: &Call) -> Option<bool> {
        let first = call.args.iter().find_map(|arg| descriptor(&arg.value));
        let was_written = first.map(|(object, host)| self.descriptors.contains(&object) || self.files.contains(host));
        if let Some((object, host)) = target(sysno, call) {
            self.descriptors.insert(object);
            if host.starts_with('/') {
                self.files.insert(Arc::clone(host));
            }
        }
        was_written.filter(|was_written| *was_written || self.is_known)
    }
}

/// What a call has written to, or lets the program write to from then on.
fn target(sysno: Sysno, call: &Call) -> Option<(u64, &Arc<str>)> {
    let Some(CallResult::Value { raw, .. }) = &call.result else { return None };
    let arg = |name: &str| call.args.iter().find(|arg| arg.name == name);
    let has = |name: &str, bit: u64| arg(name).is_some_and(|arg| arg.raw & bit != 0);
    let fd = match sysno.name() {
        "mmap" if has("prot", PROT_WRITE) && has("flags", MAP_SHARED) => "fd",
        // What a file system does for a file, as sharing what is in another one, changes it.
        "ftruncate" | "fallocate" | "ioctl" => "fd",
        _ if *raw > 0 => Operation::parse("file.write")?.argument(sysno, "fd")?,
        _ => return None,
    };
    descriptor(&arg(fd)?.value)
}

fn descriptor(value: &Value) -> Option<(u64, &Arc<str>)> {
    match value {
        Value::Descriptor { object, host, .. } => Some((*object, host)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transcript::{Arg, Part};

    /// A name, a number, and what that is a descriptor of.
    type Given<'h> = (&'static str, u64, Option<(u64, &'h str)>);

    fn call(name: &str, args: &[Given<'_>], result: i64) -> (Sysno, Call) {
        let arg = |(name, raw, on): &Given<'_>| {
            let value = match on {
                Some((object, host)) => {
                    Value::Descriptor { name: "fd#1".into(), introduced: None, host: (*host).into(), object: *object }
                }
                None => Value::Uint(*raw),
            };
            Arg { name, raw: *raw, value }
        };
        let sysno = Sysno::parse(name).unwrap();
        let result = Some(CallResult::Value { raw: result, value: Value::Int(result) });
        let args = args.iter().map(arg).collect();
        (sysno, Call { sysno: Some(sysno), number: 0, args, result, part: Part::Whole })
    }

    fn all() -> CallSet {
        Sysno::all().collect()
    }

    #[test]
    fn what_was_written_to_is_known_by_its_descriptor_and_by_its_file() {
        let mut written = Written::of(&all());
        let mut check = |name: &str, args: &[Given<'_>], result, expected| {
            let (sysno, call) = call(name, args, result);
            assert_eq!(written.called(sysno, &call), expected, "{name} {args:?}");
        };
        let on = |object, host| ("fd", 3, Some((object, host)));
        check("close", &[on(1, "/a")], 0, Some(false));
        check("write", &[on(1, "/a")], 0, Some(false));
        check("write", &[on(1, "/a")], 5, Some(false));
        check("close", &[on(1, "/b")], 0, Some(true));
        check("close", &[on(2, "/a")], 0, Some(true));
        check("write", &[on(3, "anon:[tmpfile]")], 5, Some(false));
        check("close", &[on(4, "anon:[tmpfile]")], 0, Some(false));
        let copied = [("fd_in", 3, Some((5, "/in"))), ("fd_out", 4, Some((6, "/out")))];
        check("copy_file_range", &copied, 5, Some(false));
        check("close", &[on(5, "/in")], 0, Some(false));
        check("close", &[on(6, "/out")], 0, Some(true));
        let mapped = |flags| [("prot", 3, None), ("flags", flags, None), on(7, "/map")];
        check("mmap", &mapped(2), 4096, Some(false));
        check("close", &[on(7, "/map")], 0, Some(false));
        check("mmap", &mapped(MAP_SHARED), 4096, Some(false));
        check("close", &[on(7, "/map")], 0, Some(true));
        check("getpid", &[], 1, None);
    }

    #[test]
    fn where_calls_are_not_seen_nothing_is_known() {
        let mut written = Written::of(&CallSet::named(&["close", "write"]));
        let (close, closed) = call("close", &[("fd", 3, Some((1, "/a")))], 0);
        assert_eq!(written.called(close, &closed), None);
        let (write, wrote) = call("write", &[("fd", 3, Some((1, "/a")))], 5);
        assert_eq!(written.called(write, &wrote), None);
        assert_eq!(written.called(close, &closed), Some(true));
    }
}
