//! The command `vendors` with the real binary.
