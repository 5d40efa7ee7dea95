"""A real SCIM service provider (scim2-server, in memory) whose bearer tokens come and go, with faults on demand.

    $PARTS/scim2-server/venv/bin/python tokens.py [--host A] [--port N] [--tls CERTIFICATES KEY] [--bearer-token X]...

Port 0 takes a free one; prints "listening http://127.0.0.1:PORT" when ready. SCIM is at /v2; beside it, unguarded:

    POST   /_tokens {"ttl": SECONDS, "label"?}  201 {"id", "token", "label", "created_at", "expires_at", "last_used_at"}
    GET    /_tokens        {"tokens": [...]}, those of --bearer-token too (ids static-1..., expires_at null)
    DELETE /_tokens/ID     204; 404 when unknown, revoked or expired
    GET    /_ledger        {"asked": [{"at", "from"}], "minted": [{"id", "label", "at", "from"}], "revoked": [{"id", "at",
                            "from"}]}: all that ever happened and from which address; `asked` are the calls to mint,
                            noted before a fault delays them
    POST   /_faults        {"path_prefix", "method"?, "status"?, "retry_after"?, "body"?: "json" | "html",
                            "delay_ms"?, "count"?}: the next `count` (1) requests to that path wait delay_ms, then get
                            `status` in place of an answer (no status: the true answer, late); of several the oldest
    GET    /_faults        {"faults": [...]}, those not used up
    DELETE /_faults        204, none left
"""

import argparse
import hashlib
import json
import secrets
import ssl
import threading
import time
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from wsgiref.simple_server import WSGIRequestHandler, make_server

from scim2_models import ScimProvider, UnauthorizedException
from scim2_server.applications.wsgi import WSGIApplication
from scim2_server.memory import InMemoryStorage
from scim2_server.testserver.application import BEARER_TOKEN_SCHEME
from scim2_server.testserver.cli import ThreadingWSGIServer
from scim2_server.utils import (
    load_default_resource_types,
    load_default_schemas,
    load_default_service_provider_config,
)


def rfc3339(moment):
    return moment and moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def digest(token):
    return hashlib.sha256(token.encode()).hexdigest()


class Tokens:
    """The live tokens by their digest; the text of a token leaves only in the answer that mints it."""

    def __init__(self):
        self.lock = threading.Lock()
        self.rows = {}

    def add(self, token, id, label=None, ttl=None):
        now = datetime.now(UTC)
        row = {
            "id": id,
            "label": label,
            "created_at": now,
            "expires_at": None if ttl is None else now + timedelta(seconds=ttl),
            "last_used_at": None,
        }
        with self.lock:
            self.rows[digest(token)] = row
        return row

    def _drop_expired(self):
        now = datetime.now(UTC)
        self.rows = {k: r for k, r in self.rows.items() if r["expires_at"] is None or r["expires_at"] > now}

    def live(self):
        with self.lock:
            self._drop_expired()
            return list(self.rows.values())

    def revoke(self, id):
        with self.lock:
            self._drop_expired()
            before = len(self.rows)
            self.rows = {k: r for k, r in self.rows.items() if r["id"] != id}
            return len(self.rows) < before

    def use(self, token):
        with self.lock:
            self._drop_expired()
            row = self.rows.get(digest(token))
            if row:
                row["last_used_at"] = datetime.now(UTC)
            return row is not None


class Ledger:
    """What was minted and revoked, and at whose request. Nothing is ever struck out."""

    def __init__(self):
        self.lock = threading.Lock()
        self.rows = {"minted": [], "revoked": [], "asked": []}

    def write(self, page, environ, **facts):
        with self.lock:
            self.rows[page].append({**facts, "at": datetime.now(UTC), "from": environ.get("REMOTE_ADDR")})

    def read(self):
        with self.lock:
            return {page: list(rows) for page, rows in self.rows.items()}


class TokenApplication(WSGIApplication):
    """scim2-server's own application, with our tokens in place of none."""

    def __init__(self, provider, tokens):
        super().__init__(InMemoryStorage(), provider)
        self.tokens = tokens

    def check_auth(self, request):
        scheme, _, token = (request.header("Authorization") or "").partition(" ")
        if scheme.lower() != "bearer" or not self.tokens.use(token):
            raise UnauthorizedException


class Faults:
    def __init__(self):
        self.lock = threading.Lock()
        self.planned = []

    def plan(self, fault):
        with self.lock:
            self.planned.append({"count": 1, **fault})

    def left(self):
        with self.lock:
            return list(self.planned)

    def clear(self):
        with self.lock:
            self.planned = []

    def take(self, method, path):
        with self.lock:
            for fault in self.planned:
                if path.startswith(fault["path_prefix"]) and fault.get("method", method) == method:
                    fault["count"] -= 1
                    self.planned = [f for f in self.planned if f["count"] > 0]
                    return fault
        return None


