"""Real NATS servers on loopback, or at given addresses: one, a cluster with routes, clusters joined by gateways.

    with Cluster(3, tls=True) as nats:
        nats.addresses            # "tls://127.0.0.1:14222", ...
        nats.kill(0); nats.start(0); nats.pause(1); nats.resume(1)

    a, b = joined(2, 3)           # two clusters of three, a gateway between them
"""
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time

GIVEN = set()


def free_port(address="127.0.0.1"):
    """Below the range from which the system takes the ports of connections."""
    for _ in range(1000):
        port = 10000 + int.from_bytes(os.urandom(2), "big") % 22000
        with socket.socket() as s:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                s.bind((address, port))
            except OSError:
                continue
        if (address, port) not in GIVEN:
            GIVEN.add((address, port))
            return port
    raise RuntimeError("no free port")


class Authority:
    """Certificates for servers and for members, in a folder."""

    def __init__(self, folder):
        self.folder = folder
        self.certificate, self.key = self.path("authority.pem"), self.path("authority.key")
        self._openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30",
                      "-subj", "/CN=test authority", "-keyout", self.key, "-out", self.certificate)

    def path(self, name):
        return os.path.join(self.folder, name)

    def issue(self, name, addresses=("127.0.0.1",)):
        """(certificate, key) of a name that is good for these addresses, as server and as client."""
        key, request, certificate = (self.path(name + end) for end in (".key", ".csr", ".pem"))
        names = ",".join(["DNS:" + name] + ["IP:" + a for a in addresses])
        self._openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                      "-subj", "/CN=" + name, "-addext", "subjectAltName=" + names, "-keyout", key, "-out", request)
        self._openssl("x509", "-req", "-in", request, "-CA", self.certificate, "-CAkey", self.key, "-CAcreateserial",
                      "-days", "30", "-copy_extensions", "copy", "-out", certificate)
        return certificate, key

    @staticmethod
    def _openssl(*words):
        subprocess.run(["openssl", *words], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


class Server:
    """One nats-server; `within` is a command that starts it elsewhere (ip netns exec NAME)."""

    def __init__(self, folder, name, address="127.0.0.1", within=()):
        self.name, self.address, self.within = name, address, tuple(within)
        self.port, self.route_port, self.gateway_port = (free_port() if address.startswith("127.") else port
                                                         for port in (4222, 6222, 7222))
        self.file = os.path.join(folder, name + ".conf")
        self.log = os.path.join(folder, name + ".log")
        self.process = None

    def start(self):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen([*self.within, "nats-server", "-c", self.file],
                                            stdout=log, stderr=subprocess.STDOUT)

    def signal(self, number):
        self.process.send_signal(number)

    def end(self):
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.process = None

    def ready(self):
        """It greets. Asked within its own namespace where it has one."""
        program = ("import socket,sys; s=socket.create_connection((sys.argv[1],int(sys.argv[2])),1); "
                   "s.settimeout(1); sys.exit(0 if s.recv(5)==b'INFO ' else 1)")
        if self.within:
            return subprocess.run([*self.within, "python3", "-c", program, self.address, str(self.port)],
                                  stderr=subprocess.DEVNULL, check=False).returncode == 0
        try:
            with socket.create_connection((self.address, self.port), 1) as s:
                s.settimeout(1)
                return s.recv(5) == b"INFO "
        except OSError:
            return False


class Cluster:
    """`count` servers. `accounts`: a text for their configuration (`tandem accounts nats`), whose variables come from
    `passwords`; without it everybody may do everything. `peers`: clusters already made, to be joined by gateways.
    `advertise`: clients hear of all servers from each."""

    def __init__(self, count=1, cluster="tandem", tls=False, accounts=None, passwords=None, places=(), folder=None,
                 client_certificates=False, advertise=True):
        self.folder = tempfile.mkdtemp(prefix="tandem-nats-", dir=folder)
        self.cluster, self.accounts, self.passwords = cluster, accounts, passwords or {}
        self.authority = Authority(self.folder) if tls else None
        self.client_certificates, self.advertise = client_certificates, advertise
        self.peers = [self]
        places = places or [("127.0.0.1", ())] * count
        self.servers = [Server(self.folder, "%s-nats-%d" % (cluster, i + 1), address, within)
                        for i, (address, within) in enumerate(places)]

    @property
    def addresses(self):
        scheme = "tls" if self.authority else "nats"
        return ["%s://%s:%d" % (scheme, s.address, s.port) for s in self.servers]

    def __enter__(self):
        for i in range(len(self.servers)):
            self._write(i)
        for i in range(len(self.servers)):
            self.start(i, wait=False)
        self.wait()
        return self

    def __exit__(self, *_):
        for server in self.servers:
            server.end()
        shutil.rmtree(self.folder, ignore_errors=True)

    # ---- faults ----

    def start(self, index, wait=True):
        self.servers[index].start()
        if wait:
            self.wait([index])

    def kill(self, index):
        self.servers[index].end()

    def stop(self, index):
        """In good order: clients are told before."""
        self.servers[index].signal(signal.SIGUSR2)

    def pause(self, index):
        self.servers[index].signal(signal.SIGSTOP)

    def resume(self, index):
        self.servers[index].signal(signal.SIGCONT)

    def heal(self, index):
        server = self.servers[index]
        if server.process is None or server.process.poll() is not None:
            self.start(index)
        else:
            self.resume(index)

    def wait(self, indexes=None, seconds=10):
        end = time.monotonic() + seconds
        for index in range(len(self.servers)) if indexes is None else indexes:
            while not self.servers[index].ready():
                if time.monotonic() > end:
                    with open(self.servers[index].log, errors="replace") as log:
                        raise RuntimeError("nats-server does not start:\n" + log.read()[-2000:])
                time.sleep(0.02)

    # ---- configuration ----

    def _write(self, index):
        server = self.servers[index]
        lines = ["server_name: %s" % server.name, 'listen: "%s:%d"' % (server.address, server.port),
                 "max_payload: 8MB", "max_pending: 64MB", 'ping_interval: "1s"', "ping_max: 2"]
        lines += ["%s = \"%s\"" % pair for pair in self.passwords.items()]
        own = self._tls(server)
        if own:
            lines.append("tls { %s verify: %s, timeout: 2 }" % (own, str(self.client_certificates).lower()))
        between = "tls { %s timeout: 2 }" % own if own else ""
        if len(self.servers) > 1 or len(self.peers) > 1:
            routes = ", ".join('"nats://%s:%d"' % (s.address, s.route_port) for s in self.servers)
            lines.append('cluster { name: "%s", listen: "%s:%d", routes: [%s], no_advertise: %s, %s }' % (
                self.cluster, server.address, server.route_port, routes, str(not self.advertise).lower(), between))
        if len(self.peers) > 1:
            gateways = ", ".join('{name: "%s", urls: [%s]}' % (peer.cluster, ", ".join(
                '"nats://%s:%d"' % (s.address, s.gateway_port) for s in peer.servers)) for peer in self.peers)
            lines.append('gateway { name: "%s", listen: "%s:%d", gateways: [%s], %s }' % (
                self.cluster, server.address, server.gateway_port, gateways, between))
        with open(server.file, "w", encoding="utf-8") as file:
            file.write("\n".join(lines + [self.accounts or ""]) + "\n")

    def _tls(self, server):
        if not self.authority:
            return ""
        certificate, key = self.authority.issue(server.name, [server.address])
        return 'cert_file: "%s", key_file: "%s", ca_file: "%s",' % (certificate, key, self.authority.certificate)


def joined(count, each=3, names=("north", "south"), cluster="tandem", **options):
    """`count` clusters of `each` servers, every one of which has a gateway to the others."""
    clusters = [Cluster(each, "%s-%s" % (cluster, names[i]), **options) for i in range(count)]
    for one in clusters[1:]:
        if one.authority:
            one.authority = clusters[0].authority
    for one in clusters:
        one.peers = clusters
    return clusters
