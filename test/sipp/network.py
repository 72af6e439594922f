"""The program and the phones at addresses of a network, each in a namespace of its own (hard-parts test 8, VC-1)."""
import os
import subprocess

from stage import SIDES, Stage

CALLS = "call-answered", "call-tcp", "cancel-ringing", "dialog-hold-and-resume"


class Network(Stage):
    """Two hosts, 10.99.0.1 with the program and 10.99.0.2 with the phones."""

    host, phone_host = "10.99.0.1", "10.99.0.2"

    def __init__(self):
        self.names = ["tandem-%d-%s" % (os.getpid(), side) for side in ("program", "phones")]
        self.inside, self.outside = (("ip", "netns", "exec", name) for name in self.names)
        ends = ["td%dp" % (os.getpid() % 1000000), "td%df" % (os.getpid() % 1000000)]
        for name in self.names:
            self.ip("netns", "add", name)
        self.ip("link", "add", ends[0], "netns", self.names[0], "type", "veth", "peer", "name", ends[1], "netns", self.names[1])
        for name, end, address in zip(self.names, ends, (self.host, self.phone_host)):
            self.ip("-n", name, "address", "add", address + "/24", "dev", end)
            self.ip("-n", name, "link", "set", end, "up")
            self.ip("-n", name, "link", "set", "lo", "up")
        super().__init__()

    def __exit__(self, *about):
        super().__exit__(*about)
        for name in self.names:
            self.ip("netns", "delete", name)

    def place(self, index, role):
        """One host, a port for each phone."""
        return self.phone_host, 5000 + index * len(SIDES) + SIDES.index(role)

    def sockets(self, kind):
        return subprocess.run([*self.outside, "cat", "/proc/net/" + kind], capture_output=True, text=True, check=True).stdout

    @staticmethod
    def possible():
        """Whether this machine lets us make namespaces: not without root, and not in every container."""
        name = "tandem-%d-try" % os.getpid()
        if os.geteuid() != 0 or subprocess.run(["ip", "netns", "add", name], capture_output=True, check=False).returncode:
            return False
        Network.ip("netns", "delete", name)
        return True

    @staticmethod
    def ip(*words):
        subprocess.run(["ip", *words], check=True)
