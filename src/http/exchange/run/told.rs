//! What a server was told in the course of an operation, or told us, and may
//! quote in an error: access tokens, encoded passwords, sessions, cookies.

use std::collections::BTreeSet;

use parking_lot::Mutex;
use zeroize::Zeroizing;

use super::Run;
use crate::http::exchange::call::{Body, Call};
use crate::http::exchange::masked;
use crate::http::message::{Answer, wipe};
use crate::http::template::Template;
use crate::secret;

/// What templates name the answer of the login by.
const LOGIN: &str = "steps.login";

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

impl Run<'_> {
    /// Masks what a call sends of a session: whatever its headers take from
    /// earlier answers, and whatever else of it comes from the login.
    pub(super) fn note_session_in(&self, call: &Call) {
        let note = |template: &Template| {
            if let Ok(value) = template.text(&self.context) {
                self.sent.note(&value);
            }
        };
        let headers = self.exchange.shared.headers.values();
        let headers = headers.chain(call.headers.values());
        headers.filter(|t| t.uses("steps")).for_each(note);
        call.each_template(&mut |key, template| {
            // The rest of a URL is no secret.
            if key != "url" && template.uses(LOGIN) {
                note(template);
            }
        });
        if let Some(Body::Json(json)) = &call.body
            && json.uses(LOGIN)
            && let Ok(mut sent) = json.only_using(LOGIN).render(&self.context)
        {
            let mut texts = BTreeSet::new();
            masked::texts(&sent, &mut texts);
            texts.iter().for_each(|text| self.sent.note(text));
            wipe(&mut sent);
        }
    }
}
