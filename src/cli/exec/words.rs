//! The expressions of `-e` in strace's words, and what they ask for together.
//! It must not know how a spec says it.

use super::calls::Calls;
use super::problem::Problem;
use super::tampering::{Tampering, signal};
use crate::abi::{Errno, Signal};
use crate::diagnostic::did_you_mean;

/// The words before `=`, for suggestions.
const NAMES: [&str; 5] = ["trace", "inject", "fault", "signal", "status"];
/// Words of strace that say how something is shown, of which there is one way here.
const SHOWN_ONE_WAY: [&str; 12] = [
    "abbrev",
    "verbose",
    "raw",
    "read",
    "reads",
    "write",
    "writes",
    "quiet",
    "silent",
    "kvm",
    "decode-fds",
    "decode-fd",
];

/// Which calls are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shown {
    /// All of them.
    All,
    /// Those that succeed.
    Successful,
    /// Those that fail.
    Failed,
}

/// What all expressions ask for.
#[derive(Clone, Debug)]
pub(super) struct Words {
    /// Calls that are traced.
    pub(super) trace: Calls,
    /// What is done to which calls. No call is in two of them.
    pub(super) injections: Vec<(Calls, Tampering)>,
    /// Signals that are shown, as a list of a spec; `None` where nothing is said of them.
    pub(super) signals: Option<Vec<String>>,
    pub(super) shown: Shown,
}

impl Words {
    /// Reads the expressions; of those that say the same, the last one counts, as in strace.
    pub(super) fn parse(expressions: &[String]) -> Result<Words, Problem> {
        let mut words = Words { trace: Calls::all(), injections: Vec::new(), signals: None, shown: Shown::All };
        for expression in expressions {
            words.add(expression).map_err(|problem| problem.within(&format!("-e {expression}")))?;
        }
        Ok(words)
    }

    fn add(&mut self, expression: &str) -> Result<(), Problem> {
        // A regular expression may have a `=` of its own.
        let name = expression.split_once('=').filter(|(name, _)| !name.starts_with(['/', '!', '%', '?']));
        match name {
            None => self.trace = Calls::parse(expression)?,
            Some(("trace" | "t", set)) => self.trace = Calls::parse(set)?,
            Some(("inject", words)) => self.inject(words, None)?,
            Some(("fault", words)) => self.inject(words, Some(Errno::ENOSYS))?,
            Some(("signal" | "signals" | "s", set)) => self.signals = Some(signals(set)?),
            Some(("status", set)) => self.shown = status(set)?,
            Some((name, _)) if SHOWN_ONE_WAY.contains(&name) => {
                let help = "arguments, paths and data are always shown; `-s N` says how much of the data";
                return Err(Problem::new(format!("rinject has no word `{name}`"), help));
            }
            Some((name, _)) => {
                let help = did_you_mean(name, NAMES).unwrap_or_else(|| {
                    "write trace=SET, inject=SET:error=EIO, fault=SET, signal=SET or status=failed".to_owned()
                });
                return Err(Problem::new(format!("rinject has no word `{name}`"), help));
            }
        }
        Ok(())
    }

    /// `SET:error=EIO:when=2`, where a failure may be understood.
    fn inject(&mut self, words: &str, unsaid: Option<Errno>) -> Result<(), Problem> {
        let (set, rest) = words.split_once(':').map_or((words, None), |(set, rest)| (set, Some(rest)));
        let calls = Calls::parse(set)?;
        let mut tampering = Tampering::parse(rest.into_iter().flat_map(|rest| rest.split(':')))?;
        if let Some(errno) = unsaid {
            let allowed = Tampering { error: tampering.error, when: tampering.when.clone(), ..Tampering::default() };
            if tampering != allowed {
                return Err(Problem::new("`fault` takes `error` and `when` only", "write inject=... instead"));
            }
            tampering.error = tampering.error.or(Some(errno));
        }
        if tampering.is_nothing() {
            let help = "add error=EIO, retval=0, signal=TERM, syscall=getpid, a delay or a poke";
            return Err(Problem::new("nothing is done to these calls", help));
        }
        for (before, _) in &mut self.injections {
            *before = before.clone().without(&calls.set);
        }
        self.injections.push((calls, tampering));
        self.injections.retain(|(calls, _)| !calls.set.is_empty());
        Ok(())
    }
}

