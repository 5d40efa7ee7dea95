//! What the client remembers of 10 000 tokens: the latest version of each record
//! that it saw, and each published secret. A measurement, with a generous bound:
//!
//! `cargo test --test store -- --ignored --nocapture ten_thousand`

use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::StreamExt as _;
use scim_rotator::ports::Store;
use scim_rotator::vault::{FieldNames, KvPath, PublishTarget, VaultStore};

use super::bench::{config, file, published, record, session, token_login, v};
use super::support::vault::RealVault;

const TOKENS: usize = 10_000;
const AT_ONCE: usize = 16;
/// It takes 8; the whole daemon may take 60 at rest.
const MOST_MIB: f64 = 12.0;

#[tokio::test]
#[ignore = "a measurement of a minute or two; see the head of this file"]
async fn ten_thousand_tokens_take_little_memory_in_the_client() {
    let Some(vault) = RealVault::start_dev().await else {
        return;
    };
    vault.mount_kv("kv").await;
    let login = file(vault.root_token());
    let session = session(&config(vault.url(), &token_login(&login), ""));
    let path = |text: String| KvPath::parse(&text).expect("a path");
    let fields = Arc::<FieldNames>::default();
    let target = |name: &String| PublishTarget {
        path: path(format!("kv/scim/{name}")),
        fields: Arc::clone(&fields),
    };
    let names: Vec<String> = (0..TOKENS).map(|n| format!("token-{n:05}")).collect();
    let targets: BTreeMap<_, _> = names.iter().map(|n| (n.clone(), target(n))).collect();
    let store = VaultStore::new(Arc::clone(&session), path("kv/state".to_owned()), targets);
    // What any number of requests takes once: connections, buffers, the parser.
    know(&store, &names[..AT_ONCE]).await;
    let before = resident_mib();
    know(&store, &names[AT_ONCE..]).await;
    let grown = resident_mib() - before;
    eprintln!("{TOKENS} tokens known to the client: {grown:.1} MiB more, {before:.1} MiB before");
    assert!(grown <= MOST_MIB, "{grown:.1} MiB");
}

/// Writes and reads the records of these tokens, and publishes them.
async fn know(store: &VaultStore, names: &[String]) {
    let all = futures_util::stream::iter(names).map(async |name| {
        let mut record = record("w1");
        record.token.clone_from(name);
        store.commit(&record, v(0)).await.expect("commits");
        store.load(name).await.expect("loads").expect("is there");
        let token = published(&format!("the-token-of-{name}"), 1);
        store.publish(name, &token).await.expect("publishes");
    });
    all.buffer_unordered(AT_ONCE).collect::<Vec<()>>().await;
}

/// Memory of this process that is in use.
fn resident_mib() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux");
    let mut lines = status.lines();
    let line = lines.find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|rest| rest.split_whitespace().next());
    kib.and_then(|kib| kib.parse::<f64>().ok())
        .expect("a number")
        / 1024.0
}
