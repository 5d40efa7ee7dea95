#!/usr/bin/env bash
# MLflow with the plug-in mlflow-oidc-auth, whose SCIM tokens it issues and whose SCIM service it is, as
# $PARTS/mlflow/venv; mlflow/server.py starts it. It needs Python 3.12.
# Its lock: printf 'mlflow-oidc-auth==11.0.2\n' | uv pip compile - --python-version 3.12, and on as in scim2-server.sh;
#           then without pyarrow, scikit-learn, scipy, skops, matplotlib and what only these need: the server imports none
#           of them, and they are two thirds of its size.
source "$(dirname "$0")/lib.sh"

# Tells a Python 3.12, on the PATH or beside the one of pyenv.
python_3_12() {
    local candidate
    for candidate in python3.12 "${PYENV_ROOT:-$HOME/.pyenv}"/versions/3.12.*/bin/python3.12 python3; do
        if "$candidate" -c 'import sys, ensurepip, venv; sys.exit(sys.version_info[:2] != (3, 12))' 2>/dev/null; then
            printf '%s\n' "$candidate"
            return
        fi
    done
}

build() {
    local python
    python=$(python_3_12)
    [[ -n $python ]] || cannot "there is no Python 3.12; install it with its venv module"
    venv "$1" requirements.lock "$python"
}

provide requirements.lock
