//! The spec that a recording comes to, as text.
//! It must not run anything, nor look at files.

use std::fmt::Write;

use crate::abi::Ending;
use crate::cli::toml_text::{list, literal, string};

/// Calls that are looked at where nothing is said: they open, change and sync files, and connect. Reads are many, and tell
/// little that the output does not.
pub(super) const CALLS: [&str; 25] = [
    "file.open",
    "file.write",
    "file.sync",
    "meta.rename",
    "meta.unlink",
    "mkdir",
    "mkdirat",
    "link",
    "linkat",
    "symlink",
    "symlinkat",
    "truncate",
    "ftruncate",
    "chmod",
    "fchmod",
    "fchmodat",
    "connect",
    "bind",
    "listen",
    "accept",
    "accept4",
    "sendto",
    "sendmsg",
    "recvfrom",
    "recvmsg",
];

/// A file that the program finds in its folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Copied {
    /// From the working directory on.
    pub(super) name: String,
    /// Its text, where that is short.
    pub(super) text: Option<String>,
    /// Where it is; relative to the spec if it is below its folder.
    pub(super) path: String,
    /// Whether it can be executed.
    pub(super) is_program: bool,
}

/// What a spec says of standard output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Printed {
    /// Nothing: it is not the same every time.
    Unsaid,
    /// It is this text.
    Text(String),
    /// It is in the snapshot.
    Snapshot,
}

/// Everything that the spec says.
#[derive(Clone, Debug)]
pub(super) struct Recording {
    pub(super) program: String,
    /// `argv[0]`, where it is not the program.
    pub(super) arg0: Option<String>,
    pub(super) args: Vec<String>,
    /// How long it may take, where that is not the usual time.
    pub(super) timeout: Option<String>,
    pub(super) files: Vec<Copied>,
    pub(super) stdin: Option<String>,
    /// The calls that are written, as `[trace] syscalls` has them; none where none of them is made.
    pub(super) calls: Vec<String>,
    /// The globs of paths that they must be about.
    pub(super) paths: Vec<String>,
    /// Calls of them that are left out.
    pub(super) dropped: Vec<String>,
    /// Whether names in folders come in order.
    pub(super) is_sorted: bool,
    /// Whether the run has a time, times of files and random bytes of its own.
    pub(super) is_fixed: bool,
    /// Whether the transcript is in the snapshot.
    pub(super) transcript: bool,
    /// How it ends; `None` for any way.
    pub(super) ending: Option<Ending>,
    pub(super) printed: Printed,
    /// What happens, in this order.
    pub(super) sequence: Vec<String>,
}

impl Recording {
    /// What is run, and in what surroundings, as a spec.
    pub(super) fn target(&self) -> String {
        let mut text = "spec = 1\n\n[target]\n".to_owned();
        // Writing to a String cannot fail.
        let _ = writeln!(text, "program = {}", string(&literal(&self.program)));
        if let Some(arg0) = &self.arg0 {
            let _ = writeln!(text, "arg0 = {}", string(&literal(arg0)));
        }
        if !self.args.is_empty() {
            let args: Vec<String> = self.args.iter().map(|arg| literal(arg)).collect();
            let _ = writeln!(text, "args = {}", list(&args));
        }
        if let Some(timeout) = &self.timeout {
            let _ = writeln!(text, "timeout = {}", string(timeout));
        }
        if let Some(stdin) = &self.stdin {
            let _ = writeln!(text, "\n[target.stdin]\ntext = {}", string(&literal(stdin)));
        }
        if !self.files.is_empty() {
            text += "\n[target.files]\n";
            self.files.iter().for_each(|file| text += &file.line());
        }
        if self.is_fixed || self.is_sorted {
            text += "\n[determinism]\n";
        }
        if self.is_fixed {
            text += "time = \"virtual\"\nfile-times = \"virtual\"\nrandom = \"seeded\"\n";
        }
        if self.is_sorted {
            text += "dir-order = \"sorted\"\n";
        }
        text
    }

    /// The spec.
    pub(super) fn spec(&self) -> String {
        let mut text = self.target();
        // Writing to a String cannot fail.
        if !self.calls.is_empty() {
            let _ = writeln!(text, "\n[trace]\nsyscalls = {}", wrapped(&self.calls));
            let _ = writeln!(text, "paths = {}", list(&self.paths));
        }
        if !self.dropped.is_empty() {
            let _ = writeln!(text, "drop = {}", list(&self.dropped));
        }
        text += &self.expect();
        match (self.transcript, &self.printed) {
            (true, Printed::Snapshot) => text += "\n[snapshot]\nstdout = true\n",
            (true, Printed::Unsaid | Printed::Text(_)) => {}
            (false, Printed::Snapshot) => text += "\n[snapshot]\ntranscript = false\nstdout = true\n",
            (false, Printed::Unsaid | Printed::Text(_)) => text += "\n[snapshot]\ntranscript = false\n",
        }
        text
    }

