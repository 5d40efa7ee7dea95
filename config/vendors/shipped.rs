// The vendor files that are built into the program, by their names. A test
// compares this list with the folders.
shipped! {
    issuers: ["auth0", "terraform"],
    connections: [
        "authentik",
        "cloudflare-access",
        "descope-outbound",
        "entra",
        "keycloak",
        "midpoint",
        "okta",
        "openidm",
        "pingfederate",
        "pingone",
        "pocket-id",
        "rauthy",
        "sailpoint",
        "syncope",
        "wso2",
    ],
}
