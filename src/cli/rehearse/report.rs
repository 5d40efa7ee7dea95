//! The report of a rehearsal, without anything that names a tenant: it can be attached
//! to a vendor file as its evidence.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::cli::vendors::words;
use crate::config::Settings;
use crate::driver::rehearse::Row;
use crate::ports::kind::VendorMark;
use crate::telemetry::facts::strategy;

/// The version of the layout.
const LAYOUT: u32 = 1;

/// The report of these rows. The text of a row stays out of it, because it may quote a
/// server or name a host: the machine word says why something was not shown.
pub(super) fn document(settings: &Settings, token: &str, rows: &[Row], now: Timestamp) -> Value {
    let settings_of = settings.tokens.get(token);
    let issuer = settings_of.and_then(|token| settings.issuers.get(&token.issuer));
    let issuer = issuer.map(|kind| {
        let kind = kind.as_kind();
        let can = kind.capabilities();
        json!({
            "kind": kind.kind(),
            "vendor_file": vendor(kind.vendor()),
            "capabilities": {
                "live_tokens": words::live_tokens(can.live_tokens),
                "issue_effect": words::issue_effect(can.issue_effect),
                "overlap": words::overlap(can.overlap),
                "recovery": words::recovery(can.recovery),
                "revoke": words::revoke(can.revoke),
                "expiry": words::expiry(can.expiry),
                "last_used": words::last_used(can.last_used),
                "strategy": strategy(&can),
            },
        })
    });
    let names = settings_of.map(|token| token.connections.as_slice());
    let connections: Vec<Value> = names
        .unwrap_or_default()
        .iter()
        .filter_map(|name| settings.connections.get(name))
        .map(|kind| {
            let kind = kind.as_kind();
            json!({
                "kind": kind.kind(),
                "vendor_file": vendor(kind.vendor()),
                "capabilities": { "test": words::test(kind.capabilities().test) },
            })
        })
        .collect();
    let shown: Vec<Value> = rows.iter().map(row).collect();
    json!({
        "layout": LAYOUT,
        "program": env!("CARGO_PKG_NAME"),
        "version": env!("CARGO_PKG_VERSION"),
        "at": now,
        "issuer": issuer,
        "connections": connections,
        "rows": shown,
    })
}

fn vendor(mark: Option<&VendorMark>) -> Value {
    mark.map_or(Value::Null, |mark| {
        json!({
            "name": mark.name,
            "sha256": mark.sha256,
            "origin": mark.origin.as_str(),
        })
    })
}

fn row(row: &Row) -> Value {
    json!({
        "step": row.trial.as_str(),
        "connection": row.connection,
        "result": row.result.as_str(),
        "reason": row.reason,
        "seconds": row.took.as_secs_f64(),
    })
}
