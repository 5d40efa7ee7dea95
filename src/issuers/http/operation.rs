//! Carrying out one configured operation.

use std::sync::Arc;

use http::{HeaderName, Method};
use jiff::Timestamp;
use url::Url;

use super::config::{HttpIssuer, Operation};
use crate::fault::{Fault, FaultClass, FaultKind};
use crate::http::message::{Answer, Request, wipe};
use crate::http::oauth2::{Caller, CallerAuth};
use crate::http::status::fault_from;
use crate::http::template::{Context, TemplateMap};
use crate::issuers::Deps;
use crate::ports::Secrets;

/// Which operation it is: its usual method, its success, and whether it may be
/// repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Mint,
    List,
    Get,
    Revoke,
    Status,
    Complete,
    Cancel,
}

impl Kind {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Mint => "mint",
            Self::List => "list",
            Self::Get => "get",
            Self::Revoke => "revoke",
            Self::Status => "status",
            Self::Complete => "complete",
            Self::Cancel => "cancel",
        }
    }

    fn method(self) -> Method {
        match self {
            Self::Mint | Self::Complete | Self::Cancel => Method::POST,
            Self::List | Self::Get | Self::Status => Method::GET,
            Self::Revoke => Method::DELETE,
        }
    }

    fn success(self) -> &'static [u16] {
        match self {
            Self::Mint => &[200, 201],
            Self::List | Self::Get | Self::Status => &[200],
            Self::Revoke | Self::Complete | Self::Cancel => &[200, 201, 204],
        }
    }

    /// Only a mint does more when it is repeated; revoking twice is revoking.
    fn idempotent(self) -> bool {
        self != Self::Mint
    }

    /// Only questions about one token can be answered with "not there".
    fn gone(self) -> &'static [u16] {
        match self {
            Self::Get | Self::Revoke => &[404, 410],
            Self::Mint | Self::List | Self::Status | Self::Complete | Self::Cancel => &[],
        }
    }
}

/// What came back.
pub(super) enum Called {
    /// A success.
    Done(Answer),
    /// There is no such token.
    Gone,
}

/// The API of one issuer: whom to call as, and what its refusals mean.
pub(super) struct Api {
    name: String,
    config: HttpIssuer,
    caller: Caller,
    anonymous: Caller,
    secrets: Arc<dyn Secrets>,
}

impl Api {
    pub(super) fn new(name: &str, config: &HttpIssuer, deps: &Deps) -> Self {
        let caller = |auth| Caller::new(auth, deps.http.clone(), Arc::clone(&deps.secrets));
        Self {
            name: name.to_owned(),
            caller: caller(config.auth.clone()),
            anonymous: caller(CallerAuth::None),
            config: config.clone(),
            secrets: Arc::clone(&deps.secrets),
        }
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// A context with what every operation may use.
    pub(super) async fn context(&self, token: &str, now: Timestamp) -> Result<Context, Fault> {
        let mut context = Context::new(now)
            .text("token_name", token)
            .texts("config", &self.config.config);
        for (name, reference) in &self.config.secrets {
            let resolved = self.secrets.resolve(&reference.0).await?;
            context = context.named_secret(name, &resolved.value);
        }
        Ok(context)
    }

    /// A fault of the configuration.
    pub(super) fn refuse(&self, text: String) -> Fault {
        Fault::new(
            FaultClass::Rejected,
            FaultKind::Config,
            format!("issuer `{}`: {text}", self.name),
        )
    }

    /// Renders and sends one operation, once.
    pub(super) async fn call<E>(
        &self,
        operation: &Operation<E>,
        kind: Kind,
        context: &Context,
    ) -> Result<Called, Fault> {
        let url = self.rendered(kind, "url", operation.url.url(context))?;
        self.call_at(operation, kind, url, context).await
    }

    /// The same at a URL that was rendered before: the next page.
    pub(super) async fn call_at<E>(
        &self,
        operation: &Operation<E>,
        kind: Kind,
        url: Url,
        context: &Context,
    ) -> Result<Called, Fault> {
        let request = self.request(operation, kind, url, context)?;
        let caller = if operation.anonymous {
            &self.anonymous
        } else {
            &self.caller
        };
        let answer = caller.send(request).await?;
        self.judge(operation, kind, answer)
    }

    /// The start of a listing.
    pub(super) fn url<E>(
        &self,
        operation: &Operation<E>,
        kind: Kind,
        context: &Context,
    ) -> Result<Url, Fault> {
        self.rendered(kind, "url", operation.url.url(context))
    }

    fn request<E>(
        &self,
        operation: &Operation<E>,
        kind: Kind,
        url: Url,
        context: &Context,
    ) -> Result<Request, Fault> {
        let method = operation.method.map_or_else(|| kind.method(), Into::into);
        let mut request = Request::new(method, url, kind.as_str()).idempotent(kind.idempotent());
        for headers in [&self.config.headers, &operation.headers] {
            request = self.with_headers(request, kind, headers, context)?;
        }
        if let Some(json) = &operation.json {
            let mut body = self.rendered(kind, "json", json.render(context))?;
            request = request.json(&body);
            wipe(&mut body);
        }
        if let Some(form) = &operation.form {
            let mut pairs = Vec::with_capacity(form.len());
            for (name, template) in form {
                let value = self.rendered(kind, name, template.text(context))?;
                pairs.push((name.as_str(), value));
            }
            request = request.form(pairs.iter().map(|(name, value)| (*name, value.as_str())));
        }
        Ok(request)
    }

    fn with_headers(
        &self,
        mut request: Request,
        kind: Kind,
        headers: &TemplateMap,
        context: &Context,
    ) -> Result<Request, Fault> {
        for (name, template) in headers {
            let value = self.rendered(kind, name, template.header(context))?;
            let name = HeaderName::from_bytes(name.as_bytes())
                .map_err(|_| self.refuse(format!("`{name}` is not a header name")))?;
            request = request.sensitive(name, value);
        }
        Ok(request)
    }

    fn rendered<T>(&self, kind: Kind, what: &str, result: Result<T, String>) -> Result<T, Fault> {
        result.map_err(|why| {
            self.refuse(format!(
                "{} was not sent, for `{what}` could not be made: {why}",
                kind.as_str()
            ))
        })
    }

    /// Rules of the configuration first, then "not there", then the rest.
    fn judge<E>(
        &self,
        operation: &Operation<E>,
        kind: Kind,
        answer: Answer,
    ) -> Result<Called, Fault> {
        let classes = &self.config.error_classes;
        let fault = || {
            let now = self.caller.client().clock().now();
            fault_from(&answer, classes, &self.config.rate_limit, now)
        };
        if classes.class_of(&answer).is_some() {
            return Err(fault());
        }
        if operation
            .gone
            .as_deref()
            .unwrap_or(kind.gone())
            .contains(&answer.status)
        {
            return Ok(Called::Gone);
        }
        if operation.retriable.contains(&answer.status) {
            let fault = fault();
            let text = format!(
                "{} answered {}, which means that nothing was done; tried again later",
                answer.origin, answer.status
            );
            return Err(Fault::new(FaultClass::NotApplied, FaultKind::Server, text)
                .after(fault.retry_after));
        }
        if !operation
            .success
            .accepts_status(answer.status, kind.success())
        {
            return Err(fault());
        }
        match operation.success.holds(&answer, kind.success()) {
            Ok(()) => Ok(Called::Done(answer)),
            Err(why) => Err(answer.unexpected(why)),
        }
    }
}
