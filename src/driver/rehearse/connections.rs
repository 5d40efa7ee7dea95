//! What is tried at the connections: nothing that changes them.

use super::Run;
use super::rows::{Said, Trial};
use crate::fault::{Fault, FaultClass, FaultKind};
use crate::ports::Delivery;
use crate::rotation::capability::{ConnectionTest, Writer};
use crate::rotation::outcome::{Confirmation, IssuedToken};

impl Run<'_> {
    /// Reads each connection, and has it test the throw-away token where it can test a
    /// token before it is saved.
    pub(super) async fn read_connections(&mut self, token: Option<&IssuedToken>) {
        for (index, (name, connection)) in self.unit.connections.iter().enumerate() {
            if self.runner.cancel.is_cancelled() {
                return;
            }
            self.keep_lease().await;
            let began = self.now();
            let can = connection.capabilities();
            let read = connection.preflight(&self.unit.name, &self.unit.scim_url);
            let seen = self.within_lease(read).await;
            let said = match (&seen, can.writer) {
                (Ok(()), Writer::Daemon) => {
                    Said::shown("it was reached, and its SCIM base URL is the configured one")
                }
                (Ok(()), Writer::Person) => Said::not_shown(
                    "by_a_person",
                    "a person writes this connection; nothing of it can be read",
                ),
                (Err(fault), _) => Said::fault(fault),
            };
            self.row_at(Trial::Preflight, Some(index), began, said);
            let began = self.now();
            let said = match (token, &seen, can.test) {
                (_, _, ConnectionTest::None) => {
                    Said::not_shown("no_test", "the identity provider has no test of a token")
                }
                (None, _, _) => Said::not_shown("no_token", "there is no throw-away token to test"),
                (Some(_), Err(_), _) => {
                    Said::not_shown("no_preflight", "the connection could not be read first")
                }
                (Some(token), Ok(()), test) => {
                    tracing::debug!(connection = %name, "the throw-away token is tested");
                    let delivery = Delivery {
                        token: &self.unit.name,
                        value: &token.value,
                        old: None,
                        scim_url: &self.unit.scim_url,
                        since: None,
                    };
                    match connection.objection(&delivery) {
                        Some(why) => Said::failed("token_rules", why),
                        None => {
                            let tested = connection.test_candidate(&delivery);
                            candidate(self.within_lease(tested).await, test)
                        }
                    }
                }
            };
            self.row_at(Trial::Candidate, Some(index), began, said);
        }
    }
}

fn candidate(seen: Result<Confirmation, Fault>, test: ConnectionTest) -> Said {
    match seen {
        Ok(Confirmation::Works) => Said::shown("the identity provider works with it"),
        Ok(Confirmation::CannotTell) if test == ConnectionTest::Saved => Said::not_shown(
            "tests_saved_tokens",
            "the identity provider tests only the token that is saved there",
        ),
        Ok(Confirmation::CannotTell) => {
            Said::not_shown("no_test", "no test of candidates is configured")
        }
        Ok(Confirmation::NotYet { detail, .. }) => Said::not_shown("not_yet", detail),
        Ok(Confirmation::Refused { detail }) => Said::failed(FaultKind::Refused.as_str(), detail),
        Err(fault) if fault.class == FaultClass::Throttled => {
            Said::not_shown(fault.kind.as_str(), fault.message)
        }
        Err(fault) => Said::fault(&fault),
    }
}
