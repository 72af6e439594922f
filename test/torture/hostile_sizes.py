"""Enormous everything. SEC-5, SEC-7: each has its bound, and what is beyond it is refused."""
from cases import CLOSED, Case, message

MANY = "".join("X-%d: y\r\n" % i for i in range(240))[:-2]


def sizes():
    yield Case("240 headers more", message(more=MANY), 200)
    yield Case("300 headers more", message(more=MANY + MANY.replace("X-", "\r\nY-", 1)), 400)
    yield Case("10000 empty headers", message(more="\r\n".join(["X:"] * 10000)), 400)
    yield Case("200 Vias more", message(more="\r\n".join("Via: SIP/2.0/UDP h%d;branch=z9hG4bK%d" % (i, i) for i in range(200))), 200)
    yield Case("3000 Vias in a line", message(more="Via: " + ",".join(["SIP/2.0/UDP h"] * 3000)), 200)
    yield Case("a Via of 50000 bytes", message(via="Via: SIP/2.0/UDP a;branch=z9hG4bK" + "b" * 50000), (200, 400, 513), None)
    yield Case("a value of 60000 bytes", message(more="X: " + "y" * 60000), 200)
    yield Case("a name of 60000 bytes", message(more="X" * 60000 + ": y"), 200)
    yield Case("60000 escapes", message(more="X: \"" + "\\\"" * 25000), 200)
    yield Case("10000 folds", message(more="X: y" + "\r\n y" * 10000), 200)
    yield Case("20000 commas", message(more="Contact: " + "," * 20000), 200)
    yield Case("a start line of 60000 bytes", message(start="OPTIONS " + "x" * 60000), 400)
    yield Case("a method of 60000 bytes", message("M" * 30000), 405)
    for length, status in (4000, 200), (5000, 414), (20000, 414), (60000, 414):
        yield Case("a uri of %d bytes" % length, message(start="OPTIONS sip:%s@c SIP/2.0" % ("u" * length)), status)
    yield Case("a host of 300 bytes", message(start="OPTIONS sip:%s SIP/2.0" % ("h" * 300)), 400)
    for count, status in (31, 200), (32, 400), (900, 400):
        uri = "sip:b@c" + "".join(";p%d" % i for i in range(count))
        yield Case("%d parameters of the uri" % count, message(start="OPTIONS %s SIP/2.0" % uri), status if len(uri) < 4096 else 414)
    for name, part in ("From", "from_"), ("To", "to"):
        yield Case("%s with 5000 parameters" % name, message(**{part: "%s: <sip:a@b>%s" % (name, ";p=q" * 5000)}), 200)
        yield Case("%s with a name of 50000 bytes" % name, message(**{part: "%s: \"%s\" <sip:a@b>" % (name, "n" * 50000)}), 200)
        yield Case("%s with a uri of 50000 bytes" % name, message(**{part: "%s: <sip:%s@b>" % (name, "u" * 50000)}), 200)
        yield Case("%s with a tag of 20000 bytes" % name, message(**{part: "%s: <sip:a@b>;tag=%s" % (name, "t" * 20000)}),
                   200 if name == "From" else 481)
        yield Case("%s with 20000 quotes" % name, message(**{part: "%s: %s <sip:a@b>" % (name, "\"" * 20000)}), 400)
        yield Case("%s with 20000 brackets" % name, message(**{part: "%s: %s" % (name, "<" * 20000)}), 400)
    yield Case("a Call-ID of 30000 bytes", message(call_id="Call-ID: " + "c" * 30000), 200)
    yield Case("a body of 60000 bytes", message(body="b" * 60000), 200)
    yield Case("more than 64 KiB of body", message(body="b" * 70000), None, CLOSED, bad=(False, True))
    yield Case("more than 64 KiB of headers", message(more="X: " + "y" * 70000), None, CLOSED, bad=(False, True))
    yield Case("a head without end", b"OPTIONS sip:b@c SIP/2.0\r\nX: " + b"y" * 100000, None, CLOSED, bad=(False, True))


GROUPS = ("sizes", sizes),
