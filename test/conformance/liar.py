"""A proxy before one etcd that does not tell the truth: hard test 4, as a proxy, a load balancer or a broken member might.

Lies: `drop NAME` (a field, wherever it stands), `truncate` (the JSON ends in the middle), `cut` (the connection does),
`late MS`, `changed` (done, and the answer says that the leader has changed), `refused` (the same, and nothing is done),
`mute` (done, and no answer ever), `silent` (streams begin and then say nothing), `page` (somebody else's web page),
`stranger` (another cluster's number), `closed` (nobody listens), `none`.
"""
import contextlib
import http.client
import json
import re
import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

CHANGED = {"error": "etcdserver: leader changed", "message": "etcdserver: leader changed", "code": 14}


def without(value, name):
    if isinstance(value, dict):
        return {k: without(v, name) for k, v in value.items() if k != name}
    return [without(v, name) for v in value] if isinstance(value, list) else value


class Liar:
    """Between `address` (host, port of etcd) and whoever connects to `url`."""

    def __init__(self, address):
        self.address = address
        self.words = ["none"]
        self.connections = set()
        liar = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self):
                super().setup()
                liar.connections.add(self.connection)

            def finish(self):
                liar.connections.discard(self.connection)
                with contextlib.suppress(OSError):
                    super().finish()

            def do_POST(self):  # pylint: disable=invalid-name
                liar.handle(self)

            def log_message(self, *_):
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_):
                pass

        self.server = Server(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True)
        self.thread.start()

    @property
    def url(self):
        return "http://127.0.0.1:%d" % self.server.server_address[1]

    def close(self):
        self.say(["none"])
        self.server.shutdown()
        self.server.server_close()

    def say(self, words):
        """From now on; what is under way is cut off where the lie is about connections, or ends."""
        ended = self.words[0] in ("mute", "silent", "closed")
        self.words = list(words)
        if ended or words[0] in ("closed", "silent"):
            for connection in list(self.connections):
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)

    def handle(self, request):
        words = self.words
        body = request.rfile.read(int(request.headers.get("Content-Length", "0")))
        if words[0] == "closed":
            request.close_connection = True
            return
        if words[0] == "late":
            time.sleep(int(words[1]) / 1000)
        if words[0] == "page":
            self.answer(request, 200, b"<html><title>Welcome to nginx!</title></html>")
            return
        if words[0] == "refused":
            self.answer(request, 503, json.dumps(CHANGED).encode())
            return
        upstream = http.client.HTTPConnection(*self.address, timeout=30)
        try:
            headers = {k: v for k, v in request.headers.items() if k.lower() in ("content-type", "authorization")}
            upstream.request("POST", request.path, body, headers)
            came = upstream.getresponse()
            if request.path == "/v3/watch":
                self.stream(request, came)
            else:
                self.tell(request, words, came.status, came.read())
        except (OSError, http.client.HTTPException):
            request.close_connection = True
        finally:
            upstream.close()

    @staticmethod
    def answer(request, status, body, promised=None):
        request.send_response(status)
        request.send_header("Content-Type", "application/json")
        request.send_header("Content-Length", str(promised or len(body)))
        request.end_headers()
        request.wfile.write(body)
        request.wfile.flush()

    def tell(self, request, words, status, body):
        if words[0] == "changed":
            status, body = 503, json.dumps(CHANGED).encode()
        if words[0] == "truncate":
            body = body[:len(body) * 2 // 3]
        if words[0] == "cut":
            self.answer(request, status, body[:len(body) // 2], len(body))
            request.close_connection = True
            return
        if words[0] == "mute":
            while self.words == words:
                time.sleep(0.02)
            request.close_connection = True
            return
        self.answer(request, status, self.bend(words, body))

    @staticmethod
    def bend(words, body):
        if words[0] == "drop":
            with contextlib.suppress(ValueError):
                return json.dumps(without(json.loads(body), words[1])).encode()
        if words[0] == "stranger":
            return re.sub(rb'"cluster_id":"\d+"', b'"cluster_id":"4711"', body)
        return body

    def stream(self, request, came):
        request.send_response(came.status)
        request.send_header("Transfer-Encoding", "chunked")
        request.end_headers()
        first = True
        for line in came:
            words = self.words
            if words[0] == "closed" or (words[0] == "silent" and not first):
                continue
            first = False
            line = self.bend(words, line.strip()) + b"\n"
            if words[0] == "truncate":
                line = line[:len(line) // 2] + b"\n"
            request.wfile.write(b"%x\r\n%s\r\n" % (len(line), line))
            request.wfile.flush()
