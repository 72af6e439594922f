"""Sends cases and compares what comes back.

Each case comes from an address of its own, so that what the program thinks of one sender has no say about the next.
Behind the message goes an OPTIONS that must be answered: so the program is alive after each, and what has not come
before that answer does not come.
"""
import http.client
import re
import socket
import sys
import time

from cases import CLOSED, SILENT, WAITS
from rig import failures, free_port, wait_for

PING = ("OPTIONS sip:ping@example.com SIP/2.0\r\nVia: SIP/2.0/%s %s:%d;branch=z9hG4bK-ping-%d\r\nMax-Forwards: 70\r\n"
        "From: <sip:ping@example.com>;tag=p\r\nTo: <sip:ping@example.com>\r\nCall-ID: ping-%d\r\nCSeq: 1 OPTIONS\r\n"
        "Content-Length: 0\r\n\r\n")
PATIENCE = 2.0  # seconds
BAD = "tandem_sip_bad_messages_total", "tandem_sip_streams_framing_total"
MEMORY = "tandem_memory_bytes"
PER_MESSAGE = 8192  # bytes that a good message may hold until its transaction ends (RFC 3261 timer J)
SLACK = 256 * 1024


def final(text):
    """The status of a final response, or None."""
    found = re.match(rb"SIP/2\.0 ([2-6]\d\d) ", text)
    return int(found[1]) if found else None


def field(text, name):
    found = re.search(rb"\r\n%s: ([^\r]*)" % name.encode(), text)
    return found[1] if found else b""


def ack(answer):
    """What ends an INVITE that was refused (RFC 3261 17.1.1.3)."""
    return (b"ACK sip:b@example.com SIP/2.0\r\nVia: %s\r\nMax-Forwards: 70\r\nFrom: %s\r\nTo: %s\r\nCall-ID: %s\r\nCSeq: %s\r\n"
            b"Content-Length: 0\r\n\r\n" % (field(answer, "Via"), field(answer, "From"), field(answer, "To"),
                                            field(answer, "Call-ID"), field(answer, "CSeq").replace(b"INVITE", b"ACK")))


def split(stream):
    """The whole messages at the beginning of a stream, and the rest."""
    messages = []
    while (end := stream.find(b"\r\n\r\n")) >= 0:
        size = end + 4 + int(field(stream[:end + 2], "Content-Length") or 0)
        if len(stream) < size:
            break
        messages.append(stream[:size])
        stream = stream[size:]
    return messages, stream


def refused(metrics):
    """Messages that are none, and streams on which none can be found."""
    return sum(metrics[name] for name in BAD)