class Bridge:
    """The outer WSGI application: faults first, then the routes that begin with an underscore, then SCIM."""

    def __init__(self, provider, static):
        self.tokens = Tokens()
        self.ledger = Ledger()
        self.faults = Faults()
        self.scim = TokenApplication(provider, self.tokens)
        for number, token in enumerate(static, start=1):
            self.tokens.add(token, f"static-{number}")

    def __call__(self, environ, start_response):
        method, path = environ["REQUEST_METHOD"], environ.get("PATH_INFO", "")
        if path == "/_faults":
            return answer(start_response, *self.manage_faults(method, environ))
        if path == "/_ledger":
            return answer(start_response, 200, self.ledger.read())
        if (method, path) == ("POST", "/_tokens"):
            self.ledger.write("asked", environ)
        fault = self.faults.take(method, path)
        if fault:
            time.sleep(fault.get("delay_ms", 0) / 1000)
            if fault.get("status"):
                read_body(environ)
                return fail(start_response, fault)
        if path == "/_tokens" or path.startswith("/_tokens/"):
            return answer(start_response, *self.manage_tokens(method, path, environ))
        return self.scim(environ, start_response)

    def manage_tokens(self, method, path, environ):
        id = path.removeprefix("/_tokens").removeprefix("/")
        if method == "POST" and not id:
            wish = read_json(environ)
            if not isinstance(wish.get("ttl"), (int, float)) or wish["ttl"] <= 0:
                return 400, {"error": "ttl must be a positive number of seconds"}
            token = secrets.token_urlsafe(32)
            row = self.tokens.add(token, secrets.token_hex(8), wish.get("label"), wish["ttl"])
            self.ledger.write("minted", environ, id=row["id"], label=row["label"])
            return 201, {**row, "token": token}
        if method == "GET" and not id:
            return 200, {"tokens": self.tokens.live()}
        if method == "DELETE" and id:
            if not self.tokens.revoke(id):
                return 404, {"error": "no such token"}
            self.ledger.write("revoked", environ, id=id)
            return 204, None
        return 404, {"error": "no such route"}

    def manage_faults(self, method, environ):
        if method == "POST":
            fault = read_json(environ)
            if not isinstance(fault.get("path_prefix"), str):
                return 400, {"error": "path_prefix must be a string"}
            self.faults.plan(fault)
            return 201, fault
        if method == "DELETE":
            self.faults.clear()
            return 204, None
        return 200, {"faults": self.faults.left()}


def read_body(environ):
    return environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))


def read_json(environ):
    """The object in the body; an empty one when it is none (every route then misses what it requires)."""
    try:
        body = json.loads(read_body(environ))
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def answer(start_response, status, body):
    headers = [] if body is None else [("Content-Type", "application/json"), ("Cache-Control", "no-store")]
    start_response(f"{status} {HTTPStatus(status).phrase}", headers)
    return [] if body is None else [json.dumps(body, default=rfc3339).encode()]


def fail(start_response, fault):
    status = HTTPStatus(fault["status"])
    if fault.get("body") == "html":
        kind, body = "text/html", f"<!doctype html><title>{status.phrase}</title><h1>{status.phrase}</h1>"
    elif status < 300:
        kind, body = "application/json", "{}"
    else:
        kind, body = (
            "application/scim+json",
            json.dumps(
                {
                    "schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"],
                    "status": str(status.value),
                    "detail": "a fault on demand",
                }
            ),
        )
    headers = [("Content-Type", kind)]
    if "retry_after" in fault:
        headers.append(("Retry-After", str(fault["retry_after"])))
    start_response(f"{status.value} {status.phrase}", headers)
    return [body.encode()]


class QuietHandler(WSGIRequestHandler):
    """One line for every request would bury what a test prints."""

    def log_message(self, *_):
        pass


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--tls", nargs=2, metavar=("CERTIFICATES", "KEY"))
    parser.add_argument("--bearer-token", action="append", default=[])
    args = parser.parse_args()

    config = load_default_service_provider_config()
    config.authentication_schemes = [*(config.authentication_schemes or []), BEARER_TOKEN_SCHEME]
    provider = ScimProvider.from_discovery(
        load_default_schemas().values(), load_default_resource_types().values(), config=config
    )
    with make_server(
        args.host,
        args.port,
        Bridge(provider, args.bearer_token),
        server_class=ThreadingWSGIServer,
        handler_class=QuietHandler,
    ) as server:
        if args.tls:
            context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            context.load_cert_chain(*args.tls)
            # Not while it is accepted: one slow client would keep out all others.
            server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        scheme = "https" if args.tls else "http"
        print(f"listening {scheme}://{args.host}:{server.server_port}", flush=True)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            pass


if __name__ == "__main__":
    main()
