//! Signals in memory: sets, actions, what a child's end came with.

use super::lists::one;
use super::{Decoder, Raw};
use crate::abi::flags::flag_sets;
use crate::abi::{Signal, SignalInfo, SignalSet};
use crate::transcript::Value;

/// Glibc and musl set it, and it says nothing about the program.
const SA_RESTORER: u64 = 0x0400_0000;

impl Decoder<'_> {
    pub(super) fn sigset(&self, addr: u64) -> Value {
        match self.fields(addr, 8) {
            Some(fields) => set(SignalSet(fields.u64(0))),
            None => self.pointer(addr),
        }
    }

    /// The kernel's `struct sigaction`: handler, flags, restorer, mask.
    pub(super) fn sigaction(&self, raw: &Raw, addr: u64) -> Value {
        let word = if raw.wide() { 8 } else { 4 };
        let Some(fields) = self.fields(addr, 3 * word + 8) else { return self.pointer(addr) };
        let at = |index: usize| if raw.wide() { fields.u64(index * 8) } else { u64::from(fields.u32(index * 4)) };
        let handler = match at(0) {
            0 => Value::Word("SIG_DFL".into()),
            1 => Value::Word("SIG_IGN".into()),
            _ => Value::Opaque,
        };
        let flags = Value::Flags { set: &flag_sets::SIGACTION, bits: u64::from(at(1) as u32) & !SA_RESTORER };
        let mask = set(SignalSet(fields.u64(3 * word)));
        Value::Struct(vec![("sa_handler", handler), ("sa_mask", mask), ("sa_flags", flags)])
    }

    /// `siginfo_t` of a child, as `waitid(2)` fills it; all zero when no child has changed.
    pub(super) fn siginfo(&self, raw: &Raw, addr: u64) -> Value {
        let Some(fields) = self.fields(addr, 28) else { return self.pointer(addr) };
        let Some(signal) = Signal::new(i64::from(fields.i32(0))) else { return Value::Struct(Vec::new()) };
        let code = fields.i32(8);
        let rest = if raw.wide() { 16 } else { 12 };
        let info = SignalInfo { signal, code, sender: None, value: None, addr: None, status: None };
        let code_name = info.code_name().map_or(Value::Int(i64::from(code)), |name| Value::Word(name.into()));
        let status = fields.i32(rest + 8);
        let killed = if code == 1 { None } else { Signal::new(i64::from(status)) };
        Value::Struct(vec![
            ("si_signo", Value::Signal(signal)),
            ("si_code", code_name),
            ("si_pid", self.task(fields.i32(rest))),
            ("si_status", killed.map_or(Value::Int(i64::from(status)), Value::Signal)),
        ])
    }

    /// The status word of `wait4`, in the words of `wait(2)`.
    pub(super) fn wait_status(&self, raw: &Raw, addr: u64) -> Value {
        // With WNOHANG and no child the word is not written.
        if raw.phase == super::Phase::Done(0) {
            return Value::Opaque;
        }
        let Some(fields) = self.fields(addr, 4) else { return self.pointer(addr) };
        let status = fields.u32(0);
        let (low, high) = (status & 0x7f, status >> 8 & 0xff);
        let name =
            |number: u32| Signal::new(i64::from(number)).map_or(number.to_string(), |signal| signal.to_string());
        let text = match (status, low) {
            (0xffff, _) => "{WIFCONTINUED(s)}".to_owned(),
            (_, 0) => format!("{{WIFEXITED(s) && WEXITSTATUS(s) == {high}}}"),
            (_, 0x7f) => format!("{{WIFSTOPPED(s) && WSTOPSIG(s) == {}}}", name(high)),
            // The core-dump bit depends on the host's core_pattern and is left out.
            _ => format!("{{WIFSIGNALED(s) && WTERMSIG(s) == {}}}", name(low)),
        };
        one(Value::Word(text.into()))
    }
}

/// `[HUP INT]`, or `~[CHLD]` where most are in the set.
pub(super) fn set(signals: SignalSet) -> Value {
    let most = signals.0.count_ones() > 32;
    let shown = SignalSet(if most { !signals.0 } else { signals.0 });
    let names: Vec<String> = Signal::all()
        .filter(|signal| shown.contains(*signal))
        .map(|signal| signal.to_string().trim_start_matches("SIG").to_owned())
        .collect();
    let not = if most { "~" } else { "" };
    Value::Word(format!("{not}[{}]", names.join(" ")).into())
}
