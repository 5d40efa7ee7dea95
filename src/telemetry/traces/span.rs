//! The spans of a step that has ended.

use aws_lc_rs::digest::{SHA256, digest};
use jiff::Timestamp;

use super::config::Share;
use crate::ports::unit::Unit;
use crate::ports::witness::StepEnded;
use crate::rotation::apply::rotation_of;
use crate::rotation::record::{PastRotation, RotationResult};
use crate::telemetry::observe::StepReport;
use crate::telemetry::result::StepResult;

/// A part of a trace. It holds no text that a server or a person wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) trace: [u8; 16],
    pub(super) id: [u8; 8],
    pub(super) parent: Option<[u8; 8]>,
    pub(super) name: &'static str,
    pub(super) began: Timestamp,
    pub(super) ended: Timestamp,
    /// The reason, if it failed.
    pub(super) failure: Option<&'static str>,
    /// Named as the fields of the log.
    pub(super) attributes: Vec<(&'static str, Value)>,
}

/// The value of an attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value {
    Text(String),
    Number(i64),
}

/// The process that sends spans.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Process {
    pub(super) version: &'static str,
    /// Names this run of the program.
    pub(super) instance: String,
}

/// The ids that follow from the id of a rotation, in every replica.
struct Ids {
    trace: [u8; 16],
    root: [u8; 8],
}

impl Ids {
    fn of(rotation: &str) -> Self {
        let hash = digest(
            &SHA256,
            format!("scim-rotator rotation {rotation}").as_bytes(),
        );
        Self {
            trace: first(hash.as_ref()),
            root: first(&hash.as_ref()[16..]),
        }
    }

    /// Whether the rotation belongs to the share that is traced: the same in every
    /// replica.
    fn is_sampled(&self, share: Share) -> bool {
        let number = u64::from_be_bytes(first(&self.trace[8..]));
        #[expect(
            clippy::cast_precision_loss,
            reason = "a share of rotations need not be exact"
        )]
        let place = number as f64 / u64::MAX as f64;
        place <= share.0
    }
}

fn first<const N: usize>(bytes: &[u8]) -> [u8; N] {
    let mut taken = [0; N];
    taken
        .iter_mut()
        .zip(bytes)
        .for_each(|(to, from)| *to = *from);
    taken
}

/// The span of the step, and that of its rotation if it has ended with it. None for a
/// step that belongs to no rotation, or to one that is not traced.
pub(super) fn spans(unit: &Unit, ended: &StepEnded<'_>, share: Share) -> Vec<Span> {
    let Some(rotation) = rotation_of(ended.before, ended.after, ended.step) else {
        return Vec::new();
    };
    let ids = Ids::of(rotation);
    if !ids.is_sampled(share) {
        return Vec::new();
    }
    let mut spans = vec![of_step(unit, ended, rotation, &ids)];
    let knew = |past: &PastRotation| ended.before.history.iter().any(|old| old.id == past.id);
    let newest = ended.after.history.first();
    if let Some(past) = newest.filter(|past| past.id == rotation && !knew(past)) {
        spans.push(of_rotation(unit, past, ended.after.generation, &ids));
    }
    spans
}

fn of_step(unit: &Unit, ended: &StepEnded<'_>, rotation: &str, ids: &Ids) -> Span {
    let (step, connection) = (ended.step.as_str(), ended.step.connection());
    let began = ended.now - ended.elapsed;
    let result = StepResult::of(ended.outcome);
    let unique = format!(
        "scim-rotator step {rotation} {step} {} {}",
        connection.unwrap_or_default(),
        began.as_nanosecond()
    );
    let mut attributes = common(unit, rotation, ended.after.generation);
    attributes.push(("step", Value::Text(step.to_owned())));
    if let Some(connection) = connection {
        attributes.push(("connection", Value::Text(connection.to_owned())));
    }
    attributes.push(("result", Value::Text(result.as_str().to_owned())));
    let stage = ended.after.stage_name().as_str();
    attributes.push(("stage", Value::Text(stage.to_owned())));
    Span {
        trace: ids.trace,
        id: first(digest(&SHA256, unique.as_bytes()).as_ref()),
        parent: Some(ids.root),
        name: step,
        began,
        ended: ended.now,
        failure: matches!(result, StepResult::Trouble(_)).then(|| reason(ended)),
        attributes,
    }
}

fn of_rotation(unit: &Unit, past: &PastRotation, generation: u64, ids: &Ids) -> Span {
    let mut attributes = common(unit, &past.id, generation);
    let (trigger, result) = (past.trigger.as_str(), past.result.as_str());
    attributes.push(("trigger", Value::Text(trigger.to_owned())));
    attributes.push(("result", Value::Text(result.to_owned())));
    Span {
        trace: ids.trace,
        id: ids.root,
        parent: None,
        name: "rotation",
        began: past.began_at,
        ended: past.ended_at,
        failure: (past.result != RotationResult::Success).then_some(result),
        attributes,
    }
}

fn common(unit: &Unit, rotation: &str, generation: u64) -> Vec<(&'static str, Value)> {
    let labels = &unit.labels;
    vec![
        ("token", Value::Text(unit.name.clone())),
        ("issuer", Value::Text(labels.issuer_kind.clone())),
        ("environment", Value::Text(labels.environment.clone())),
        ("rotation_id", Value::Text(rotation.to_owned())),
        (
            "generation",
            Value::Number(i64::try_from(generation).unwrap_or(i64::MAX)),
        ),
    ]
}

/// The word for the failure.
fn reason(ended: &StepEnded<'_>) -> &'static str {
    let reason = StepReport::of(ended.outcome).reason;
    reason.map_or("failed", |reason| reason.as_str())
}
