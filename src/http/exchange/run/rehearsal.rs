//! What can be found out about a write before there is a token to write.

use super::Run;
use crate::fault::Fault;
use crate::http::exchange::call::Call;
use crate::http::exchange::page::PageMark;
use crate::http::exchange::purpose::Purpose;
use crate::http::exchange::request::{self, Source};

/// What templates use in place of a token while nothing is sent.
const STAND_IN: &str = "stand-in-for-a-token";

impl Run<'_> {
    /// Whether a call could change the document that a lookup showed without
    /// writing a mask back. Nothing is sent, and no token is used.
    ///
    /// # Errors
    /// Names the place of a value that may be a mask.
    pub fn rehearse(&self, call: &Call, purpose: Purpose) -> Result<(), Fault> {
        let context = ["token", "old_token"]
            .into_iter()
            .fold(self.context.clone(), |context, name| {
                context.text(name, STAND_IN)
            });
        let source = Source {
            shared: &self.exchange.shared,
            context: &context,
            onto: self.onto(call),
            guard: None,
            page: &PageMark::First,
        };
        match request::masked_place(call, &source) {
            None => Ok(()),
            Some(why) => Err(self.misconfigured(&format!("{}: {why}", purpose.as_str()))),
        }
    }
}
