"""Where the tests of the bus are run."""
import contextlib

import nats
from cases import Embedded


class Servers:
    """Clusters of NATS; faults name a server by its number over all of them: "kill 0", "kill all", "start", "pause 1",
    "resume 1", "stop 2"."""

    def __init__(self, make):
        self.clusters = make()
        self.stack = contextlib.ExitStack()
        self.cluster = self.clusters[0].cluster.split("-")[0]

    @property
    def arguments(self):
        addresses = [a for c in self.clusters for a in c.addresses]
        options = ["--cluster=" + self.cluster]
        authority = self.clusters[0].authority
        if authority:
            certificate, key = authority.issue("host-1")
            options += ["--authority=" + authority.certificate, "--certificate=" + certificate, "--key=" + key]
        return options + addresses

    def __enter__(self):
        for cluster in self.clusters:
            self.stack.enter_context(cluster)
        return self

    def __exit__(self, *about):
        self.stack.close()

    def fault(self, words):
        verb, which = words
        servers = [(c, i) for c in self.clusters for i in range(len(c.servers))]
        for cluster, index in servers if which == "all" else [servers[int(which)]]:
            getattr(cluster, verb)(index)
        return "done"


def cases():
    yield "bus in the process", "bus", "embedded", Embedded
    yield "bus on three nats with TLS", "bus", "nats", lambda: Servers(
        lambda: [nats.Cluster(3, tls=True, client_certificates=True)])
    yield "bus over a gateway between two clusters of nats", "bus", "nats-gateway", lambda: Servers(
        lambda: nats.joined(2, 3))
