//! Paths in Vault: apart from each other, from the records, and from our own
//! credentials.

use std::collections::BTreeMap;

use super::Whole;
use crate::config::settings::TokenSettings;
use crate::problem::Problems;
use crate::secret::SecretRef;
use crate::vault::KvPath;

pub(super) fn check(whole: &Whole<'_>, problems: &mut Problems) {
    let known = whole
        .vault
        .filter(|_| !whole.placeholders.cover("vault.state_path"));
    let state = known.and_then(|v| KvPath::parse(&v.state_path).ok());
    for (name, token) in whole.tokens {
        path_is_without_data(name, token, problems);
        if let Some(state) = &state {
            path_is_outside_the_records(name, token, state, problems);
        }
    }
    paths_are_apart(whole.tokens, problems);
    for (path, reference) in callers(whole) {
        caller_is_not_managed(&path, &reference, whole.tokens, problems);
    }
}

fn path_is_without_data(name: &str, token: &TokenSettings, problems: &mut Problems) {
    let path = &token.vault_path;
    if path.path() == "data" || path.path().starts_with("data/") {
        problems.error(
            format!("tokens.{name}.vault_path"),
            format!("`{path}` holds the `data/` of Vault's HTTP API"),
            "leave `data/` out: write \"<mount>/<path>\" as `vault kv get` takes it",
        );
    }
}

fn path_is_outside_the_records(
    name: &str,
    token: &TokenSettings,
    state: &KvPath,
    problems: &mut Problems,
) {
    let (path, state) = (token.vault_path.to_string(), state.to_string());
    if is_within(&path, &state) || is_within(&state, &path) {
        problems.error(
            format!("tokens.{name}.vault_path"),
            format!("`{path}` overlaps with `state_path` ({state}), where the records are kept"),
            "publish elsewhere: readers of the token must not reach the records",
        );
    }
}

pub(super) fn is_within(path: &str, prefix: &str) -> bool {
    let rest = path.strip_prefix(prefix);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn paths_are_apart(tokens: &BTreeMap<String, Box<TokenSettings>>, problems: &mut Problems) {
    let mut seen: BTreeMap<String, &str> = BTreeMap::new();
    for (name, token) in tokens {
        let path = token.vault_path.to_string();
        if let Some(first) = seen.get(&path) {
            problems.error(
                format!("tokens.{name}.vault_path"),
                format!("`{path}` is already the path of the token `{first}`"),
                "give each token a path of its own: two would overwrite each other for ever",
            );
        } else {
            seen.insert(path, name);
        }
    }
}

/// Our own credentials, with the table that names each.
fn callers(whole: &Whole<'_>) -> Vec<(String, SecretRef)> {
    let issuers = whole.issuers.iter().flat_map(|(name, issuer)| {
        let path = whole.names.kind_path(format!("issuers.{name}"));
        let all = issuer.as_kind().credentials().into_iter();
        all.map(move |reference| (path.clone(), reference))
    });
    let connections = whole.connections.iter().flat_map(|(name, connection)| {
        let path = whole.names.kind_path(format!("connections.{name}"));
        let all = connection.as_kind().credentials().into_iter();
        all.map(move |reference| (path.clone(), reference))
    });
    let notify = whole.notify.iter().flat_map(|(name, target)| {
        let all = target.credentials().into_iter();
        all.map(move |reference| (format!("notify.{name}"), reference))
    });
    let traces = whole.traces.iter().flat_map(|traces| {
        let all = traces.credentials().into_iter();
        all.map(|reference| ("traces".to_owned(), reference))
    });
    let all = issuers.chain(connections).chain(notify);
    all.chain(traces).collect()
}

fn caller_is_not_managed(
    path: &str,
    reference: &SecretRef,
    tokens: &BTreeMap<String, Box<TokenSettings>>,
    problems: &mut Problems,
) {
    let SecretRef::Vault {
        path: secret,
        field,
    } = reference
    else {
        return;
    };
    let managed = tokens.iter().find(|(_, t)| {
        Ok(&t.vault_path) == KvPath::parse(secret).as_ref() && t.fields.token == *field
    });
    if let Some((name, _)) = managed {
        problems.error(
            path,
            format!("calls with `{secret}#{field}`, which is the managed token `{name}`: the rotation would cut off its own caller"),
            "use a credential of its own for the administrative calls",
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::rules::testing::token;

    fn said(problems: &Problems) -> Vec<&str> {
        problems.all().iter().map(|p| p.path.as_str()).collect()
    }

    fn at(path: &str) -> Box<TokenSettings> {
        Box::new(TokenSettings {
            vault_path: KvPath::parse(path).expect("a path"),
            ..token("")
        })
    }

    #[test]
    fn paths_have_no_api_part() {
        for (path, fine) in [
            ("kv/scim/crm", true),
            ("kv/data/crm", false),
            ("kv/data", false),
        ] {
            let mut problems = Problems::default();
            path_is_without_data("crm", &at(path), &mut problems);
            assert_eq!(problems.all().is_empty(), fine, "{path}");
        }
    }

    #[test]
    fn records_and_published_secrets_are_apart() {
        let cases = [
            ("kv/scim-rotator", false),
            ("kv/scim-rotator/crm", false),
            ("kv/x", true),
            ("kv/scim-rotator-public/crm", true),
            ("kv2/scim-rotator/crm", true),
        ];
        for (path, fine) in cases {
            let mut problems = Problems::default();
            let state = KvPath::parse("kv/scim-rotator").expect("a path");
            path_is_outside_the_records("crm", &at(path), &state, &mut problems);
            assert_eq!(problems.all().is_empty(), fine, "{path}");
        }
    }

    #[test]
    fn a_path_belongs_to_one_token() {
        let tokens = BTreeMap::from([
            ("a".to_owned(), at("kv/x")),
            ("b".to_owned(), at("kv/y")),
            ("c".to_owned(), at("kv/x")),
        ]);
        let mut problems = Problems::default();
        paths_are_apart(&tokens, &mut problems);
        assert_eq!(said(&problems), ["tokens.c.vault_path"]);
    }

    #[test]
    fn a_managed_token_is_nobodys_caller() {
        let tokens = BTreeMap::from([("a".to_owned(), at("kv/x"))]);
        let reference = |field: &str| SecretRef::Vault {
            path: "kv/x".to_owned(),
            field: field.to_owned(),
        };
        let mut problems = Problems::default();
        caller_is_not_managed(
            "issuers.i.http",
            &reference("admin"),
            &tokens,
            &mut problems,
        );
        assert_eq!(said(&problems), [""; 0]);
        caller_is_not_managed(
            "issuers.i.http",
            &reference("token"),
            &tokens,
            &mut problems,
        );
        assert_eq!(said(&problems), ["issuers.i.http"]);
    }
}
