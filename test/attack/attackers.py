"""Who attacks, and what the others notice of it."""
import http.client
import json
import re
import socket
import time

from rig import free_port, wait_for
from wire import WirePhone

METRICS = free_port()


def prepare(tandem):
    with open(tandem.file, "a", encoding="utf-8") as file:
        file.write('metrics = "tcp:127.0.0.1:%d"\n' % METRICS)


def counted(name):
    """The sum over all instances."""
    c = http.client.HTTPConnection("127.0.0.1", METRICS, timeout=10)
    c.request("GET", "/metrics")
    text = c.getresponse().read().decode()
    c.close()
    return sum(float(value) for value in re.findall(r"^tandem_%s(?:\{[^}]*\})? (\S+)$" % name, text, re.M))


class Attacker(WirePhone):
    """A phone at an address of its own, which nobody there has used before."""

    addresses = iter(range(20, 250))

    def __init__(self, tandem, dn="1001", secret="guessed"):
        super().__init__(tandem, dn, secret)
        self.socket.close()
        self.address = "127.0.9.%d" % next(self.addresses)
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((self.address, self.port))

    def options(self, more=""):
        self.ask("OPTIONS", "sip:%s:%d" % (self.tandem.host, self.tandem.sip), "sip:x@127.0.0.1",
                 (self.token(), self.token()), 1, more=more)

    def is_answered(self, more=""):
        self.drain()
        self.options(more)
        try:
            self.answer(200, 1.0)
            return True
        except AssertionError:
            return False

    def guess(self):
        """The status of a log-in with a wrong secret, or None: silence."""
        self.drain()
        uri, call = "sip:%s:%d" % (self.tandem.host, self.tandem.sip), (self.token(), self.token())
        address = "sip:%s@127.0.0.1" % self.dn
        try:
            self.ask("REGISTER", uri, address, call, 1)
            challenge = self.final("REGISTER", 1.0)
            self.ask("REGISTER", uri, address, call, 2, more=self.proof(challenge, "REGISTER", uri))
            return self.final("REGISTER", 1.0).status
        except AssertionError:
            return None


def call_works(tandem):
    """Two phones that register anew, ring and talk."""
    with WirePhone(tandem, "1001") as caller, WirePhone(tandem, "1002") as called:
        caller.register()
        called.register()
        call = caller.dial("1002")
        invite = called.take()
        called.reply(invite, 486, tag="busy")
        answer = caller.final("INVITE")
        assert answer.status == 486, answer.first
        call.ack(answer)


def scenario_a_scanner_hears_nothing(tandem):
    """SEC-4"""
    with Attacker(tandem) as scanner:
        for name in "friendly-scanner", "sipvicious 0.3", "sipcli/v1.8":
            assert not scanner.is_answered("User-Agent: " + name), name
        assert scanner.is_answered("User-Agent: Yealink SIP-T46S")
    call_works(tandem)


def scenario_a_guesser_is_banned_and_let_in_again(tandem):
    """SEC-4, SEC-6"""
    with Attacker(tandem) as guesser, Attacker(tandem) as other:
        heard = [guesser.guess() for _ in range(25)]
        assert heard[:20] == [403] * 20 and heard[-1] is None, heard
        assert not guesser.is_answered()
        assert other.is_answered()
        call_works(tandem)
        status, out, err = tandem.tool("bans", "--json")
        assert status == 0, err
        ban = next(b for b in json.loads(out)["bans"] if b["network"].startswith(guesser.address))
        assert ban["by"] == "program" and "credentials" in ban["why"], ban
        status, _, err = tandem.tool("unban", guesser.address)
        assert status == 0, err
        assert guesser.is_answered()


def scenario_existing_and_missing_numbers_look_alike(tandem):
    """SEC-4"""
    with Attacker(tandem, "1001") as one, Attacker(tandem, "9999999") as none:
        for attacker in one, none:
            assert [attacker.guess() for _ in range(3)] == [403] * 3
    call_works(tandem)


