//! What must be true of the tenant before anything is written to it. The locks of the
//! configuration are checked before: `environment`, `allow_write_probe`,
//! `limits.write_probe_hosts` and connections of production tokens.

use serde::Deserialize;

/// What tells this tenant from production. Each key that is set must be seen.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TenantMarker {
    /// Id of a group that only this tenant has.
    pub group: Option<String>,
    /// Id of a user that only this tenant has.
    pub user: Option<String>,
    /// Digest of the `ServiceProviderConfig` that this tenant shows; `verify
    /// --full-cycle --dry-run` prints it.
    pub configuration: Option<String>,
}

impl TenantMarker {
    /// Whether anything is pinned.
    #[must_use]
    pub fn is_set(&self) -> bool {
        *self != Self::default()
    }
}

/// Whether the directory has no more users than a test directory.
///
/// # Errors
/// Says why it may be production.
pub fn population(total: Option<u64>, most: u32) -> Result<u64, String> {
    match total {
        None => Err(
            "the service provider does not tell how many users it has, so production cannot be told from a test directory"
                .to_owned(),
        ),
        Some(total) if total > u64::from(most) => Err(format!(
            "there are {total} users, more than `full_cycle.max_expected_users` ({most}): this may be production"
        )),
        Some(total) => Ok(total),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_users_than_expected_or_an_unknown_number_lock() {
        assert_eq!(population(Some(0), 200), Ok(0));
        assert_eq!(population(Some(200), 200), Ok(200));
        assert!(population(Some(201), 200).is_err());
        assert!(population(None, 200).is_err());
    }

    #[test]
    fn a_marker_pins_what_is_written() {
        let read = |text: &str| toml::from_str::<TenantMarker>(text);
        assert!(!read("").expect("reads").is_set());
        let both = read("group = 'g1'\nuser = 'u'").expect("reads");
        assert!(both.is_set());
        assert_eq!(both.group.as_deref(), Some("g1"));
        assert!(read("grp = 'g1'").is_err());
    }
}
