//! `demo --only`: one server of the demo, for clients and tests of other people.

use std::sync::Arc;

use serde_json::json;

use super::super::Exit;
use super::super::live::Live;
use super::super::output::Output;
use super::super::signals::Signals;
use super::Args;
use crate::clock::SystemClock;
use crate::demo::stage::Alone;
use crate::ports::Clock;

/// A server of the demo that can be run alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Part {
    /// A SCIM service provider that issues, lists and revokes its tokens.
    ServiceProvider,
}

/// Runs it until a signal, or for the time that was asked for.
pub(super) async fn serve(args: &Args, output: Output) -> anyhow::Result<Exit> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let mut signals = Signals::of_terminal()?;
    let alone = Alone::start(Arc::clone(&clock), args.port.unwrap_or(0)).await?;
    let live = Live::new(output);
    let (scim, base) = (alone.provider.scim_url(), alone.provider.base_url());
    let file = alone.admin_token_file();
    live.say(&format!(
        "A SCIM service provider, alone. It keeps everything in memory, listens on
loopback only, and ends with Ctrl-C.

  SCIM         {scim}
  admin API    {base}admin/tokens
  admin token  in the file {file}

A token for an hour:
  curl -sS -H \"Authorization: Bearer $(cat {file})\" \\
    -d '{{\"label\": \"mine\", \"ttl_seconds\": 3600}}' {base}admin/tokens
",
        file = file.display(),
    ))?;
    let facts = json!({
        "event": "started",
        "scim_url": scim,
        "admin_url": format!("{base}admin/tokens"),
        "admin_token_file": file,
    });
    if live.format() == super::OutputFormat::Json {
        live.note(clock.now(), "", "", facts)?;
    }
    match args.length {
        Some(length) => tokio::select! {
            () = clock.sleep(length.0) => {}
            _ = signals.next() => {}
        },
        None => drop(signals.next().await),
    }
    Ok(Exit::Ok)
}
