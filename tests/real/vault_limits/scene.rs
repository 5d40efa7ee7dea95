//! Where these tests take place, and what is looked at again and again.

use serde_json::{Value, json};

use super::{RECORD, RECORD_METADATA};
use crate::commands::Ran;
use crate::house::{House, text};
use crate::parts::{DUE, Keeper, read_users, scim2_server_issuer, token};
use crate::support::scim2_server::Scim2Server;

/// A token before a Vault that can be set as a test likes.
pub(super) struct Scene {
    pub(super) house: House,
    pub(super) server: Scim2Server,
    keeper: Keeper,
    pub(super) sections: String,
}

impl Scene {
    pub(super) async fn new() -> Option<Self> {
        Self::with_longest_call(5).await
    }

    pub(super) async fn with_longest_call(seconds: u32) -> Option<Self> {
        let (mut house, server) = (House::new().await?, Scim2Server::start()?);
        house.longest_call = seconds;
        house.sweep = "10s";
        let keeper = Keeper::new(&house);
        let sections = [
            scim2_server_issuer(&server),
            keeper.connection(&house),
            token(&server.scim_url(), "idp", DUE),
        ]
        .concat();
        house.configure(&sections);
        Some(Self {
            house,
            server,
            keeper,
            sections,
        })
    }

    /// One rotation by command, to its end; everybody has the new token then.
    pub(super) async fn rotates(&self) {
        let before = self.house_generation().await;
        let ran = self
            .house
            .command(&["rotate", "crm", "--foreground", "--timeout", "10m"])
            .await;
        assert_eq!(ran.code, Some(0), "{ran:?}");
        assert!(self.house_generation().await > before);
        self.everybody_agrees().await;
    }

    pub(super) async fn everybody_agrees(&self) {
        let record = self.house.record().await;
        let current = text(&record["current"]["value"]);
        assert_eq!(self.keeper.holds().as_deref(), Some(current));
        assert_eq!(self.house.published().await["token"], current);
        assert_eq!(read_users(&self.server.scim_url(), current).await, 200);
    }

    pub(super) async fn house_generation(&self) -> u64 {
        self.house.record().await["generation"]
            .as_u64()
            .unwrap_or(0)
    }

    pub(super) async fn check(&self) -> Ran {
        self.house.command(&["check", "--online"]).await
    }

    pub(super) async fn check_is_content(&self) {
        let ran = self.check().await;
        assert_eq!(ran.code, Some(0), "{ran:?}");
        assert!(ran.stdout.contains("may do all"), "{ran:?}");
    }

    pub(super) async fn check_says(&self, code: i32, words: &[&str]) {
        let ran = self.check().await;
        assert_eq!(ran.code, Some(code), "{ran:?}");
        for word in words {
            let said = ran.stdout.contains(word) || ran.stderr.contains(word);
            assert!(said, "`{word}`: {ran:?}");
        }
    }

    /// Nothing is done, and both commands say why.
    pub(super) async fn is_refused(&self, words: &[&str]) {
        let before = self.version().await;
        self.check_says(1, words).await;
        let ran = self.house.command(&["once", "--timeout", "6s"]).await;
        assert_eq!(ran.code, Some(75), "{ran:?}");
        for word in words {
            let said = ran.stdout.contains(word) || ran.stderr.contains(word);
            assert!(said, "`{word}`: {ran:?}");
        }
        assert_eq!(self.version().await, before, "it was written to");
    }

    pub(super) async fn version(&self) -> u64 {
        let metadata = self
            .house
            .vault
            .must("GET", RECORD_METADATA, Value::Null)
            .await;
        metadata["data"]["current_version"]
            .as_u64()
            .expect("a number")
    }

    pub(super) async fn write_record(&self, fields: &Value) {
        let wish = json!({ "data": fields });
        self.house.vault.must("POST", RECORD, wish).await;
    }

    /// From now on all paths begin with this mount.
    pub(super) fn mounted_at(&self, mount: &str) {
        self.house.configure(&self.sections);
        let config = self.house.config();
        let text = std::fs::read_to_string(&config).expect("the configuration");
        let text = text.replace("\"kv/", &format!("\"{mount}/"));
        std::fs::write(&config, text).expect("the configuration");
    }
}
