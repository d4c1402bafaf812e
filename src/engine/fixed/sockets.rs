//! Time limits of sockets (SO_RCVTIMEO and SO_SNDTIMEO, socket(7)), where the run has a time of its own: the kernel knows
//! of none. It must not know who waits.

use std::collections::BTreeMap;
use std::time::Duration;

use super::Answer;
use super::clock::FOREVER;
use super::times::{Form, word32};
use crate::abi::{Addr, Sysno};
use crate::engine::inspect::{Descriptor, Inspect};
use crate::engine::stop::RawCall;
use crate::engine::tamper::Tampering;

const SOL_SOCKET: u64 = 1;
const AF_UNIX: i32 = 1;
/// SO_RCVTIMEO, SO_SNDTIMEO and their newer twins (`asm-generic/socket.h`).
const LIMITS: [(u64, Way); 4] = [(20, Way::In), (21, Way::Out), (66, Way::In), (67, Way::Out)];

/// Which way a call moves something through a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::engine) enum Way {
    In,
    Out,
}

/// A limit that is about to be set.
#[derive(Clone, Copy, Debug)]
pub(in crate::engine) struct Set {
    inode: u64,
    way: Way,
    limit: Option<Duration>,
}

/// The limits, by the inode of their socket.
#[derive(Debug, Default)]
pub(super) struct Sockets {
    limits: BTreeMap<(u64, Way), Duration>,
}

/// The way that calls go through a socket which wait no longer than its limit.
fn way(sysno: Sysno) -> Option<Way> {
    match sysno.name() {
        "accept" | "accept4" | "read" | "readv" | "recvfrom" | "recvmsg" | "recvmmsg" => Some(Way::In),
        "connect" | "sendfile" | "sendmsg" | "sendmmsg" | "sendto" | "write" | "writev" => Some(Way::Out),
        _ => None,
    }
}

fn inode(fd: u64, inspect: &dyn Inspect) -> Option<u64> {
    match inspect.descriptor(fd as i32)? {
        Descriptor::Socket { inode } => Some(inode),
        _ => None,
    }
}

fn option(raw: &RawCall) -> Option<Way> {
    let known = LIMITS.iter().find(|(option, _)| *option == raw.args[2]);
    known.filter(|_| raw.args[1] == SOL_SOCKET).map(|(_, way)| *way)
}

impl Sockets {
    /// What setsockopt(2) is about to set, and what has to be changed so that the kernel sets no limit; `None` where it
    /// sets something else.
    pub(super) fn set(raw: &RawCall, inspect: &dyn Inspect) -> Option<(Set, Tampering)> {
        let way = option(raw).filter(|_| raw.args[4] as i32 >= Form::LEN as i32)?;
        let inode = inode(raw.args[0], inspect)?;
        let at = Addr(raw.args[3]);
        let limit = Form::Timeval.read(at, inspect).length();
        let limit = limit.filter(|limit| !limit.is_zero() && *limit < FOREVER);
        let mut without = Tampering::default();
        if limit.is_some() {
            without.memory(at, vec![0; Form::LEN as usize], inspect).ok()?;
        }
        Some((Set { inode, way, limit }, without))
    }

    /// It is set.
    pub(super) fn was_set(&mut self, Set { inode, way, limit }: Set) {
        match limit {
            Some(limit) => self.limits.insert((inode, way), limit),
            None => self.limits.remove(&(inode, way)),
        };
    }

    /// What getsockopt(2) tells.
    pub(super) fn asked(&self, raw: &RawCall, inspect: &dyn Inspect) -> Option<Answer> {
        let way = option(raw).filter(|_| !self.limits.is_empty())?;
        let limit = self.limits.get(&(inode(raw.args[0], inspect)?, way))?;
        let room = usize::try_from(word32(Addr(raw.args[4]), inspect)?).ok()?;
        let mut bytes = Form::Timeval.bytes(*limit);
        bytes.truncate(room);
        Some(Answer { result: None, memory: vec![(Addr(raw.args[3]), bytes)] })
    }

    /// A connection has the limits of the socket that it came in by.
    pub(super) fn accepted(&mut self, listener: u64, connection: i32, inspect: &dyn Inspect) {
        if self.limits.is_empty() {
            return;
        }
        let [Some(from), Some(to)] = [listener, connection as u64].map(|fd| inode(fd, inspect)) else { return };
        for way in [Way::In, Way::Out] {
            if let Some(limit) = self.limits.get(&(from, way)).copied() {
                self.limits.insert((to, way), limit);
            }
        }
    }

    /// How long a call waits at most for a socket, and the errno with which it ends then.
    pub(super) fn limit(
        &self,
        sysno: Sysno,
        args: &[u64; 6],
        inspect: &dyn Inspect,
    ) -> Option<(Duration, &'static str)> {
        let way = way(sysno).filter(|_| !self.limits.is_empty())?;
        let limit = self.limits.get(&(inode(args[0], inspect)?, way))?;
        // A socket of AF_UNIX waits for room among those that are to be accepted, others for an answer (connect(2)).
        let family = word32(Addr(args[1]), inspect).map_or(0, |word| word & 0xffff);
        let is_asked = sysno.name() == "connect" && family != AF_UNIX;
        Some((*limit, if is_asked { "EINPROGRESS" } else { "EAGAIN" }))
    }

    /// Whether descriptor `fd` is a socket with a limit for what it sends, or else for what it receives.
    pub(super) fn is_limited(&self, fd: i32, sends: bool, inspect: &dyn Inspect) -> bool {
        let way = if sends { Way::Out } else { Way::In };
        !self.limits.is_empty()
            && inode(fd as u64, inspect).is_some_and(|inode| self.limits.contains_key(&(inode, way)))
    }
}
