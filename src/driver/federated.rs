//! Watches federated credentials: looks at each at its pace, for as long as the
//! process runs. Nothing is planned and nothing is written to a record: what the
//! looks mean is decided by [`judge`].

use std::sync::Arc;

use async_trait::async_trait;
use jiff::SignedDuration;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::ports::Clock;
use crate::rotation::policy::share;
use crate::scim::federated::verdict::{Standing, Word, judge};
use crate::scim::federated::watch::Federation;

/// The first looks of all are spread over this long.
const SPREAD: SignedDuration = SignedDuration::from_secs(5);
/// How many looks a person waits for, and the pause between them.
const IN_A_ROW: usize = 3;
const BETWEEN: SignedDuration = SignedDuration::from_secs(1);

/// One federated credential.
pub struct Watched {
    /// Name of the token.
    pub name: String,
    /// A digest of its settings: what was seen with others is forgotten.
    pub settings: String,
    /// How often it is looked.
    pub every: SignedDuration,
    /// Makes the looks.
    pub federation: Arc<dyn Federation>,
}

/// All federated credentials of one configuration.
pub type AllWatched = Arc<Vec<Arc<Watched>>>;

/// Keeps and tells what the looks show.
#[async_trait]
pub trait FederationWitness: Send + Sync {
    /// What is known of it from before, also of an earlier process.
    async fn known(&self, token: &str) -> Option<Standing>;

    /// A look was made.
    async fn looked(&self, token: &str, before: Option<&Standing>, now: &Standing);
}

/// Watches all of them until it is dropped; begins anew with each configuration.
pub async fn watch(
    mut all: watch::Receiver<AllWatched>,
    clock: Arc<dyn Clock>,
    witness: Arc<dyn FederationWitness>,
) {
    loop {
        let watched = Arc::clone(&all.borrow_and_update());
        let mut following = JoinSet::new();
        for one in watched.iter() {
            following.spawn(follow(
                Arc::clone(one),
                Arc::clone(&clock),
                Arc::clone(&witness),
            ));
        }
        if all.changed().await.is_err() {
            // No other configuration comes any more.
            while following.join_next().await.is_some() {}
            return;
        }
    }
}

async fn follow(one: Arc<Watched>, clock: Arc<dyn Clock>, witness: Arc<dyn FederationWitness>) {
    let mut standing = known(&one, &*witness).await;
    let phase = SPREAD.as_secs_f64() * share(&one.name, 0);
    let phase = SignedDuration::try_from_secs_f64(phase).unwrap_or_default();
    clock.sleep(phase).await;
    loop {
        let now = look(&one, standing.as_ref(), &*clock, &*witness).await;
        let pause = now.look_again(one.every);
        standing = Some(now);
        clock.sleep(pause).await;
    }
}

/// Looks for a person: once more each time when it is not clear yet.
pub async fn look_now(
    one: &Watched,
    clock: &dyn Clock,
    witness: &dyn FederationWitness,
) -> Standing {
    let known = known(one, witness).await;
    let mut standing = look(one, known.as_ref(), clock, witness).await;
    for _ in 1..IN_A_ROW {
        if standing.word() != Word::Unclear {
            break;
        }
        clock.sleep(BETWEEN).await;
        standing = look(one, Some(&standing), clock, witness).await;
    }
    standing
}

async fn known(one: &Watched, witness: &dyn FederationWitness) -> Option<Standing> {
    let known = witness.known(&one.name).await;
    known.filter(|known| known.settings == one.settings)
}

async fn look(
    one: &Watched,
    before: Option<&Standing>,
    clock: &dyn Clock,
    witness: &dyn FederationWitness,
) -> Standing {
    let look = one.federation.look().await;
    let mut now = judge(before, &look, clock.now());
    now.settings.clone_from(&one.settings);
    witness.looked(&one.name, before, &now).await;
    now
}
