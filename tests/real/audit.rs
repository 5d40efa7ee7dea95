//! What Vault writes down of each request.

use std::path::PathBuf;

use serde_json::{Value, json};

use super::house::House;

/// An audit device of the house's Vault.
pub struct Audit {
    file: PathBuf,
}

impl Audit {
    /// From now on every request is written down.
    pub async fn start(house: &House) -> Self {
        let file = house.path("audit.log");
        let wish = json!({ "type": "file", "options": { "file_path": file } });
        house.vault.must("PUT", "sys/audit/file", wish).await;
        Self { file }
    }

    /// Operation and path of each request by the daemon so far.
    pub fn requests_of_the_daemon(&self) -> Vec<String> {
        let text = std::fs::read_to_string(&self.file).expect("the audit log");
        let lines = text.lines().filter_map(|l| serde_json::from_str(l).ok());
        lines
            .filter(|line: &Value| line["type"] == "request")
            .filter(|line| {
                line["auth"]["display_name"] == "approle"
                    || line["request"]["path"] == "auth/approle/login"
            })
            .map(|line| {
                let request = &line["request"];
                let text_of = |value: &Value| value.as_str().unwrap_or_default().to_owned();
                format!(
                    "{} {}",
                    text_of(&request["operation"]),
                    text_of(&request["path"])
                )
            })
            .collect()
    }
}

/// Signs of life, the life of the daemon's own Vault token, the question whether
/// a person stopped all work: they come with time, not with rotations.
pub fn is_housekeeping(request: &str) -> bool {
    [
        "read auth/token/lookup-self",
        "update auth/token/renew-self",
        "read kv/data/scim-rotator/.control",
        "read kv/data/scim-rotator/.bell",
    ]
    .contains(&request)
}
