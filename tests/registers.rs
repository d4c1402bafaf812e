//! Every register of a stopped child can be set and is read back, as the kernel has it.
#![allow(clippy::print_stdout, reason = "a skipped test says why")]

use std::fs::File;
use std::os::fd::OwnedFd;

use rinject::abi::{Arch, Register, Signal, TaskId, Word};
use rinject::sys::{self, ChildPlan, PtraceError};

/// A child that is stopped before its exec; killed and reaped at the end of the test.
struct Child(TaskId);

impl Child {
    fn stopped() -> Option<Child> {
        let null = || OwnedFd::from(File::options().read(true).write(true).open("/dev/null").expect("/dev/null"));
        let plan = ChildPlan {
            program: c"/bin/true".to_owned(),
            argv: vec![c"true".to_owned()],
            env: Vec::new(),
            cwd: c"/".to_owned(),
            stdio: [null(), null(), null()],
            terminal: None,
            limits: Vec::new(),
            filter: Vec::new(),
            aslr: true,
            traps_counter: false,
            own_pids: false,
            inherits: false,
        };
        match sys::spawn(&plan) {
            Ok(spawned) => Some(Child(spawned.task)),
            Err(error) => {
                let required =
                    std::env::var("RINJECT_REQUIRE").is_ok_and(|all| all.split(',').any(|one| one == "ptrace"));
                assert!(!required, "tracing is required and refused: {error:?}");
                println!("skipped: this machine refuses to trace: {error:?}");
                None
            }
        }
    }

    /// Sets a register and reads it back.
    #[track_caller]
    fn check(&self, name: &str, value: &str) {
        let register = Register::parse(name, Arch::X86_64).unwrap_or_else(|| panic!("no register {name}"));
        let value = Word::parse(value, register.bits()).unwrap();
        match sys::set_register(self.0, register, value) {
            Err(PtraceError::Refused(libc::ENODEV)) => println!("skipped: this processor has no {name}"),
            set => {
                set.unwrap_or_else(|error| panic!("{name}: {error:?}"));
                assert_eq!(sys::register(self.0, register), Ok(value), "{name}");
            }
        }
    }

    fn read(&self, name: &str) -> Word {
        let register = Register::parse(name, Arch::X86_64).unwrap_or_else(|| panic!("no register {name}"));
        sys::register(self.0, register).unwrap_or_else(|error| panic!("{name}: {error:?}"))
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        sys::send_signal(self.0, None, Signal::KILL);
        while let sys::WaitOutcome::Changed(_, status) = sys::wait(Some(self.0), true) {
            if matches!(status, sys::Status::Ended(_)) {
                break;
            }
            let _ = sys::resume(self.0, sys::Resume::Continue, None);
        }
    }
}

#[test]
fn general_registers_and_their_parts_are_set_and_read_back() {
    let Some(child) = Child::stopped() else { return };
    for name in ["rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rbp", "sp", "pc", "r8", "r15", "orig_rax"] {
        child.check(name, "0x7123456789ab");
    }
    child.check("rbx", "0x1122334455667788");
    child.check("bh", "0xaa");
    assert_eq!(child.read("rbx").to_string(), "0x112233445566aa88");
    child.check("ebx", "-1");
    assert_eq!(child.read("rbx").to_string(), "0x11223344ffffffff");
    child.check("r9w", "7");
    child.check("fs_base", "0x7000");
    child.check("gs_base", "0x7000");
    child.check("ds", "0");
    // ZF, which no kernel masks.
    let flags = child.read("eflags").low_u64();
    child.check("rflags", &(flags ^ 0x40).to_string());
}

#[test]
fn x87_and_vector_registers_are_set_and_read_back() {
    let Some(child) = Child::stopped() else { return };
    child.check("st0", "0x3fff8000000000000000");
    child.check("st7", "0x4000c90fdaa22168c235");
    child.check("fcw", "0x27f");
    child.check("ftw", "0x81");
    child.check("fip", "0x1000");
    child.check("mxcsr", "0x9fc0");
    for number in 0..16 {
        child.check(&format!("ymm{number}"), &format!("0x{:02x}{}", number + 1, "5a".repeat(31)));
    }
    child.check("xmm3", "7");
    let high = "5a".repeat(15);
    let is_avx = child.read("ymm3").to_string() == format!("0x4{high}{:032x}", 7);
    assert!(is_avx, "setting xmm3 keeps the rest of ymm3: {}", child.read("ymm3"));
    child.check("zmm2", &format!("0x77{}", "11".repeat(63)));
    child.check("zmm31", &format!("0x78{}", "22".repeat(63)));
    child.check("k1", "0xff");
    // What was set first is still there.
    assert_eq!(child.read("st0").to_string(), "0x3fff8000000000000000");
}

#[test]
fn debug_registers_are_set_and_read_back() {
    let Some(child) = Child::stopped() else { return };
    for name in ["dr0", "dr1", "dr2", "dr3"] {
        child.check(name, "0x1000");
    }
    // Four bytes, on writing, through the first (Intel SDM, volume 3, 19.2.4).
    child.check("dr7", "0xd0001");
    child.check("dr6", "0xffff0ff0");
    let kernel = Word::parse("0xffffffff81000000", 64).unwrap();
    let dr0 = Register::parse("dr0", Arch::X86_64).unwrap();
    assert!(matches!(sys::set_register(child.0, dr0, kernel), Err(PtraceError::Refused(_))));
}

#[test]
fn bits_that_the_processor_reserves_are_refused() {
    let Some(child) = Child::stopped() else { return };
    let mxcsr = Register::parse("mxcsr", Arch::X86_64).unwrap();
    assert_eq!(
        sys::set_register(child.0, mxcsr, Word::from_u64(u64::MAX, 32)),
        Err(PtraceError::Refused(libc::EINVAL))
    );
}
