"""What one case is, and how messages are put together from their parts."""
import itertools

CLOSED = "closed"  # the stream is closed without an answer
WAITS = "waits"  # the program waits for more of the message
SAME = "same"  # over TCP as over UDP
SILENT = 0  # dropped

PARTS = ("start", "via", "from_", "to", "call_id", "cseq", "max_forwards", "more", "length", "end", "body")
numbers = itertools.count(1)


class Case:
    """`udp` and `tcp`: the final status of the answer, or SILENT, CLOSED, WAITS; a tuple where several are right, a list
    where it holds several requests; None: not sent so. `bad`: is it counted as refused by the parser? (UDP, TCP) where
    they differ."""

    def __init__(self, name, text, udp, tcp=SAME, bad=None):
        self.name, self.text, self.tcp_text, self.udp = name, text, text, udp
        self.tcp = udp if tcp == SAME else tcp
        if bad is None:
            bad = tuple(e in (SILENT, 400, 505, 414, 413, CLOSED) for e in (udp, self.tcp))
        self.bad = bad if isinstance(bad, tuple) else (bad and udp is not None, bad and self.tcp not in (None, WAITS))


def to_bytes(text):
    """Tables are written as text; \\x80 to \\xff in them are bytes."""
    return text if isinstance(text, bytes) else text.encode("latin-1")


def message(method="OPTIONS", **parts):
    """A good request but for the parts given, which are whole lines (without the last CR LF); None leaves a line out."""
    number = next(numbers)
    body = to_bytes(parts.get("body", ""))
    usual = {"start": "%s sip:b@example.com SIP/2.0" % method,
             "via": "Via: SIP/2.0/@TRANSPORT@ 192.0.2.1;branch=z9hG4bK-torture-%d" % number,
             "from_": "From: <sip:a@example.com>;tag=t%d" % number,
             "to": "To: <sip:b@example.com>", "call_id": "Call-ID: torture-%d" % number, "cseq": "CSeq: 1 " + method,
             "max_forwards": "Max-Forwards: 70", "more": None, "length": "Content-Length: %d" % len(body), "end": ""}
    assert set(parts) <= set(PARTS), parts
    usual.update(parts)
    lines = [to_bytes(usual[name]) for name in PARTS[:-2] if usual[name] is not None]
    if usual["end"] is not None:
        lines.append(to_bytes(usual["end"]))
    return b"\r\n".join(lines) + b"\r\n" + body
