//! A process tree with numbers of its own (pid_namespaces(7)). Its first process, which the kernel demands, does nothing
//! but to wait for those who have lost their parents.

use std::io;
use std::os::fd::{AsRawFd, RawFd};
use std::ptr;

use super::wait::{WaitOutcome, wait};
use crate::abi::TaskId;

/// A namespace, by its first process. Dropped, that is killed, and with it all that is left in the namespace.
#[derive(Debug)]
pub struct PidNamespace {
    first: TaskId,
}

impl Drop for PidNamespace {
    fn drop(&mut self) {
        super::send_signal(self.first, None, crate::abi::Signal::KILL);
        while let WaitOutcome::Changed(..) = wait(Some(self.first), true) {}
    }
}

/// A step at which no namespace came about, as the process says that should have been its first one.
const MOUNTS: u8 = 1;
const PROC: u8 = 2;
const CHILD: u8 = 3;

/// Forks a child in a new namespace, as its second process and with `/proc` telling of that namespace; `None` in the child.
///
/// # Errors
/// EPERM without CAP_SYS_ADMIN, or where a sandbox around this process forbids it.
///
/// # Safety
/// The child may make async-signal-safe calls only.
pub(super) unsafe fn fork() -> io::Result<Option<(TaskId, PidNamespace)>> {
    let (told, tell) = nix::unistd::pipe2(nix::fcntl::OFlag::O_CLOEXEC)?;
    let flags = libc::CLONE_NEWPID | libc::CLONE_NEWNS | libc::SIGCHLD;
    // SAFETY: without CLONE_VM this is fork(2), and the child goes on on a copy of this stack.
    let first = unsafe { libc::syscall(libc::SYS_clone, flags, 0, 0, 0, 0) };
    match first {
        -1 => Err(io::Error::last_os_error()),
        0 => {
            // SAFETY: this is the child.
            unsafe { become_first(tell.as_raw_fd()) };
            Ok(None)
        }
        first => {
            drop(tell);
            let namespace = PidNamespace { first: TaskId(first as i32) };
            let mut answer = [0; 5];
            if nix::unistd::read(&told, &mut answer)? < answer.len() {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            let errno = i32::from_ne_bytes([answer[1], answer[2], answer[3], answer[4]]);
            if answer[0] != 0 {
                return Err(io::Error::from_raw_os_error(errno));
            }
            let child = super::procfs::children_of(namespace.first).first().copied();
            Ok(Some((child.ok_or(io::ErrorKind::NotFound)?, namespace)))
        }
    }
}

/// Sets up the namespace around the calling process and makes the child, in which alone this comes back.
///
/// # Safety
/// Must run in a freshly forked child.
#[allow(clippy::multiple_unsafe_ops_per_block)]
unsafe fn become_first(tell: RawFd) {
    // SAFETY: async-signal-safe calls only.
    unsafe {
        // Whoever made it is to end it; a signal from outside of the namespace kills even its first process.
        libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL, 0, 0, 0);
        let private = libc::MS_REC | libc::MS_PRIVATE;
        if libc::mount(ptr::null(), c"/".as_ptr(), ptr::null(), private, ptr::null()) == -1 {
            give_up(tell, MOUNTS);
        }
        let careful = libc::MS_NOSUID | libc::MS_NODEV | libc::MS_NOEXEC;
        if libc::mount(c"proc".as_ptr(), c"/proc".as_ptr(), c"proc".as_ptr(), careful, ptr::null()) == -1 {
            give_up(tell, PROC);
        }
        // Not by the C library's fork(3), which takes locks that other threads may have held when this process was made.
        match libc::syscall(libc::SYS_clone, libc::SIGCHLD, 0, 0, 0, 0) {
            -1 => give_up(tell, CHILD),
            0 => return,
            _ => {}
        }
        libc::write(tell, [0u8; 5].as_ptr().cast(), 5);
        // The child's pipes are not to be held open, nor files that others wait for.
        libc::syscall(libc::SYS_close_range, 0, u32::MAX, 0);
        while libc::waitpid(-1, ptr::null_mut(), libc::__WALL) != -1 || *libc::__errno_location() == libc::EINTR {}
        libc::_exit(0);
    }
}

/// Tells at which step it failed, and ends.
#[allow(clippy::multiple_unsafe_ops_per_block)]
unsafe fn give_up(tell: RawFd, step: u8) -> ! {
    // SAFETY: errno is thread-local and always there; write and _exit are async-signal-safe.
    unsafe {
        let errno = (*libc::__errno_location()).to_ne_bytes();
        let message = [step, errno[0], errno[1], errno[2], errno[3]];
        libc::write(tell, message.as_ptr().cast(), message.len());
        libc::_exit(1)
    }
}

/// Whether such a namespace can be made here.
///
/// # Errors
/// Why not.
pub fn probe_pid_namespace() -> io::Result<()> {
    // SAFETY: the child does nothing but to wait until its namespace is gone.
    if unsafe { fork() }?.is_some() {
        return Ok(());
    }
    loop {
        // SAFETY: pause(2) touches no memory.
        unsafe { libc::pause() };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_namespace_can_be_made_or_the_kernel_says_why_not() {
        match probe_pid_namespace() {
            Ok(()) => {}
            Err(error) => assert_eq!(error.raw_os_error(), Some(libc::EPERM), "{error}"),
        }
    }
}
