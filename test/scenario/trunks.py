"""Carriers beyond trunks: one that wants digests and a registration, on an address of its own."""
import hashlib
import json
import re

from rig import free_port, wait_for
from wire import WirePhone

CARRIER, OTHER = "127.0.0.19", "127.0.0.20"
INSIDE = re.compile(r"node-1|proxy-1|@home|\.pair|\.proxy|flow=|127\.0\.0\.1:[0-9]+;pair")


class Carrier(WirePhone):
    """Challenges every INVITE and REGISTER; what it gets must not tell anything of the inside."""

    def __init__(self, tandem, address=CARRIER, realm="carrier.example"):
        super().__init__(tandem, "carrier", "no secret")
        self.socket.close()
        self.rtp.close()
        self.address, self.realm, self.port, self.rtp_port = address, realm, free_port(), free_port()
        from wire import bind
        self.socket, self.rtp = bind(address, self.port), bind(address, self.rtp_port)
        self.dn = "+4930"

    def receive(self, wanted, seconds=5.0):
        def checked(message):
            text = "\n".join([message.first] + ["%s: %s" % field for field in message.fields])
            assert not INSIDE.search(text), "the carrier sees the inside: " + text
            if message.method == "OPTIONS" and message.status == 0:
                self.reply(message, 200, tag=self.token())
                return False
            return wanted(message)
        return super().receive(checked, seconds)

    def challenge(self, request, realm=None, nonce="n1"):
        field = "Proxy-Authenticate" if request.method == "INVITE" else "WWW-Authenticate"
        status = 407 if request.method == "INVITE" else 401
        self.reply(request, status, tag=self.token(),
                   more='%s: Digest realm="%s", nonce="%s", qop="auth", algorithm=MD5' % (field, realm or self.realm, nonce))

    def right(self, request):
        """Whether it brings the digest of user ours, secret trunk-secret."""
        field = request["Proxy-Authorization"] or request["Authorization"]
        if not field:
            return False
        value = lambda name: re.search(r'\b%s="?([^",]*)' % name, field)[1]
        md5 = lambda text: hashlib.md5(text.encode()).hexdigest()
        ha1 = md5("ours:%s:trunk-secret" % self.realm)
        ha2 = md5("%s:%s" % (request.method, value("uri")))
        return value("response") == md5(":".join((ha1, value("nonce"), value("nc"), value("cnonce"), "auth", ha2)))


def trunk(carrier, name, **more):
    return {"name": name, "location": "home", "host": carrier.address, "port": carrier.port, "domain": "carrier.example",
            "user": "ours", "secret": "trunk-secret", "realms": ["carrier.example"], "options_interval": 1, **more}


def configure(tandem, *trunks):
    groups = [{"name": "carriers"}]
    rules = [{"name": "out", "prefix": "0", "strip": 1, "add": "+49", "shortest": 4, "group": "carriers"},
             {"name": "world", "prefix": "00", "strip": 2, "add": "+", "shortest": 4, "group": "carriers", "needs": "all"},
             {"name": "in", "direction": "in", "prefix": "+4930", "strip": 5}]
    status, _, err = tandem.apply(**{"trunk-group": groups, "trunk": list(trunks), "dial-rule": rules})
    assert status == 0, err


def remove(tandem, *names):
    for kind, name in [("dial-rule", "out"), ("dial-rule", "world"), ("dial-rule", "in"),
                       *(("trunk", name) for name in names), ("trunk-group", "carriers")]:
        status, _, err = tandem.tool("delete", kind, name)
        assert status == 0, err


def trunks(tandem):
    _, out, err = tandem.tool("trunks", "--json")
    assert out, err
    return {t["name"]: t for t in json.loads(out)["trunks"]}


def pick(tandem, name, key, value):
    return wait_for(lambda: trunks(tandem)[name].get(key) == value, 10, "%s %s of %s" % (key, value, name))


