//! What each step sends, for the dry run.

use super::report::Step;

impl Step {
    /// The steps in their order, with what each sends, for the dry run.
    pub const PLAN: [(Self, &'static str); 23] = [
        (
            Self::Access,
            "an access token, if the credential is a client secret",
        ),
        (
            Self::Journal,
            "a write to Vault: which process runs the cycle",
        ),
        (Self::Population, "GET /Users?startIndex=1&count=1"),
        (Self::Tenant, "GET of the tenant marker"),
        (
            Self::Sweep,
            "DELETE of what the journal says that an earlier run left behind",
        ),
        (Self::Absent, "GET /Users?filter=userName eq …"),
        (Self::Create, "POST /Users, after the journal is written"),
        (Self::Read, "GET /Users/{id}"),
        (Self::Query, "GET /Users?filter=userName eq …"),
        (
            Self::Duplicate,
            "POST /Users with the same name, which must be refused",
        ),
        (Self::Change, "PATCH /Users/{id}: displayName"),
        (Self::Deactivate, "PATCH /Users/{id}: active = false"),
        (Self::Reactivate, "PATCH /Users/{id}: active = true"),
        (
            Self::GroupCreate,
            "POST /Groups without members, after the journal is written",
        ),
        (
            Self::MemberAdd,
            "PATCH /Groups/{id}: the user becomes a member",
        ),
        (
            Self::MemberRemove,
            "PATCH /Groups/{id}: the user is removed",
        ),
        (
            Self::GroupDelete,
            "DELETE /Groups/{id}, and GET until it is gone",
        ),
        (
            Self::UserDelete,
            "PATCH active = false, DELETE /Users/{id}, and GET until it is gone",
        ),
        (
            Self::NoToken,
            "GET /Users without a token, which must be refused",
        ),
        (
            Self::WrongToken,
            "GET /Users with a wrong token, which must be refused",
        ),
        (
            Self::Malformed,
            "GET /Users with the token and without `Bearer`",
        ),
        (
            Self::AdminReach,
            "GET of each of `must_refuse`, which must be refused",
        ),
        (
            Self::Leftovers,
            "a write to Vault: the result, and what is left behind",
        ),
    ];
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_plan_names_every_step_once() {
        let mut words: Vec<_> = Step::PLAN.iter().map(|(step, _)| step.as_str()).collect();
        words.sort_unstable();
        words.dedup();
        assert_eq!(words.len(), Step::PLAN.len());
        assert_eq!(Step::Leftovers as usize + 1, Step::PLAN.len());
    }
}
