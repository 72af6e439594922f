"""Carriers by name, and the zone by which others find us."""
import collections
import shutil
import socket
import subprocess

from rig import Tandem, free_port, wait_for
from server import Server, parse
from wire import Message

ZONE = """$ORIGIN example.com.
@ IN NAPTR 10 0 "s" "SIP+D2U" "" _sip._udp.example.com.
_sip._udp.carrier IN SRV 1 30 %d one.example.com.
_sip._udp.carrier IN SRV 1 10 %d one.example.com.
_sip._udp.fails IN SRV 1 0 %d one.example.com.
_sip._udp.fails IN SRV 2 0 %d one.example.com.
one IN A 127.0.0.1
"""


class Carrier:
    """Answers OPTIONS, or does not."""

    def __init__(self, answers=True):
        self.port, self.answers, self.asked = free_port(), answers, 0
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", self.port))
        self.socket.settimeout(0.05)

    def look(self):
        try:
            while True:
                text, peer = self.socket.recvfrom(65536)
                m = Message(text.decode())
                self.asked += 1
                if self.answers:
                    self.socket.sendto(("SIP/2.0 200 OK\r\n" + "".join("%s: %s\r\n" % (n, m[n]) for n in (
                        "Via", "From", "To", "Call-ID", "CSeq")) + "Content-Length: 0\r\n\r\n").encode(), peer)
        except TimeoutError:
            return self.asked


def with_resolver(server):
    tandem = Tandem()
    with open(tandem.file, "a", encoding="utf-8") as file:
        file.write('resolvers = ["127.0.0.1:%d"]\n' % server.port)
    return tandem


def trunk(tandem, host):
    status, _, err = tandem.apply(trunk=[{"name": "carrier", "location": "home", "host": host, "options_interval": 5}])
    assert status == 0, err


def scenario_a_carrier_is_found_by_its_name_over_tcp_where_an_answer_is_cut():
    # VC-5, VC-8: SRV; the answer that does not fit into a datagram is asked for over TCP
    first, second = Carrier(), Carrier()
    with Server(ZONE % (first.port, second.port, 9, 9), cuts=("SRV",)) as server, with_resolver(server) as tandem:
        tandem.start()
        trunk(tandem, "carrier.example.com")
        wait_for(lambda: first.look() + second.look() > 0, 20, "an OPTIONS at the carrier")
        assert ("tcp", "_sip._udp.carrier.example.com", "SRV") in server.asked, server.asked
        wait_for(lambda: first.look() + second.look() >= 0 and "carrier is in service" in tandem.log(), 10, "its service")


def scenario_a_place_that_is_silent_is_left_for_the_next():
    # VC-5, VC-8; RFC 3263 4.3: priority 1 is silent, so priority 2 is asked
    silent, good = Carrier(answers=False), Carrier()
    with Server(ZONE % (9, 9, silent.port, good.port)) as server, with_resolver(server) as tandem:
        tandem.start()
        trunk(tandem, "fails.example.com")
        wait_for(lambda: silent.look() + 0 * good.look() > 0, 20, "an OPTIONS at the first place")
        wait_for(lambda: good.look() + 0 * silent.look() > 0, 40, "an OPTIONS at the second place")


def scenario_without_a_name_server_the_program_says_so_and_goes_on():
    # VC-5: names fail, numbers work
    with Tandem() as tandem:
        with open(tandem.file, "a", encoding="utf-8") as file:
            file.write('resolvers = ["127.0.0.1:%d"]\n' % free_port())
        tandem.start()
        trunk(tandem, "carrier.example.com")
        wait_for(lambda: "no name server has answered" in tandem.log() or "out of service" in tandem.log(), 30, "a word")
        assert tandem.process.poll() is None


def scenario_a_wrong_resolver_is_refused():
    # VC-5: one clear sentence
    with Tandem() as tandem:
        with open(tandem.file, "a", encoding="utf-8") as file:
            file.write('resolvers = ["dns.example.com"]\n')
        status, _, err = tandem.tool("status")
        assert status == 2 and "name server" in err, (status, err)


def scenario_the_zone_is_what_phones_and_servers_of_names_can_read():
    # VC-5: NAPTR, SRV and addresses of every proxy, the asking location first
    with Tandem() as tandem:
        tandem.start()
        status, _, err = tandem.apply(
            location=[{"name": "home", "dns_priority": 10, "dns_weight": 70}, {"name": "away", "dns_weight": 30}],
            application=[{"name": "proxy-far", "role": "proxy", "location": "away", "member": "far",
                          "listen": ["udp:0.0.0.0:5060", "tls:0.0.0.0:5061"], "public": ["203.0.113.9", "2001:db8::9"]},
                         {"name": "proxy-near", "role": "proxy", "location": "home", "member": "far",
                          "listen": ["udp:192.0.2.1:5060", "tcp:192.0.2.1:5060"]}],
            member=[{"name": "far"}])
        assert status == 0, err
        status, text, err = tandem.tool("zone", "example.com", "--for", "away", "--name-server", "ns.example.com=192.0.2.53")
        assert status == 0, err
        records = parse(text)
        kinds = collections.Counter(kind for _, kind, _ in records)
        assert kinds["SOA"] == 1 and kinds["NAPTR"] == 3, kinds
        srv = {w[3]: w for name, kind, w in records if kind == "SRV" and name == "_sip._udp.example.com"}
        assert srv["proxy-far.example.com"][:3] == ["10", "30", "5060"], srv
        assert srv["proxy-near.example.com"][:3] == ["1010", "70", "5060"], srv
        assert ("proxy-far.example.com", "AAAA", ["2001:db8::9"]) in records
        with open(tandem.path("zone"), "w", encoding="utf-8") as file:
            file.write(text)
        if shutil.which("named-checkzone"):
            subprocess.run(["named-checkzone", "example.com", tandem.path("zone")], check=True, capture_output=True)
        for wrong in ["zone", "example.com", "--for", "moon"], ["zone", "no domain"], ["zone"]:
            status, out, err = tandem.tool(*wrong)
            assert status == 2 and out == "" and err.startswith("tandem: "), (wrong, status, out, err)


def scenario_a_phone_of_ours_follows_the_zone_that_we_print():
    # VC-5: printed, served, and located by the program itself
    near = Carrier()
    with Tandem() as printer:
        printer.start()
        status, _, err = printer.apply(application=[{"name": "proxy-near", "role": "proxy", "location": "home", "member": "x",
                                                     "listen": ["udp:127.0.0.1:%d" % near.port]}], member=[{"name": "x"}])
        assert status == 0, err
        status, text, err = printer.tool("zone", "example.com")
        assert status == 0, err
    with Server(text) as server, with_resolver(server) as tandem:
        tandem.start()
        trunk(tandem, "example.com")
        wait_for(lambda: near.look() > 0, 20, "an OPTIONS where the zone says")
