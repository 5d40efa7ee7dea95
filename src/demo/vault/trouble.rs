//! What can be made to go wrong.

use serde_json::json;

use super::reply::Reply;

/// One way to go wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// 503, as a sealed Vault answers.
    Sealed,
    /// 429.
    RateLimited {
        /// Seconds in `Retry-After`, if it is sent.
        retry_after: Option<u32>,
    },
    /// 503 of something before Vault.
    Unavailable,
    /// 500 of Vault's own.
    InternalError,
    /// 412: the node lags behind.
    StaleRead,
    /// No answer at all; nothing is done.
    Hang,
    /// The request is carried out and its answer lost.
    LoseReply,
}

impl Trouble {
    /// The answer that is given in place of the real one.
    pub(super) fn instead(&self) -> Option<Reply> {
        match self {
            Self::Sealed => Some(Reply::sealed()),
            Self::RateLimited { retry_after } => {
                let reply = Reply::error(429, "request path rate limit quota exceeded");
                Some(reply.retry_after(*retry_after))
            }
            Self::Unavailable => Some(Reply::new(503, json!("upstream is not available"))),
            Self::InternalError => Some(Reply::error(500, "internal error")),
            Self::StaleRead => Some(Reply::error(
                412,
                "required index state not present; this node lags behind",
            )),
            Self::Hang | Self::LoseReply => None,
        }
    }
}

/// Troubles that are still to come, in order.
#[derive(Default)]
pub(super) struct Plan(Vec<(Trouble, String, u32)>);

impl Plan {
    pub(super) fn add(&mut self, trouble: Trouble, path: &str, times: u32) {
        self.0.push((trouble, path.to_owned(), times));
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    /// The trouble for a request at this path, if one is planned.
    pub(super) fn take(&mut self, path: &str) -> Option<Trouble> {
        let planned = self
            .0
            .iter_mut()
            .find(|(_, part, times)| *times > 0 && path.contains(part.as_str()))?;
        planned.2 -= 1;
        Some(planned.0)
    }
}
