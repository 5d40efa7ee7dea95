//! Asks Vault for the permissions of our token, before they are needed.

use std::borrow::Borrow;
use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use super::client::Call;
use super::endpoints::Plain;
use super::error::{VaultError, VaultErrorKind};
use super::leased::RENEW;
use super::path::KvPath;
use super::session::Session;
use super::store::PublishTarget;
use super::{audit_heads, bell, control, cycles, facts, installation_key, requests};
use crate::ports::kind::VaultNeed;
use crate::secret::SecretRef;

/// Number of paths in one request.
const BATCH: usize = 100;
/// The path of that request.
const CAPABILITIES_SELF: &str = "sys/capabilities-self";

/// A permission that is needed at one path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Need {
    /// The path as in policies.
    pub path: String,
    /// The path or pattern for the policy line.
    pub pattern: String,
    /// Capabilities, as in policies.
    pub capabilities: &'static [&'static str],
    /// What it is needed for.
    pub purpose: String,
}

/// A capability that our token lacks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MissingCapability {
    /// The path that was asked for.
    pub path: String,
    /// The missing capabilities.
    pub missing: Vec<&'static str>,
    /// What it is needed for.
    pub purpose: String,
    /// The policy line, ready to paste.
    pub policy_line: String,
}

/// All that the daemon does in Vault: records below `state_path` with the
/// documents beside them, published secrets by the token's name, credentials, and what
/// issuers and connections ask for besides.
#[must_use]
pub fn needs(
    state_path: &KvPath,
    targets: &BTreeMap<String, impl Borrow<PublishTarget>>,
    secrets: &BTreeSet<SecretRef>,
    of_kinds: &[VaultNeed],
) -> Vec<Need> {
    const WRITE: &[&str] = &["create", "read", "update"];
    let mut needs = Vec::new();
    for (token, target) in targets {
        if let Ok(record) = state_path.child(token) {
            needs.push(Need {
                path: record.data(),
                pattern: format!("{}/*", state_path.data()),
                capabilities: WRITE,
                purpose: format!("the record of the token `{token}`"),
            });
        }
        let path = target.borrow().path.data();
        needs.push(Need {
            pattern: path.clone(),
            path,
            capabilities: WRITE,
            purpose: format!("`vault_path` of the token `{token}`"),
        });
    }
    needs.extend(beside_the_records(state_path));
    for secret in secrets {
        if let SecretRef::Vault { path, field } = secret
            && let Ok(parsed) = KvPath::parse(path)
        {
            needs.push(Need {
                path: parsed.data(),
                pattern: parsed.data(),
                capabilities: &["read"],
                purpose: format!("the credential {path}#{field}"),
            });
        }
    }
    needs.extend(leased(secrets));
    needs.extend(of_kinds.iter().map(|need| Need {
        path: need.path.clone(),
        pattern: need.path.clone(),
        capabilities: need.capabilities,
        purpose: need.purpose.clone(),
    }));
    needs.extend(own_token());
    needs
}

/// The documents beside the records. The name `any` stands for every author and
/// token.
fn beside_the_records(state_path: &KvPath) -> Vec<Need> {
    const WRITE: &[&str] = &["create", "read", "update"];
    const READ: &[&str] = &["read"];
    const MAKE: &[&str] = &["create", "read"];
    const LIST: &[&str] = &["list", "read"];
    let (data, metadata) = (state_path.data(), state_path.metadata());
    let need = |path: String, pattern: String, capabilities, purpose: &str| Need {
        path,
        pattern,
        capabilities,
        purpose: purpose.to_owned(),
    };
    let all = format!("{data}/*");
    let requests = requests::FOLDER;
    let key = format!("{data}/{}", installation_key::NAME);
    vec![
        need(
            key.clone(),
            key,
            MAKE,
            "the key for the fingerprints of secrets in the audit; it is made once",
        ),
        need(
            format!("{data}/{}", control::NAME),
            all.clone(),
            WRITE,
            "the switch that stops all work (`pause --all`)",
        ),
        need(
            format!("{data}/{}", bell::NAME),
            all.clone(),
            WRITE,
            "the bell, by which replicas and commands notice each other",
        ),
        need(
            format!("{data}/{}/any", audit_heads::FOLDER),
            all.clone(),
            WRITE,
            "the last line of each replica's audit",
        ),
        need(
            format!("{data}/{}/any", facts::FOLDER),
            all,
            WRITE,
            "the facts of each token, for people and programs",
        ),
        need(
            format!("{data}/{}/any", cycles::FOLDER),
            format!("{data}/*"),
            WRITE,
            "the journals of full cycles",
        ),
        need(
            format!("{data}/{requests}/any/any"),
            format!("{data}/{requests}/*"),
            READ,
            "what people ask for",
        ),
        need(
            format!("{metadata}/{requests}/any"),
            format!("{metadata}/{requests}/*"),
            LIST,
            "who has asked for something",
        ),
    ]
}

