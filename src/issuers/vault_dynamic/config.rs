//! Settings of an issuer that is a secrets engine of Vault.

use std::sync::Arc;

use jiff::SignedDuration;
use serde::Deserialize;

use super::LeasedTokens;
use crate::http::template::{JsonTemplate, Names};
use crate::issuers::Deps;
use crate::issuers::capabilities::Capabilities;
use crate::ports::Issuer;
use crate::ports::kind::{Kind, LoginNeed, VaultNeed};
use crate::ports::vault_lease::Parent;
use crate::problem::Problems;
use crate::rotation::capability::{
    ExpirySource, IssueEffect, IssuerCapabilities, LastUsed, LiveTokens, Recovery, Revoke, Supply,
};
use crate::secret::SecretRef;
use crate::value::HumanDuration;

/// What a body may name.
const KNOWN: [&str; 3] = ["token_name", "label", "lifetime_seconds"];
/// First segments of paths at which no secrets engine is.
const NO_ENGINES: [&str; 5] = ["sys", "auth", "identity", "cubbyhole", "v1"];
const REMEDY_OF_PATH: &str =
    "write the path as policies name it, for example \"consul/creds/scim\"";

/// `[issuers.<name>.vault_dynamic]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VaultDynamicIssuer {
    /// The path at which the engine makes a token, as policies name it.
    pub path: String,
    /// What is written there; without it the path is read. Texts may hold
    /// `{{ token_name }}`, `{{ label }}` and `{{ lifetime_seconds }}`.
    #[serde(default)]
    pub body: Option<JsonTemplate>,
    /// JSON pointer of the token below `data` of the answer.
    pub token: String,
    /// What the Vault lease is made under.
    pub parent: Option<LeaseParent>,
    /// How many tokens the service accepts at once.
    pub live_tokens: Option<LiveTokens>,
    /// Whether our Vault token may list and look up the leases of the path.
    #[serde(default)]
    pub list: bool,
    /// Life to ask for where a token's own settings name none; without it, the
    /// longest that Vault grants (max TTL).
    #[serde(default)]
    pub lifetime: Option<HumanDuration>,
}

/// The Vault token that a lease is made under: it ends with it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LeaseParent {
    /// The daemon's own login.
    Login,
    /// A token that this token role makes for the lease alone.
    TokenRole(String),
}

impl Kind for VaultDynamicIssuer {
    type Capabilities = IssuerCapabilities;
    type Built = dyn Issuer;

    fn kind(&self) -> &'static str {
        "vault_dynamic"
    }

    fn check(&self, path: &str, problems: &mut Problems) {
        if let Some(why) = unusable_path(&self.path) {
            problems.error(format!("{path}.path"), why, REMEDY_OF_PATH);
        }
        if let Some(body) = &self.body {
            body.check(&format!("{path}.body"), &Names::new(KNOWN), problems);
        }
        if !self.token.starts_with('/') {
            problems.error(
                format!("{path}.token"),
                "this is no JSON pointer",
                "write the field of `data` with a slash before it, for example \"/token\"",
            );
        }
        if self.lifetime.is_some_and(|life| !life.0.is_positive()) {
            problems.error(
                format!("{path}.lifetime"),
                "a lifetime of zero is none",
                "write for example \"30d\", or remove it",
            );
        }
        self.stated().check(path, problems);
        self.check_parent(&format!("{path}.parent"), problems);
        if self.live_tokens == Some(LiveTokens::Two) && !self.list {
            problems.error(
                format!("{path}.list"),
                "with two live tokens, the leases must be listed before one is made",
                "write `list = true`, and grant what `check --online` names",
            );
        }
    }

    fn capabilities(&self) -> IssuerCapabilities {
        self.stated().resolve(Supply::Issuer)
    }

    /// Our own login.
    fn credentials(&self) -> Vec<SecretRef> {
        Vec::new()
    }

    fn build(&self, name: &str, deps: &Deps) -> Result<Arc<dyn Issuer>, String> {
        let Some(leases) = &deps.vault_leases else {
            return Err(format!("issuer `{name}`: there is no Vault here"));
        };
        Ok(Arc::new(LeasedTokens {
            name: name.to_owned(),
            settings: crate::issuers::digest_of(self),
            config: self.clone(),
            leases: Arc::clone(leases),
            clock: Arc::clone(&deps.clock),
        }))
    }

    fn vault_needs(&self) -> Vec<VaultNeed> {
        let need = |path: String, capabilities, purpose: &str| VaultNeed {
            path,
            capabilities,
            purpose: purpose.to_owned(),
        };
        let verb: &[&str] = match self.body {
            Some(_) => &["update"],
            None => &["read"],
        };
        let update: &[&str] = &["update"];
        let mut needs = vec![need(self.path.clone(), verb, "making a token")];
        let leases = [
            ("renew", "renewing the Vault lease of a new token"),
            ("revoke", "ending the Vault lease of an old token"),
        ];
        needs.extend(leases.map(|(verb, what)| need(format!("sys/leases/{verb}"), update, what)));
        if self.list {
            let look_up = "sys/leases/lookup";
            needs.push(need(look_up.to_owned(), update, "looking up Vault leases"));
            let folder = format!("{look_up}/{}/", self.path);
            needs.push(need(folder, &["list", "sudo"], "listing Vault leases"));
        }
        if let Some(LeaseParent::TokenRole(role)) = &self.parent {
            let path = format!("auth/token/create/{role}");
            let what = "making the token under which a Vault lease is made";
            needs.push(need(path, update, what));
        }
        needs
    }

    fn asked_lifetime(&self, wish: SignedDuration) -> Option<SignedDuration> {
        self.life(Some(wish))
    }

    fn needs_of_login(&self, wish: Option<SignedDuration>) -> LoginNeed {
        let under_login = self.parent == Some(LeaseParent::Login);
        let life = self.life(wish).filter(|_| under_login);
        life.map_or(LoginNeed::Nothing, LoginNeed::For)
    }
}

