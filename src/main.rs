//! The binary: see the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    scim_rotator::cli::main().into()
}
