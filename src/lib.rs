//! rinject: a declarative fault-injection test harness for Linux programs.
//!
//! A spec is parsed, lowered to a plan, run under ptrace by a tracer that carries out what a pure engine
//! decides, and judged: `parse -> lower -> run -> judge -> render`.
//!
//! # Layers
//!
//! What each layer is for and which other layers it may import. A test reads this table.
//!
//! | layer | purpose | may import |
//! |---|---|---|
//! | `abi` | calls, numbers, errnos, signals, registers, per architecture; facts only | |
//! | `diagnostic` | source text, spans, messages with a snippet and a help line, stable codes | |
//! | `image` | ELF: symbols, lines, code, unwind tables, entry, `main` (over bytes) | `abi` |
//! | `pattern` | the event-pattern grammar: parse, print, match | `abi diagnostic` |
//! | `faults` | the faithful model: per call what fails how, when, with which side effect | `abi` |
//! | `spec` | the file as written: serde model with spans; unknown keys are errors | `abi diagnostic pattern` |
//! | `cases` | files, globs, case ids, filters | `spec diagnostic` |
//! | `plan` | the spec resolved for this machine: closed enums, nothing left to look up; BPF program | `abi spec faults pattern image diagnostic` |
//! | `transcript` | event model, canonical names, the one textual form, streaming writer | `abi pattern` |
//! | `engine` | `observe` to `Decision`, `next`: rules, counters, scheduler | `abi faults plan pattern transcript` |
//! | `sys` | thin safe calls over libc and nix: ptrace, wait, seccomp, fork, memory; the only `unsafe` | `abi` |
//! | `tracer` | the loop, applying a `Decision`, deadline, teardown | `sys abi engine faults plan image transcript` |
//! | `sandbox` | the case's folder, files, standard streams, setup and check commands, leftovers | `abi diagnostic plan sys` |
//! | `snapshot` | golden files: read, write, diff, pending, accept | `transcript diagnostic` |
//! | `verdict` | expectations, comparison, invariants to `Outcome` | `abi plan pattern transcript diagnostic` |
//! | `sweep` | fault points, cells, verdicts on runs with a fault, findings | `abi faults plan transcript verdict pattern diagnostic` |
//! | `report` | human text, JSON, TAP, JUnit, SARIF, HTML, annotations, trace events | `cases run verdict diagnostic snapshot sweep transcript` |
//! | `run` | the story: parse, lower, run, judge | all |
//! | `runner` | many cases: parallel, told in order; one in many orders, or several times; sweeps | `abi cases diagnostic image plan run spec sweep sys transcript verdict` |
//! | `cli` | the command line | all |
//! | `testing` | specs in `#[test]`: files, texts, a builder, a harness | `cases run report snapshot diagnostic tracer abi transcript` |

pub mod abi;
pub mod cases;
pub mod cli;
pub mod diagnostic;
pub mod engine;
pub mod faults;
pub mod image;
pub mod pattern;
pub mod plan;
pub mod report;
pub mod run;
pub mod runner;
pub mod sandbox;
pub mod snapshot;
pub mod spec;
pub mod sweep;
pub mod sys;
pub mod testing;
pub mod tracer;
pub mod transcript;
pub mod verdict;

pub use testing::{Error, Handle, Outcome, Result, Rule, Spec, Target, Transcript, at, on};
