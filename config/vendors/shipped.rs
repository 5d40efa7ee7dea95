// The vendor files that are built into the program, by their names. A test
// compares this list with the folders.
shipped! {
    issuers: ["auth0", "terraform"],
    connections: ["entra", "keycloak"],
}
