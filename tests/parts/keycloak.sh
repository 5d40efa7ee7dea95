#!/usr/bin/env bash
# Keycloak, built for start, as $PARTS/keycloak/bin/kc.sh, in two roles: with its SCIM API it is a service provider whose
# tokens are OAuth 2 JWTs, revocable (see keycloak/setup.sh); with the plug-in of keycloak/plugin, which is ours, it is
# an identity provider that sends users out by SCIM, with a token that a component of the realm holds.
source "$(dirname "$0")/lib.sh"

sources=(Target TargetFactory Scim Listener ListenerFactory)
sources=("${sources[@]/#/plugin/}")
sources=("${sources[@]/%/.java}")

build() {
    need java "install a JDK, 17 or newer"
    need javac "install a JDK, 17 or newer; the runtime alone does not do"
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
    say "building the plug-in and the configuration (about a minute)"
    plugin "$1"
    cp "$pins/keycloak.conf" "$1/conf/keycloak.conf"
    quietly "$1/bin/kc.sh" build
}

# plugin DIR: compiles the plug-in into the Keycloak in DIR.
plugin() {
    local out services
    out=$(mktemp -d)
    services=$out/META-INF/services
    mkdir -p "$services"
    printf '%s\n' rotator.scim.TargetFactory 'rotator.scim.TargetFactory$Secretive' \
        >"$services/org.keycloak.storage.UserStorageProviderFactory"
    echo rotator.scim.ListenerFactory >"$services/org.keycloak.events.EventListenerProviderFactory"
    quietly javac --release 17 -proc:none -cp "$1/lib/lib/main/*:$1/lib/lib/boot/*" -d "$out" "${sources[@]/#/$pins/}"
    jar --create --file "$1/providers/scim-plugin.jar" -C "$out" .
    rm -r "$out"
}

provide SHA256SUMS keycloak.conf "${sources[@]}"
