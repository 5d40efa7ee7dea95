//! What a request to Vault is for.

/// What a request is for: the metric label, the path for people, and whether it
/// changes anything.
#[derive(Debug, Clone)]
pub struct Call {
    pub(in crate::vault) operation: &'static str,
    pub(in crate::vault) target: String,
    pub(in crate::vault) changes: bool,
    /// Whether a secrets engine does the work.
    pub(in crate::vault) of_engine: bool,
}

impl Call {
    /// A request that changes nothing, or that can be repeated safely.
    pub(in crate::vault) fn new(operation: &'static str, target: impl Into<String>) -> Self {
        Self {
            operation,
            target: target.into(),
            changes: false,
            of_engine: false,
        }
    }

    /// A request that changes something.
    pub(in crate::vault) fn changing(operation: &'static str, target: impl Into<String>) -> Self {
        Self {
            changes: true,
            ..Self::new(operation, target)
        }
    }

    /// The same request, of which a secrets engine does the work. A failure of the
    /// engine that Vault explains then counts as its refusal.
    pub(in crate::vault) fn of_engine(self) -> Self {
        Self {
            of_engine: true,
            ..self
        }
    }
}
