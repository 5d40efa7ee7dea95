//! How long a scrape takes, and how large its answer is: `cargo bench --bench scrape`.

#![allow(clippy::expect_used, clippy::print_stdout, reason = "a measurement")]
#![allow(clippy::disallowed_methods, reason = "it measures real time")]

use std::sync::Arc;
use std::time::Instant;

use scim_rotator::telemetry::board::Board;
use scim_rotator::telemetry::metrics::Metrics;

#[allow(dead_code, reason = "shared with the tests of the alert rules")]
#[path = "../deploy/fixture.rs"]
mod fixture;

fn main() {
    for tokens in [1_000, 10_000] {
        let board = Arc::new(Board::new());
        for number in 0..tokens {
            let name = format!("token-{number:05}");
            board.set(fixture::snapshot(&fixture::fresh_record(&name)));
        }
        let metrics = Metrics::new(board, fixture::now()).expect("metrics");
        let mut milliseconds: Vec<f64> = (0..9)
            .map(|_| {
                let began = Instant::now();
                let text = metrics.render(fixture::now()).expect("text");
                std::hint::black_box(&text);
                began.elapsed().as_secs_f64() * 1e3
            })
            .collect();
        milliseconds.sort_by(f64::total_cmp);
        let text = metrics.render(fixture::now()).expect("text");
        let series = text.lines().filter(|line| !line.starts_with('#')).count();
        println!(
            "{tokens} tokens: median {:.1} ms, {series} series, {:.1} MiB",
            milliseconds[4],
            text.len() as f64 / 1024.0 / 1024.0
        );
    }
}
