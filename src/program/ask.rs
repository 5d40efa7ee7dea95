//! One call of a program: the question as JSON on its standard input, the answer as
//! JSON on its standard output.

use jiff::Timestamp;
use serde::Serialize;
use zeroize::Zeroizing;

use super::answer::{Answer, Reply};
use super::child::{Limits, run};
use super::question::Question;
use super::settings::ProgramSettings;
use crate::fault::{Fault, FaultClass, FaultKind};

impl ProgramSettings<'_> {
    /// Runs the program and reads its answer.
    ///
    /// # Errors
    /// When it could not be started, did not end in time, or did not answer in the
    /// agreed form.
    pub(crate) async fn ask<A: Answer>(
        &self,
        question: &Question<'_>,
        input: &impl Serialize,
        now: Timestamp,
    ) -> Result<Reply<A>, Fault> {
        let subject = question.subject(self.path());
        let refused = |why: String| {
            let text = format!("{subject}: {why}");
            Fault::new(FaultClass::NotApplied, FaultKind::Config, text)
        };
        let program = self.program(&question.context(now), &question.facts());
        let program = program.map_err(refused)?;
        let input = written(input).map_err(|why| refused(why.to_owned()))?;
        let limits = Limits {
            timeout: self.longest(),
        };
        let finished = run(program, input, limits).await.map_err(|why| {
            refused(format!(
                "the program could not be started: {why}; see that it exists and may be executed"
            ))
        })?;
        Reply::read(subject, question, &finished)
    }
}

/// Room for everything from the start: a buffer that grows leaves copies of a
/// token behind.
fn written(input: &impl Serialize) -> Result<Zeroizing<Vec<u8>>, &'static str> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(32 * 1024));
    serde_json::to_writer(&mut *bytes, input)
        .map_err(|_| "the input of the program could not be written as JSON")?;
    bytes.push(b'\n');
    Ok(bytes)
}
