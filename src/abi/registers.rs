//! The general registers of an x86-64 task, as `user_regs_struct` lays them out.

/// Makes the structure of general registers, and one word of it to be named by a value.
macro_rules! general_registers {
    ($($field:ident $word:ident)*) => {
        /// General registers of a stopped x86-64 task. Field names are the kernel's (`sys/user.h`).
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        #[allow(missing_docs)]
        pub struct Registers {
            $(pub $field: u64,)*
        }

        /// One word of [`Registers`].
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[allow(missing_docs)]
        pub enum General {
            $($word,)*
        }

        impl Registers {
            /// One of the words.
            pub fn word(&self, which: General) -> u64 {
                match which {
                    $(General::$word => self.$field,)*
                }
            }

            /// One of the words, to be changed.
            pub fn word_mut(&mut self, which: General) -> &mut u64 {
                match which {
                    $(General::$word => &mut self.$field,)*
                }
            }
        }
    };
}

general_registers! {
    r15 R15
    r14 R14
    r13 R13
    r12 R12
    rbp Rbp
    rbx Rbx
    r11 R11
    r10 R10
    r9 R9
    r8 R8
    rax Rax
    rcx Rcx
    rdx Rdx
    rsi Rsi
    rdi Rdi
    orig_rax OrigRax
    rip Rip
    cs Cs
    eflags Eflags
    rsp Rsp
    ss Ss
    fs_base FsBase
    gs_base GsBase
    ds Ds
    es Es
    fs Fs
    gs Gs
}

impl Registers {
    /// The six system-call arguments (`syscall(2)`, x86-64: rdi rsi rdx r10 r8 r9).
    pub fn call_args(&self) -> [u64; 6] {
        [self.rdi, self.rsi, self.rdx, self.r10, self.r8, self.r9]
    }
}
