//! `[limits]` and `[http]`: a lease outlives what is done under it.

use std::collections::BTreeSet;

use jiff::SignedDuration;
use url::Url;

use super::Whole;
use crate::config::settings::Limits;
use crate::http::message::host_of;
use crate::http::{ClientSettings, proxy_auth_fault, proxy_faults};
use crate::problem::Problems;

/// The longest call that may be made, and the key that says so.
pub(super) struct Calls {
    longest: SignedDuration,
    key: String,
}

impl Calls {
    pub(super) fn of(whole: &Whole<'_>) -> Self {
        let vault = whole
            .vault
            .map(|v| (v.request_timeout.0, "vault.request_timeout".to_owned()));
        let http = whole
            .http
            .map(|h| (h.total_timeout, "http.request_timeout".to_owned()));
        let all = vault.into_iter().chain(http).chain(kinds(whole));
        let longest = all.max_by_key(|(time, _)| *time);
        let (longest, key) = longest.unwrap_or_default();
        Self { longest, key }
    }
}

/// Calls that `[http]` does not limit.
fn kinds(whole: &Whole<'_>) -> impl Iterator<Item = (SignedDuration, String)> {
    let issuers = whole.issuers.iter();
    let issuers = issuers.map(|(name, k)| (format!("issuers.{name}"), k.as_kind().longest_call()));
    let connections = whole.connections.iter().map(|(name, k)| {
        let call = k.as_kind().longest_call();
        (format!("connections.{name}"), call)
    });
    issuers.chain(connections).filter_map(|(path, call)| {
        let call = call?;
        let path = whole.names.kind_path(path);
        Some((call.limit, format!("{path}.{}", call.key)))
    })
}

pub(super) fn check(limits: &Limits, calls: &Calls, problems: &mut Problems) {
    let zero = [
        ("concurrency", limits.concurrency == 0),
        ("sweep", limits.sweep.is_zero()),
        ("lease", limits.lease.is_zero()),
    ];
    nothing_is_zero("limits", &zero, problems);
    lease_outlives_a_call(limits, calls, problems);
    grace_outlives_a_call(limits, calls, problems);
    sweep_is_seldom_enough(limits, problems);
    inventory_is_seldom_enough(limits, problems);
}

pub(super) fn check_http(http: &ClientSettings, problems: &mut Problems) {
    let zero = [
        ("per_host", http.per_host == 0),
        ("connect_timeout", http.connect_timeout.is_zero()),
        ("read_timeout", http.read_timeout.is_zero()),
        ("request_timeout", http.total_timeout.is_zero()),
    ];
    nothing_is_zero("http", &zero, problems);
    timeouts_are_nested(http, problems);
    proxy_speaks_http(http, problems);
    let auth = proxy_auth_fault(http.proxy.as_ref(), http.proxy_auth_file.as_ref());
    if let Some((fault, remedy)) = auth {
        problems.error("http.proxy_auth_file", fault, remedy);
    }
    hosts_are_hosts(http, problems);
}

fn hosts_are_hosts(http: &ClientSettings, problems: &mut Problems) {
    let mut names = BTreeSet::new();
    for (index, host) in http.hosts.iter().enumerate() {
        let path = format!("http.hosts[{index}]");
        let parsed = Url::parse(&format!("https://{}/", host.name)).ok();
        let is_host = parsed.is_some_and(|url| {
            let whole = host_of(&url).to_ascii_lowercase();
            whole == host.name.to_ascii_lowercase()
        });
        if !is_host {
            problems.error(
                format!("{path}.name"),
                format!("`{}` is not the name of a host", host.name),
                "write it without scheme and path, for example \"idp.example.com\" or \"idp.example.com:8443\"; leave the port 443 out",
            );
        } else if !names.insert(host.name.to_ascii_lowercase()) {
            problems.error(
                format!("{path}.name"),
                format!("the host `{}` is named twice", host.name),
                "keep one of the two",
            );
        }
        for (fault, remedy) in host.proxy.iter().flat_map(proxy_faults) {
            problems.error(format!("{path}.proxy"), fault, remedy);
        }
        let auth = proxy_auth_fault(host.proxy.as_ref(), host.proxy_auth_file.as_ref());
        if let Some((fault, remedy)) = auth {
            problems.error(format!("{path}.proxy_auth_file"), fault, remedy);
        }
    }
}

