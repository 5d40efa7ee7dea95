//! Sends vaultrs' requests through our own HTTP client and interprets the
//! answers.

mod leader;
mod wire;

use std::sync::Arc;

use http::header::HeaderValue;
use jiff::{SignedDuration, Timestamp};
use rustify::endpoint::Endpoint;

pub use self::wire::VaultAnswer;
#[cfg(test)]
pub(super) use self::wire::understood;
pub use super::call::Call;

use super::config::VaultConfig;
use super::error::{VaultError, VaultErrorKind, is_explained};
use super::nodes::Nodes;
use crate::fault::{Fault, FaultClass, FaultKind};
use crate::http::{Client, Observer, Target};
use crate::ports::Clock;
use crate::secret::SecretText;

/// Pause between two attempts to find the leader during an election.
const ELECTION_PAUSE: SignedDuration = SignedDuration::from_millis(250);
/// Pause before a request that met a rate limit is sent again. If Vault asks
/// for a longer pause, the error is returned and the driver decides.
const FIRST_QUOTA_PAUSE: SignedDuration = SignedDuration::from_millis(250);
const LONGEST_QUOTA_PAUSE: SignedDuration = SignedDuration::from_secs(2);

/// The client of one Vault cluster, without a token.
pub struct VaultClient {
    http: Client,
    nodes: Nodes,
    patience: SignedDuration,
    namespace: Option<HeaderValue>,
}

impl VaultClient {
    /// Prepares the client. Nothing is sent.
    ///
    /// # Errors
    /// When a file for TLS or the namespace cannot be used.
    pub fn new(
        config: &VaultConfig,
        clock: Arc<dyn Clock>,
        observer: Arc<dyn Observer>,
    ) -> Result<Self, Fault> {
        let http = Client::new(&config.client_settings(), Target::Vault, clock, observer);
        let namespace = config.namespace.as_deref().map(|n| n.trim_end_matches('/'));
        let namespace = namespace.map(HeaderValue::from_str);
        Ok(Self {
            http: http.map_err(|reason| unusable(format!("[vault]: {reason}")))?,
            nodes: Nodes::new(config.address.0.clone()),
            patience: config.request_timeout.0,
            namespace: namespace
                .transpose()
                .map_err(|_| unusable("`vault.namespace` cannot be sent in a header".to_owned()))?,
        })
    }

    /// The current time, for deadlines.
    pub(super) fn now(&self) -> Timestamp {
        self.http.own_clock().now()
    }

    /// Reads certificates and keys again if their files changed.
    ///
    /// # Errors
    /// Names the file that cannot be used.
    pub(super) async fn read_files_again(&self) -> Result<(), String> {
        self.http.read_files_again().await
    }

    /// Sends a request to the leader, then to the other nodes if the leader is
    /// unreachable, sealed or cannot serve. During an election, and for a
    /// moment under a rate limit, it repeats the request within the timeout of
    /// one request.
    pub(super) async fn execute<E: Endpoint>(
        &self,
        call: &Call,
        token: Option<&SecretText>,
        endpoint: &E,
    ) -> Result<VaultAnswer, VaultError> {
        let mut waited = SignedDuration::ZERO;
        let mut rounds = 0;
        loop {
            let result = self.round(call, token, endpoint).await;
            let pause = result.as_ref().err().and_then(|e| self.pause(e, rounds));
            let Some(pause) = pause.filter(|pause| waited + *pause <= self.patience) else {
                return result;
            };
            self.http.own_clock().sleep(pause).await;
            waited += pause;
            rounds += 1;
        }
    }

    /// How long to wait before the same request is sent again; `None` if the
    /// error is returned to the caller. The request was not carried out in
    /// either case.
    fn pause(&self, error: &VaultError, rounds: u32) -> Option<SignedDuration> {
        if self.nodes.are_several() && error.is_election() {
            return Some(ELECTION_PAUSE);
        }
        let asked = error.is_rate_limit()?;
        let growing = FIRST_QUOTA_PAUSE.saturating_mul(1 << rounds.min(8));
        let pause = asked.unwrap_or(growing.min(LONGEST_QUOTA_PAUSE));
        (pause <= LONGEST_QUOTA_PAUSE).then_some(pause)
    }

