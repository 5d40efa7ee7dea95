use super::*;
use VaultErrorKind as K;

#[test]
fn answers_are_told_apart() {
    let deleted = r#"{"data":{"data":null,"metadata":{"deletion_time":"2026-11-24T04:44:47Z","destroyed":false,"version":7}}}"#;
    let destroyed =
        r#"{"data":{"data":null,"metadata":{"deletion_time":"","destroyed":true,"version":8}}}"#;
    let cases: [(u16, &str, Result<(), K>); 20] = [
        (204, "", Ok(())),
        (
            400,
            r#"{"errors":["check-and-set parameter did not match the current version"]}"#,
            Err(K::CasConflict),
        ),
        (
            400,
            r#"{"errors":["check-and-set parameter required for this call"]}"#,
            Err(K::CasRequired),
        ),
        (
            400,
            r#"{"errors":["canary"]}"#,
            Err(K::Refused {
                status: 400,
                known: None,
            }),
        ),
        (
            403,
            r#"{"errors":["1 error occurred:\n\t* permission denied\n\n"]}"#,
            Err(K::Forbidden {
                invalid_token: false,
            }),
        ),
        (
            403,
            r#"{"errors":["2 errors occurred:\n\t* permission denied\n\t* invalid token\n\n"]}"#,
            Err(K::Forbidden {
                invalid_token: true,
            }),
        ),
        (404, r#"{"errors":[]}"#, Err(K::NotFound)),
        (
            404,
            deleted,
            Err(K::VersionDeleted {
                version: 7,
                created_at: None,
                deletion_time: "2026-11-24T04:44:47Z".into(),
                destroyed: false,
            }),
        ),
        (
            404,
            destroyed,
            Err(K::VersionDeleted {
                version: 8,
                created_at: None,
                deletion_time: "".into(),
                destroyed: true,
            }),
        ),
        (
            404,
            r#"{"errors":["no handler for route \"x\". route entry not found."]}"#,
            Err(K::Refused {
                status: 404,
                known: Some("nothing is mounted at this path: check the mount and the namespace"),
            }),
        ),
        (
            404,
            "<html>",
            Err(K::Refused {
                status: 404,
                known: None,
            }),
        ),
        (
            307,
            "",
            Err(K::Standby {
                status: 307,
                to: None,
            }),
        ),
        (412, "", Err(K::StaleRead)),
        (429, "", Err(K::RateLimited { retry_after: None })),
        (
            473,
            "",
            Err(K::Standby {
                status: 473,
                to: None,
            }),
        ),
        (
            500,
            r#"{"errors":["internal error"]}"#,
            Err(K::Server { status: 500 }),
        ),
        (501, "", Err(K::NotInitialised)),
        (502, "", Err(K::Server { status: 502 })),
        (503, r#"{"errors":["Vault is sealed"]}"#, Err(K::Sealed)),
        (503, "", Err(K::Server { status: 503 })),
    ];
    for (status, body, expected) in cases {
        assert_eq!(
            classify(status, body.as_bytes(), None),
            expected,
            "{status} {body}"
        );
    }
}

#[test]
fn the_class_follows_from_what_may_have_happened() {
    let read = Call::new("read", "kv/data/x");
    let write = Call::changing("write", "kv/data/x");
    let cases = [
        (&write, K::CasConflict, FaultClass::Conflict),
        (&write, K::Sealed, FaultClass::NotApplied),
        (&write, K::Server { status: 500 }, FaultClass::Ambiguous),
        (&read, K::Server { status: 500 }, FaultClass::NotApplied),
        (
            &read,
            K::Forbidden {
                invalid_token: false,
            },
            FaultClass::Unauthorized,
        ),
        (&read, K::NotFound, FaultClass::Rejected),
    ];
    for (call, kind, class) in cases {
        let fault = Fault::from(VaultError::new(call, kind.clone()));
        assert_eq!(fault.class, class, "{kind:?}");
    }
}

#[test]
fn the_text_says_the_operation_once() {
    let said = |operation, target| {
        let call = Call::new(operation, target);
        VaultError::new(&call, VaultErrorKind::Sealed).to_string()
    };
    let login = said("login", "auth/approle/login");
    assert!(
        login.starts_with("Vault, auth/approle/login: Vault is sealed"),
        "{login}"
    );
    let read = said("read", "kv/data/a");
    assert!(
        read.starts_with("Vault, read kv/data/a: Vault is sealed"),
        "{read}"
    );
}
