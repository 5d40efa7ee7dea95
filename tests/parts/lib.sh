# shellcheck shell=bash
# Shared by the scripts beside it; each provides one real part (a foreign server or tool) for the tests.
#
#   tests/parts/NAME.sh     puts the part NAME into $SCIM_ROTATOR_PARTS/NAME (default: target/parts/NAME; a relative
#                           path counts from the repository root); what it pins or ships lies in tests/parts/NAME/
#   exit code 0             the part is there: silent and at once when it already was
#   exit code 3             "this machine cannot provide the part: <reason>": the tests that need it skip, loudly
#   any other code          provisioning was possible and failed: the tests that need it fail
#
# A part is built in a folder of its own and renamed into place with a stamp (a digest of the script and its pins), so
# an interrupted run leaves nothing half done and a changed pin rebuilds. One flock a part: callers may run at once.
# A script sources this file, defines `build DIR`, and ends with `provide FILE…`, the files that its pins are made of.
set -euo pipefail

part=$(basename "$0" .sh)
here=$(cd -P "$(dirname "${BASH_SOURCE[0]}")" && pwd)
pins=$here/$part
parts=${SCIM_ROTATOR_PARTS:-target/parts}
[[ $parts == /* ]] || parts=$(cd -P "$here/../.." && pwd)/$parts

say() { printf '%s: %s\n' "$part" "$*" >&2; }
fail() {
    say "FAILED: $*"
    exit 1
}
cannot() {
    say "THIS MACHINE CANNOT PROVIDE THE PART: $*"
    exit 3
}

# need TOOL REMEDY
need() { command -v "$1" >/dev/null || cannot "$1 is missing; $2"; }

# quietly COMMAND…: shows what the command said only when it failed.
quietly() {
    local log
    log=$(mktemp)
    if "$@" >"$log" 2>&1; then
        rm "$log"
    else
        cat "$log" >&2
        rm "$log"
        fail "$*"
    fi
}

# debian_packages WHAT PACKAGE…: installs packages that start no server; WHAT is missing without them.
debian_packages() {
    local what=$1 remedy
    shift
    remedy="install the packages $*"
    command -v apt-get >/dev/null || cannot "no $what, and no apt-get; $remedy"
    [[ $EUID == 0 ]] || cannot "no $what, and apt-get needs root; $remedy"
    say "installing Debian's packages"
    export DEBIAN_FRONTEND=noninteractive
    apt-cache show "$@" >/dev/null 2>&1 || quietly apt-get -qq update
    quietly apt-get -qq -o DPkg::Lock::Timeout=300 install --no-install-recommends "$@"
}

# The digest of the script and of the given files of its pins: what a finished part is recognised by.
stamp() { cat "$0" "${@/#/$pins/}" | sha256sum; }

# provide FILE…: runs `build DIR` unless the part is there already.
provide() {
    local want dir=$parts/$part began=$SECONDS
    want=$(stamp "$@")
    # A link that points nowhere: the parts were kept (CI's cache), the tool or interpreter of the machine was not.
    is_there() {
        [[ -f $dir/.stamp && $(<"$dir/.stamp") == "$want" && -z $(find -L "$dir" -maxdepth 3 -type l -print -quit) ]]
    }
    if is_there; then return; fi

    need flock "install util-linux"
    mkdir -p "$parts"
    exec 9>"$parts/.$part.lock"
    flock -n 9 || { say "another run is providing it, waiting" && flock 9; }
    if is_there; then return; fi

    # Inside the parts folder, so that the rename never crosses a file system.
    local work=$parts/.$part.new
    rm -rf "$work" "$parts/.$part.old"
    mkdir "$work"
    # Not `build || …`, which would switch off `set -e` inside it. 9>&-: nothing left behind may hold the lock.
    local code
    set +e
    (
        set -e
        build "$work"
    ) 9>&-
    code=$?
    set -e
    if [[ $code != 0 ]]; then
        rm -rf "$work"
        [[ $code == 3 ]] || say "FAILED with exit code $code (see above)"
        exit "$code"
    fi
    printf '%s\n' "$want" >"$work/.stamp"
    [[ ! -e $dir ]] || mv "$dir" "$parts/.$part.old"
    mv "$work" "$dir"
    rm -rf "$parts/.$part.old"
    say "ready in $dir ($((SECONDS - began)) s)"
}

# venv DIR LOCK [PYTHON]: a virtual environment in DIR/venv with exactly what LOCK (a file of the pins) names, by hash.
venv() {
    local dir=$1 lock=$2 python=${3:-python3}
    need "$python" "install Python 3.11 or newer"
    "$python" -c 'import ensurepip, venv' 2>/dev/null || cannot "$python has no venv module; install python3-venv"
    "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || cannot "$python is older than 3.11"
    say "installing with pip"
    "$python" -m venv "$dir/venv"
    "$dir/venv/bin/python" -m pip --quiet --disable-pip-version-check install --no-deps --only-binary :all: \
        --require-hashes -r "$pins/$lock"
    # pip writes the path of the interpreter into the commands; the folder is about to be renamed.
    grep -rlIF --null "$dir/venv" "$dir/venv/bin" | xargs -0 -r sed -i "s|$dir/venv|$parts/$part/venv|g"
}
