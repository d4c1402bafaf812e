//! A server under load is attached to again and again: no client notices, and it ends rightly.
#![allow(clippy::print_stdout, reason = "a skipped test says why")]

#[path = "attach/running.rs"]
mod running;

use std::fs;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use running::{Running, attach, can_trace, cycles, ended};

/// Rules that a server under load meets all the time, and none that it could not bear.
const SPECS: [&str; 4] = [
    "inject = [{ on = \"epoll_wait\", delay-exit = \"100us\", fires = \"20..\" }]",
    "inject = [{ at = \"libc.so.6!epoll_wait\", quiet = true, fires = \"20..\" }]",
    "inject = [{ at = \"libc.so.6!epoll_wait\", hardware = true, quiet = true, fires = \"20..\" }]",
    "trace = { syscalls = [\"all\"] }\nexpect = { count = [{ event = \"net.send() -> ok\", is = \"20..\" }] }",
];

/// Clients that ask for more and more; killed when the test is over.
struct Clients(Child);

impl Drop for Clients {
    fn drop(&mut self) {
        // They have ended already where one of them has failed.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What the server answers; `None` while nobody listens.
fn answer(socket: &Path, question: &str) -> Option<String> {
    let mut stream = UnixStream::connect(socket).ok()?;
    stream.set_read_timeout(Some(running::PATIENCE)).unwrap();
    stream.write_all(format!("{question}\r\n").as_bytes()).ok()?;
    let mut buffer = [0; 256];
    let length = stream.read(&mut buffer).ok()?;
    Some(String::from_utf8_lossy(&buffer[..length]).into_owned())
}

#[test]
fn redis_under_load_is_unharmed() {
    let has = |program: &str| Command::new(program).arg("--version").stdout(Stdio::null()).status().is_ok();
    if !has("redis-server") || !has("redis-benchmark") {
        return println!("skipped: redis-server and redis-benchmark are missing; `apt-get install redis`");
    }
    if !can_trace() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("socket");
    let mut server = Command::new("redis-server");
    server.args(["--port", "0", "--save", "", "--unixsocket"]).arg(&socket).current_dir(folder.path());
    let server = Running::start(&mut server);
    let deadline = Instant::now() + Duration::from_secs(30);
    while answer(&socket, "SET key 41").is_none() {
        assert!(Instant::now() < deadline, "the server does not answer");
        std::thread::sleep(Duration::from_millis(5));
    }
    let errors = folder.path().join("errors");
    let mut load = Command::new("redis-benchmark");
    load.args(["-l", "-q", "-c", "20", "-n", "100000", "-t", "set,get,incr,lpush,lpop", "-s"]).arg(&socket);
    load.process_group(0).stdin(Stdio::null()).stdout(Stdio::null()).stderr(fs::File::create(&errors).unwrap());
    let mut clients = Clients(load.spawn().unwrap());
    for spec in SPECS.into_iter().cycle().take(cycles(12)) {
        let (status, said) = ended(attach(folder.path(), server.id(), spec));
        assert_eq!(status, Some(0), "{spec}\n{said}");
        server.assert_free();
        let gone = clients.0.try_wait().unwrap();
        assert!(gone.is_none(), "{spec}\nthe clients ended: {gone:?}\n{}", fs::read_to_string(&errors).unwrap());
    }
    assert_eq!(answer(&socket, "INCR key").as_deref(), Some(":42\r\n"));
    drop(clients);
    assert_eq!(fs::read_to_string(&errors).unwrap(), "");
    let (said, status) = server.finish();
    assert_eq!(status, Some(0), "{said}");
    assert!(!said.to_lowercase().contains("error"), "{said}");
}
