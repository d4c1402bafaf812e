//! Results for people and for machines: human text, JSON lines, JUnit. It decides nothing.

mod human;
mod json;
mod junit;
mod result;

pub use human::Human;
pub use json::Json;
pub use junit::junit;
pub use result::{CaseResult, Excerpt, Status, Totals, failure_code};
