"""A proxy before a server, which cuts connections where it hurts.

    with Cutter("127.0.0.1", 5432) as cutter:
        cutter.port
        cutter.cut("answer")   # the next words of a client arrive, what the server says to them does not
        cutter.cut("request")  # they are passed on, and the connection is cut at once
        cutter.cut("lost")     # they are not passed on
    cutter.shut(); cutter.open()  # nobody comes through meanwhile

It reads nothing of what it carries, so it cuts TLS as well.
"""
import contextlib
import socket
import threading


class Cutter:
    """One listener; a pair of threads for each connection."""

    def __init__(self, host, port, address="127.0.0.1"):
        self.target = (host, port)
        self.listener = socket.create_server((address, 0))
        self.port = self.listener.getsockname()[1]
        self.lock = threading.Lock()
        self.mode = None
        self.cuts = 0
        self.closed = False
        self.clients = set()

    def __enter__(self):
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.listener.close()

    def cut(self, mode):
        with self.lock:
            self.mode = mode

    def shut(self):
        """Until open(): all connections end, and new ones at once."""
        with self.lock:
            self.closed = True
            self._end(*self.clients)

    def open(self):
        with self.lock:
            self.closed = False

    def _accept(self):
        while True:
            try:
                client = self.listener.accept()[0]
            except OSError:
                return
            try:
                server = None if self.closed else socket.create_connection(self.target, 5)
            except OSError:
                server = None
            if server is None:
                client.close()
                continue
            with self.lock:
                self.clients.add(client)
                if self.closed:
                    self._end(client)
            server.settimeout(None)
            for s in client, server:
                s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            doomed = threading.Event()
            threading.Thread(target=self._forward, args=(client, server, doomed), daemon=True).start()
            threading.Thread(target=self._back, args=(server, client, doomed), daemon=True).start()

    @staticmethod
    def _end(*sockets):
        for s in sockets:
            with contextlib.suppress(OSError):
                s.shutdown(socket.SHUT_RDWR)

    def _forward(self, client, server, doomed):
        with contextlib.suppress(OSError):
            while data := client.recv(65536):
                with self.lock:
                    mode, self.mode = self.mode, None
                    self.cuts += mode is not None
                if mode == "lost":
                    break
                if mode == "answer":
                    doomed.set()
                server.sendall(data)
                if mode == "request":
                    break
        self._end(client, server)

    def _back(self, server, client, doomed):
        with contextlib.suppress(OSError):
            while data := server.recv(65536):
                if doomed.is_set():
                    break
                client.sendall(data)
        self._end(client, server)
        with self.lock:
            self.clients.discard(client)
        client.close()
        server.close()
