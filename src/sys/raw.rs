//! System calls without the C library between, for a child that shares the memory of the thread that made it: `errno` is
//! that thread's own.

use std::arch::asm;
use std::ffi::c_long;

/// What a system call comes to: its result, or an errno below zero. Arguments that it has not are zero.
///
/// # Safety
/// As the call itself: what its arguments point to has to be there.
pub(super) unsafe fn call<const N: usize>(number: c_long, args: [usize; N]) -> isize {
    let mut six = [0; 6];
    six[..N].copy_from_slice(&args);
    // SAFETY: the caller's.
    unsafe { enter(number, six) }
}

#[cfg(target_arch = "x86_64")]
unsafe fn enter(number: c_long, args: [usize; 6]) -> isize {
    let result;
    // SAFETY: the kernel's convention (syscall(2)); it leaves all other registers and the stack alone.
    unsafe {
        asm!(
            "syscall",
            inlateout("rax") number as isize => result,
            in("rdi") args[0],
            in("rsi") args[1],
            in("rdx") args[2],
            in("r10") args[3],
            in("r8") args[4],
            in("r9") args[5],
            lateout("rcx") _,
            lateout("r11") _,
            options(nostack),
        );
    }
    result
}

#[cfg(target_arch = "aarch64")]
unsafe fn enter(number: c_long, args: [usize; 6]) -> isize {
    let result;
    // SAFETY: as above.
    unsafe {
        asm!(
            "svc 0",
            in("x8") number,
            inlateout("x0") args[0] => result,
            in("x1") args[1],
            in("x2") args[2],
            in("x3") args[3],
            in("x4") args[4],
            in("x5") args[5],
            options(nostack),
        );
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_and_errnos_come_as_the_kernel_gives_them() {
        // SAFETY: getpid(2) has no arguments.
        assert_eq!(unsafe { call(libc::SYS_getpid, []) }, std::process::id() as isize);
        // SAFETY: there is no such descriptor, whatever it is to be copied to.
        assert_eq!(unsafe { call(libc::SYS_dup2, [usize::MAX, 1]) }, -(libc::EBADF as isize));
        let mut ends = [0i32; 2];
        // SAFETY: pipe2(2) writes two descriptors into the array it is given.
        assert_eq!(unsafe { call(libc::SYS_pipe2, [ends.as_mut_ptr() as usize, 0]) }, 0);
        let sent = b"12345";
        // SAFETY: these five bytes are there.
        assert_eq!(unsafe { call(libc::SYS_write, [ends[1] as usize, sent.as_ptr() as usize, 5]) }, 5);
        for end in ends {
            // SAFETY: nobody else has these descriptors.
            assert_eq!(unsafe { call(libc::SYS_close, [end as usize]) }, 0);
        }
    }
}
