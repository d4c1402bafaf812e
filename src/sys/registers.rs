//! Any register of a stopped task by name: general ones, the x87, SSE and AVX state, debug registers.
//! It must not know what for.

use std::arch::x86_64::__cpuid_count;
use std::mem::offset_of;
use std::ops::Range;

use super::ptrace::{self, PtraceError, request};
use crate::abi::{General, Register, RegisterPlace, TaskId, Word};

/// The value of a register.
///
/// # Errors
/// `Refused(ENODEV)` where this processor, or this kernel, has no such register.
pub fn register(task: TaskId, register: Register) -> Result<Word, PtraceError> {
    match register.place() {
        RegisterPlace::General(_) => {
            let general = ptrace::registers(task)?;
            Ok(general.get(register).unwrap_or(Word::zero(register.bits())))
        }
        RegisterPlace::Debug(number) => Ok(Word::from_u64(peek_debug(task, number)?, register.bits())),
        _ => {
            let state = Extended::of(task)?;
            let pieces = state.pieces(register)?;
            let bytes: Vec<u8> = pieces.iter().flat_map(|piece| &state.bytes[piece.at.clone()]).copied().collect();
            Ok(Word::from_le_bytes(&bytes, register.bits()))
        }
    }
}

/// Sets a register to the low bits of a value.
///
/// # Errors
/// As [`register`]; and `Refused(EINVAL)` or `Refused(EIO)` for what the processor would not take: reserved bits of
/// `mxcsr`, selectors of the kernel, debug addresses that are not aligned or not the program's.
pub fn set_register(task: TaskId, register: Register, value: Word) -> Result<(), PtraceError> {
    let value = Word::from_le_bytes(value.le_bytes(), register.bits());
    match register.place() {
        // What every breakpoint does, and one request is enough for it.
        RegisterPlace::General(General::Rip) => ptrace::set_instruction_pointer(task, value.low_u64()),
        RegisterPlace::General(_) => {
            let mut general = ptrace::registers(task)?;
            general.set(register, value);
            ptrace::set_registers(task, &general)
        }
        RegisterPlace::Debug(number) => {
            request(libc::PTRACE_POKEUSER, task, debug_offset(number), value.low_u64() as usize).map(drop)
        }
        _ => {
            let mut state = Extended::of(task)?;
            let mut rest = value.le_bytes();
            for piece in state.pieces(register)? {
                let (now, later) = rest.split_at(piece.at.len().min(rest.len()));
                state.bytes[piece.at.start..][..now.len()].copy_from_slice(now);
                state.mark(piece.component);
                rest = later;
            }
            state.store(task)
        }
    }
}

fn debug_offset(number: u8) -> usize {
    offset_of!(libc::user, u_debugreg) + 8 * usize::from(number)
}

/// The bare system call: the library's wrapper cannot tell a value of -1 from a failure.
fn peek_debug(task: TaskId, number: u8) -> Result<u64, PtraceError> {
    let mut word = 0u64;
    let (code, at) = (libc::PTRACE_PEEKUSER, debug_offset(number));
    // SAFETY: PTRACE_PEEKUSER writes one word to its last argument, which outlives the call.
    let got = unsafe { libc::syscall(libc::SYS_ptrace, code, task.0, at, &raw mut word) };
    if got == -1 { Err(PtraceError::last()) } else { Ok(word) }
}

/// The register set of XSAVE (`NT_X86_XSTATE` of `linux/elf.h`).
const NT_X86_XSTATE: usize = 0x202;
/// The part that FXSAVE has too.
const LEGACY: usize = 512;
/// Offsets in it (Intel SDM, volume 1, table 10-2).
const MXCSR: usize = 24;
const STACK: usize = 32;
const XMM: usize = 160;
/// More than any processor's state has (AMX brings it to about 11,000 bytes).
const ROOM: usize = 16 * 1024;

/// Components of the state, by their bit in XSTATE_BV (Intel SDM, volume 1, 13.1).
const X87: u32 = 0;
const SSE: u32 = 1;
const AVX: u32 = 2;
const MASKS: u32 = 5;
const ZMM_HIGH: u32 = 6;
const ZMM_MORE: u32 = 7;

