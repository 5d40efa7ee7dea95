#!/usr/bin/env bash
# Lays out the file system of the image in a new folder.
#
#   rootfs.sh PROGRAM FOLDER
#
# The libraries are those that PROGRAM names, from the machine that built it: they fit. glibc's own look-up of names
# needs nothing else since 2.34; before that this fails.
set -euo pipefail

program=${1:?usage: rootfs.sh PROGRAM FOLDER}
root=${2:?usage: rootfs.sh PROGRAM FOLDER}
authorities=/etc/ssl/certs/ca-certificates.crt
zones=/usr/share/zoneinfo

fail() {
    printf 'rootfs.sh: %s\n' "$*" >&2
    exit 1
}
[[ ! -e $root ]] || fail "$root is there already; remove it first"
[[ -s $authorities ]] || fail "$authorities is missing; install ca-certificates"
[[ -s $zones/Europe/Berlin ]] || fail "$zones is missing; install tzdata"
glibc=$(getconf GNU_LIBC_VERSION 2>/dev/null | sed 's/^glibc //')
[[ -n $glibc && $(printf '%s\n' 2.34 "$glibc" | sort -V | head -n 1) == 2.34 ]] ||
    fail "glibc 2.34 or newer is needed, this is ${glibc:-none}"

install -D -m 755 "$program" "$root/usr/bin/scim-rotator"

# `name => /path (address)` and `/path (address)`; the kernel's own library has no path.
libraries=$(ldd "$program") || fail "ldd cannot read $program"
[[ $libraries != *"not found"* ]] || fail "libraries of $program are missing: $libraries"
for library in $(grep -o '/[^ ]* (0x' <<<"$libraries" | cut -d' ' -f1 | sort -u); do
    install -D -m 755 "$library" "$root$library"
done

# What is built in, for those who look for known flaws.
documents=$root/usr/share/doc/scim-rotator
install -d "$documents"
"$(dirname "$0")/../package/sbom.sh" >"$documents/sbom.cdx.json"

install -D -m 644 "$authorities" "$root$authorities"
# Without it glibc might ask the name server before /etc/hosts.
install -d "$root/etc"
printf 'hosts: files dns\n' >"$root/etc/nsswitch.conf"

# Windows and cron of the configuration have time zones. `posix` and `right` hold the same once more.
install -d "$root$zones"
(cd "$zones" && find . -type f -not -path './posix/*' -not -path './right/*' -print0 |
    xargs -0 cp --parents -t "$root$zones")
# Links among them are other names of the same zone.
(cd "$zones" && find . -type l -not -path './posix/*' -not -path './right/*' -not -name localtime -print0 |
    xargs -0 -r cp --parents --dereference -t "$root$zones")

# The same, and the packages of the system that files of the image come from.
# owners: each with its version and architecture. A library may be known by its place before /usr was merged.
owners() {
    local file
    while read -r file; do
        { dpkg-query --search "$file" "${file#/usr}" 2>/dev/null || true; } | sed 's/: .*//; s/, /\n/g'
    done | LC_ALL=C sort -u | xargs -r dpkg-query --show --showformat '${Package} ${Version} ${Architecture}\n'
}
if command -v dpkg-query >/dev/null; then
    system=$(sed -n 's/^ID=//p' /etc/os-release)
    release=$(sed -n 's/^VERSION_ID="\(.*\)"/\1/p' /etc/os-release)
    {
        sed '$d' "$documents/sbom.cdx.json"
        { grep -o '/[^ ]* (0x' <<<"$libraries" | cut -d' ' -f1 && printf '%s\n' "$zones/Europe/Berlin" \
            /usr/share/ca-certificates; } | owners | while read -r name version architecture; do
            purl="pkg:deb/$system/$name@$version?arch=$architecture&distro=$system-$release"
            printf ',{"type":"library","bom-ref":"%s","name":"%s","version":"%s","purl":"%s"}\n' \
                "$purl" "$name" "$version" "$purl"
        done
        printf ']}\n'
    } >"$documents/image.cdx.json"
fi
chmod -R u=rwX,go=rX "$root"
