#!/usr/bin/env bash
# The Debian of the part booted-systemd with the systemd of its backports, which knows Type=notify-reload, as
# $PARTS/booted-systemd-backports/tree/root (180 MB).
source "$(dirname "$0")/lib.sh"

build() {
    local root=$1/tree/root known code=0
    "$here/booted-systemd.sh" || code=$?
    [[ $code != 3 ]] || cannot "it needs the part booted-systemd"
    [[ $code == 0 ]] || fail "the part booted-systemd"
    # shellcheck source=/dev/null
    source /etc/os-release
    mkdir "$1/tree"
    cp --archive --reflink=auto "$parts/booted-systemd/tree/root" "$root"
    # Beside the archive that debootstrap has written down.
    sed "s/ $VERSION_CODENAME main/ $VERSION_CODENAME-backports main/" "$root/etc/apt/sources.list" \
        >"$root/etc/apt/sources.list.d/backports.list"
    cp -L /etc/resolv.conf "$root/etc/resolv.conf"
    say "fetching systemd from $VERSION_CODENAME-backports"
    quietly inside apt-get -qq update
    quietly inside apt-get -qq install --no-install-recommends --target-release "$VERSION_CODENAME-backports" \
        systemd systemd-sysv
    rm -rf "$root"/var/cache/apt/archives/*.deb "$root"/var/lib/apt/lists/*
    known=$(inside systemctl --version | sed -n '1s/^systemd \([0-9]*\).*/\1/p')
    ((known >= 253)) || cannot "$VERSION_CODENAME-backports has systemd $known, which is not 253 or later"
}
inside() { DEBIAN_FRONTEND=noninteractive chroot "$root" "$@"; }

provide
