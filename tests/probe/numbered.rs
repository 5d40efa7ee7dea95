//! The hostile cases by their numbers, and the tests that show each. A test that was
//! renamed or taken out is missed here.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Number, case, and for each test its file and its name.
type Case = (u8, &'static str, &'static [(&'static str, &'static str)]);

#[rustfmt::skip]
const CASES: &[Case] = &[
    (1, "an endless body, or one of gibibytes", &[
        ("tests/probe/raw.rs", "bodies_without_end_take_bounded_memory_and_time"),
        ("tests/contract/issuers/listing.rs", "the_bounds_are_those_of_all_pages_together"),
    ]),
    (2, "a compressed body that nobody asked for", &[
        ("tests/probe/raw.rs", "a_compressed_body_is_not_decoded"),
    ]),
    (3, "header bytes and body bytes that come slowly", &[
        ("tests/probe/raw.rs", "slow_headers_and_slow_bodies_end_with_the_whole_time"),
    ]),
    (4, "a connection that is accepted and never answered", &[
        ("tests/probe/raw.rs", "a_silent_server_blocks_nobody_else"),
    ]),
    (5, "redirects to other hosts, to metadata services, to itself", &[
        ("tests/probe/hostile.rs", "redirects_are_not_followed"),
        ("tests/contract/connections/safety.rs", "a_redirect_is_never_followed"),
    ]),
    (6, "a Vault that redirects elsewhere", &[
        ("tests/store/failures.rs", "a_redirect_is_not_followed"),
        ("tests/store/nodes.rs", "a_redirect_leads_to_a_configured_node_and_nowhere_else"),
    ]),
    (7, "malformed, truncated, empty and null bodies", &[
        ("tests/probe/hostile.rs", "bodies_that_are_no_list_prove_nothing"),
    ]),
    (8, "depth, many keys, huge numbers and texts", &[
        ("tests/probe/hostile.rs", "bodies_that_are_no_list_prove_nothing"),
        ("tests/probe/raw.rs", "large_documents_take_bounded_memory_and_time"),
    ]),
    (9, "duplicate keys", &[
        ("tests/probe/hostile.rs", "bodies_that_are_no_list_prove_nothing"),
        ("src/scim/cycle/resource.rs", "ids_that_lead_elsewhere_are_not_used"),
    ]),
    (10, "wrong and missing content types", &[
        ("tests/probe/hostile.rs", "odd_answers_with_a_plain_meaning_are_understood"),
        ("tests/probe/hostile.rs", "bodies_that_are_no_list_prove_nothing"),
    ]),
    (11, "bytes that are not UTF-8, UTF-16, lone surrogates", &[
        ("tests/probe/hostile.rs", "bodies_that_are_no_list_prove_nothing"),
    ]),
    (12, "duplicated and conflicting headers, huge headers, folded headers", &[
        ("tests/probe/hostile.rs", "hostile_transports_end_in_time_and_prove_nothing"),
        ("tests/probe/raw.rs", "conflicting_headers_are_an_error_or_a_defined_pick"),
    ]),
    (13, "Retry-After that is huge, negative, no number, or a date far away", &[
        ("src/http/ratelimit.rs", "retry_after_in_both_shapes_and_under_attack"),
        ("tests/rotation/time/retries.rs", "a_wish_of_the_server_is_honoured_within_reason"),
    ]),
    (14, "429 for ever", &[
        ("tests/probe/raw.rs", "a_server_that_throttles_for_ever_is_asked_a_few_times_only"),
        ("tests/rotation/law/promoting.rs", "every_finding_about_a_pending_token_has_its_consequence"),
    ]),
    (15, "200 for every token and for none", &[
        ("tests/probe/hostile.rs", "a_server_that_accepts_everybody_is_found_out"),
        ("tests/probe/cycle/deviations.rs", "every_known_deviation_has_its_verdict_and_leaves_nothing"),
    ]),
    (16, "200 with an error inside", &[
        ("tests/probe/hostile.rs", "bodies_that_are_no_list_prove_nothing"),
    ]),
    (17, "401 without a body, without a challenge, as a page", &[
        ("tests/probe/hostile.rs", "odd_answers_with_a_plain_meaning_are_understood"),
    ]),
    (18, "a hostile WWW-Authenticate", &[
        ("tests/probe/hostile.rs", "odd_answers_with_a_plain_meaning_are_understood"),
        ("tests/probe/hostile.rs", "an_echo_of_the_token_reaches_no_finding"),
    ]),
    (19, "an echo of the token in every place", &[
        ("tests/probe/hostile.rs", "an_echo_of_the_token_reaches_no_finding"),
        ("tests/probe/cycle/hostile.rs", "an_echo_of_the_token_reaches_no_report_and_no_journal"),
        ("tests/cli/quoted.rs", "what_an_identity_provider_quotes_reaches_no_output"),
    ]),
    (20, "escapes, line breaks and long texts in a detail", &[
        ("tests/probe/raw.rs", "escapes_and_long_texts_reach_no_finding"),
        ("src/telemetry/logging.rs", "json_lines_are_objects"),
    ]),
    (21, "ids that lead elsewhere", &[
        ("src/scim/cycle/resource.rs", "ids_that_lead_elsewhere_are_not_used"),
        ("tests/probe/cycle/hostile.rs", "ids_that_lead_elsewhere_delete_nothing_else"),
    ]),
    (22, "a creation that is answered with another user", &[
        ("tests/probe/cycle/hostile.rs", "an_answer_with_another_user_is_no_creation"),
        ("src/scim/cycle/ownership.rs", "every_condition_must_be_met"),
    ]),
    (23, "creations whose answer is lost or has no id", &[
        ("tests/probe/cycle/hostile.rs", "a_fault_at_any_request_leaves_nothing"),
        ("tests/probe/cycle/deviations.rs", "every_known_deviation_has_its_verdict_and_leaves_nothing"),
    ]),
    (24, "a kill after each step", &[
        ("tests/probe/cycle/killed.rs", "a_kill_at_any_point_leaves_nothing_behind"),
        ("tests/probe/cycle/killed.rs", "a_killed_clean_up_is_repeated"),
    ]),
    (25, "tokens with line breaks, blanks, `Bearer`, no characters, too many", &[
        ("src/scim/shape.rs", "texts_that_cannot_be_tokens_are_not_sent"),
        ("src/http/credential.rs", "what_no_header_can_carry_names_the_credential_and_not_its_value"),
    ]),
    (26, "hostile JWTs", &[
        ("src/scim/jwt.rs", "other_texts_are_opaque"),
        ("src/scim/jwt.rs", "ends_that_cannot_be_meant_are_not_believed"),
    ]),
    (27, "clocks: wrong dates of servers, steps of ours, suspends", &[
        ("src/http/client/date.rs", "only_a_fresh_and_plausible_date_measures_a_clock"),
        ("src/http/skew.rs", "vault_and_most_hosts_judge_our_clock"),
        ("src/driver/supervisor/tests.rs", "a_clock_that_was_set_back_puts_no_read_off"),
        ("tests/rotation/clocks.rs", "an_overlap_is_longer_only_if_a_wrong_clock_measures_it"),
    ]),
    (28, "a name that leads to this machine all of a sudden", &[
        ("tests/probe/raw.rs", "a_host_that_cannot_show_its_certificate_never_sees_the_token"),
        ("src/http/client/destination.rs", "https_anywhere_and_http_on_this_machine_only"),
        ("src/http/client/bare.rs", "localhost_is_this_machine"),
    ]),
    (29, "certificates that are wrong in every way, and plain text in place of TLS", &[
        ("tests/store/tls.rs", "each_mistake_with_certificates_is_told"),
        ("tests/probe/raw.rs", "a_host_that_cannot_show_its_certificate_never_sees_the_token"),
    ]),
    (30, "proxies of the environment, and proxies that answer themselves", &[
        ("src/http/client/bare.rs", "clear_text_never_goes_to_the_proxy_and_https_only_in_a_tunnel"),
        ("tests/store/tls.rs", "a_proxy_is_used_only_if_it_is_configured"),
        ("tests/probe/raw.rs", "a_proxy_that_refuses_proves_nothing"),
    ]),
    (31, "lists that lie", &[
        ("tests/probe/raw.rs", "lists_that_lie_end_and_are_no_refusal"),
        ("src/http/exchange/paging/tests.rs", "circles_strangers_and_endless_lists_are_errors"),
        ("tests/probe/cycle/deviations.rs", "every_known_deviation_has_its_verdict_and_leaves_nothing"),
    ]),
    (32, "tokens that flip while caches and replicas catch up", &[
        ("tests/probe/table.rs", "an_old_token_is_dead_when_refused_beside_the_new_one"),
        ("src/scim/verdict/tests/retired.rs", "an_old_token_is_dead_only_while_the_new_one_lives"),
        ("tests/rotation/law/promoting.rs", "refusals_of_a_pending_token_are_believed_after_a_while"),
        ("tests/probe/raw.rs", "a_cache_that_flips_is_no_refusal"),
    ]),
];

