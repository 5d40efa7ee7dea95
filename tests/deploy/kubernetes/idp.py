"""A stand-in for an identity provider: it keeps a token for each connection and provisions with it without pause.

    idp.py HOST CERTIFICATES KEY AUTHORITIES ADMIN-TOKEN SERVICE BASE-URL

Prints "listening https://HOST:PORT" when ready. Its connections are for BASE-URL, which it reaches at SERVICE. Each
exists as soon as it is asked for; with ADMIN-TOKEN:

    GET  /connections/NAME          {"base_url", "token"}, the token masked
    PUT  /connections/NAME          {"base_url": BASE-URL, "token"}
    POST /connections/NAME/test     {"ok"}: one request with the token that it holds

and without:

    GET  /pushes                    {NAME: {"digest", "accepted", "refused", "failed"}}: what its own requests came to,
                                    and the SHA-256 of the token that it holds
"""

import hashlib
import json
import ssl
import sys
import threading
import time
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PAUSE = 0.2


class Connection:
    """One connection, with what became of its requests."""

    def __init__(self, service, authorities):
        self.service = service
        self.context = ssl.create_default_context(cafile=authorities)
        self.token = None
        self.counts = {"accepted": 0, "refused": 0, "failed": 0}

    def ask(self):
        """Provisions once; "accepted", "refused" or "failed"."""
        headers = {"Authorization": f"Bearer {self.token}"}
        request = urllib.request.Request(f"{self.service}/Users?count=1", headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=10, context=self.context):
                return "accepted"
        except urllib.error.HTTPError as error:
            return "refused" if error.code in (401, 403) else "failed"
        except OSError:
            return "failed"

    def push_for_ever(self):
        while True:
            if self.token:
                self.counts[self.ask()] += 1
            time.sleep(PAUSE)

    def shown(self):
        digest = hashlib.sha256(self.token.encode()).hexdigest() if self.token else None
        return {"digest": digest, **self.counts}


class IdentityProvider:
    def __init__(self, service, base_url, authorities, admin_token):
        self.service, self.base_url = service, base_url
        self.authorities, self.admin_token = authorities, admin_token
        self.lock = threading.Lock()
        self.connections = {}

    def connection(self, name):
        with self.lock:
            if name not in self.connections:
                self.connections[name] = Connection(self.service, self.authorities)
                threading.Thread(target=self.connections[name].push_for_ever, daemon=True).start()
            return self.connections[name]

    def answer(self, method, path, authorization, body):
        if (method, path) == ("GET", "/pushes"):
            with self.lock:
                return 200, {name: connection.shown() for name, connection in self.connections.items()}
        if authorization != f"Bearer {self.admin_token}":
            return 401, {"error": "not the administrator"}
        match path.strip("/").split("/"), method:
            case ["connections", name], "GET":
                return 200, {"base_url": self.base_url, "token": self.connection(name).token and "****"}
            case ["connections", name], "PUT":
                wish = json.loads(body)
                if wish.get("base_url") != self.base_url or not wish.get("token"):
                    return 422, {"error": "base_url or token is not right"}
                self.connection(name).token = wish["token"]
                return 200, {"base_url": self.base_url, "token": "****"}
            case ["connections", name, "test"], "POST":
                return 200, {"ok": self.connection(name).ask() == "accepted"}
        return 404, {"error": "no such route"}


def handler(provider):
    class Handler(BaseHTTPRequestHandler):
        def reply(self):
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status, answer = provider.answer(self.command, self.path, self.headers.get("Authorization"), body)
            text = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        do_GET = do_PUT = do_POST = reply

        def log_message(self, *_):
            """One line for every request would bury what a test prints."""

    return Handler


def main():
    host, certificates, key, authorities, admin_token, service, base_url = sys.argv[1:]
    provider = IdentityProvider(service, base_url, authorities, admin_token)
    server = ThreadingHTTPServer((host, 0), handler(provider))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificates, key)
    # Not while it is accepted: one slow client would keep out all others.
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    print(f"listening https://{host}:{server.server_port}", flush=True)
    server.serve_forever()


main()
