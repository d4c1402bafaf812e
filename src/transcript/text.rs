//! The one textual form of an event.
