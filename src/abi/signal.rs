//! Signals by name and number, 1 to 64; real-time ones count from SIGRTMIN as `signal(7)` writes them.

use std::fmt;

use super::{Addr, TaskId};

/// A signal number, 1 to 64 (`signal(7)`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Signal(u8);

/// The standard signals of x86 and ARM in number order, from 1.
const NAMES: [&str; 31] = [
    "SIGHUP",
    "SIGINT",
    "SIGQUIT",
    "SIGILL",
    "SIGTRAP",
    "SIGABRT",
    "SIGBUS",
    "SIGFPE",
    "SIGKILL",
    "SIGUSR1",
    "SIGSEGV",
    "SIGUSR2",
    "SIGPIPE",
    "SIGALRM",
    "SIGTERM",
    "SIGSTKFLT",
    "SIGCHLD",
    "SIGCONT",
    "SIGSTOP",
    "SIGTSTP",
    "SIGTTIN",
    "SIGTTOU",
    "SIGURG",
    "SIGXCPU",
    "SIGXFSZ",
    "SIGVTALRM",
    "SIGPROF",
    "SIGWINCH",
    "SIGIO",
    "SIGPWR",
    "SIGSYS",
];

/// The kernel's first real-time signal; libc's SIGRTMIN is 34 with glibc, which keeps two for itself.
const KERNEL_RTMIN: u8 = 32;
const LIBC_RTMIN: u8 = 34;

#[allow(missing_docs)]
impl Signal {
    pub const HUP: Signal = Signal(1);
    pub const INT: Signal = Signal(2);
    pub const TRAP: Signal = Signal(5);
    pub const KILL: Signal = Signal(9);
    pub const SEGV: Signal = Signal(11);
    pub const PIPE: Signal = Signal(13);
    pub const TERM: Signal = Signal(15);
    pub const CHLD: Signal = Signal(17);
    pub const CONT: Signal = Signal(18);
    pub const STOP: Signal = Signal(19);
}

impl Signal {
    /// The signal of this number; `None` outside 1 to 64.
    pub fn new(number: i64) -> Option<Signal> {
        (1..=64).contains(&number).then_some(Signal(number as u8))
    }

    /// The number, 1 to 64.
    pub fn number(self) -> i32 {
        i32::from(self.0)
    }

    /// Reads `SIGTERM`, `TERM`, `SIGRTMIN+3`, `SIGRTMAX-1` or a number, letters in any case.
    pub fn parse(text: &str) -> Option<Signal> {
        if let Ok(number) = text.parse::<i64>() {
            return Signal::new(number);
        }
        let upper = text.to_ascii_uppercase();
        let name = upper.strip_prefix("SIG").unwrap_or(&upper);
        if let Some(rest) = name.strip_prefix("RTMIN") {
            let offset = if rest.is_empty() { 0 } else { rest.strip_prefix('+')?.parse().ok()? };
            return (0..=30).contains(&offset).then_some(Signal(LIBC_RTMIN + offset as u8));
        }
        if let Some(rest) = name.strip_prefix("RTMAX") {
            let offset: i64 = if rest.is_empty() { 0 } else { rest.strip_prefix('-')?.parse().ok()? };
            return (0..=30).contains(&offset).then_some(Signal(64 - offset as u8));
        }
        let name = match name {
            "IOT" => "ABRT",
            "POLL" => "IO",
            "CLD" => "CHLD",
            other => other,
        };
        let index = NAMES.iter().position(|known| &known[3..] == name)?;
        Some(Signal(index as u8 + 1))
    }

    /// Every signal, in number order.
    pub fn all() -> impl Iterator<Item = Signal> {
        (1..=64).map(Signal)
    }
}

impl fmt::Display for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            number if usize::from(number) <= NAMES.len() => f.write_str(NAMES[usize::from(number) - 1]),
            LIBC_RTMIN => f.write_str("SIGRTMIN"),
            number if number > LIBC_RTMIN => write!(f, "SIGRTMIN+{}", number - LIBC_RTMIN),
            number => write!(f, "SIGRT_{}", number - KERNEL_RTMIN),
        }
    }
}

