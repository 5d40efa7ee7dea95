//! The fuzzer of one target, whose name is in `SCIM_ROTATOR_FUZZ_TARGET`.
#![no_main]

#[path = "../targets/mod.rs"]
mod targets;

use std::sync::OnceLock;

static RUN: OnceLock<fn(&[u8])> = OnceLock::new();

libfuzzer_sys::fuzz_target!(
    init: {
        let name = std::env::var("SCIM_ROTATOR_FUZZ_TARGET").unwrap_or_default();
        let target = targets::ALL.iter().find(|target| target.name == name);
        let Some(target) = target else {
            eprintln!("there is no target `{name}`");
            std::process::exit(64);
        };
        RUN.get_or_init(|| target.run);
    },
    |input: &[u8]| {
        if let Some(run) = RUN.get() {
            run(input);
        }
    }
);
