//! Calls whose arguments lie in memory: buffers, structures, lists.

use super::fake::{DATA, HEAP, NOWHERE, TEXT};
use super::*;

#[test]
fn buffers() {
    check_with(b"abc", "write", &[3, DATA, 3], 3, r#"write(fd#1<${tmp}/0.wal>, "abc", 3) = 3"#);
    check_with(b"", "write", &[3, DATA, 0], 0, r#"write(fd#1<${tmp}/0.wal>, "", 0) = 0"#);
    let long = r#"write(fd#1<${tmp}/0.wal>, "aaaaaaaaaaaaaaaa..." <20 B sha256:42492da0>, 20) = 20"#;
    check_with(&[b'a'; 20], "write", &[3, DATA, 20], 20, long);
    let path = r#"write(fd#1<${tmp}/0.wal>, "${tmp}/x", 8) = 8"#;
    check_with(b"/tmp/r/x", "write", &[3, DATA, 8], 8, path);
    check_with(b"abcd", "read", &[3, DATA, 64], 3, r#"read(fd#1<${tmp}/0.wal>, "abc", 64) = 3"#);
    check_with(b"abcd", "read", &[3, DATA, 64], 0, r#"read(fd#1<${tmp}/0.wal>, "", 64) = 0"#);
    check_with(b"abcd", "read", &[3, DATA, 64], -5, "read(fd#1<${tmp}/0.wal>, _, 64) = -1 EIO");
    check_with(b"abcd", "read", &[3, DATA, 64], -512, "read(fd#1<${tmp}/0.wal>, _, 64) = ?");
    check_entry(b"abcd", "read", &[3, DATA, 64], "read(fd#1<${tmp}/0.wal>, _, 64)");
    check_with(b"", "write", &[3, HEAP, 9], -14, "write(fd#1<${tmp}/0.wal>, [heap], 9) = -1 EFAULT");
    check_with(b"", "write", &[3, NOWHERE, 9], -14, "write(fd#1<${tmp}/0.wal>, _, 9) = -1 EFAULT");
    check_with(b"/tmp/r/d\0", "getcwd", &[DATA, 64], 9, r#"getcwd("${tmp}/d", 64) = 9"#);
    check_with(b"target", "readlink", &[TEXT, DATA, 3], 3, r#"readlink("hello", "tar", 3) = 3"#);
    check_with(
        b"abcdef",
        "recvfrom",
        &[7, DATA, 3, 0x20, 0, 0],
        6,
        r#"recvfrom(fd#1<socket#1>, "abc", 3, MSG_TRUNC, NULL, NULL) = 6"#,
    );
}

#[test]
fn a_character_is_not_cut() {
    let text = "fifteen letters€€€".as_bytes();
    let shown = r#"write(5, "fifteen letters..." <24 B sha256:"#;
    let call = decode(&Fake::with(text), &mut names(), Arch::X86_64, "write", &[50, DATA, 24], Some(24)).to_string();
    assert!(call.starts_with(&shown.replace("(5,", "(50,")), "{call}");
}

#[test]
fn a_huge_buffer_has_no_digest() {
    let call =
        decode(&Fake::with(&[b'a'; 300]), &mut names(), Arch::X86_64, "write", &[50, DATA, 1 << 40], Some(300));
    assert_eq!(call.to_string(), r#"write(50, "aaaaaaaaaaaaaaaa..." <1099511627776 B>, 1099511627776) = 300"#);
}

#[test]
fn scattered_buffers() {
    let vector = [words(&[TEXT, 2, TEXT, 3, 0, 0]), Vec::new()].concat();
    let parts = r#"[{iov_base="he", iov_len=2}, {iov_base="hel", iov_len=3}]"#;
    check_with(&vector, "writev", &[3, DATA, 2], 5, &format!("writev(fd#1<${{tmp}}/0.wal>, {parts}, 2) = 5"));
    let filled = r#"[{iov_base="he", iov_len=2}, {iov_base="h", iov_len=3}]"#;
    check_with(&vector, "readv", &[3, DATA, 2], 3, &format!("readv(fd#1<${{tmp}}/0.wal>, {filled}, 2) = 3"));
    check_with(&vector, "readv", &[3, DATA, 2], -5, "readv(fd#1<${tmp}/0.wal>, _, 2) = -1 EIO");
    check_with(
        &vector,
        "writev",
        &[50, DATA, 1 << 31],
        -22,
        &format!(
            r#"writev(50, [{}, {}, {{iov_base=NULL, iov_len=0}}, ...], -2147483648) = -1 EINVAL"#,
            r#"{iov_base="he", iov_len=2}"#, r#"{iov_base="hel", iov_len=3}"#
        ),
    );
}

#[test]
fn program_arguments() {
    let argv = words(&[TEXT, TEXT, 0]);
    check_with(&argv, "execve", &[TEXT, DATA, HEAP], -2, r#"execve("hello", ["hello", "hello"], _) = -1 ENOENT"#);
    check_with(
        &words(&[TEXT; 40]),
        "execve",
        &[TEXT, DATA, 0],
        -7,
        &format!(r#"execve("hello", [{}...], _) = -1 E2BIG"#, "\"hello\", ".repeat(32)),
    );
}

#[test]
fn times() {
    let second = words(&[1, 500]);
    check_with(&second, "nanosleep", &[DATA, 0], 0, "nanosleep({tv_sec=1, tv_nsec=500}, NULL) = 0");
    let absolute = "clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, _, NULL) = 0";
    check_with(&second, "clock_nanosleep", &[0, 1, DATA, 0], 0, absolute);
    let relative = "clock_nanosleep(CLOCK_REALTIME, 0, {tv_sec=1, tv_nsec=500}, NULL) = 0";
    check_with(&second, "clock_nanosleep", &[0, 0, DATA, 0], 0, relative);
    let timer =
        "timerfd_settime(50, 0, {it_interval={tv_sec=0, tv_nsec=0}, it_value={tv_sec=2, tv_nsec=0}}, NULL) = 0";
    check_with(&words(&[0, 0, 2, 0]), "timerfd_settime", &[50, 0, DATA, 0], 0, timer);
    let point = "timerfd_settime(50, TFD_TIMER_ABSTIME, {it_interval={tv_sec=0, tv_nsec=0}, it_value=_}, NULL) = 0";
    check_with(&words(&[0, 0, 2, 0]), "timerfd_settime", &[50, 1, DATA, 0], 0, point);
    let touched = r#"utimensat(AT_FDCWD, "hello", [UTIME_NOW, _], 0) = 0"#;
    let cwd = -100_i32 as u32 as u64;
    check_with(&words(&[0, 0x3fff_ffff, 5, 6]), "utimensat", &[cwd, TEXT, DATA, 0], 0, touched);
    let interval =
        "setitimer(ITIMER_REAL, {it_interval={tv_sec=0, tv_usec=0}, it_value={tv_sec=1, tv_usec=5}}, NULL) = 0";
    check_with(&words(&[0, 0, 1, 5]), "setitimer", &[0, DATA, 0], 0, interval);
}

#[test]
fn times_of_32_bit_programs() {
    let fake = Fake::with(&[1, 0, 0, 0, 9, 0, 0, 0]);
    let call = decode(&fake, &mut names(), Arch::I386, "nanosleep", &[DATA, 0], Some(0));
    assert_eq!(call.to_string(), "nanosleep({tv_sec=1, tv_nsec=9}, NULL) = 0");
}

#[test]
fn files() {
    let mut stat = vec![0; 144];
    stat[24..28].copy_from_slice(&0o100644_u32.to_le_bytes());
    stat[48] = 5;
    let shown = "fstat(fd#1<${tmp}/0.wal>, {st_mode=S_IFREG|0644, st_size=5}) = 0";
    check_with(&stat, "fstat", &[3, DATA], 0, shown);
    check_with(&stat, "fstat", &[3, DATA], -9, "fstat(fd#1<${tmp}/0.wal>, _) = -1 EBADF");
    stat[24..28].copy_from_slice(&0o40755_u32.to_le_bytes());
    check_with(&stat, "stat", &[TEXT, DATA], 0, r#"stat("hello", {st_mode=S_IFDIR|0755, st_size=_}) = 0"#);
    check("getdents64", &[3, HEAP, 32768], 48, "getdents64(fd#1<${tmp}/0.wal>, _, 32768) = 48");
    check("statfs", &[TEXT, HEAP], 0, r#"statfs("hello", _) = 0"#);
    let how = words(&[0o101, 0o644, 8]);
    let opened =
        r#"openat2(50, "hello", {flags=O_WRONLY|O_CREAT, mode=0644, resolve=RESOLVE_BENEATH}, 24) = -1 ENOENT"#;
    check_with(&how, "openat2", &[50, TEXT, DATA, 24], -2, opened);
    let moved = "sendfile(50, fd#1<${tmp}/0.wal>, [7], 100) = 5";
    check_with(&words(&[7]), "sendfile", &[50, 3, DATA, 100], 5, moved);
}

#[test]
fn locks_and_limits() {
    let lock = words(&[1, 0, 10, 0]);
    let shown =
        "fcntl(fd#1<${tmp}/0.wal>, F_SETLK, {l_type=F_WRLCK, l_whence=SEEK_SET, l_start=0, l_len=10}) = -1 EAGAIN";
    check_with(&lock, "fcntl", &[3, 6, DATA], -11, shown);
    check_with(&lock, "fcntl", &[3, 5, DATA], -11, "fcntl(fd#1<${tmp}/0.wal>, F_GETLK, _) = -1 EAGAIN");
    let limit = "prlimit64(0, RLIMIT_NOFILE, {rlim_cur=64, rlim_max=RLIM_INFINITY}, NULL) = 0";
    check_with(&words(&[64, u64::MAX]), "prlimit64", &[0, 7, DATA, 0], 0, limit);
}

#[test]
fn polling() {
    let polled = [3_u32.to_le_bytes(), [1, 0, 1, 0]].concat();
    let shown = "poll([{fd=fd#1<${tmp}/0.wal>, events=POLLIN, revents=POLLIN}], 1, -1) = 1";
    check_with(&polled, "poll", &[DATA, 1, 0xffff_ffff], 1, shown);
    let failed = "poll([{fd=fd#1<${tmp}/0.wal>, events=POLLIN}], 1, -1) = -1 EINTR";
    check_with(&polled, "poll", &[DATA, 1, 0xffff_ffff], -4, failed);
    check_entry(&polled, "poll", &[DATA, 1, 5], "poll(_, 1, 5)");
    let set = words(&[1 << 3 | 1 << 5]);
    let selected = "select(6, [fd#1<${tmp}/0.wal>, fd#2<pipe#1:r>], NULL, NULL, NULL) = 2";
    check_with(&set, "select", &[6, DATA, 0, 0, 0], 2, selected);
    let event = [1_u32.to_le_bytes(), [9; 4], [9; 4]].concat();
    let waited = "epoll_wait(50, [{events=EPOLLIN, data=_}], 8, 0) = 1";
    check_with(&event, "epoll_wait", &[50, DATA, 8, 0], 1, waited);
    let control = "epoll_ctl(50, EPOLL_CTL_ADD, fd#1<${tmp}/0.wal>, {events=EPOLLIN, data=_}) = 0";
    check_with(&event, "epoll_ctl", &[50, 1, 3, DATA], 0, control);
}

#[test]
fn signals() {
    let action = words(&[1, 0x1400_0000, HEAP, 1 << 9]);
    let shown = "rt_sigaction(SIGINT, {sa_handler=SIG_IGN, sa_mask=[USR1], sa_flags=SA_RESTART}, NULL, 8) = 0";
    check_with(&action, "rt_sigaction", &[2, DATA, 0, 8], 0, shown);
    let handler = "rt_sigaction(SIGINT, {sa_handler=_, sa_mask=[], sa_flags=0}, NULL, 8) = 0";
    check_with(&words(&[HEAP, 0, 0, 0]), "rt_sigaction", &[2, DATA, 0, 8], 0, handler);
    let set = words(&[1 << 9 | 1 << 16]);
    check_with(&set, "rt_sigprocmask", &[0, DATA, 0, 8], 0, "rt_sigprocmask(SIG_BLOCK, [USR1 CHLD], NULL, 8) = 0");
    check_with(&words(&[!(1 << 16)]), "rt_sigsuspend", &[DATA, 8], -514, "rt_sigsuspend(~[CHLD], 8) = ?");
    check_with(&set, "rt_sigprocmask", &[0, 0, DATA, 8], 0, "rt_sigprocmask(SIG_BLOCK, NULL, [USR1 CHLD], 8) = 0");
}

#[test]
fn children() {
    let wait = |status: u32, shown: &str| {
        let expected = format!("wait4(-1, [{{{shown}}}], WNOHANG, NULL) = P2");
        check_with(&status.to_le_bytes(), "wait4", &[0xffff_ffff, DATA, 1, 0], 701, &expected);
    };
    wait(0, "WIFEXITED(s) && WEXITSTATUS(s) == 0");
    wait(7 << 8, "WIFEXITED(s) && WEXITSTATUS(s) == 7");
    wait(9, "WIFSIGNALED(s) && WTERMSIG(s) == SIGKILL");
    wait(0x80 | 6, "WIFSIGNALED(s) && WTERMSIG(s) == SIGABRT");
    wait(0x137f, "WIFSTOPPED(s) && WSTOPSIG(s) == SIGSTOP");
    wait(0xffff, "WIFCONTINUED(s)");
    check_with(&[9; 4], "wait4", &[701, DATA, 1, 0], 0, "wait4(P2, _, WNOHANG, NULL) = 0");
    let mut info = vec![0; 128];
    (info[0], info[8], info[24]) = (17, 1, 3);
    info[16..20].copy_from_slice(&701_u32.to_le_bytes());
    let shown = "waitid(P_ALL, 0, {si_signo=SIGCHLD, si_code=CLD_EXITED, si_pid=P2, si_status=3}, WEXITED, NULL) = 0";
    check_with(&info, "waitid", &[0, 0, DATA, 4, 0], 0, shown);
    let args = words(&[0x100, 0, 0, 0, 17, 0, 0, 0]);
    check_with(&args, "clone3", &[DATA, 64], 701, "clone3({flags=CLONE_VM, exit_signal=SIGCHLD}, 64) = P2");
}

#[test]
fn pairs_of_descriptors() {
    let pair = [5_u32.to_le_bytes(), 6_u32.to_le_bytes()].concat();
    check_with(&pair, "pipe2", &[DATA, 0], 0, "pipe2([fd#1<pipe#1:r>, fd#2<pipe#1:w>], 0) = 0");
    check_with(&pair, "pipe2", &[DATA, 0], -24, "pipe2(_, 0) = -1 EMFILE");
}

#[test]
fn socket_addresses() {
    let connect = |bytes: &[u8], shown: &str| {
        let expected = format!("connect(fd#1<socket#1>, {shown}, {}) = 0", bytes.len());
        check_with(bytes, "connect", &[7, DATA, bytes.len() as u64], 0, &expected);
    };
    connect(b"\x01\0/tmp/r/s\0", r#"{sa_family=AF_UNIX, sun_path="${tmp}/s"}"#);
    connect(b"\x01\0\0name", r#"{sa_family=AF_UNIX, sun_path="@name"}"#);
    connect(b"\x01\0", "{sa_family=AF_UNIX}");
    let inet = [2, 0, 0, 80, 127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0];
    connect(&inet, "{sa_family=AF_INET, sin_port=80, sin_addr=127.0.0.1}");
    let mut inet6 = [0; 28];
    (inet6[0], inet6[3], inet6[23]) = (10, 53, 1);
    connect(&inet6, "{sa_family=AF_INET6, sin6_port=53, sin6_addr=::1}");
    connect(&[16, 0, 1, 2, 3, 4], "{sa_family=AF_NETLINK}");
    connect(&[2, 0], "{sa_family=AF_INET}");
    connect(&[2], "[anon]");
    let answer = [&[16, 0, 0, 0][..], &inet].concat();
    let shown = "getsockname(fd#1<socket#1>, {sa_family=AF_INET, sin_port=_, sin_addr=127.0.0.1}, [16]) = 0";
    check_with(&answer, "getsockname", &[7, DATA + 4, DATA], 0, shown);
}

#[test]
fn messages() {
    let mut message = words(&[0, 0, DATA + 56, 1, 0, 0, 0]);
    message.extend(words(&[TEXT, 5]));
    let data = r#"msg_name=NULL, msg_iov=[{iov_base="hello", iov_len=5}]"#;
    let sent = format!("sendmsg(fd#1<socket#1>, {{{data}}}, MSG_NOSIGNAL) = 5");
    check_with(&message, "sendmsg", &[7, DATA, 0x4000], 5, &sent);
    let got = format!("recvmsg(fd#1<socket#1>, {{{}, msg_flags=0}}, 0) = 2", data.replace("hello", "he"));
    check_with(&message, "recvmsg", &[7, DATA, 0], 2, &got);
    check_with(&message, "recvmsg", &[7, DATA, 0], -11, "recvmsg(fd#1<socket#1>, _, 0) = -1 EAGAIN");
}

#[test]
fn socket_options() {
    let one = 1_u32.to_le_bytes();
    let set = "setsockopt(fd#1<socket#1>, SOL_SOCKET, SO_REUSEADDR, [1], 4) = 0";
    check_with(&one, "setsockopt", &[7, 1, 2, DATA, 4], 0, set);
    check_with(
        &one,
        "setsockopt",
        &[7, 6, 1, DATA, 4],
        0,
        &set.replace("SOL_SOCKET, SO_REUSEADDR", "SOL_TCP, TCP_NODELAY"),
    );
    let error = [111_u32.to_le_bytes(), 4_u32.to_le_bytes()].concat();
    let got = "getsockopt(fd#1<socket#1>, SOL_SOCKET, SO_ERROR, [ECONNREFUSED], [4]) = 0";
    check_with(&error, "getsockopt", &[7, 1, 4, DATA, DATA + 4], 0, got);
    let size = "getsockopt(fd#1<socket#1>, SOL_SOCKET, SO_RCVBUF, _, [4]) = 0";
    check_with(&error, "getsockopt", &[7, 1, 8, DATA, DATA + 4], 0, size);
}

#[test]
fn nothing_is_read_where_nobody_looks() {
    let (fake, mut names) = (Fake::with(b"/x\0"), names());
    let shown = |decoder: &mut Decoder<'_>, name: &str| {
        let number = Sysno::parse(name).and_then(|sysno| sysno.number(Arch::X86_64)).expect(name);
        decoder.entry(Arch::X86_64, u64::from(number), &[fake::DATA, fake::DATA, 2, 0, 0, 0]).to_string()
    };
    let mut decoder = decoder(&fake, &mut names);
    assert_eq!(shown(&mut decoder, "rename"), "rename(\"/x\", \"/x\") = ?");
    decoder.reads = false;
    assert_eq!(shown(&mut decoder, "rename"), "rename(_, _) = ?");
    assert_eq!(shown(&mut decoder, "write"), "write(4096, _, 2) = ?");
}