    fn expect(&self) -> String {
        let mut text = "\n[expect]\n".to_owned();
        text += &match self.ending {
            Some(Ending::Exited(code)) => format!("exit = {code}\n"),
            Some(Ending::Killed(signal)) => format!("exit = {{ signal = \"{signal}\" }}\n"),
            None => "exit = \"any\"\n".to_owned(),
        };
        match &self.printed {
            Printed::Text(printed) if printed.is_empty() => text += "stdout = { is-empty = true }\n",
            Printed::Text(printed) => text += &format!("\n[expect.stdout]\nequals = {}\n", string(printed)),
            Printed::Unsaid | Printed::Snapshot => {}
        }
        if !self.sequence.is_empty() {
            text += &format!("\n[[expect.sequence]]\nname = \"as recorded\"\nevents = {}\n", lines(&self.sequence));
        }
        text
    }
}

impl Copied {
    fn line(&self) -> String {
        let name = string(&literal(&self.name));
        // A key that TOML would take for more lines than one is written on one.
        let name = if name.contains('\n') { format!("{:?}", self.name) } else { name };
        let content = match &self.text {
            Some(text) if !self.is_program => return format!("{name} = {}\n", string(&literal(text))),
            Some(text) => format!("text = {}, mode = \"0755\"", string(&literal(text))),
            None => format!("path = {}", string(&literal(&self.path))),
        };
        format!("{name} = {{ {content} }}\n")
    }
}

/// A list in lines that are filled.
fn wrapped(texts: &[String]) -> String {
    const WIDTH: usize = 100;
    let mut lines = vec!["  ".to_owned()];
    for text in texts {
        let item = format!("{}, ", string(text));
        match lines.last_mut() {
            Some(line) if line.len() + item.len() <= WIDTH => line.push_str(&item),
            _ => lines.push(format!("  {item}")),
        }
    }
    let short = list(texts);
    if short.len() <= WIDTH - "syscalls = ".len() {
        return short;
    }
    let lines: Vec<&str> = lines.iter().map(|line| line.trim_end()).collect();
    format!("[\n{}\n]", lines.join("\n"))
}

/// A list, each string on a line of its own.
fn lines(texts: &[String]) -> String {
    if texts.len() < 4 {
        return list(texts);
    }
    let lines: Vec<String> = texts.iter().map(|text| format!("  {},\n", string(text))).collect();
    format!("[\n{}]", lines.concat())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::diagnostic::{Source, Style};
    use crate::plan;

    fn recording() -> Recording {
        Recording {
            program: "cat".to_owned(),
            arg0: None,
            args: vec!["a".to_owned()],
            timeout: Some("1m".to_owned()),
            files: Vec::new(),
            stdin: None,
            calls: CALLS.map(str::to_owned).to_vec(),
            paths: vec!["${tmp}/**".to_owned(), "socket:".to_owned()],
            dropped: Vec::new(),
            is_sorted: false,
            is_fixed: false,
            transcript: true,
            ending: Some(Ending::Exited(0)),
            printed: Printed::Text("first\n".to_owned()),
            sequence: Vec::new(),
        }
    }

    /// The spec can be run.
    fn lowered(recording: &Recording) -> plan::Plan {
        let text = recording.spec();
        let source = Arc::new(Source::new("x", text.as_str()));
        let context = plan::Context::new(crate::abi::Arch::X86_64, "/tmp/rinject-00000000", "/specs");
        let plan = crate::spec::parse(&source).and_then(|spec| plan::lower(&spec, &context));
        plan.unwrap_or_else(|problems| panic!("{text}\n{}", problems.render(Style::Plain)))
    }

    #[test]
    fn a_recording_is_a_spec() {
        lowered(&recording());
        let copied = |name: &str, text: Option<&str>, is_program| Copied {
            name: name.to_owned(),
            text: text.map(str::to_owned),
            path: "data/${x}".to_owned(),
            is_program,
        };
        let files = vec![
            copied("a", Some("one\ntwo ${three}\n"), false),
            copied("run.sh", Some("#!/bin/sh\nexit\n"), true),
            copied("sub/b \"c\"", None, false),
        ];
        let plan = lowered(&Recording {
            files,
            stdin: Some("typed\n".to_owned()),
            is_sorted: true,
            is_fixed: true,
            dropped: vec!["fsync".to_owned()],
            transcript: false,
            ending: crate::abi::Signal::parse("TERM").map(Ending::Killed),
            printed: Printed::Snapshot,
            sequence: vec!["openat(path ~ '${tmp}/a') -> ok".to_owned(), "exit(code = 0)".to_owned()],
            ..recording()
        });
        let names: Vec<&str> = plan.target.files.iter().map(|file| file.path.as_str()).collect();
        assert_eq!(names, ["a", "run.sh", "sub/b \"c\""]);
        assert_eq!(plan.target.files[1].mode, Some(0o755));
    }
}
