#!/usr/bin/env bash
# Makes, signs and verifies a release. The three may be done on three machines.
#
#   deploy/release.sh build FOLDER            makes all of it; FOLDER must be empty or not there yet
#   deploy/release.sh sign FOLDER KEY         signs it; KEY names a secret key in the OpenPGP keyring of who signs (gpg)
#   deploy/release.sh verify FOLDER KEYFILE   checks it; KEYFILE holds the public key whose signature is wanted
#
# A release is: the packages for Debian and RPM, an archive of the files that they install, the image, the Helm chart,
# lists of what is built in and of what the image holds (CycloneDX), SHA256SUMS and, signed, SHA256SUMS.asc, the chart's .prov and the signature inside
# of the package for RPM. The same source gives the same bytes on machines with the same tools, until it is signed.
#
# Building needs cargo-deb, cargo-generate-rpm, dpkg-dev, python3, ca-certificates and tzdata; signing needs gpg and
# rpmsign; verifying needs gpgv, and rpmkeys for the package for RPM where that is at hand. Settings of `build`, with
# their defaults:
#   IMAGE=registry.example.com/scim-rotator   name of the image; its tag is the version
#   FEATURES=                  features of the program, such as `fips`
#   PROGRAM=                   the program, built already; default: it is built for release
#   FAST=                      not empty: less compression, for a release that nobody keeps
#   SOURCE_DATE_EPOCH=         when it was made, in seconds since 1970; default: the time of the commit
#   SCIM_ROTATOR_REVISION=     what `scim-rotator version` names as the revision; default: the commit
set -euo pipefail

usage="usage: release.sh build FOLDER | sign FOLDER KEY | verify FOLDER KEYFILE"
fail() {
    printf 'release.sh: %s\n' "$*" >&2
    exit 1
}
need() { command -v "$1" >/dev/null || fail "$1 is missing; install $2"; }
# Their names in the folder of a release.
chart_of() { find "$1" -maxdepth 1 -name 'scim-rotator-*.tgz' -printf '%f\n'; }
rpm_of() { find "$1" -maxdepth 1 -name '*.rpm' -printf '%f\n'; }

# In a fixed order, with the modes of a package, of root, at one time.
archive() {
    tar --create --sort=name --mtime="@$SOURCE_DATE_EPOCH" --owner=0 --group=0 --numeric-owner --format=gnu \
        --mode=u=rwX,go=rX "$@" | gzip --no-name "-$level"
}

sums() { (cd "$1" && find . -type f -not -name 'SHA256SUMS*' -printf '%P\n' | LC_ALL=C sort | xargs sha256sum >SHA256SUMS); }