/// Permissions to read credentials under a Vault lease, and to renew the lease.
fn leased(secrets: &BTreeSet<SecretRef>) -> Vec<Need> {
    let mut needs = Vec::new();
    for secret in secrets {
        if let SecretRef::VaultLease { path, field } = secret {
            needs.push(Need {
                path: path.clone(),
                pattern: path.clone(),
                capabilities: &["read"],
                purpose: format!("the credential {path}#{field}"),
            });
        }
    }
    if !needs.is_empty() {
        needs.push(Need {
            path: RENEW.to_owned(),
            pattern: RENEW.to_owned(),
            capabilities: &["update"],
            purpose: "renewing the Vault leases of credentials".to_owned(),
        });
    }
    needs
}

/// What our own token needs to renew itself. Vault's policy `default` permits
/// it, unless the role excludes that policy.
fn own_token() -> [Need; 2] {
    let need = |path: &str, purpose: &str| Need {
        path: path.to_owned(),
        pattern: path.to_owned(),
        capabilities: &["update"],
        purpose: purpose.to_owned(),
    };
    [
        need("auth/token/renew-self", "renewing our own Vault token"),
        need("auth/token/revoke-self", "revoking it at the end"),
    ]
}

/// Asks Vault which of the permissions are missing.
///
/// # Errors
/// When Vault cannot be asked. If that request itself is not permitted, only
/// its policy line is returned.
pub async fn check(
    session: &Session,
    needs: &[Need],
) -> Result<Vec<MissingCapability>, VaultError> {
    let mut missing = Vec::new();
    for batch in needs.chunks(BATCH) {
        let call = Call::new("capabilities", CAPABILITIES_SELF);
        let paths: Vec<&str> = batch.iter().map(|need| need.path.as_str()).collect();
        let request = Plain::post(CAPABILITIES_SELF, json!({ "paths": paths }));
        let answer = match session.call(&call, &request).await {
            Ok(answer) => answer,
            Err(error) if is_forbidden(&error) => return Ok(vec![question_forbidden()]),
            Err(error) => return Err(error),
        };
        let granted: BTreeMap<String, Vec<String>> = answer.field("data").ok_or_else(|| {
            let text = "there are no capabilities in it".to_owned();
            VaultError::new(&call, VaultErrorKind::Malformed(text))
        })?;
        missing.extend(batch.iter().filter_map(|need| {
            let granted = granted.get(&need.path).map(Vec::as_slice);
            lacking(need, granted.unwrap_or_default())
        }));
    }
    Ok(missing)
}

/// The policy lines that give all of this, each once, and what a token needs to ask about
/// itself. For a policy that stands alone, without Vault's `default`.
#[must_use]
pub fn whole_policy(needs: &[Need]) -> Vec<String> {
    let missing: Vec<_> = needs.iter().filter_map(|need| lacking(need, &[])).collect();
    let mut lines = policy_lines(&missing);
    lines.push(policy_line("auth/token/lookup-self", &["read"]));
    lines.push(policy_line(CAPABILITIES_SELF, &["update"]));
    lines
}

