//! What people ask for and no wake has handled yet.

use std::collections::BTreeMap;

use parking_lot::Mutex;

use crate::rotation::record::RequestsOf;

/// Requests that were read, by token and author. A wake handles those of its
/// token before each step.
#[derive(Debug, Default)]
pub struct Inbox(Mutex<BTreeMap<String, BTreeMap<String, RequestsOf>>>);

impl Inbox {
    /// Adds what an author asks for; it replaces what was read of that author
    /// for this token before.
    pub fn put(&self, token: &str, requests: RequestsOf) {
        let mut all = self.0.lock();
        let of_token = all.entry(token.to_owned()).or_default();
        of_token.insert(requests.author.clone(), requests);
    }

    /// Whether something waits for this token.
    pub(super) fn has(&self, token: &str) -> bool {
        self.0.lock().contains_key(token)
    }

    pub(super) fn of(&self, token: &str) -> Vec<RequestsOf> {
        let all = self.0.lock();
        let of_token = all.get(token);
        of_token.map_or_else(Vec::new, |by_author| by_author.values().cloned().collect())
    }

    /// Removes what was handled, unless something newer came meanwhile.
    pub(super) fn remove(&self, token: &str, handled: &[RequestsOf]) {
        let mut all = self.0.lock();
        if let Some(of_token) = all.get_mut(token) {
            of_token.retain(|_, requests| !handled.contains(requests));
            if of_token.is_empty() {
                all.remove(token);
            }
        }
    }
}
