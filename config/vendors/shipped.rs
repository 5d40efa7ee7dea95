// The vendor files that are built into the program, by their names. A test
// compares this list with the folders.
shipped! {
    issuers: [
        "auth0", "authentik", "better-auth", "chainguard", "cloudflare", "cloudsmith",
        "confluent", "databricks", "databricks-secret", "datadog", "dbt-cloud", "descope",
        "fusionauth", "genesys", "gitbook", "gitlab", "google-workforce", "grafana", "harness",
        "infisical", "jfrog", "jupyterhub", "kanidm", "launchdarkly", "lightdash", "metabase", "mlflow",
        "netbird", "ona", "onyx", "qlik", "scaleway", "snowflake", "stytch", "sumo-logic",
        "terraform", "wire",
        "zitadel",
    ],
    connections: [
        "authentik",
        "cloudflare-access",
        "descope-outbound",
        "entra",
        "keycloak",
        "midpoint",
        "oci-iam",
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
