//! The pure heart: what happens to the task that was seen, and who runs next.
//! It must not touch the kernel, files or the clock; it asks through [`Inspect`] and answers with decisions.

mod inspect;

pub use inspect::{Descriptor, Gone, Image, Inspect, Landmarks, Region};
