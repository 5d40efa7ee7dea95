//! What the configuration, the wiring and the look at Vault ask of an issuer or
//! a connection before it runs.
//!
//! A kind is one file or folder below `issuers` or `connections`, one variant
//! of that family's enum, and one arm of its `as_kind`. Everything else about
//! a kind is asked through this trait, so nothing else must change when a kind
//! is added.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::SignedDuration;

use super::handover::Handover;
use super::refresh::RefreshTokens;
use super::vault_lease::VaultLeases;
use super::{Clock, Connection, Issuer, Secrets};
use crate::http::Client;
use crate::http::fired::{Firings, RuleName};
use crate::problem::Problems;
use crate::rotation::capability::{ConnectionCapabilities, IssuerCapabilities};
use crate::scim::shape::ChecksumCheck;
use crate::secret::SecretRef;
use crate::value::HOW;

/// The settings of one issuer or connection.
pub trait Kind: Send + Sync {
    /// What it can do.
    type Capabilities;
    /// What is built from it.
    type Built: ?Sized;

    /// The word that the configuration names it by, for labels.
    fn kind(&self) -> &str;

    /// Notes what is wrong with the settings. `path` is their dotted path, for
    /// example `issuers.crm.http`.
    fn check(&self, path: &str, problems: &mut Problems);

    /// What it can do, known without building it. What the settings leave out
    /// counts as the worst; [`Kind::check`] reports it.
    fn capabilities(&self) -> Self::Capabilities;

    /// The credentials with which we call it. None of them may be a managed
    /// token.
    fn credentials(&self) -> Vec<SecretRef>;

    /// Builds it. The settings were checked before.
    ///
    /// # Errors
    /// Says what about the settings cannot be used.
    fn build(&self, name: &str, deps: &Deps) -> Result<Arc<Self::Built>, String>;

    /// How long its tokens live by the configuration's word, for tokens whose
    /// own settings do not say so and where no answer tells.
    fn declared_lifetime(&self) -> Option<SignedDuration> {
        None
    }

    /// The life that an issuer is asked for if this one is wished: within the limits of
    /// the provider. `None` if it is not asked for any.
    fn asked_lifetime(&self, _wish: SignedDuration) -> Option<SignedDuration> {
        None
    }

    /// The checksum that its tokens carry, where this program makes them.
    fn checksum(&self) -> Option<ChecksumCheck> {
        None
    }

    /// The scopes that an issuer is asked for with each token, as far as the settings
    /// name them.
    fn asked_scopes(&self) -> Vec<String> {
        Vec::new()
    }

    /// Whether an issuer tells the client id with a new client secret, or a connection
    /// is given it.
    fn handles_client_id(&self) -> bool {
        false
    }

    /// Whether a connection writes a client id in each delivery, so that a token without
    /// a client cannot be delivered to it.
    fn writes_client_id(&self) -> bool {
        false
    }

    /// What a person is told who must supply the next token, or write it into
    /// the identity provider.
    fn instructions(&self) -> Option<String> {
        None
    }

    /// The folder in Vault below which a token waits for the person who writes
    /// it, where a person does.
    fn handover_folder(&self) -> Option<&str> {
        None
    }

    /// Its longest call, where the settings of the HTTP client do not limit it.
    fn longest_call(&self) -> Option<LongestCall> {
        None
    }

    /// What our Vault token must be allowed to do for it, besides reading
    /// [`Kind::credentials`].
    fn vault_needs(&self) -> Vec<VaultNeed> {
        Vec::new()
    }

    /// How long the daemon's own login to Vault must last, so that it outlives a
    /// token of this wished life.
    fn needs_of_login(&self, _wish: Option<SignedDuration>) -> LoginNeed {
        LoginNeed::Nothing
    }

    /// The vendor file that it was made from.
    fn vendor(&self) -> Option<&VendorMark> {
        None
    }

    /// The rules of `answers` that its calls declare, for replays.
    fn rules(&self) -> BTreeSet<RuleName> {
        BTreeSet::new()
    }

    /// What to do about a literal secret at this key; `key` is its dotted path
    /// below the kind's table.
    fn literal_remedy(&self, _key: &str) -> &'static str {
        HOW
    }
}

/// [`Kind::literal_remedy`] of kinds whose OAuth 2 client takes `params`.
#[must_use]
pub fn remedy_in_params(key: &str) -> &'static str {
    if key.split('.').any(|part| part == "params") {
        "use `client_secret` for the client's own secret; other secrets are no parameters"
    } else {
        HOW
    }
}

/// [`Kind::literal_remedy`] of kinds whose templates take `secrets`.
#[must_use]
pub fn remedy_by_secrets(key: &str) -> &'static str {
    match remedy_in_params(key) {
        HOW => "name it in `secrets`, as a reference, and write \"{{ secrets.<name> }}\" here",
        remedy => remedy,
    }
}

/// The vendor file from which settings of kind `http` were made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VendorMark {
    /// The vendor's name, which stands where the kind stands.
    pub name: String,
    /// SHA-256 of the file's bytes, in hex.
    pub sha256: String,
    /// Whose file it is.
    pub origin: Origin,
    /// Names such as `config.region` that templates may use although the user
    /// gave no value: what they do without one is written in the template.
    pub absent: Vec<String>,
    /// The parameters that the user gave, each with its value in TOML. Credentials are
    /// references.
    pub given: Vec<(String, String)>,
}

/// Whose vendor file it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// It is built into the program.
    Shipped,
    /// The user's own.
    Own,
}

impl Origin {
    /// For people and programs.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Shipped => "shipped",
            Self::Own => "own",
        }
    }
}

/// The settings of an issuer of any kind.
pub type AnyIssuer = dyn Kind<Capabilities = IssuerCapabilities, Built = dyn Issuer>;

/// The settings of a connection of any kind.
pub type AnyConnection = dyn Kind<Capabilities = ConnectionCapabilities, Built = dyn Connection>;

/// What issuers and connections are built from.
#[derive(Clone)]
pub struct Deps {
    /// The client for their servers.
    pub http: Client,
    /// Resolves credential references.
    pub secrets: Arc<dyn Secrets>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Is told which rules of answers decide; for replays.
    pub fired: Option<Firings>,
    /// Where tokens wait for a person; `None` where there is no Vault.
    pub handover: Option<Arc<dyn Handover>>,
    /// Makes tokens under Vault leases; `None` where there is no Vault.
    pub vault_leases: Option<Arc<dyn VaultLeases>>,
    /// Stores refresh tokens; `None` where there is no Vault.
    pub refresh_tokens: Option<Arc<dyn RefreshTokens>>,
}

/// The longest call of a kind, and the key that sets it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LongestCall {
    /// Dotted path below the kind's table.
    pub key: &'static str,
    /// How long it may take.
    pub limit: SignedDuration,
}

/// How long the daemon's own login to Vault must last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LoginNeed {
    /// No token ends with it.
    Nothing,
    /// As long as this.
    For(SignedDuration),
}

/// What must be allowed at one path of Vault's API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VaultNeed {
    /// The path as policies name it.
    pub path: String,
    /// Capabilities in the words of policies.
    pub capabilities: &'static [&'static str],
    /// What for.
    pub purpose: String,
}
