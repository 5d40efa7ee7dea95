//! `version`: what this program is built of.

use serde_json::json;

use super::output::Output;
use super::{Exit, OutputFormat};
use crate::rotation::record::SCHEMA;
use crate::telemetry::traces::can_export;

/// What the program was built from, if the build named it.
const REVISION: Option<&str> = option_env!("SCIM_ROTATOR_REVISION");

/// Shows it.
pub fn run(output: &mut Output) -> Exit {
    let version = env!("CARGO_PKG_VERSION");
    let revision = REVISION.filter(|revision| !revision.is_empty());
    let target = format!("{}-{}", std::env::consts::ARCH, std::env::consts::OS);
    let traces = match can_export() {
        true => "OTLP over HTTP",
        false => "not in this build (feature `otlp`)",
    };
    let written = match output.format() {
        OutputFormat::Json => output.json(&json!({
            "version": version,
            "revision": revision,
            "target": target,
            "cryptography": CRYPTOGRAPHY,
            "record_schema": SCHEMA,
            "traces": can_export(),
        })),
        OutputFormat::Text => output.text(&format!(
            "scim-rotator {version}\nrevision:       {}\ntarget:         {target}\ncryptography:   {CRYPTOGRAPHY}\nrecord schema:  {SCHEMA}\ntraces:         {traces}\n",
            revision.unwrap_or("not named by the build"),
        )),
    };
    // If nobody reads the output any more, there is nothing to do.
    drop(written);
    Exit::Ok
}

/// The one library of cryptography and TLS.
const CRYPTOGRAPHY: &str = "AWS-LC (aws-lc-rs), rustls";
