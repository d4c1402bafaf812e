//! The examples as tests of their own, by the harness that users have.

rinject::harness!("specs/examples");
