"""A proxy on loopback between an SDK and the server that it talks to: keeps what went over the wire, since the SDKs
show neither the bytes that they send nor the members of an answer that they drop."""

import http.client
import http.server
import json
import threading
import urllib.parse

# They belong to one connection, or are written anew.
HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "host"}


class Wire:
    """Forwards to `base`; `exchanges` holds what was sent and answered, in order."""

    def __init__(self, base):
        self.target = urllib.parse.urlsplit(base)
        self.exchanges = []
        # A function of method and path: JSON to answer with, or `None` to forward. What it answers is not kept.
        self.answer_here = lambda method, path: None
        wire = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            # Head and body are two writes; the second would wait for the first's acknowledgement.
            disable_nagle_algorithm = True

            def log_message(self, *_):
                pass

            def forward(self):
                wire.forward(self)

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = forward

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.authority = f"127.0.0.1:{self.server.server_port}"
        self.url = f"http://{self.authority}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def forward(self, handler):
        sent = handler.rfile.read(int(handler.headers.get("Content-Length") or 0))
        own = self.answer_here(handler.command, handler.path)
        if own is not None:
            reply(handler, 200, [("Content-Type", "application/json")], json.dumps(own).encode())
            return
        headers = {name: value for name, value in handler.headers.items() if name.lower() not in HOP_BY_HOP}
        # http.client adds this one otherwise.
        headers.setdefault("Accept-Encoding", "identity")
        server = http.client.HTTPConnection(self.target.hostname, self.target.port, timeout=30)
        server.request(handler.command, self.target.path.rstrip("/") + handler.path, sent or None, headers)
        answer = server.getresponse()
        body = answer.read()
        server.close()
        self.exchanges.append(Exchange(handler, sent, answer, body))
        reply(handler, answer.status, answer.getheaders(), body)


def reply(handler, status, headers, body):
    handler.send_response(status)
    for name, value in headers:
        if name.lower() not in HOP_BY_HOP:
            handler.send_header(name, value)
    if status != 204:
        handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)


class Exchange:
    """One request and its answer."""

    def __init__(self, handler, sent, answer, body):
        self.method = handler.command
        self.target = urllib.parse.urlsplit(handler.path)
        self.headers = {name.lower(): value for name, value in handler.headers.items()}
        self.sent = sent.decode()
        self.status = answer.status
        self.body = body.decode(errors="replace")

    def request(self):
        """The request, for people and programs: JSON and forms are taken apart."""
        shown = {
            "method": self.method,
            "path": self.target.path,
            "query": dict(urllib.parse.parse_qsl(self.target.query)),
            "headers": {n: v for n, v in self.headers.items() if n in ("accept", "content-type", "authorization")},
        }
        kind = self.headers.get("content-type", "")
        if "json" in kind:
            shown["json"] = json.loads(self.sent) if self.sent else None
        elif "form" in kind:
            shown["form"] = dict(urllib.parse.parse_qsl(self.sent, keep_blank_values=True))
        elif self.sent:
            shown["text"] = self.sent
        return shown

    def json(self):
        """The answer; `None` if it has no body. Whoever asks wants JSON."""
        return json.loads(self.body) if self.body else None
