"""What stands between a sipp that speaks UDP and the program where this sipp cannot speak as a scene wants: TLS and
WebSocket (the packaged one has neither), one stream for a registration and the calls that come by it, messages in
small pieces or several at once. `line="piece:N"` cuts what is written, `line="together:N"` writes N messages at once."""
import socket
import threading

from stream import Stream

PORT = 5070


class Line:
    def __init__(self, tandem, ip, transport, about):
        how = dict(word.split(":") for word in about.split() if ":" in word)
        port = {"tcp": tandem.sip, "tls": tandem.tls, "wss": tandem.wss}[transport]
        self.stream = Stream(tandem.host, port, tandem.data + "/certificates/authority.pem", transport, int(how.get("piece", 0)))
        self.together, self.waiting = int(how.get("together", 1)), []
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.address = (ip, PORT)
        self.socket.bind(self.address)
        self.phone = None
        self.threads = [threading.Thread(target=work, daemon=True) for work in (self.up, self.down)]
        for thread in self.threads:
            thread.start()

    def up(self):
        while True:
            try:
                data, self.phone = self.socket.recvfrom(65536)
            except OSError:
                return
            if not data:
                return
            self.waiting.append(data)
            if len(self.waiting) == self.together:
                self.stream.sendto(b"".join(self.waiting), None)
                self.waiting = []

    def down(self):
        while True:
            try:
                data = self.stream.recv(65536)
                self.socket.sendto(data, self.phone)
            except (OSError, ValueError, AttributeError):
                return

    def close(self):
        self.stream.socket.close()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.sendto(b"", self.address)
        self.threads[0].join()
        self.socket.close()
