//! Names in patterns: events, classes, arguments, flags. An unknown one becomes a problem with the nearest known one.
//! It must not know the grammar around a name.

use std::ops::Range;

use super::ast::{Head, Noun};
use super::problem::PatternProblem;
use crate::abi::{Arch, ArgKind, CallSet, Class, Errno, Operation, Signal, Sysno};
use crate::diagnostic::{Code, did_you_mean, listed, nearest};

/// Functions of the C library that are no system calls, and what they call with a current glibc.
const LIBRARY: [(&str, &str); 28] = [
    ("abort", "tgkill"),
    ("calloc", "mmap"),
    ("execv", "execve"),
    ("execvp", "execve"),
    ("fclose", "close"),
    ("fopen", "openat"),
    ("fputs", "write"),
    ("fread", "read"),
    ("free", "munmap"),
    ("fwrite", "write"),
    ("malloc", "mmap"),
    ("opendir", "openat"),
    ("popen", "clone3"),
    ("posix_spawn", "clone3"),
    ("pread", "pread64"),
    ("printf", "write"),
    ("pthread_create", "clone3"),
    ("puts", "write"),
    ("pwrite", "pwrite64"),
    ("raise", "tgkill"),
    ("readdir", "getdents64"),
    ("realloc", "mremap"),
    ("recv", "recvfrom"),
    ("remove", "unlink"),
    ("send", "sendto"),
    ("sleep", "clock_nanosleep"),
    ("system", "clone3"),
    ("waitpid", "wait4"),
];

/// The class of all calls.
const EVERY: &str = "all";

/// Values that stand for themselves in any argument.
const CONSTANTS: [(&str, i128); 2] = [("AT_FDCWD", -100), ("NULL", 0)];

/// The event called `name`.
pub(super) fn event(name: &str, range: Range<usize>, arch: Arch) -> Result<Head, PatternProblem> {
    if let Some(noun) = Noun::parse(name) {
        return Ok(Head::Noun(noun));
    }
    if let Some(operation) = Operation::parse(name) {
        return Ok(Head::Operation(operation));
    }
    if let Some(call) = Sysno::parse(name) {
        if call.number(arch).is_some() {
            return Ok(Head::Call(call));
        }
        let has: Vec<&str> =
            Arch::ALL.into_iter().filter(|arch| call.number(*arch).is_some()).map(Arch::name).collect();
        return Err(PatternProblem::new(
            Code::OTHER_ARCHITECTURE,
            range,
            format!("`{name}` does not exist on {arch}"),
        )
        .label(format!("a system call of {} only", has.join(" and ")))
        .help(match library(name) {
            Some(call) => format!("here `{call}` does its job"),
            None => "limit the spec with `requires`, or name the call that does the job here".to_owned(),
        }));
    }
    let calls = Sysno::all().filter(|call| call.number(arch).is_some()).map(Sysno::name);
    let known = calls.chain(Noun::ALL.into_iter().map(Noun::name)).chain(Operation::all().map(Operation::name));
    let help = if Class::NAMES.contains(&name) {
        format!("classes are written with a percent sign: `%{name}`")
    } else if let Some(call) = library(name) {
        format!("`{name}` is a library function; the system call behind it is `{call}`")
    } else {
        did_you_mean(name, known).unwrap_or_else(|| {
            let nouns = "`signal`, `exec`, `exit`, `killed`, `clone`, `inject`";
            format!("events are system calls as section 2 of the manual names them, `%classes`, {nouns}")
        })
    };
    Err(PatternProblem::new(Code::UNKNOWN_EVENT, range, format!("unknown event `{name}`"))
        .label(if name.contains('.') {
            "no such operation".to_owned()
        } else {
            format!("no such system call on {arch}")
        })
        .help(help))
}

/// The system call behind a function of the C library.
fn library(name: &str) -> Option<&'static str> {
    LIBRARY.iter().find(|(function, _)| *function == name).map(|(_, call)| *call)
}