fn nothing_is_zero(section: &str, zero: &[(&str, bool)], problems: &mut Problems) {
    for (key, _) in zero.iter().filter(|(_, zero)| *zero) {
        problems.error(
            format!("{section}.{key}"),
            format!("`{key}` is zero: nothing could be done"),
            "write a value above zero, or leave the key out",
        );
    }
}

/// A call is made only while half of the lease is left, and is cut off at its
/// end: another replica may act from then on.
fn lease_outlives_a_call(limits: &Limits, calls: &Calls, problems: &mut Problems) {
    let needed = calls.longest.saturating_mul(2);
    if limits.lease < needed {
        problems.error(
            "limits.lease",
            format!(
                "the lease ({:#}) is shorter than two of the longest calls ({:#}, `{}`): a call would be cut off while it works",
                limits.lease, calls.longest, calls.key
            ),
            format!("use at least \"{}s\", or shorten `{}`", needed.as_secs(), calls.key),
        );
    }
}

fn grace_outlives_a_call(limits: &Limits, calls: &Calls, problems: &mut Problems) {
    if limits.shutdown_grace < calls.longest {
        problems.warning(
            "limits.shutdown_grace",
            format!(
                "the grace ({:#}) is shorter than the longest call ({:#}, `{}`): what came of a call that is out is found only after the next start",
                limits.shutdown_grace, calls.longest, calls.key
            ),
            "use a longer grace, within what systemd or Kubernetes allow (`TimeoutStopSec`, `terminationGracePeriodSeconds`)",
        );
    }
}

/// Each inventory lists everything at every issuer.
fn inventory_is_seldom_enough(limits: &Limits, problems: &mut Problems) {
    let least = SignedDuration::from_hours(1);
    if !limits.inventory.is_zero() && limits.inventory < least {
        problems.error(
            "limits.inventory",
            "an inventory more often than every hour asks each issuer for all its tokens too often",
            "write at least \"1h\", or \"0s\" for none",
        );
    }
}

fn sweep_is_seldom_enough(limits: &Limits, problems: &mut Problems) {
    let day = SignedDuration::from_hours(24);
    if !limits.sweep.is_zero() && limits.sweep < limits.lease {
        problems.warning(
            "limits.sweep",
            "a sweep below the lease reads every record more often than it can change hands",
            "use at least the time of `lease`",
        );
    } else if limits.sweep > day {
        problems.warning(
            "limits.sweep",
            "with a sweep above a day, a change made elsewhere is noticed late",
            "use minutes to hours, for example \"5m\"",
        );
    }
}

fn timeouts_are_nested(http: &ClientSettings, problems: &mut Problems) {
    let inner = [
        ("connect_timeout", http.connect_timeout),
        ("read_timeout", http.read_timeout),
    ];
    for (key, _) in inner.iter().filter(|(_, t)| *t > http.total_timeout) {
        problems.error(
            format!("http.{key}"),
            format!("`{key}` is longer than `request_timeout`, which ends the whole request"),
            "use a shorter time",
        );
    }
}

