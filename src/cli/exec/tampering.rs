//! What `inject=` does to the calls of its set, in strace's words: `:error=EIO`, `:signal=TERM`, `:poke_enter=@arg2=00`.
//! It must not know which calls those are.

use super::calls::Calls;
use super::problem::Problem;
use super::when::when;
use crate::abi::{Errno, Signal, Sysno};
use crate::diagnostic::did_you_mean;

/// The words that there are, for suggestions.
const WORDS: [&str; 9] =
    ["error", "retval", "signal", "syscall", "delay_enter", "delay_exit", "poke_enter", "poke_exit", "when"];
/// Where the arguments of a call are on x86-64 (syscall(2)).
const REGISTERS: [&str; 6] = ["rdi", "rsi", "rdx", "r10", "r8", "r9"];

/// What is done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Tampering {
    pub(super) error: Option<Errno>,
    pub(super) retval: Option<u64>,
    pub(super) signal: Option<Signal>,
    pub(super) syscall: Option<Sysno>,
    /// In the words of a spec.
    pub(super) delay_enter: Option<String>,
    pub(super) delay_exit: Option<String>,
    pub(super) poke_enter: Vec<Poke>,
    pub(super) poke_exit: Vec<Poke>,
    /// As a range of a spec.
    pub(super) when: Option<String>,
}

/// Bytes that are written to where an argument points.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Poke {
    /// The register that holds the argument.
    pub(super) register: &'static str,
    /// The bytes in hexadecimal.
    pub(super) bytes: String,
}

impl Tampering {
    /// Reads the words behind a set.
    pub(super) fn parse<'w>(words: impl Iterator<Item = &'w str>) -> Result<Tampering, Problem> {
        let mut tampering = Tampering::default();
        let mut known: Vec<&str> = Vec::new();
        for word in words {
            let (name, value) = word.split_once('=').unwrap_or((word, ""));
            if known.contains(&name) {
                return Err(Problem::new(format!("`{name}` stands there twice"), "keep one of them"));
            }
            known.push(name);
            match name {
                "error" => tampering.error = Some(errno(value)?),
                "retval" => tampering.retval = Some(retval(value)?),
                "signal" => tampering.signal = Some(signal(value)?),
                "syscall" => tampering.syscall = Some(syscall(value)?),
                "delay_enter" => tampering.delay_enter = Some(delay(name, value)?),
                "delay_exit" => tampering.delay_exit = Some(delay(name, value)?),
                "poke_enter" => tampering.poke_enter = pokes(name, value)?,
                "poke_exit" => tampering.poke_exit = pokes(name, value)?,
                "when" => tampering.when = Some(when(value)?),
                _ => {
                    let help =
                        did_you_mean(name, WORDS).unwrap_or_else(|| format!("it is one of {}", WORDS.join(", ")));
                    return Err(Problem::new(format!("rinject has no word `{name}`"), help));
                }
            }
        }
        let outcomes: Vec<&str> =
            known.into_iter().filter(|name| ["error", "retval", "syscall"].contains(name)).collect();
        if let [first, second, ..] = outcomes[..] {
            let why = format!("`{first}` and `{second}` exclude each other: a call has one outcome");
            return Err(Problem::new(why, "keep one of them"));
        }
        Ok(tampering)
    }

    /// Whether anything is done at all.
    pub(super) fn is_nothing(&self) -> bool {
        *self == Tampering { when: self.when.clone(), ..Tampering::default() }
    }
}

fn errno(text: &str) -> Result<Errno, Problem> {
    Errno::parse(text).filter(|_| !text.starts_with('+')).ok_or_else(|| {
        let is_number = text.strip_prefix('-').unwrap_or(text).bytes().all(|byte| byte.is_ascii_digit());
        let why = match text {
            "" => "`error` is empty".to_owned(),
            _ if is_number => format!("no error has the number {text}"),
            _ => format!("there is no error `{text}`"),
        };
        let near = did_you_mean(text, Errno::names()).filter(|_| !is_number);
        Problem::new(
            why,
            near.unwrap_or_else(|| "write a name such as error=EIO, or a number from 1 to 4095".to_owned()),
        )
    })
}

