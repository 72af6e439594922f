"""Start lines and headers that are not what they should be. SEC-5, SEC-7."""
from cases import CLOSED, SILENT, Case, message

BROKEN = 400, CLOSED  # a line that is none: a stream cannot be used behind it, nobody knows what its end is


def rows(about, part, table, method="OPTIONS", **others):
    """(text, udp[, tcp]): the text stands for the whole part."""
    for text, *expected in table:
        yield Case("%s %r" % (about, text), message(method, **{part: text}, **others), *expected)


# ---- start lines ----

START = (
    ("OPTIONS", SILENT), ("OPTIONS ", 400), ("OPTIONS sip:b@c", 400), ("OPTIONS sip:b@c ", 400),
    ("OPTIONS sip:b@c SIP/2.0 ", 400), ("OPTIONS sip:b@c SIP/2.0\t", 400), (" OPTIONS sip:b@c SIP/2.0", SILENT, CLOSED),
    ("OPTIONS  sip:b@c SIP/2.0", 400), ("OPTIONS sip:b@c  SIP/2.0", 400), ("OPTIONS\tsip:b@c SIP/2.0", SILENT),
    ("OPTIONS sip:b@c\tSIP/2.0", 400), ("OPTIONS sip:b@c SIP/2.0\r\n folded", *BROKEN), ("OPTIONS sip:b@c SIP/2.00", 505),
    ("OPTIONS sip:b@c SIP/1.0", 505), ("OPTIONS sip:b@c SIP/3.0", 505), ("OPTIONS sip:b@c SIP/2.1", 505),
    ("OPTIONS sip:b@c SIP/99999999999999999999.0", 505), ("OPTIONS sip:b@c SIP/2", 400), ("OPTIONS sip:b@c SIP/2.", 400),
    ("OPTIONS sip:b@c SIP/.0", 400), ("OPTIONS sip:b@c SIP/2.0.0", 400), ("OPTIONS sip:b@c SIP/-2.0", 400),
    ("OPTIONS sip:b@c SIPS/2.0", 400), ("OPTIONS sip:b@c HTTP/1.1", 400), ("OPTIONS sip:b@c SIP/2,0", 400),
    ("OPTIONS sip:b@c SIP/2.0;x", 400), ("options sip:b@c SIP/2.0", 400), ("OPTIONS, sip:b@c SIP/2.0", SILENT),
    ("(OPTIONS) sip:b@c SIP/2.0", SILENT, CLOSED), ("OPT\xc4ONS sip:b@c SIP/2.0", SILENT), ("OPT\x00IONS sip:b@c SIP/2.0", SILENT, CLOSED),
    ("OPTIONS sip:b\x00@c SIP/2.0", *BROKEN), ("OPTIONS sip:b@c\x00 SIP/2.0", *BROKEN), ("OPTIONS sip:b@c SIP/2.0\x00", *BROKEN),
    ("OPTIONS sip:b@c\rSIP/2.0", *BROKEN), ("OPTIONS sip:b@c\nSIP/2.0", *BROKEN), ("OPTIONS sip:b@c SIP/2.0\n", *BROKEN),
    ("OPTIONS sip:b@c SIP/2.0\r", *BROKEN), ("GET / HTTP/1.1", 400), ("GET http://example.com/ HTTP/1.0", 400),
    ("POST /cgi-bin/x SIP/2.0", 400), ("HELO example.com", 400), ("\x16\x03\x01\x02\x00\x01", SILENT, CLOSED),
    ("BYE sip:b@c SIP/2.0", 400), ("INVITE sip:b@c SIP/2.0", 400), ("ACK sip:b@c SIP/2.0", SILENT),
)
URIS = (
    ("sip:", 400), ("sip:@", 400), ("sip:@c", 400), ("sip:b@", 400), ("sip:b@c@d", 400), ("sip:b@@c", 400), (":b@c", 400),
    ("b@c", 400), ("sip", 400), ("sip;b@c", 400), ("sip:b@c:", 400), ("sip:b@c:0", 400), ("sip:b@c:65536", 400), ("sip:b@c:-1", 400),
    ("sip:b@c:5060x", 400), ("sip:b@c:99999999999999999999", 400), ("sip:b@c:50 60", 400), ("sip:b@[::1", 400), ("sip:b@::1", 400),
    ("sip:b@[::1]]", 400), ("sip:b@[]", 400), ("sip:b@[1.2.3.4]", 400), ("sip:b@[::1%25eth0]", 400), ("sip:b@[gggg::1]", 400),
    ("sip:b@[1:2:3:4:5:6:7:8:9]", 400), ("sip:b@1.2.3", 400), ("sip:b@1.2.3.4.5", 400), ("sip:b@256.1.1.1", 400), ("sip:b@1.2.3.4:", 400),
    ("sip:b@c..d", 400), ("sip:b@.c", 400), ("sip:b@c/d", 400), ("sip:b@c\\d", 400), ("sip:b@c%00", 400), ("sip:b@\xe4.de", 400),
    ("sip:b@c;", 400), ("sip:b@c;;lr", 400), ("sip:b@c;=x", 400), ("sip:b@c;a=1;a=2", 400), ("sip:b@c;A=1;a=2", 400), ("sip:b@c;a=%", 400),
    ("sip:b@c;a=%4", 400), ("sip:b@c;a=%zz", 400), ("sip:b@c;a=<", 400), ("sip:b@c;a=\"x\"", 400), ("sip:b@c?a=b", 400), ("sip:b@c?", 400),
    ("sip:b@c?Route=%3Csip:evil%3E", 400), ("sip:b%@c", 400), ("sip:b%4@c", 400), ("sip:b%zz@c", 400), ("sip:b c@d", 400), ("sip:b<c@d", 400),
    ("sip:b\"c@d", 400), ("sip:b\\c@d", 400), ("sip:b^c@d", 400), ("sip:b`c@d", 400), ("sip:b{c}@d", 400), ("sip:b|c@d", 400),
    ("sip:\x80@c", 400), ("sip:b:p:q@c", 400), ("<sip:b@c>", 400), ("\"b\" <sip:b@c>", 400), ("sip:b@c,sip:d@e", 400),
    ("tel:", 400), ("tel:+", 400), ("tel:x", 400), ("tel:+1;phone-context", 200), ("tel:1'or'1", 400), ("tel:+1 2", 400),
    ("sips:b@c", 200), ("SIP:b@c", 200), ("sip:c", 200), ("sip:1.2.3.4", 200), ("sip:*21#@c", 200), ("sip:b%00@c", 200),
    ("http://example.com/", 416), ("javascript:alert(1)", 416), ("file:///etc/passwd", 416), ("mailto:b@c", 416), ("urn:service:sos", 416),
)


