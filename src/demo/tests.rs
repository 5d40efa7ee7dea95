//! A rotation by hand over both servers, with the issuer and the connection
//! that their own configuration texts describe.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use jiff::SignedDuration;
use serde::Deserialize;

use super::identity_provider::{self, DemoIdentityProvider};
use super::service_provider::{self, DemoServiceProvider, IssueFault};
use crate::clock::SystemClock;
use crate::connections::{self, ConnectionKind};
use crate::fault::{Fault, FaultClass};
use crate::http::{Client, ClientSettings, NoObserver, Target};
use crate::issuers::{self, IssuerKind};
use crate::ports::{
    Clock, Connection, Delivery, IssueRequest, Issuer, Probe, Resolved, Secrets, TokenHandle,
};
use crate::problem::Problems;
use crate::rotation::outcome::{Confirmation, IssuedToken};
use crate::scim::config::ProbeConfig;
use crate::scim::evidence::Verdict;
use crate::scim::probe::ScimProbe;
use crate::secret::{BearerToken, SecretRef, SecretText};

#[derive(Deserialize)]
struct Sections {
    #[serde(default)]
    issuers: BTreeMap<String, IssuerKind>,
    #[serde(default)]
    connections: BTreeMap<String, ConnectionKind>,
}

/// Knows the two admin tokens by the names of environment variables.
struct TwoSecrets {
    sp: SecretText,
    idp: SecretText,
}

#[async_trait]
impl Secrets for TwoSecrets {
    async fn resolve(&self, reference: &SecretRef) -> Result<Resolved, Fault> {
        let value = match reference {
            SecretRef::Env(name) if name == "SP" => self.sp.clone(),
            SecretRef::Env(_)
            | SecretRef::File(_)
            | SecretRef::Vault { .. }
            | SecretRef::VaultLease { .. } => self.idp.clone(),
        };
        let fingerprint = value.fingerprint();
        Ok(Resolved { value, fingerprint })
    }

    fn refused(&self, _reference: &SecretRef) {}
}

struct Scene {
    sp: DemoServiceProvider,
    idp: DemoIdentityProvider,
    issuer: Arc<dyn Issuer>,
    connection: Arc<dyn Connection>,
    probe: ScimProbe,
}

impl Scene {
    async fn new() -> Self {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let options = service_provider::Options::new(Arc::clone(&clock));
        let sp = DemoServiceProvider::start(options).await.expect("a port");
        let mut options = identity_provider::Options::new(sp.scim_url(), Arc::clone(&clock));
        options.pace = SignedDuration::from_millis(5);
        let idp = DemoIdentityProvider::start(options).await.expect("a port");

        let issuer_text = sp.issuer_config("demo", "{ env = \"SP\" }");
        let sections: Sections = toml::from_str(&issuer_text).expect("an issuer");
        let issuer = &sections.issuers["demo"];
        let connection_text = idp.connection_config("hr", "{ env = \"IDP\" }");
        let sections: Sections = toml::from_str(&connection_text).expect("a connection");
        let connection = &sections.connections["hr"];
        let mut problems = Problems::default();
        issuer.as_kind().check("issuers.demo.http", &mut problems);
        connection
            .as_kind()
            .check("connections.hr.http", &mut problems);
        assert_eq!(problems.all(), []);

        let secrets: Arc<dyn Secrets> = Arc::new(TwoSecrets {
            sp: sp.admin_token().clone().into(),
            idp: idp.admin_token().clone().into(),
        });
        let client = |target| {
            let settings = ClientSettings::default();
            let observer = Arc::new(NoObserver);
            Client::new(&settings, target, Arc::clone(&clock), observer).expect("a client")
        };
        let deps = issuers::Deps {
            handover: None,
            vault_leases: None,
            refresh_tokens: None,
            fired: None,
            http: client(Target::Sp),
            secrets: Arc::clone(&secrets),
            clock: Arc::clone(&clock),
        };
        let issuer = issuers::build("demo", issuer, &deps).expect("an issuer");
        let deps = connections::Deps {
            handover: None,
            vault_leases: None,
            refresh_tokens: None,
            fired: None,
            http: client(Target::Idp),
            secrets,
            clock: Arc::clone(&clock),
        };
        let connection = connections::build("hr", connection, &deps).expect("a connection");
        let (config, http) = (ProbeConfig::default(), client(Target::Sp));
        let probe = ScimProbe::new(http, sp.scim_url(), config, clock);
        Self {
            sp,
            idp,
            issuer,
            connection,
            probe,
        }
    }

    async fn issue(&self, label: &str) -> Result<IssuedToken, Fault> {
        let request = IssueRequest {
            token: "crm".to_owned(),
            label: label.to_owned(),
            lifetime: Some(SignedDuration::from_secs(60)),
            overlap: SignedDuration::from_secs(5),
            etag: None,
            chosen: None,
            current: None,
        };
        self.issuer.issue(&request).await
    }

    async fn roll_out(&self, value: &BearerToken) {
        let verdict = self.probe.prove(value).await;
        assert!(
            matches!(&verdict, Verdict::Pass(e) if e.is_full()),
            "{verdict:?}"
        );
        let scim_url = self.sp.scim_url();
        let delivery = Delivery {
            token: "crm",
            value,
            old: None,
            scim_url: &scim_url,
            since: None,
        };
        self.connection
            .preflight("crm", &scim_url)
            .await
            .expect("fit");
        self.connection.deliver(&delivery).await.expect("delivered");
        for _ in 0..400 {
            match self.connection.confirm(&delivery).await.expect("an answer") {
                Confirmation::Works => return,
                Confirmation::NotYet { .. } => {
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
                other @ (Confirmation::CannotTell | Confirmation::Refused { .. }) => {
                    panic!("{other:?}")
                }
            }
        }
        panic!("never confirmed: {:?}", self.idp.stats());
    }
}

#[tokio::test]
async fn a_rotation_by_hand_costs_no_provisioning_call() {
    let scene = Scene::new().await;
    let old = scene.issue("first").await.expect("issued");
    assert!(old.expires_at.is_some() && old.id.is_some());
    scene.roll_out(&old.value).await;

    scene.sp.faults().issue.plan(IssueFault::LoseReply, 1);
    let lost = scene.issue("lost").await.expect_err("no whole answer");
    assert_eq!(lost.class, FaultClass::Ambiguous);
    let listing = scene.issuer.list("crm").await.expect("a listing");
    let labels: Vec<_> = listing.tokens.iter().map(|t| t.label.as_deref()).collect();
    assert_eq!(labels, [Some("first"), Some("lost")]);

    let new = scene.issue("second").await.expect("issued");
    scene.roll_out(&new.value).await;
    assert_eq!(scene.idp.holds(), Some(new.value.fingerprint()));
    let handle = TokenHandle {
        id: old.issuer_id(),
        value: Some(old.value.clone()),
    };
    scene.issuer.revoke("crm", &handle).await.expect("revoked");
    scene
        .issuer
        .revoke("crm", &handle)
        .await
        .expect("gone is revoked");
    let gone = scene.issuer.get("crm", &old.id.expect("an id")).await;
    assert_eq!(gone, Ok(None));
    let verdict = scene.probe.prove_refused(&old.value, &new.value).await;
    assert!(matches!(verdict, Verdict::Pass(_)), "{verdict:?}");
    let stats = scene.idp.stats();
    assert_eq!((stats.refused, stats.failed, stats.unreachable), (0, 0, 0));
    assert!(stats.ok > 0);
}
