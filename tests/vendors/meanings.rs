//! What the words of a vendor's capabilities mean, for its page.

/// Key, name of the row, and what its words mean. A word that is not here stands as
/// it is.
pub type Words = (
    &'static str,
    &'static str,
    &'static [(&'static str, &'static str)],
);

pub const WORDS: &[Words] = &[
    (
        "live_tokens",
        "valid at once",
        &[
            ("one", "one token"),
            ("two", "two tokens"),
            ("many", "several tokens"),
        ],
    ),
    (
        "issue_effect",
        "a new token",
        &[
            ("keeps", "leaves the old one valid"),
            (
                "schedules_death",
                "ends the old one after a time that the service sets",
            ),
            (
                "kills",
                "ends the old one at once: there is a short outage, so set `windows`",
            ),
        ],
    ),
    (
        "gap_starts_at",
        "the old one ends",
        &[
            (
                "click",
                "with the click that makes the new one, also if nothing is saved",
            ),
            ("save", "when the page is saved"),
            (
                "unknown",
                "at a moment that is not documented: expect the click",
            ),
        ],
    ),
    (
        "revoke",
        "the old one is revoked",
        &[
            ("by_id", "by scim-rotator, after the overlap"),
            ("by_value", "by scim-rotator, after the overlap"),
            ("self", "by scim-rotator, after the overlap"),
            (
                "all_only",
                "never: the service revokes only all at once; it is left to expire",
            ),
            (
                "never",
                "not by a program: a person deletes it, or it expires",
            ),
        ],
    ),
    (
        "expiry",
        "its expiry is known",
        &[
            (
                "requested",
                "from the answer; scim-rotator asks for a lifetime",
            ),
            ("reported", "from the answer"),
            ("jwt", "from the token itself (JWT)"),
            ("declared", "from the configuration (`lifetime`)"),
            (
                "none",
                "not at all: set `declared_lifetime` or `max_age` of the token",
            ),
        ],
    ),
    (
        "life",
        "its life is",
        &[
            ("fixed", "set by the vendor"),
            ("chosen", "chosen by the person who makes it"),
            ("renewed_by_use", "begun anew with each use"),
            ("never_ends", "without end: set `max_age` of the token"),
            ("unknown", "not documented"),
        ],
    ),
    (
        "recovery",
        "if an answer is lost",
        &[
            ("by_label", "the token is found by its label"),
            (
                "by_set_difference",
                "the token is found by comparing the lists before and after",
            ),
            (
                "by_status",
                "the state of the service tells whether the request was carried out",
            ),
            (
                "client_chosen",
                "the same request is sent again: scim-rotator chose the secret",
            ),
            (
                "client_named",
                "the token is looked up by the id that scim-rotator chose",
            ),
            (
                "replay",
                "the same request is sent again, and gets the same token",
            ),
            (
                "none",
                "the token that may exist is counted as lost, and another one is made",
            ),
        ],
    ),
    (
        "last_used",
        "the last use is told",
        &[
            ("exact", "to the second"),
            ("throttled", "to the minute"),
            ("day", "by the day"),
            ("none", "not at all"),
        ],
    ),
    (
        "test",
        "tested at the identity provider",
        &[
            (
                "none",
                "not possible: the service provider tells whether the token works",
            ),
            ("saved", "after it is saved"),
            ("candidate", "before it is saved"),
            ("candidate, saved", "before and after it is saved"),
        ],
    ),
    (
        "state",
        "the state of provisioning",
        &[("shown", "is read"), ("none", "is not shown by the API")],
    ),
];

/// What a word means.
pub fn meaning(word: &str, words: &[(&str, &str)]) -> String {
    let known = words.iter().find(|(known, _)| *known == word);
    known.map_or_else(
        || word.replace('_', " "),
        |(_, meaning)| (*meaning).to_owned(),
    )
}
