"""Lengths that lie, messages that stop, answers that nobody asked for. SEC-5, SEC-7."""
from cases import CLOSED, SILENT, WAITS, Case, message

BODY = "0123456789"
# What stands behind the colon: over UDP, over TCP. The body has ten bytes.
LENGTHS = (
    ("11", 400, WAITS), ("9999", 400, WAITS), ("65000", 400, WAITS), ("65536", 400, CLOSED), ("2147483647", 400, CLOSED),
    ("2147483648", 400, CLOSED), ("4294967295", 400, CLOSED), ("4294967296", 400, CLOSED), ("4294967306", 400, CLOSED),
    ("9223372036854775807", 400, CLOSED), ("9223372036854775808", 400, CLOSED), ("18446744073709551615", 400, CLOSED),
    ("18446744073709551616", 400, CLOSED), ("18446744073709551626", 400, CLOSED), ("1" + "0" * 300, 400, CLOSED), ("-1", 400, CLOSED),
    ("-0", 400, CLOSED), ("+10", 400, CLOSED), ("0x0a", 400, CLOSED), ("10.0", 400, CLOSED), ("1e1", 400, CLOSED), ("", 400, CLOSED),
    (" ", 400, CLOSED), ("\t", 400, CLOSED), ("ten", 400, CLOSED), ("10, 10", 400, CLOSED), ("10;x", 400, CLOSED), ("1 0", 400, CLOSED),
    ("\"10\"", 400, CLOSED), ("(10)", 400, CLOSED), ("10\x00", 400, CLOSED), ("\xb9\xb0", 400, CLOSED), ("1\r\n 0", 400, CLOSED),
    ("10\r\nContent-Length: 10", 400, CLOSED), ("10\r\nContent-Length: 0", 400, CLOSED), ("0\r\nContent-Length: 10", 400, CLOSED),
    ("10\r\nl: 10", 400, CLOSED), ("10\r\nL : 0", 400, CLOSED), ("10\r\ncontent-LENGTH\t: 0", 400, CLOSED),
    ("10", 200, 200), ("0000000000000000000000000000000010", 200, 200), ("\r\n 10", 200, 200), ("10 \t", 200, 200))


def lengths():
    for name in "Content-Length", "l", "CONTENT-length ", "L\t":
        for text, udp, tcp in LENGTHS:
            yield Case("%s: %r" % (name, text), message(length="%s: %s" % (name, text), body=BODY), udp, tcp)
    # Less than there is: a datagram's rest is dropped; on a stream it is the beginning of something else.
    yield Case("length 0 before a body", message(length="Content-Length: 0", body=BODY), 200, 200, bad=(False, True))
    yield Case("no length and a body", message(length=None, body=BODY), 200, CLOSED)
    yield Case("no length and no body", message(length=None), 200, CLOSED)
    for name in "Content-Length\r\n ", "Content Length", "Content-Length\x00", "Content_Length", "Content-Lengt", "X-Content-Length":
        broken = name[7:8] in " " or "\r" in name or "\x00" in name
        yield Case("length as %r" % name, message(length=name + ": 10", body=BODY), 400 if broken else 200, CLOSED)


def pieces():
    """A message that ends too early: at each line, and within its end."""
    whole = message()
    lines = whole.split(b"\r\n")
    for count in range(1, len(lines) - 1):
        text = b"\r\n".join(lines[:count])
        yield Case("cut after %d lines" % count, text + b"\r\n", 400 if count > 1 else SILENT, WAITS, bad=True)
        yield Case("cut within line %d" % count, text[:-3], SILENT if count < 3 else 400, WAITS, bad=True)
    for end in "", "\r", "\n", "\r\r", "\n\n", " ", "\t", "x", ":":
        yield Case("end %r" % end, whole[:-2] + end.encode(), 400, WAITS, bad=True)
    for lead in "\r\n", "\r\n\r\n", "\r\n\r\n\r\n":
        yield Case("begins with %r" % lead, lead.encode() + message(), 200)
    for lead in "\n", "\r", "\n\n", " ", "\t", "\x00", "\x00\x00\x00\x00", "\xef\xbb\xbf", "\xff\xfe", "\r\n ":
        yield Case("begins with %r" % lead, lead.encode("latin-1") + message(), SILENT, CLOSED)
    yield Case("ends of lines without CR", message().replace(b"\r\n", b"\n"), SILENT, None)
    yield Case("ends of lines without LF", message().replace(b"\r\n", b"\r"), SILENT, None)
    for junk in b"abcd", b"\x00" * 40, b"\xff" * 1000, b"\x80\x00" + b"\x55" * 170, b"\x00\x01\x00\x09\x21\x12\xa4\x42" + b"x" * 12, b"{\"a\": 1}", b"SIP/2.0":
        yield Case("junk %r" % junk[:8], junk, SILENT, None, bad=None)
    yield Case("two requests in a datagram", message() + message(), 200)


STATUS_LINES = ("SIP/2.0 200 OK", "SIP/2.0 100 Trying", "SIP/2.0 180 Ringing", "SIP/2.0 407 x", "SIP/2.0 503 x", "SIP/2.0 699 ", "sip/2.0 200 OK",
                "SIP/2.0 200 \xff\xfe", "SIP/2.0 200 " + "r" * 5000)
BAD_STATUS_LINES = ("SIP/2.0 099 x", "SIP/2.0 700 x", "SIP/2.0 000 x", "SIP/2.0 2000 x", "SIP/2.0 20 x", "SIP/2.0 2 x", "SIP/2.0 -20 x", "SIP/2.0 +20 x",
                    "SIP/2.0 2x0 x", "SIP/2.0  200 x", "SIP/2.0 200", "SIP/2.0 ", "SIP/2.0", "SIP/3.0 200 OK", "SIP/2.0\t200 OK", "SIP/2.0 4294967496 x")


def responses():
    for line in STATUS_LINES:
        yield Case("nobody asked for %r" % line[:20], message(start=line), SILENT, bad=False)
    for line in BAD_STATUS_LINES:
        yield Case("a response %r" % line, message(start=line), SILENT)
    for via in (None, "Via: ", "Via: SIP/2.0/UDP a;branch=", "Via: SIP/2.0/UDP @HERE@;branch=z9hG4bK1;rport=x"):
        yield Case("a response with %r" % via, message(start="SIP/2.0 200 OK", via=via), SILENT)
    for second in "255.255.255.255", "127.0.0.1:22", "0.0.0.0", "[::]", "node-1.pair", "proxy-1.proxy", "example.com":
        yield Case("a response to be passed on to %s" % second,
                   message(start="SIP/2.0 200 OK", via="Via: SIP/2.0/UDP 192.0.2.9;branch=z9hG4bKq\r\nVia: SIP/2.0/UDP %s;branch=z9hG4bKr" % second),
                   SILENT, bad=False)


GROUPS = ("Content-Length", lengths), ("pieces", pieces), ("responses", responses)
