//! What another task's descriptors stand for, where /proc does not tell.
//! It must not know why somebody asks.

use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::time::{Duration, Instant};

use crate::abi::TaskId;

/// Whether two descriptors, each of a task, are one open file (kcmp(2)); `None` where the kernel does not tell: the
/// call may be left out or refused, and a descriptor may not be open.
pub fn is_same_open_file(one: (TaskId, i32), other: (TaskId, i32)) -> Option<bool> {
    const KCMP_FILE: libc::c_long = 0;
    let (one_fd, other_fd) = (libc::c_long::from(one.1), libc::c_long::from(other.1));
    // SAFETY: kcmp(2) compares by number and touches no memory of this process.
    let order = unsafe { libc::syscall(libc::SYS_kcmp, one.0.0, other.0.0, KCMP_FILE, one_fd, other_fd) };
    (0..=3).contains(&order).then_some(order == 0)
}

/// Whether `fd` of a process is a socket with a time limit for sending, or else for receiving (socket(7)). Kernels
/// before 5.6 do not tell: then it is taken to have none.
pub fn socket_time_limit(process: TaskId, fd: i32, sends: bool) -> bool {
    let Some(copy) = copy_of(process, fd) else { return false };
    let option = if sends { libc::SO_SNDTIMEO } else { libc::SO_RCVTIMEO };
    let mut limit = libc::timeval { tv_sec: 0, tv_usec: 0 };
    let mut length = size_of::<libc::timeval>() as libc::socklen_t;
    // SAFETY: `limit` and `length` are exclusively borrowed, and `length` is the size of `limit`.
    let got = unsafe {
        let value = (&raw mut limit).cast();
        libc::getsockopt(copy.as_raw_fd(), libc::SOL_SOCKET, option, value, &raw mut length)
    };
    // What is no socket has no such option.
    got == 0 && (limit.tv_sec, limit.tv_usec) != (0, 0)
}

/// A descriptor of our own for an open file of another process.
#[derive(Debug)]
pub struct OwnFile(OwnedFd);

impl OwnFile {
    /// For what `fd` is to a process; `None` where it is not open, or the kernel does not let it be shared: before 5.6, or
    /// without the right to trace the process.
    pub fn shared(process: TaskId, fd: i32) -> Option<OwnFile> {
        copy_of(process, fd).map(OwnFile)
    }

    /// Whether `fd` of a process is the same open file; `None` where the kernel does not tell.
    pub fn is(&self, process: TaskId, fd: i32) -> Option<bool> {
        let own = TaskId(i32::try_from(std::process::id()).ok()?);
        is_same_open_file((own, self.0.as_raw_fd()), (process, fd))
    }
}

/// Lets a timer go off (timerfd_create(2)): when this returns, it has woken whoever waits for it.
pub fn expire(timer: &OwnFile) {
    /// A kernel that has not let it go off by then will not do so at all.
    const LONGEST: Duration = Duration::from_secs(1);
    let nothing = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // The next time is in 30 years. That is what is left once it has gone off, also where it was read at once.
    let next = libc::timespec { tv_sec: 1_000_000_000, tv_nsec: 0 };
    let now = libc::itimerspec { it_interval: next, it_value: libc::timespec { tv_sec: 0, tv_nsec: 1 } };
    let mut left = libc::itimerspec { it_interval: nothing, it_value: nothing };
    // SAFETY: `now` is only read.
    let set = unsafe { libc::timerfd_settime(timer.0.as_raw_fd(), 0, &raw const now, std::ptr::null_mut()) };
    let since = Instant::now();
    while set == 0 && left.it_value.tv_sec == 0 && since.elapsed() < LONGEST {
        std::thread::yield_now();
        // SAFETY: `left` is exclusively borrowed.
        unsafe { libc::timerfd_gettime(timer.0.as_raw_fd(), &raw mut left) };
    }
}

/// A descriptor of our own for what `fd` is to a process (pidfd_getfd(2)).
pub(super) fn copy_of(process: TaskId, fd: i32) -> Option<OwnedFd> {
    // SAFETY: pidfd_open(2) takes numbers and touches no memory.
    let handle = owned(unsafe { libc::syscall(libc::SYS_pidfd_open, process.0, 0) })?;
    // SAFETY: pidfd_getfd(2) takes numbers and touches no memory.
    owned(unsafe { libc::syscall(libc::SYS_pidfd_getfd, handle.as_raw_fd(), fd, 0) })
}

fn owned(result: libc::c_long) -> Option<OwnedFd> {
    let fd = RawFd::try_from(result).ok().filter(|fd| *fd >= 0)?;
    // SAFETY: the kernel has just made this descriptor, and nobody else knows it.
    Some(unsafe { OwnedFd::from_raw_fd(fd) })
}

#[cfg(test)]
mod tests {
    use std::io::Read;
    use std::os::unix::net::UnixDatagram;

    use super::*;

    fn this() -> TaskId {
        TaskId(i32::try_from(std::process::id()).unwrap())
    }

    #[test]
    fn a_duplicate_is_the_same_open_file_and_a_file_opened_again_is_not() {
        let one = std::fs::File::open("/dev/null").unwrap();
        let (same, again) = (one.try_clone().unwrap(), std::fs::File::open("/dev/null").unwrap());
        let compared =
            |other: &std::fs::File| is_same_open_file((this(), one.as_raw_fd()), (this(), other.as_raw_fd()));
        // A kernel may be without kcmp(2).
        assert_ne!(compared(&same), Some(false));
        assert_ne!(compared(&again), Some(true));
        assert_eq!(is_same_open_file((this(), one.as_raw_fd()), (this(), -1)), None);
    }

    #[test]
    fn a_timer_that_is_let_go_off_can_be_read_once() {
        // SAFETY: timerfd_create(2) takes plain numbers.
        let timer = owned(unsafe { libc::timerfd_create(libc::CLOCK_MONOTONIC, libc::TFD_NONBLOCK) }.into()).unwrap();
        // Where pidfd_getfd(2) is refused there is nothing to let go off.
        let Some(own) = OwnFile::shared(this(), timer.as_raw_fd()) else { return };
        assert_ne!(own.is(this(), timer.as_raw_fd()), Some(false));
        let mut timer = std::fs::File::from(timer);
        let mut ticks = [0; 8];
        assert!(timer.read(&mut ticks).is_err(), "it was not set");
        expire(&own);
        assert_eq!((timer.read(&mut ticks).unwrap(), u64::from_ne_bytes(ticks)), (8, 1));
        assert!(timer.read(&mut ticks).is_err(), "it goes off once");
    }

    #[test]
    fn each_direction_of_a_socket_has_its_own_time_limit() {
        let (one, _other) = UnixDatagram::pair().unwrap();
        let limits = || [true, false].map(|sends| socket_time_limit(this(), one.as_raw_fd(), sends));
        assert_eq!(limits(), [false, false]);
        one.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        assert!(!limits()[0]);
        let file = std::fs::File::open("/dev/null").unwrap();
        assert!(!socket_time_limit(this(), file.as_raw_fd(), false));
    }
}