def scenario_a_ban_by_hand(tandem):
    """SEC-4: an address and a network, for a time, refused where it is none."""
    with Attacker(tandem) as stranger:
        assert stranger.is_answered()
        status, out, err = tandem.tool("ban", stranger.address, "--for", "1h", "--why", "a test")
        assert status == 0, err
        wait_for(lambda: not stranger.is_answered(), 5, "the ban")
        status, out, _ = tandem.tool("bans")
        assert stranger.address in out and "a test" in out, out
        status, _, err = tandem.tool("unban", stranger.address)
        assert status == 0, err
        wait_for(stranger.is_answered, 5, "the end of the ban")
        status, _, err = tandem.tool("ban", "not-an-address")
        assert status == 2 and "no address" in err, err
        status, _, err = tandem.tool("ban", stranger.address, "--for", "soon")
        assert status == 2 and "--for" in err, err
        status, _, err = tandem.tool("unban", "192.0.2.77")
        assert status == 1, err


def memory():
    with open("/proc/%d/status" % memory.pid, encoding="ascii") as file:
        return int(re.search(r"VmRSS:\s+(\d+)", file.read())[1])


def flood(tandem, attackers, seconds):
    """As fast as it goes; how many were sent."""
    text = ("REGISTER sip:127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.9.1:5060;branch=z9hG4bK-%d\r\nMax-Forwards: 70\r\n"
            "From: <sip:1001@127.0.0.1>;tag=f\r\nTo: <sip:1001@127.0.0.1>\r\nCall-ID: f%d\r\nCSeq: 1 REGISTER\r\n"
            "Content-Length: 0\r\n\r\n")
    end, sent = time.monotonic() + seconds, 0
    while time.monotonic() < end:
        for _ in range(50):
            sent += 1
            attackers[sent % len(attackers)].send(text % (sent, sent))
        time.sleep(0.002)
    return sent


def scenario_a_flood_from_one_and_from_many(tandem):
    """SEC-4, VC-7: phones call meanwhile, most of it is dropped, and memory is back."""
    memory.pid = tandem.process.pid
    with WirePhone(tandem, "1003") as phone:
        phone.register()
        before, dropped = memory(), counted("sip_guard_limited_total")
        for count in 1, 20:
            attackers = [Attacker(tandem) for _ in range(count)]
            sent = flood(tandem, attackers, 3)
            phone.register()  # one that has proved itself is not touched
            for attacker in attackers:
                attacker.socket.close()
                attacker.rtp.close()
            assert sent > 3000, sent
        assert counted("sip_guard_limited_total") > dropped
        assert memory() < before + 16384, (before, memory())
    call_works(tandem)


def scenario_what_was_overheard_is_worth_little(tandem):
    """SEC-4: an answer to a challenge does not serve for another number."""
    with WirePhone(tandem, "1001") as phone, Attacker(tandem, "1002") as thief:
        uri, call = "sip:%s:%d" % (tandem.host, tandem.sip), (phone.token(), phone.token())
        phone.ask("REGISTER", uri, "sip:1001@127.0.0.1", call, 1)
        proof = phone.proof(phone.final("REGISTER"), "REGISTER", uri)
        thief.ask("REGISTER", uri, "sip:1002@127.0.0.1", (thief.token(), thief.token()), 1, more=proof)
        assert thief.final("REGISTER").status == 403
    call_works(tandem)


def scenario_more_calls_than_admitted(tandem):
    """VC-7: what is too much gets a 503 and a time to come back; the limit is live."""
    secret = tandem.secret("1004")
    status, _, err = tandem.apply(location=[{"name": "home", "guard_calls": 10}])
    assert status == 0, err
    time.sleep(1)
    with WirePhone(tandem, "1004", secret) as phone:
        phone.register()
        refused = next((answer for answer in (begin_call(phone) for _ in range(60)) if answer.status == 503), None)
        assert refused is not None, "all of them were admitted"
        assert 2 <= int(refused["Retry-After"]) <= 11, refused.fields
    status, _, err = tandem.apply(location=[{"name": "home", "guard_calls": 0}])
    assert status == 0, err
    wait_for(lambda: counted("sip_guard_overload_total") > 0, 5, "the counter")
    time.sleep(1)
    call_works(tandem)


def begin_call(phone):
    """An INVITE to nobody, and once more with credentials; what came first: a challenge, or that there are too many."""
    uri, call = "sip:1099@127.0.0.1", (phone.token(), phone.token())
    phone.ask("INVITE", uri, uri, call, 1)
    answer = phone.receive(lambda m: m.status in (407, 503))
    if answer.status == 407:
        phone.ask("INVITE", uri, uri, call, 2, more=phone.proof(answer, "INVITE", uri))
    return answer
