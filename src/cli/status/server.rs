//! Asks the HTTP server of a daemon.

use std::sync::Arc;

use http::Method;
use jiff::Timestamp;
use serde_json::Value;
use url::Url;

use super::States;
use crate::cli::Exit;
use crate::cli::output::complain;
use crate::clock::SystemClock;
use crate::http::skew::SkewWatch;
use crate::http::{Client, ClientSettings, Request, Target};
use crate::ports::Clock;

/// Largest answer that is read: some kilobytes a token.
const LARGEST: usize = 64 * 1024 * 1024;

/// The states of these tokens (all if none is named), and the time.
///
/// # Errors
/// With the exit code, after a message.
pub(super) async fn ask(server: &Url, names: &[String]) -> Result<(Timestamp, States), Exit> {
    let told = fetch(server).await.map_err(|error| {
        complain(&format!("the daemon at {server}: {error}\n"));
        Exit::TryAgain
    })?;
    let all = told["tokens"].as_array().cloned().unwrap_or_default();
    let name_of = |state: &Value| state["name"].as_str().unwrap_or_default().to_owned();
    let states: States = match names.is_empty() {
        true => all
            .iter()
            .map(|state| (name_of(state), Ok(state.clone())))
            .collect(),
        false => names
            .iter()
            .map(|name| {
                let found = all.iter().find(|state| name_of(state) == *name).cloned();
                let missing = || "the daemon has no token of this name".to_owned();
                (name.clone(), found.ok_or_else(missing))
            })
            .collect(),
    };
    Ok((SystemClock.now(), states))
}

async fn fetch(server: &Url) -> Result<Value, String> {
    let path = format!("{}/api/v1/tokens", server.as_str().trim_end_matches('/'));
    let url = Url::parse(&path).map_err(|error| error.to_string())?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let nobody = Arc::new(crate::http::NoObserver);
    let watch = Arc::new(SkewWatch::new(nobody, Arc::clone(&clock)));
    let settings = ClientSettings {
        max_body: LARGEST,
        ..ClientSettings::default()
    };
    let client = Client::new(&settings, Target::Sp, clock, watch)?;
    let request = Request::new(Method::GET, url, "status");
    let answer = client
        .send(request)
        .await
        .map_err(|fault| fault.to_string())?;
    if answer.status != 200 {
        return Err(format!("it answered with status {}", answer.status));
    }
    serde_json::from_slice(&answer.body).map_err(|_| "its answer is not JSON".to_owned())
}
