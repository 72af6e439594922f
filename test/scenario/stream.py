"""A wire phone (wire.py) on a stream: TCP, TLS, or WebSocket on TLS (RFC 7118)."""
import base64
import os
import re
import socket
import ssl
import time

from wire import WirePhone


class Stream:
    """Whole messages, as a datagram socket gives them."""

    def __init__(self, host, port, authority, kind, piece=0, name=None):
        self.kind, self.piece, self.rest, self.timeout = kind, piece, b"", None
        self.socket = socket.create_connection((host, port), 5)
        if kind in ("tls", "wss"):
            self.socket = ssl.create_default_context(cafile=authority).wrap_socket(self.socket, server_hostname=name or host)
        if kind == "wss":
            self.write(b"GET /sip HTTP/1.1\r\nHost: %s:%d\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                       b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: sip\r\nOrigin: https://elsewhere.example.com\r\n"
                       b"Sec-WebSocket-Key: %s\r\n\r\n" % (host.encode(), port, base64.b64encode(os.urandom(16))))
            self.fill(lambda: b"\r\n\r\n" in self.rest)
            head, _, self.rest = self.rest.partition(b"\r\n\r\n")
            assert b" 101 " in head and b"Sec-WebSocket-Protocol: sip" in head, head

    def fill(self, done):
        end = None if self.timeout is None else time.monotonic() + self.timeout
        while not done():
            self.socket.settimeout(None if end is None else max(0.001, end - time.monotonic()))
            try:
                piece = self.socket.recv(65536)
            except ssl.SSLWantReadError as error:
                raise socket.timeout() from error
            if not piece:
                raise ConnectionError("the stream has ended")
            self.rest += piece

    def write(self, data):
        self.socket.settimeout(5)
        for at in range(0, len(data), self.piece or len(data)):
            self.socket.sendall(data[at:at + (self.piece or len(data))])

    def sendto(self, data, _):
        if self.kind == "wss":
            mask = os.urandom(4)
            size = bytes([0x80 | len(data)]) if len(data) < 126 else b"\xfe" + len(data).to_bytes(2, "big")
            data = b"\x81" + size + mask + bytes(b ^ mask[i % 4] for i, b in enumerate(data))
        self.write(data)

    def length(self):
        """Of the first message: (what stands before it, its bytes), or None."""
        if self.kind == "wss":
            if len(self.rest) < 4:
                return None
            short = self.rest[1] < 126
            size = self.rest[1] if short else int.from_bytes(self.rest[2:4], "big")
            head = 2 if short else 4
            return (head, size) if len(self.rest) >= head + size else None
        end = self.rest.find(b"\r\n\r\n")
        if end < 0:
            return None
        size = end + 4 + int(re.search(rb"(?im)^Content-Length: *(\d+)", self.rest[:end])[1])
        return (0, size) if len(self.rest) >= size else None

    def recv(self, _):
        self.fill(lambda: self.length() is not None)
        head, size = self.length()
        message, self.rest = self.rest[head:head + size], self.rest[head + size:]
        return message

    def ping(self):
        self.timeout = 5
        self.write(b"\r\n\r\n")
        self.fill(lambda: len(self.rest) >= 2)
        answer, self.rest = self.rest[:2], self.rest[2:]
        return answer

    def ended(self):
        self.timeout = 5
        try:
            self.fill(lambda: False)
        except ConnectionError:
            return True
        return False

    def settimeout(self, seconds):
        self.timeout = seconds

    def setblocking(self, blocking):
        self.timeout = None if blocking else 0.01

    def close(self):
        self.socket.close()


class StreamPhone(WirePhone):
    def __init__(self, tandem, dn, kind, piece=0):
        super().__init__(tandem, dn)
        self.kind = kind
        self.socket.close()
        port = tandem.sip if kind == "tcp" else getattr(tandem, kind)
        self.socket = Stream(tandem.host, port, tandem.data + "/certificates/authority.pem", kind, piece,
                             getattr(tandem, "name", None))

    def send(self, text):
        transport = "ws" if self.kind == "wss" else self.kind
        host = "%s:%d" % (self.address, self.port)
        if not text.startswith("SIP/2.0 "):
            text = text.replace("SIP/2.0/UDP", "SIP/2.0/" + self.kind.upper(), 1)
        contact = "Contact: <sip:%s@%s>" % (self.dn, host)
        text = text.replace(contact, contact[:-1] + ";transport=%s>" % transport, 1)
        if self.kind == "wss":
            text = text.replace(host, "df7jal23ls0d.invalid")
        super().send(text)
