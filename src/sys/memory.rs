//! Another task's memory: read in one call, written past page protection where the kernel allows it.

use std::fs::OpenOptions;
use std::os::unix::fs::FileExt;

use super::shortage::noted;
use crate::abi::{Addr, TaskId};

const PAGE: u64 = 4096;

/// Reads memory of `task` from `addr`; the number of bytes that could be read, up to the first unmapped page.
pub fn read_memory(task: TaskId, addr: Addr, buffer: &mut [u8]) -> usize {
    if buffer.is_empty() || addr.is_null() {
        return 0;
    }
    let got = read_vm(task, addr, buffer);
    if got == buffer.len() {
        return got;
    }
    // process_vm_readv(2) transfers whole iovec elements only: what lies before the unmapped page is asked for
    // again, page by page.
    let mut done = got;
    while done < buffer.len() {
        let at = addr.plus(done as u64);
        let room = (PAGE - at.0 % PAGE) as usize;
        let end = buffer.len().min(done + room);
        let part = match read_vm(task, at, &mut buffer[done..end]) {
            0 => read_mem_file(task, at, &mut buffer[done..end]),
            part => part,
        };
        done += part;
        if part == 0 || done < end {
            break;
        }
    }
    done
}

fn read_vm(task: TaskId, addr: Addr, buffer: &mut [u8]) -> usize {
    let local = libc::iovec { iov_base: buffer.as_mut_ptr().cast(), iov_len: buffer.len() };
    let remote = libc::iovec { iov_base: addr.0 as *mut libc::c_void, iov_len: buffer.len() };
    // SAFETY: `local` describes `buffer`, which is borrowed exclusively; `remote` is an address of another
    // process that the kernel checks.
    let got = unsafe { libc::process_vm_readv(task.0, &local, 1, &remote, 1, 0) };
    usize::try_from(got).unwrap_or(0)
}

/// As [`read_memory`], but a page that a program has to provide (userfaultfd(2)) is taken for one that is not there
/// instead of being waited for, and written nothing to: the one who provides it may be stopped.
pub fn read_memory_unwaiting(task: TaskId, addr: Addr, buffer: &mut [u8]) -> usize {
    let mut done = 0;
    while done < buffer.len() {
        let at = addr.plus(done as u64);
        let room = (PAGE - at.0 % PAGE) as usize;
        let end = buffer.len().min(done + room);
        let part = read_mem_file(task, at, &mut buffer[done..end]);
        done += part;
        if part == 0 || done < end {
            break;
        }
    }
    done
}

/// As [`write_memory`], likewise.
pub fn write_memory_unwaiting(task: TaskId, addr: Addr, bytes: &[u8]) -> bool {
    write_mem_file(task, addr, bytes)
}

/// For tasks whose memory process_vm_readv(2) refuses (non-dumpable): the tracer may still use the file.
fn read_mem_file(task: TaskId, addr: Addr, buffer: &mut [u8]) -> usize {
    noted(OpenOptions::new().read(true).open(format!("/proc/{}/mem", task.0)))
        .and_then(|file| file.read_at(buffer, addr.0))
        .unwrap_or(0)
}

/// Writes memory of `task`, also where it is mapped read-only (private text); false if not all of it could be.
pub fn write_memory(task: TaskId, addr: Addr, bytes: &[u8]) -> bool {
    // process_vm_writev(2) respects page protection and may be refused (non-dumpable); the file does neither.
    // A breakpoint is one byte: a word is read and written in less time than a file is opened.
    bytes.len() == 1 && super::ptrace::poke_byte(task, addr, bytes[0]).is_ok()
        || write_vm(task, addr, bytes)
        || write_mem_file(task, addr, bytes)
}

fn write_vm(task: TaskId, addr: Addr, bytes: &[u8]) -> bool {
    let local = libc::iovec { iov_base: bytes.as_ptr().cast_mut().cast(), iov_len: bytes.len() };
    let remote = libc::iovec { iov_base: addr.0 as *mut libc::c_void, iov_len: bytes.len() };
    // SAFETY: `local` describes `bytes`, which is only read; `remote` is an address of another process that the
    // kernel checks.
    let got = unsafe { libc::process_vm_writev(task.0, &local, 1, &remote, 1, 0) };
    usize::try_from(got).is_ok_and(|got| got == bytes.len())
}

pub(super) fn write_mem_file(task: TaskId, addr: Addr, bytes: &[u8]) -> bool {
    noted(OpenOptions::new().write(true).open(format!("/proc/{}/mem", task.0)))
        .and_then(|file| file.write_all_at(bytes, addr.0))
        .is_ok()
}

/// Whether two tasks have the same memory, not copies of it; `None` where the kernel does not tell (kcmp(2) may be
/// left out or refused).
pub fn shares_memory(one: TaskId, other: TaskId) -> Option<bool> {
    const KCMP_VM: libc::c_long = 1;
    // SAFETY: kcmp(2) compares by number and touches no memory of this process.
    let order = unsafe { libc::syscall(libc::SYS_kcmp, one.0, other.0, KCMP_VM, 0, 0) };
    (0..=3).contains(&order).then_some(order == 0)
}
