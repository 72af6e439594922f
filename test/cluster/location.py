"""A location: engines and members of Tandem, each on a machine of its own. A machine is an address, and what programs are
started with there: nothing on 127/8, `ip netns exec NAME` in a network namespace."""
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.realpath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
PROGRAM = os.environ.get("TANDEM", os.path.join(ROOT, "build", "tandem"))
sys.path.insert(0, os.path.join(ROOT, "test", "engines"))

# pylint: disable=wrong-import-position
import etcd
import nats
import postgres
from cutter import Cutter

SIP, TLS, WEB, INSIDE, LINK = 5060, 5061, 8443, 7000, 7001
# Which member runs what: (application, role, pair).
MEMBERS = {
    "host-1": [("config-1", "config", ""), ("session-1", "session", ""), ("history-1", "history", ""), ("control-1", "control", "")],
    "host-2": [("config-2", "config", ""), ("session-2", "session", ""), ("control-2", "control", "")],
    "host-3": [("proxy-1", "proxy", "")],
    "host-4": [("proxy-2", "proxy", "")],
    "host-5": [("node-1a", "node", "node-1")],
    "host-6": [("node-1b", "node", "node-1")],
    "host-7": [("node-2a", "node", "node-2")],
    "host-8": [("node-2b", "node", "node-2")],
}
DOORED = "host-3"  # reaches the bus by doors that can be shut
FIRST = "host-1"  # has the authority, and is there before the others


def wait_for(what, seconds=10.0, about="it"):
    """The first true value of what(), or a failure."""
    end = time.monotonic() + seconds
    while True:
        value = what()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError("%s did not happen within %g s" % (about, seconds))
        time.sleep(0.02)


class Authority(postgres.Authority):
    """The platform's own: made by a first start of the program; signs the servers of the engines too."""

    def __init__(self, folder):  # pylint: disable=super-init-not-called
        self.folder, data = folder, os.path.join(folder, "made")
        self.certificate = os.path.join(folder, "authority.pem")
        first = subprocess.Popen([PROGRAM, "run", "--config", os.devnull, "--data", data], cwd=folder, stdout=subprocess.DEVNULL,  # pylint: disable=consider-using-with
                                 stderr=subprocess.DEVNULL, env={**os.environ, "XDG_RUNTIME_DIR": folder})
        try:
            wait_for(lambda: os.path.exists(os.path.join(data, "certificates", "server.pem")) or first.poll() is not None, 20, "an authority")
        finally:
            first.kill()
            first.wait()
        for name in "authority.pem", "authority.key":
            shutil.copy(os.path.join(data, "certificates", name), folder)
        os.chmod(self.certificate, 0o644)
        shutil.rmtree(data)


class Member:
    """One process of tandem."""

    def __init__(self, location, name, address, within=()):
        self.location, self.name, self.address, self.within = location, name, address, list(within)
        self.folder = os.path.join(location.folder, name)
        self.data = os.path.join(self.folder, "data")
        self.file = os.path.join(self.folder, "tandem.toml")
        self.log_file = os.path.join(self.folder, "log")
        self.process, self.begin = None, 0
        os.makedirs(self.data, mode=0o700)

    # what phones know of it, as they know a Tandem of test/scenario/rig.py
    sip, tls = SIP, TLS

    @property
    def host(self):
        return self.address

    def secret(self, dn):
        return self.location.secret(dn)

    def listen(self):
        return ["%s:%s:%d" % (kind, self.address, port) for kind, port in (("udp", SIP), ("tcp", SIP), ("tls", TLS))]

    def write(self, **settings):
        lines = {"name": self.name, "data": self.data, "log": os.environ.get("TANDEM_LOG", "info"), "listen": self.listen(),
                 "web": "tls:%s:%d" % (self.address, WEB), **settings}
        with open(self.file, "w", encoding="utf-8") as file:
            file.write("".join("%s = %s\n" % (key, json.dumps(value)) for key, value in lines.items()))

    def more(self, **settings):
        """Into the start file that tandem join has written: where we listen, and our own users of the engines."""
        mine = {"log": os.environ.get("TANDEM_LOG", "info"), "listen": self.listen(),
                "web": "tls:%s:%d" % (self.address, WEB), **settings}
        with open(self.file, encoding="utf-8") as file:
            kept = [line for line in file if line.partition("=")[0].strip() not in mine]
        with open(self.file, "w", encoding="utf-8") as file:
            file.writelines(kept + ["%s = %s\n" % (key, json.dumps(value)) for key, value in mine.items()])

    def start(self):
        self.begin = os.path.getsize(self.log_file) if os.path.exists(self.log_file) else 0
        with open(self.log_file, "ab") as log:
            self.process = subprocess.Popen([*self.within, PROGRAM, "run", "--config", self.file],  # pylint: disable=consider-using-with
                                            stdout=log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, cwd=self.folder,
                                            start_new_session=True)
        return self

    def log(self):
        """Of this start."""
        if not os.path.exists(self.log_file):
            return ""
        with open(self.log_file, encoding="utf-8", errors="replace") as file:
            file.seek(self.begin)
            return file.read()

    def says(self, pattern, seconds=10.0):
        return wait_for(lambda: re.search(pattern, self.log()), seconds, "%s saying \"%s\"" % (self.name, pattern))

    def stop(self, number=signal.SIGTERM, seconds=10):
        if self.process is None:
            return
        if self.process.poll() is None:
            self.process.send_signal(number)
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process = None

    def kill(self):
        self.stop(signal.SIGKILL)

    def tool(self, *words):
        """A sub-command that speaks to this member: (exit status, output, complaints)."""
        done = subprocess.run([*self.within, PROGRAM, words[0], "--config", self.file, *words[1:]], capture_output=True, text=True,
                              cwd=self.folder, timeout=60, check=False)
        return done.returncode, done.stdout, done.stderr


