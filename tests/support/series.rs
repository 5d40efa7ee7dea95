//! How many series a token may cost Prometheus: few enough for ten thousand tokens.

use std::collections::BTreeMap;

/// Most series of a token at a time, without those of its connections.
pub const OF_A_TOKEN: usize = 20;
/// Most series of one connection of a token.
pub const OF_A_CONNECTION: usize = 6;

/// Fails if a token or a connection has more series in this text of metrics.
pub fn assert_few(text: &str) {
    for ((token, connection), series) in by_owner(text) {
        let most = match connection.is_empty() {
            true => OF_A_TOKEN,
            false => OF_A_CONNECTION,
        };
        assert!(
            series.len() <= most,
            "{token} {connection}: {} series, {series:#?}",
            series.len()
        );
    }
}

/// The series of each token, and of each connection of it. Empty for the token itself.
pub fn by_owner(text: &str) -> BTreeMap<(&str, &str), Vec<&str>> {
    let mut owners: BTreeMap<(&str, &str), Vec<&str>> = BTreeMap::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        if let Some(token) = label(line, "{token=\"") {
            let connection = label(line, ",connection=\"").unwrap_or_default();
            owners.entry((token, connection)).or_default().push(line);
        }
    }
    owners
}

fn label<'l>(line: &'l str, begins: &str) -> Option<&'l str> {
    let (_, rest) = line.split_once(begins)?;
    Some(rest.split_once('"')?.0)
}
