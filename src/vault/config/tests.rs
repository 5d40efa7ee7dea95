use super::*;

const APPROLE: &str = "auth.approle.role_id = \"r\"\nauth.approle.secret_id.file = \"/s\"\n";

fn problems(toml: &str) -> Vec<(String, String)> {
    let config: VaultConfig = toml::from_str(toml).expect("parses");
    let mut problems = Problems::default();
    config.check("vault", &mut problems);
    let all = problems.all().iter();
    all.map(|p| (p.path.clone(), p.message.clone())).collect()
}

#[test]
fn a_sound_section_has_no_problems_and_its_defaults() {
    let text = format!(
        "address = \"https://vault.example.com:8200\"\nstate_path = \"kv/scim-rotator\"\n{APPROLE}"
    );
    assert_eq!(problems(&text), []);
    let config: VaultConfig = toml::from_str(&text).expect("parses");
    assert_eq!(config.request_timeout.0, SignedDuration::from_secs(15));
    let AuthConfig::Approle(approle) = config.auth else {
        panic!("approle expected");
    };
    assert_eq!(approle.mount, "approle");
}

#[test]
fn each_mistake_is_named_at_its_key() {
    let good_state = "state_path = \"kv/s\"";
    let cases = [
        (
            "address = \"http://vault.example.com\"",
            good_state,
            "",
            "vault.address",
            "unencrypted",
        ),
        (
            "address = \"https://u:p@v.example\"",
            good_state,
            "",
            "vault.address",
            "credential",
        ),
        (
            "address = \"https://v.example?x=1\"",
            good_state,
            "",
            "vault.address",
            "query",
        ),
        (
            "address = \"ftp://v.example\"",
            good_state,
            "",
            "vault.address",
            "scheme",
        ),
        (
            "address = []",
            good_state,
            "",
            "vault.address",
            "no address",
        ),
        (
            "address = \"https://v\"",
            "state_path = \"kv\"",
            "",
            "vault.state_path",
            "no path",
        ),
        (
            "address = \"https://v\"",
            "state_path = \"kv/../x\"",
            "",
            "vault.state_path",
            "..",
        ),
        (
            "address = \"https://v\"",
            "state_path = \"kv/x.\"",
            "",
            "vault.state_path",
            "period",
        ),
        (
            "address = \"https://v\"",
            "state_path = \"kv/data/x\"",
            "",
            "vault.state_path",
            "data/",
        ),
        (
            "address = \"https://v\"",
            good_state,
            "namespace = \"a//b\"",
            "vault.namespace",
            "empty segment",
        ),
        (
            "address = \"https://v\"",
            good_state,
            "request_timeout = \"0s\"",
            "vault.request_timeout",
            "zero",
        ),
        (
            "address = \"https://v\"",
            good_state,
            "connect_timeout = \"1m\"",
            "vault.connect_timeout",
            "longer",
        ),
        (
            "address = \"https://v\"",
            good_state,
            "client_cert_file = \"/c.pem\"",
            "vault.client_cert_file",
            "without `client_key_file`",
        ),
        (
            "address = \"https://v\"",
            good_state,
            "client_key_file = \"/k.pem\"",
            "vault.client_key_file",
            "without `client_cert_file`",
        ),
        (
            "address = \"https://v\"",
            good_state,
            "proxy = \"socks5://u:p@proxy\"",
            "vault.proxy",
            "http or https URL",
        ),
        (
            "address = \"http://127.0.0.1:8200\"",
            good_state,
            "proxy = \"http://proxy:3128\"",
            "vault.proxy",
            "with the Vault token",
        ),
    ];
    for (address, state, extra, key, message) in cases {
        let found = problems(&format!("{address}\n{state}\n{extra}\n{APPROLE}"));
        assert!(
            found.iter().any(|(k, m)| k == key && m.contains(message)),
            "{address} {state} {extra}: {found:?}"
        );
    }
}

#[test]
fn loopback_may_be_plain_http_and_several_addresses_may_be_given() {
    let text = format!(
        "address = [\"http://127.0.0.1:8200\", \"http://localhost:8200\", \"http://[::1]:8200\"]\nstate_path = \"kv/s\"\n{APPROLE}"
    );
    assert_eq!(problems(&text), []);
}

#[test]
fn our_own_login_cannot_come_out_of_vault() {
    let text =
        "address = \"https://v\"\nstate_path = \"kv/s\"\nauth.token.token.vault = \"kv/a#b\"\n";
    let found = problems(text);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].0, "vault.auth.token.token");
}

#[test]
fn a_login_by_certificate_needs_one_and_tls() {
    let text = |address: &str, files: &str| {
        format!("address = \"{address}\"\nstate_path = \"kv/s\"\n{files}auth.cert = {{}}\n")
    };
    let files = "client_cert_file = \"/c.pem\"\nclient_key_file = \"/c.pem\"\n";
    assert_eq!(problems(&text("https://v", files)), []);
    let found = problems(&text("https://v", ""));
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].0, "vault.auth.cert");
    let found = problems(&text("http://127.0.0.1", files));
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].0, "vault.address");
}

#[test]
fn unknown_keys_and_unknown_methods_are_refused() {
    for extra in [
        "adress = 1",
        "auth.kerberos.x = 1",
        "auth.approle.secretid = 1",
        "tls_min_version = \"tls11\"",
    ] {
        let text = format!("address = \"https://v\"\nstate_path = \"kv/s\"\n{APPROLE}{extra}\n");
        assert!(toml::from_str::<VaultConfig>(&text).is_err(), "{extra}");
    }
}