class Location:
    """`machines` gives (address, command to start programs there) for each name: etcd-1.., nats-1.., store-1, store-2, host-1.."""

    def __init__(self, machines, folder=None, durable=False):
        self.folder = folder or tempfile.mkdtemp(prefix="tandem-cluster-")
        os.chmod(self.folder, 0o755)
        self.machines, self.secrets, self.durable = machines, {}, durable
        self.flat = all(address.startswith("127.") for address, _ in machines.values())
        self.members, self.engines, self.registry, self.bus, self.store = {}, [], None, None, None
        self.doors = []  # between the bus and DOORED: can be shut
        certificates = os.path.join(self.folder, "certificates")
        os.makedirs(certificates, exist_ok=True)
        self.authority = Authority(certificates)

    def __enter__(self):
        try:
            self.start_engines()
            self.start_members()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for member in reversed(list(self.members.values())):
            member.kill()
        for engine in [*self.doors, *reversed(self.engines)]:
            engine.__exit__(None, None, None)
        shutil.rmtree(self.folder, ignore_errors=True)

    # ---- engines ----

    def places(self, kind, count):
        return [self.machines["%s-%d" % (kind, i + 1)] for i in range(count)]

    def make_store(self):
        places = self.places("store", 2)
        store = postgres.Postgres(addresses=[a for a, _ in places], wraps=[w for _, w in places], authority=self.authority, durable=self.durable,
                                  port=None if self.flat else 5432)
        if not self.flat:
            store.standby.port = 5433  # it begins as a copy of the other's folder, where the lock of that port is
        return store

    def make_bus(self):
        """Each member is a user: proxies and nodes for what their roles need, the others, to which applications move, for all."""
        users = [name + ("=" + runs[0][1] if len(runs) == 1 else "") for name, runs in MEMBERS.items()]
        accounts = subprocess.run([PROGRAM, "accounts", "nats", "tandem", *users], check=True, capture_output=True, text=True).stdout
        bus = nats.Cluster(3, places=self.places("nats", 3), client_certificates=True, accounts=accounts, advertise=not self.flat,
                           passwords={"BUS_PASSWORD_" + name.upper().replace("-", "_"): self.bus_password(name) for name in MEMBERS})
        bus.authority = self.authority
        return bus

    @staticmethod
    def bus_password(name):
        return "the bus knows " + name

    def make_registry(self):
        """With certificates of our authority instead of one of its own."""
        registry = etcd.Etcd(3, heartbeat=100, election=1000)
        for member, (address, within) in zip(registry.members, self.places("etcd", 3)):
            member.host, member.inside = address, within
            if not self.flat:
                member.port, member.peer_port = 2379, 2380
        for name, addresses in ("server", [m.host for m in registry.members]), ("client", []):
            certificate, key = self.authority.issue("etcd-" + name, addresses)
            shutil.copy(certificate, registry.path(name + ".pem"))
            shutil.copy(key, registry.path(name + "-key.pem"))
        shutil.copy(self.authority.certificate, registry.path("authority.pem"))
        registry.tls = True
        return registry

    def start_engines(self):
        tempfile.tempdir = self.folder  # one folder holds everything
        makers = [self.make_store, self.make_bus, self.make_registry]
        made = [None] * len(makers)
        threads = [threading.Thread(target=self.begin_engine, args=(made, i, make)) for i, make in enumerate(makers)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.engines = [engine for engine in made if engine is not None]
        assert len(self.engines) == len(makers), "an engine did not start"
        self.store, self.bus, self.registry = made
        if self.flat:
            self.doors = [Cutter(s.address, s.port, s.address).__enter__() for s in self.bus.servers]

    @staticmethod
    def begin_engine(made, index, make):
        engine = make()
        engine.__enter__()
        made[index] = engine

    # ---- members ----

    def engines_of(self, member):
        password = os.path.join(member.data, "bus-password")
        with open(password, "w", encoding="utf-8") as file:
            file.write(self.bus_password(member.name) + "\n")
        bus = ["tls://%s:%d" % (door.target[0], door.port) for door in self.doors] if member.name == DOORED else []
        return {"registry": self.registry.urls, "bus": bus or self.bus.addresses, "store": self.store.addresses,
                "bus-user": member.name, "bus-password-file": password,
                "store-user": "tandem", "store-password-file": self.store.password_file("tandem")}

    def start_first(self, first):
        """It has the authority, and is the one that the others ask."""
        certificates = os.path.join(first.data, "certificates")
        os.makedirs(certificates, mode=0o700, exist_ok=True)
        for name in "authority.pem", "authority.key":
            shutil.copy(os.path.join(self.authority.folder, name), certificates)
        first.write(**self.engines_of(first))
        first.start().says(" runs: ", 30)
        first.says("phones are let in", 30)

    def join(self, first, member):
        """As an administrator does it: a code there, tandem join here."""
        status, code, error = first.tool("code", member.name)
        assert status == 0, error
        code = re.search(r"\b[a-z2-7-]{52,}\b", code).group(0)
        done = subprocess.run([*member.within, PROGRAM, "join", "https://%s:%d" % (first.address, WEB), "--name", member.name, "--code", "-",
                               "--data", member.data, "--start-file", member.file], input=code + "\n", capture_output=True, text=True,
                              cwd=member.folder, timeout=60, check=False)
        assert done.returncode == 0, (done.stdout, done.stderr)
        member.more(**self.engines_of(member))

    def start_members(self):
        for name in MEMBERS:
            self.members[name] = Member(self, name, *self.machines[name])
        first = self.members[FIRST]
        self.start_first(first)
        for member in self.members.values():
            if member is not first:
                self.join(first, member)
        self.apply(**self.objects())
        for member in self.members.values():
            if member is not first:
                member.start()
        for name, applications in MEMBERS.items():
            for application, role, _ in applications:
                if role == "proxy":
                    self.members[name].says("at=%s: phones are let in" % application, 30)
        for pair in "node-1", "node-2":
            wait_for(lambda pair=pair: any("%s is in step" % n in m.log() for m in self.members.values() for n in (pair + "a", pair + "b")),
                     30, "the pair %s in step" % pair)

    def objects(self):
        applications = []
        for name, runs in MEMBERS.items():
            for application, role, pair in runs:
                a = {"name": application, "role": role, "location": "home", "member": name}
                address = self.machines[name][0]
                if role in ("node", "proxy"):
                    a["inside"] = "tls:%s:%d" % (address, INSIDE)
                if role == "node":
                    a.update(pair=pair, link="tls:%s:%d" % (address, LINK))
                applications.append(a)
        return {"application": applications}

    def apply(self, by=FIRST, **lists):
        path = os.path.join(self.folder, "objects.json")
        with open(path, "w", encoding="utf-8") as file:
            json.dump(lists, file)
        status, out, error = self.members[by].tool("apply", "-f", path)
        assert status == 0, (status, out, error)
        return out

    def secret(self, dn):
        if dn not in self.secrets:
            status, out, error = self.members[FIRST].tool("get", "dn", "--secrets", "--json")
            assert status == 0, error
            self.secrets = {d["number"]: d["secret"] for d in json.loads(out)["dn"]}
        return self.secrets[dn]

    # ---- looking at it ----

    def primary(self, pair):
        """The member that runs the primary of a pair: the one that said so with the highest view, and lives."""
        best = (0, None)
        for member in self.members.values():
            for view in re.findall(r"primary of %s, view (\d+)" % pair, member.log()):
                if member.process is not None and int(view) > best[0]:
                    best = (int(view), member)
        return best[1]

    def logs(self):
        return "".join("==== %s\n%s" % (name, member.log()) for name, member in self.members.items())
