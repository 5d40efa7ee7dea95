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
    let cryptography = cryptography();
    let fips_module = fips_module();
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
            "cryptography": cryptography,
            "fips_module": fips_module,
            "record_schema": SCHEMA,
            "traces": can_export(),
        })),
        OutputFormat::Text => output.text(&format!(
            "scim-rotator {version}\nrevision:       {}\ntarget:         {target}\ncryptography:   {cryptography}\nFIPS module:    {}\nrecord schema:  {SCHEMA}\ntraces:         {traces}\n",
            revision.unwrap_or("not named by the build"),
            fips_module.map_or("none".to_owned(), |module| format!("AWS-LC-FIPS {module}")),
        )),
    };
    // If nobody reads the output any more, there is nothing to do.
    drop(written);
    Exit::Ok
}

/// The one library of cryptography and TLS.
fn cryptography() -> String {
    let fips = if cfg!(feature = "fips") { " FIPS" } else { "" };
    format!(
        "AWS-LC{fips} {} (aws-lc-rs), rustls",
        aws_lc_rs::awslc_version()
    )
}

/// The number of AWS-LC's FIPS module, if that is what works here and TLS offers only what it approves. The library is
/// asked: it is not enough that the feature was on in the build.
fn fips_module() -> Option<u32> {
    let tls = rustls::crypto::aws_lc_rs::default_provider();
    let on = aws_lc_rs::try_fips_mode().is_ok() && tls.fips();
    aws_lc_rs::fips_version().filter(|_| on)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fips_module_works_in_a_build_with_its_feature_and_in_no_other() {
        assert_eq!(fips_module().is_some(), cfg!(feature = "fips"));
        assert_eq!(
            cryptography().starts_with("AWS-LC FIPS "),
            cfg!(feature = "fips")
        );
    }
}
