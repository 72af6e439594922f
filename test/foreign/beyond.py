"""Kamailio beyond a trunk: a carrier's registrar, which wants digests of everybody."""
import contextlib
import json
import os
import tempfile

from front import give_up, of_called
from kamailio import Kamailio
from nats import Authority
from phones import final
from rig import wait_for
from trunks import call_in, pick, trunks
from wire import WirePhone, bind

ADDRESS, SUBSCRIBER = "127.0.0.32", "127.0.0.33"
# What has the number of a registered user goes there; everything else to the subscriber outside.
TEXT = """
loadmodule "usrloc.so"
loadmodule "registrar.so"
loadmodule "auth.so"
loadmodule "xlog.so"
modparam("registrar", "default_expires", 60)
request_route {
{common}
    if (is_method("REGISTER")) {
        if (!pv_www_authenticate("carrier.example", "trunk-secret", "0")) {
            www_challenge("carrier.example", "1");
            exit;
        }
        if (save("location"))
            xlog("L_NOTICE", "keeps $tU\n");
        exit;
    }
    record_route();
    if (src_ip == {subscriber}) {
        if (!lookup("location")) {
            sl_send_reply("480", "Temporarily Unavailable");
            exit;
        }
        t_relay();
        exit;
    }
    if (!pv_proxy_authenticate("carrier.example", "trunk-secret", "0")) {
        proxy_challenge("carrier.example", "1");
        exit;
    }
    consume_credentials();
    $du = "sip:{subscriber}:{port}";
    t_relay();
}
"""


class Outside(WirePhone):
    """A subscriber of the carrier's: knows the carrier only."""

    def __init__(self, tandem):
        super().__init__(tandem, "4930555", "no secret")
        self.socket.close()
        self.address = SUBSCRIBER
        self.socket = bind(SUBSCRIBER, self.port)


class Carrier(Kamailio):
    def __init__(self, subscriber, **files):
        super().__init__(ADDRESS, TEXT.replace("{subscriber}", SUBSCRIBER).replace("{port}", str(subscriber.port)), **files)


class Local(Authority):
    """That of the program."""

    def __init__(self, tandem, folder):  # pylint: disable=super-init-not-called
        self.folder = folder
        self.certificate, self.key = (os.path.join(tandem.data, "certificates", "authority" + end) for end in (".pem", ".key"))


@contextlib.contextmanager
def carrier(tandem, signer=None, **more):
    """The carrier, its subscriber, and a trunk of ours that registers there; by TLS, with a certificate of `signer`."""
    files = {}
    if signer is not None:
        certificate, key = signer.issue("carrier", [ADDRESS])
        files = {"certificate": certificate, "key": key, "authority": tandem.data + "/certificates/authority.pem"}
    with Outside(tandem) as outside, Carrier(outside, **files) as kamailio:
        outside.tandem = kamailio
        trunk = {"name": "kamailio", "location": "home", "host": ADDRESS, "port": kamailio.tls if files else kamailio.sip,
                 "transport": "tls" if files else "udp", "domain": "carrier.example",
                 "user": "493020", "secret": "trunk-secret", "realms": ["carrier.example"], "register": True,
                 "register_expires": 60, "options_interval": 1, **more}
        rules = [{"name": "out", "prefix": "0", "strip": 1, "add": "+49", "shortest": 4, "trunk": "kamailio"},
                 {"name": "in", "direction": "in", "prefix": "493020", "strip": 6, "add": "1001"}]
        status, _, err = tandem.apply(**{"trunk": [trunk], "dial-rule": rules})
        assert status == 0, err
        try:
            yield kamailio, outside
        finally:
            for kind, name in ("dial-rule", "out"), ("dial-rule", "in"), ("trunk", "kamailio"):
                status, _, err = tandem.tool("delete", kind, name)
                assert status == 0, err


def registered(tandem, kamailio):
    """Both say so; what the tool says may be of a trunk of that name before."""
    wait_for(lambda: "keeps 493020" in kamailio.log(), 10, "our registration at Kamailio")
    pick(tandem, "kamailio", "registration", "registered")


