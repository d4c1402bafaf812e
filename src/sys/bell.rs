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
        let (task, rope) = listener(false)?;
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

/// A process group that dies with rinject: its first process waits for that, and kills all the others.
#[derive(Debug)]
pub struct Guard {
    task: TaskId,
    _rope: OwnedFd,
}

impl Guard {
    /// Makes a group, so far without anybody to guard; to be dropped by the calling thread.
    pub fn new() -> io::Result<Guard> {
        let (task, rope) = listener(true)?;
        // SAFETY: setpgid(2) takes plain numbers. The child does the same; whoever is first, the group is there now.
        unsafe { libc::setpgid(task.0, task.0) };
        Ok(Guard { task, _rope: rope })
    }

    /// The group's number.
    pub fn group(&self) -> i32 {
        self.task.0
    }

    /// Kills whoever is in the group.
    pub fn kill(&self) {
        // SAFETY: kill(2) takes plain numbers. The group is there as long as its first process has not been reaped.
        unsafe { libc::kill(-self.task.0, libc::SIGKILL) };
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.kill();
        let _ = wait(Some(self.task), true);
    }
}

/// A child that ends when the pipe is closed; one that `guards` has a process group of its own and ends with all of it.
fn listener(guards: bool) -> io::Result<(TaskId, OwnedFd)> {
    let (read, write) = pipe(0)?;
    let fd = read.as_raw_fd();
    // SAFETY: the child only makes async-signal-safe calls, then exits.
    let pid = unsafe { libc::fork() };
    match pid {
        -1 => Err(io::Error::last_os_error()),
        // SAFETY: this is the child.
        0 => unsafe { listen(fd, guards) },
        pid => Ok((TaskId(pid), write)),
    }
}

/// What the child does.
///
/// # Safety
/// Must run in a freshly forked child: it allocates nothing and never returns.
#[allow(clippy::multiple_unsafe_ops_per_block)]
unsafe fn listen(fd: i32, guards: bool) -> ! {
    // SAFETY: async-signal-safe calls only.
    unsafe {
        // Away from the terminal, whose signals are for rinject, and from everything that somebody may wait to be closed.
        if guards {
            libc::setpgid(0, 0);
        } else {
            libc::setsid();
        }
        libc::dup2(fd, 0);
        libc::syscall(libc::SYS_close_range, 1, u32::MAX, 0);
        let mut byte = 0u8;
        while libc::read(0, (&raw mut byte).cast(), 1) == -1 && *libc::__errno_location() == libc::EINTR {}
        if guards {
            libc::kill(0, libc::SIGKILL);
        }
        libc::_exit(0)
    }
}
