"""PostgreSQL as a cluster has it: a primary and a streaming standby, with TLS and users, in a temporary folder.

    with Postgres() as store:
        store.arguments      # for build/conformance: user, password, authority, addresses
        store.primary.kill(); store.primary.start(); store.primary.pause(); store.promote()

Servers are children of this process and end with it. PostgreSQL refuses root: as root they run as user postgres.
"""
import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time

BINARIES = "/usr/lib/postgresql/15/bin"
OWNER, DATABASE = "tandem", "tandem"
ENVIRONMENT = {"PATH": os.environ["PATH"], "HOME": "/nonexistent"}  # nobody's own settings and certificates
PATIENCE = 30  # seconds until a server has begun or ended


def as_postgres():
    return ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] if os.getuid() == 0 else []


def run(*arguments, **environment):
    done = subprocess.run([*as_postgres(), *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          cwd="/", check=False, env={**ENVIRONMENT, **environment})
    if done.returncode != 0:
        raise RuntimeError("%s: %s" % (" ".join(arguments[:3]), done.stdout))
    return done.stdout


def free_port(address):
    with socket.socket() as s:
        s.bind((address, 0))
        return s.getsockname()[1]


def wait_for(condition, what):
    end = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > end:
            raise RuntimeError("it never came: " + what)
        time.sleep(0.02)


class Authority:
    """Signs certificates; openssl does it. Files are readable by everybody but keys by their owner only."""

    def __init__(self, folder):
        self.folder = folder
        self.certificate = os.path.join(folder, "authority.pem")
        self._run("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                  "-subj", "/CN=Test authority", "-keyout", self._path("authority.key"), "-out", self.certificate)

    def _path(self, name):
        return os.path.join(self.folder, name)

    @staticmethod
    def _run(*arguments):
        subprocess.run(["openssl", *arguments], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def issue(self, name, addresses=()):
        """(certificate, key) of a name, and of addresses."""
        key, request, certificate = (self._path(name + end) for end in (".key", ".csr", ".pem"))
        names = ",".join(["DNS:" + name] + ["IP:" + a for a in addresses])
        self._run("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=" + name,
                  "-keyout", key, "-out", request)
        with open(self._path(name + ".ext"), "w", encoding="utf-8") as file:
            file.write("subjectAltName=%s\nextendedKeyUsage=serverAuth,clientAuth\n" % names)
        self._run("x509", "-req", "-in", request, "-CA", self.certificate, "-CAkey", self._path("authority.key"),
                  "-set_serial", str(time.time_ns()), "-days", "2", "-extfile", self._path(name + ".ext"), "-out", certificate)
        os.chmod(key, 0o600)
        return certificate, key


class Server:
    """One server of the cluster, at an address and port of its own."""

    def __init__(self, cluster, name, address, wrap=()):
        self.cluster, self.name, self.address = cluster, name, address
        self.port = cluster.port or free_port(address)
        self.folder = os.path.join(cluster.folder, name)
        self.process = None
        self.wrap = list(wrap)  # a command before the server's: "ip netns exec NAME"

    def make(self):
        """An empty database cluster."""
        run(os.path.join(BINARIES, "initdb"), "--no-sync", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8",
            "--username=postgres", "-D", self.folder)
        self.configure()

    def copy_of(self, other):
        """A streaming standby of another one."""
        run(os.path.join(BINARIES, "pg_basebackup"), "-D", self.folder, "-R", "-X", "stream", "-c", "fast", "--no-sync",
            "-d", "host=%s port=%d user=replica dbname=replication sslmode=verify-full sslrootcert=%s password=%s" % (
                other.address, other.port, self.cluster.authority.certificate, self.cluster.password("replica")))
        self.configure()

    def configure(self):
        certificate, key = self.cluster.authority.issue(self.name, [self.address])
        for path in certificate, key:
            shutil.copy(path, self.folder)
            own(os.path.join(self.folder, os.path.basename(path)))
        self.write("postgresql.auto.conf", "a", "\n".join((
            "cluster_name = '%s'" % self.name, "listen_addresses = '%s'" % self.address, "port = %d" % self.port,
            "unix_socket_directories = '%s'" % self.folder, "ssl = on", "ssl_cert_file = '%s.pem'" % self.name,
            "ssl_key_file = '%s.key'" % self.name, "ssl_ca_file = '%s'" % self.cluster.authority.certificate,
            "password_encryption = 'scram-sha-256'", "hot_standby = on", "wal_level = replica", "max_wal_senders = 4",
            "log_min_messages = warning", "fsync = %s" % ("on" if self.cluster.durable else "off"),
            "shared_buffers = 64MB", "max_connections = 60", "wal_keep_size = 64MB", *self.cluster.settings)) + "\n")
        self.write("pg_hba.conf", "w", "\n".join((
            "local all postgres trust", "hostssl all certified 0.0.0.0/0 cert map=members",
            "hostssl all all 0.0.0.0/0 scram-sha-256", "hostssl replication replica 0.0.0.0/0 scram-sha-256")) + "\n")
        self.write("pg_ident.conf", "w", "members /^host-[0-9]+$ certified\n")

    def write(self, name, mode, text):
        path = os.path.join(self.folder, name)
        with open(path, mode, encoding="utf-8") as file:
            file.write(text)
        own(path)

    def begin(self):
        """Without waiting."""
        with open(os.path.join(self.cluster.folder, self.name + ".log"), "a", encoding="utf-8") as log:
            self.process = subprocess.Popen(  # pylint: disable=consider-using-with
                [*self.wrap, *as_postgres(), os.path.join(BINARIES, "postgres"), "-D", self.folder], stdout=log,
                stderr=log, stdin=subprocess.DEVNULL, cwd="/", start_new_session=True, env=ENVIRONMENT)

    def start(self):
        self.begin()
        wait_for(self.answers, "%s answers" % self.name)

    def answers(self):
        if self.process.poll() is not None:  # what a killed one left behind goes away after a moment
            self.begin()
        return subprocess.run([os.path.join(BINARIES, "pg_isready"), "-q", "-h", self.folder, "-p", str(self.port)],
                              check=False).returncode == 0

    def tree(self):
        """The server's processes, the first one first."""
        pids = [self.process.pid]
        for name in os.listdir("/proc"):
            if name.isdigit():
                with contextlib.suppress(OSError), open("/proc/%s/stat" % name, encoding="utf-8", errors="replace") as file:
                    if int(file.read().rpartition(")")[2].split()[1]) == self.process.pid:
                        pids.append(int(name))
        return pids

    def signal(self, number):
        for pid in self.tree():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)

    def kill(self):
        """As a machine that loses power: nobody says goodbye."""
        if self.process is None:
            return
        pids = self.tree()
        self.signal(signal.SIGKILL)
        self.process.wait()
        self.process = None
        wait_for(lambda: not any(alive(pid) for pid in pids), "%s is gone" % self.name)

    def stop(self):
        """Fast shutdown: connections are ended."""
        if self.process is None:
            return
        self.process.send_signal(signal.SIGINT)
        self.process.wait(PATIENCE)
        self.process = None

    def pause(self):
        self.signal(signal.SIGSTOP)

    def resume(self):
        self.signal(signal.SIGCONT)

    def sql(self, text, database=DATABASE, user="postgres", password=None):
        """Rows as lines, columns parted by "|"; by the local socket as the superuser, or by TLS as somebody else."""
        host = self.folder if user == "postgres" else self.address
        environment = {"PGCONNECT_TIMEOUT": "5", "PGPASSWORD": password or "", "PGPASSFILE": "/nonexistent",
                       "PGSSLMODE": "prefer" if user == "postgres" else "verify-full",
                       "PGSSLROOTCERT": self.cluster.authority.certificate}
        return run(os.path.join(BINARIES, "psql"), "-XAtq", "-v", "ON_ERROR_STOP=1", "-h", host, "-p", str(self.port),
                   "-U", user, "-d", database, "-c", text, **environment).strip()


def alive(pid):
    with contextlib.suppress(OSError), open("/proc/%d/stat" % pid, encoding="utf-8", errors="replace") as file:
        return file.read().rpartition(")")[2].split()[0] != "Z"
    return False


def own(path):
    if os.getuid() == 0:
        who = pwd.getpwnam("postgres")
        os.chown(path, who.pw_uid, who.pw_gid)
    os.chmod(path, 0o700 if os.path.isdir(path) else 0o600)


class Postgres:
    """addresses: of the primary and, if there are two, of the standby. `authority`: of the caller, with `issue`."""

    def __init__(self, addresses=("127.0.0.1", "127.0.0.2"), durable=False, settings=(), authority=None, port=None,
                 wraps=((), ())):
        self.folder = tempfile.mkdtemp(prefix="tandem-postgres-")
        os.chmod(self.folder, 0o755)
        self.durable, self.settings, self.port = durable, settings, port
        if authority is None:
            os.mkdir(os.path.join(self.folder, "certificates"))
            authority = Authority(os.path.join(self.folder, "certificates"))
        self.authority = authority
        self.servers = [Server(self, name, address, wrap)
                        for name, address, wrap in zip(("store-1", "store-2"), addresses, wraps)]
        for server in self.servers:
            os.mkdir(server.folder)
            own(server.folder)

    @property
    def primary(self):
        return self.servers[0]

    @property
    def standby(self):
        return self.servers[1]

    def password(self, user):
        return user + "-secret"

    def password_file(self, user):
        path = os.path.join(self.folder, user + ".password")
        with open(path, "w", encoding="utf-8") as file:
            file.write(self.password(user) + "\n")
        return path

    def __enter__(self):
        try:
            self.primary.make()
            self.primary.start()
            self.primary.sql("CREATE ROLE replica LOGIN REPLICATION PASSWORD '%s'" % self.password("replica"), "postgres")
            self.primary.sql("CREATE ROLE %s LOGIN PASSWORD '%s'" % (OWNER, self.password(OWNER)), "postgres")
            self.primary.sql("CREATE ROLE certified LOGIN", "postgres")
            self.make_database(DATABASE)
            for server in self.servers[1:]:
                server.copy_of(self.primary)
                server.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for server in self.servers:
            with contextlib.suppress(Exception):
                server.resume()
                server.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def make_database(self, name):
        self.primary.sql('CREATE DATABASE "%s" OWNER %s TEMPLATE template0' % (name, OWNER), "postgres")

    def promote(self):
        """The standby becomes the primary. The one that was it has to be dead, or must never write again."""
        run(os.path.join(BINARIES, "pg_ctl"), "promote", "-w", "-D", self.standby.folder)
        self.servers.reverse()

    def heal(self):
        """Whoever is dead or paused runs again."""
        for server in self.servers:
            if server.process is None or server.process.poll() is not None:
                server.start()
            server.resume()

    def synchronous(self):
        """Commits wait for the standby, so that it can take over without losing any."""
        self.primary.sql("ALTER SYSTEM SET synchronous_standby_names = '\"%s\"'" % self.standby.name, "postgres")
        self.primary.sql("SELECT pg_reload_conf()", "postgres")
        wait_for(lambda: "sync" in self.primary.sql("SELECT sync_state FROM pg_stat_replication", "postgres").split(),
                 "a synchronous standby")

    def rejoin(self):
        """The one that was the primary begins anew, as the standby."""
        self.standby.kill()
        shutil.rmtree(self.standby.folder)
        os.mkdir(self.standby.folder)
        own(self.standby.folder)
        self.standby.copy_of(self.primary)
        self.standby.start()

    @property
    def addresses(self):
        return ["%s:%d" % (server.address, server.port) for server in self.servers]

    def options(self, user=OWNER, database=DATABASE):
        """As the start file calls them, for build/conformance."""
        return ["--user=" + user, "--password-file=" + self.password_file(user), "--database=" + database,
                "--authority=" + self.authority.certificate]

    @property
    def arguments(self):
        return [*self.options(), *self.addresses]