def call_out(phone, outside):
    """1001 calls the subscriber, who hangs up."""
    call = phone.dial("030555")
    invite = outside.take()
    assert invite.first.startswith("INVITE sip:+4930555@carrier.example "), invite.first
    outside.pick_up(invite)
    call.answered()
    of_called(outside, invite, "BYE")
    phone.reply(phone.request("BYE"), 200)
    assert outside.final("BYE").status == 200


def scenario_a_registrar_beyond_a_trunk(tandem):
    """requirement: VC-8: it challenges the registration (401) and each call (407); calls both ways; given up; busy."""
    before = len(tandem.rows())
    with WirePhone(tandem, "1001") as phone, carrier(tandem) as (kamailio, outside):
        phone.register()
        registered(tandem, kamailio)
        call_out(phone, outside)
        call_in(kamailio, outside, "493020", phone)
        give_up(phone, "030555", outside)
        call = phone.dial("030555")
        outside.reply(outside.take(), 486, tag="busy")
        assert final(call) == 486
        pick(tandem, "kamailio", "calls", 0)
    rows = wait_for(lambda: all(r["ended_at"] for r in tandem.rows()[before:]) and tandem.rows()[before:], 5, "the rows")
    assert [r["result"] for r in rows] == ["answered", "answered", "abandoned", "busy"], rows


def scenario_a_registrar_by_tls(tandem):
    """requirement: VC-8 SEC-1: registered and called by TLS in both directions, each side checks the other's certificate."""
    with tempfile.TemporaryDirectory() as folder, WirePhone(tandem, "1001") as phone:
        phone.register()
        with carrier(tandem, Local(tandem, folder)) as (kamailio, outside):
            registered(tandem, kamailio)
            call_out(phone, outside)
            call_in(kamailio, outside, "493020", phone)
        with carrier(tandem, Authority(folder)) as (kamailio, outside):
            wait_for(lambda: "unable to get local issuer certificate" in tandem.log(), 10, "the complaint about an authority that is not ours")
            assert final(phone.dial("030555")) == 503
            assert "keeps" not in kamailio.log()
            outside.silent(0.2)


def scenario_a_registrar_that_does_not_take_our_secret(tandem):
    """requirement: VC-8 CF-10: it is said at the trunk, as an alarm, and to the caller; the right secret mends it."""
    with WirePhone(tandem, "1001") as phone, carrier(tandem, secret="another") as (kamailio, outside):
        phone.register()
        state = wait_for(lambda: trunks(tandem)["kamailio"].get("error") and trunks(tandem)["kamailio"], 10, "the error")
        assert state["registration"] != "registered" and "credentials" in state["error"], state
        status, text, _ = tandem.tool("trunks")
        assert status == 1 and "credentials" in text, text
        wait_for(lambda: "trunk-unregistered" in tandem.tool("alarms")[1], 10, "the alarm")
        assert final(phone.dial("030555")) == 503
        outside.silent(0.2)
        right = {k: v for k, v in trunk_object(tandem).items() if k not in ("version", "secret")}
        status, _, err = tandem.apply(trunk=[dict(right, secret="trunk-secret")])
        assert status == 0, err
        registered(tandem, kamailio)
        call_in(kamailio, outside, "493020", phone)


def trunk_object(tandem):
    status, out, err = tandem.tool("get", "trunk", "kamailio", "--secrets", "--json")
    assert status == 0, err
    return json.loads(out)["trunk"][0]


def scenario_a_registrar_that_dies_and_comes_back(tandem):
    """requirement: VC-8 CF-10: out of service, told to callers at once; back, and registered, though it has forgotten us."""
    with WirePhone(tandem, "1001") as phone, carrier(tandem) as (kamailio, outside):
        phone.register()
        registered(tandem, kamailio)
        call_in(kamailio, outside, "493020", phone)
        kamailio.kill()
        wait_for(lambda: trunks(tandem)["kamailio"]["state"] == "out-of-service", 20, "out of service")
        assert final(phone.dial("030555")) == 503
        kamailio.start()
        pick(tandem, "kamailio", "state", "in-service")
        registered(tandem, kamailio)
        call_in(kamailio, outside, "493020", phone)
        call_out(phone, outside)
