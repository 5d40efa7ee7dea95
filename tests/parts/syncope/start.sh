#!/usr/bin/env bash
# start.sh DIR PORT: an Apache Syncope on 127.0.0.1:PORT whose data live in memory and whose files live in DIR (new or
# empty). Stays in the foreground; this process becomes the server. Its administrator is `admin`, with the password
# syncope-password-of-the-tests; it is ready when GET /syncope/rest/users/self answers 200 to them, which is later than
# that the port is open. Its log is DIR/log.
set -euo pipefail
[[ $# == 2 ]] || { echo "usage: start.sh DIR PORT" >&2; exit 2; }
root=$(cd -P "$(dirname "${BASH_SOURCE[0]}")/../../.." && pwd)
part=${SCIM_ROTATOR_PARTS:-target/parts}/syncope
[[ $part == /* ]] || part=$root/$part
[[ -f $part/.stamp ]] || { echo "start.sh: Syncope is not there; run tests/parts/syncope.sh" >&2; exit 1; }

umask 077
mkdir -p "$1"/{logs,temp,webapps,work}
dir=$(cd -P "$1" && pwd)
cp -r "$part/tomcat/conf" "$dir/conf"

# A short life: the quick compiler only, and the collector that needs no threads of its own.
opened=()
for package in java.lang java.io java.util java.util.concurrent; do
    opened+=("--add-opens=java.base/$package=ALL-UNNAMED")
done
exec java -Xmx512m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 "${opened[@]}" \
    -Dsyncope.part="$part" -Dsyncope.port="$2" \
    -Dcatalina.home="$part/tomcat" -Dcatalina.base="$dir" -Djava.io.tmpdir="$dir/temp" \
    -cp "$part/tomcat/bin/bootstrap.jar:$part/tomcat/bin/tomcat-juli.jar" \
    org.apache.catalina.startup.Bootstrap start >"$dir/log" 2>&1
