//! A program of the operator's: how it is started, bounded, confined and ended.
//! The kinds `exec` of issuers and connections run one; what they write to its
//! standard input and read from its standard output is theirs.

mod child;
mod confinement;
mod settings;
mod strays;
mod user;

pub(crate) use self::child::{Captured, Finished, Limits, OUTPUT_CAP, run};
pub(crate) use self::settings::{
    ProgramSettings, default_confine, default_timeout, default_working_dir,
};
pub use self::strays::reap;
pub use self::user::UserName;

use jiff::SignedDuration;

use crate::secret::mask::Mask;

/// Longest pause that a program may ask for.
const LONGEST_PAUSE_SECONDS: u64 = 7 * 24 * 3600;

/// What is cut off the end of a stream that was too long: a token may have
/// been cut in two there, and half a token is not recognised.
const UNSAFE_TAIL: usize = OUTPUT_CAP / 4;

/// A pause that a program asks for, within bounds.
pub(crate) fn pause(seconds: u64) -> SignedDuration {
    let bounded = seconds.min(LONGEST_PAUSE_SECONDS);
    SignedDuration::from_secs(i64::try_from(bounded).unwrap_or_default())
}

/// What a program wrote to standard error, masked, for the end of a message.
pub(crate) fn said_on_stderr(stderr: &Captured, mask: &Mask) -> String {
    let kept = if stderr.overflowed {
        &stderr.bytes[..stderr.bytes.len() - UNSAFE_TAIL]
    } else {
        &stderr.bytes[..]
    };
    let quoted = mask.quote(&String::from_utf8_lossy(kept));
    if quoted.is_empty() {
        String::new()
    } else {
        format!("; standard error ends with: {quoted}")
    }
}