fn proxy_speaks_http(http: &ClientSettings, problems: &mut Problems) {
    let Some(proxy) = &http.proxy else {
        return;
    };
    for (fault, remedy) in proxy_faults(proxy) {
        problems.error("http.proxy", fault, remedy);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::config::placeholders::Placeholders;
    use crate::config::rules::Names;
    use crate::http::HostSettings;
    use crate::problem::Severity::{self, Error, Warning};

    fn secs(seconds: i64) -> SignedDuration {
        SignedDuration::from_secs(seconds)
    }

    fn listed(problems: &Problems) -> Vec<(Severity, String)> {
        let all = problems.all().iter();
        all.map(|p| (p.severity, p.path.clone())).collect()
    }

    fn said(change: impl Fn(&mut Limits)) -> Vec<(Severity, String)> {
        let mut limits = Limits::default();
        change(&mut limits);
        let calls = Calls {
            longest: secs(20),
            key: "http.request_timeout".to_owned(),
        };
        let mut problems = Problems::default();
        check(&limits, &calls, &mut problems);
        listed(&problems)
    }

    fn said_of_http(change: impl Fn(&mut ClientSettings)) -> Vec<(Severity, String)> {
        let mut http = ClientSettings::default();
        change(&mut http);
        let mut problems = Problems::default();
        check_http(&http, &mut problems);
        listed(&problems)
    }

    #[test]
    fn limits_are_held_against_the_longest_call() {
        let one = |severity, key: &str| vec![(severity, format!("limits.{key}"))];
        assert_eq!(said(|_| ()), []);
        assert_eq!(said(|l| l.concurrency = 0), one(Error, "concurrency"));
        assert_eq!(said(|l| l.lease = secs(39)), one(Error, "lease"));
        assert_eq!(said(|l| l.lease = secs(40)), []);
        assert_eq!(
            said(|l| l.shutdown_grace = secs(5)),
            one(Warning, "shutdown_grace")
        );
        assert_eq!(said(|l| l.sweep = secs(60)), one(Warning, "sweep"));
        assert_eq!(said(|l| l.sweep = secs(90_000)), one(Warning, "sweep"));
    }

    #[test]
    fn http_settings_fit_together() {
        let one = |key: &str| vec![(Error, format!("http.{key}"))];
        assert_eq!(said_of_http(|_| ()), []);
        assert_eq!(said_of_http(|h| h.per_host = 0), one("per_host"));
        assert_eq!(
            said_of_http(|h| h.read_timeout = secs(31)),
            one("read_timeout")
        );
        assert_eq!(
            said_of_http(|h| h.connect_timeout = secs(0)),
            one("connect_timeout")
        );
        for (name, good) in [
            ("idp.example.com", true),
            ("IDP.example.com:8443", true),
            ("127.0.0.1:8443", true),
            ("https://idp.example.com", false),
            ("idp.example.com/path", false),
            ("idp.example.com:443", false),
            ("", false),
        ] {
            let host = |name: &str| HostSettings {
                name: name.to_owned(),
                ca_file: None,
                client_certificate: None,
                proxy: None,
                proxy_auth_file: None,
            };
            let said = said_of_http(|h| h.hosts = vec![host(name)]);
            assert_eq!(said.is_empty(), good, "{name}");
            let twice = said_of_http(|h| h.hosts = vec![host(name), host(name)]);
            assert!(!twice.is_empty(), "{name}");
        }
        let without_proxy = |h: &mut ClientSettings| h.proxy_auth_file = Some("/f".into());
        assert_eq!(said_of_http(without_proxy), one("proxy_auth_file"));
        for proxy in ["socks5://p", "http://u:p@proxy"] {
            let set = |h: &mut ClientSettings| h.proxy = proxy.parse().ok();
            assert_eq!(said_of_http(set), one("proxy"), "{proxy}");
        }
    }

    #[test]
    fn a_program_may_be_the_longest_call() {
        for (timeout, seconds) in [(", timeout = '60s'", 60), ("", 20)] {
            let program = format!("idp.exec = {{ command = ['/bin/true']{timeout} }}");
            let mut names = Names::default();
            let path = "connections.idp";
            names.kinds.insert(path.to_owned(), format!("{path}.exec"));
            let whole = Whole {
                write_probe_hosts: &[],
                names: &names,
                placeholders: &Placeholders::default(),
                vault: None,
                server: None,
                log: None,
                audit: None,
                traces: None,
                http: None,
                limits: None,
                issuers: &BTreeMap::new(),
                connections: &toml::from_str(&program).expect("a connection"),
                tokens: &BTreeMap::new(),
                notify: &BTreeMap::new(),
                federated: &BTreeMap::new(),
            };
            let calls = Calls::of(&whole);
            assert_eq!(calls.longest, secs(seconds));
            assert_eq!(calls.key, "connections.idp.exec.timeout");
        }
    }
}
