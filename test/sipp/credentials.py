"""Digests that a scene wants otherwise than right: `[digest method=REGISTER nc=1 algorithm=SHA-256 ...]` (RFC 7616).

Without words it is what a phone would answer. `nonce=WORD`: the same word is the same nonce. What stands in a scene is
known before sipp runs, since a nonce is good for whoever asks with it.
"""
import hashlib
import re
import socket

HASHES = {"MD5": hashlib.md5, "SHA-256": hashlib.sha256}


class Credentials:
    def __init__(self, tandem, names):
        self.tandem, self.names, self.nonces = tandem, names, {}

    def fill(self, text):
        """The text with its digests; what stands in brackets in their words is known (`names`)."""
        known = lambda words: re.sub(r"\[(\w+)\]", lambda m: self.names[m[1]], words)
        return re.sub(r"\[digest ((?:[^\[\]]|\[\w+\])*)\]",
                      lambda m: self.field(dict(w.split("=", 1) for w in known(m[1]).split())), text)

    def fresh(self):
        """A nonce and its realm: what a request without credentials is answered with."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.bind((self.names["ip"], 0))
            s.settimeout(5)
            for n in range(3):
                s.sendto(("REGISTER sip:%s SIP/2.0\r\nVia: SIP/2.0/UDP %s:%d;branch=z9hG4bK-n-%s-%d;rport\r\nMax-Forwards: 70\r\n"
                          "From: <sip:n@h>;tag=n\r\nTo: <sip:n@h>\r\nCall-ID: n-%s-%d\r\nCSeq: 1 REGISTER\r\nContent-Length: 0\r\n\r\n"
                          % (self.names["domain"], *s.getsockname(), self.names["tag"], len(self.nonces), self.names["tag"],
                             len(self.nonces))).encode(), (self.tandem.host, self.tandem.sip))
                try:
                    answer = s.recv(65536).decode()
                except socket.timeout:
                    continue
                return tuple(re.search(r'%s="([^"]*)"' % name, answer)[1] for name in ("nonce", "realm"))
        raise AssertionError("no challenge")

    def field(self, said):
        key = said.get("nonce", "")
        if key not in self.nonces:
            self.nonces[key] = self.fresh()
        nonce, realm = self.nonces[key]
        nonce = said.get("foreign", nonce)
        method, name = said.get("method", "REGISTER"), said.get("algorithm", "MD5")
        user, realm = said.get("user", self.names["user"]), said.get("realm", realm)
        uri, qop, count = said.get("uri", "sip:" + self.names["domain"]), said.get("qop", "auth"), int(said.get("nc", "1"))
        digest = lambda text: HASHES[name](text.encode()).hexdigest()
        ha1 = digest("%s:%s:%s" % (user, realm, said.get("secret", self.names["secret"])))
        ha2 = "%s:%s" % (method, uri)
        if qop == "auth-int":
            ha2 += ":" + digest(said.get("body", ""))
        middle = "%08x:c:%s:" % (count, qop) if qop != "none" else ""
        field = "%s: Digest username=\"%s\", realm=\"%s\", nonce=\"%s\", uri=\"%s\", response=\"%s\", algorithm=%s" % (
            "Authorization" if method == "REGISTER" else "Proxy-Authorization", user, realm, nonce, uri,
            digest("%s:%s:%s%s" % (ha1, nonce, middle, digest(ha2))), name)
        return field + (', qop=%s, nc=%08x, cnonce="c"' % (qop, count) if middle else "")
