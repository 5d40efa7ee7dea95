//! Traces of rotations, in a real OpenTelemetry Collector: one trace a rotation, whatever
//! process worked on it; and a collector that fails delays nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::Instant;

use super::house::{House, is_settled, text};
use super::parts::{Keeper, scim2_server_issuer, token};
use super::support::part::{self, Group};
use super::support::port::free_port;
use super::support::receiver::{Receiver, Reply};
use super::support::scim2_server::Scim2Server;
use super::wait::eventually;

const CALM: &str = "lifetime = \"1h\"\noverlap = \"2s\"";

/// What a span may tell: fields of the log, whose values are names of the configuration,
/// ids of ours, numbers and words of ours.
const ATTRIBUTES: [&str; 11] = [
    "token",
    "issuer",
    "environment",
    "rotation_id",
    "generation",
    "step",
    "connection",
    "result",
    "stage",
    "trigger",
    "reason",
];

/// A collector that writes what it receives to a file.
struct Collector {
    server: Group,
    url: String,
    file: std::path::PathBuf,
}

impl Collector {
    async fn start(house: &House) -> Option<Self> {
        let program = part::find("otel-collector")?.join("otel-collector");
        let (port, file) = (free_port(), house.path("traces.json"));
        let config = house.file(
            "collector.yaml",
            &format!(
                r#"
receivers:
  otlp: {{protocols: {{http: {{endpoint: "127.0.0.1:{port}"}}}}}}
exporters:
  file: {{path: {file:?}, flush_interval: 100ms}}
service:
  telemetry: {{metrics: {{level: none}}}}
  pipelines:
    traces: {{receivers: [otlp], exporters: [file]}}
"#
            ),
        );
        let mut command = Command::new(program);
        command.arg("--config").arg(config);
        let mut server = Group::start(command);
        eventually("the collector listens", async || {
            server.must_run("the collector");
            tokio::net::TcpStream::connect(("127.0.0.1", port))
                .await
                .ok()
        })
        .await;
        Some(Self {
            server,
            url: format!("http://127.0.0.1:{port}/v1/traces"),
            file,
        })
    }

    /// Every span, each with the instance that sent it.
    fn spans(&mut self) -> Vec<(String, Value)> {
        self.server.must_run("the collector");
        let text = std::fs::read_to_string(&self.file).unwrap_or_default();
        let mut spans = Vec::new();
        for line in text.lines() {
            // The last line may not be whole yet.
            let Ok(message) = serde_json::from_str::<Value>(line) else {
                continue;
            };
            for one in message["resourceSpans"].as_array().expect("a list") {
                let resource = attributes(&one["resource"]);
                assert_eq!(resource["service.name"], "scim-rotator");
                let scopes = one["scopeSpans"].as_array().expect("a list");
                let all = scopes.iter().flat_map(|scope| scope["spans"].as_array());
                let instance = &resource["service.instance.id"];
                spans.extend(all.flatten().map(|span| (instance.clone(), span.clone())));
            }
        }
        spans
    }
}

/// The attributes of a span or a resource, as text.
fn attributes(of: &Value) -> BTreeMap<String, String> {
    let list = of["attributes"].as_array().expect("attributes").iter();
    let all = list.map(|one| {
        let value = &one["value"];
        let number = value["intValue"].as_str();
        let word = value["stringValue"].as_str().or(number).expect("a value");
        (text(&one["key"]).to_owned(), word.to_owned())
    });
    all.collect()
}

fn section(url: &str, more: &str) -> String {
    format!("\n[traces]\nenabled = true\nendpoint = \"{url}\"\n{more}\n")
}

