"""A cluster of real etcd servers, one or three, on loopback or on given addresses; with TLS and users if wanted.

    with Etcd(3) as etcd:
        etcd.urls, etcd.arguments      # for clients
        etcd.kill("leader"); etcd.restart(0); etcd.pause(1); etcd.go_on(1)
"""
import base64
import http.client
import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import time

given = set()  # ports that were handed out by this process


def free_port(address="127.0.0.1"):
    """Below the range from which the system takes the ports of connections, so that nobody gets it meanwhile."""
    for _ in range(1000):
        port = 10000 + int.from_bytes(os.urandom(2), "big") % 22000
        if port in given:
            continue
        with socket.socket() as s:
            try:
                s.bind((address, port))
            except OSError:
                continue
        given.add(port)
        return port
    raise RuntimeError("no free port")


def wait_for(what, seconds, about):
    end = time.monotonic() + seconds
    while True:
        value = what()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError("%s did not happen within %g s" % (about, seconds))
        time.sleep(0.02)


def text64(text):
    return base64.b64encode(text.encode()).decode()


def make_authority(folder, names=("localhost",), addresses=("127.0.0.1",)):
    """authority.pem, and for `server` and `client` NAME.pem and NAME-key.pem."""
    def openssl(*words):
        subprocess.run(["openssl", *words], cwd=folder, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    openssl("req", "-x509", *key, "-subj", "/CN=test authority", "-days", "2", "-keyout", "authority-key.pem",
            "-out", "authority.pem")
    also = ",".join(["DNS:" + n for n in names] + ["IP:" + a for a in addresses])
    for name in "server", "client":
        openssl("req", *key, "-subj", "/CN=%s" % name, "-keyout", name + "-key.pem", "-out", name + ".csr")
        with open(os.path.join(folder, name + ".ext"), "w", encoding="utf-8") as file:
            # etcd's JSON gateway is a client of its own server, with the server's certificate
            file.write("subjectAltName=%s\nextendedKeyUsage=serverAuth,clientAuth\n" % also)
        openssl("x509", "-req", "-in", name + ".csr", "-CA", "authority.pem", "-CAkey", "authority-key.pem",
                "-CAcreateserial", "-days", "2", "-extfile", name + ".ext", "-out", name + ".pem")


class Member:
    """One server."""

    def __init__(self, name, host, folder):
        self.name, self.host = name, host
        self.port, self.peer_port = free_port(host), free_port(host)
        self.data = os.path.join(folder, name)
        self.log = os.path.join(folder, name + ".out")
        self.process = None
        self.inside = ()  # a command that starts it elsewhere: a network namespace

    def alive(self):
        return self.process is not None and self.process.poll() is None


class Etcd:
    """heartbeat and election in milliseconds; `user`: (name, password) with a role for keys that begin with `keys`, which
    is `cluster`/ where nothing else is said;
    `fsync` False: for tests of what is not the disk. With TLS clients need a certificate. `strict`: by --client-cert-auth,
    which etcd 3.4 does not let its gateway combine with users; a trusted authority alone asks for certificates as well."""

    def __init__(self, count=3, hosts=None, tls=False, user=None, cluster="tandem", heartbeat=30, election=300, fsync=False,
                 folder=None, token="tandem", strict=None, keys=None):
        self.own = folder is None
        self.folder = folder or tempfile.mkdtemp(prefix="tandem-etcd-")
        self.hosts = hosts or ["127.0.0.1"] * count
        self.members = [Member("etcd-%d" % (i + 1), host, self.folder) for i, host in enumerate(self.hosts)]
        self.tls, self.user, self.cluster, self.token = tls, user, cluster, token
        self.heartbeat, self.election, self.fsync = heartbeat, election, fsync
        self.keys = keys or cluster + "/"
        self.strict = not user if strict is None else strict
        self.certificate = True  # ours is shown
        self.paused = set()
        if tls:
            make_authority(self.folder, addresses=sorted(set(self.hosts)))

    # ---- life ----

    def __enter__(self):
        try:
            for member in self.members:
                self.start(member)
            self.wait()
            if self.user:
                self.protect()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        for member in self.members:
            if member.alive():
                member.process.kill()
                member.process.wait()
        if self.own:
            shutil.rmtree(self.folder, ignore_errors=True)

    def url(self, member):
        return "%s://%s:%d" % ("https" if self.tls else "http", member.host, member.port)

    def peer_url(self, member):
        return "http://%s:%d" % (member.host, member.peer_port)

    @property
    def urls(self):
        return [self.url(m) for m in self.members]

    def path(self, name):
        return os.path.join(self.folder, name)

    @property
    def arguments(self):
        """For build/conformance and for the like."""
        return [*self.options, *self.urls]

    @property
    def options(self):
        options = []
        if self.tls:
            options.append("--authority=" + self.path("authority.pem"))
        if self.tls and self.certificate:
            options += ["--certificate=" + self.path("client.pem"), "--key=" + self.path("client-key.pem")]
        if self.user:
            with open(self.path("password"), "w", encoding="utf-8") as file:
                file.write(self.user[1] + "\n")
            options += ["--user=" + self.user[0], "--password-file=" + self.path("password")]
            options += ["--cluster=" + self.cluster] if self.keys == self.cluster + "/" else []
        return options

    def start(self, member):
        words = [*member.inside, "etcd", "--name", member.name, "--data-dir", member.data,
                 "--listen-client-urls", self.url(member), "--advertise-client-urls", self.url(member),
                 "--listen-peer-urls", self.peer_url(member), "--initial-advertise-peer-urls", self.peer_url(member),
                 "--initial-cluster", ",".join("%s=%s" % (m.name, self.peer_url(m)) for m in self.members),
                 "--initial-cluster-token", self.token, "--initial-cluster-state", "new", "--logger", "zap",
                 "--heartbeat-interval", str(self.heartbeat), "--election-timeout", str(self.election)]
        if self.tls:
            words += ["--cert-file", self.path("server.pem"), "--key-file", self.path("server-key.pem"),
                      "--trusted-ca-file", self.path("authority.pem")]
            words += ["--client-cert-auth"] if self.strict else []
        if not self.fsync:
            words.append("--unsafe-no-fsync")
        with open(member.log, "ab") as log:
            member.process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def wait(self, seconds=30):
        """Until there is a leader and each member that runs can answer."""
        wait_for(self.leader, seconds, "a leader of etcd")
        for member in self.members:
            if member.alive() and member not in self.paused:
                wait_for(lambda m=member: self.status(m).get("leader", "0") != "0", seconds, "an answer of " + member.name)

    # ---- questions ----

    def ask(self, member, path, question, token=None, timeout=2.0):
        """An answer as an object; {} where there is none."""
        if self.tls:
            trust = ssl.create_default_context(cafile=self.path("authority.pem"))
            trust.load_cert_chain(self.path("client.pem"), self.path("client-key.pem"))
            connection = http.client.HTTPSConnection(member.host, member.port, timeout=timeout, context=trust)
        else:
            connection = http.client.HTTPConnection(member.host, member.port, timeout=timeout)
        try:
            headers = {"Authorization": token} if token else {}
            connection.request("POST", path, json.dumps(question), headers)
            return json.loads(connection.getresponse().read())
        except (OSError, http.client.HTTPException, ValueError):
            return {}
        finally:
            connection.close()

    def status(self, member):
        return self.ask(member, "/v3/maintenance/status", {}, timeout=1.0)

    def leader(self):
        """The index of the leader, as a majority sees it; None: there is none. 0 is true here."""
        votes = {}
        names = {}
        for index, member in enumerate(self.members):
            if not member.alive() or member in self.paused:
                continue
            said = self.status(member)
            names[said.get("header", {}).get("member_id")] = index
            if said.get("leader", "0") != "0":
                votes[said["leader"]] = votes.get(said["leader"], 0) + 1
        for name, count in votes.items():
            if count * 2 > len(self.members) and name in names:
                return Index(names[name])
        return None

    def which(self, who):
        """A member by its number, or as `leader`, `follower`."""
        if who in ("leader", "follower"):
            leader = int(wait_for(self.leader, 20, "a leader of etcd"))
            if who == "leader":
                return self.members[leader]
            return next(m for i, m in enumerate(self.members) if i != leader and m.alive() and m not in self.paused)
        return self.members[int(who)]

    # ---- faults ----

    def kill(self, who):
        member = self.which(who)
        member.process.kill()
        member.process.wait()
        self.paused.discard(member)
        return member

    def restart(self, who):
        """Killed, if it runs, and started."""
        member = self.which(who)
        if member.alive():
            self.kill(self.members.index(member))
        self.start(member)
        return member

    def pause(self, who):
        member = self.which(who)
        member.process.send_signal(signal.SIGSTOP)
        self.paused.add(member)
        return member

    def go_on(self, who):
        member = self.which(who)
        member.process.send_signal(signal.SIGCONT)
        self.paused.discard(member)
        return member

    def heal(self):
        """Everybody runs, and there is a leader."""
        for member in self.members:
            if member in self.paused:
                self.go_on(self.members.index(member))
            if not member.alive():
                self.start(member)
        self.wait()

    # ---- users ----

    def protect(self):
        """Authentication is switched on: root, and our user with the one role it needs."""
        name, password = self.user
        first = self.members[0]
        role = name + "-keys"
        for path, question in (
                ("/v3/auth/user/add", {"name": "root", "password": "root's own"}),
                ("/v3/auth/role/add", {"name": "root"}),
                ("/v3/auth/user/grant", {"user": "root", "role": "root"}),
                ("/v3/auth/user/add", {"name": name, "password": password}),
                ("/v3/auth/role/add", {"name": role}),
                ("/v3/auth/role/grant", {"name": role, "perm": {"permType": "READWRITE", "key": text64(self.keys),
                                                                "range_end": text64(self.keys[:-1] + chr(ord(self.keys[-1]) + 1))}}),
                ("/v3/auth/user/grant", {"user": name, "role": role}),
                ("/v3/auth/enable", {})):
            said = self.ask(first, path, question)
            assert "header" in said, (path, said)


class Index(int):
    """A number of a member, of which 0 is as true as the others."""

    def __bool__(self):
        return True
