//! The end of a call: its result, what the kernel has filled in, and which descriptors came and went.

use super::{Decoder, Phase, Raw, command, is_filled, scalar};
use crate::abi::flags::flag_sets;
use crate::abi::{Arch, ArgInfo, ArgKind, Errno, RetKind, Sysno};
use crate::transcript::{Arg, Call, CallResult, Value};

/// ERESTARTSYS, ERESTARTNOINTR, ERESTARTNOHAND, ERESTART_RESTARTBLOCK of the kernel's `linux/errno.h`: it will
/// start the call again or turn them into EINTR; programs never see them.
const RESTARTS: [i64; 4] = [-512, -513, -514, -516];

const BRK: Sysno = Sysno::named("brk");
const CLOSE: Sysno = Sysno::named("close");
const CLOSE_RANGE: Sysno = Sysno::named("close_range");
const DUP2: Sysno = Sysno::named("dup2");
const FCNTL: Sysno = Sysno::named("fcntl");
const FCNTL64: Sysno = Sysno::named("fcntl64");
const RENAME: Sysno = Sysno::named("rename");
const RENAMEAT: Sysno = Sysno::named("renameat");
const RENAMEAT2: Sysno = Sysno::named("renameat2");
const SIGNALFD: Sysno = Sysno::named("signalfd");
const SIGNALFD4: Sysno = Sysno::named("signalfd4");

impl Decoder<'_> {
    /// Completes `call`, which was decoded at its entry, by the table of `arch`, with its result.
    pub(in crate::engine) fn exit(&mut self, arch: Arch, call: &mut Call, result: i64) {
        let Some(sysno) = call.sysno else {
            call.result = Some(plain_result(result));
            return;
        };
        // A 32-bit register that was not extended.
        let result = if arch == Arch::I386 && result >= 0xffff_f000 { i64::from(result as i32) } else { result };
        let error = Errno::from_result(result);
        let phase = if error.is_some() { Phase::Failed } else { Phase::Done(result as u64) };
        let mut raw = Raw { arch, sysno, args: [0; 6], phase };
        let signature = sysno.info().args.unwrap_or_default();
        // They are in the order of the signature, which may have more of them.
        let mut args = call.args.iter().peekable();
        for (word, info) in raw.args.iter_mut().zip(signature) {
            *word = args.next_if(|arg| is_of(arg, info)).map_or(0, |arg| arg.raw);
        }
        let mut args = call.args.iter_mut().peekable();
        for (info, at) in signature.iter().zip(0..) {
            if let Some(arg) = args.next_if(|arg| is_of(arg, info))
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
        match (raw.sysno, raw.sysno.info().ret) {
            (FCNTL | FCNTL64, _) => self.fcntl_result(raw, result),
            // Already what it was: nothing was opened.
            (DUP2, RetKind::Fd) if raw.at(0) as i32 == raw.at(1) as i32 => self.descriptor(fd),
            (SIGNALFD | SIGNALFD4, RetKind::Fd) if raw.at(0) as i32 == fd => self.descriptor(fd),
            // The break is where the heap ends, and lies in no mapping.
            (BRK, _) => Value::Address("[heap]".into()),
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
        match (raw.sysno, &call.result) {
            // Closed whatever the error, except that it was not open (close(2), "Dealing with error returns").
            (CLOSE, Some(CallResult::Error(errno))) if errno.number() == 9 => {}
            (CLOSE, Some(CallResult::Value { .. } | CallResult::Error(_))) => {
                self.names.closed(self.table, raw.at(0) as i32);
            }
            (CLOSE_RANGE, Some(CallResult::Value { .. })) if raw.at(2) & 4 == 0 => {
                self.names.closed_range(self.table, raw.at(0) as u32, raw.at(1) as u32);
            }
            (RENAME | RENAMEAT | RENAMEAT2, Some(CallResult::Value { .. })) => {
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

/// Whether an argument is the one of this place in the signature, from whose text its name comes.
fn is_of(arg: &Arg, info: &ArgInfo) -> bool {
    std::ptr::eq(arg.name, info.name) || arg.name == info.name
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