def start_lines():
    yield from rows("start", "start", START)
    for text, *expected in URIS:
        yield Case("request uri %r" % text, message(start="OPTIONS %s SIP/2.0" % text), *expected)


# ---- Via ----

VIAS = (
    (None, SILENT), ("Via:", SILENT), ("Via: ", SILENT), ("Via: ,", SILENT), ("Via: SIP", SILENT), ("Via: SIP/2.0", SILENT),
    ("Via: SIP/2.0/UDP", SILENT), ("Via: SIP/2.0/UDP ", SILENT), ("Via: SIP/2.0/ a", SILENT), ("Via: SIP//UDP a", SILENT),
    ("Via: /2.0/UDP a", SILENT), ("Via: SIP/2.0/UDP;branch=z9hG4bKx", SILENT), ("Via: SIP/2.0/UDP ;branch=z9hG4bKx", SILENT),
    ("Via: SIP/2.0/UDP a:0", SILENT), ("Via: SIP/2.0/UDP a:65536", SILENT), ("Via: SIP/2.0/UDP a:-1", SILENT), ("Via: SIP/2.0/UDP a:", SILENT),
    ("Via: SIP/2.0/UDP a:5060:5060", 400), ("Via: SIP/2.0/UDP [::1", SILENT), ("Via: SIP/2.0/UDP ::1", SILENT), ("Via: SIP/2.0/UDP [::g]", SILENT),
    ("Via: SIP/2.0/UDP 1.2.3.4.5", SILENT), ("Via: SIP/2.0/UDP 999.1.1.1", SILENT), ("Via: SIP/2.0/UDP a..b", SILENT), ("Via: SIP/2.0/UDP <a>", SILENT),
    ("Via: SIP/2.0/UDP \"a\"", SILENT), ("Via: SIP/2.0/UDP sip:a@b", SILENT), ("Via: SIP/2.0/UDP a b", 400), ("Via: SIP/2.0/UDP a;", 400),
    ("Via: SIP/2.0/UDP a;;", 400), ("Via: SIP/2.0/UDP a;=", 400), ("Via: SIP/2.0/UDP a;branch", 400), ("Via: SIP/2.0/UDP a;branch=", 400),
    ("Via: SIP/2.0/UDP a;branch=z9hG4bK\"x\"", 400), ("Via: SIP/2.0/UDP a;branch=\"z9hG4bKx\"", 400), ("Via: SIP/2.0/UDP a;branch=a@b", 400),
    ("Via: SIP/2.0/UDP a;branch=z9hG4bKx;branch=z9hG4bKx", 400), ("Via: SIP/2.0/UDP a;branch=z9hG4bKx;BRANCH=z9hG4bKy", 400),
    ("Via: SIP/2.0/UDP a;rport=0", 400), ("Via: SIP/2.0/UDP a;rport=65536", 400), ("Via: SIP/2.0/UDP a;rport=x", 400), ("Via: SIP/2.0/UDP a;rport=-1", 400),
    ("Via: SIP/2.0/UDP a;rport;rport", 400), ("Via: SIP/2.0/UDP a;received=", 400), ("Via: SIP/2.0/UDP a;received=1.1.1.1;received=2.2.2.2", 400),
    ("Via: SIP/2.0/UDP a;received=\"<x>\"", 400), ("Via: SIP/2.0/UDP a;received=a/b", 400), ("Via: SIP/2.0/UDP a;x=\"", 400),
    ("Via: SIP/2.0/UDP a;x=\"\\\"", 400), ("Via\x00: SIP/2.0/UDP a", SILENT, CLOSED), ("Vi a: SIP/2.0/UDP a", SILENT, CLOSED),
    ("Via: SIP/2.0/UDP a\x00;branch=z9hG4bKx", SILENT, CLOSED), ("Via: SIP/2.0/UDP a;branch=z9hG4bKx\x00", SILENT, CLOSED),
    ("Via: SIP/2.0/UDP a\rb", SILENT, CLOSED), ("Via: SIP/2.0/UDP a\nVia: SIP/2.0/UDP b", SILENT, CLOSED),
    ("Via = SIP/2.0/UDP a;branch=z9hG4bKx", SILENT, CLOSED),
    ("Via: SIP/2.0/UDP a;received=6.6.6.6;branch=z9hG4bK-lie1", 200), ("Via: SIP/2.0/UDP a;rport=7;branch=z9hG4bK-lie2", 200),
    ("Via: SIP/2.0/UDP 255.255.255.255;branch=z9hG4bK-lie3", 200), ("Via: SIP/2.0/UDP 0.0.0.0:1;branch=z9hG4bK-lie4", 200),
    ("Via: SIP/2.0/UDP 127.0.0.1:22;branch=z9hG4bK-lie5", 200), ("Via: SIP/2.0/UDP a;maddr=255.255.255.255;ttl=1;branch=z9hG4bK-lie6", 200),
    ("v :SIP / 2.0 / UDP\ta ;branch= z9hG4bK-lie7", 200), ("VIA\t: SIP/2.0/UDP a;branch=z9hG4bK-lie8", 200),
    ("Via:\r\n SIP/2.0/UDP\r\n\ta;branch=z9hG4bK-lie9", 200), ("Via: SIP/2.0/UDP a", 200), ("Via: SIP/2.0/UDP a;branch=z9hG4bK", 200),
    ("Via: SIP/2.0/UDP a;branch=z9hG4bK-lie10,", 200), ("Via: SIP/2.0/UDP a;branch=z9hG4bK-lie11\r\nVia: nonsense", 200),
)


