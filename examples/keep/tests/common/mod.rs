//! What the tests share: where a machine cannot trace they are skipped as the harness skips its own.

use rinject::{Outcome, Result};

/// What a run came to; `None` where this machine cannot trace, and `RINJECT_SKIP_UNABLE=1` says that this may be so.
pub fn ran(result: Result<Outcome>) -> Result<Option<Outcome>> {
    match result {
        Err(error) if error.is_unable() && std::env::var("RINJECT_SKIP_UNABLE").is_ok_and(|value| value == "1") => {
            println!("skipped: {error}");
            Ok(None)
        }
        result => result.map(Some),
    }
}
