"""Runs MLflow with mlflow-oidc-auth on a free port of loopback, with its data in a folder.

    python server.py FOLDER

Prints `listening URL` once it answers. FOLDER/admin-token then has the access token of the administrator ADMIN.
"""

import asyncio
import datetime
import os
import pathlib
import secrets
import socket
import sys

ADMIN = "root@example.com"

folder = pathlib.Path(sys.argv[1]).resolve()
database = f"sqlite:///{folder}/mlflow.db"
os.environ.update(
    SECRET_KEY=secrets.token_hex(32),
    OIDC_USERS_DB_URI=f"sqlite:///{folder}/users.db",
    # It wants the names of an OpenID provider, and asks it when somebody logs in with a browser: nobody does.
    OIDC_DISCOVERY_URL="http://127.0.0.1:1/none",
    OIDC_CLIENT_ID="none",
    OIDC_CLIENT_SECRET="none",
    MLFLOW_DISABLE_TELEMETRY="true",
    MLFLOW_SERVER_ENABLE_JOB_EXECUTION="false",
    MLFLOW_TRACKING_URI=database,
    MLFLOW_REGISTRY_URI=database,
    # What the command `mlflow server` hands to its workers.
    _MLFLOW_SERVER_FILE_STORE=database,
    _MLFLOW_SERVER_REGISTRY_STORE=database,
    _MLFLOW_SERVER_ARTIFACT_ROOT=str(folder / "artifacts"),
    _MLFLOW_SERVER_ARTIFACT_DESTINATION=str(folder / "artifacts"),
    _MLFLOW_SERVER_SERVE_ARTIFACTS="true",
)
os.chdir(folder)

import uvicorn  # noqa: E402
from mlflow_oidc_auth.store import store  # noqa: E402

store.create_user(ADMIN, "root", is_admin=True)
end = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=2)
token = store.create_user_token(ADMIN, "tests", end, None)[1]
(folder / "admin-token").write_text(token)

from mlflow_oidc_auth.app import app  # noqa: E402


class Server(uvicorn.Server):
    async def startup(self, sockets=None):
        await super().startup(sockets)
        port = sockets[0].getsockname()[1]
        print(f"listening http://127.0.0.1:{port}", flush=True)


listener = socket.socket()
listener.bind(("127.0.0.1", 0))
server = Server(uvicorn.Config(app, log_level="warning"))
asyncio.run(server.serve(sockets=[listener]))
