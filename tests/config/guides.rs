//! Each TOML block of the documents for users is a configuration that loads.

use super::Folder;

/// What a block is put behind that shows only a part.
const HEAD: &str = r#"
[vault]
address = "https://vault.example.com:8200"
state_path = "kv/scim-rotator"

[vault.auth.approle]
role_id = "3f7f1f0a-5a7e-4c1e-9d0b-2f4f6a1f7c55"
secret_id = { file = "/etc/scim-rotator/vault-secret-id" }
"#;

const DOCUMENTS: [(&str, &str); 7] = [
    ("README.md", include_str!("../../README.md")),
    (
        "config/ADOPTION.md",
        include_str!("../../config/ADOPTION.md"),
    ),
    (
        "config/CREDENTIALS.md",
        include_str!("../../config/CREDENTIALS.md"),
    ),
    ("deploy/AUDIT.md", include_str!("../../deploy/AUDIT.md")),
    ("deploy/TRACES.md", include_str!("../../deploy/TRACES.md")),
    ("deploy/README.md", include_str!("../../deploy/README.md")),
    ("deploy/SCALE.md", include_str!("../../deploy/SCALE.md")),
];

#[test]
fn each_configuration_in_the_documents_can_be_used() {
    for (name, text) in DOCUMENTS {
        let mut count = 0;
        for block in blocks(text) {
            let whole = match block.contains("[vault]") {
                true => block.to_owned(),
                false => format!("{HEAD}\n{block}"),
            };
            // A variable of systemd's, which is set for the service alone.
            let whole = whole.replace("${CREDENTIALS_DIRECTORY}", "/run/credentials/scim-rotator");
            if let Err(report) = Folder::with(&whole).load() {
                panic!("{name}:\n{block}\n{}", report.render(false));
            }
            count += 1;
        }
        assert!(count > 0, "{name} has no configuration");
    }
}

fn blocks(text: &str) -> impl Iterator<Item = &str> {
    let after = text.split("```toml\n").skip(1);
    after.filter_map(|rest| rest.split("```").next())
}
