"""Two proxies are one: phones on streams keep a flow to each (RFC 5626), while proxies die, stand still, or hear nothing."""
import contextlib
import json
import re
import signal

from location import wait_for
from scenarios import bus_is_there, hang_up
from stream import StreamPhone
from wire import WirePhone

INSTANCE = "<urn:uuid:00000000-0000-1000-8000-0002b3a5c701>"


class Flow(StreamPhone):
    """One of the two of a phone: its registration names the phone and the number of the flow."""

    def __init__(self, member, dn, kind, number, port):
        super().__init__(member, dn, kind)
        self.port, self.number = port or self.port, number

    def __exit__(self, *about):
        with contextlib.suppress(OSError):  # its proxy may have died
            super().__exit__(*about)

    def send(self, text):
        if text.startswith("REGISTER "):
            contact = re.search(r"Contact: <[^>]*>", text)[0]
            text = text.replace(contact, '%s;+sip.instance="%s";reg-id=%d\r\nSupported: path, outbound' %
                                (contact, INSTANCE, self.number), 1)
        super().send(text)


class Reader(WirePhone):
    """A REGISTER without a contact: what the proxy has, as (address, number of the flow)."""

    def send(self, text):
        super().send(re.sub(r"Contact: [^\r]*\r\n", "", text))

    def final(self, method, seconds=5.0):
        self.last = super().final(method, seconds)
        return self.last

    def contacts(self):
        self.register()
        self.registered = False
        return sorted((re.search("<([^>]*)>", c)[1], re.search(r"reg-id=(\d+)|$", c)[1]) for c in self.last.all("Contact"))


def proxies(location):
    return location.members["host-3"], location.members["host-4"]


@contextlib.contextmanager
def two_flows(location, dn="1002"):
    """A phone, by TLS at proxy-1 and by TCP at proxy-2. Both have the same contact; the newer one is at proxy-1."""
    wait_for(lambda: bus_is_there(location), 20, "the bus at both proxies")
    one, other = proxies(location)
    with Flow(other, dn, "tcp", 2, 0) as second, Flow(one, dn, "tls", 1, second.port) as first:
        second.register()
        first.register()
        agree(location, dn, 2)
        yield first, second


def agree(location, dn, count, seconds=10):
    """Both proxies, and who asks the system, know the same contacts of a number: this many."""
    seen = []

    def same():
        seen[:] = []
        for member in proxies(location):
            with Reader(member, dn) as reader:
                seen.append(reader.contacts())
        status, text, error = location.members["host-1"].tool("registrations", dn, "--json")
        assert status == 0, error
        seen.append(sorted((r["contact"], str(r.get("reg_id") or "") or None) for r in json.loads(text)))
        return all(contacts == seen[0] and len(contacts) == count for contacts in seen)
    try:
        wait_for(same, seconds, "the same contacts everywhere")
    except AssertionError as error:
        raise AssertionError("%s; %s" % (error, seen)) from None


def rings(flow, other, seconds=5):
    """It comes by this flow, and not by the other one."""
    invite = flow.take(seconds)
    other.silent(0.3)
    return invite


def talks(call, flow, invite):
    flow.pick_up(invite)
    call.answered()


@contextlib.contextmanager
def a_call(location):
    """1001, at proxy-2, talks to that phone by its flow at proxy-1."""
    with two_flows(location) as (first, second), WirePhone(proxies(location)[1], "1001") as caller:
        caller.register()
        call = caller.dial("1002")
        talks(call, first, rings(first, second))
        yield first, second, caller, call


def scenario_a_phone_keeps_two_flows(location):
    """requirement: VC-1, VC-2: it rings over one of them, the newer one; a nonce of one proxy is good at the other."""
    with two_flows(location) as (first, second), WirePhone(proxies(location)[1], "1001") as caller:
        caller.register()
        call = caller.dial("1002")
        talks(call, first, rings(first, second))
        hang_up(call, first)
        second.register()  # now that one is newer
        call = caller.dial("1002")
        talks(call, second, rings(second, first))
        hang_up(call, second)
        caller.tandem = proxies(location)[0]
        uri = "sip:%s:%d" % (caller.tandem.host, caller.tandem.sip)
        identity = (caller.token(), caller.token())
        caller.ask("REGISTER", uri, "sip:1001@127.0.0.1", identity, 1)
        challenge = caller.final("REGISTER")
        caller.tandem = proxies(location)[1]
        caller.ask("REGISTER", uri, "sip:1001@127.0.0.1", identity, 2, more=caller.proof(challenge, "REGISTER", uri))
        assert caller.final("REGISTER").status == 200
    agree(location, "1002", 0)


def scenario_a_proxy_with_flows_is_killed(location):
    """requirement: VC-2: calls come over the other flow, also what belongs to a call that began over the first one."""
    one = proxies(location)[0]
    with a_call(location) as (first, second, caller, before):
        one.kill()
        hang_up(before, second)
        call = caller.dial("1002")
        talks(call, second, second.take(5))
        hang_up(call, second)
        one.start().says("phones are let in", 20)
        with Flow(one, "1002", "tls", 1, second.port) as again:
            again.register()
            agree(location, "1002", 2)
            call = caller.dial("1002")
            talks(call, again, rings(again, second))
            hang_up(call, again)
            first.registered = False


def scenario_a_proxy_with_flows_stands_still(location):
    """requirement: VC-2: a process that is stopped answers nothing, and its streams stay open; later it goes on."""
    one = proxies(location)[0]
    with a_call(location) as (first, second, caller, before):
        one.process.send_signal(signal.SIGSTOP)
        try:
            call = caller.dial("1002")
            talks(call, second, second.take(10))
            hang_up(call, second)
            hang_up(before, second)
        finally:
            one.process.send_signal(signal.SIGCONT)
        ghost = first.take(10)  # it lay there while the process stood still; nobody waits for it any more
        first.reply(first.request("CANCEL", 10), 200)
        first.reply(ghost, 487, tag=ghost.own_tag)
        wait_for(lambda: bus_is_there(location), 20, "the bus at both proxies")
        agree(location, "1002", 2)
        first.register()
        call = caller.dial("1002")
        talks(call, first, first.take())
        hang_up(call, first)
        agree(location, "1002", 2)


def scenario_a_proxy_with_flows_is_cut_off_from_the_bus(location):
    """requirement: VC-2: what it lets in meanwhile and what it is not told comes together when it hears again."""
    one, other = proxies(location)
    with two_flows(location) as (first, second), WirePhone(other, "1001") as caller, WirePhone(one, "1003") as late:
        caller.register()
        for door in location.doors:
            door.shut()
        wait_for(lambda: not bus_is_there(location), 20, "the cut")
        call = caller.dial("1002")
        talks(call, first, rings(first, second))
        hang_up(call, first)
        first.register(0)
        second.register()
        late.register()
        call = caller.dial("1002")
        talks(call, second, second.take(10))
        hang_up(call, second)
        for door in location.doors:
            door.open()
        wait_for(lambda: bus_is_there(location), 20, "the bus at both proxies")
        agree(location, "1002", 1)
        agree(location, "1003", 1)
        first.registered = False
        caller.dial("1003")
        late.reply(late.take(), 486, tag="busy")
        assert caller.final("INVITE").status == 486
