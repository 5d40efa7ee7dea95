//! Looks through the memory of this process for what should be wiped.

use std::fs::File;
use std::ops::Range;
use std::os::unix::fs::FileExt as _;

use http::{HeaderMap, Method};
use jiff::Timestamp;
use zeroize::Zeroizing;

use super::*;
use crate::http::Answer;
use crate::http::message::Origin;
use crate::rotation::record::Record;
use crate::vault::client::{VaultAnswer, understood};
use crate::vault::fields::FieldNames;
use crate::vault::{published, record};

/// Allocations begin at multiples of this, and so do the texts in them.
const ALIGNED: usize = 8;
const CHUNK: usize = 1 << 20;

/// A text that no constant of this program holds.
fn canary(number: u64) -> Zeroizing<String> {
    let mut text = Zeroizing::new(String::with_capacity(64));
    for digit in 0..32_u64 {
        let mixed = (number * 97 + digit + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40;
        text.push(char::from(b'a' + u8::try_from(mixed % 26).expect("small")));
    }
    text
}

/// How many allocations of this process begin with this text, besides its own.
fn copies(of: &str) -> usize {
    let memory = File::open("/proc/self/mem").expect("own memory");
    let mut chunk = vec![0_u8; CHUNK];
    let buffer = chunk.as_ptr() as usize;
    let is_own =
        |place: usize| place == of.as_ptr() as usize || (buffer..buffer + CHUNK).contains(&place);
    let mut found = 0;
    for range in writable() {
        for at in range.clone().step_by(CHUNK) {
            let length = CHUNK.min(range.end - at);
            let Ok(read) = memory.read_at(&mut chunk[..length], at as u64) else {
                continue;
            };
            let offsets = (0..read.saturating_sub(of.len())).step_by(ALIGNED);
            let begins = |offset: &usize| chunk[*offset..].starts_with(of.as_bytes());
            let places = offsets.filter(begins).map(|offset| at + offset);
            found += places.filter(|place| !is_own(*place)).count();
        }
    }
    found
}

/// The memory that may hold data.
fn writable() -> Vec<Range<usize>> {
    let maps = std::fs::read_to_string("/proc/self/maps").expect("Linux");
    let lines = maps.lines().filter(|line| line.contains(" rw-p "));
    lines
        .map(|line| {
            let (range, _) = line.split_once(' ').expect("a range");
            let (start, end) = range.split_once('-').expect("two ends");
            let number = |text| usize::from_str_radix(text, 16).expect("hex");
            number(start)..number(end)
        })
        .collect()
}

/// Vault's answer with this text in place of `@`.
fn answer(shape: &str, secret: &str) -> VaultAnswer {
    let (before, after) = shape.split_once('@').expect("a place");
    // Growing would leave copies behind.
    let mut body = Zeroizing::new(Vec::with_capacity(4096));
    for part in [before, secret, after] {
        body.extend_from_slice(part.as_bytes());
    }
    let answer = Answer {
        status: 200,
        headers: HeaderMap::new(),
        body,
        parsed: crate::http::message::Parsed::default(),
        origin: Origin {
            method: Method::GET,
            host: "vault.example".to_owned(),
            operation: "read",
            idempotent: true,
        },
    };
    understood(&answer).unwrap_or_else(|_| panic!("an answer"))
}

#[test]
fn a_copy_that_is_kept_is_found() {
    let secret = canary(0);
    assert_eq!(copies(&secret), 0);
    let kept = secret.to_string();
    assert_eq!(copies(&secret), 1);
    drop(Zeroizing::new(kept));
    assert_eq!(copies(&secret), 0);
}

#[test]
fn an_answer_leaves_nothing_behind_whether_it_is_used_or_not() {
    let secret = canary(1);
    drop(answer("{\"data\": {\"data\": {\"a\": \"@\"}}}", &secret));
    assert_eq!(copies(&secret), 0, "unused");
    let used = answer("{\"data\": {\"a\": \"@\"}}", &secret);
    let fields: Fields = used.field("data").expect("fields");
    assert_eq!(fields["a"].as_str(), Some(secret.as_str()));
    drop(fields);
    assert_eq!(copies(&secret), 0, "used");
    let ignored = answer("{\"data\": {\"lease\": 3}, \"auth\": [\"@\"]}", &secret);
    assert!(ignored.field::<Fields>("data").is_some());
    assert_eq!(copies(&secret), 0, "ignored");
}

#[test]
fn records_and_published_secrets_leave_nothing_behind() {
    let secret = canary(2);
    let empty = record::encode(&Record::new("crm", Timestamp::UNIX_EPOCH)).expect("encoded");
    let mut shape = serde_json::to_string(&empty).expect("JSON");
    shape.insert_str(1, "\"unknown\": \"@\", ");
    let fields: Option<Fields> = answer(&shape, &secret).whole();
    let decoded = record::decode(fields.expect("fields"), "crm");
    decoded.expect("a record");
    assert_eq!(copies(&secret), 0, "a record");

    let names = FieldNames::default();
    let fields: Option<Fields> = answer("{\"token\": \"@\"}", &secret).whole();
    let mut fields = fields.expect("fields");
    let found = published::decode(&fields, &names);
    fields.put("token", Value::Null);
    drop((found, fields));
    assert_eq!(copies(&secret), 0, "a published secret");
}