/// The class called `name`, without its percent sign.
pub(super) fn class(name: &str, range: Range<usize>) -> Result<Head, PatternProblem> {
    if name == EVERY {
        return Ok(Head::Class { name: EVERY, calls: CallSet::all() });
    }
    match (Class::parse(name), Class::NAMES.into_iter().find(|known| *known == name)) {
        (Some(class), Some(name)) => Ok(Head::Class { name, calls: class.calls() }),
        _ => {
            let help = match nearest(name, Class::NAMES) {
                Some(near) => format!("did you mean `%{near}`?"),
                None => format!(
                    "the classes are {}",
                    listed(Class::NAMES.map(|name| format!("%{name}")).iter().map(String::as_str))
                ),
            };
            Err(PatternProblem::new(Code::UNKNOWN_CLASS, range, format!("unknown class `%{name}`"))
                .label("no such class of system calls")
                .help(help))
        }
    }
}

/// What an argument may be compared with, gathered over every call that has it.
#[derive(Default)]
pub(super) struct Kinds {
    kinds: Vec<ArgKind>,
    /// The noun's argument is a number, or a text, and nothing more is known.
    plain: bool,
}

/// What the calls of `calls` have under the argument name `arg`; none of them having it is a problem.
pub(super) fn call_argument(
    calls: &CallSet,
    head: &Head,
    arg: &str,
    range: Range<usize>,
) -> Result<Kinds, PatternProblem> {
    let mut found = Kinds::default();
    for call in calls.iter() {
        let Some(at) = call.arg(arg) else { continue };
        match call.info().args {
            Some(args) if at < args.len() => found.kinds.push(args[at].kind),
            Some(_) => {}
            None => found.plain = true,
        }
    }
    if found.plain || !found.kinds.is_empty() {
        return Ok(found);
    }
    let problem = PatternProblem::new(Code::UNKNOWN_ARGUMENT, range, format!("`{head}` has no argument `{arg}`"));
    let mut names: Vec<&str> =
        calls.iter().flat_map(|call| call.info().args.unwrap_or_default()).map(|arg| arg.name).collect();
    names.dedup();
    let near = did_you_mean(arg, names.iter().copied());
    Err(match head {
        Head::Call(call) => {
            let signature = signature(*call);
            let help = near.map_or_else(
                || format!("the call is `{signature}`"),
                |near| format!("{near} The call is `{signature}`"),
            );
            problem.label("no such argument").help(help)
        }
        _ => problem.label("none of its calls has such an argument").help(near),
    })
}

/// What the noun has under the argument name `arg`.
pub(super) fn noun_argument(noun: Noun, arg: &str, range: Range<usize>) -> Result<Kinds, PatternProblem> {
    // The parameters of a function are the signature's, which stands elsewhere.
    if noun.args().contains(&arg) || noun == Noun::Hit {
        return Ok(Kinds { kinds: Vec::new(), plain: true });
    }
    let name = noun.name();
    let help = match (noun, noun.args()) {
        (Noun::Signal | Noun::Killed, _) => format!("write the signal's name alone: `{name}(SIGTERM)`"),
        (Noun::Inject, _) => "write the rule's name alone: `inject(r1)`".to_owned(),
        (_, []) => format!("`{name}` takes no named arguments"),
        (_, args) => format!("its arguments are {}", listed(args.iter().copied())),
    };
    Err(PatternProblem::new(Code::UNKNOWN_ARGUMENT, range, format!("the event `{name}` has no argument `{arg}`"))
        .label("no such argument")
        .help(help))
}

/// `openat(dirfd, path, flags, mode)`.
pub(super) fn signature(call: Sysno) -> String {
    let args: Vec<&str> = match call.info().args {
        Some(args) => args.iter().map(|arg| arg.name).collect(),
        None => vec!["arg0", "arg1", "arg2", "arg3", "arg4", "arg5"],
    };
    format!("{}({})", call.name(), args.join(", "))
}

impl Kinds {
    /// Of an argument about which nothing is known.
    pub(super) fn anything() -> Kinds {
        Kinds { kinds: Vec::new(), plain: true }
    }

