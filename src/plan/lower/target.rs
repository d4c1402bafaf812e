//! `[target]`, `[[setup]]`, `[[check]]`: what is run, and in which surroundings.
//! It must not know what happens in the run.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::Lowering;
use super::values::shown;
use crate::diagnostic::{Code, Span};
use crate::plan::{Attach, Check, Command, FileContent, Input, Limits, Output, Target, TargetFile};
use crate::spec::{self, At, Scalar, Text, keys};

/// Wall clock of the run, and of commands without one of their own.
const TIMEOUT: Duration = Duration::from_secs(10);
/// A hundred years: more than anybody waits, and less than clocks can count.
const LONGEST: Duration = Duration::from_secs(100 * 365 * 86_400);

impl Lowering<'_> {
    /// The program; `None` where there is none, which has been reported.
    pub(super) fn target(&mut self) -> Option<Target> {
        let none = self.spec.lacks_target.map(|span| spec::Target { span, ..spec::Target::default() });
        let written = match (&self.spec.target, &none) {
            (Some(written), _) => written,
            (None, Some(none)) if self.context.attach.is_some() => none,
            (None, Some(none)) => return self.missing(none.span, &keys::ROOT, "target"),
            // There is one that is no table.
            (None, None) => return None,
        };
        let attach = self.attach(written);
        if self.attaches() {
            return self.attached(written, attach?);
        }
        if written.lacks_program {
            self.missing::<()>(written.span, &keys::TARGET, "program");
        }
        let program = written.program.as_ref().and_then(|program| Some((self.program(program)?, program.span)));
        let arg0 = written.arg0.as_ref().and_then(|arg0| self.argument(arg0));
        let args: Vec<String> = written.args.iter().filter_map(|arg| self.argument(arg)).collect();
        let env = self.env(written);
        let cwd = self.cwd(written);
        let files = written.files.iter().filter_map(|(path, file)| self.file(path, file)).collect();
        let stdin = self.stdin(written);
        let unsaid = if has_terminal(written) { Output::Terminal } else { Output::File };
        let stdout = self.output(written.stdout.as_ref(), "stdout", &unsaid);
        let stderr = self.output(written.stderr.as_ref(), "stderr", &unsaid);
        let timeout = self.timeout(written.timeout.as_ref(), TIMEOUT);
        let limits = self.limits(written);
        let ((program, as_written), program_span) = program?;
        let mut argv = vec![arg0.unwrap_or(as_written)];
        argv.extend(args);
        Some(Target {
            program,
            program_span,
            argv,
            env,
            cwd,
            files,
            stdin,
            stdout,
            stderr,
            timeout,
            limits,
            attach: None,
            inherits: self.is_transparent(),
            aslr: self.spec.determinism.aslr.as_ref().map_or(self.is_transparent(), |aslr| aslr.value),
        })
    }

    /// A process that runs already: nothing of it is of rinject's making.
    fn attached(&mut self, written: &spec::Target, attach: Attach) -> Option<Target> {
        let lasts = attach.lasts.unwrap_or_default();
        let timeout = self.timeout(written.timeout.as_ref(), TIMEOUT + lasts);
        Some(Target {
            program: String::new(),
            program_span: attach.span,
            argv: Vec::new(),
            env: self.env(written),
            cwd: PathBuf::from(&self.context.tmp),
            files: Vec::new(),
            stdin: Input::Null,
            stdout: Output::Null,
            stderr: Output::Null,
            timeout,
            limits: self.limits(written),
            attach: Some(attach),
            inherits: true,
            aslr: true,
        })
    }

    /// A time limit on this machine.
    fn timeout(&mut self, written: Option<&Text>, unsaid: Duration) -> Duration {
        let timeout = written.and_then(|timeout| self.duration(timeout, "timeout")).unwrap_or(unsaid);
        timeout.saturating_mul(self.context.timeout_multiplier).min(LONGEST)
    }

    pub(super) fn setup(&mut self) -> Vec<Command> {
        self.spec.setup.iter().filter_map(|command| self.command(command)).collect()
    }

    pub(super) fn checks(&mut self) -> Vec<Check> {
        let mut checks = Vec::new();
        for written in &self.spec.check {
            let command = self.command(&written.command);
            let (exit, stdout, stderr) = self.ending(&written.ending);
            let Some(command) = command else { continue };
            let name = written.name.as_ref().map_or_else(|| command.argv.join(" "), |name| name.value.clone());
            let always = written.always.as_ref().is_some_and(|always| always.value);
            checks.push(Check { name, command, exit, stdout, stderr, always });
        }
        checks
    }

    /// The program to execute, and as it stands in `argv[0]`.
    fn program(&mut self, text: &Text) -> Option<(String, String)> {
        let written = self.argument(text)?;
        if written.trim().is_empty() {
            let help = Some("write a name that is in PATH, or a path with a slash".to_owned());
            self.error(Code::EMPTY_VALUE, text.span, "the program has no name", "empty", help);
            return None;
        }
        if written.ends_with('/') {
            let help = Some("name the file in it".to_owned());
            self.error(Code::EMPTY_VALUE, text.span, "the program is a directory", "ends with a slash", help);
            return None;
        }
        let program = if written.contains('/') { self.beside_spec(&written, text.span) } else { written.clone() };
        Some((program, written))
    }

    fn command(&mut self, written: &spec::Command) -> Option<Command> {
        let timeout = self.timeout(written.timeout.as_ref(), TIMEOUT);
        let run = written.run.as_ref()?;
        let Some((program, args)) = run.value.split_first() else {
            let help = Some("write `run = [\"program\", \"argument\"]`".to_owned());
            self.error(Code::EMPTY_VALUE, run.span, "the command is empty", "nothing to run", help);
            return None;
        };
        let program = self.program(program);
        let mut argv: Vec<String> = args.iter().filter_map(|arg| self.argument(arg)).collect();
        argv.insert(0, program?.0);
        Some(Command { argv, span: run.span, timeout })
    }

    fn env(&mut self, written: &spec::Target) -> Vec<(OsString, OsString)> {
        let clear = written.env_clear.as_ref().map_or(!self.is_transparent(), |clear| clear.value);
        let tmp = self.context.tmp.as_str();
        let fixed = [("PATH", "/usr/local/bin:/usr/bin:/bin"), ("LC_ALL", "C.UTF-8"), ("TZ", "UTC"), ("HOME", tmp)];
        let fixed = fixed.into_iter().filter(|_| clear);
        let mut added: BTreeMap<String, String> =
            fixed.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        for (name, value) in &written.env {
            if name.value.is_empty() || name.value.contains(['=', '\0']) {
                let message =
                    format!("`{}` cannot be the name of an environment variable", name.value.escape_default());
                self.error(Code::BAD_TEXT, name.span, message, "empty, or with `=` or a zero byte", None);
            }
            if let Some(value) = self.argument(value) {
                added.insert(name.value.clone(), value);
            }
        }
        let mut env = if clear { Vec::new() } else { self.context.inherited.clone() };
        for (name, value) in added {
            match env.iter_mut().find(|(known, _)| *known == *name) {
                Some((_, known)) => *known = value.into(),
                None => env.push((name.into(), value.into())),
            }
        }
        env
    }

    fn cwd(&mut self, written: &spec::Target) -> PathBuf {
        let tmp = || PathBuf::from(&self.context.tmp);
        match &written.cwd {
            None => tmp(),
            Some(text) => {
                let path = self.argument(text);
                if path.as_deref() == Some("") {
                    let help = Some("leave `cwd` out: a fresh directory is used then".to_owned());
                    self.error(Code::EMPTY_VALUE, text.span, "`cwd` is empty", "empty", help);
                }
                PathBuf::from(self.beside_spec(&path.unwrap_or_default(), text.span))
            }
        }
    }

    fn file(&mut self, path: &Text, file: &spec::File) -> Option<TargetFile> {
        // Keys of TOML are no strings with quotes of their own: they are expanded as they are.
        let name = self.argument(path)?;
        let inside = name.strip_prefix(&self.context.tmp).is_some_and(|rest| rest.starts_with('/'));
        let wrong = if name.is_empty() || name.ends_with('/') {
            Some("names no file")
        } else if name.starts_with('/') && !inside {
            Some("outside of the case's folder")
        } else if name.split('/').any(|part| part == "..") {
            Some("`..` may lead out of the case's folder")
        } else {
            None
        };
        if let Some(label) = wrong {
            let help = Some("write a path relative to the working directory, or below `${tmp}`".to_owned());
            self.error(Code::BAD_TEXT, path.span, format!("`{name}` cannot be made"), label, help);
        }
        let mode = file.mode.as_ref().and_then(|mode| self.mode(mode));
        let content = match (&file.text, &file.path) {
            (Some(text), _) => FileContent::Text(self.string(text)?),
            (None, Some(copied)) => {
                let from = self.argument(copied)?;
                FileContent::Copy(self.beside_spec(&from, copied.span).into())
            }
            (None, None) => return None,
        };
        wrong.is_none().then_some(TargetFile { path: name, span: path.span, content, mode })
    }

    fn mode(&mut self, text: &Text) -> Option<u32> {
        let located = self.expand(text)?;
        let word = located.text();
        let octal = !word.is_empty() && word.bytes().all(|byte| (b'0'..=b'7').contains(&byte));
        let bits = octal.then(|| u32::from_str_radix(word, 8).ok()).flatten().filter(|bits| *bits <= 0o7777);
        if bits.is_none() {
            let help = Some("write `mode = \"0644\"`".to_owned());
            self.error(
                Code::BAD_MODE,
                shown(&located, text),
                format!("`{word}` is not a mode"),
                "expected up to four octal digits",
                help,
            );
        }
        bits
    }

    fn stdin(&mut self, written: &spec::Target) -> Input {
        #[derive(Clone, Copy)]
        enum Word {
            Null,
            Inherit,
            Terminal,
        }
        match &written.stdin {
            None if has_terminal(written) => Input::Terminal(String::new()),
            None => Input::Null,
            Some(spec::Stdin::Text(text)) if has_terminal(written) => {
                Input::Terminal(self.string(text).unwrap_or_default())
            }
            Some(spec::Stdin::Text(text)) => Input::Text(self.string(text).unwrap_or_default()),
            Some(spec::Stdin::File(path)) => {
                let file = self.argument(path).map(|file| self.beside_spec(&file, path.span));
                Input::File(file.unwrap_or_default().into())
            }
            Some(spec::Stdin::Word(word)) => {
                let words = [("null", Word::Null), ("inherit", Word::Inherit), ("tty", Word::Terminal)];
                match self.choice(word, "stdin", &words) {
                    Some(Word::Inherit) => Input::Inherit,
                    Some(Word::Terminal) => Input::Terminal(String::new()),
                    Some(Word::Null) | None => Input::Null,
                }
            }
        }
    }

    fn output(&mut self, written: Option<&spec::Output>, name: &str, unsaid: &Output) -> Output {
        #[derive(Clone, Copy)]
        enum Word {
            File,
            Pipe,
            Null,
            Inherit,
            Terminal,
        }
        match written {
            None => unsaid.clone(),
            Some(spec::Output::Path(path)) => Output::Path(self.argument(path).unwrap_or_default().into()),
            Some(spec::Output::Word(word)) => {
                let words = [
                    ("file", Word::File),
                    ("pipe", Word::Pipe),
                    ("null", Word::Null),
                    ("inherit", Word::Inherit),
                    ("tty", Word::Terminal),
                ];
                match self.choice(word, name, &words) {
                    Some(Word::Terminal) => Output::Terminal,
                    Some(Word::Pipe) => Output::Pipe,
                    Some(Word::Null) => Output::Null,
                    Some(Word::Inherit) => Output::Inherit,
                    Some(Word::File) | None => Output::File,
                }
            }
        }
    }

    fn limits(&mut self, written: &spec::Target) -> Limits {
        let mut limits = Limits::default();
        for (name, scalar) in &written.limits {
            let value = match *name {
                "fsize" | "as" | "core" | "output" => self.size(scalar, name),
                _ => self.amount(scalar, name),
            };
            match *name {
                "nofile" => limits.nofile = value,
                "fsize" => limits.fsize = value,
                "as" => limits.address_space = value,
                "core" => limits.core = value,
                "tasks" => limits.tasks = value,
                "output" => limits.output = value,
                _ => limits.events = value,
            }
        }
        limits
    }

    /// A number of things, at least one.
    fn amount(&mut self, scalar: &At<Scalar>, name: &str) -> Option<u64> {
        match &scalar.value {
            Scalar::Int(number) => {
                let number = At { value: *number, span: scalar.span };
                self.within(&number, name, 1, u64::MAX.into()).map(|number| number as u64)
            }
            Scalar::Text(_) => {
                let help = Some(format!("write `{name} = 64`"));
                self.error(
                    Code::WRONG_TYPE,
                    scalar.span,
                    format!("`{name}` takes a number, not a string"),
                    "this is a string",
                    help,
                );
                None
            }
        }
    }

    /// A path as the author means it: relative to the file that it is written in, at `span`.
    pub(super) fn beside_spec(&self, path: &str, span: Span) -> String {
        let source = &self.spec.source;
        let name = source.piece_at(span.start).name;
        let folder = if name == source.name {
            PathBuf::from(&self.context.spec_dir)
        } else {
            // One that the spec adds to, named as the current folder has it.
            Path::new(&self.context.here).join(Path::new(name).parent().unwrap_or(Path::new("")))
        };
        folder.join(path.strip_prefix("./").unwrap_or(path)).to_string_lossy().into_owned()
    }
}

/// Whether all streams that the spec says nothing else of are on a terminal.
fn has_terminal(written: &spec::Target) -> bool {
    written.tty.as_ref().is_some_and(|tty| tty.value)
}
