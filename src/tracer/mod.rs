//! The loop between kernel and engine: waits, turns one kernel stop into an observation, carries out what the
//! engine answers. It decides nothing.
//!
//! # A tracer of your own
//!
//! The parts that the loop is made of are here for other tracers, too. They stay close to ptrace(2):
//!
//! - A task is [`Stopped`] or [`Running`]. Only a stopped one can be asked and changed; letting it go consumes it, so
//!   that a request to a running task does not compile. [`Launch`] starts a program, [`Running::seize`] and
//!   [`Running::seize_process`] attach.
//! - Each request fails with what ptrace(2) gives for it and with nothing else: [`Gone`], [`RegisterError`], ... What
//!   an architecture lacks is absent.
//! - [`Stopped::why`] says what a stop means. [`Process`] has threads, modules, symbols and breakpoints.
//! - The kernel takes requests only from the thread that attached: all of these types stay on it.
//!
//! This one counts how often a program calls a function, and from where:
//!
//! ```
//! use std::collections::BTreeMap;
//!
//! use rinject::abi::Addr;
//! use rinject::engine::Resolved;
//! use rinject::plan::Place;
//! use rinject::tracer::{Launch, Process, Running, Seen, StartError, Why};
//!
//! # fn main() {
//! # let required = std::env::var("RINJECT_REQUIRE").is_ok_and(|all| all.split(',').any(|one| one == "ptrace"));
//! # match count("/bin/ls", "libc.so.6!malloc") {
//! #     Ok(calls) => assert!(calls.values().sum::<u64>() > 1, "{calls:?}"),
//! #     Err(StartError::Untraceable(reason)) if !required => println!("skipped: {reason}"),
//! #     Err(error) => panic!("{error}"),
//! # }
//! # }
//! fn count(program: &str, function: &str) -> Result<BTreeMap<String, u64>, StartError> {
//!     let place = Place::parse(function).expect("a place");
//!     let mut calls = BTreeMap::new();
//!     let null = std::fs::File::options().write(true).open("/dev/null")?;
//!     let first = Launch::new(program).arg("/").stdout(null.into()).start()?;
//!     let mut process = Process::of(&first);
//!     // The libraries are not there yet: the loader has not run. The program's entry is where it ends.
//!     let entry = process.entry(&first).expect("a program has an entry");
//!     process.set_breakpoint(&first, entry).expect("the entry is mapped");
//!     let mut tasks = vec![first.run(None)];
//!
//!     while let Some((_, seen)) = Running::wait_any(&mut tasks) {
//!         let Seen::Stopped(stopped, status) = seen else { continue };
//!         let signal = match stopped.why(status) {
//!             Ok(Why::Signal(signal)) => match process.hit(&stopped) {
//!                 None => Some(signal),
//!                 Some(addr) if addr == entry => {
//!                     let Resolved::At(sites) = process.resolve(&stopped, &place) else { return Ok(calls) };
//!                     for site in sites {
//!                         process.set_breakpoint(&stopped, site.addr).expect("a function is mapped");
//!                     }
//!                     process.unset_breakpoint(&stopped, entry).expect("the entry is mapped");
//!                     None
//!                 }
//!                 Some(_) => {
//!                     let caller = process.backtrace(&stopped, 2).get(1).copied().unwrap_or(Addr::NULL);
//!                     let caller = process.locate(&stopped, caller).map(|location| location.to_string());
//!                     *calls.entry(caller.unwrap_or_default()).or_insert(0) += 1;
//!                     if let Seen::Stopped(stopped, _) = process.step_over(stopped) {
//!                         tasks.push(stopped.run(None));
//!                     }
//!                     continue;
//!                 }
//!             },
//!             Ok(Why::Born { child, .. }) => {
//!                 tasks.push(child);
//!                 None
//!             }
//!             _ => None,
//!         };
//!         tasks.push(stopped.run(signal));
//!     }
//!     Ok(calls)
//! }
//! ```

mod begin;
mod decode;
mod edits;
mod errors;
mod images;
mod inspect;
mod launch;
mod links;
mod modules;
mod pace;
mod patience;
mod process;
mod rounds;
mod run;
mod seize;
mod task;
mod teardown;
mod timers;
mod typing;
mod unwind;
mod vigil;
mod waiting;
mod watchdog;
mod why;

pub use begin::{Outputs, TraceError, Traced, trace, trace_running};
pub use errors::{Gone, RegisterError, SeizeError, SetRegisterError, SetRegistersError, SignalError, Unmapped};
pub use launch::{Launch, StartError};
pub use process::{ModuleInfo, Process};
pub use task::{Running, Seen, Stopped};
pub use watchdog::Stopper;
pub use why::Why;
