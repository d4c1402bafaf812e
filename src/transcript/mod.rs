//! What happened, in canonical names only: the event model, its one textual form, the streaming writer.
//! It must not know where events come from, nor numbers of the host beyond what patterns compare.

mod event;
mod line;
mod name;
mod record;
mod subject;
mod text;
mod value;
mod weave;
mod writer;

pub use event::{Call, CallResult, Event, EventKind, Fired, HitArg, Need, Part, Sink};
pub use line::{EventLine, Line, LinePart, Shape};
pub use name::TaskName;
pub use record::{Abandoned, Hang, Record, RuleRecord};
pub use text::escape;
pub use value::{Arg, PathValue, Value};
pub use weave::{Begun, Weave};
pub use writer::Writer;
