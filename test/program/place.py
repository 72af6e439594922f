"""Applications that come, go and move while the program runs."""
import json

from rig import free_port, wait_for
from wire import WirePhone


def scenario_applications_come_and_go(tandem):
    """CF-1, CF-4: a new application starts at once, one with another place starts anew, a deleted one stops."""
    tandem.start()
    first, second = free_port(), free_port()
    proxy = {"name": "proxy-2", "role": "proxy", "location": "home", "listen": ["udp:127.0.0.1:%d" % first]}
    assert tandem.apply(application=[proxy])[0] == 0
    wait_for(lambda: "proxy-2 starts here" in tandem.log(), about="the start of proxy-2")
    wait_for(lambda: "at=proxy-2: phones are let in" in tandem.log(), about="phones at proxy-2")
    own = tandem.sip
    tandem.sip = first
    with WirePhone(tandem, "1001") as phone:
        phone.register()
    proxy["listen"] = ["udp:127.0.0.1:%d" % second]
    assert tandem.apply(application=[proxy])[0] == 0
    wait_for(lambda: "proxy-2 is started anew" in tandem.log(), about="the new place")
    tandem.sip = second
    with WirePhone(tandem, "1001") as phone:
        wait_for(lambda: tandem.log().count("at=proxy-2: phones are let in") == 2, about="phones at the new place")
        phone.register()
    tandem.sip = own
    assert tandem.tool("delete", "application", "proxy-2")[0] == 0
    wait_for(lambda: "proxy-2 stops: it was deleted" in tandem.log(), about="the end of proxy-2")
    with WirePhone(tandem, "1001") as phone:
        phone.register()


def scenario_a_pair_gets_a_second_member_and_loses_it(tandem):
    """A second node joins a pair that works alone; a call lives through both changes."""
    tandem.start()
    with WirePhone(tandem, "1001") as caller, WirePhone(tandem, "1002") as called:
        caller.register()
        called.register()
        call = caller.dial("1002")
        called.pick_up(called.take())
        call.answered()
        node = {"name": "node-1b", "role": "node", "location": "home", "pair": "node-1"}
        assert tandem.apply(application=[node])[0] == 0
        wait_for(lambda: "node-1b is in step" in tandem.log(), about="the second member")
        assert tandem.tool("delete", "application", "node-1a")[0] == 0
        wait_for(lambda: "at=node-1b: primary of node-1" in tandem.log(), about="the takeover")
        answer = call.within("BYE")
        assert answer.status == 200, answer.first
        called.reply(called.request("BYE"), 200)


def scenario_numbers_of_starts_grow(tandem):
    """CF-4: each start has a greater number than the last, also when the clock was set back."""
    tandem.start()
    tandem.stop()
    with open(tandem.data + "/incarnation", encoding="ascii") as file:
        before = int(file.read())
    with open(tandem.data + "/incarnation", "w", encoding="ascii") as file:
        file.write("%d\n" % (before + 10 ** 9))
    tandem.start()
    tandem.stop()
    with open(tandem.data + "/incarnation", encoding="ascii") as file:
        assert int(file.read()) > before + 10 ** 9


def scenario_parts_speak_encrypted_or_on_loopback(tandem):
    """SEC-1: an endpoint between parts that would leave the machine in clear is refused with a sentence."""
    tandem.start()
    node = {"name": "node-2a", "role": "node", "location": "home", "pair": "node-2", "link": "tcp:192.0.2.1:7001"}
    status, _, error = tandem.apply(application=[node])
    assert status != 0 and "what leaves the machine is encrypted" in error, error
    assert json.loads(tandem.tool("get", "application", "--json")[1])["application"]