/// A set of signals as `[trace] signals` has it.
fn signals(text: &str) -> Result<Vec<String>, Problem> {
    let (text, others) = text.strip_prefix('!').map_or((text, false), |rest| (rest, true));
    let all = || vec!["all".to_owned()];
    match (text, others) {
        ("all", false) | ("none", true) => return Ok(all()),
        ("none", false) | ("all", true) => return Ok(Vec::new()),
        _ => {}
    }
    let named: Vec<Signal> = text.split(',').map(signal).collect::<Result<_, _>>()?;
    let names = named.iter().map(ToString::to_string);
    Ok(if others { all().into_iter().chain(names.map(|name| format!("!{name}"))).collect() } else { names.collect() })
}

fn status(text: &str) -> Result<Shown, Problem> {
    match text {
        "all" => Ok(Shown::All),
        "successful" | "!failed" => Ok(Shown::Successful),
        "failed" | "!successful" => Ok(Shown::Failed),
        _ => Err(Problem::new(
            format!("rinject does not tell calls apart by `status={text}`"),
            "write status=successful, status=failed or status=all",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(expressions: &[&str]) -> Result<Words, Problem> {
        Words::parse(&expressions.iter().map(|&text| text.to_owned()).collect::<Vec<String>>())
    }

    fn check(expression: &str, expected: &str) {
        let problem = parse(&[expression]).expect_err(expression);
        assert_eq!(problem.why, format!("cannot read `-e {expression}`: {expected}"));
        assert!(problem.help.is_some(), "{expression}");
    }

    #[test]
    fn sets_are_traced() {
        let traced = |expression: &str| parse(&[expression]).unwrap().trace.list();
        assert_eq!(traced("trace=read"), ["read"]);
        assert_eq!(traced("t=read"), ["read"]);
        assert_eq!(traced("read,write"), ["read", "write"]);
        assert_eq!(traced("!read"), ["all", "!read"]);
        assert_eq!(traced("%file"), ["%file"]);
        assert_eq!(parse(&["trace=read", "trace=write"]).unwrap().trace.list(), ["write"]);
        assert_eq!(parse(&[]).unwrap().trace.list(), ["all"]);
    }

    #[test]
    fn the_last_word_on_a_call_counts() {
        let words = parse(&["inject=read,write:error=EIO", "inject=read:retval=0", "fault=close"]).unwrap();
        let sets: Vec<String> = words.injections.iter().map(|(calls, _)| calls.pattern("")).collect();
        assert_eq!(sets, ["write", "read", "close"]);
        assert_eq!(words.injections[2].1.error, Some(Errno::ENOSYS));
        assert_eq!(parse(&["fault=read:error=EIO:when=2"]).unwrap().injections[0].1.error, Errno::parse("EIO"));
        assert_eq!(parse(&["inject=read:retval=0", "inject=all:retval=1"]).unwrap().injections.len(), 1);
    }

    #[test]
    fn signals_and_results_are_chosen() {
        let shown = |expression: &str| parse(&[expression]).unwrap().signals;
        let list = |words: &[&str]| Some(words.iter().map(|&word| word.to_owned()).collect::<Vec<String>>());
        assert_eq!(shown("signal=all"), list(&["all"]));
        assert_eq!(shown("signal=none"), list(&[]));
        assert_eq!(shown("s=!CHLD"), list(&["all", "!SIGCHLD"]));
        assert_eq!(shown("signal=TERM,2"), list(&["SIGTERM", "SIGINT"]));
        assert_eq!(shown("read"), None);
        assert_eq!(parse(&["status=failed"]).unwrap().shown, Shown::Failed);
        assert_eq!(parse(&["status=successful"]).unwrap().shown, Shown::Successful);
    }

    #[test]
    fn what_makes_no_sense_says_why() {
        check("", "the name of a call is missing");
        check("raed", "there is no call `raed`");
        check("inject=read", "nothing is done to these calls");
        check("inject=read:when=1", "nothing is done to these calls");
        check("inject=:error=EIO", "the name of a call is missing");
        check("inject=read:", "rinject has no word ``");
        check("fault=read:retval=0", "`fault` takes `error` and `when` only");
        check("tarce=read", "rinject has no word `tarce`");
        check("verbose=all", "rinject has no word `verbose`");
        check("status=detached", "rinject does not tell calls apart by `status=detached`");
        check("signal=SIGNONE", "there is no signal `SIGNONE`");
        check("signal=", "`signal` is empty");
        check(
            "inject=read:when=7+0:error=EIO",
            "`when=7+0`: the step cannot be 0: the first call would come again and again",
        );
    }
}
