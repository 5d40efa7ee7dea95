//! Asks the HTTP server of a daemon, for the commands that only show something.

use std::sync::Arc;

use http::Method;
use jiff::Timestamp;
use serde_json::Value;
use url::Url;

use super::Exit;
use super::output::complain;
use crate::clock::SystemClock;
use crate::http::skew::SkewWatch;
use crate::http::{Client, ClientSettings, Request, Target};
use crate::ports::Clock;
use crate::rotation::state::Banner;

/// Largest answer that is read: some kilobytes a token, of a thousand tokens or, from an
/// earlier daemon, of all.
const LARGEST: usize = 64 * 1024 * 1024;
/// Most pages that are asked for, of a thousand tokens each.
const MOST_PAGES: u64 = 100;

/// What is told of tokens, by their names; or why nothing is known of one.
pub(super) type Told = Vec<(String, Result<Value, String>)>;

/// An answer of the daemon.
pub(super) struct Served {
    /// When it came.
    pub(super) now: Timestamp,
    /// What is true of all tokens together.
    pub(super) banners: Vec<Banner>,
    pub(super) tokens: Told,
}

/// What the daemon tells at this path of these tokens (of all, if none is named),
/// and the time. `name` is the field with the name of a token.
///
/// # Errors
/// With the exit code, after a message.
pub(super) async fn ask(
    server: &Url,
    path: &str,
    name: &str,
    names: &[String],
) -> Result<Served, Exit> {
    told(server, path, name, names).await.map_err(|error| {
        complain(&format!("{error}\n"));
        Exit::TryAgain
    })
}

/// The same with the error as a text.
///
/// # Errors
/// Which daemon, and why it did not tell.
pub(super) async fn told(
    server: &Url,
    path: &str,
    name: &str,
    names: &[String],
) -> Result<Served, String> {
    let told = pages(server, path).await;
    let (banners, all) = told.map_err(|error| format!("the daemon at {server}: {error}"))?;
    let name_of = |told: &Value| told[name].as_str().unwrap_or_default().to_owned();
    let told: Told = match names.is_empty() {
        true => all
            .into_iter()
            .map(|told| (name_of(&told), Ok(told)))
            .collect(),
        false => names
            .iter()
            .map(|name| {
                let found = all.iter().find(|told| name_of(told) == *name).cloned();
                let missing = || "the daemon has no token of this name".to_owned();
                (name.clone(), found.ok_or_else(missing))
            })
            .collect(),
    };
    let banners = serde_json::from_value(banners).unwrap_or_default();
    Ok(Served {
        now: SystemClock.now(),
        banners,
        tokens: told,
    })
}

/// The banners, and the tokens of all pages. An earlier daemon has one page.
async fn pages(server: &Url, path: &str) -> Result<(Value, Vec<Value>), String> {
    let mut all = Vec::new();
    for page in 1..=MOST_PAGES {
        let query = format!("{path}?sort=name&per_page=1000&page={page}");
        let mut told = fetch(server, &query).await?;
        if let Value::Array(tokens) = told["tokens"].take() {
            all.extend(tokens);
        }
        if told["pages"].as_u64().is_none_or(|pages| page >= pages) {
            return Ok((told["banners"].take(), all));
        }
    }
    Err(format!(
        "it has more than {MOST_PAGES} pages of tokens, which no daemon has"
    ))
}

async fn fetch(server: &Url, path: &str) -> Result<Value, String> {
    let url = format!("{}{path}", server.as_str().trim_end_matches('/'));
    let url = Url::parse(&url).map_err(|error| error.to_string())?;
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
    match answer.status {
        200 => {
            serde_json::from_slice(&answer.body).map_err(|_| "its answer is not JSON".to_owned())
        }
        404 => Err(format!(
            "it does not serve {path}: is the URL right, and the daemon as new as this program?"
        )),
        status => Err(format!("it answered with status {status}")),
    }
}

#[cfg(test)]
mod tests {
    use tokio_util::sync::CancellationToken;

    use super::*;
    use crate::server::config::ServerConfig;
    use crate::server::{Rotations, Server, Told as Tells};
    use crate::telemetry::notify::Notifier;
    use crate::telemetry::{Telemetry, fixture};

    struct NoRotations;

    #[async_trait::async_trait]
    impl Rotations for NoRotations {
        async fn of(&self, _token: &str) -> Result<Vec<Value>, String> {
            Ok(Vec::new())
        }
    }

    #[tokio::test]
    async fn the_tokens_of_all_pages_are_asked_for() {
        let config: ServerConfig = toml::from_str("listen = \"127.0.0.1:0\"").expect("config");
        let bound = Server::bind(&config).await.expect("a free port");
        let url = format!("http://{}", bound.address());
        let url: Url = url.parse().expect("a URL");
        let telemetry = Telemetry::new(fixture::now(), Notifier::silent()).expect("metrics");
        for number in 0..2_001 {
            let facts = fixture::facts(&format!("t{number:04}"));
            telemetry.board.expect(facts);
        }
        let told = Tells {
            telemetry,
            clock: Arc::new(SystemClock),
            replica: String::new(),
            rotations: Arc::new(NoRotations),
        };
        let end = CancellationToken::new();
        let asked = async {
            let served = ask(&url, "/api/v1/tokens", "name", &[]).await;
            end.cancel();
            served
        };
        let (served, asked) = tokio::join!(bound.serve(told, end.clone()), asked);
        served.expect("it served");
        let Ok(asked) = asked else {
            panic!("no answer");
        };
        let names: Vec<&str> = asked.tokens.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names.len(), 2_001);
        assert!(names.is_sorted() && names[2_000] == "t2000");
    }
}