impl VaultDynamicIssuer {
    /// The life to ask for.
    pub(super) fn life(&self, wish: Option<SignedDuration>) -> Option<SignedDuration> {
        wish.or(self.lifetime.map(|life| life.0))
    }

    pub(super) fn lease_parent(&self) -> Parent<'_> {
        match &self.parent {
            Some(LeaseParent::TokenRole(role)) => Parent::TokenOf { role },
            Some(LeaseParent::Login) | None => Parent::Login,
        }
    }

    fn stated(&self) -> Capabilities {
        Capabilities {
            live_tokens: self.live_tokens,
            issue_effect: self.live_tokens.map(|live| match live {
                LiveTokens::One => IssueEffect::Kills,
                LiveTokens::Two | LiveTokens::Many => IssueEffect::Keeps,
            }),
            overlap: None,
            // A lease without a list is found by nobody: it ends by itself.
            recovery: Some(match self.list {
                true => Recovery::BySetDifference,
                false => Recovery::None,
            }),
            revoke: Some(Revoke::ById),
            expiry: Some(ExpirySource::Requested),
            last_used: Some(LastUsed::None),
        }
    }

    fn check_parent(&self, key: &str, problems: &mut Problems) {
        let remedy = "write `parent = { token_role = \"scim-leases\" }`: config/issuers/vault_dynamic.toml shows the role";
        match &self.parent {
            None => problems.error(
                key,
                "it must be stated what the Vault lease of a token is made under: Vault ends it with that, and provisioning stops",
                "write `parent = { token_role = \"scim-leases\" }`, or \"login\" if the daemon's login outlives every token: config/issuers/vault_dynamic.toml explains both",
            ),
            Some(LeaseParent::Login) => {
                problems.warning(
                    key,
                    "each token ends with the login under which it was issued, and nobody renews a login after the process that made it: tokens are rotated before that login ends",
                    remedy,
                );
                if self.lifetime.is_none() {
                    problems.error(
                        key.replace(".parent", ".lifetime"),
                        "it must be stated how long a token is to live, so that none is issued under a login that ends much earlier",
                        "write for example `lifetime = \"30d\"`",
                    );
                }
            }
            Some(LeaseParent::TokenRole(role)) if !is_name(role) => problems.error(
                key,
                format!("`{role}` is no name of a token role"),
                "use letters, digits and - _ .",
            ),
            Some(LeaseParent::TokenRole(_)) => {}
        }
    }
}

/// Why no engine answers at this path; `None` if one may.
fn unusable_path(path: &str) -> Option<String> {
    let segments: Vec<_> = path.split('/').collect();
    if segments.len() < 2 {
        return Some("the path has no part below the engine's mount".to_owned());
    }
    if let Some(bad) = segments.iter().find(|segment| !is_name(segment)) {
        return Some(format!(
            "`{bad}` cannot stand between two slashes of a path"
        ));
    }
    let first = segments.first().copied().unwrap_or_default();
    NO_ENGINES
        .contains(&first)
        .then(|| format!("no secrets engine is below `{first}/`"))
}

fn is_name(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.@:=,".contains(c);
    !text.is_empty() && text.chars().all(plain) && !text.ends_with('.')
}