# ---- From, To ----

ADDRESSES = (
    ("", 400), (" ", 400), (" *", 400), (" ,", 400), (" <", 400), (" >", 400), (" <>", 400), (" <sip:>", 200), (" sip:", 400),
    (" <sip:a@b", 400), (" sip:a@b>", 400), (" < sip:a@b>", 400), (" <sip:a@b >", 400), (" <<sip:a@b>>", 400), (" <sip:a@b>x", 400),
    (" \"a <sip:a@b>", 400), (" \"a\\\" <sip:a@b>", 400), (" \"a\" \"b\" <sip:a@b>", 400), (" \"a\"b <sip:a@b>", 400), (" a\" <sip:a@b>", 400),
    (" a, b <sip:a@b>", 400), (" a@b <sip:a@b>", 400), (" a <sip:a@b>, <sip:c@d>", 400), (" sip:a@b, sip:c@d", 400), (" sip:a@b?x=y", 400),
    (" <sip:a@b>;", 400), (" <sip:a@b>;;x", 400), (" <sip:a@b>;=x", 400), (" <sip:a@b>;x=\"y", 400), (" <sip:a@b>;x=\"\\\"", 400),
    (" <sip:a@b>;tag", 400), (" <sip:a@b>;tag=", 400), (" <sip:a@b>;tag=\"x\"", 400), (" <sip:a@b>;tag=x y", 400), (" <sip:a@b>;tag=x@y", 400),
    (" <sip:a@b>;tag=x;tag=y", 400), (" <sip:a@b>;tag=x;TAG=x", 400), (" <sip:a@b>;tag=\xe4", 400), (" <sip:a@b>;tag=<x>", 400),
    (" <sip:a\x00@b>", *BROKEN), (" \"\x00\" <sip:a@b>", *BROKEN), (" \"\x07\" <sip:a@b>", *BROKEN), (" \"\x7f\" <sip:a@b>", *BROKEN),
    (" <sip:a@b>\rEvil: x", *BROKEN), (" <sip:a@b>\nEvil: x", *BROKEN), (" <sip:a@b>\n\nEvil", *BROKEN),
    (" a b c", 400), (" a", 400), (" sip", 400), (" :", 400),
)


