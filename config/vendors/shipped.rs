// The vendor files that are built into the program, by their names. A test
// compares this list with the folders.
shipped! {
    issuers: [
        "1password-bridge", "1password-hosted", "adobe", "airtable", "amplitude", "asana",
        "atlassian", "auth0", "auth0-client", "authentik", "aws-identity-center", "better-auth", "bitwarden",
        "canva", "chainguard", "claude", "clevertap", "cloudflare", "cloudsmith", "coda",
        "confluent", "contentful", "cursor", "dashlane", "databricks", "databricks-secret",
        "datadog", "dbt-cloud", "descope", "docusign", "dropbox", "elastic-cloud", "entra-application", "figma",
        "fivetran", "fusionauth", "genesys", "gitbook", "github-emu", "github-organization",
        "gitlab", "gitlab-scim", "google-workforce", "grafana", "harness", "hpe-greenlake", "hubspot",
        "infisical", "informatica", "insomnia", "intercom", "jfrog", "jupyterhub", "kanidm",
        "keeper", "keycloak-client", "lastpass",
        "launchdarkly", "lightdash", "line-works", "lucid", "metabase", "miro", "mlflow",
        "monday", "mongodb-atlas", "netbird", "netskope", "new-relic", "notion", "nulab",
        "okta-application", "okta-inbound", "ona", "onyx", "open-webui", "openai", "ory-hydra", "pagerduty", "palo-alto", "perplexity",
        "postman", "power-bi", "qlik", "salesforce", "sap-concur", "sap-successfactors",
        "scaleway", "sentry", "servicenow", "slack", "smartsheet", "snowflake", "stytch",
        "sumo-logic", "tailscale", "terraform", "twingate", "vault-scim", "webex", "wire", "workos",
        "zitadel", "zoom", "zscaler-zia", "zscaler-zidentity", "zscaler-zpa",
    ],
    connections: [
        "advanced-identity-cloud", "authentik", "bravura", "c1", "cloudflare-access", "cyberark",
        "descope-outbound", "entra", "entra-manual", "entra-oauth", "fusionauth", "google-workspace",
        "ibm-verify", "jumpcloud", "keycloak",
        "midpoint", "oci-iam", "oci-iam-manual", "okta", "okta-manual", "omada",
        "one-identity", "onelogin", "openidm", "opentext", "pingdirectory", "pingfederate", "pingone", "pocket-id",
        "rauthy", "sailpoint", "saviynt", "servicenow", "syncope", "teleport", "wso2",
    ],
}
