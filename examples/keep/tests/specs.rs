//! Every spec is a test of the store as it is now.

rinject::harness!("specs");
