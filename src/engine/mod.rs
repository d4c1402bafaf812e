//! The pure heart: what happens to the task that was seen, and who runs next.
//! It must not touch the kernel, files or the clock; it asks through [`Inspect`] and answers with decisions.

// Nothing asks them yet: the state machine that does is not wired.
#[allow(dead_code)]
mod decode;
mod inspect;
#[allow(dead_code)]
mod names;

pub use inspect::{Descriptor, Gone, Image, Inspect, Landmarks, Region};