/// What else must hold of a process that holds secrets.
#[rustfmt::skip]
const PROCESS: &[(&str, &str)] = &[
    ("tests/cli/harden.rs", "no_core_file_and_no_foreign_reader"),
    ("tests/cli/harden.rs", "nobody_else_reads_its_memory_or_its_environment"),
    ("tests/cli/panics.rs", "a_forced_panic_quotes_nothing"),
    ("src/telemetry/logging.rs", "a_canary_reaches_no_line_in_any_form"),
    ("src/server/tests.rs", "secrets_of_this_process_are_masked_in_every_answer"),
];

#[test]
fn every_hostile_case_has_its_tests() {
    let numbers: Vec<u8> = CASES.iter().map(|(number, ..)| *number).collect();
    assert_eq!(numbers, (1..=32).collect::<Vec<u8>>());
    let all = CASES.iter().flat_map(|(_, _, tests)| tests.iter());
    let missing: BTreeSet<_> = all
        .chain(PROCESS)
        .filter(|(file, name)| !has_test(file, name))
        .collect();
    assert!(missing.is_empty(), "no such tests: {missing:#?}");
}

/// Whether a file has a test, or a part of one, with this name.
fn has_test(file: &str, name: &str) -> bool {
    let path: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    let text = std::fs::read_to_string(path).unwrap_or_default();
    text.contains(&format!("fn {name}("))
}
