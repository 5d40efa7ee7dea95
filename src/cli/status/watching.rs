//! `status --watch`: the same again and again, in place on a terminal.

use std::path::Path;

use jiff::SignedDuration;

use super::{Args, Status, token};
use crate::cli::output::Output;
use crate::cli::signals::Signals;
use crate::cli::{Exit, OutputFormat, facts, load, served};
use crate::clock::SystemClock;
use crate::ports::Clock as _;

/// The shortest pause between two looks.
const SHORTEST: SignedDuration = SignedDuration::from_secs(1);
/// How many documents are read in a second at most, on average: a document a token.
const READS_A_SECOND: i64 = 20;

/// Shows the state until TERM or INT. A look that fails is shown, and tried again.
pub(super) fn run(args: &Args, config: &Path, output: &mut Output) -> Exit {
    if let Some(server) = &args.server {
        return load::block_on(async {
            let look = async || {
                let served = served::told(server, "/api/v1/tokens", "name", &args.tokens).await?;
                Ok(Status::of(served.tokens, served.banners, served.now))
            };
            repeat(args.interval.0.max(SHORTEST), look, output).await
        });
    }
    let (world, (units, federated)) = match load::world_of_a_person_of_both(config, &args.tokens) {
        Ok(loaded) => loaded,
        Err(exit) => return exit,
    };
    let documents = i64::try_from(units.len() + federated.len()).unwrap_or(i64::MAX);
    let pause = pause(args.interval.0, documents);
    load::block_on(async {
        let look = async || {
            let read = facts::reader::look(&world, &units, &federated).await;
            let read = read.map_err(|error| error.to_string())?;
            let tokens = read.tokens.into_iter();
            let tokens = tokens.map(|(name, facts)| (name, facts.map(token)));
            let now = world.right_clock.now();
            Ok(Status::of(tokens.collect(), read.banners, now))
        };
        let exit = repeat(pause, look, output).await;
        world.session.close().await;
        exit
    })
}

/// Vault has other things to do than to be looked at.
fn pause(asked: SignedDuration, documents: i64) -> SignedDuration {
    let least = SignedDuration::from_secs(documents / READS_A_SECOND);
    asked.max(least).max(SHORTEST)
}

async fn repeat(
    pause: SignedDuration,
    look: impl AsyncFn() -> Result<Status, String>,
    output: &mut Output,
) -> Exit {
    let Ok(mut signals) = Signals::listen() else {
        return Exit::Failed;
    };
    let clock = SystemClock;
    loop {
        let shown = tokio::select! {
            status = look() => show(&status, pause, output),
            _ = signals.next() => break,
        };
        if shown.is_err() {
            // Nobody reads any more.
            break;
        }
        tokio::select! {
            () = clock.sleep(pause) => {}
            _ = signals.next() => break,
        }
    }
    // What was shown last stays, and the shell goes on below it.
    drop(output.leave_screen());
    Exit::Ok
}

fn show(
    status: &Result<Status, String>,
    pause: SignedDuration,
    output: &mut Output,
) -> std::io::Result<()> {
    if output.format() == OutputFormat::Json {
        return match status {
            Ok(status) => output.json(&status.json()),
            Err(error) => {
                let error = crate::cli::failure::object(Exit::TryAgain, error);
                output.json(&serde_json::json!({ "error": error }))
            }
        };
    }
    let text = match status {
        Ok(status) => super::shown::text_of(status, output),
        Err(error) => format!("The state is not known now: {error}\n"),
    };
    let now = SystemClock.now().strftime("%Y-%m-%d %H:%M:%S UTC");
    let foot = format!("{now}, every {} s; Ctrl-C ends", pause.as_secs());
    output.screen(&text, &foot)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_more_tokens_the_longer_the_pause() {
        let asked = SignedDuration::from_secs(5);
        assert_eq!(pause(asked, 30), asked);
        assert_eq!(pause(asked, 10_000), SignedDuration::from_secs(500));
        assert_eq!(pause(SignedDuration::ZERO, 1), SHORTEST);
    }
}
