//! Calls whose arguments stand in registers, strings and paths.

use super::fake::{DATA, EMPTY, HEAP, LIBRARY, NOWHERE, PATH, RELATIVE, TEXT};
use super::*;
use crate::engine::Descriptor;

const CWD: u64 = -100_i32 as u32 as u64;

#[test]
fn opening_and_closing() {
    let opened = r#"openat(AT_FDCWD, "${tmp}/0.wal", O_WRONLY|O_CREAT|O_APPEND, 0644) = fd#1<${tmp}/0.wal>"#;
    check("openat", &[CWD, PATH, 0o2101, 0o644], 3, opened);
    check("openat", &[CWD, PATH, 0, 0o644], -2, r#"openat(AT_FDCWD, "${tmp}/0.wal", O_RDONLY) = -1 ENOENT"#);
    check("openat", &[4, TEXT, 0], -2, r#"openat(fd#1<${tmp}/dir>, "hello", O_RDONLY) = -1 ENOENT"#);
    check("openat", &[CWD, 0, 0], -14, "openat(AT_FDCWD, NULL, O_RDONLY) = -1 EFAULT");
    check("openat", &[CWD, NOWHERE, 0], -14, "openat(AT_FDCWD, _, O_RDONLY) = -1 EFAULT");
    check("open", &[PATH, 0o20200002, 0o600], -95, r#"open("${tmp}/0.wal", O_RDWR|O_TMPFILE, 0600) = -1 EOPNOTSUPP"#);
    check("creat", &[TEXT, 0], 3, r#"creat("hello", 0) = fd#1<${tmp}/0.wal>"#);
    check("close", &[3], 0, "close(fd#1<${tmp}/0.wal>) = 0");
    check("close", &[99], -9, "close(99) = -1 EBADF");
    check("close", &[0xffff_ffff], -9, "close(-1) = -1 EBADF");
    check("close", &[0x4000_0000], -9, "close(_) = -1 EBADF");
}

#[test]
fn kinds_of_descriptors() {
    check("fsync", &[5], -22, "fsync(fd#1<pipe#1:r>) = -1 EINVAL");
    check("fsync", &[7], -22, "fsync(fd#1<socket#1>) = -1 EINVAL");
    check("fsync", &[8], -22, "fsync(fd#1<anon:eventfd>) = -1 EINVAL");
    check("dup", &[3], 4, "dup(fd#1<${tmp}/0.wal>) = fd#2<${tmp}/dir>");
    check("dup2", &[3, 3], 3, "dup2(fd#1<${tmp}/0.wal>, fd#1) = fd#1");
    check("dup2", &[3, 40], -9, "dup2(fd#1<${tmp}/0.wal>, 40) = -1 EBADF");
    check("dup3", &[3, 4, 0o2000000], 4, "dup3(fd#1<${tmp}/0.wal>, fd#2<${tmp}/dir>, O_CLOEXEC) = fd#3<${tmp}/dir>");
    check("epoll_create1", &[0o2000000], 50, "epoll_create1(EPOLL_CLOEXEC) = 50");
    check("close_range", &[3, 0xffff_ffff, 4], 0, "close_range(3, 4294967295, CLOSE_RANGE_CLOEXEC) = 0");
}

#[test]
fn paths_lead_somewhere_on_the_host() {
    let host = |name: &str, args: &[u64]| {
        let call = decode(&Fake::default(), &mut names(), Arch::X86_64, name, args, None);
        let paths = call.args.into_iter().filter_map(|arg| match arg.value {
            Value::Path(path) => Some(path.host),
            _ => None,
        });
        paths.collect::<Vec<_>>().join(" ")
    };
    assert_eq!(host("unlink", &[RELATIVE]), "/tmp/r/x/y");
    assert_eq!(host("unlinkat", &[4, RELATIVE, 0]), "/tmp/r/x/y");
    assert_eq!(host("unlinkat", &[4, PATH, 0]), "/tmp/r/0.wal");
    assert_eq!(host("newfstatat", &[4, EMPTY, 0, 0x1000]), "/tmp/r/dir");
    assert_eq!(host("renameat", &[4, TEXT, CWD, TEXT]), "/tmp/r/dir/hello /tmp/r/work/hello");
    let link = Fake::with(b"/proc/self/fd/3\0");
    let call = decode(&link, &mut names(), Arch::X86_64, "unlink", &[DATA], None);
    assert!(matches!(&call.args[0].value, Value::Path(path) if path.host == "/tmp/r/0.wal"));
}

#[test]
fn names_of_files() {
    check("rename", &[PATH, TEXT], 0, r#"rename("${tmp}/0.wal", "hello") = 0"#);
    check("symlink", &[PATH, TEXT], 0, r#"symlink("${tmp}/0.wal", "hello") = 0"#);
    check("mkdir", &[TEXT, 0o755], 0, r#"mkdir("hello", 0755) = 0"#);
    check("unlinkat", &[CWD, TEXT, 0x200], 0, r#"unlinkat(AT_FDCWD, "hello", AT_REMOVEDIR) = 0"#);
    check("access", &[TEXT, 4], -13, r#"access("hello", R_OK) = -1 EACCES"#);
    check("mknod", &[TEXT, 0o20644, 0x103], -1, r#"mknod("hello", 020644, makedev(1, 3)) = -1 EPERM"#);
    check("umask", &[0o22], 0o77, "umask(022) = 077");
    check("fchmodat", &[CWD, TEXT, 0o7777], 0, r#"fchmodat(AT_FDCWD, "hello", 07777) = 0"#);
}

#[test]
fn a_rename_keeps_the_names_of_descriptors() {
    let (fake, mut names) = (Fake::with(b"/tmp/r/1.wal\0"), names());
    let mut name_of = |name: &str, args: &[u64], path: &str| {
        decode(&fake, &mut names, Arch::X86_64, name, args, Some(0));
        names.descriptor(TABLE, 3, &Descriptor::Path(path.into())).to_string()
    };
    assert_eq!(name_of("fsync", &[3], "/tmp/r/0.wal"), "fd#1");
    assert_eq!(name_of("rename", &[PATH, DATA], "/tmp/r/1.wal"), "fd#1");
}

#[test]
fn memory() {
    let anonymous = "mmap(NULL, 4096, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = [anon]";
    check("mmap", &[0, 4096, 3, 0x22, 0xffff_ffff, 0], DATA as i64, anonymous);
    let file = "mmap(NULL, 10, PROT_READ, MAP_SHARED, fd#1<${tmp}/0.wal>, 0) = libc.so.6";
    check("mmap", &[0, 10, 1, 1, 3, 0], LIBRARY as i64, file);
    check("mmap", &[0, 10, 1, 1, 3, 0], -12, &file.replace("libc.so.6", "-1 ENOMEM"));
    check("munmap", &[HEAP, 4096], 0, "munmap([heap], 4096) = 0");
    check("munmap", &[NOWHERE, 4096], 0, "munmap(_, 4096) = 0");
    check("brk", &[0], 0x60_0000, "brk(NULL) = [heap]");
    check("brk", &[0x60_1000], 0x60_1000, "brk([heap]) = [heap]");
    check("mprotect", &[0x7fff_1234_5678, 1, 0], 0, "mprotect([stack], 1, PROT_NONE) = 0");
}

#[test]
fn tasks() {
    check("getpid", &[], 700, "getpid() = P1");
    check("getppid", &[], 5, "getppid() = _");
    check("kill", &[701, 15], 0, "kill(P2, SIGTERM) = 0");
    check("kill", &[0, 0], 0, "kill(0, 0) = 0");
    check("kill", &[-701_i32 as u32 as u64, 9], 0, "kill(-P2, SIGKILL) = 0");
    check("kill", &[9999, 99], -22, "kill(_, 99) = -1 EINVAL");
    check("tgkill", &[700, 700, 6], 0, "tgkill(P1, P1, SIGABRT) = 0");
    check("fork", &[], 701, "fork() = P2");
    check("fork", &[], 0, "fork() = 0");
    check("exit_group", &[7], 0, "exit_group(7) = _");
    check_entry(&[], "exit_group", &[7], "exit_group(7)");
    check("getuid", &[], 1000, "getuid() = _");
    check("getrandom", &[HEAP, 16, 1], 16, "getrandom(_, 16, GRND_NONBLOCK) = 16");
}

#[test]
fn commands_decide_what_a_word_means() {
    check("fcntl", &[3, 1, 77], 1, "fcntl(fd#1<${tmp}/0.wal>, F_GETFD) = FD_CLOEXEC");
    check("fcntl", &[3, 2, 1], 0, "fcntl(fd#1<${tmp}/0.wal>, F_SETFD, FD_CLOEXEC) = 0");
    check("fcntl", &[3, 3, 77], 0o2002, "fcntl(fd#1<${tmp}/0.wal>, F_GETFL) = O_RDWR|O_APPEND");
    check("fcntl", &[3, 4, 0o4000], 0, "fcntl(fd#1<${tmp}/0.wal>, F_SETFL, O_RDONLY|O_NONBLOCK) = 0");
    check("fcntl", &[3, 1030, 4], 4, "fcntl(fd#1<${tmp}/0.wal>, F_DUPFD_CLOEXEC, 4) = fd#2<${tmp}/dir>");
    check("ioctl", &[3, 0x5451, 77], 0, "ioctl(fd#1<${tmp}/0.wal>, FIOCLEX) = 0");
    check("ioctl", &[3, 0x5401, HEAP], -25, "ioctl(fd#1<${tmp}/0.wal>, TCGETS, _) = -1 ENOTTY");
    check("ioctl", &[3, 0x1234_5678, 1], -25, "ioctl(fd#1<${tmp}/0.wal>, 0x12345678, 1) = -1 ENOTTY");
    check("prctl", &[15, TEXT, 1, 2, 3], 0, r#"prctl(PR_SET_NAME, "hello") = 0"#);
    check("prctl", &[16, TEXT], 0, r#"prctl(PR_GET_NAME, "hello") = 0"#);
    check("prctl", &[1, 9], 0, "prctl(PR_SET_PDEATHSIG, SIGKILL) = 0");
    check("prctl", &[39], 0, "prctl(PR_GET_NO_NEW_PRIVS) = 0");
    check("arch_prctl", &[0x1002, HEAP], 0, "arch_prctl(ARCH_SET_FS, [heap]) = 0");
}

#[test]
fn futexes() {
    check("futex", &[HEAP, 128, 2, 0], -11, "futex([heap], FUTEX_WAIT|FUTEX_PRIVATE_FLAG, 2, NULL) = -1 EAGAIN");
    check("futex", &[HEAP, 129, 1, HEAP, HEAP, HEAP], 1, "futex([heap], FUTEX_WAKE|FUTEX_PRIVATE_FLAG, 1) = 1");
    check("futex", &[HEAP, 0, 701, 0], 0, "futex([heap], FUTEX_WAIT, P2, NULL) = 0");
    let bits = "futex([heap], FUTEX_WAIT_BITSET, 0, _, _, 0xffffffff) = -1 ETIMEDOUT";
    check("futex", &[HEAP, 9, 0, HEAP, 0, 0xffff_ffff], -110, bits);
    check("futex", &[HEAP, 4, 1, 2, HEAP, 5], 3, "futex([heap], FUTEX_CMP_REQUEUE, 1, 2, [heap], 5) = 3");
}

#[test]
fn results_the_kernel_keeps_to_itself() {
    for restart in [-512, -513, -514, -516] {
        check("fsync", &[3], restart, "fsync(fd#1<${tmp}/0.wal>) = ?");
    }
    check("fsync", &[3], -4000, "fsync(fd#1<${tmp}/0.wal>) = -1 ERRNO_4000");
}

#[test]
fn clocks_are_the_hosts() {
    check("clock_gettime", &[1, HEAP], 0, "clock_gettime(CLOCK_MONOTONIC, [heap]) = 0");
    check("clock_gettime", &[0xffff_d412, HEAP], 0, "clock_gettime(_, [heap]) = 0");
    check("time", &[0], 1_700_000_000, "time(NULL) = _");
    check("times", &[HEAP], 17, "times([heap]) = _");
}

#[test]
fn calls_without_a_signature() {
    check("nfsservctl", &[1, 0xffff_ffff_ffff_ffff, HEAP, 0x10000], -38, "nfsservctl(1, -1, _, _, 0, 0) = -1 ENOSYS");
    let (fake, mut names) = (Fake::default(), names());
    let mut decoder = decoder(&fake, &mut names);
    let mut call = decoder.entry(Arch::X86_64, 5000, &[7, HEAP, 0, 0, 0, 0]);
    decoder.exit(Arch::X86_64, &mut call, HEAP as i64);
    assert_eq!(call.to_string(), "syscall_0x1388(7, _, 0, 0, 0, 0) = _");
}

#[test]
fn other_architectures() {
    let check = |arch, name: &str, args: &[u64], result, expected: &str| {
        let call = decode(&Fake::default(), &mut names(), arch, name, args, Some(result));
        assert_eq!(call.to_string(), expected);
    };
    let opened = r#"openat(AT_FDCWD, "hello", O_RDONLY|O_DIRECTORY) = -1 ENOENT"#;
    check(Arch::Aarch64, "openat", &[CWD, TEXT, 0o40000], -2, opened);
    check(Arch::X86_64, "openat", &[CWD, TEXT, 0o200000], -2, opened);
    check(Arch::I386, "open", &[TEXT, 0], 0xffff_fffe, r#"open("hello", O_RDONLY) = -1 ENOENT"#);
    // It has one number on all of them.
    let opened = r#"openat2(AT_FDCWD, "hello", _, 24) = -1 ENOENT"#;
    check(Arch::I386, "openat2", &[CWD & 0xffff_ffff, TEXT, 0x10000, 24], 0xffff_fffe, opened);
    check(Arch::I386, "munmap", &[HEAP, 0xffff_ffff], 0, "munmap([heap], 4294967295) = 0");
}
