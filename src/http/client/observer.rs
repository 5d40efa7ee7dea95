//! Who hears of every request, and how it names the server.

/// Whom a client talks to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Target {
    /// HashiCorp Vault.
    Vault,
    /// The service provider, and the issuer of its tokens.
    Sp,
    /// An identity provider.
    Idp,
}

impl Target {
    /// The word for metric labels.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Vault => "vault",
            Self::Sp => "sp",
            Self::Idp => "idp",
        }
    }
}

/// Is told of every request: metrics.
pub trait Observer: Send + Sync {
    /// A request came back. `code` is the status, or `timeout`, `connect`,
    /// `tls`, `network`, `too_large` or `refused_here` (never sent).
    fn request(&self, target: Target, operation: &'static str, code: &str, seconds: f64);
    /// The server answered 429.
    fn throttled(&self, target: Target);
    /// How far this host's clock is ahead of ours, in seconds, to about a second.
    fn clock_skew(&self, target: Target, host: &str, seconds: f64);
}

/// Looks away.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoObserver;

impl Observer for NoObserver {
    fn request(&self, _target: Target, _operation: &'static str, _code: &str, _seconds: f64) {}
    fn throttled(&self, _target: Target) {}
    fn clock_skew(&self, _target: Target, _host: &str, _seconds: f64) {}
}