    /// Whether every call resolves it to a path: a glob with a slash must then be absolute.
    pub(super) fn is_path(&self) -> bool {
        let path = |kind: &ArgKind| matches!(kind, ArgKind::Path { .. } | ArgKind::Fd | ArgKind::DirFd);
        !self.kinds.is_empty() && self.kinds.iter().all(path)
    }

    /// Checks the name of a flag or value.
    pub(super) fn flag(&self, arg: &str, name: &str, range: Range<usize>) -> Result<(), PatternProblem> {
        let signal = |kind: &ArgKind| matches!(kind, ArgKind::Signal | ArgKind::Sigset { .. });
        if self.plain || constant(name).is_some() && !name.starts_with("SIG") {
            return Ok(());
        }
        if self.kinds.iter().any(signal) {
            return signal_name(name, range).map(drop);
        }
        let flags = |kind: &ArgKind| if let ArgKind::Flags(set) = kind { Some(*set) } else { None };
        let sets: Vec<_> = self.kinds.iter().filter_map(flags).collect();
        if sets.is_empty() {
            let textual = |kind: &ArgKind| {
                matches!(
                    kind,
                    ArgKind::Path { .. } | ArgKind::Fd | ArgKind::Str | ArgKind::Bytes { .. } | ArgKind::Strings
                )
            };
            let help = if self.kinds.iter().any(textual) {
                format!("write a quoted string, `'{name}'`, or a number")
            } else {
                "compare it with a number".to_owned()
            };
            return Err(PatternProblem::new(Code::UNKNOWN_FLAG, range, format!("`{arg}` has no named values"))
                .label("a name")
                .help(help));
        }
        if sets.iter().any(|set| set.value(name).is_some()) {
            return Ok(());
        }
        let names: Vec<&str> = sets.iter().flat_map(|set| set.names).map(|(name, _)| *name).collect();
        let help = did_you_mean(name, names.iter().copied()).unwrap_or_else(|| {
            let few = if names.len() > 12 { ", ..." } else { "" };
            format!("its values are {}{few}", listed(names.iter().take(12).copied()))
        });
        Err(PatternProblem::new(Code::UNKNOWN_FLAG, range, format!("`{arg}` has no value called `{name}`"))
            .label("unknown name")
            .help(help))
    }
}

/// The signal called `name`, in any case or by number; `range` is where the name stands.
pub fn signal_name(name: &str, range: Range<usize>) -> Result<Signal, PatternProblem> {
    if let Some(signal) = Signal::parse(name) {
        return Ok(signal);
    }
    if name.parse::<i128>().is_ok() {
        return Err(PatternProblem::new(Code::BAD_SIGNAL, range, format!("there is no signal {name}"))
            .label("signals are numbered 1 to 64"));
    }
    let names: Vec<String> = Signal::all().map(|signal| signal.to_string()).collect();
    Err(PatternProblem::new(Code::UNKNOWN_SIGNAL, range, format!("unknown signal `{name}`"))
        .label("no such signal")
        .help(did_you_mean(name, names.iter().map(String::as_str))))
}

/// The errno called `name`, in any case.
pub(super) fn errno_name(name: &str, range: Range<usize>) -> Result<Errno, PatternProblem> {
    Errno::parse(name).ok_or_else(|| {
        PatternProblem::new(Code::UNKNOWN_ERRNO, range, format!("unknown result `{name}`"))
            .label("neither an errno nor `ok` or `error`")
            .help(did_you_mean(name, Errno::names().chain(["ok", "error"])))
    })
}

/// The value of a name that stands for itself in any argument: `AT_FDCWD`, `NULL`, signals.
pub(super) fn constant(name: &str) -> Option<i128> {
    let known = CONSTANTS.iter().find(|(known, _)| *known == name).map(|(_, value)| *value);
    known.or_else(|| {
        name.starts_with("SIG").then(|| Signal::parse(name)).flatten().map(|signal| signal.number().into())
    })
}
