//! The end of a call: its result, what the kernel has filled in, and which descriptors came and went.

use super::{Decoder, Phase, Raw, command, is_filled, scalar};
use crate::abi::flags::flag_sets;
use crate::abi::{Arch, ArgKind, Errno, RetKind};
use crate::transcript::{Call, CallResult, Value};

/// ERESTARTSYS, ERESTARTNOINTR, ERESTARTNOHAND, ERESTART_RESTARTBLOCK of the kernel's `linux/errno.h`: it will
/// start the call again or turn them into EINTR; programs never see them.
const RESTARTS: [i64; 4] = [-512, -513, -514, -516];

impl Decoder<'_> {
    /// Completes `call`, which was decoded at its entry, with its result.
    pub(in crate::engine) fn exit(&mut self, call: &mut Call, result: i64) {
        let Some(sysno) = call.sysno else {
            call.result = Some(plain_result(result));
            return;
        };
        // Calls whose number is the same on several architectures have structures that are the same, too.
        let arch = Arch::ALL.into_iter().find(|arch| sysno.number(*arch).map(u64::from) == Some(call.number));
        let arch = arch.unwrap_or(Arch::X86_64);
        // A 32-bit register that was not extended.
        let result = if arch == Arch::I386 && result >= 0xffff_f000 { i64::from(result as i32) } else { result };
        let error = Errno::from_result(result);
        let phase = if error.is_some() { Phase::Failed } else { Phase::Done(result as u64) };
        let mut raw = Raw { arch, sysno, args: [0; 6], phase };
        let signature = sysno.info().args.unwrap_or_default();
        // They are in the order of the signature, which may have more of them.
        let mut args = call.args.iter().peekable();
        for (word, info) in raw.args.iter_mut().zip(signature) {
            *word = args.next_if(|arg| arg.name == info.name).map_or(0, |arg| arg.raw);
        }
        let mut args = call.args.iter_mut().peekable();
        for (info, at) in signature.iter().zip(0..) {
            if let Some(arg) = args.next_if(|arg| arg.name == info.name)
                && is_filled_by(info.kind, &raw, at)
                && let Some(value) = self.argument(&raw, info.kind, at)
            {
                arg.value = value;
            }
        }
        call.result = Some(match error {
            _ if RESTARTS.contains(&result) => CallResult::Unknown,
            Some(errno) => CallResult::Error(errno),
            None => CallResult::Value { raw: result, value: self.value(&raw, result) },
        });
        self.follow(&raw, call);
    }

    /// How the result of a call that succeeded is shown.
    fn value(&mut self, raw: &Raw, result: i64) -> Value {
        let fd = result as i32;
        match (raw.sysno.name(), raw.sysno.info().ret) {
            ("fcntl" | "fcntl64", _) => self.fcntl_result(raw, result),
            // Already what it was: nothing was opened.
            ("dup2", RetKind::Fd) if raw.at(0) as i32 == raw.at(1) as i32 => self.descriptor(fd),
            ("signalfd" | "signalfd4", RetKind::Fd) if raw.at(0) as i32 == fd => self.descriptor(fd),
            // The break is where the heap ends, and lies in no mapping.
            ("brk", _) => Value::Address("[heap]".into()),
            (_, RetKind::Fd) => self.opened(fd),
            (_, RetKind::Int) => Value::Int(result),
            (_, RetKind::Size) => Value::Uint(result as u64),
            (_, RetKind::Address) => self.pointer(result as u64),
            (_, RetKind::Task) => self.task(result as i32),
            (_, RetKind::Hex) => Value::Hex(result as u64),
            (_, RetKind::Mode) => Value::Octal(result as u64),
            (_, RetKind::Opaque | RetKind::Never) if raw.sysno.info().args.is_none() => scalar::plain(result as u64),
            (_, RetKind::Opaque | RetKind::Never) => Value::Opaque,
        }
    }

    fn fcntl_result(&mut self, raw: &Raw, result: i64) -> Value {
        let bits = result as u64;
        match raw.at(1) as u32 {
            0 | 1030 => self.opened(result as i32),
            1 => Value::Flags { set: &flag_sets::FD, bits },
            3 => Value::Flags { set: scalar::open_set(raw.arch), bits },
            9 => self.task(result as i32),
            11 => scalar::signal(bits),
            1034 => Value::Flags { set: &flag_sets::SEALS, bits },
            _ => Value::Int(result),
        }
    }

    /// A descriptor that the call has made.
    pub(super) fn opened(&mut self, fd: i32) -> Value {
        match self.inspect.descriptor(fd) {
            Some(what) => self.names.opened(self.table, fd, &what),
            None => Value::BadDescriptor(fd),
        }
    }

    /// Keeps the names after calls that end or rename what they name.
    fn follow(&mut self, raw: &Raw, call: &Call) {
        match (raw.sysno.name(), &call.result) {
            // Closed whatever the error, except that it was not open (close(2), "Dealing with error returns").
            ("close", Some(CallResult::Error(errno))) if errno.number() == 9 => {}
            ("close", Some(CallResult::Value { .. } | CallResult::Error(_))) => {
                self.names.closed(self.table, raw.at(0) as i32);
            }
            ("close_range", Some(CallResult::Value { .. })) if raw.at(2) & 4 == 0 => {
                self.names.closed_range(self.table, raw.at(0) as u32, raw.at(1) as u32);
            }
            ("rename" | "renameat" | "renameat2", Some(CallResult::Value { .. })) => {
                let mut paths = call.args.iter().filter_map(|arg| match &arg.value {
                    Value::Path(path) => Some(path.host.as_str()),
                    _ => None,
                });
                if let (Some(old), Some(new)) = (paths.next(), paths.next()) {
                    self.names.renamed(old, new);
                }
            }
            _ => {}
        }
    }
}

fn is_filled_by(kind: ArgKind, raw: &Raw, at: u8) -> bool {
    match kind {
        ArgKind::ByCommand { command, name } => {
            let operand = command::operand(name, raw.at(command) as u32, at - command);
            operand.is_some_and(command::Operand::is_out)
        }
        other => is_filled(other),
    }
}

/// The result of a call that the table does not know.
fn plain_result(result: i64) -> CallResult {
    match Errno::from_result(result) {
        _ if RESTARTS.contains(&result) => CallResult::Unknown,
        Some(errno) => CallResult::Error(errno),
        None => CallResult::Value { raw: result, value: scalar::plain(result as u64) },
    }
}
