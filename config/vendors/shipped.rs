// The vendor files that are built into the program, by their names. A test
// compares this list with the folders.
shipped! {
    issuers: [
        "1password-bridge", "1password-hosted", "adobe", "airtable", "amplitude", "asana",
        "atlassian", "auth0", "auth0-client-secret", "authentik", "aws-identity-center",
        "better-auth", "bitwarden", "canva", "chainguard", "claude", "clevertap", "cloudflare",
        "cloudsmith", "coda", "confluent", "contentful", "cursor", "dashlane", "databricks",
        "databricks-secret", "datadog", "dbt-cloud", "descope", "docusign", "dropbox",
        "elastic-cloud", "entra-app-secret", "figma", "fivetran", "fusionauth", "genesys",
        "genesys-client-secret", "gitbook", "github-emu", "github-organization", "gitlab",
        "gitlab-scim", "google-workforce", "grafana", "harness", "hpe-greenlake", "hubspot",
        "hydra-client-secret", "infisical", "informatica", "insomnia", "intercom", "jfrog",
        "jupyterhub", "kanidm", "keeper", "keycloak-client-secret", "keycloak-client-secret-overlap",
        "lastpass", "launchdarkly", "lightdash", "line-works", "lucid", "metabase", "miro",
        "mlflow", "monday", "mongodb-atlas", "netbird", "netskope", "new-relic", "notion",
        "nulab", "okta-app-secret", "okta-inbound", "ona", "onyx", "open-webui", "openai", "pagerduty",
        "palo-alto", "perplexity", "pingone-client-secret", "postman", "power-bi", "qlik",
        "salesforce", "salesforce-client-secret", "sap-concur", "sap-successfactors", "scaleway",
        "sentry", "servicenow", "slack", "smartsheet", "snowflake", "stytch", "sumo-logic",
        "tailscale", "terraform", "twingate", "vault-scim", "webex", "wire", "workos",
        "wso2-client-secret", "zitadel", "zoom", "zscaler-zia", "zscaler-zidentity",
        "zscaler-zpa",
    ],
    connections: [
        "advanced-identity-cloud", "authentik", "bravura", "c1", "cloudflare-access", "cyberark",
        "descope-outbound", "entra", "entra-manual", "entra-oauth", "fusionauth", "google-workspace",
        "ibm-verify", "jumpcloud", "keycloak",
        "midpoint", "oci-iam", "oci-iam-manual", "okta", "okta-manual", "omada",
        "one-identity", "onelogin", "openidm", "opentext", "pingdirectory", "pingfederate",
        "pingone", "pocket-id",
        "rauthy", "sailpoint", "saviynt", "servicenow", "syncope", "teleport", "wso2",
    ],
}
