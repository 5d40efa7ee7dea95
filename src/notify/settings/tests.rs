use super::*;
use crate::problem::{Problems, Severity};

fn said(text: &str) -> Vec<(Severity, String)> {
    let target: Target = toml::from_str(text).expect("a target");
    let mut problems = Problems::default();
    target.check("notify.x", &mut problems);
    let all = problems.all().iter();
    all.map(|p| (p.severity, p.path.clone())).collect()
}

const SOUND: &str = "url = 'https://a.example/hook'\nsecret = { file = '/run/secret' }\n";

#[test]
fn sound_targets_are_not_complained_of() {
    let good = [
        SOUND,
        "format = 'slack'\nsecret_url = { vault = 'kv/callers/slack#url' }",
        "format = 'teams'\nsecret_url = { env = 'TEAMS' }",
        "format = 'pagerduty'\nsecrets.routing_key = { file = '/k' }",
        "format = 'servicenow'\nconfig.instance = 'acme.service-now.com'\nheaders.Authorization = 'Bearer {{ secrets.t }}'\nsecrets.t = { file = '/t' }",
        "url = 'https://a.example'\nheaders.X-Key = '{{ secrets.k }}'\nsecrets.k = { file = '/k' }\nbody = { text = '{{ summary }}', since = '{{ since }}' }",
    ];
    for text in good {
        assert_eq!(said(text), [], "{text}");
    }
}

#[test]
fn what_cannot_be_used_is_told_at_its_key() {
    use Severity::{Error, Warning};
    let cases = [
        ("secret = { file = '/s' }", Error, "url"),
        (
            "url = 'http://a.example/hook'\nsecret = { file = '/s' }",
            Error,
            "url",
        ),
        ("url = 'a.example'\nsecret = { file = '/s' }", Error, "url"),
        ("url = 'https://a.example'", Warning, "secret"),
        (
            "format = 'slak'\nsecret_url = { file = '/u' }",
            Error,
            "format",
        ),
        ("format = 'pagerduty'", Error, "secrets.routing_key"),
    ];
    for (text, severity, key) in cases {
        assert_eq!(
            said(text),
            [(severity, format!("notify.x.{key}"))],
            "{text}"
        );
    }
    let further = [
        ("events = []", Error, "events"),
        ("tokens = []", Error, "tokens"),
        ("environments = ['prod']", Error, "environments[0]"),
        ("tokens = ['a[']", Error, "tokens[0]"),
        ("remind_after = '5s'", Error, "remind_after"),
        (
            "remind_after = '2d'\nremind_most = '1d'",
            Error,
            "remind_most",
        ),
        ("remind_after = '30d'", Error, "remind_after"),
        ("secret_url = { file = '/u' }", Error, "url"),
        ("headers.'a b' = 'x'", Error, "headers.a b"),
        ("headers.A = '{{ sumary }}'", Error, "headers.A"),
        ("body = { a = ['{{ secrets.k }}'] }", Error, "body.a[0]"),
    ];
    for (text, severity, key) in further {
        let whole = format!("{SOUND}{text}");
        assert_eq!(
            said(&whole),
            [(severity, format!("notify.x.{key}"))],
            "{text}"
        );
    }
    let servicenow = said("format = 'servicenow'");
    let keys: Vec<_> = servicenow.into_iter().map(|(_, key)| key).collect();
    assert_eq!(keys, ["notify.x.config.instance", "notify.x.headers"]);
}

#[test]
fn urls_that_are_credentials_are_known() {
    for secret in [
        "https://hooks.slack.com/services/T000/B000/XXXX",
        "https://prod-1.westeurope.logic.azure.com:443/workflows/x/triggers/manual/paths/invoke?api-version=2016-06-01&sig=abc",
        "https://a.example/hook?token=abc",
    ] {
        assert!(holds_secret(secret), "{secret}");
    }
    for open in [
        "https://events.pagerduty.com/v2/enqueue",
        "https://a.example/hook?sig={{ secrets.sig }}",
        "https://hooks.slack.com/services/{{ config.team }}/{{ secrets.key }}",
        "https://a.example/hook?room=token",
    ] {
        assert!(!holds_secret(open), "{open}");
    }
}
