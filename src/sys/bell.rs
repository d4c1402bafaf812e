//! Waking a thread that waits for its tracees: a child of that thread ends, and waitpid(2) returns.
//!
//! A signal would do too, but its disposition belongs to the whole process, and rinject may be a guest in it.

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
        let (read, write) = pipe(0)?;
        let fd = read.as_raw_fd();
        // SAFETY: the child only makes async-signal-safe calls, then exits.
        let pid = unsafe { libc::fork() };
        match pid {
            -1 => Err(io::Error::last_os_error()),
            // SAFETY: this is the child.
            0 => unsafe { listen(fd) },
            pid => Ok(Bell { task: TaskId(pid), rope: Mutex::new(Some(write)) }),
        }
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

/// What the child does: it waits until the other end of the pipe is closed, by [`Bell::ring`] or by the end of rinject.
///
/// # Safety
/// Must run in a freshly forked child: it allocates nothing and never returns.
#[allow(clippy::multiple_unsafe_ops_per_block)]
unsafe fn listen(fd: i32) -> ! {
    // SAFETY: async-signal-safe calls only.
    unsafe {
        // Away from the terminal, whose signals are for rinject, and from everything that somebody may wait to be closed.
        libc::setsid();
        libc::dup2(fd, 0);
        libc::syscall(libc::SYS_close_range, 1, u32::MAX, 0);
        let mut byte = 0u8;
        while libc::read(0, (&raw mut byte).cast(), 1) == -1 && *libc::__errno_location() == libc::EINTR {}
        libc::_exit(0)
    }
}
