//! The architectures a call can arrive by; a value, never a `cfg`.

use std::fmt;

/// An architecture's system-call table, as seccomp and `PTRACE_GET_SYSCALL_INFO` tell them apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Arch {
    /// 64-bit x86.
    X86_64,
    /// 32-bit x86: 32-bit programs, and `int 0x80` in 64-bit ones.
    I386,
    /// 64-bit ARM.
    Aarch64,
}

impl Arch {
    /// Every architecture there is a table for.
    pub const ALL: [Arch; 3] = [Arch::X86_64, Arch::I386, Arch::Aarch64];

    /// The native architecture of this build; `None` where rinject has no table.
    pub fn host() -> Option<Arch> {
        match std::env::consts::ARCH {
            "x86_64" => Some(Arch::X86_64),
            "x86" => Some(Arch::I386),
            "aarch64" => Some(Arch::Aarch64),
            _ => None,
        }
    }

    /// The `AUDIT_ARCH_*` value of `linux/audit.h`.
    pub fn audit(self) -> u32 {
        match self {
            Arch::X86_64 => 0xc000_003e,
            Arch::I386 => 0x4000_0003,
            Arch::Aarch64 => 0xc000_00b7,
        }
    }

    /// The architecture of an `AUDIT_ARCH_*` value.
    pub fn from_audit(audit: u32) -> Option<Arch> {
        Arch::ALL.into_iter().find(|arch| arch.audit() == audit)
    }

    /// The name `uname -m` and specs use.
    pub fn name(self) -> &'static str {
        match self {
            Arch::X86_64 => "x86_64",
            Arch::I386 => "i386",
            Arch::Aarch64 => "aarch64",
        }
    }
}

impl fmt::Display for Arch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
