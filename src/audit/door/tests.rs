//! Each door hands on every method of its port: one that is added to a port with a default
//! body would otherwise be answered by the door.

use std::collections::BTreeSet;

/// The names of the methods of the block that begins with `head`.
fn methods(source: &str, head: &str) -> BTreeSet<String> {
    let block = source.split(head).nth(1).unwrap_or_default();
    let block = block.split("\n}").next().unwrap_or_default();
    let names = block.lines().filter_map(|line| {
        let line = line.strip_prefix("    ")?;
        let line = line.strip_prefix("async ").unwrap_or(line);
        let name = line.strip_prefix("fn ")?;
        name.split(['(', '<']).next().map(str::to_owned)
    });
    names.collect()
}

#[test]
fn every_door_has_every_method_of_its_port() {
    let ports = include_str!("../../ports/mod.rs");
    let rows = [
        (
            "Store",
            include_str!("../../ports/store.rs"),
            include_str!("store.rs"),
            6,
        ),
        ("Issuer", ports, include_str!("issuer.rs"), 11),
        ("Connection", ports, include_str!("connection.rs"), 7),
        (
            "Probe",
            include_str!("../../scim/probe.rs"),
            include_str!("probe.rs"),
            5,
        ),
        (
            "Journal",
            include_str!("../../scim/cycle/journal.rs"),
            include_str!("journal.rs"),
            3,
        ),
        (
            "Handover",
            include_str!("../../ports/handover.rs"),
            include_str!("handover.rs"),
            3,
        ),
        (
            "RefreshTokens",
            include_str!("../../ports/refresh.rs"),
            include_str!("refresh.rs"),
            2,
        ),
        (
            "Switch",
            include_str!("../../ports/switch.rs"),
            include_str!("switch.rs"),
            1,
        ),
    ];
    for (port, declared, door, least) in rows {
        let declared = methods(declared, &format!("pub trait {port}: "));
        assert!(declared.len() >= least, "{port}: {declared:?}");
        let handed_on = methods(door, &format!("\nimpl {port} for "));
        assert_eq!(declared, handed_on, "{port}");
    }
}
