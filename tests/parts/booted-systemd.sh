#!/usr/bin/env bash
# A Debian of the machine's own release, to be booted with its own systemd by systemd-nspawn, as
# $PARTS/booted-systemd/tree/root (160 MB): from Debian's packages, by apt-get and debootstrap.
source "$(dirname "$0")/lib.sh"

# boots ROOT: whether this machine lets a container boot at all; many sandboxes do not.
boots() {
    timeout 120 systemd-nspawn --register=no --keep-unit --quiet --boot --directory="$1" --console=pipe \
        systemd.unit=poweroff.target </dev/null
}

build() {
    local root=$1/tree/root archive
    [[ $EUID == 0 ]] || cannot "only root can boot a container"
    # shellcheck source=/dev/null
    source /etc/os-release
    # The binary of the machine is what is installed in it: its C library must not be older.
    [[ ${ID:-} == debian && -n ${VERSION_CODENAME:-} ]] || cannot "the machine is not a Debian"
    if ! command -v debootstrap >/dev/null || ! command -v systemd-nspawn >/dev/null; then
        debian_packages "debootstrap or systemd-nspawn" debootstrap systemd-container
    fi
    archive=$(apt-get indextargets --format '$(RELEASE) $(SITE)' 'Created-By: Packages' 2>/dev/null |
        awk -v release="$VERSION_CODENAME" '$1 == release { print $2; exit }')
    [[ -n $archive ]] || cannot "apt-get names no archive of Debian $VERSION_CODENAME"
    say "fetching Debian $VERSION_CODENAME (about 40 seconds)"
    mkdir "$1/tree" "$1/bin"
    quietly debootstrap --variant=minbase --include=systemd,systemd-sysv,dbus,ca-certificates \
        "$VERSION_CODENAME" "$root" "$archive"
    rm -rf "$root"/var/cache/apt/archives/*.deb "$root"/var/lib/apt/lists/*
    boots "$root" >"$1/boot.log" 2>&1 || cannot "a container does not boot here: $(tail -n 3 "$1/boot.log")"
    rm "$1/boot.log"
    ln -s "$(command -v systemd-nspawn)" "$1/bin/systemd-nspawn"
}

provide