build() {
    local out=$1 here version arch tree deb name
    here=$(cd -P "$(dirname "$0")/.." && pwd)
    [[ ! -e $out || -z $(ls -A "$out") ]] || fail "$out is not empty"
    out=$(realpath -m "$out")
    cd "$here"
    need cargo-deb "it by: cargo install --locked cargo-deb"
    need cargo-generate-rpm "it by: cargo install --locked cargo-generate-rpm"
    need python3 python3
    SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --pretty=%ct 2>/dev/null)} ||
        fail "this is no work tree of git; set SOURCE_DATE_EPOCH to the time of the source"
    SCIM_ROTATOR_REVISION=${SCIM_ROTATOR_REVISION-$(git rev-parse HEAD 2>/dev/null || true)}
    export SOURCE_DATE_EPOCH SCIM_ROTATOR_REVISION FEATURES="${FEATURES:-}"
    [[ -z $(git status --porcelain 2>/dev/null) ]] ||
        printf 'release.sh: there are changes that are in no commit: nobody else can make this release\n' >&2
    version=$(sed -n '0,/^version = /s/^version = "\(.*\)"$/\1/p' Cargo.toml)
    arch=$(uname -m)
    level=9 compress=yes
    [[ -z ${FAST:-} ]] || level=1 compress=
    mkdir -p "$out"
    tree=$work/tree

    deploy/package/build.sh "$out" >/dev/null
    deb=$(echo "$out"/*.deb)
    deploy/package/rpm.sh "$deb" "$out" >/dev/null
    dpkg-deb --extract "$deb" "$tree"

    # What is configured stays out: to unpack it over an installation must not touch that.
    name=scim-rotator-$version-$arch-linux
    mkdir "$work/$name"
    cp -r "$tree/usr" LICENSE "$work/$name/"
    install -m 644 -D -t "$work/$name/usr/share/doc/scim-rotator/examples" "$tree/etc/scim-rotator/scim-rotator.toml"
    archive --directory="$work" "$name" >"$out/$name.tar.gz"

    deploy/container/rootfs.sh "$tree/usr/bin/scim-rotator" "$work/rootfs"
    COMPRESS=$compress python3 deploy/container/image.py "${IMAGE:-registry.example.com/scim-rotator}:$version" \
        "$out/scim-rotator-$version-$arch-image.tar" "$work/rootfs" deploy/container/Containerfile

    if [[ -f $work/rootfs/usr/share/doc/scim-rotator/image.cdx.json ]]; then
        cp "$work/rootfs/usr/share/doc/scim-rotator/image.cdx.json" "$out/scim-rotator-$version-$arch-image.cdx.json"
    fi

    # What a link leads to is packed in its place.
    archive --dereference --directory=deploy/helm scim-rotator >"$out/scim-rotator-$version.tgz"
    cp target/package/sbom.cdx.json "$out/scim-rotator-$version.cdx.json"
    chmod 644 "$out"/*
    sums "$out"
}

sign() {
    local out=$1 key=$2 chart rpm
    [[ -f $out/SHA256SUMS ]] || fail "$out is no release: it has no SHA256SUMS"
    (cd "$out" && sha256sum --check --quiet --strict SHA256SUMS) || fail "$out is not what was built"
    need gpg gnupg
    need rpmsign rpm
    gpg --batch --quiet --list-secret-keys -- "$key" >/dev/null || fail "gpg has no secret key $key"
    rpm=$(rpm_of "$out")
    rpmsign --define "_gpg_name $key" --define "__gpg $(command -v gpg)" --addsign "$out/$rpm" >"$work/said" 2>&1 ||
        fail "$(<"$work/said")"
    # As `helm package --sign` writes it: what the chart is, and the digest of its package.
    chart=$(chart_of "$out")
    {
        tar --extract --to-stdout --file="$out/$chart" scim-rotator/Chart.yaml
        printf '\n...\nfiles:\n  %s: sha256:%s\n' "$chart" "$(sha256sum <"$out/$chart" | cut -d' ' -f1)"
    } | gpg --batch --quiet --yes --local-user "$key" --digest-algo SHA512 --clearsign --output "$out/$chart.prov"
    sums "$out"
    gpg --batch --quiet --yes --local-user "$key" --armor --detach-sign --output "$out/SHA256SUMS.asc" "$out/SHA256SUMS"
}

verify() {
    local out=$1 key=$2 file rpm
    [[ -f $out/SHA256SUMS && -f $out/SHA256SUMS.asc ]] || fail "$out has no SHA256SUMS, or no signature of it"
    need gpgv gpgv
    # One key counts, whatever keyring there is.
    gpg --batch --yes --dearmor --output "$work/key.gpg" <"$key" 2>/dev/null || cp "$key" "$work/key.gpg"
    gpgv --quiet --keyring "$work/key.gpg" "$out/SHA256SUMS.asc" "$out/SHA256SUMS" 2>"$work/said" || {
        cat "$work/said" >&2
        fail "SHA256SUMS is not signed by the key in $key"
    }
    (cd "$out" && sha256sum --check --quiet --strict SHA256SUMS) || fail "files are not what was signed"
    while read -r file; do
        grep --quiet --fixed-strings --line-regexp "$file" <(cut --characters=67- "$out/SHA256SUMS") ||
            fail "$file does not belong to the release"
    done < <(cd "$out" && find . -type f -not -path ./SHA256SUMS -not -path ./SHA256SUMS.asc -printf '%P\n')
    if command -v rpmkeys >/dev/null; then
        rpm=$(rpm_of "$out")
        mkdir "$work/rpm"
        rpmkeys --dbpath "$work/rpm" --import "$key"
        rpmkeys --dbpath "$work/rpm" --checksig --define '_pkgverify_level all' "$out/$rpm" >"$work/said" ||
            fail "$(<"$work/said")"
    fi
    printf '%s: %s files, as they were signed\n' "$out" "$(wc -l <"$out/SHA256SUMS")"
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
case "${1:-} $#" in
    "build 2" | "sign 3" | "verify 3") "$@" ;;
    *) fail "$usage" ;;
esac
