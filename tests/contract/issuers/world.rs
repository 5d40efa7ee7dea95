//! An issuer at a scripted service provider.

use std::sync::Arc;

use jiff::SignedDuration;
use scim_rotator::fault::Fault;
use scim_rotator::http::{Client, ClientSettings, NoObserver, Target};
use scim_rotator::issuers::{IssuerKind, build};
use scim_rotator::ports::kind::Deps;
use scim_rotator::ports::{Clock, IssueRequest, Issuer, TokenHandle};
use scim_rotator::problem::Problems;
use scim_rotator::rotation::outcome::{IssuedToken, Listing};
use scim_rotator::scim::scopes::Scopes;

use crate::connections::pushed::{TestClock, TestSecrets, assert_no_secret};
use crate::connections::world::{Idp, Reply, Seen};

/// Makes, lists and revokes tokens by id.
pub(crate) const PLAIN: &str = r#"
    [http]
    auth.bearer = { env = "ADMIN" }
    capabilities = { live_tokens = "many", overlap = "explicit_retire", issue_effect = "keeps", recovery = "by_label", revoke = "by_id", expiry = "none", last_used = "none" }
    issue = { url = "@SP@/tokens", body.json = { name = "{{ label }}" }, read = { token = "/token", id = "/id" } }
    list = { url = "@SP@/tokens", read = { items = "/tokens", id = "/id", label = "/name", expires_at = { at = "/expires_at" } } }
    revoke = { url = "@SP@/tokens/{{ id }}" }
"#;

/// A service provider, and an issuer whose every fault is searched for secrets.
pub(crate) struct World {
    pub(crate) server: Idp,
    issuer: Arc<dyn Issuer>,
}

impl World {
    /// The issuer that the settings describe; `@SP@` is the server.
    pub(crate) async fn new(
        settings: &str,
        script: impl FnMut(&Seen) -> Reply + Send + 'static,
    ) -> Self {
        let server = Idp::start(script).await;
        let text = settings.replace("@SP@", server.address());
        let kind: IssuerKind = toml::from_str(&text).expect("settings");
        let mut problems = Problems::default();
        kind.as_kind().check("issuers.crm.http", &mut problems);
        assert!(!problems.has_errors(), "{problems:?}");
        let clock: Arc<dyn Clock> = Arc::<TestClock>::clone(server.clock());
        let settings = ClientSettings::default();
        let observer = Arc::new(NoObserver);
        let http = Client::new(&settings, Target::Sp, Arc::clone(&clock), observer);
        let deps = Deps {
            handover: None,
            vault_leases: None,
            refresh_tokens: None,
            fired: None,
            http: http.expect("a client"),
            secrets: Arc::new(TestSecrets),
            clock,
        };
        let issuer = build("crm", &kind, &deps).expect("an issuer");
        Self { server, issuer }
    }

    pub(crate) async fn issue(&self) -> Result<IssuedToken, Fault> {
        let request = IssueRequest {
            token: "crm-prod".to_owned(),
            label: "crm-prod-1".to_owned(),
            lifetime: None,
            overlap: SignedDuration::ZERO,
            etag: None,
            chosen: None,
            current: None,
        };
        searched(self.issuer.issue(&request).await)
    }

    pub(crate) async fn list(&self) -> Result<Listing, Fault> {
        searched(self.issuer.list("crm-prod").await)
    }

    pub(crate) async fn scopes(&self, handle: &TokenHandle) -> Result<Option<Scopes>, Fault> {
        searched(self.issuer.scopes("crm-prod", handle).await)
    }

    /// The failure of `issue`.
    pub(crate) async fn refused(&self) -> Fault {
        self.issue().await.expect_err("a failure")
    }
}

fn searched<T>(result: Result<T, Fault>) -> Result<T, Fault> {
    if let Err(fault) = &result {
        assert_no_secret(&fault.message);
        assert_no_secret(&format!("{fault:?}"));
    }
    result
}