def scenario_a_carrier_with_digests(tandem):
    """requirement: VC-8 SEC-6: registration, a call out with credentials, a call in, rights, capacity."""
    with Carrier(tandem) as carrier, WirePhone(tandem, "1001") as phone:
        configure(tandem, trunk(carrier, "carrier-1", group="carriers", register=True, capacity=1, caller_prefix="+4930"))
        try:
            register = carrier.request("REGISTER", 15)
            carrier.challenge(register)
            register = carrier.request("REGISTER")
            assert carrier.right(register), register.fields
            carrier.reply(register, 200, tag="r", more="Expires: 600")
            phone.register()

            call = phone.dial("030555")
            invite = carrier.request("INVITE")
            assert invite.first.startswith("INVITE sip:+4930555@carrier.example "), invite.first
            assert "<sip:+49301001@carrier.example>" in invite["From"], invite["From"]
            carrier.challenge(invite)
            carrier.request("ACK")
            invite = carrier.request("INVITE")
            assert carrier.right(invite), invite.fields
            invite.own_tag = carrier.token()
            carrier.reply(invite, 200, carrier.sdp(), tag=invite.own_tag)
            carrier.request("ACK")
            call.answered()
            pick(tandem, "carrier-1", "calls", 1)
            pick(tandem, "carrier-1", "registration", "registered")
            pick(tandem, "carrier-1", "state", "in-service")
            second = phone.dial("030556")  # one call is its capacity
            assert phone.final("INVITE").status == 503
            del second
            assert call.within("BYE").status == 200 if carrier_hangs_up(carrier, call) else True
            pick(tandem, "carrier-1", "calls", 0)

            forbidden = phone.dial("0033155555")
            assert phone.final("INVITE").status == 403
            del forbidden
            come_in(tandem, carrier, phone)
        finally:
            remove(tandem, "carrier-1")
    answered = lambda: [r for r in tandem.rows() if {r["from_dn"], r["to_dn"]} & {"030555", "+4930"} and
                        r["ended_at"] and r["result"] == "answered"]
    wait_for(lambda: len(answered()) == 2, 5, "both calls in the history")


def carrier_hangs_up(carrier, call):
    """The BYE of our phone comes to the carrier, which answers it while the phone waits."""
    import threading

    def answer():
        carrier.reply(carrier.request("BYE"), 200)
    threading.Thread(target=answer, daemon=True).start()
    return call is not None


def call_in(server, outside, number, phone, more=""):
    """Who is outside calls a number by `server`; the phone answers, and the caller hangs up."""
    uri = "sip:%s@%s:%d" % (number, server.host, server.sip)
    identity = (outside.token(), outside.token())
    outside.ask("INVITE", uri, uri, identity, 1, outside.sdp(), more)
    phone.pick_up(phone.take())
    ok = outside.final("INVITE")
    assert ok.status == 200, ok.first
    tag = re.search(r"tag=([^;>\s]+)", ok["To"])[1]
    target = re.search(r"<([^>]+)>", ok["Contact"])[1]
    routes = ok.all("Record-Route")[::-1]
    outside.ask("ACK", target, uri, identity, 1, tag=tag, routes=routes)
    outside.ask("BYE", target, uri, identity, 2, tag=tag, routes=routes)
    phone.reply(phone.request("BYE"), 200)
    assert outside.final("BYE").status == 200


def come_in(tandem, carrier, phone):
    call_in(tandem, carrier, "+49301001", phone, "P-Asserted-Identity: <sip:1009@home>")
    uri = "sip:+49309999@%s:%d" % (tandem.host, tandem.sip)
    carrier.ask("INVITE", uri, uri, (carrier.token(), carrier.token()), 1)
    assert carrier.final("INVITE").status == 404


def scenario_the_next_carrier_is_tried(tandem):
    """requirement: VC-8 SEC-7: a carrier that challenges for a realm of somebody else gets no digest, and the next one the call."""
    with Carrier(tandem) as one, Carrier(tandem, OTHER) as two, WirePhone(tandem, "1001") as phone:
        configure(tandem, trunk(one, "carrier-1", group="carriers", order=1, options_interval=0),
                  trunk(two, "carrier-2", group="carriers", order=2, options_interval=0))
        try:
            phone.register()
            wait_for(lambda: len(trunks(tandem)) == 2, 5, "both trunks")
            call = phone.dial("030555")
            one.challenge(one.request("INVITE", 10), realm="bank.example")
            one.request("ACK")
            invite = two.request("INVITE", 10)
            assert not invite["Proxy-Authorization"], invite.fields
            two.reply(invite, 486, tag="busy")
            assert phone.final("INVITE").status == 486
            del call
            wait_for(lambda: "foreign-realm" in trunks(tandem)["carrier-1"]["reasons"], 5, "the reason")
        finally:
            remove(tandem, "carrier-1", "carrier-2")


def scenario_a_dead_carrier_is_an_alarm(tandem, cookie):
    """requirement: VC-8 CF-10: out of service in the tool, in REST and as an alarm; and back in service."""
    with Carrier(tandem) as carrier:
        configure(tandem, trunk(carrier, "carrier-1", group="carriers"))
        try:
            for _ in range(3):
                carrier.silent(0.7)
            pick(tandem, "carrier-1", "state", "in-service")
            wait_for(lambda: trunks(tandem)["carrier-1"]["state"] == "out-of-service", 30, "out of service")
            alarm = lambda: "trunk-down" in tandem.tool("alarms")[1]
            wait_for(alarm, 10, "the alarm")
            status, _, body = tandem.ask("GET", "/api/trunks", None, cookie)
            assert status == 200 and b"out-of-service" in body, body
        finally:
            remove(tandem, "carrier-1")
