"""Where the tests of the registry are run: in the process, on etcd alone, on a cluster of three."""
from cases import Embedded
from etcd import Etcd


class Cluster(Etcd):
    """Faults that the tests ask for."""

    def fault(self, words):
        what, *who = words
        if what == "heal":
            self.heal()
        elif what in ("kill", "restart", "pause") and (len(self.members) > 1 or what != "kill"):
            getattr(self, what)(*who)
        elif what == "go-on":
            self.go_on(*who)
        else:
            return "none"
        return "done"


def cases():
    yield "registry in the process", "registry", "embedded", Embedded
    yield "registry on etcd, three members", "registry", "etcd", lambda: Cluster(3)
