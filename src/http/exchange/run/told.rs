//! What a server was told in the course of an operation, or told us, and may
//! quote in an error: access tokens, encoded passwords, sessions, cookies.

use parking_lot::Mutex;
use zeroize::Zeroizing;

use crate::http::exchange::masked;
use crate::http::message::Answer;
use crate::secret;

/// Shorter texts are words.
const SHORTEST: usize = 6;

/// Secrets of one operation that are of no type of their own.
#[derive(Default)]
pub(super) struct Told(Mutex<Vec<Zeroizing<String>>>);

impl Told {
    /// Masks what is sent as a credential, here and in everything that leaves
    /// the process.
    pub(super) fn note(&self, text: &str) {
        if self.add(text) {
            secret::announce(text);
        }
    }

    /// `false`: it is known already, or only a word.
    fn add(&self, text: &str) -> bool {
        let mut all = self.0.lock();
        let new = text.len() >= SHORTEST && all.iter().all(|known| known.as_str() != text);
        if new {
            all.push(Zeroizing::new(text.to_owned()));
        }
        new
    }

    /// Masks the cookies of an answer, and in the texts of this operation also
    /// what its fields with the names of secrets have: that may be any word.
    pub(super) fn note_secrets_of(&self, answer: &Answer) {
        for cookie in answer.headers.get_all(http::header::SET_COOKIE) {
            let pair = cookie.to_str().ok().and_then(|text| text.split(';').next());
            if let Some((_, value)) = pair.and_then(|pair| pair.split_once('=')) {
                self.note(value.trim());
            }
        }
        if let Ok(json) = answer.secret_json() {
            masked::each_secret(&json, &mut |text| {
                self.add(text);
            });
        }
    }

    pub(super) fn all(&self) -> Vec<Zeroizing<String>> {
        self.0.lock().clone()
    }
}
