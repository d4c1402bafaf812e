//! Which files are there while a run goes on, as far as its calls tell.
//! It must not know which faults hang on that.

use std::collections::HashMap;

use super::point::Makes;
use crate::abi::Sysno;
use crate::transcript::{Call, CallResult, Value};

/// O_CREAT (asm-generic/fcntl.h).
const CREATES: u64 = 0o100;

/// Paths on the host, and whether something is there.
#[derive(Debug, Default)]
pub(super) struct There {
    known: HashMap<String, bool>,
}

impl There {
    /// Takes in a call, and tells whether it makes a file.
    pub(super) fn called(&mut self, sysno: Sysno, call: &Call) -> Makes {
        let paths: Vec<&String> = call.args.iter().filter_map(|arg| path(&arg.value)).collect();
        let flags = || call.args.iter().find(|arg| arg.name == "flags").map_or(0, |arg| arg.raw);
        let creates = sysno.name() == "creat" || sysno.does("file.open") && flags() & CREATES != 0;
        let makes = match paths.first().filter(|_| creates) {
            None => Makes::No,
            Some(path) => match self.known.get(*path) {
                Some(true) => Makes::No,
                Some(false) => Makes::Yes,
                None => Makes::Unless((*path).clone()),
            },
        };
        match &call.result {
            Some(CallResult::Value { .. }) => {
                let last = paths.len().saturating_sub(1);
                for (at, path) in paths.into_iter().enumerate() {
                    let is_gone = sysno.does("meta.unlink") || sysno.does("meta.rename") && at != last;
                    self.known.insert(path.clone(), !is_gone);
                }
            }
            Some(CallResult::Error(errno)) if errno.name() == Some("ENOENT") && paths.len() == 1 => {
                self.known.insert(paths[0].clone(), false);
            }
            Some(CallResult::Error(_) | CallResult::Unknown) | None => {}
        }
        makes
    }
}

fn path(value: &Value) -> Option<&String> {
    match value {
        Value::Path(path) => Some(&path.host),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::abi::Errno;
    use crate::transcript::{Arg, Part, PathValue};

    fn call(name: &str, paths: &[&str], flags: u64, error: Option<&str>) -> (Sysno, Call) {
        let value = |path: &&str| Value::Path(PathValue { shown: String::new(), host: (*path).to_owned() });
        let mut args: Vec<Arg> = paths.iter().map(|path| Arg { name: "path", raw: 1, value: value(path) }).collect();
        args.push(Arg { name: "flags", raw: flags, value: Value::Uint(flags) });
        let result = match error {
            Some(name) => CallResult::Error(Errno::parse(name).unwrap()),
            None => CallResult::Value { raw: 3, value: Value::Int(3) },
        };
        let sysno = Sysno::parse(name).unwrap();
        (sysno, Call { sysno: Some(sysno), number: 0, args, result: Some(result), part: Part::Whole })
    }

    #[test]
    fn a_file_is_made_where_there_is_none() {
        let mut there = There::default();
        let mut check = |name: &str, paths: &[&str], flags: u64, error: Option<&str>, expected: Makes| {
            let (sysno, call) = call(name, paths, flags, error);
            assert_eq!(there.called(sysno, &call), expected, "{name} {paths:?}");
        };
        check("openat", &["/a"], CREATES, None, Makes::Unless("/a".to_owned()));
        check("openat", &["/a"], CREATES, None, Makes::No);
        check("openat", &["/b"], 0, None, Makes::No);
        check("openat", &["/b"], CREATES, None, Makes::No);
        check("unlink", &["/a"], 0, None, Makes::No);
        check("openat", &["/a"], CREATES, None, Makes::Yes);
        check("rename", &["/a", "/c"], 0, None, Makes::No);
        check("creat", &["/a"], 0, Some("EACCES"), Makes::Yes);
        check("openat", &["/c"], CREATES, None, Makes::No);
        check("newfstatat", &["/d"], 0, Some("ENOENT"), Makes::No);
        check("openat", &["/d"], CREATES, None, Makes::Yes);
    }
}
