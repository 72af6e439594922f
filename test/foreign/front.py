"""Kamailio before the program: phones know only Kamailio."""
import contextlib
import json
import re

from baresip import Phone
from kamailio import Kamailio
from phones import final, hears, talk
from wire import WirePhone

ADDRESS = "127.0.0.31"
# {way}: how it speaks to the program, {behind}: where that is.
TEXT = """
loadmodule "path.so"
request_route {
{common}
    if (is_method("INVITE"))
        record_route();
    if (is_present_hf("Route")) {
        loose_route();
        t_relay();
        exit;
    }
    if (is_method("REGISTER"))
        add_path();
    $du = "sip:127.0.0.1:{behind}{way}";
    t_relay();
}
"""


class Front(Kamailio):
    """As phones see it: a server with numbers and secrets, those of the program behind it."""

    def __init__(self, tandem, way=""):
        super().__init__(ADDRESS, TEXT.replace("{behind}", str(tandem.sip)).replace("{way}", way))
        self.behind, self.data, self.phone_host = tandem, tandem.data, "127.0.0.1"

    def secret(self, dn):
        return self.behind.secret(dn)


@contextlib.contextmanager
def trusted(tandem, *networks):
    status, out, err = tandem.tool("get", "location", "--json")
    assert status == 0, err
    home = {k: v for k, v in json.loads(out)["location"][0].items() if k != "version"}
    status, _, err = tandem.apply(location=[dict(home, trusted_networks=list(networks))])
    assert status == 0, err
    yield
    status, _, err = tandem.apply(location=[dict(home, trusted_networks=[])])
    assert status == 0, err


def registrations(tandem, dn):
    status, out, err = tandem.tool("registrations", dn, "--json")
    assert status == 0, err
    return json.loads(out)


def scenario_phones_behind_a_foreign_proxy(tandem):
    """requirement: VC-1 VC-2 VC-8 CM-40: baresip registers and calls through it (UDP and TCP), holds, gives up, hangs up."""
    before = len(tandem.rows())
    with Front(tandem) as front, Phone(front, "1001") as a, Phone(front, "1002", "tcp") as b:
        a.registered()
        b.registered()
        for dn in "1001", "1002":
            (row,) = registrations(tandem, dn)
            assert row["address"] == "%s:%d" % (front.host, front.sip) and front.host in row["path"], row
        for caller, called in (a, b), (b, a):
            talk(caller, called)
            assert hears(a) and hears(b)
            called.do("hold")
            called.do("resume")
            called.do("hangup")
            caller.expect("CALL_CLOSED")
            tandem.row(before, "answered", "normal")
            before += 1
        a.dial("1002")
        b.expect("CALL_INCOMING")
        a.do("hangup")
        b.expect("CALL_CLOSED")
        tandem.row(before, "abandoned", "given up by the caller")


def established(caller, called):
    """The call, and what the called phone needs to speak in it."""
    call = caller.dial(called.dn)
    invite = called.take()
    called.pick_up(invite)
    answer = call.answered()
    return call, invite, answer


def of_called(phone, invite, method, cseq=1):
    """A request of the one who was called; its final status."""
    tag = re.search(r"tag=([^;>\s]+)", invite["From"])[1]
    target = re.search(r"<([^>]+)>", invite["Contact"])[1]
    phone.ask(method, target, target, (invite["Call-ID"], invite.own_tag), cseq, tag=tag, routes=invite.all("Record-Route"))
    return phone


def give_up(caller, number, called):
    """A call that rings and is given up."""
    call = caller.dial(number)
    invite = called.take()
    caller.answer(180)
    call.cancel()
    called.reply(called.request("CANCEL"), 200)
    called.reply(invite, 487, tag=invite.own_tag)
    assert final(call) == 487


def scenario_one_phone_is_behind_it_and_one_is_not(tandem):
    """requirement: VC-8 CM-40: loose routing (RFC 3261 16.12): each request of a call goes the way that the call has taken."""
    with Front(tandem) as front, WirePhone(front, "1003") as behind, WirePhone(tandem, "1004") as direct:
        behind.register()
        direct.register()
        for caller, called in (behind, direct), (direct, behind):
            call, invite, answer = established(caller, called)
            routes = (answer if caller is behind else invite).all("Record-Route")
            assert len(routes) >= 2 and sum(front.host in r for r in routes) >= 1, routes
            assert not any(front.host in r for r in (invite if caller is behind else answer).all("Record-Route"))
            of_called(called, invite, "INFO")
            caller.reply(caller.request("INFO"), 200)
            assert called.final("INFO").status == 200
            of_called(called, invite, "BYE", 2)
            caller.reply(caller.request("BYE"), 200)
            assert called.final("BYE").status == 200
            give_up(caller, called.dn, called)


def scenario_the_foreign_proxy_is_killed_in_a_call(tandem):
    """requirement: VC-8: it has no state that we need: started again it carries on, for phones by UDP, without a registration."""
    for way in "", ";transport=tcp":
        with trusted(tandem, ADDRESS + "/32"), Front(tandem, way) as front, WirePhone(front, "1003") as behind, \
             WirePhone(tandem, "1004") as direct:
            behind.register()
            direct.register()
            _, invite, _ = established(behind, direct)
            _, second, _ = established(direct, behind)
            front.kill()
            front.start()
            of_called(direct, invite, "BYE")
            behind.reply(behind.request("BYE", 10), 200)
            assert direct.final("BYE").status == 200
            of_called(behind, second, "BYE")
            direct.reply(direct.request("BYE", 10), 200)
            assert behind.final("BYE").status == 200
            _, invite, _ = established(direct, behind)
            of_called(behind, invite, "BYE")
            direct.reply(direct.request("BYE"), 200)
            assert behind.final("BYE").status == 200


def scenario_guessers_behind_a_trusted_proxy(tandem):
    """requirement: SEC-4 VC-8: its address is that of all phones behind it: it is never banned, and they go on."""
    with Front(tandem) as front, trusted(tandem, ADDRESS + "/32"), WirePhone(front, "1003") as honest:
        honest.register()
        for _ in range(12):
            with WirePhone(front, "1005", secret="not-the-secret") as guesser:
                guesser.register(expect=403)
        assert ADDRESS not in tandem.tool("bans")[1]
        call = honest.dial("1009")
        assert final(call) == 480