    /// An answer was out of date: the leader is determined again before the
    /// next request.
    pub(super) fn doubt(&self) {
        self.nodes.doubt();
    }

    /// Sends the request to one node after the other. Returns the most
    /// informative error.
    async fn round<E: Endpoint>(
        &self,
        call: &Call,
        token: Option<&SecretText>,
        endpoint: &E,
    ) -> Result<VaultAnswer, VaultError> {
        self.look_for_leader().await;
        let nodes = self.nodes.count().max(1);
        let mut untried: Vec<usize> = (0..nodes).collect();
        let mut next = Some(self.nodes.preferred());
        let mut told: Option<VaultError> = None;
        while let Some(node) = next {
            untried.retain(|other| *other != node);
            let error = match self.at(node, call, token, endpoint).await {
                Ok(answer) => {
                    self.nodes.serves(node);
                    return Ok(answer);
                }
                Err(error) => error,
            };
            if error.doubts_the_node() {
                self.nodes.doubt();
            }
            if !error.is_worth_another_node() {
                return Err(error);
            }
            let pointed_to = error.redirect().and_then(|to| {
                self.tell_of_redirect(node, to);
                self.nodes.known(to)
            });
            next = pointed_to
                .filter(|there| untried.contains(there))
                .or_else(|| untried.first().copied());
            if told.as_ref().is_none_or(|t| !t.tells_more_than(&error)) {
                told = Some(error);
            }
        }
        Err(told.unwrap_or_else(|| VaultError::new(call, no_node())))
    }

    async fn at<E: Endpoint>(
        &self,
        node: usize,
        call: &Call,
        token: Option<&SecretText>,
        endpoint: &E,
    ) -> Result<VaultAnswer, VaultError> {
        let namespace = self.namespace.as_ref();
        let base = self.nodes.address(node).ok_or_else(wire::no_request);
        let request = base.and_then(|base| wire::request(base, call, namespace, token, endpoint));
        let result = match request {
            Ok(request) if self.nodes.are_several() => {
                let moved = self.another_serves(node);
                tokio::select! {
                    biased;
                    answer = self.http.send(request) => answer,
                    () = moved => Err(left_behind(call)),
                }
            }
            Ok(request) => self.http.send(request).await,
            Err(fault) => Err(fault),
        };
        let answer = result
            .map_err(|fault| VaultErrorKind::Unreachable(Box::new(without_operation(call, fault))))
            .and_then(|answer| {
                let understood = wire::understood(&answer);
                let is_server = matches!(&understood, Err(VaultErrorKind::Server { status: 500 }));
                if call.of_engine && is_server && is_explained(&answer.body) {
                    let (status, known) = (500, None);
                    return Err(VaultErrorKind::Refused { status, known });
                }
                understood
            });
        answer.map_err(|kind| VaultError::new(call, kind))
    }
}

/// The error of a request names the operation once, at its beginning.
fn without_operation(call: &Call, mut fault: Fault) -> Fault {
    let start = format!("{}: ", call.operation);
    if let Some(rest) = fault.message.strip_prefix(&start) {
        fault.message = rest.to_owned();
    }
    fault
}

fn left_behind(call: &Call) -> Fault {
    let (class, rest) = if call.changes {
        let rest = "; whether it was carried out is not known";
        (FaultClass::Ambiguous, rest)
    } else {
        (FaultClass::NotApplied, "")
    };
    let text = format!("the node fell silent while another one serves{rest}");
    Fault::new(class, FaultKind::Timeout, text)
}

fn no_node() -> VaultErrorKind {
    VaultErrorKind::Unreachable(Box::new(unusable(
        "`vault.address` names no node".to_owned(),
    )))
}

fn unusable(message: String) -> Fault {
    Fault::new(FaultClass::Rejected, FaultKind::Config, message)
}
