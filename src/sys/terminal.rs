//! A terminal of our own (pty(7)), and typing on it. It must not know who reads it, nor when to type.

use std::collections::VecDeque;
use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::fs::OpenOptionsExt;

use nix::fcntl::OFlag;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::pty::{PtyMaster, grantpt, posix_openpt, ptsname_r, unlockpt};

/// Most bytes that are typed at once: a quarter of what the kernel keeps for who is slow to read (n_tty.c).
const PIECE: usize = 1024;

/// A fresh terminal of 80 columns and 24 lines, in the settings that the kernel gives a new one.
#[derive(Debug)]
pub struct Terminal {
    master: PtyMaster,
    slave: OwnedFd,
    path: String,
}

impl Terminal {
    /// Makes one.
    pub fn open() -> io::Result<Terminal> {
        let master = posix_openpt(OFlag::O_RDWR | OFlag::O_NOCTTY | OFlag::O_CLOEXEC)?;
        grantpt(&master)?;
        unlockpt(&master)?;
        let path = ptsname_r(&master)?;
        let slave = std::fs::File::options().read(true).write(true).custom_flags(libc::O_NOCTTY).open(&path)?;
        let size = libc::winsize { ws_row: 24, ws_col: 80, ws_xpixel: 0, ws_ypixel: 0 };
        // SAFETY: TIOCSWINSZ reads one `winsize`, which lives for the call.
        if unsafe { libc::ioctl(slave.as_raw_fd(), libc::TIOCSWINSZ, &raw const size) } == -1 {
            return Err(io::Error::last_os_error());
        }
        Ok(Terminal { master, slave: slave.into(), path })
    }

    /// The program's side of it.
    pub fn slave(&self) -> io::Result<OwnedFd> {
        self.slave.try_clone()
    }

    /// Its name below `/dev`.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The side where what is written to it comes out; reading fails with EIO once nobody has the other one.
    pub fn screen(&self) -> io::Result<OwnedFd> {
        self.master.as_fd().try_clone_to_owned()
    }

    /// Where `text` is going to be typed.
    pub fn keyboard(&self, text: &str) -> io::Result<Keyboard> {
        Ok(Keyboard { master: self.screen()?, slave: self.slave()?, left: pieces(text.as_bytes()), unread: 0 })
    }
}

/// Text that waits to be typed.
#[derive(Debug)]
pub struct Keyboard {
    master: OwnedFd,
    slave: OwnedFd,
    left: VecDeque<Vec<u8>>,
    /// How much was unread before something was typed last.
    unread: i32,
}

impl Keyboard {
    /// Whether all has been typed.
    pub fn is_done(&self) -> bool {
        self.left.is_empty()
    }

    /// Whether the kernel has handed on what was typed last, as far as that can be seen: where something was unread
    /// before, there is another amount of it now.
    pub fn is_handed_on(&self) -> bool {
        self.unread == 0 || unread(&self.slave) != self.unread
    }

    /// Types the next piece, unless so much is unread that there is no room, or something is still to be shown, which an
    /// interrupt would throw away (termios(3), NOFLSH). Whoever it wakes or signals has been woken and signalled then, unless something
    /// was unread before.
    pub fn type_next(&mut self) {
        if is_ready(&self.master, PollFlags::POLLIN) || !is_ready(&self.master, PollFlags::POLLOUT) {
            return;
        }
        let Some(mut piece) = self.left.pop_front() else { return };
        self.unread = unread(&self.slave);
        // Only a terminal that has been hung up refuses it, and then there is nobody to read it.
        let typed = nix::unistd::write(&self.master, &piece).unwrap_or(piece.len());
        if typed < piece.len() {
            self.left.push_front(piece.split_off(typed));
        }
        // Another thread of the kernel hands it on; asking whether something is there waits for that,
        // where nothing is yet (n_tty_poll).
        is_ready(&self.slave, PollFlags::POLLIN);
    }
}

/// How many bytes a read would get at once; of lines, those that are complete.
fn unread(slave: &OwnedFd) -> i32 {
    let mut length = 0;
    // SAFETY: FIONREAD writes one int, which lives for the call.
    unsafe { libc::ioctl(slave.as_raw_fd(), libc::FIONREAD, &raw mut length) };
    length
}

fn is_ready(fd: &OwnedFd, wanted: PollFlags) -> bool {
    let mut asked = [PollFd::new(fd.as_fd(), wanted)];
    poll(&mut asked, PollTimeout::ZERO).is_ok_and(|ready| ready > 0)
        && asked[0].revents().is_some_and(|events| events.intersects(wanted))
}

/// Lines, and keys that mean something at once: interrupt, quit, suspend, end of file.
fn pieces(text: &[u8]) -> VecDeque<Vec<u8>> {
    const KEYS: &[u8] = b"\n\r\x03\x04\x1a\x1c";
    let lines = text.split_inclusive(|byte| KEYS.contains(byte));
    lines.flat_map(|line| line.chunks(PIECE).map(<[u8]>::to_vec)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        let shown: Vec<String> =
            pieces(text.as_bytes()).iter().map(|piece| String::from_utf8_lossy(piece).into_owned()).collect();
        assert_eq!(shown, expected);
    }

    #[test]
    fn lines_and_keys_are_typed_one_by_one() {
        check("", &[]);
        check("yes", &["yes"]);
        check("a\nb\n", &["a\n", "b\n"]);
        check("sleep\n\u{1a}fg\n\u{3}", &["sleep\n", "\u{1a}", "fg\n", "\u{3}"]);
        check(&"x".repeat(PIECE + 1), &[&"x".repeat(PIECE), "x"]);
    }
}
