#!/usr/bin/env bash
# Keycloak with its SCIM API (a service provider whose tokens are OAuth 2 JWTs, revocable), built for start, as
# $PARTS/keycloak/bin/kc.sh; see keycloak/setup.sh.
source "$(dirname "$0")/lib.sh"

build() {
    need java "install a JDK, 17 or newer"
    need mvn "install Maven"
    need unzip "install unzip"
    local name=keycloak-quarkus-dist-26.7.4
    say "fetching with Maven (177 MB)"
    quietly mvn -B -q dependency:copy -DoutputDirectory="$1" \
        -Dartifact=org.keycloak:keycloak-quarkus-dist:26.7.4:zip
    (cd "$1" && sha256sum --quiet --check "$pins/SHA256SUMS") || fail "$name.zip is not the pinned one"
    unzip -q "$1/$name.zip" -d "$1"
    mv "$1"/keycloak-26.7.4/* "$1"
    rm -r "$1/$name.zip" "$1/keycloak-26.7.4"
    say "building its configuration (about a minute)"
    cp "$pins/keycloak.conf" "$1/conf/keycloak.conf"
    quietly "$1/bin/kc.sh" build
}

provide SHA256SUMS keycloak.conf
