//! The transcript while it is made: each line as soon as it is known.
//! It must not know which events there are.

use std::fs::File;
use std::io::{self, BufWriter, Write};

use crate::transcript::{Event, Sink};

/// Where lines are shown.
#[derive(Debug)]
pub(super) enum Onlooker {
    /// At once, among what the program itself prints.
    Terminal,
    /// In a file, with the first error of writing there.
    File(BufWriter<File>, Option<io::Error>),
}

impl Onlooker {
    /// A file that is made or written over.
    pub(super) fn file(file: File) -> Onlooker {
        Onlooker::File(BufWriter::new(file), None)
    }

    /// Writes out what is left; the first error.
    pub(super) fn finish(self) -> io::Result<()> {
        match self {
            Onlooker::Terminal => Ok(()),
            Onlooker::File(mut file, failed) => failed.map_or_else(|| file.flush(), Err),
        }
    }
}

impl Sink for Onlooker {
    fn event(&mut self, event: &Event) {
        if !event.written {
            return;
        }
        match self {
            // In one piece, so that nothing falls into the line; where standard error is gone there is nobody to tell.
            Onlooker::Terminal => drop(io::stderr().lock().write_all(format!("{event}\n").as_bytes())),
            Onlooker::File(file, failed) => {
                if failed.is_none() {
                    *failed = writeln!(file, "{event}").err();
                }
            }
        }
    }
}
