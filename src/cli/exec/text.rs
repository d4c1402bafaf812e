//! The spec that strace's words stand for, as text: what is run is what `--save` writes.
//! It must not know the command line, nor run anything.

use std::fmt::Write;

use super::calls::Calls;
use super::tampering::{Poke, Tampering};
use super::words::{Shown, Words};
use crate::abi::{ArgKind, Sysno};
use crate::cli::toml_text::{glob, list, literal, string};

/// Everything that the spec says.
#[derive(Clone, Debug)]
pub(super) struct Spoken {
    /// The program and its arguments.
    pub(super) command: Vec<String>,
    /// The working directory.
    pub(super) folder: String,
    /// What `-e` asks for.
    pub(super) words: Words,
    /// Absolute paths that calls must be about.
    pub(super) paths: Vec<String>,
    /// Whether children and threads are followed.
    pub(super) follow: bool,
    /// Bytes of a string that are shown.
    pub(super) strings: Option<u32>,
}

impl Spoken {
    /// The spec.
    pub(super) fn spec(&self) -> String {
        let mut text = "spec = 1\n".to_owned();
        text += &self.target();
        text += &self.trace();
        let mut names = Vec::new();
        for (calls, tampering) in &self.words.injections {
            text += &self.rules(calls, tampering, &mut names);
        }
        text + "\n[expect]\nexit = \"any\"\n"
    }

    fn target(&self) -> String {
        let mut text = "\n[target]\n".to_owned();
        let (program, args) =
            self.command.split_first().map_or(("", &[][..]), |(first, rest)| (first.as_str(), rest));
        // A spec takes paths as relative to itself, wherever it is saved.
        let is_relative = program.contains('/') && !program.starts_with('/');
        let found = if is_relative { format!("{}/{program}", self.folder) } else { program.to_owned() };
        // Writing to a String cannot fail.
        let _ = writeln!(text, "program = {}", string(&literal(&found)));
        if is_relative {
            let _ = writeln!(text, "arg0 = {}", string(&literal(program)));
        }
        if !args.is_empty() {
            let args: Vec<String> = args.iter().map(|arg| literal(arg)).collect();
            let _ = writeln!(text, "args = {}", list(&args));
        }
        let _ = writeln!(text, "cwd = {}", string(&literal(&self.folder)));
        text + "stdin = \"inherit\"\nstdout = \"inherit\"\nstderr = \"inherit\"\ntransparent = true\ntimeout = \"365days\"\n"
    }

    fn trace(&self) -> String {
        let follow: &[&str] = if self.follow { &["threads", "forks", "execs"] } else { &["execs"] };
        let mut text = format!("\n[trace]\nstart = \"exec\"\nfollow = {}\n", list(follow));
        // Writing to a String cannot fail.
        let _ = writeln!(text, "syscalls = {}", list(&self.words.trace.list()));
        if let Some(signals) = &self.words.signals {
            let _ = writeln!(text, "signals = {}", list(signals));
        }
        if !self.paths.is_empty() {
            let globs: Vec<String> = self.paths.iter().map(|path| literal(&glob(path))).collect();
            let _ = writeln!(text, "paths = {}", list(&globs));
        }
        match self.words.shown {
            Shown::All => {}
            Shown::Successful => text += "drop = [\"%all -> error\"]\n",
            Shown::Failed => text += "drop = [\"%all -> ok\"]\n",
        }
        if let Some(strings) = self.strings {
            let _ = writeln!(text, "strings = {strings}");
        }
        text
    }

    /// The rules for what is done to a set of calls.
    fn rules(&self, calls: &Calls, tampering: &Tampering, names: &mut Vec<String>) -> String {
        let calls = if self.paths.is_empty() { calls.clone() } else { calls.clone().only(takes_path) };
        // strace counts each call by itself.
        let sets = if tampering.when.is_some() { calls.one_by_one() } else { vec![calls] };
        let mut text = String::new();
        for set in sets.iter().filter(|set| !set.set.is_empty()) {
            let name = set.only_name().unwrap_or("calls");
            let outcome = outcome(tampering);
            if !outcome.is_empty() {
                text += &self.rule(&fresh(name, names), &set.pattern(""), tampering, &outcome);
            }
            // What cannot be written leaves the others alone, so each has a rule of its own.
            for poke in &tampering.poke_enter {
                text +=
                    &self.rule(&fresh(&format!("{name}.poke"), names), &set.pattern(""), tampering, &memory(poke));
            }
            for poke in &tampering.poke_exit {
                let on = format!("{}, {}", set.pattern(" -> ok"), set.pattern(" -> error"));
                text += &self.rule(&fresh(&format!("{name}.poke"), names), &on, tampering, &memory(poke));
            }
        }
        text
    }