/// Where some bytes of a register lie.
struct Piece {
    component: u32,
    at: Range<usize>,
}

/// The x87, SSE and AVX state in XSAVE's standard form, or FXSAVE's part of it on a processor without XSAVE.
struct Extended {
    bytes: Vec<u8>,
}

impl Extended {
    fn of(task: TaskId) -> Result<Extended, PtraceError> {
        let mut bytes = vec![0u8; ROOM];
        let mut area = libc::iovec { iov_base: bytes.as_mut_ptr().cast(), iov_len: bytes.len() };
        match request(libc::PTRACE_GETREGSET, task, NT_X86_XSTATE, &raw mut area as usize) {
            Ok(_) => bytes.truncate(area.iov_len),
            Err(PtraceError::Gone) => return Err(PtraceError::Gone),
            Err(PtraceError::Refused(_)) => {
                bytes.truncate(LEGACY);
                request(libc::PTRACE_GETFPREGS, task, 0, bytes.as_mut_ptr() as usize)?;
            }
        }
        Ok(Extended { bytes })
    }

    fn store(mut self, task: TaskId) -> Result<(), PtraceError> {
        if self.bytes.len() <= LEGACY {
            return request(libc::PTRACE_SETFPREGS, task, 0, self.bytes.as_ptr() as usize).map(drop);
        }
        let mut area = libc::iovec { iov_base: self.bytes.as_mut_ptr().cast(), iov_len: self.bytes.len() };
        request(libc::PTRACE_SETREGSET, task, NT_X86_XSTATE, &raw mut area as usize).map(drop)
    }

    /// Says that a component holds values: one whose bit is clear is reset by the kernel, whatever its bytes say.
    fn mark(&mut self, component: u32) {
        if let Some(byte) = self.bytes.get_mut(LEGACY) {
            *byte |= 1 << component;
        }
    }

    /// Where a register's bytes lie, low ones first.
    fn pieces(&self, register: Register) -> Result<Vec<Piece>, PtraceError> {
        let length = usize::from(register.bits() / 8);
        let piece = |component, at: usize, length| Piece { component, at: at..at + length };
        let pieces = match register.place() {
            RegisterPlace::Control(at) => vec![piece(X87, usize::from(at), length)],
            RegisterPlace::Mxcsr => vec![piece(SSE, MXCSR, length)],
            RegisterPlace::Stack(number) => vec![piece(X87, STACK + 16 * usize::from(number), length)],
            RegisterPlace::Mask(number) => vec![piece(MASKS, component(MASKS)? + 8 * usize::from(number), length)],
            RegisterPlace::Vector(number @ 16..) => {
                vec![piece(ZMM_MORE, component(ZMM_MORE)? + 64 * usize::from(number - 16), length)]
            }
            RegisterPlace::Vector(number) => {
                let number = usize::from(number);
                let mut pieces = vec![piece(SSE, XMM + 16 * number, 16)];
                if length > 16 {
                    pieces.push(piece(AVX, component(AVX)? + 16 * number, 16));
                }
                if length > 32 {
                    pieces.push(piece(ZMM_HIGH, component(ZMM_HIGH)? + 32 * number, 32));
                }
                pieces
            }
            RegisterPlace::General(_) | RegisterPlace::Debug(_) => Vec::new(),
        };
        let is_there = pieces.iter().all(|piece| piece.at.end <= self.bytes.len());
        if is_there { Ok(pieces) } else { Err(PtraceError::Refused(libc::ENODEV)) }
    }
}

/// The offset of a component in the standard form, which differs between makers: CPUID leaf 0xD tells it (Intel
/// SDM, volume 1, 13.4.3), and says size 0 where the processor has none such.
fn component(number: u32) -> Result<usize, PtraceError> {
    #[allow(unused_unsafe, reason = "newer compilers know that CPUID is there on every x86-64 processor")]
    // SAFETY: every x86-64 processor has CPUID; a leaf it does not know gives zeros or the highest one's data.
    let (highest, leaf) = unsafe { (__cpuid_count(0, 0).eax, __cpuid_count(0xd, number)) };
    if highest < 0xd || leaf.eax == 0 { Err(PtraceError::Refused(libc::ENODEV)) } else { Ok(leaf.ebx as usize) }
}
