//! The last rotations of a token with their steps. The memory of this process has no
//! steps: they are read from the token's facts, a few at a time, so that a client
//! cannot make this server flood Vault.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep_until, timeout};

use crate::telemetry::board::Entry;

/// Reads the rotations of a token from where they are kept.
#[async_trait]
pub trait Rotations: Send + Sync {
    /// Those of this token, newest first, as `history` tells them.
    ///
    /// # Errors
    /// With a sentence for a person.
    async fn of(&self, token: &str) -> Result<Vec<Value>, String>;
}

/// Least time between two reads.
const BETWEEN: Duration = Duration::from_millis(100);
/// Longest wait for one's turn, and for the answer.
const PATIENCE: Duration = Duration::from_secs(3);
/// How long an answer is used again.
const KEPT: Duration = Duration::from_secs(10);
/// Most answers that are kept.
const MOST: usize = 32;

/// The rotations of one token.
#[derive(Clone)]
pub(super) struct Told {
    pub(super) rotations: Arc<Vec<Value>>,
    /// Why not everything is known of them.
    pub(super) trouble: Option<String>,
}

/// Reads and keeps them.
pub(super) struct Past {
    source: Arc<dyn Rotations>,
    kept: Mutex<BTreeMap<String, (Instant, Told)>>,
    /// When the next read may begin.
    turn: Mutex<Instant>,
}

impl Past {
    pub(super) fn new(source: Arc<dyn Rotations>) -> Self {
        Self {
            source,
            kept: Mutex::default(),
            turn: Mutex::new(Instant::now()),
        }
    }

    /// The rotations of this token; what the memory has if they cannot be read.
    pub(super) async fn of(&self, entry: &Entry) -> Told {
        let name = &entry.facts.name;
        let known: Vec<Value> = entry.snapshot.as_deref().map_or_else(Vec::new, |snapshot| {
            snapshot.rotations.iter().map(|past| json!(past)).collect()
        });
        if entry.is_federated() {
            return Told::of(known, None);
        }
        let read = match self.kept(name) {
            Some(told) => told,
            None => match self.read(name).await {
                Ok(rotations) => {
                    let told = Told::of(rotations, None);
                    self.keep(name, &told);
                    told
                }
                Err(why) => return Told::of(known, Some(why)),
            },
        };
        read.with_newer(known)
    }

    async fn read(&self, token: &str) -> Result<Vec<Value>, String> {
        let now = Instant::now();
        let mine = {
            let mut turn = self.turn.lock();
            let mine = (*turn).max(now);
            if mine.duration_since(now) > PATIENCE {
                return Err("too many people ask at once: try again in a few seconds".to_owned());
            }
            *turn = mine + BETWEEN;
            mine
        };
        sleep_until(mine).await;
        let read = timeout(PATIENCE, self.source.of(token)).await;
        read.unwrap_or_else(|_| Err("Vault did not answer in time".to_owned()))
    }

    fn kept(&self, token: &str) -> Option<Told> {
        let kept = self.kept.lock();
        let (at, told) = kept.get(token)?;
        (at.elapsed() < KEPT).then(|| told.clone())
    }

    fn keep(&self, token: &str, told: &Told) {
        let mut kept = self.kept.lock();
        kept.retain(|_, (at, _)| at.elapsed() < KEPT);
        if kept.len() < MOST {
            kept.insert(token.to_owned(), (Instant::now(), told.clone()));
        }
    }
}

impl Told {
    fn of(rotations: Vec<Value>, trouble: Option<String>) -> Self {
        Self {
            rotations: Arc::new(rotations),
            trouble,
        }
    }

    /// With those before it that the facts do not tell of yet.
    fn with_newer(self, known: Vec<Value>) -> Self {
        let newest = self.rotations.first().map(|past| past["id"].clone());
        let is_new = |past: &Value| Some(&past["id"]) != newest.as_ref();
        let mut all: Vec<Value> = known.into_iter().take_while(is_new).collect();
        if all.is_empty() || self.rotations.iter().any(|past| past["id"] == all[0]["id"]) {
            return self;
        }
        all.extend(self.rotations.iter().cloned());
        Self::of(all, self.trouble)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::telemetry::board::Board;
    use crate::telemetry::fixture;

    /// Counts the reads; each takes so long.
    struct Slow(AtomicUsize, Duration);

    #[async_trait]
    impl Rotations for Slow {
        async fn of(&self, _token: &str) -> Result<Vec<Value>, String> {
            self.0.fetch_add(1, Ordering::Relaxed);
            tokio::time::sleep(self.1).await;
            Ok(vec![json!({ "id": "r-0" })])
        }
    }

    fn entries(count: usize) -> Vec<Entry> {
        let board = Board::new();
        for number in 0..count {
            board.set(fixture::snapshot(&fixture::fresh_record(&format!(
                "t{number}"
            ))));
        }
        board.all()
    }

    #[tokio::test(start_paused = true)]
    async fn a_flood_of_requests_reads_ten_times_a_second_at_most() {
        let source = Arc::new(Slow(AtomicUsize::new(0), Duration::from_millis(1)));
        let past = Past::new(Arc::clone(&source) as _);
        let all = entries(200);
        let began = Instant::now();
        let told = futures_util::future::join_all(all.iter().map(|entry| past.of(entry))).await;
        let seconds = began.elapsed().as_secs_f64();
        let reads = source.0.load(Ordering::Relaxed);
        assert!(seconds < 4.0 && reads <= 32, "{reads} reads in {seconds} s");
        // The others are told what the memory has, and why.
        let refused = told.iter().filter(|told| told.trouble.is_some()).count();
        assert_eq!(refused, 200 - reads);
        assert!(
            told.iter()
                .all(|told| told.rotations.iter().any(|p| p["id"] == "r-1"))
        );
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_is_used_again_and_a_slow_vault_is_not_waited_for() {
        let source = Arc::new(Slow(AtomicUsize::new(0), Duration::ZERO));
        let past = Past::new(Arc::clone(&source) as _);
        let entry = entries(1).remove(0);
        for _ in 0..5 {
            let told = past.of(&entry).await;
            let ids: Vec<_> = told
                .rotations
                .iter()
                .map(|past| past["id"].clone())
                .collect();
            // The memory knows of a newer one than the facts.
            assert_eq!(ids, ["r-1", "r-0"]);
        }
        assert_eq!(source.0.load(Ordering::Relaxed), 1);
        let slow = Slow(AtomicUsize::new(0), Duration::from_secs(60));
        let told = Past::new(Arc::new(slow)).of(&entry).await;
        assert_eq!(
            told.trouble.as_deref(),
            Some("Vault did not answer in time")
        );
    }
}
