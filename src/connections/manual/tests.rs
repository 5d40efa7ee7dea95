//! A connection that a person writes, with a place that only remembers.

mod log;

use std::sync::Arc;

use async_trait::async_trait;
use parking_lot::Mutex;
use url::Url;

use super::*;
use crate::ports::kind::Kind;
use crate::problem::Problems;
use crate::rotation::capability::Writer;

/// Paths with the texts that wait there.
#[derive(Default)]
struct Place(Mutex<Vec<(String, String, String)>>);

#[async_trait]
impl Handover for Place {
    async fn check(&self, _path: &str) -> Result<(), Fault> {
        Ok(())
    }

    async fn put(&self, path: &str, waiting: &Waiting<'_>) -> Result<(), Fault> {
        let value = waiting.value.expose().to_owned();
        let told = format!("{} | {}", waiting.instructions, waiting.command);
        self.0.lock().push((path.to_owned(), value, told));
        Ok(())
    }

    async fn take_away(&self, path: &str, value: &BearerToken) -> Result<(), Fault> {
        let mut all = self.0.lock();
        all.retain(|(there, text, _)| there != path || text != value.expose());
        Ok(())
    }
}

fn config(text: &str) -> ManualConnection {
    toml::from_str(text).expect("sound")
}

const SOUND: &str = "
vault_path = 'kv/handover/hr/'
instructions = { link = 'https://admin.example', steps = ['Open {{ config.app }}', 'Save'] }
config = { app = 'CRM' }
";

#[tokio::test]
async fn the_token_waits_with_what_to_do_until_it_is_settled() {
    let place = Arc::new(Place::default());
    let manual = Manual {
        name: "hr".to_owned(),
        config: config(SOUND),
        log: None,
        place: Arc::clone(&place) as Arc<dyn Handover>,
    };
    assert_eq!(manual.capabilities().writer, Writer::Person);
    let (new, old) = (BearerToken::parse("new-1"), BearerToken::parse("old-1"));
    let (new, old) = (new.expect("a token"), old.expect("a token"));
    let scim_url = Url::parse("https://crm.example/scim").expect("a URL");
    let delivery = Delivery {
        token: "crm",
        value: &new,
        old: Some(&old),
        scim_url: &scim_url,
        since: None,
    };
    manual.deliver(&delivery).await.expect("it waits");
    let told = "Where: https://admin.example 1. Open CRM. 2. Save. | scim-rotator ack crm hr --reason \"written into the identity provider\"";
    let waits = (
        "kv/handover/hr/crm".to_owned(),
        "new-1".to_owned(),
        told.to_owned(),
    );
    assert_eq!(*place.0.lock(), [waits]);
    assert_eq!(
        manual.confirm(&delivery).await,
        Ok(Confirmation::CannotTell)
    );
    manual
        .settled("crm", &old)
        .await
        .expect("another one stays");
    assert_eq!(place.0.lock().len(), 1);
    manual.settled("crm", &new).await.expect("gone");
    assert_eq!(place.0.lock().len(), 0);
    let back = Delivery {
        value: &old,
        old: Some(&new),
        ..delivery
    };
    manual.revert(&back).await.expect("it waits");
    assert!(
        place.0.lock()[0]
            .2
            .starts_with("The token that waited here before is not used after all.")
    );
}

#[test]
fn the_folder_is_a_mount_and_a_path() {
    for (path, sound) in [
        ("kv/handover/hr", true),
        ("kv/hr/", true),
        ("kv", false),
        ("", false),
        ("kv//hr", false),
        ("kv/../sys", false),
        ("kv/hr?version=1", false),
        ("kv/h r", false),
    ] {
        let changed = SOUND.replace("kv/handover/hr/", path);
        let mut problems = Problems::default();
        config(&changed).check("connections.hr.manual", &mut problems);
        let paths: Vec<_> = problems.all().iter().map(|p| p.path.as_str()).collect();
        let expected: &[&str] = if sound {
            &[]
        } else {
            &["connections.hr.manual.vault_path"]
        };
        assert_eq!(paths, expected, "{path}");
    }
    let needs = config(SOUND).vault_needs();
    let paths: Vec<_> = needs.iter().map(|need| need.path.as_str()).collect();
    assert_eq!(
        paths,
        ["kv/data/handover/hr/+", "kv/metadata/handover/hr/+"]
    );
}