def addresses():
    for name in "From", "To":
        part = "from_" if name == "From" else "to"
        yield from rows(name.lower(), part, (("%s:%s" % (name, text), *expected) for text, *expected in ADDRESSES if text != " <sip:>"))
    twins = ("From", "f", "FROM", "fRoM", "From ", "f\t", "From\r\n "), ("To", "t", "TO", "tO", "To ", "t\t", "To\r\n ")
    for names, part, first in zip(twins, ("from_", "to"), ("From: <sip:a@b>;tag=x", "To: <sip:b@c>")):
        yield from rows("twin", part, (("%s\r\n%s: <sip:evil@example.com>;tag=y" % (first, n), *(BROKEN if "\n" in n else (400,)))
                                       for n in names))
        yield from rows("absent", part, ((None, 400),))
    yield from rows("to", "to", (("To: <sip:b@c>;tag=x", 481), ("To: \"\\\x01\" <sip:b@c>", 200), ("To: \"\xff\xfe\" <sip:b@c>", 200),
                                 ("To: \xe4\xf6 <sip:b@c>", 200), ("To: isbn:1", 200), ("To: <x:y>", 200)))


# ---- Call-ID, CSeq, numbers ----

def identities():
    yield from rows("call id", "call_id", (
        (None, 400), ("Call-ID:", 400), ("Call-ID: ", 400), ("Call-ID: a b", 400), ("Call-ID: a\r\n b", 400), ("Call-ID: a,b", 400),
        ("Call-ID: a;b", 400), ("Call-ID: \xe4", 400), ("Call-ID: a\x00", *BROKEN), ("Call-ID: a\rb", *BROKEN), ("Call-ID: a\nb", *BROKEN),
        ("Call-ID: a\x1b[2J", *BROKEN), ("Call-ID: twin1\r\nCall-ID: twin1", 400), ("Call-ID: twin1\r\ni: twin2", 400),
        ("i: twin3\r\ncall-id : twin3", 400), ("Call-ID : spaced", 200), ("CALL-id:\r\n folded", 200), ("Call-ID: ';DROP", 400),
        ("Call-ID: $(reboot)`x`|&", 200), ("Call-ID: ../../etc/passwd", 200), ("Call-ID: %s%n%s%n", 200)))
    yield from rows("cseq", "cseq", (
        (None, 400), ("CSeq:", 400), ("CSeq: ", 400), ("CSeq: 1", 400), ("CSeq: 1 ", 400), ("CSeq: OPTIONS", 400), ("CSeq: OPTIONS 1", 400),
        ("CSeq: 1OPTIONS", 400), ("CSeq: 1,OPTIONS", 400), ("CSeq: -1 OPTIONS", 400), ("CSeq: +1 OPTIONS", 400), ("CSeq: 0x1 OPTIONS", 400),
        ("CSeq: 1.0 OPTIONS", 400), ("CSeq: 1e3 OPTIONS", 400), ("CSeq: 2147483648 OPTIONS", 400), ("CSeq: 4294967295 OPTIONS", 400),
        ("CSeq: 4294967296 OPTIONS", 400), ("CSeq: 4294967297 OPTIONS", 400), ("CSeq: 9223372036854775808 OPTIONS", 400),
        ("CSeq: 18446744073709551616 OPTIONS", 400), ("CSeq: 18446744073709551617 OPTIONS", 400), ("CSeq: %s OPTIONS" % ("9" * 1000), 400),
        ("CSeq: 1 options", 400), ("CSeq: 1 INVITE", 400), ("CSeq: 1 OPTIONSX", 400), ("CSeq: 1 OPTIONS x", 400), ("CSeq: 1 OPTIONS,", 400),
        ("CSeq: 1 \"OPTIONS\"", 400), ("CSeq: 1 OPTIONS\x00", *BROKEN), ("CSeq: 1\x00 OPTIONS", *BROKEN), ("CSeq: 1 OPTIONS\r\nCSeq: 2 OPTIONS", 400),
        ("CSeq: 1 OPTIONS\r\ncseq : 1 OPTIONS", 400), ("CSeq: \xb2 OPTIONS", 400), ("CSeq: 2147483647 OPTIONS", 200), ("CSeq: 0 OPTIONS", 200),
        ("cSEQ\t:\r\n 0000000000000000000000001\r\n\tOPTIONS", 200)))
    yield from rows("max forwards", "max_forwards", (
        ("Max-Forwards:", 400), ("Max-Forwards: x", 400), ("Max-Forwards: -1", 400), ("Max-Forwards: +1", 400), ("Max-Forwards: 256", 400),
        ("Max-Forwards: 65536", 400), ("Max-Forwards: 4294967366", 400), ("Max-Forwards: 18446744073709551686", 400), ("Max-Forwards: %s" % ("9" * 500), 400),
        ("Max-Forwards: 7 0", 400), ("Max-Forwards: 70,70", 400), ("Max-Forwards: 70\r\nMax-Forwards: 70", 400), ("Max-Forwards: 70\r\nmax-forwards : 1", 400),
        ("Max-Forwards: 0x46", 400), ("Max-Forwards: 7\x000", *BROKEN), ("Max-Forwards: 0", 483), ("Max-Forwards: 000000000000000", 483),
        ("Max-Forwards: 255", 200), ("Max-Forwards: 00000000000000000000000000000070", 200), (None, 200)))