fn nanoseconds(at: &Value) -> String {
    let at: jiff::Timestamp = text(at).parse().expect("a time");
    at.as_nanosecond().to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rotation_is_one_trace_though_two_processes_work_on_it() {
    let (Some(mut house), Some(server)) = (House::new().await, Scim2Server::start()) else {
        return;
    };
    house.longest_call = 1;
    let Some(mut collector) = Collector::start(&house).await else {
        return;
    };
    let keeper = Keeper::new(&house);
    let sections = [
        section(&collector.url, ""),
        scim2_server_issuer(&server),
        keeper.connection(&house),
        token(&server.scim_url(), "idp", CALM),
    ]
    .concat();
    // The new token is issued, and cannot be proven as long as the first process works.
    let broken = json!({ "path_prefix": "/v2", "status": 503, "count": 1_000_000 });
    server.plan_fault(broken).await;
    let first = house.run(&sections).await;
    eventually("a failed proof is told", async || {
        let spans = collector.spans();
        let mut names = spans.iter().map(|(_, span)| text(&span["name"]));
        names.any(|name| name == "prove").then_some(())
    })
    .await;
    first.stop().await;
    server.clear_faults().await;
    let second = house.run(&sections).await;
    let record = house.until("a token in use", is_settled).await;
    let past = &record["history"][0];
    let id = text(&past["id"]).to_owned();
    let spans = eventually("the trace is whole", async || {
        let spans = collector.spans();
        let named = |name: &str| spans.iter().any(|(_, span)| span["name"] == name);
        (named("rotation") && named("publish")).then_some(spans)
    })
    .await;

    let traces: BTreeSet<&str> = spans
        .iter()
        .map(|(_, span)| text(&span["traceId"]))
        .collect();
    assert_eq!(traces.len(), 1, "{spans:#?}");
    let instances: BTreeSet<&str> = spans.iter().map(|(by, _)| by.as_str()).collect();
    assert_eq!(instances.len(), 2, "both processes: {spans:#?}");
    let roots: Vec<_> = spans
        .iter()
        .filter(|(_, span)| span["name"] == "rotation")
        .collect();
    let [(_, root)] = roots[..] else {
        panic!("not one root: {roots:#?}");
    };
    assert_eq!(root["startTimeUnixNano"], nanoseconds(&past["began_at"]));
    assert_eq!(root["endTimeUnixNano"], nanoseconds(&past["ended_at"]));
    assert!(root["parentSpanId"].as_str().is_none_or(str::is_empty));
    assert_eq!(attributes(root)["result"], "success");
    let mut ids = BTreeSet::new();
    for (_, span) in &spans {
        assert!(ids.insert(text(&span["spanId"])), "twice: {span}");
        let told = attributes(span);
        assert_eq!(told["rotation_id"], id, "{span}");
        assert_eq!(told["token"], "crm", "{span}");
        let foreign: Vec<_> = told
            .keys()
            .filter(|key| !ATTRIBUTES.contains(&key.as_str()))
            .collect();
        assert!(foreign.is_empty(), "{foreign:?}");
        if span["name"] != "rotation" {
            assert_eq!(span["parentSpanId"], root["spanId"], "{span}");
            assert_eq!(span["name"], told["step"], "{span}");
        }
    }
    let noted = past["steps"].as_array().expect("steps").iter();
    for step in noted {
        let found = spans.iter().find(|(_, span)| {
            span["name"] == step["step"]
                && span["startTimeUnixNano"] == nanoseconds(&step["began_at"])
        });
        assert!(found.is_some(), "no span of {step}: {spans:#?}");
    }
    let failed = spans
        .iter()
        .find(|(_, span)| span["name"] == "prove" && span["status"]["code"] == 2);
    let (_, failed) = failed.expect("the failed proof");
    assert_eq!(attributes(failed)["result"], "failed");
    assert!(
        !text(&failed["status"]["message"]).contains(' '),
        "a word: {failed}"
    );
    let lost = second
        .metric("scim_rotator_trace_spans_total{result=\"lost\"}")
        .await;
    assert_eq!(lost, Some(0.0));
    second.stop().await;
    let said = std::fs::read(&collector.file).expect("the traces");
    house
        .heard()
        .lock()
        .insert("the collector".to_owned(), said);
    house.close().await;
}

/// A collector that refuses, that wants to be asked later, and one that never answers.
#[tokio::test(flavor = "multi_thread")]
async fn a_collector_that_fails_delays_nothing_and_what_is_lost_is_counted() {
    let (Some(mut house), Some(server)) = (House::new().await, Scim2Server::start()) else {
        return;
    };
    house.longest_call = 1;
    house.log = "info";
    let receiver = Receiver::start().await;
    let credential = house
        .credential("collector", "Bearer collector-9fK2mQ7xW4zR1tB6")
        .await;
    let keeper = Keeper::new(&house);
    let url = format!("{}/v1/traces", receiver.url());
    let headers = format!("headers = {{ Authorization = {credential} }}");
    let sections = [
        section(&url, &headers),
        scim2_server_issuer(&server),
        keeper.connection(&house),
        token(&server.scim_url(), "idp", CALM),
    ]
    .concat();
    receiver.always(Some(Reply::status(400)));
    let daemon = house.run(&sections).await;
    house.until("the first token", is_settled).await;
    let lost = "scim_rotator_trace_spans_total{result=\"lost\"}";
    eventually("refused spans are counted", async || {
        (daemon.metric(lost).await? > 0.0).then_some(())
    })
    .await;
    let got = receiver.got();
    assert_eq!(got[0].header("content-type"), "application/x-protobuf");
    assert_eq!(
        got[0].header("authorization"),
        "Bearer collector-9fK2mQ7xW4zR1tB6"
    );
    assert_eq!(got[0].path, "/v1/traces");

    // What may be accepted later is sent again: it is not lost.
    let before = daemon.metric(lost).await;
    receiver.always(None);
    receiver.then(Reply::status(503));
    let ran = house
        .command(&["rotate", "crm", "--reason", "a drill"])
        .await;
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let sent = "scim_rotator_trace_spans_total{result=\"sent\"}";
    eventually("the spans are accepted at last", async || {
        (daemon.metric(sent).await? > 0.0).then_some(())
    })
    .await;
    assert_eq!(daemon.metric(lost).await, before);

    let never = Reply {
        after: Duration::from_secs(600),
        ..Reply::status(200)
    };
    receiver.always(Some(never));
    let ran = house
        .command(&["rotate", "crm", "--reason", "a drill"])
        .await;
    assert_eq!(ran.code, Some(0), "{ran:?}");
    house
        .until("the third token", |record| {
            record["generation"] == 3 && is_settled(record)
        })
        .await;
    let began = Instant::now();
    let heard = house.heard().clone();
    daemon.stop().await;
    assert!(
        began.elapsed() < Duration::from_secs(15),
        "{:?}",
        began.elapsed()
    );
    let log = heard.lock().get("run: stderr").cloned().unwrap_or_default();
    let log = String::from_utf8_lossy(&log).into_owned();
    assert!(log.contains("spans of traces are lost"), "{log}");
    assert!(
        log.contains("the collector does not accept traces"),
        "{log}"
    );
    assert!(log.contains("the collector accepts traces again"), "{log}");
    house.close().await;
}
