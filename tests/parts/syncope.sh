#!/usr/bin/env bash
# Apache Syncope, an identity provider that provisions people outward by SCIM and whose connectors are managed over
# REST, in a Tomcat; syncope/start.sh runs it. An old release: on loopback only.
# The sums: `sha256sum tomcat-*.zip bundles/* app/WEB-INF/lib/*` in a build of which every file is trusted.
source "$(dirname "$0")/lib.sh"

build() {
    need java "install a JDK, 17 or newer"
    need mvn "install Maven"
    need unzip "install unzip"
    say "fetching with Maven (105 MB)"
    cp "$pins/pom.xml" "$1"
    quietly mvn -B -ntp -q -f "$1/pom.xml" process-resources
    (cd "$1" && sha256sum --quiet --check "$pins/SHA256SUMS") || fail "a file is not the pinned one"
    [[ $(find "$1/app/WEB-INF/lib" -type f | wc -l) == $(grep -c ' app/' "$pins/SHA256SUMS") ]] ||
        fail "there are files that are not pinned"

    unzip -q "$1"/tomcat-*.zip -d "$1"
    mv "$1"/apache-tomcat-* "$1/tomcat"
    rm -r "$1"/tomcat-*.zip "$1/tomcat/webapps" "$1/pom.xml"
    mkdir -p "$1/app/WEB-INF/classes/domains"
    cp "$pins/server.xml" "$1/tomcat/conf"
    cp "$pins/web.xml" "$1/app/WEB-INF"
    cp "$pins/coreContext.xml" "$pins/tests.properties" "$1/app/WEB-INF/classes"
    cp "$pins/Master.properties" "$1/app/WEB-INF/classes/domains"
}

provide pom.xml SHA256SUMS web.xml coreContext.xml Master.properties tests.properties server.xml
