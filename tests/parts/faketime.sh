#!/usr/bin/env bash
# libfaketime, as $PARTS/faketime/libfaketime.so.1: gives one process a wall clock that the test sets. Debian's package,
# unpacked; nothing is installed.
source "$(dirname "$0")/lib.sh"

build() {
    local remedy="install the package libfaketime" library
    command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null || cannot "no apt-get; this part is made of Debian's libfaketime"
    if ! apt-cache show libfaketime >/dev/null 2>&1; then
        [[ $EUID == 0 ]] || cannot "the package lists are empty and \`apt-get update\` needs root; $remedy"
        quietly apt-get -qq update
    fi
    (cd "$1" && quietly apt-get -qq -o APT::Sandbox::User=root download libfaketime)
    dpkg-deb --fsys-tarfile "$1"/libfaketime_*.deb | tar -x -C "$1" --wildcards '*/libfaketime.so.1'
    library=$(find "$1" -name libfaketime.so.1)
    mv "$library" "$1/libfaketime.so.1"
    rm -r "$1"/libfaketime_*.deb "$1/usr"
    [[ $(LD_PRELOAD=$1/libfaketime.so.1 FAKETIME=-40y date +%Y) -lt 2020 ]] || fail "the library fakes nothing"
}

provide
