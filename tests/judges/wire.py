"""A server on loopback between an SDK and its answers: keeps what went over the wire, since the SDKs show neither the
bytes that they send nor the members of an answer that they drop."""

import http.client
import http.server
import json
import threading
import urllib.parse

# They belong to one connection, or are written anew.
HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "host"}


class Wire:
    """`source` answers: a function of method, path with query, headers and body that returns status, headers and body.
    `exchanges` holds what was sent and answered, in order."""

    def __init__(self, source):
        self.source = source
        self.exchanges = []
        # A function of method and path: JSON to answer with, or `None` to ask the source. What it answers is not kept.
        self.answer_here = lambda method, path: None
        wire = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            # Head and body are two writes; the second would wait for the first's acknowledgement.
            disable_nagle_algorithm = True

            def log_message(self, *_):
                pass

            def answer(self):
                wire.answer(self)

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.authority = f"127.0.0.1:{self.server.server_port}"
        self.url = f"http://{self.authority}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def answer(self, handler):
        sent = handler.rfile.read(int(handler.headers.get("Content-Length") or 0))
        own = self.answer_here(handler.command, handler.path)
        if own is not None:
            reply(handler, 200, [("Content-Type", "application/json")], json.dumps(own).encode())
            return
        headers = {name.lower(): value for name, value in handler.headers.items() if name.lower() not in HOP_BY_HOP}
        status, given, body = self.source(handler.command, handler.path, headers, sent)
        self.exchanges.append(Exchange(Request(handler.command, handler.path, headers, sent.decode()), status, body))
        reply(handler, status, given, body)


def forward_to(base):
    """A source that asks the server there."""
    target = urllib.parse.urlsplit(base)

    def source(method, path, headers, sent):
        server = http.client.HTTPConnection(target.hostname, target.port, timeout=30)
        # http.client adds that header if there is none.
        headers = {"accept-encoding": "identity", **headers}
        server.request(method, target.path.rstrip("/") + path, sent or None, headers)
        answer = server.getresponse()
        body = answer.read()
        server.close()
        return answer.status, answer.getheaders(), body

    return source


def reply(handler, status, headers, body):
    handler.send_response(status)
    for name, value in headers:
        if name.lower() not in HOP_BY_HOP:
            handler.send_header(name, value)
    if status != 204:
        handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)


class Request:
    """A request, taken apart."""

    def __init__(self, method, target, headers, body):
        url = urllib.parse.urlsplit(target)
        self.method = method
        self.path = url.path
        self.query = dict(urllib.parse.parse_qsl(url.query, keep_blank_values=True))
        self.headers = headers
        self.text = body

    def kind(self):
        """How its body is to be read."""
        essence = self.headers.get("content-type", "").partition(";")[0].strip()
        if not self.text:
            return None
        # Some SDKs send it where there is nothing to say, also without a type.
        if self.text == "{}":
            return "json"
        return "json" if essence.endswith("json") else "form" if essence.endswith("form-urlencoded") else "text"

    def body(self):
        kind = self.kind()
        if kind == "json":
            return json.loads(self.text)
        return dict(urllib.parse.parse_qsl(self.text, keep_blank_values=True)) if kind == "form" else self.text

    def shown(self):
        names = ("accept", "content-type", "authorization")
        headers = {name: self.headers[name] for name in names if name in self.headers}
        shown = {"method": self.method, "path": self.path, "query": self.query, "headers": headers}
        return {**shown, self.kind(): self.body()} if self.text else shown


class Exchange:
    """A request and its answer."""

    def __init__(self, request, status, body):
        self.request = request
        self.status = status
        self.body = body.decode(errors="replace")

    def json(self):
        """The answer; `None` if it has no body. Whoever asks wants JSON."""
        return json.loads(self.body) if self.body else None
