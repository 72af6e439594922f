"""Credentials, mutated: whatever they say, a stranger gets a challenge and nothing else. SEC-5, SEC-7."""
from cases import Case, message

GOOD = {"username": '"1001"', "realm": '"home"', "nonce": '"n"', "uri": '"sip:example.com"', "response": '"%s"' % ("0" * 32),
        "algorithm": "MD5", "qop": "auth", "cnonce": '"c"', "nc": "00000001"}
HEX = "0123456789abcdef" * 4
VALUES = {
    "username": ('""', '"', '"1001', "1001", '"10\\"01"', "\"1001' OR '1'='1\"", '"1001; DROP TABLE dns"', '"$(id)"', '"`id`"', '"../1001"', '"%00"',
                 '"1001\\', '"\xff\xfe"', '"%s"' % ("u" * 20000), "1001, username=1002"),
    "realm": ('""', '"other"', '"HOME"', "home", '"home\\"', '"%s"' % ("r" * 20000), '"home", realm="other"', '"ho\\me"'),
    "nonce": ('""', "n", '"%s"' % HEX, '"%s"' % ("0" * 64), '"%s"' % ("f" * 64), '"%s"' % ("F" * 64), '"-%s"' % HEX[1:], '"%s"' % ("n" * 20000),
              '"7fffffffffffffff%s"' % HEX[:48], '"8000000000000000%s"' % HEX[:48], '"n", nonce="m"'),
    "uri": ('""', "x", '"*"', '"sip:evil"', '"%s"' % ("u" * 20000), '"sip:a", uri="sip:b"'),
    "response": ('""', "0", '"%s"' % ("0" * 31), '"%s"' % ("0" * 33), '"%s"' % ("0" * 64), '"%s"' % ("0" * 20000), '"\\0"', '"a", response="b"'),
    "algorithm": ("", '""', "MD4", "md5", "MD5-sess", "SHA-256", "SHA-256-sess", "SHA-512-256", "SHA-512-256-sess", "NONE", "MD5, algorithm=SHA-256",
                  "token1-" + "x" * 5000),
    "qop": ("", '""', '"auth"', "auth-int", '"auth,auth-int"', "AUTH", "none", "auth, qop=auth-int"),
    "nc": ("", "0", "1", "00000000", "0000000g", "-0000001", "ffffffff", "100000000", "000000001", '"00000001"', "00000001, nc=00000002"),
    "cnonce": ("", '""', "c", '"%s"' % ("c" * 20000), '"\xff"', '"c", cnonce="d"'),
}
WHOLE = ("", " ", "Digest", "Digest ", "Digest ,", "Digest =", "Digest a", "Digest a=", "Digest =b", "Digest a=b", "Digest \"", "Digest a=\"", "Digest a=\"\\",
         "Basic MTAwMTpzZWNyZXQ=", "Bearer x", "NTLM x", "Negotiate x", "AKAv1-MD5 x", "digest", "DIGEST " + "a=b," * 10000, "Digest " + "," * 20000,
         "Digest " + "a=\"" * 5000, "Digest username=\"1001\" realm=\"home\"", "Digest username=\"1001\",,realm=\"home\"", "Digest;username=\"1001\"",
         "Digest\tusername=\"1001\", realm=\"home\"", "x" * 30000)


def value(**changes):
    return "Digest " + ", ".join("%s=%s" % pair for pair in {**GOOD, **changes}.items())


def digests():
    for method, header, status in ("REGISTER", "Authorization", 401), ("INVITE", "Proxy-Authorization", 407):
        for name, values in VALUES.items():
            for text in values:
                yield Case("%s with %s=%s" % (method, name, text[:20]), message(method, more="%s: %s" % (header, value(**{name: text}))), status)
            left = {k: v for k, v in GOOD.items() if k != name}
            yield Case("%s without %s" % (method, name), message(method, more="%s: Digest %s" % (
                header, ", ".join("%s=%s" % pair for pair in left.items()))), status)
        for text in WHOLE:
            yield Case("%s with credentials %r" % (method, text[:30]), message(method, more="%s: %s" % (header, text)), status)
        for count in 2, 20, 200:
            yield Case("%s with %d times credentials" % (method, count), message(method, more="\r\n".join(
                "%s: %s" % (header, value(nonce='"%d"' % i)) for i in range(count))), status)
        # for others than us
        other = "Proxy-Authorization" if header == "Authorization" else "Authorization"
        yield Case("%s with %s" % (method, other), message(method, more="%s: %s" % (other, value())), status)


USERS = ("1001%27%20OR%201=1--", "1001%3BDROP%20TABLE%20dns", "1001%0d%0aEvil:%20x", "1001%0aEvil", "1001%00", "%00", "$(reboot)", "%60reboot%60", "1001&&id",
         "1001%7Cid", "..%2F..%2Fetc%2Fpasswd", "%25s%25n", "%FF%FE", "%C3%28", "%EF%BF%BF", "1001;x=y", "1001%40example.com", "1001%2Cother", "(select*)", "'",
         "%22", "%3Cscript%3E", "$%7Bjndi%3Aldap%3Ax%7D", "1" * 1000, "0", "-1", "+", "*", "*21#", "%31%30%30%31", "1001/..", "1001?x")


def users():
    """User parts that carry SQL, CR/LF or shell characters: in From, To and the request URI."""
    for user in USERS:
        for method, status in ("REGISTER", 401), ("INVITE", 407):
            yield Case("%s by %s" % (method, user[:30]), message(
                method, start="%s sip:%s@example.com SIP/2.0" % (method, user if method == "INVITE" else "x"),
                from_="From: <sip:%s@example.com>;tag=u" % user, to="To: <sip:%s@example.com>" % user,
                more="Contact: <sip:%s@192.0.2.1>" % user), status)


GROUPS = ("credentials", digests), ("users", users)