fn retval(text: &str) -> Result<u64, Problem> {
    let digits = text.strip_prefix("0x");
    let is_plain = text.starts_with(|first: char| first.is_ascii_digit());
    let number = digits.map_or_else(|| text.parse().ok(), |digits| u64::from_str_radix(digits, 16).ok());
    number.filter(|_| is_plain).ok_or_else(|| {
        let help = "write a number such as retval=0; a failure is error=EIO";
        Problem::new(format!("`retval={text}` is no number from 0 to 2^64 - 1"), help)
    })
}

pub(super) fn signal(text: &str) -> Result<Signal, Problem> {
    Signal::parse(text).filter(|_| !text.starts_with('+')).ok_or_else(|| {
        let names: Vec<String> = Signal::all().map(|signal| signal.to_string()).collect();
        let is_number = text.strip_prefix('-').unwrap_or(text).bytes().all(|byte| byte.is_ascii_digit());
        let why = match text {
            "" => "`signal` is empty".to_owned(),
            _ if is_number => format!("no signal has the number {text}"),
            _ => format!("there is no signal `{text}`"),
        };
        let near = did_you_mean(text, names.iter().map(String::as_str)).filter(|_| !is_number);
        Problem::new(why, near.unwrap_or_else(|| "write a name such as SIGTERM, or a number from 1 to 64".to_owned()))
    })
}

fn syscall(text: &str) -> Result<Sysno, Problem> {
    let calls = Calls::parse(text)?;
    let name = calls.only_name().filter(|_| !text.starts_with(['!', '/', '%', '?']));
    name.and_then(Sysno::parse).ok_or_else(|| {
        Problem::new(
            format!("`syscall={text}` is not one call"),
            "name the call that is made instead: syscall=getpid",
        )
    })
}

/// Microseconds, or a number with its unit; in the words of a spec.
fn delay(name: &str, text: &str) -> Result<String, Problem> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = &text[digits.len()..];
    let wrong = |why: String| Problem::new(why, format!("write microseconds, or a unit: {name}=50000, {name}=50ms"));
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(wrong(format!("`{name}={text}` is no length of time")));
    }
    let unit = match unit {
        "" => "us",
        "s" | "ms" | "us" | "ns" => unit,
        _ => return Err(wrong(format!("`{name}={text}`: there is no unit `{unit}`"))),
    };
    match digits.parse::<u64>() {
        Ok(0) => Err(wrong(format!("`{name}={text}` is no time at all"))),
        Ok(number) => Ok(format!("{number}{unit}")),
        Err(_) => Err(wrong(format!("`{name}={text}` is too long"))),
    }
}

/// `@arg1=00ff,@arg2=1234`.
fn pokes(name: &str, text: &str) -> Result<Vec<Poke>, Problem> {
    text.split(',').map(|part| poke(name, part)).collect()
}