# ---- other headers ----

def other_lines():
    yield from rows("line", "more", (
        ("no colon", *BROKEN), (":", *BROKEN), (": x", *BROKEN), ("na me: x", *BROKEN), ("n@me: x", *BROKEN), ("n(a): x", *BROKEN), ("\"n\": x", *BROKEN),
        ("X-\xc3\xa4: y", *BROKEN), ("X\x00: y", *BROKEN), ("X: a\nRoute: <sip:evil>", *BROKEN), ("X: a\rRoute: <sip:evil>", *BROKEN),
        ("X: a\r\r\nRoute: <sip:evil>", *BROKEN), ("X: a\n\r\nRoute: <sip:evil>", *BROKEN), ("X: \"\\\n\"", *BROKEN), ("X: \"\\\r\"", *BROKEN),
        ("X: \"a\nRoute: <sip:evil>\"", *BROKEN), ("X:", 200), ("X: ", 200), ("X: \r\n \r\n\t", 200), ("X: a\tb \xc3\xa4\xff", 200), ("X:::", 200),
        ("X: ;;,,;;,;", 200), ("X: %n%n%s%x", 200), ("X: ${jndi:ldap://example.com/a}", 200), ("X: <script>alert(1)</script>", 200),
        ("Route: <sip:example.com;lr>", 200), ("Route: <>", 200), ("Route: nonsense", 200), ("Route: <sip:%s;lr>" % ("r" * 3000), 200),
        ("Contact: *", 200), ("Contact: <sip:a@b>;;;", 200), ("Expires: 99999999999999999999", 200), ("Expires: -1", 200),
        ("Proxy-Require: x", 420), ("proxy-REQUIRE\t: x, y", 420), ("Proxy-Require:\r\n x", 420), ("Proxy-Require: ,,,", 200),
        ("Date: Thu, 99 Foo 9999 99:99:99 ZZZ", 200), ("Timestamp: 99999999999999999999.9", 200), ("Accept: " + ",".join(["a/b;q=0.1"] * 500), 200),
        ("Content-Type: a/b/c", 200), ("Content-Encoding: x-compressed-bomb", 200), ("User-Agent: '\"; rm -rf ~", 200), ("Subject: =?utf-8?Q?=00?=", 200)))
    for byte in range(32):
        if byte not in (9, 10, 13):
            yield Case("control %02x in a value" % byte, message(more="X: a" + chr(byte) + "b"), *BROKEN)
            yield Case("control %02x in a name" % byte, message(more="X" + chr(byte) + "Y: b"), *BROKEN)


