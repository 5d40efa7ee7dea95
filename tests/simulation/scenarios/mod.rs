//! The hard scenarios of this field by name, each with all that must come of
//! it: what the service provider accepts, what the connections hold, what was
//! revoked, what the record says, and what a person sees.
//!
//! | hard scenario | test |
//! |---|---|
//! | 1 killed after the service provider issued, before it is stored | `crashes::killed_after_the_issue_it_revokes_the_lost_token_and_issues_another`, `crashes::a_lost_token_that_nobody_can_find_is_counted_until_it_dies` |
//! | 2 killed between the store and the identity provider | `crashes::killed_around_a_delivery_it_delivers_the_same_token` |
//! | 3 two of three connections take the token | `connections::one_of_three_connections_is_away_and_the_old_token_stays_until_it_is_back` |
//! | 4 the identity provider quarantines | `connections::a_quarantine_says_nothing_of_the_token`, `connections::a_quarantine_without_end_is_rolled_back` |
//! | 5 the reply of an issue is lost | `replies::a_lost_reply_is_looked_up_and_not_sent_again`, `replies::where_the_issuer_knows_requests_again_a_lost_reply_costs_no_token` |
//! | 6 a credential that its use consumes | `tokens::a_consumed_credential_is_shown_again_only_while_the_issuer_remembers`, `tokens::a_family_that_was_ended_asks_for_a_person_and_stops` |
//! | 7 Vault is sealed in the middle | `crashes::a_sealed_vault_loses_no_issued_token`, `crashes::killed_while_vault_is_sealed_it_finds_its_token_again` |
//! | 8 two replicas, one of them late | `crashes::a_late_replica_writes_nothing_and_its_token_is_revoked` |
//! | 9 revoked by somebody else | `tokens::revoked_by_somebody_else_it_is_replaced_unless_a_person_paused_it` |
//! | 10 a clock that jumps | `time::a_clock_that_jumps_retires_nothing_early` |
//! | 11 a life shorter than what was configured for it | `time::a_life_shorter_than_its_margins_turns_over_without_a_gap` |
//! | 12 expired when it comes, without the scope, or for another tenant | `tokens::an_unusable_new_token_reaches_nobody` |
//! | 13 both slots taken, one of them foreign | `slots::a_foreign_token_in_the_second_slot_is_left_alone` |
//! | 14 the old one is not revoked | `slots::a_revocation_that_is_refused_does_not_undo_the_rotation` |
//! | 15 restarts that never end | `crashes::restarts_issue_nothing`, `crashes::an_issuer_of_nonsense_is_asked_three_times_a_day` |
//!
//! What persons do, beside these: `persons` lifts halts, `by_hand` writes a token to
//! the published path, and `issuers` gives a token another issuer.
//!
//! What an issuer can do wrong. Those that happen on the wire are shown with
//! the real binary, in `tests/real/issuer_faults`.
//!
//! | fault of an issuer | test |
//! |---|---|
//! | 1 no answer in time, and the token is made | `replies::an_issue_that_lands_after_its_deadline_is_found` |
//! | 2 reset before it is sent | `replies::a_request_that_never_left_costs_nothing` |
//! | 3 cut JSON, 4 a page for people, 12 "accepted" | `issuer_faults` |
//! | 5 no id | `issuer_faults`; `replies::without_an_id_the_old_token_lives_until_it_expires` |
//! | 6 no expiry | `replies::without_an_expiry_its_age_decides_or_nobody` |
//! | 7 a shorter life than asked for | `time::the_life_that_was_granted_counts` |
//! | 8 the token that is there already | `replies::the_same_token_again_is_not_taken_for_a_new_one` |
//! | 9 its limit is reached, with a foreign token | `slots::a_limit_that_nobody_declared_asks_for_a_person` |
//! | 10 404 for "you may not", 11 rate limits, 14 pages | `issuer_faults` |
//! | 13 somebody rotated since the status was read | `slots::overtaken_by_somebody_it_reads_the_status_anew` |
//! | 15 a list that lags | `slots::a_list_that_lags_is_waited_for` |
//! | 16 revoked, and still accepted for a while | `slots::caches_are_waited_out` |
//! | 17 success for a revocation that did nothing | `slots::a_revocation_that_did_nothing_is_seen` |
//! | 18 killed on either side of each write | `crashes::killed_on_either_side_of_each_write` |

mod by_hand;
mod connections;
mod crashes;
mod dead;
mod issuers;
mod manual;
mod persons;
mod planted;
mod play;
mod replies;
mod slots;
mod time;
mod tokens;
