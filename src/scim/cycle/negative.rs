//! Reads that must be refused: without a token, with a wrong one, with a malformed
//! header, and at URLs beside SCIM.

use http::Method;

use super::report::{Grade, Step};
use super::sender::{Reply, Silence, With};
use super::state::Run;

impl Run<'_> {
    /// They come last, after the token was shown to work: a wrong token may be
    /// noticed by the service provider.
    pub(super) async fn negative(&mut self) {
        self.without_token().await;
        self.with_wrong_token().await;
        self.malformed().await;
        self.admin_reach().await;
    }

    async fn protected_read(&mut self, with: With<'_>) -> Result<Reply, Silence> {
        let name = self.names.user_name.clone();
        let filter = format!("userName eq \"{name}\"");
        let url = self.send.search(self.send.users(), &filter);
        self.send.send(Method::GET, url, None, with).await
    }

    async fn without_token(&mut self) {
        let step = Step::NoToken;
        let answered = self.protected_read(With::Nothing).await;
        let (grade, detail) = must_refuse(answered, "without a token");
        self.note(step, grade, detail);
    }

    async fn with_wrong_token(&mut self) {
        let step = Step::WrongToken;
        if !self.cycle.endpoint.config.negative_controls {
            self.note(step, Grade::Skipped, "`probe.negative_controls = false`");
            return;
        }
        let wrong = self.cycle.endpoint.garbage(self.send.token());
        let answered = self.protected_read(With::Other(&wrong)).await;
        let (grade, detail) = must_refuse(answered, "with a wrong token");
        self.note(step, grade, detail);
    }

    async fn malformed(&mut self) {
        let step = Step::Malformed;
        if self.cycle.endpoint.config.says_where_the_token_is() {
            self.note(
                step,
                Grade::Skipped,
                "the token has a place of its own (`probe.headers`)",
            );
            return;
        }
        let mut answered = self.protected_read(With::Bare).await;
        // One failure of the server is no proof.
        if answered.as_ref().is_ok_and(|reply| reply.status >= 500) {
            answered = self.protected_read(With::Bare).await;
        }
        let (grade, detail) = match answered {
            Err(silence) => (Grade::Inconclusive, silence.detail),
            Ok(reply) => match reply.status {
                400..=428 | 430..=499 => (Grade::Passed, String::new()),
                200..=299 => (
                    Grade::Warned,
                    "the token is accepted without `Bearer`".to_owned(),
                ),
                429 | 502..=504 | 300..=399 => (Grade::Inconclusive, reply.said()),
                _ => (
                    Grade::Failed,
                    format!("{}, instead of a refusal", reply.said()),
                ),
            },
        };
        self.note(step, grade, detail);
    }

    async fn admin_reach(&mut self) {
        let step = Step::AdminReach;
        let urls = self.cycle.must_refuse;
        if urls.is_empty() {
            self.note(step, Grade::Skipped, "`must_refuse` is not set");
            return;
        }
        for (index, url) in urls.iter().enumerate() {
            let answered = self.send.get(url.clone()).await;
            let (grade, detail) = match answered {
                Err(silence) => (Grade::Inconclusive, silence.detail),
                Ok(reply) => match reply.status {
                    401 | 403 | 404 | 405 | 410 => continue,
                    200..=299 => (
                        Grade::Failed,
                        format!(
                            "`must_refuse[{index}]` answered {}: the token reaches more than SCIM (over_privileged)",
                            reply.status
                        ),
                    ),
                    _ => (Grade::Inconclusive, reply.said()),
                },
            };
            self.note(step, grade, detail);
            return;
        }
        self.passed(step);
    }
}

fn must_refuse(answered: Result<Reply, Silence>, how: &str) -> (Grade, String) {
    match answered {
        Err(silence) => (Grade::Inconclusive, silence.detail),
        Ok(reply) => match reply.status {
            401 | 403 | 404 => (Grade::Passed, String::new()),
            200..=299 => (
                Grade::Failed,
                format!("users can be read {how}: the endpoint is open (endpoint_open)"),
            ),
            _ => (Grade::Inconclusive, reply.said()),
        },
    }
}
