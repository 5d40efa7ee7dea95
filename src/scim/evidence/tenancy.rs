//! Whether two tokens see the same tenant of a service provider.

/// What a comparison of two tokens shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tenancy {
    /// Both see the same entries.
    Same,
    /// Each sees other entries. Says what was compared.
    Other(String),
    /// What the predecessor saw when it was last tested is not there for the new
    /// token: that was deleted, or belongs to another tenant. Says what.
    Gone(String),
    /// Nothing is shown. Says why.
    Unknown(String),
}
