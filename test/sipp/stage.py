"""The program as scenes need it: numbers, trunks, rules and addresses for each scene, so that they run beside each other."""
import json
import socket

from rig import Tandem, free_port

SECRET = "a-secret-of-a-phone"
SIDES = "caller", "called", "other", "third", "carrier", "second"  # the last number of a side's address
PORT = 5060


def numbers(index):
    """DNs of a scene: `other` is a second phone of `called`."""
    return {"caller": "5%03d1" % index, "called": "5%03d2" % index, "other": "5%03d2" % index, "third": "5%03d3" % index}


class Stage(Tandem):
    """With two proxies and two pairs of one node each; the first proxy also on IPv6, where this machine has it."""

    def __init__(self, data=None, **options):
        super().__init__(data, **options)
        self.proxies = {"1": self.sip, "2": free_port()}  # where they listen
        self.net, self.claim = claim_net()
        if has_ipv6():
            with open(self.file, encoding="utf-8") as file:
                text = file.read()
            with open(self.file, "w", encoding="utf-8") as file:
                file.write(text.replace("listen = [", 'listen = ["udp:[::1]:%d", "tcp:[::1]:%d", ' % (self.sip, self.sip)))

    def start(self, *arguments):
        """The applications that a new system does not have need a second start."""
        super().start(*arguments)
        listen = ["%s:%s:%d" % (kind, self.host, self.proxies["2"]) for kind in ("udp", "tcp")]
        status, _, err = self.apply(application=[
            {"name": "proxy-2", "role": "proxy", "location": "home", "listen": listen},
            {"name": "node-2a", "role": "node", "location": "home", "pair": "node-2"}])
        assert status == 0, err
        assert self.stop() == 0, self.log()
        return super().start(*arguments)

    def __exit__(self, *about):
        super().__exit__(*about)
        self.claim.close()

    def place(self, index, role):
        """Where a side is: an address of its own, so that no limit of one source meets two scenes."""
        return "127.%d.%d.%d" % (self.net, index, SIDES.index(role) + 1), PORT

    def sockets(self, kind):
        with open("/proc/net/" + kind, encoding="ascii") as file:
            return file.read()

    def configure(self, scenes):
        lists = {"dn": [], "trunk-group": [], "trunk": [], "dial-rule": []}
        for scene in scenes:
            lists["dn"] += [{"number": number, "location": "home", "secret": SECRET, "dial": "all"}
                            for number in sorted(set(numbers(scene.index).values()))]
            self.add_trunks(lists, scene, [e for e in scene.elements if e.tag in ("carrier", "second")])
        status, _, err = self.apply(**{kind: some for kind, some in lists.items() if some})
        assert status == 0, err

    def add_trunks(self, lists, scene, carriers):
        """A group of them, a rule for calls out (8NNN...) and one for calls in."""
        group = "g%d" % scene.index
        if carriers:
            lists["trunk-group"].append({"name": group})
            lists["dial-rule"] += [
                {"name": "out-%d" % scene.index, "prefix": "8%03d" % scene.index, "strip": 4, "add": "+49", "group": group},
                {"name": "in-%d" % scene.index, "direction": "in", "prefix": "+4930", "strip": 5,
                 "trunk": "carrier-%d" % scene.index}]
        for order, element in enumerate(carriers):
            host, port = self.place(scene.index, element.tag)
            lists["trunk"].append({"name": "%s-%d" % (element.tag, scene.index), "location": "home", "group": group, "order": order,
                                   "host": host, "port": port, "domain": "carrier.example", "options_interval": 0,
                                   **json.loads(element.get("trunk", "{}"))})

    def location(self, **fields):
        """Changes fields of the location; what it was before."""
        status, out, err = self.tool("get", "location", "home", "--json")
        assert status == 0, err
        status, _, err = self.apply(location=[{"name": "home", **fields}])
        assert status == 0, err
        return json.loads(out)["location"][0]


def claim_net():
    """A second number of 127.N that no other run on this machine has, and the socket that says so."""
    for net in range(64, 128):
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            s.bind(("127.%d.255.254" % net, PORT))
            return net, s
        except OSError:
            s.close()
    raise RuntimeError("too many runs at a time")


def has_ipv6():
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as s:
            s.bind(("::1", 0))
        return True
    except OSError:
        return False