    fn rule(&self, name: &str, on: &str, tampering: &Tampering, actions: &str) -> String {
        let mut text = format!("\n[[inject]]\nname = {}\non = {}\n", string(name), string(on));
        match &self.paths[..] {
            [] => {}
            [path] => text += &format!("where = {{ path = {} }}\n", string(&literal(&glob(path)))),
            paths => {
                let globs: Vec<String> = paths.iter().map(|path| literal(&glob(path))).collect();
                text += &format!("where = {{ path = {} }}\n", string(&format!("{{{}}}", globs.join(","))));
            }
        }
        if let Some(when) = &tampering.when {
            text += &format!("when = {}\n", string(when));
            if self.follow {
                text += "scope = \"thread\"\n";
            }
        }
        text + actions + "fires = \"0..\"\nunfaithful = true\n"
    }
}

/// What is done to the call itself.
fn outcome(tampering: &Tampering) -> String {
    let mut text = String::new();
    // Writing to a String cannot fail.
    if let Some(error) = tampering.error {
        let _ = writeln!(text, "error = {}", string(&error.to_string()));
    }
    if let Some(retval) = tampering.retval {
        let _ = writeln!(text, "retval = {}", string(&retval.to_string()));
    }
    if let Some(call) = tampering.syscall {
        let _ = writeln!(text, "replace = {}", string(call.name()));
    }
    if let Some(signal) = tampering.signal {
        let _ = writeln!(text, "signal = {{ name = {}, at = \"enter\" }}", string(&signal.to_string()));
    }
    if let Some(delay) = &tampering.delay_enter {
        let _ = writeln!(text, "delay-enter = {}", string(delay));
    }
    if let Some(delay) = &tampering.delay_exit {
        let _ = writeln!(text, "delay-exit = {}", string(delay));
    }
    text
}

fn memory(poke: &Poke) -> String {
    format!("memory = [{{ at = {}, bytes = {} }}]\n", string(poke.register), string(&poke.bytes))
}

/// A name that no other rule has.
fn fresh(wanted: &str, names: &mut Vec<String>) -> String {
    let again = (2..).map(|number| format!("{wanted}-{number}"));
    let mut candidates = std::iter::once(wanted.to_owned()).chain(again);
    let name = candidates.find(|name| !names.contains(name)).unwrap_or_default();
    names.push(name.clone());
    name
}