def methods():
    for method in "BYE", "PRACK", "UPDATE", "INFO", "NOTIFY", "REFER":
        yield Case("%s without a dialog" % method, message(method, to="To: <sip:b@example.com>;tag=none"), 481)
    for method in "MESSAGE", "SUBSCRIBE", "PUBLISH", "NONSENSE", "-", "!", "options", "Invite", "INVITE1", "%49NVITE":
        yield Case("%s is not for everybody" % method, message(method), 405)
    yield Case("CANCEL of nothing", message("CANCEL"), 481)
    yield Case("ACK of nothing", message("ACK", to="To: <sip:b@example.com>;tag=none"), SILENT, bad=False)
    for method in "INVITE", "REGISTER":
        status = 401 if method == "REGISTER" else 407
        yield Case("%s of a stranger" % method, message(method, more="Contact: <sip:a@192.0.2.1>"), status)
        for header in "P-Asserted-Identity", "p-asserted-IDENTITY ", "P-Asserted-Identity\t", "P-Preferred-Identity", "Remote-Party-ID":
            yield Case("%s with %s" % (method, header), message(method, more="%s: <sip:1001@example.com>" % header), status)


GROUPS = (("start lines", start_lines), ("Via", lambda: rows("via", "via", VIAS)), ("From and To", addresses),
          ("Call-ID, CSeq, Max-Forwards", identities), ("other headers", other_lines), ("methods", methods))