class Attack:
    def __init__(self, tandem):
        self.tandem, self.metrics_port = tandem, free_port()
        self.sources, self.secrets = 0, {}
        with open(tandem.file, "a", encoding="utf-8") as file:
            file.write('metrics = "tcp:127.0.0.1:%d"\n' % self.metrics_port)

    def ready(self):
        """What a start needs once is not what messages leave behind."""
        wait_for(self.metrics, 5, "metrics")
        for _ in range(100):
            self.alive()
        wait_for(self.calm, 10, "a steady state")

    def calm(self):
        before = self.metrics()[MEMORY]
        time.sleep(0.1)
        return abs(self.metrics()[MEMORY] - before) < 4096

    def metrics(self):
        """Sums by name over all instances."""
        connection = http.client.HTTPConnection("127.0.0.1", self.metrics_port, timeout=5)
        try:
            connection.request("GET", "/metrics")
            text = connection.getresponse().read().decode()
        except OSError:
            return None
        finally:
            connection.close()
        sums = {}
        for name, value in re.findall(r"^(\w+)(?:\{.*\})? (\S+)$", text, re.M):
            sums[name] = sums.get(name, 0) + float(value)
        return sums

    def secret(self, dn):
        if dn not in self.secrets:
            self.secrets[dn] = self.tandem.secret(dn)
        return self.secrets[dn]

    def source(self):
        self.sources += 1
        return "127.%d.%d.%d" % (30 + self.sources // 62500, 1 + self.sources // 250 % 250, 1 + self.sources % 250)

    # ---- one case ----

    def udp(self, case):
        """What came back: the status of the final answer, SILENT."""
        number = self.sources
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.bind((self.source(), 5060))
            s.settimeout(PATIENCE)
            to = (self.tandem.host, self.tandem.sip)
            s.sendto(case.text.replace(b"@TRANSPORT@", b"UDP"), to)
            s.sendto((PING % ("UDP", *s.getsockname(), number, number)).encode(), to)
            answers, pinged = [], False
            while not pinged or (not answers and case.udp not in (SILENT, CLOSED, WAITS)):
                try:
                    text = s.recv(65536)
                except socket.timeout:
                    break
                if b"\r\nCall-ID: ping-%d\r\n" % number in text:
                    pinged = True
                elif final(text):
                    answers.append(final(text))
                    if field(text, "CSeq").endswith(b"INVITE") and not case.bad[0]:
                        s.sendto(ack(text), to)
        assert pinged, "the OPTIONS after it is not answered"
        assert len(set(answers)) <= 1, "answered with %s" % answers
        return answers[0] if answers else SILENT

    def tcp(self, case):
        number = self.sources
        answers, stream, pinged, closed = [], b"", False, False
        # Not the transaction that it was over UDP.
        text = re.sub(rb"branch=z9hG4bK(?=[\w.-])", b"branch=z9hG4bKt", case.tcp_text.replace(b"@TRANSPORT@", b"TCP"))
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as s:
            s.bind((self.source(), 0))
            s.settimeout(PATIENCE)
            s.connect((self.tandem.host, self.tandem.sip))
            ping = (PING % ("TCP", *s.getsockname(), number, number)).encode()
            waits = case.tcp == WAITS
            try:
                s.sendall(text + (b"" if waits else ping))
                while not waits and not closed and (not pinged or (not answers and case.tcp not in (SILENT, CLOSED))):
                    piece = s.recv(65536)
                    closed = not piece
                    messages, stream = split(stream + piece)
                    for answer in messages:
                        if b"\r\nCall-ID: ping-%d\r\n" % number in answer:
                            pinged = True
                        elif final(answer):
                            answers.append(final(answer))
                            if field(answer, "CSeq").endswith(b"INVITE") and not case.bad[1]:
                                s.sendall(ack(answer))
            except socket.timeout:
                return WAITS
            except OSError:
                closed = True
            if waits:
                self.alive()
                s.settimeout(0.005)
                try:
                    return CLOSED if not s.recv(1) else "answered"
                except socket.timeout:
                    return WAITS
                except OSError:
                    return CLOSED
        if closed and not pinged:
            self.alive()
            return answers[0] if answers else CLOSED
        if isinstance(case.tcp, list):
            return answers
        assert len(set(answers)) <= 1, "answered with %s" % answers
        return answers[0] if answers else SILENT

    def alive(self):
        """Somebody else is served."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.bind((self.source(), 0))
            s.settimeout(PATIENCE)
            s.sendto((PING % ("UDP", *s.getsockname(), self.sources, self.sources)).encode(), (self.tandem.host, self.tandem.sip))
            assert final(s.recv(65536)) == 200, "somebody else is not served after it"

    # ---- many ----

    def judge(self, case, transport):
        expected = getattr(case, transport)
        try:
            got = getattr(self, transport)(case)
        except (AssertionError, OSError) as error:
            got = str(error) or type(error).__name__
        if got == expected or isinstance(expected, tuple) and got in expected:
            return True
        failures.append(("%s over %s" % (case.name, transport), "%s, expected %s:\n%r" % (got, expected, case.text[:1000])))
        return False

    def run(self, about, cases):
        """SEC-5, SEC-7: every case over both transports; then: is each refused one counted, and is the memory back?"""
        wanted = sys.argv[1:]
        cases = [c for c in cases if not wanted or any(w in c.name for w in wanted)]
        before, begun, failed = self.metrics(), time.monotonic(), len(failures)
        for case in cases:
            for transport in "udp", "tcp":
                if getattr(case, transport) is not None:
                    self.judge(case, transport)
        runs = sum(getattr(c, t) is not None for c in cases for t in ("udp", "tcp"))
        passed = runs - (len(failures) - failed)
        bad = sum(sum(c.bad) for c in cases)
        for name, trouble in self.after(before, bad, runs):
            failures.append(("%s: %s" % (about, name), trouble))
        if cases:
            print("%-60s %5.1f s  %d messages, %d refused, %d KB kept, %s" % (
                about, time.monotonic() - begun, runs, bad, (self.metrics()[MEMORY] - before[MEMORY]) / 1024, "ok" if len(
                    failures) == failed else "%d FAILED" % (len(failures) - failed)), flush=True)
        return passed, len(failures) - failed

    def after(self, before, bad, runs):
        try:
            wait_for(lambda: refused(self.metrics()) - refused(before) >= bad, 3, "counting")
        except AssertionError:
            pass
        now = self.metrics()
        counted = refused(now) - refused(before)
        if counted != bad:
            yield "counter", "%d of %d refused messages are counted" % (counted, bad)
        room = SLACK + PER_MESSAGE * (2 * runs - bad)
        if now[MEMORY] - before[MEMORY] > room:
            yield "memory", "%d bytes more than before, at most %d are expected" % (now[MEMORY] - before[MEMORY], room)
