"""A name server: serves the records of a zone file over UDP and TCP on a free port of 127.0.0.1."""
import ipaddress
import socket
import struct
import threading

from rig import free_port

TYPES = {"A": 1, "NS": 2, "SOA": 6, "AAAA": 28, "SRV": 33, "NAPTR": 35}


def parse(text, origin=""):
    """[(name, type, [words])] of a zone file as RFC 1035 5.1 has it, as far as tandem zone writes it. Names whole,
    without the last dot, in lower case."""
    records, owner = [], None

    def whole(name):
        if name == "@":
            return origin
        return name[:-1].lower() if name.endswith(".") else (name + "." + origin).lower()

    for line in text.split("\n"):
        line = line.split(";")[0].rstrip()
        words = line.split()
        if not words or words[0] == "$TTL":
            continue
        if words[0] == "$ORIGIN":
            origin = words[1].rstrip(".").lower()
            continue
        if not line[0].isspace():
            owner = whole(words.pop(0))
        assert words.pop(0) == "IN", line
        kind = words.pop(0)
        assert kind in TYPES, line
        places = {"NS": [0], "SOA": [0, 1], "SRV": [3], "NAPTR": [5]}.get(kind, [])
        records.append((owner, kind, [whole(w) if i in places else w.strip('"') for i, w in enumerate(words)]))
    return records


def wire_name(name):
    return b"".join(bytes([len(label)]) + label.encode() for label in name.split(".") if label) + b"\0"


def data(kind, w):
    if kind in ("A", "AAAA"):
        return ipaddress.ip_address(w[0]).packed
    if kind == "SRV":
        return struct.pack(">HHH", *map(int, w[:3])) + wire_name(w[3])
    if kind == "NAPTR":
        texts = b"".join(bytes([len(t)]) + t.encode() for t in w[2:5])
        return struct.pack(">HH", *map(int, w[:2])) + texts + wire_name(w[5])
    if kind == "SOA":
        return wire_name(w[0]) + wire_name(w[1]) + struct.pack(">IIIII", *map(int, w[2:]))
    return wire_name(w[0])


class Server:
    def __init__(self, text="", cuts=()):
        self.records, self.cuts = parse(text), cuts  # types that do not fit into datagrams
        self.port = free_port()
        self.asked = []  # (transport, name, type)
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.udp.bind(("127.0.0.1", self.port))
        self.tcp = socket.create_server(("127.0.0.1", self.port))
        for work in self.datagrams, self.streams:
            threading.Thread(target=work, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.udp.close()
        self.tcp.close()

    def answer(self, question, transport):
        at, labels = 12, []
        while question[at]:
            labels.append(question[at + 1:at + 1 + question[at]].decode())
            at += 1 + question[at]
        name, number = ".".join(labels).lower(), struct.unpack(">H", question[at + 1:at + 3])[0]
        kind = next((k for k, n in TYPES.items() if n == number), str(number))
        self.asked.append((transport, name, kind))
        found = [r for r in self.records if r[0] == name]
        cut = transport == "udp" and kind in self.cuts
        good = [] if cut else [r for r in found if r[1] == kind]
        flags = 0x8180 | (0x0200 if cut else 0) | (0 if found or any(r[0].endswith("." + name) for r in self.records) else 3)
        body = b"".join(b"\xc0\x0c" + struct.pack(">HHIH", number, 1, 1, len(data(k, w))) + data(k, w)
                        for _, k, w in good)
        return question[:2] + struct.pack(">HHHHH", flags, 1, len(good), 0, 0) + question[12:at + 5] + body

    def datagrams(self):
        while True:
            try:
                question, peer = self.udp.recvfrom(4096)
                self.udp.sendto(self.answer(question, "udp"), peer)
            except OSError:
                return

    def streams(self):
        while True:
            try:
                connection, _ = self.tcp.accept()
            except OSError:
                return
            with connection:
                head = connection.recv(2, socket.MSG_WAITALL)
                if len(head) == 2:
                    answer = self.answer(connection.recv(struct.unpack(">H", head)[0], socket.MSG_WAITALL), "tcp")
                    connection.sendall(struct.pack(">H", len(answer)) + answer)
