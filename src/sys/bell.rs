//! Small children that wait for the other end of a pipe to be closed: one to wake a thread that waits for its tracees, one
//! to see to it that nothing outlives rinject.
//!
//! A signal would wake a thread, too, but its disposition belongs to the whole process, and rinject may be a guest in it.

use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::sync::{Mutex, PoisonError};

use super::spawn::pipe;
use super::wait::wait;
use crate::abi::TaskId;

/// A child that ends when it is rung.
#[derive(Debug)]
pub struct Bell {
    task: TaskId,
    rope: Mutex<Option<OwnedFd>>,
}

impl Bell {
    /// Hangs a bell up for the calling thread, which alone can hear it.
    pub fn hang() -> io::Result<Bell> {
        let (task, rope) = listener(0)?;
        Ok(Bell { task, rope: Mutex::new(Some(rope)) })
    }

    /// The child's number, which a wait tells when it was rung.
    pub fn task(&self) -> TaskId {
        self.task
    }

    /// Wakes the thread that has hung the bell up, once.
    pub fn ring(&self) {
        self.rope.lock().unwrap_or_else(PoisonError::into_inner).take();
    }

    /// Takes the bell down; to be called by the thread that has hung it up, unless a wait has told its end.
    pub fn take_down(&self) {
        self.ring();
        let _ = wait(Some(self.task), true);
    }
}

/// A child that kills a process group when rinject dies before it says that all is well.
#[derive(Debug)]
pub struct Guard {
    task: TaskId,
    rope: OwnedFd,
}

impl Guard {
    /// Guards the process group of this number; to be dropped by the calling thread.
    pub fn over(group: u32) -> io::Result<Guard> {
        let (task, rope) = listener(group as i32)?;
        Ok(Guard { task, rope })
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        // One byte into an empty pipe whose reader waits for it.
        let _ = nix::unistd::write(&self.rope, b"x");
        let _ = wait(Some(self.task), true);
    }
}

/// A child that ends when the pipe is closed or written to; closed, it kills the process group `group` first, if that is
/// one.
fn listener(group: i32) -> io::Result<(TaskId, OwnedFd)> {
    let (read, write) = pipe(0)?;
    let fd = read.as_raw_fd();
    // SAFETY: the child only makes async-signal-safe calls, then exits.
    let pid = unsafe { libc::fork() };
    match pid {
        -1 => Err(io::Error::last_os_error()),
        // SAFETY: this is the child.
        0 => unsafe { listen(fd, group) },
        pid => Ok((TaskId(pid), write)),
    }
}

/// What the child does.
///
/// # Safety
/// Must run in a freshly forked child: it allocates nothing and never returns.
#[allow(clippy::multiple_unsafe_ops_per_block)]
unsafe fn listen(fd: i32, group: i32) -> ! {
    // SAFETY: async-signal-safe calls only.
    unsafe {
        // Away from the terminal, whose signals are for rinject, and from everything that somebody may wait to be closed.
        libc::setsid();
        libc::dup2(fd, 0);
        libc::syscall(libc::SYS_close_range, 1, u32::MAX, 0);
        let mut byte = 0u8;
        let mut got = -1;
        while got == -1 {
            got = libc::read(0, (&raw mut byte).cast(), 1);
            if got == -1 && *libc::__errno_location() != libc::EINTR {
                break;
            }
        }
        if got == 0 && group > 1 {
            libc::kill(-group, libc::SIGKILL);
        }
        libc::_exit(0)
    }
}
