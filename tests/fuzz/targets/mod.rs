//! One function for each parser of input that other people write. Each states
//! what must hold for any input; the plain tests and the fuzzer call the same
//! functions.

mod challenge;
mod configuration;
mod date;
mod hold;
mod jwt;
mod place;
mod record;
mod retry_after;
mod scim_body;
mod server;
mod template;
mod time;
mod vendor_file;

/// A parser under test.
pub struct Target {
    /// Its name, also that of the folder of its corpus.
    pub name: &'static str,
    /// Tries one input; panics when something does not hold.
    pub run: fn(&[u8]),
}

const fn target(name: &'static str, run: fn(&[u8])) -> Target {
    Target { name, run }
}

/// All of them.
pub const ALL: [Target; 11] = [
    target("configuration", configuration::run),
    target("vendor_file", vendor_file::run),
    target("template", template::run),
    target("place", place::run),
    target("record", record::run),
    target("jwt", jwt::run),
    target("retry_after", retry_after::run),
    target("date", date::run),
    target("time", time::run),
    target("challenge", challenge::run),
    target("scim_body", scim_body::run),
];
