//! Times that must fit together: the life of a token and what is planned in it,
//! a lease and what is done under it.

use scim_rotator::problem::Severity::{Error, Warning};

use super::{SOUND, one};
use crate::said_of;

#[test]
fn what_is_planned_fits_into_the_life() {
    let crm = "issuer = 'by-hand'";
    let with = |lines: &str| format!("{crm}\n{lines}");
    one(
        crm,
        &with("overlap = '31d'"),
        Error,
        "tokens.crm.overlap",
        "longer than the old token lives on",
        "renew earlier",
    );
    one(
        crm,
        &with("renew_cron = '0 3 30 2 *'"),
        Error,
        "tokens.crm.renew_cron",
        "never comes",
        "a day that the month has",
    );
    one(
        crm,
        &with("renew_before = '90d'"),
        Error,
        "tokens.crm.renew_before",
        "is not shorter than `declared_lifetime`",
        "use a shorter time",
    );
    one(
        crm,
        &with("max_age = '90d'"),
        Warning,
        "tokens.crm.max_age",
        "is never reached",
        "use a shorter time",
    );
    one(
        crm,
        &with("lifetime = '23h'\noverlap = '1h'\nprobe_every = '10m'"),
        Error,
        "tokens.crm.lifetime",
        "leaves nobody time",
        "allow_short_lived = true",
    );
    one(
        crm,
        &with("windows = { allow = ['Sun 02:00-04:00'], deadline = '45d' }"),
        Error,
        "tokens.crm.windows",
        "would never be heeded",
        "renew earlier",
    );
    one(
        crm,
        &with("declared_lifetime = '20d'\nwindows = { allow = ['Sun 02:00-04:00'] }"),
        Warning,
        "tokens.crm.windows",
        "may stay closed",
        "open the windows more often",
    );
    one(
        crm,
        &with("windows = { allow = ['Sun 02:00-04:00'], deny = ['daily 00:00-24:00'] }"),
        Error,
        "tokens.crm.windows",
        "never open",
        "leave some time",
    );
    one(
        crm,
        &with("probe_every = '2d'"),
        Warning,
        "tokens.crm.probe_every",
        "may miss a whole overlap",
        "probe more often",
    );
    one(
        crm,
        &with("probe = { pace = '6s' }"),
        Error,
        "tokens.crm.probe.pace",
        "9 pauses of 6s take more than half of the lease",
        "limits.lease",
    );
    one(
        crm,
        &with("probe = { answers = [{ means = 'success', status = 302 }] }"),
        Error,
        "tokens.crm.probe.answers[0].status",
        "302 never shows that a token was accepted",
        "write 2xx codes",
    );
}

#[test]
fn a_default_is_blamed_where_it_stands() {
    one(
        "renew_at = '67%'",
        "renew_at = '67%'\nretry_min = '2h'",
        Error,
        "defaults.retry_min",
        "longer than `retry_max`",
        "the shorter of the two",
    );
}

#[test]
fn a_killing_issue_has_a_window() {
    one(
        "live_tokens = 'many'\nissue_effect = 'keeps'",
        "live_tokens = 'one'\nissue_effect = 'kills'",
        Error,
        "tokens.crm.windows",
        "no window says when",
        "add windows = ",
    );
}

#[test]
fn a_lease_outlives_what_is_done_under_it() {
    one(
        "lease = '90s'",
        "lease = '39s'",
        Error,
        "limits.lease",
        "shorter than two of the longest calls",
        "use at least \"40s\"",
    );
    let slow = [
        (
            "['/bin/sh']",
            "['/bin/sh']\ntimeout = '46s'",
            "connections.idp.exec.timeout",
        ),
        (
            "[limits]",
            "[http]\nrequest_timeout = '46s'\n[limits]",
            "http.request_timeout",
        ),
        (
            "[vault]",
            "[vault]\nrequest_timeout = '46s'",
            "vault.request_timeout",
        ),
    ];
    for (from, to, key) in slow {
        let found = said_of(&SOUND.replace(from, to));
        let paths: Vec<_> = found.iter().map(|f| f.path.as_str()).collect();
        assert_eq!(paths, ["limits.lease", "limits.shutdown_grace"], "{key}");
        assert!(
            found[0].remedy.contains("use at least \"92s\""),
            "{found:?}"
        );
        assert!(found.iter().all(|f| f.message.contains(key)), "{found:?}");
    }
}
