//! What errors may tell of a request.

use std::fmt;

use http::Method;

use crate::fault::FaultClass;

/// Which request an answer belongs to; all that errors may tell of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// Method.
    pub method: Method,
    /// Host and port.
    pub host: String,
    /// What the request was for.
    pub operation: &'static str,
    /// Whether it may be repeated.
    pub idempotent: bool,
}

impl Origin {
    /// The class of a failure after which nobody knows whether it happened.
    #[must_use]
    pub fn unclear(&self) -> FaultClass {
        if self.idempotent {
            FaultClass::NotApplied
        } else {
            FaultClass::Ambiguous
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} {}", self.operation, self.method, self.host)
    }
}
