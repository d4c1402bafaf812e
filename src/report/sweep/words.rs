//! What verdicts mean, for reports that are read without the guide.
//! It must not know of which program.

use crate::sweep::Verdict;

/// What a program does of which runs come to this, in one sentence.
pub(super) fn meaning(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Masked => "It comes to the same result as without the fault.",
        Verdict::Reported => {
            "It ends with another status, and says something that it does not say without the fault."
        }
        Verdict::NotFired => "It met no fault: it could not be made.",
        Verdict::NoMessage => "It ends with another status and says nothing.",
        Verdict::Leftover => "It leaves files or processes behind that it does not leave without the fault.",
        Verdict::Broken => "It leaves something that a check refuses.",
        Verdict::BusyRetry => "It makes the call again and again, which fails in the same way.",
        Verdict::Hang => "It does not end.",
        Verdict::Crash => "It is killed by a signal, or one of its processes crashes.",
        Verdict::Silent => "Its status says that all is well, and the result is another.",
    }
}

/// What to do about it, in one sentence.
pub(super) fn remedy(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Masked | Verdict::Reported => "There is nothing to mend.",
        Verdict::NotFired => "There is nothing to mend; where a fault is to come, look at what the run says of it.",
        Verdict::NoMessage => "Say on standard error what went wrong before ending.",
        Verdict::Leftover => "Remove what was made before giving up, or on the next start.",
        Verdict::Broken => {
            "Make the change in a way that can be half done: write a copy, have it on the disk, rename it."
        }
        Verdict::BusyRetry => "Give up after some tries, or wait for what makes the call succeed.",
        Verdict::Hang => "Do not wait for what never comes once the call has failed.",
        Verdict::Crash => "Look at what the call returned before using what it was to give.",
        Verdict::Silent => "Look at what the call returned, and end with a status that says so.",
    }
}
