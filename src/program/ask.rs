//! One call of a program: the question as JSON on its standard input, the answer as
//! JSON on its standard output.

use jiff::Timestamp;
use serde::Serialize;
use url::Url;
use zeroize::Zeroizing;

use super::answer::{Answer, Reply};
use super::child::{Limits, run};
use super::settings::ProgramSettings;
use crate::fault::{Fault, FaultClass, FaultKind};
use crate::http::template::Context;

/// What a program is asked. Its standard input is written by the kind.
pub(crate) struct Question<'a> {
    /// Kind of section and name, for messages: "issuer `crm`".
    pub(crate) owner: String,
    /// What the program is to do.
    pub(crate) action: &'static str,
    /// The token that it is about.
    pub(crate) token_name: &'a str,
    /// The address of the service provider, where programs of this kind are told it.
    pub(crate) scim_url: Option<&'a Url>,
    /// The class of a failure after which nobody knows whether it was done.
    pub(crate) unclear: FaultClass,
    /// The secrets that the program is given: masked in what it says.
    pub(crate) given: Vec<&'a str>,
    /// Whether the answer holds a token that only the program knows until then.
    pub(crate) yields_token: bool,
}

impl Question<'_> {
    /// Who is asked for what.
    fn subject(&self, program: &str) -> String {
        format!(
            "{}, `{}` of token `{}` by {program}",
            self.owner, self.action, self.token_name
        )
    }

    /// What arguments may name.
    fn context(&self, now: Timestamp) -> Context {
        let context = Context::new(now)
            .text("token_name", self.token_name)
            .text("action", self.action);
        match self.scim_url {
            Some(url) => context.url("scim_url", url),
            None => context,
        }
    }

    /// The variables of the environment.
    fn facts(&self) -> Vec<(&'static str, &str)> {
        let mut facts = vec![("TOKEN_NAME", self.token_name), ("ACTION", self.action)];
        facts.extend(self.scim_url.map(|url| ("SCIM_URL", url.as_str())));
        facts
    }
}

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
