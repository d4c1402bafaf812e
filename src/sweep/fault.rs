//! What is done at a point, and how a spec says it.
//! It must not know which faults suit which point.

use std::fmt;

use crate::abi::{Errno, Signal};
use crate::plan::Mode;

use super::amount::Amount;
use super::point::Called;
use super::states::Loss;

/// One thing that is done to a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Fault {
    /// It fails.
    Error(Errno),
    /// It transfers half of what was asked for.
    Short,
    /// A signal that the program catches interrupts it.
    Interrupt,
    /// The process is killed before its effect.
    KillBefore,
    /// The process is killed after its effect.
    KillAfter,
    /// The process is killed when half of it is done.
    Torn,
    /// A signal comes with its end.
    Signal(Signal),
    /// The function has no memory to give.
    NoMemory,
    /// There is no more than this of a resource.
    Budget(Amount),
    /// The power fails.
    Power(Loss),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::Error(errno) => errno.fmt(f),
            Fault::Short => f.write_str("short"),
            Fault::Interrupt => f.write_str("EINTR"),
            Fault::KillBefore => f.write_str("kill-before"),
            Fault::KillAfter => f.write_str("kill-after"),
            Fault::Torn => f.write_str("torn"),
            Fault::Signal(signal) => signal.fmt(f),
            Fault::NoMemory => f.write_str("no-memory"),
            Fault::Budget(amount) => amount.fmt(f),
            Fault::Power(loss) => loss.fmt(f),
        }
    }
}

impl Fault {
    /// Whether it ends the process without asking it.
    pub fn kills(self) -> bool {
        matches!(self, Fault::KillBefore | Fault::KillAfter | Fault::Torn)
    }

    /// The rule that makes it at the call that is `nth` of its name, as TOML.
    pub(super) fn rule(self, called: Called, nth: u64, mode: Mode) -> String {
        if let Fault::Budget(Amount { resource, amount, .. }) = self {
            // Which calls it meets, and when, is its own.
            return format!("[[inject]]\nname = \"fault\"\nbudget = {{ {} = {amount} }}\n", resource.name());
        }
        let event = match called {
            Called::Call(call) => format!("on = \"{call}\""),
            Called::Function(name) => format!("use = \"{name}-fails\""),
            Called::Store => String::new(),
        };
        let when = match mode {
            Mode::Once => nth.to_string(),
            Mode::From => format!("\"{nth}..\""),
        };
        let action = match self {
            Fault::Error(errno) => format!("error = \"{errno}\"\n"),
            Fault::Interrupt => "error = \"EINTR\"\n".to_owned(),
            Fault::Short => "short = \"50%\"\n".to_owned(),
            Fault::KillBefore => "kill = \"process\"\nkill-at = \"enter\"\n".to_owned(),
            Fault::KillAfter => "kill = \"process\"\nkill-at = \"exit\"\n".to_owned(),
            Fault::Torn => "short = \"50%\"\nkill = \"process\"\nkill-at = \"exit\"\n".to_owned(),
            Fault::Signal(signal) => format!("signal = \"{signal}\"\n"),
            // What a ready rule does is its own; a loss of power is no rule.
            Fault::NoMemory | Fault::Budget(_) | Fault::Power(_) => String::new(),
        };
        format!("[[inject]]\nname = \"fault\"\n{event}\nwhen = {when}\n{action}")
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::abi::{Arch, Sysno};
    use crate::diagnostic::{Source, Style};
    use crate::plan::{self, Resource};

    /// Each fault is a rule that a spec can have, and nothing is to be said against it.
    #[test]
    fn every_fault_is_a_rule() {
        let write = Called::Call(Sysno::parse("write").unwrap());
        let faults = [
            Fault::Error(Errno::parse("ENOSPC").unwrap()),
            Fault::Short,
            Fault::Interrupt,
            Fault::KillBefore,
            Fault::KillAfter,
            Fault::Torn,
            Fault::Signal(Signal::parse("SIGTERM").unwrap()),
        ];
        let all = faults.map(|fault| (write, fault)).into_iter();
        let all = all.chain([(Called::Function("malloc"), Fault::NoMemory)]);
        let amount = |resource| Amount { resource, amount: 3, is_short: false };
        let all = all.chain(Resource::ALL.map(|resource| (write, Fault::Budget(amount(resource)))));
        for (called, fault) in all {
            for mode in [Mode::Once, Mode::From] {
                let exit = if fault.kills() { "{ signal = \"SIGKILL\" }" } else { "\"any\"" };
                let rule = fault.rule(called, 3, mode);
                let text = format!("spec = 1\ntarget = {{ program = \"kv\" }}\nexpect = {{ exit = {exit} }}\n{rule}");
                let source = Arc::new(Source::new("x", text.as_str()));
                let context = plan::Context::new(Arch::X86_64, "/tmp/rinject-00000000", "/specs");
                let plan = crate::spec::parse(&source).and_then(|spec| plan::lower(&spec, &context));
                let plan = plan.unwrap_or_else(|problems| panic!("{text}\n{}", problems.render(Style::Plain)));
                assert!(plan.warnings.is_empty(), "{text}\n{}", plan.warnings.render(Style::Plain));
            }
        }
    }
}
