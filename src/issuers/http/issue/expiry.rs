//! When a new token expires, and when the old one dies of its issue.

use jiff::{SignedDuration, Timestamp};

use super::Answers;
use crate::http::exchange::Read;
use crate::http::times::{Known, TimeField};
use crate::issuers::http::HttpTokens;
use crate::ports::IssueRequest;
use crate::rotation::capability::{ExpirySource, IssueEffect};
use crate::rotation::record::ExpiryKnown;
use crate::scim::jwt;
use crate::secret::BearerToken;

impl HttpTokens {
    /// The life really issued counts, not the one asked for.
    pub(super) fn expiry(
        &self,
        value: &BearerToken,
        answers: &Answers<'_>,
        asked: Option<SignedDuration>,
        now: Timestamp,
    ) -> (Option<Timestamp>, ExpiryKnown) {
        match self.read_time(|read| read.expires_at.as_ref(), answers, now) {
            Known::At(end) => return (Some(end), ExpiryKnown::Api),
            Known::Never => return (None, ExpiryKnown::Never),
            Known::Unknown => {}
        }
        match self.capabilities.expiry {
            ExpirySource::Jwt => match jwt::expiry(value) {
                Some(end) => (Some(end), ExpiryKnown::Jwt),
                None => (None, ExpiryKnown::Unknown),
            },
            ExpirySource::Requested => match asked.and_then(|life| now.checked_add(life).ok()) {
                Some(end) => (Some(end), ExpiryKnown::Declared),
                None => (None, ExpiryKnown::Unknown),
            },
            ExpirySource::Reported | ExpirySource::Declared | ExpirySource::None => {
                (None, ExpiryKnown::Unknown)
            }
        }
    }

    pub(super) fn old_dies_at(
        &self,
        request: &IssueRequest,
        answers: &Answers<'_>,
        now: Timestamp,
    ) -> Option<Timestamp> {
        let told = self.read_time(|read| read.previous_expires_at.as_ref(), answers, now);
        match (self.capabilities.issue_effect, told) {
            (IssueEffect::Keeps, _) => None,
            (IssueEffect::SchedulesDeath | IssueEffect::Kills, Known::At(end)) => Some(end),
            (IssueEffect::SchedulesDeath, Known::Never | Known::Unknown) => {
                now.checked_add(self.overlap(request)).ok()
            }
            (IssueEffect::Kills, Known::Never | Known::Unknown) => Some(now),
        }
    }

    /// A time that cannot be read is not known: the token is worth more.
    fn read_time(
        &self,
        field: impl Fn(&Read) -> Option<&TimeField>,
        answers: &Answers<'_>,
        now: Timestamp,
    ) -> Known {
        let read = answers.find(|read, view| Some(field(read)?.read(view, now)));
        match read {
            None => Known::Unknown,
            Some(Ok(known)) => known,
            Some(Err(why)) => {
                tracing::warn!(issuer = self.exchange.name(), "answer of `issue`: {why}");
                Known::Unknown
            }
        }
    }
}
