//! Notices what people ask for and what other replicas have changed: reads the
//! bell every few seconds, and everything once an hour.

use futures_util::StreamExt as _;
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeSet;
use tokio::sync::mpsc;

use super::wiring::World;
use crate::driver::recurring::SupervisorMessage;
use crate::ports::StoreError;
use crate::vault::bell::{Listener, News};
use crate::vault::requests::ALL;

/// How often the bell is read.
const LOOK: SignedDuration = SignedDuration::from_secs(5);
/// How often the switch of all tokens is read, should the bell be lost.
const CONTROL: SignedDuration = SignedDuration::from_mins(1);
/// How often the requests of all authors are read, should the bell be lost.
const EVERYTHING: SignedDuration = SignedDuration::from_hours(1);
/// And how often at most, whatever is written to the bell.
const EVERYTHING_AT_MOST: SignedDuration = SignedDuration::from_mins(5);
/// How many documents are read at once.
const AT_ONCE: usize = 8;

/// Never returns. While Vault does not answer, the last known state stays in
/// force.
pub(super) async fn watch(world: &World, messages: &mpsc::Sender<SupervisorMessage>) {
    let mut listener = Listener::default();
    // First the bell: what is rung while everything is read is heard after it.
    let heard = world.store.listen(&mut listener).await;
    let read = match heard {
        Ok(_) => read_everything(world, messages).await,
        Err(error) => Err(error),
    };
    if let Err(error) = &read {
        tracing::warn!(%error, "what people have asked for was not read; it is read again in some minutes");
    }
    // Replicas that were started together do not read it together.
    let phase = LOOK.as_secs_f64() * world.phase();
    let phase = SignedDuration::try_from_secs_f64(phase).unwrap_or_default();
    world.clock.sleep(phase).await;
    let start = world.clock.now();
    let mut state = Read {
        control_at: start,
        everything_at: start,
        is_incomplete: read.is_err(),
    };
    loop {
        if let Err(error) = look(world, messages, &mut listener, &mut state).await {
            tracing::debug!(%error, "the bell was not read");
        }
        world.clock.sleep(LOOK).await;
    }
}

/// When what was last read.
struct Read {
    control_at: Timestamp,
    everything_at: Timestamp,
    /// Whether a name on the bell was lost since then.
    is_incomplete: bool,
}

async fn look(
    world: &World,
    messages: &mpsc::Sender<SupervisorMessage>,
    listener: &mut Listener,
    read: &mut Read,
) -> Result<(), StoreError> {
    let News { names, incomplete } = world.store.listen(listener).await?;
    read.is_incomplete |= incomplete;
    let now = world.clock.now();
    // A clock that was set back does not stop the net.
    let since = |at: Timestamp| now.duration_since(at).abs();
    let pause = match read.is_incomplete {
        true => EVERYTHING_AT_MOST,
        false => EVERYTHING,
    };
    if since(read.everything_at) >= pause {
        read_everything(world, messages).await?;
        read.everything_at = now;
        read.is_incomplete = false;
    }
    if since(read.control_at) >= CONTROL {
        read.control_at = now;
        wake_if_switched(world, world.read_control().await?, messages).await;
    }
    heed(world, &names, messages).await
}

/// Reads the requests of all authors, for the start and as a net.
pub(super) async fn read_everything(
    world: &World,
    messages: &mpsc::Sender<SupervisorMessage>,
) -> Result<(), StoreError> {
    let listed = world.store.list_requests(|name| world.store.has(name));
    let listed = listed.await?;
    read_requests(world, listed, messages).await
}

/// Reads what the names on the bell stand for: `<entity>/<token>` is a request,
/// and another name is a token whose record was changed.
async fn heed(
    world: &World,
    names: &BTreeSet<String>,
    messages: &mpsc::Sender<SupervisorMessage>,
) -> Result<(), StoreError> {
    let is_known = |name: &str| name == ALL || world.store.has(name);
    let requests = names.iter().filter_map(|name| name.split_once('/'));
    let requests = requests.filter(|(_, name)| is_known(name));
    let requests = requests.map(|(author, name)| (author.to_owned(), name.to_owned()));
    read_requests(world, requests.collect(), messages).await?;
    let changed = names.iter().filter(|name| world.store.has(name)).cloned();
    send_look(changed.collect(), messages).await;
    Ok(())
}

async fn read_requests(
    world: &World,
    places: Vec<(String, String)>,
    messages: &mpsc::Sender<SupervisorMessage>,
) -> Result<(), StoreError> {
    let reads = places.into_iter().map(async |(author, name)| {
        let read = world.store.requests_of(&author, &name).await;
        read.map(|requests| requests.map(|requests| (name, requests)))
    });
    let read: Vec<_> = futures_util::stream::iter(reads)
        .buffer_unordered(AT_ONCE)
        .collect()
        .await;
    let mut for_all = Vec::new();
    let mut tokens = BTreeSet::new();
    let mut failed = None;
    for found in read {
        match found {
            Ok(Some((name, requests))) if name == ALL => for_all.push(requests),
            Ok(Some((name, requests))) => {
                world.inbox.put(&name, requests);
                tokens.insert(name);
            }
            Ok(None) => {}
            // A name that is no path was not written by our commands.
            Err(StoreError::Unusable(_) | StoreError::Conflict) => {}
            Err(error @ StoreError::Fault(_)) => failed = Some(error),
        }
    }
    if !for_all.is_empty() {
        let switched = world.take_requests_for_all(&for_all).await?;
        wake_if_switched(world, switched, messages).await;
    }
    send_look(tokens, messages).await;
    failed.map_or(Ok(()), Err)
}

async fn send_look(tokens: BTreeSet<String>, messages: &mpsc::Sender<SupervisorMessage>) {
    if !tokens.is_empty() {
        // It fails only if the supervisor has ended.
        let look = SupervisorMessage::Look(tokens);
        let _ended = messages.send(look).await.is_err();
    }
}

async fn wake_if_switched(
    world: &World,
    switched: bool,
    messages: &mpsc::Sender<SupervisorMessage>,
) {
    if !switched {
        return;
    }
    if world.is_all_paused() {
        tracing::warn!(
            "a person paused all work: no token is touched until `scim-rotator resume --all --reason …`"
        );
    } else {
        tracing::info!("a person resumed all work");
    }
    // It fails only if the supervisor has ended.
    let _ended = messages.send(SupervisorMessage::WakeAll).await.is_err();
}
