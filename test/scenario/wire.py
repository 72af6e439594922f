"""A phone that does exactly what a scenario says, over UDP: messages are written and read as they are."""
import hashlib
import math
import re
import socket
import time

from rig import free_port


def bind(address, port):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.bind((address, port))
    return s


class Message:
    def __init__(self, text):
        head, _, self.body = text.partition("\r\n\r\n")
        self.first, *lines = head.split("\r\n")
        self.fields = [tuple(part.strip() for part in line.split(":", 1)) for line in lines]
        self.status = int(self.first.split()[1]) if self.first.startswith("SIP/2.0 ") else 0
        self.method = self["CSeq"].split()[1]

    def __getitem__(self, name):
        return next((v for n, v in self.fields if n.lower() == name.lower()), "")

    def all(self, name):
        return [v for n, v in self.fields if n.lower() == name.lower()]

    def media(self):
        """(address, port) of its description."""
        return (re.search(r"c=IN IP4 (\S+)", self.body)[1], int(re.search(r"m=audio (\d+)", self.body)[1]))

    def branch(self):
        return re.search(r"branch=([^;,\s]+)", self["Via"])[1]


class WirePhone:
    def __init__(self, tandem, dn, secret=None):
        self.tandem, self.dn, self.secret = tandem, dn, secret or tandem.secret(dn)
        self.port, self.rtp_port = free_port(), free_port()
        self.address = getattr(tandem, "phone_host", "127.0.0.1")
        self.socket = bind(self.address, self.port)
        self.rtp = bind(self.address, self.rtp_port)
        self.count = 0
        self.registered = False
        self.seen = set()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        try:
            if self.registered and self.tandem.process is not None:
                self.register(0)
        except AssertionError:
            pass  # what went wrong before is what counts
        self.socket.close()
        self.rtp.close()

    # ---- messages ----

    def token(self):
        self.count += 1
        return "%s%x%d" % (self.dn, time.time_ns(), self.count)

    def send(self, text):
        self.socket.sendto(text.encode(), (self.tandem.host, self.tandem.sip))

    def send_back(self, text, request):
        """An answer goes to where its request came from, which may be another proxy than its own (RFC 3581)."""
        origin = getattr(request, "origin", None)
        if origin and type(self).send is WirePhone.send:
            self.socket.sendto(text.encode(), origin)
        else:
            self.send(text)

    def sdp(self):
        return ("v=0\r\no=- %d 1 IN IP4 {0}\r\ns=-\r\nc=IN IP4 {0}\r\nt=0 0\r\nm=audio %d RTP/AVP 0\r\n"
                "a=rtpmap:0 PCMU/8000\r\n" % (self.port, self.rtp_port)).format(self.address)

    def receive(self, wanted, seconds=5.0):
        """The next message that wanted(message) likes; what came before is forgotten, and what came already."""
        end = time.monotonic() + seconds
        passed = []
        while time.monotonic() < end:
            self.socket.settimeout(max(0.001, end - time.monotonic()))
            try:
                datagrams = isinstance(self.socket, socket.socket)
                data, origin = self.socket.recvfrom(65536) if datagrams else (self.socket.recv(65536), None)
                message = Message(data.decode(errors="replace"))
                message.origin = origin
            except socket.timeout:
                break
            again = (message.first.split()[0:2], message.branch(), message["CSeq"])
            if str(again) in self.seen:
                continue
            self.seen.add(str(again))
            if wanted(message):
                return message
            passed.append(message.first)
        raise AssertionError("%s waited %g s in vain; it got %s" % (self.dn, seconds, passed or "nothing"))

    def request(self, method, seconds=5.0):
        return self.receive(lambda m: m.status == 0 and m.method == method, seconds)

    def answer(self, status, seconds=5.0):
        return self.receive(lambda m: m.status == status, seconds)

    def final(self, method, seconds=5.0):
        return self.receive(lambda m: m.status >= 200 and m.method == method, seconds)

    def silent(self, seconds=0.5):
        try:
            message = self.receive(lambda m: True, seconds)
        except AssertionError:
            return
        raise AssertionError("%s got %s" % (self.dn, message.first))

    def drain(self):
        """Forgets what has come so far."""
        self.socket.setblocking(False)
        try:
            while self.socket.recv(65536):
                pass
        except OSError:
            pass

    # ---- as a client ----

    def ask(self, method, uri, to, call, cseq, body="", more="", tag="", routes=()):
        """Sends a request; `call`: (Call-ID, own tag)."""
        head = ["%s %s SIP/2.0" % (method, uri),
                "Via: SIP/2.0/UDP %s:%d;branch=z9hG4bK%s;rport" % (self.address, self.port, self.token()),
                "Max-Forwards: 70", "From: <sip:%s@127.0.0.1>;tag=%s" % (self.dn, call[1]),
                "To: <%s>%s" % (to, ";tag=" + tag if tag else ""), "Call-ID: " + call[0], "CSeq: %d %s" % (cseq, method),
                "Contact: <sip:%s@%s:%d>" % (self.dn, self.address, self.port)]
        head += ["Route: " + r for r in routes]
        if more:
            head.append(more)
        if body:
            head.append("Content-Type: application/sdp")
        text = "\r\n".join(head + ["Content-Length: %d" % len(body), "", body])
        self.send(text)
        return text

    def proof(self, message, method, uri):
        """The field that answers a challenge (RFC 7616 with MD5)."""
        field = "Proxy-Authenticate" if message.status == 407 else "WWW-Authenticate"
        challenge = next(v for v in message.all(field) if "MD5" in v or "algorithm" not in v)
        realm, nonce = (re.search(name + r'="([^"]*)"', challenge)[1] for name in ("realm", "nonce"))
        md5 = lambda text: hashlib.md5(text.encode()).hexdigest()
        ha1 = md5("%s:%s:%s" % (self.dn, realm, self.secret))
        response = md5("%s:%s:00000001:x:auth:%s" % (ha1, nonce, md5("%s:%s" % (method, uri))))
        return ('%s: Digest username="%s", realm="%s", nonce="%s", uri="%s", response="%s", algorithm=MD5, qop=auth, '
                'cnonce="x", nc=00000001' % (field.replace("WWW-", "").replace("enticate", "orization"), self.dn, realm, nonce, uri,
                                             response))

    def register(self, expires=300, expect=200):
        uri = "sip:%s:%d" % (self.tandem.host, self.tandem.sip)
        call = (self.token(), self.token())
        address = "sip:%s@127.0.0.1" % self.dn
        self.ask("REGISTER", uri, address, call, 1, more="Expires: %d" % expires)
        answer = self.final("REGISTER")
        if answer.status == 401:
            self.ask("REGISTER", uri, address, call, 2,
                     more="Expires: %d\r\n%s" % (expires, self.proof(answer, "REGISTER", uri)))
            answer = self.final("REGISTER")
        assert answer.status == expect, answer.first
        self.registered = expect == 200 and expires != 0
        return self

    def dial(self, number, offer=True):
        """Sends the INVITE and answers the challenge."""
        return Call(self, number, offer)

    # ---- as a server ----

    def reply(self, request, status, body="", tag="", more="", fields=None):
        head = ["SIP/2.0 %d Said" % status]
        for name, value in fields or request.fields:
            if name.lower() in ("via", "from", "to", "call-id", "cseq", "record-route"):
                extra = ";tag=" + tag if name.lower() == "to" and tag and "tag=" not in value else ""
                head.append("%s: %s%s" % (name, value, extra))
        if not more.startswith("Contact:"):
            head.append("Contact: <sip:%s@%s:%d>" % (self.dn, self.address, self.port))
        if more:
            head.append(more)
        if body:
            head.append("Content-Type: application/sdp")
        self.send_back("\r\n".join(head + ["Content-Length: %d" % len(body), "", body]), request)

    def take(self, seconds=5.0):
        """The next INVITE, answered with 180."""
        invite = self.request("INVITE", seconds)
        invite.own_tag = self.token()
        self.reply(invite, 180, tag=invite.own_tag)
        return invite

    def pick_up(self, invite):
        self.reply(invite, 200, self.sdp(), tag=invite.own_tag)
        return self.request("ACK")

    # ---- sound ----

    def talk(self, to, frequency, seconds=1.0):
        """Sends a tone and returns how strong that tone is in what comes back: 1 as sent, 0 not at all; and from
        where it came."""
        heard, origin = b"", None
        self.rtp.setblocking(False)
        begun = time.monotonic()
        for packet in range(int(seconds * 50)):
            tone = bytes(to_mulaw(8000 * math.sin(2 * math.pi * frequency * t / 8000))
                         for t in range(packet * 160, packet * 160 + 160))
            self.rtp.sendto(b"\x80\x00%s%s\x00\x00\x00\x07" % (packet.to_bytes(2, "big"),
                                                             (packet * 160).to_bytes(4, "big")) + tone, to)
            time.sleep(max(0, begun + packet * 0.02 - time.monotonic()))
            try:
                while True:
                    data, origin = self.rtp.recvfrom(2048)
                    heard += data[12:]
            except BlockingIOError:
                pass
        late = [from_mulaw(b) for b in heard[len(heard) // 2:]] or [0]
        turn = 2 * math.pi * frequency / 8000
        real = sum(s * math.cos(turn * t) for t, s in enumerate(late))
        imaginary = sum(s * math.sin(turn * t) for t, s in enumerate(late))
        return 2 * math.hypot(real, imaginary) / len(late) / 8000, origin


def to_mulaw(sample):
    """G.711."""
    sign, level = (0x80, -sample) if sample < 0 else (0, sample)
    level = min(int(level), 32635) + 132
    exponent = level.bit_length() - 8
    return ~(sign | exponent << 4 | level >> exponent + 3 & 15) & 0xff


def from_mulaw(byte):
    byte = ~byte & 0xff
    level = ((byte & 15) * 8 + 132 << (byte >> 4 & 7)) - 132
    return -level if byte & 0x80 else level


class Call:
    """The caller's side of one call."""

    def __init__(self, phone, number, offer=True):
        self.phone, self.cseq = phone, 1
        self.uri = "sip:%s@%s:%d" % (number, phone.tandem.host, phone.tandem.sip)
        self.id = (phone.token(), phone.token())
        self.body = phone.sdp() if offer else ""
        self.tag, self.target, self.routes = "", self.uri, []
        self.invite = phone.ask("INVITE", self.uri, self.uri, self.id, 1, self.body)
        try:
            challenge = phone.final("INVITE", 1)
        except AssertionError:
            phone.send(self.invite)  # timer A: a datagram may be lost, also because nobody listened for an instant
            challenge = phone.final("INVITE")
        self.ack(challenge)
        if challenge.status in (401, 407):
            self.cseq = 2
            self.invite = phone.ask("INVITE", self.uri, self.uri, self.id, 2, self.body,
                                    phone.proof(challenge, "INVITE", self.uri))
        else:
            self.refused = challenge.status

    def ack(self, answer, body=""):
        """For a refusal with the branch of the INVITE, else a new one (RFC 3261 17.1.1.3, 13.2.2.4)."""
        text = self.invite
        if answer.status < 300:
            self.tag = re.search(r"tag=([^;>\s]+)", answer["To"])[1]
            self.target = re.search(r"<([^>]+)>", answer["Contact"])[1]
            self.routes = answer.all("Record-Route")[::-1]
            return self.phone.ask("ACK", self.target, self.uri, self.id, self.cseq, body, tag=self.tag,
                                  routes=self.routes)
        via = re.search(r"Via: [^\r]*", text)[0]
        self.phone.send("ACK %s SIP/2.0\r\n%s\r\nMax-Forwards: 70\r\nFrom: <sip:%s@127.0.0.1>;tag=%s\r\nTo: %s\r\n"
                        "Call-ID: %s\r\nCSeq: %d ACK\r\nContent-Length: 0\r\n\r\n"
                        % (self.uri, via, self.phone.dn, self.id[1], answer["To"], self.id[0], self.cseq))
        return None

    def answered(self, seconds=5.0):
        """The 2xx, acknowledged."""
        answer = self.phone.final("INVITE", seconds)
        assert answer.status == 200, answer.first
        self.ack(answer)
        return answer

    def within(self, method, body=""):
        """A request in the dialog; its final answer."""
        self.cseq += 1
        self.invite = self.phone.ask(method, self.target, self.uri, self.id, self.cseq, body, tag=self.tag,
                                     routes=self.routes)
        answer = self.phone.final(method)
        if method == "INVITE":
            self.ack(answer)
        return answer

    def cancel(self):
        via = re.search(r"Via: [^\r]*", self.invite)[0]
        self.phone.send("CANCEL %s SIP/2.0\r\n%s\r\nMax-Forwards: 70\r\nFrom: <sip:%s@127.0.0.1>;tag=%s\r\n"
                        "To: <%s>\r\nCall-ID: %s\r\nCSeq: %d CANCEL\r\nContent-Length: 0\r\n\r\n"
                        % (self.uri, via, self.phone.dn, self.id[1], self.uri, self.id[0], self.cseq))