/// Whether a path or a descriptor is among the arguments.
fn takes_path(call: Sysno) -> bool {
    let is_path = |kind: &ArgKind| matches!(kind, ArgKind::Path { .. } | ArgKind::Fd | ArgKind::DirFd);
    call.info().args.is_none_or(|args| args.iter().any(|arg| is_path(&arg.kind)))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::diagnostic::{Source, Style};
    use crate::plan;

    fn spoken(expressions: &[&str]) -> Spoken {
        let expressions: Vec<String> = expressions.iter().map(|&text| text.to_owned()).collect();
        Spoken {
            command: vec!["cat".to_owned(), "a".to_owned()],
            folder: "/work".to_owned(),
            words: Words::parse(&expressions).expect("words"),
            paths: Vec::new(),
            follow: false,
            strings: None,
        }
    }

    /// The spec can be run, and says so without a warning.
    fn lowered(spec: &str) -> plan::Plan {
        let source = Arc::new(Source::new("x", spec));
        let context = plan::Context::new(crate::abi::Arch::X86_64, "/tmp/rinject-00000000", "/specs");
        let plan = crate::spec::parse(&source).and_then(|spec| plan::lower(&spec, &context));
        plan.unwrap_or_else(|problems| panic!("{spec}\n{}", problems.render(Style::Plain)))
    }

    /// What stands between `[trace]` and `[expect]`.
    fn check(expressions: &[&str], expected: &str) {
        let spec = spoken(expressions).spec();
        lowered(&spec);
        let rules = spec.split_once("[[inject]]\n").map_or("", |(_, rules)| rules);
        let rules = rules.split_once("\n[expect]").map_or(rules, |(rules, _)| rules);
        assert_eq!(rules.replace("fires = \"0..\"\nunfaithful = true\n", "").trim(), expected, "{expressions:?}");
    }

    #[test]
    fn a_command_is_a_spec() {
        let expected = "spec = 1\n\n[target]\nprogram = \"cat\"\nargs = [\"a\"]\ncwd = \"/work\"\n\
            stdin = \"inherit\"\nstdout = \"inherit\"\nstderr = \"inherit\"\ntransparent = true\ntimeout = \"365days\"\n\n\
            [trace]\nstart = \"exec\"\nfollow = [\"execs\"]\nsyscalls = [\"all\"]\n\n[expect]\nexit = \"any\"\n";
        assert_eq!(spoken(&[]).spec(), expected);
    }

    #[test]
    fn words_become_rules() {
        check(&["inject=read:error=EIO"], "name = \"read\"\non = \"read\"\nerror = \"EIO\"");
        check(&["inject=%file:retval=7"], "name = \"calls\"\non = \"%file\"\nretval = \"7\"");
        check(&["fault=all"], "name = \"calls\"\non = \"%all\"\nerror = \"ENOSYS\"");
        check(
            &["inject=read:signal=TERM:when=2+"],
            "name = \"read\"\non = \"read\"\nwhen = \"2..\"\nsignal = { name = \"SIGTERM\", at = \"enter\" }",
        );
        check(&["inject=read:syscall=getpid"], "name = \"read\"\non = \"read\"\nreplace = \"getpid\"");
        check(
            &["inject=read:delay_enter=7:delay_exit=1s"],
            "name = \"read\"\non = \"read\"\ndelay-enter = \"7us\"\ndelay-exit = \"1s\"",
        );
        check(
            &["inject=write:poke_enter=@arg2=4a"],
            "name = \"write.poke\"\non = \"write\"\nmemory = [{ at = \"rsi\", bytes = \"4a\" }]",
        );
        check(
            &["inject=read:poke_exit=@arg2=4a4b"],
            "name = \"read.poke\"\non = \"read -> ok, read -> error\"\nmemory = [{ at = \"rsi\", bytes = \"4a4b\" }]",
        );
        check(
            &["inject=read,write:error=EIO:when=2"],
            "name = \"read\"\non = \"read\"\nwhen = \"2\"\nerror = \"EIO\"\n\n[[inject]]\n\
             name = \"write\"\non = \"write\"\nwhen = \"2\"\nerror = \"EIO\"",
        );
    }

    #[test]
    fn every_form_can_be_run() {
        for expression in [
            "inject=!read:error=EIO",
            "inject=all:delay_enter=1",
            "inject=%process:retval=0",
            "inject=clone,clone3,fork,vfork:error=EAGAIN",
            "inject=%network:error=EPERM:when=1",
            "trace=none",
            "trace=!%file",
            "signal=none",
            "status=failed",
            "status=successful",
        ] {
            let mut spoken = spoken(&[expression]);
            lowered(&spoken.spec());
            spoken.follow = true;
            spoken.strings = Some(0);
            lowered(&spoken.spec());
            spoken.paths = vec!["/etc/passwd".to_owned(), "/a{b".to_owned()];
            lowered(&spoken.spec());
        }
    }

    #[test]
    fn the_words_of_the_command_are_only_text() {
        let command = ["./x ${y}", "${tmp}", "a\nb", "\"'"].map(str::to_owned).to_vec();
        let plan = lowered(&Spoken { command, ..spoken(&[]) }.spec());
        assert_eq!(plan.target.program, "/work/./x ${y}");
        assert_eq!(plan.target.argv, ["./x ${y}", "${tmp}", "a\nb", "\"'"]);
    }
}
