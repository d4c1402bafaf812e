//! What an ELF file says of itself: entry point and `main`. Over bytes; it opens no file.

mod main_address;

pub use main_address::{Places, places};
