//! The stage of the demo: a Vault, two service providers, three identity
//! providers, and a configuration for them.
//!
//! ```text
//!                     Vault
//!                       │ records, published tokens
//!   crm  ─┐             │                ┌─ hr            provisions at crm
//!         ├── issue ── daemon ── deliver ┼─ contractors   provisions at crm
//!   wiki ─┘                              └─ staff         provisions at wiki
//! ```

mod alone;
mod folder;
mod pace;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::SignedDuration;
use url::Url;

use self::folder::Folder;
use super::identity_provider::{self, DemoIdentityProvider};
use super::loopback::fresh_token;
use super::service_provider::{self, DemoServiceProvider};
use super::vault::{self, EmbeddedVault, Policy, Role};
use crate::ports::Clock;
use crate::secret::BearerToken;

pub use self::alone::Alone;
pub use self::pace::Pace;

/// The shipped policy, as an administrator of a real Vault would load it.
const POLICY: &str = include_str!("../../../deploy/vault/scim-rotator.hcl");
const ROLE: &str = "scim-rotator";

/// Life of the daemon's own token for Vault, from each renewal.
const VAULT_TOKEN_TTL: SignedDuration = SignedDuration::from_mins(2);

/// Names of the tokens, in the order of the configuration.
pub const TOKENS: [&str; 2] = ["crm", "wiki"];

/// Everything around the daemon. It stops, and its files are gone, when it is
/// dropped.
pub struct Stage {
    /// Where records and tokens are kept.
    pub vault: EmbeddedVault,
    /// Issues the token `crm`.
    pub crm: DemoServiceProvider,
    /// Is told of the token `wiki`.
    pub wiki: DemoServiceProvider,
    /// Provisions at `crm`; the canary of its token.
    pub hr: DemoIdentityProvider,
    /// Provisions at `crm` too.
    pub contractors: DemoIdentityProvider,
    /// Provisions at `wiki`.
    pub staff: DemoIdentityProvider,
    /// How fast it all runs.
    pub pace: Pace,
    config: PathBuf,
    _folder: Folder,
}

/// How provisioning fares, over all identity providers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct Provisioning {
    /// Calls that were carried out.
    pub ok: u64,
    /// Calls that were refused with 401 or 403.
    pub refused: u64,
    /// Calls with another status.
    pub failed: u64,
    /// Calls without an answer.
    pub unreachable: u64,
    /// Users that were created.
    pub users_created: u64,
}

impl Stage {
    /// Starts the servers and writes the configuration.
    ///
    /// # Errors
    /// When a port or a folder cannot be had.
    pub async fn start(clock: Arc<dyn Clock>, pace: Pace) -> io::Result<Self> {
        let secret_id = fresh_token("")?;
        let vault = start_vault(&clock, &secret_id).await?;
        let crm = start_service_provider(&clock).await?;
        let wiki = start_service_provider(&clock).await?;
        let hr = start_identity_provider(&clock, crm.scim_url()).await?;
        let contractors = start_identity_provider(&clock, crm.scim_url()).await?;
        let staff = start_identity_provider(&clock, wiki.scim_url()).await?;
        let folder = Folder::new(&std::env::temp_dir())?;
        let secret = |name: &str, secret: &BearerToken| -> io::Result<String> {
            Ok(reference(&folder.write(name, secret.expose())?))
        };
        let text = [
            main_part(
                &vault,
                &crm,
                &wiki,
                &secret("vault-secret-id", &secret_id)?,
                pace,
            ),
            crm.issuer_config("crm", &secret("crm-admin", crm.admin_token())?),
            wiki.local_issuer_config(
                "wiki",
                &secret("wiki-admin", wiki.admin_token())?,
                &in_seconds(pace.lifetime()),
            ),
            hr.connection_config("hr", &secret("hr-admin", hr.admin_token())?),
            contractors.connection_config(
                "contractors",
                &secret("contractors-admin", contractors.admin_token())?,
            ),
            staff.connection_config("staff", &secret("staff-admin", staff.admin_token())?),
        ];
        let config = folder.write("demo.toml", &text.join("\n"))?;
        Ok(Self {
            vault,
            crm,
            wiki,
            hr,
            contractors,
            staff,
            pace,
            config,
            _folder: folder,
        })
    }

