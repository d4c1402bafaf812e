//! The exit statuses of `rinject`, in one place.

/// What `rinject` exits with. Of several cases the highest of 70, 6, 5, 3, 1 wins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum ExitStatus {
    /// All passed.
    #[default]
    Passed = 0,
    /// A test failed: expectation, snapshot, rule that never fired, unexpected pass.
    Failed = 1,
    /// The command line was wrong.
    Usage = 2,
    /// A spec is invalid.
    InvalidSpec = 3,
    /// Nothing was selected.
    NothingSelected = 4,
    /// This machine cannot: ptrace refused, kernel or architecture missing.
    Unable = 5,
    /// A run could not be set up: a setup command failed, the target was not found, a file could not be read or
    /// written; or rinject ran out of descriptors, memory or disk.
    NotSetUp = 6,
    /// A fault of rinject itself.
    Internal = 70,
    /// Interrupted by SIGINT or SIGTERM.
    Interrupted = 130,
}

impl ExitStatus {
    /// Every status.
    const ALL: [ExitStatus; 9] = [
        ExitStatus::Passed,
        ExitStatus::Failed,
        ExitStatus::Usage,
        ExitStatus::InvalidSpec,
        ExitStatus::NothingSelected,
        ExitStatus::Unable,
        ExitStatus::NotSetUp,
        ExitStatus::Internal,
        ExitStatus::Interrupted,
    ];

    /// The status of this number.
    pub(super) fn of(number: u8) -> Option<ExitStatus> {
        ExitStatus::ALL.into_iter().find(|status| *status as u8 == number)
    }

    /// The status of two results together: interruption first, then the higher one.
    #[must_use]
    pub fn and(self, other: ExitStatus) -> ExitStatus {
        if other as u8 > self as u8 { other } else { self }
    }
}

impl From<ExitStatus> for std::process::ExitCode {
    fn from(status: ExitStatus) -> std::process::ExitCode {
        std::process::ExitCode::from(status as u8)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_higher_status_wins() {
        use ExitStatus::{Failed, Internal, InvalidSpec, NotSetUp, Passed, Unable};
        let together = |all: &[ExitStatus]| all.iter().copied().fold(Passed, ExitStatus::and);
        assert_eq!(together(&[Failed, Passed]), Failed);
        assert_eq!(together(&[Failed, InvalidSpec]), InvalidSpec);
        assert_eq!(together(&[NotSetUp, Unable, InvalidSpec]), NotSetUp);
        assert_eq!(together(&[NotSetUp, Internal]), Internal);
        assert_eq!(together(&[]), Passed);
    }
}