/// The policy line by which the daemon is told who wrote a secret.
#[must_use]
pub fn authors_line(path: &KvPath) -> String {
    policy_line(&path.metadata(), &["read"])
}

/// All missing policy lines, each once.
#[must_use]
pub fn policy_lines(missing: &[MissingCapability]) -> Vec<String> {
    let lines: BTreeSet<&str> = missing.iter().map(|m| m.policy_line.as_str()).collect();
    lines.into_iter().map(str::to_owned).collect()
}

fn lacking(need: &Need, granted: &[String]) -> Option<MissingCapability> {
    let has = |wanted: &str| granted.iter().any(|g| g == wanted || g == "root");
    let missing: Vec<&'static str> = need
        .capabilities
        .iter()
        .copied()
        .filter(|wanted| !has(wanted))
        .collect();
    if missing.is_empty() {
        return None;
    }
    Some(MissingCapability {
        path: need.path.clone(),
        missing,
        purpose: need.purpose.clone(),
        policy_line: policy_line(&need.pattern, need.capabilities),
    })
}

fn policy_line(pattern: &str, capabilities: &[&str]) -> String {
    let quoted: Vec<String> = capabilities.iter().map(|c| format!("\"{c}\"")).collect();
    format!(
        "path \"{pattern}\" {{ capabilities = [{}] }}",
        quoted.join(", ")
    )
}

fn is_forbidden(error: &VaultError) -> bool {
    matches!(
        error.kind,
        VaultErrorKind::Forbidden {
            invalid_token: false
        }
    )
}

fn question_forbidden() -> MissingCapability {
    MissingCapability {
        path: CAPABILITIES_SELF.to_owned(),
        missing: vec!["update"],
        purpose: "asking Vault what our token may do".to_owned(),
        policy_line: policy_line(CAPABILITIES_SELF, &["update"]),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn a_missing_capability_comes_with_its_policy_line() {
        let state = KvPath::parse("kv/scim-rotator").expect("good");
        let target = PublishTarget {
            path: KvPath::parse("kv/scim/crm").expect("good"),
            fields: Arc::default(),
        };
        let targets = BTreeMap::from([("crm".to_owned(), target)]);
        let secrets = BTreeSet::from([SecretRef::Vault {
            path: "kv/admin/auth0".to_owned(),
            field: "client_secret".to_owned(),
        }]);
        let of_kinds = [VaultNeed {
            path: "scim/creds/crm".to_owned(),
            capabilities: &["read"],
            purpose: "the issuer `crm`".to_owned(),
        }];
        let needs = needs(&state, &targets, &secrets, &of_kinds);
        let paths: Vec<&str> = needs.iter().map(|n| n.path.as_str()).collect();
        assert_eq!(
            paths,
            [
                "kv/data/scim-rotator/crm",
                "kv/data/scim/crm",
                "kv/data/scim-rotator/.installation-key",
                "kv/data/scim-rotator/.control",
                "kv/data/scim-rotator/.bell",
                "kv/data/scim-rotator/audit/any",
                "kv/data/scim-rotator/facts/any",
                "kv/data/scim-rotator/cycles/any",
                "kv/data/scim-rotator/requests/any/any",
                "kv/metadata/scim-rotator/requests/any",
                "kv/data/admin/auth0",
                "scim/creds/crm",
                "auth/token/renew-self",
                "auth/token/revoke-self"
            ]
        );
        let all = ["create", "read", "update"].map(str::to_owned);
        assert_eq!(lacking(&needs[0], &all), None);
        let of_kind = lacking(&needs[11], &[]).expect("missing");
        let line = "path \"scim/creds/crm\" { capabilities = [\"read\"] }";
        assert_eq!(of_kind.policy_line, line);
        assert_eq!(lacking(&needs[0], &["root".to_owned()]), None);
        let missing = lacking(&needs[0], &["read".to_owned()]).expect("missing");
        assert_eq!(missing.missing, ["create", "update"]);
        assert_eq!(
            missing.policy_line,
            "path \"kv/data/scim-rotator/*\" { capabilities = [\"create\", \"read\", \"update\"] }"
        );
    }
}
