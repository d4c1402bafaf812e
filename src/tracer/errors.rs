//! What each request can fail with, and nothing else: one type per kind of request, each value with the errno of
//! ptrace(2) that it comes from. It must not know what is done about a failure.

use std::fmt;

use crate::abi::Addr;
use crate::sys::PtraceError;

/// Makes an error type of the failures that one kind of request knows, with the sentence for each.
macro_rules! failures {
    ($(#[$about:meta])* $name:ident { $($(#[$doc:meta])* $case:ident: $($errno:ident)* => $text:literal,)* }) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $name {
            $($(#[$doc])* $case,)*
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(match self {
                    $($name::$case => $text,)*
                })
            }
        }

        impl std::error::Error for $name {}

        impl From<PtraceError> for $name {
            /// # Panics
            /// Any other errno would be news to ptrace(2).
            #[track_caller]
            fn from(error: PtraceError) -> $name {
                let errno = match error {
                    PtraceError::Gone => libc::ESRCH,
                    PtraceError::Refused(errno) => errno,
                };
                match errno {
                    $($(libc::$errno)|* => $name::$case,)*
                    _ => panic!("ptrace(2) has no errno {errno} for this request"),
                }
            }
        }
    };
}

failures! {
    /// Requests that fail only when there is no such stopped task any more.
    Gone {
        /// ESRCH: something killed the task in its stop; SIGKILL can at any moment.
        Gone: ESRCH => "the task is gone",
    }
}

failures! {
    /// Attaching.
    SeizeError {
        /// ESRCH: there is no such task.
        Gone: ESRCH => "there is no such task",
        /// EPERM: somebody traces it already, it is another user's or not dumpable, a kernel thread, or Yama or a
        /// container forbids it.
        Forbidden: EPERM EACCES => "the task is traced already, or may not be traced by this user (see ptrace(2), \
            /proc/sys/kernel/yama/ptrace_scope)",
        /// No task can trace its own process (ptrace(2): EPERM); found out before the kernel is asked.
        Oneself: EIO EINVAL => "a process cannot trace itself",
    }
}

failures! {
    /// Setting all general registers.
    SetRegistersError {
        /// ESRCH: something killed the task in its stop.
        Gone: ESRCH => "the task is gone",
        /// EIO: a value that the processor would not take: a selector of the kernel, a base that is not canonical.
        Invalid: EIO EINVAL => "the processor would not take one of the values",
    }
}

failures! {
    /// Reading one register.
    RegisterError {
        /// ESRCH: something killed the task in its stop.
        Gone: ESRCH => "the task is gone",
        /// ENODEV: this processor has no such register.
        Absent: ENODEV EIO => "this processor has no such register",
    }
}

failures! {
    /// Setting one register.
    SetRegisterError {
        /// ESRCH: something killed the task in its stop.
        Gone: ESRCH => "the task is gone",
        /// ENODEV: this processor has no such register.
        Absent: ENODEV => "this processor has no such register",
        /// EBUSY or ENOSPC: the debug registers are in use, by the kernel's own performance events.
        Busy: EBUSY ENOSPC => "no debug register is free",
        /// EINVAL or EIO: a value that the processor would not take.
        Invalid: EINVAL EIO => "the processor would not take the value",
    }
}

failures! {
    /// Asking which signal is in delivery.
    SignalError {
        /// ESRCH: something killed the task in its stop.
        Gone: ESRCH => "the task is gone",
        /// EINVAL: the task is in a group-stop, where there is no signal to ask about.
        NoSignal: EINVAL => "no signal is in delivery in this stop",
    }
}

/// Reading or writing memory: EIO or EFAULT of ptrace(2), also what is seen of a task that is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unmapped {
    /// The first address that could not be accessed.
    pub addr: Addr,
}

impl fmt::Display for Unmapped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "nothing is mapped at {}", self.addr)
    }
}

impl std::error::Error for Unmapped {}
