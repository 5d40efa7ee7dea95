#!/usr/bin/env bash
# JupyterHub, whose tokens its services accept by asking it, as $PARTS/jupyterhub/venv; jupyterhub/config.py runs it
# without its proxy.
# Its lock: printf 'jupyterhub==6.1.1\n', and on as in scim2-server.sh
source "$(dirname "$0")/lib.sh"

build() { venv "$1" requirements.lock; }

provide requirements.lock