    /// The configuration file; any command can be given it while the stage
    /// stands.
    #[must_use]
    pub fn config(&self) -> &Path {
        &self.config
    }

    /// How provisioning fares.
    #[must_use]
    pub fn provisioning(&self) -> Provisioning {
        let all = [&self.hr, &self.contractors, &self.staff];
        let all = all.map(DemoIdentityProvider::stats);
        all.iter()
            .fold(Provisioning::default(), |sum, one| Provisioning {
                ok: sum.ok + one.ok,
                refused: sum.refused + one.refused,
                failed: sum.failed + one.failed,
                unreachable: sum.unreachable + one.unreachable,
                users_created: sum.users_created
                    + one.operations.get("create").copied().unwrap_or_default(),
            })
    }
}

async fn start_vault(clock: &Arc<dyn Clock>, secret_id: &BearerToken) -> io::Result<EmbeddedVault> {
    let mut options = vault::Options::new(Arc::clone(clock));
    let policy = Policy::from_hcl(ROLE, POLICY);
    let policy = policy.ok_or_else(|| io::Error::other("the policy is not understood"))?;
    options.policies = vec![policy];
    options.roles = vec![Role {
        role_id: ROLE.to_owned(),
        secret_id: secret_id.expose().to_owned(),
        policies: vec![ROLE.to_owned()],
        ttl: VAULT_TOKEN_TTL,
        max_ttl: None,
    }];
    EmbeddedVault::start(options).await
}

async fn start_service_provider(clock: &Arc<dyn Clock>) -> io::Result<DemoServiceProvider> {
    DemoServiceProvider::start(service_provider::Options::new(Arc::clone(clock))).await
}

async fn start_identity_provider(
    clock: &Arc<dyn Clock>,
    scim_url: Url,
) -> io::Result<DemoIdentityProvider> {
    let options = identity_provider::Options::new(scim_url, Arc::clone(clock));
    DemoIdentityProvider::start(options).await
}

fn main_part(
    vault: &EmbeddedVault,
    crm: &DemoServiceProvider,
    wiki: &DemoServiceProvider,
    secret_id: &str,
    pace: Pace,
) -> String {
    let text = include_str!("scim-rotator.toml")
        .replace("<VAULT>", vault.url().as_str().trim_end_matches('/'))
        .replace("<CRM>", crm.scim_url().as_str())
        .replace("<WIKI>", wiki.scim_url().as_str())
        .replace("<SECRET-ID>", secret_id);
    let times = pace.placeholders().into_iter();
    times.fold(text, |text, (name, time)| {
        text.replace(name, &in_seconds(time))
    })
}

/// A secret in a file, as the configuration names it.
fn reference(file: &Path) -> String {
    let path = toml::Value::from(file.display().to_string());
    format!("{{ file = {path} }}")
}

fn in_seconds(time: SignedDuration) -> String {
    format!("{}s", time.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SystemClock;
    use crate::config;

    #[tokio::test]
    async fn the_configuration_is_sound_at_any_pace() {
        for seconds in [16, 20, 60, 3600] {
            let pace = Pace::of(SignedDuration::from_secs(seconds)).expect("long enough");
            let clock = Arc::new(SystemClock);
            let stage = Stage::start(clock, pace).await.expect("ports");
            let loaded = config::load(stage.config());
            let loaded = loaded.unwrap_or_else(|report| panic!("{}", report.render(false)));
            let tokens: Vec<_> = loaded.settings.tokens.keys().map(String::as_str).collect();
            assert_eq!(tokens, TOKENS);
            let warned = loaded.warnings.findings().iter().map(|f| f.path.as_str());
            let expected = ["server.listen"];
            assert_eq!(warned.collect::<Vec<_>>(), expected, "{seconds} s");
            let folder = stage.config().parent().map(Path::to_owned);
            drop(stage);
            assert!(folder.is_some_and(|folder| !folder.exists()));
        }
    }

    #[test]
    fn a_life_that_no_machine_could_follow_is_refused() {
        assert_eq!(Pace::of(SignedDuration::from_millis(15_999)), None);
        assert!(Pace::of(Pace::SHORTEST_LIFE).is_some());
    }
}