/// A set of signals, one bit each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SignalSet(pub u64);

impl SignalSet {
    /// No signal.
    pub const EMPTY: SignalSet = SignalSet(0);
    /// All 64 signals.
    pub const ALL: SignalSet = SignalSet(u64::MAX);

    /// Whether `signal` is in the set.
    pub fn contains(self, signal: Signal) -> bool {
        self.0 & (1 << (signal.0 - 1)) != 0
    }

    /// Adds `signal`.
    pub fn insert(&mut self, signal: Signal) {
        self.0 |= 1 << (signal.0 - 1);
    }

    /// Takes `signal` out.
    pub fn remove(&mut self, signal: Signal) {
        self.0 &= !(1 << (signal.0 - 1));
    }
}

/// What came with a signal (`sigaction(2)`, `siginfo_t`), as far as it means the same on every host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SignalInfo {
    /// The signal.
    pub signal: Signal,
    /// `si_code`.
    pub code: i32,
    /// `si_pid`, for signals that a task sent.
    pub sender: Option<TaskId>,
    /// `si_value.sival_int`, for `SI_QUEUE`, `SI_TIMER` and `SI_MESGQ`.
    pub value: Option<i32>,
    /// `si_addr`, for faults.
    pub addr: Option<Addr>,
    /// `si_status`, for SIGCHLD.
    pub status: Option<i32>,
}

impl SignalInfo {
    /// The name of `si_code` as the manual page has it, such as `SI_USER` or `SEGV_MAPERR`.
    pub fn code_name(&self) -> Option<&'static str> {
        let specific: &[&str] = match self.signal {
            Signal::CHLD => {
                &["CLD_EXITED", "CLD_KILLED", "CLD_DUMPED", "CLD_TRAPPED", "CLD_STOPPED", "CLD_CONTINUED"]
            }
            Signal::SEGV => &["SEGV_MAPERR", "SEGV_ACCERR", "SEGV_BNDERR", "SEGV_PKUERR"],
            Signal::TRAP => &["TRAP_BRKPT", "TRAP_TRACE", "TRAP_BRANCH", "TRAP_HWBKPT", "TRAP_UNK"],
            Signal(7) => &["BUS_ADRALN", "BUS_ADRERR", "BUS_OBJERR", "BUS_MCEERR_AR", "BUS_MCEERR_AO"],
            Signal(8) => &[
                "FPE_INTDIV",
                "FPE_INTOVF",
                "FPE_FLTDIV",
                "FPE_FLTOVF",
                "FPE_FLTUND",
                "FPE_FLTRES",
                "FPE_FLTINV",
                "FPE_FLTSUB",
            ],
            Signal(4) => &[
                "ILL_ILLOPC",
                "ILL_ILLOPN",
                "ILL_ILLADR",
                "ILL_ILLTRP",
                "ILL_PRVOPC",
                "ILL_PRVREG",
                "ILL_COPROC",
                "ILL_BADSTK",
            ],
            Signal(29) => &["POLL_IN", "POLL_OUT", "POLL_MSG", "POLL_ERR", "POLL_PRI", "POLL_HUP"],
            Signal(31) => &["SYS_SECCOMP", "SYS_USER_DISPATCH"],
            _ => &[],
        };
        match self.code {
            0 => Some("SI_USER"),
            0x80 => Some("SI_KERNEL"),
            -1 => Some("SI_QUEUE"),
            -2 => Some("SI_TIMER"),
            -3 => Some("SI_MESGQ"),
            -4 => Some("SI_ASYNCIO"),
            -5 => Some("SI_SIGIO"),
            -6 => Some("SI_TKILL"),
            code if code >= 1 => specific.get(code as usize - 1).copied(),
            _ => None,
        }
    }
}
