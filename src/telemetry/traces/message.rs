//! Spans as messages of OTLP.

use jiff::Timestamp;
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use opentelemetry_proto::tonic::common::v1::any_value::Value as Proto;
use opentelemetry_proto::tonic::common::v1::{AnyValue, InstrumentationScope, KeyValue};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1 as otlp;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;
use prost::Message as _;

use super::span::{Process, Span, Value};

/// The name of the service, and of the scope of its spans.
const NAME: &str = "scim-rotator";
/// The flag of a span that is traced (W3C Trace Context).
const SAMPLED: u32 = 1;

/// A message with these spans.
pub(super) fn encode(process: &Process, spans: &[Span]) -> Vec<u8> {
    let scope = InstrumentationScope {
        name: NAME.to_owned(),
        version: process.version.to_owned(),
        ..InstrumentationScope::default()
    };
    let text = |key: &str, value: &str| pair(key, Proto::StringValue(value.to_owned()));
    let resource = Resource {
        attributes: vec![
            text("service.name", NAME),
            text("service.version", process.version),
            text("service.instance.id", &process.instance),
        ],
        ..Resource::default()
    };
    let message = ExportTraceServiceRequest {
        resource_spans: vec![otlp::ResourceSpans {
            resource: Some(resource),
            scope_spans: vec![otlp::ScopeSpans {
                scope: Some(scope),
                spans: spans.iter().map(of_span).collect(),
                schema_url: String::new(),
            }],
            schema_url: String::new(),
        }],
    };
    message.encode_to_vec()
}

/// How many spans the collector refused, by its answer to a message.
pub(super) fn rejected(answer: &[u8]) -> u64 {
    let partial = ExportTraceServiceResponse::decode(answer).ok();
    let partial = partial.and_then(|answer| answer.partial_success);
    partial.map_or(0, |partial| {
        u64::try_from(partial.rejected_spans).unwrap_or_default()
    })
}

fn of_span(span: &Span) -> otlp::Span {
    let (code, message) = match span.failure {
        None => (StatusCode::Ok, ""),
        Some(reason) => (StatusCode::Error, reason),
    };
    let attributes = span.attributes.iter().map(|(key, value)| {
        let value = match value {
            Value::Text(text) => Proto::StringValue(text.clone()),
            Value::Number(number) => Proto::IntValue(*number),
        };
        pair(key, value)
    });
    otlp::Span {
        trace_id: span.trace.to_vec(),
        span_id: span.id.to_vec(),
        parent_span_id: span.parent.map(|id| id.to_vec()).unwrap_or_default(),
        flags: SAMPLED,
        name: span.name.to_owned(),
        kind: SpanKind::Internal.into(),
        start_time_unix_nano: nanoseconds(span.began),
        end_time_unix_nano: nanoseconds(span.ended),
        attributes: attributes.collect(),
        status: Some(otlp::Status {
            message: message.to_owned(),
            code: code.into(),
        }),
        ..otlp::Span::default()
    }
}

fn nanoseconds(at: Timestamp) -> u64 {
    u64::try_from(at.as_nanosecond()).unwrap_or_default()
}

fn pair(key: &str, value: Proto) -> KeyValue {
    KeyValue {
        key: key.to_owned(),
        value: Some(AnyValue { value: Some(value) }),
        ..KeyValue::default()
    }
}

#[cfg(test)]
mod tests {
    use opentelemetry_proto::tonic::collector::trace::v1::ExportTracePartialSuccess;

    use super::*;

    #[test]
    fn refused_spans_are_read_from_the_answer() {
        let answer = ExportTraceServiceResponse {
            partial_success: Some(ExportTracePartialSuccess {
                rejected_spans: 3,
                error_message: "too old".to_owned(),
            }),
        };
        assert_eq!(rejected(&answer.encode_to_vec()), 3);
        assert_eq!((rejected(b""), rejected(b"{}")), (0, 0));
    }
}