fn poke(name: &str, text: &str) -> Result<Poke, Problem> {
    let help = || format!("write {name}=@arg2=00ff: the second argument, and two hexadecimal digits for each byte");
    let Some((number, bytes)) = text.strip_prefix("@arg").and_then(|rest| rest.split_once('=')) else {
        return Err(Problem::new(format!("`{text}` does not say what is written where"), help()));
    };
    let position =
        number.parse::<usize>().ok().filter(|_| number.len() == 1).and_then(|number| number.checked_sub(1));
    let Some(register) = position.and_then(|position| REGISTERS.get(position)) else {
        return Err(Problem::new(format!("a call has no argument `@arg{number}`: they are @arg1 to @arg6"), help()));
    };
    let why = if bytes.is_empty() {
        Some("there are no bytes".to_owned())
    } else if let Some(wrong) = bytes.chars().find(|c| !c.is_ascii_hexdigit()) {
        Some(format!("`{wrong}` is no hexadecimal digit"))
    } else if bytes.len() % 2 == 1 {
        Some(format!("{} digits are no whole bytes", bytes.len()))
    } else {
        None
    };
    match why {
        Some(why) => Err(Problem::new(format!("`{text}`: {why}"), help())),
        None => Ok(Poke { register, bytes: bytes.to_ascii_lowercase() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is said about words that make no sense.
    fn check(words: &str, expected: &str) {
        let problem = Tampering::parse(words.split(':')).expect_err(words);
        assert_eq!(problem.why, expected, "{words}");
        assert!(problem.help.is_some(), "{words}");
    }

    #[test]
    fn words_are_read() {
        let read = |words: &str| Tampering::parse(words.split(':')).expect(words);
        assert_eq!(read("error=EIO"), Tampering { error: Errno::parse("EIO"), ..Tampering::default() });
        assert_eq!(read("error=5"), read("error=EIO"));
        assert_eq!(read("retval=0x10").retval, Some(16));
        assert_eq!(read("signal=TERM"), read("signal=15"));
        assert_eq!(read("signal=SIGTERM:when=2").when.as_deref(), Some("2"));
        assert_eq!(read("delay_enter=50").delay_enter.as_deref(), Some("50us"));
        assert_eq!(read("delay_exit=50ms").delay_exit.as_deref(), Some("50ms"));
        assert_eq!(read("syscall=getpid").syscall, Sysno::parse("getpid"));
        let pokes = read("poke_enter=@arg1=00FF,@arg6=12").poke_enter;
        assert_eq!(pokes[0], Poke { register: "rdi", bytes: "00ff".to_owned() });
        assert_eq!(pokes[1], Poke { register: "r9", bytes: "12".to_owned() });
        assert!(read("when=1").is_nothing() && !read("retval=0").is_nothing());
    }

    #[test]
    fn what_makes_no_sense_says_why() {
        check("error=", "`error` is empty");
        check("error=0", "no error has the number 0");
        check("error=-1", "no error has the number -1");
        check("error=4096", "no error has the number 4096");
        check("error=EIEIO", "there is no error `EIEIO`");
        check("signal=", "`signal` is empty");
        check("signal=0", "no signal has the number 0");
        check("signal=65", "no signal has the number 65");
        check("signal=129", "no signal has the number 129");
        check("signal=-1", "no signal has the number -1");
        check("signal=SIGNONE", "there is no signal `SIGNONE`");
        check("retval=", "`retval=` is no number from 0 to 2^64 - 1");
        check("retval=-1", "`retval=-1` is no number from 0 to 2^64 - 1");
        check("retval=x", "`retval=x` is no number from 0 to 2^64 - 1");
        check("retval=18446744073709551616", "`retval=18446744073709551616` is no number from 0 to 2^64 - 1");
        check("error=EIO:retval=0", "`error` and `retval` exclude each other: a call has one outcome");
        check("retval=0:error=EIO", "`retval` and `error` exclude each other: a call has one outcome");
        check("syscall=getpid:error=EIO", "`syscall` and `error` exclude each other: a call has one outcome");
        check("error=EIO:error=EPERM", "`error` stands there twice");
        check("syscall=", "the name of a call is missing");
        check("syscall=%file", "`syscall=%file` is not one call");
        check("syscall=nonsense", "there is no call `nonsense`");
        check("delay_enter=", "`delay_enter=` is no length of time");
        check("delay_enter=-1", "`delay_enter=-1` is no length of time");
        check("delay_enter=0", "`delay_enter=0` is no time at all");
        check("delay_exit=1h", "`delay_exit=1h`: there is no unit `h`");
        check("poke_enter=", "`` does not say what is written where");
        check("poke_enter=arg1=00", "`arg1=00` does not say what is written where");
        check("poke_enter=@arg0=00", "a call has no argument `@arg0`: they are @arg1 to @arg6");
        check("poke_enter=@arg7=00", "a call has no argument `@arg7`: they are @arg1 to @arg6");
        check("poke_exit=@arg1=", "`@arg1=`: there are no bytes");
        check("poke_exit=@arg1=123", "`@arg1=123`: 3 digits are no whole bytes");
        check("poke_exit=@arg1=zz", "`@arg1=zz`: `z` is no hexadecimal digit");
        check("nonsense=1", "rinject has no word `nonsense`");
        check("", "rinject has no word ``");
        check("when=0", "`when=0`: the first call cannot be 0: calls are counted from 1");
    }
}
