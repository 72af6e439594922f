"""Where the tests of the store are run."""
import contextlib
import os
import socket
import subprocess
import threading

from cases import Embedded
from cutter import Cutter
from postgres import OWNER, Postgres


class Servers(Postgres):
    """The faults that tests ask for, on a primary and its standby."""

    @property
    def arguments(self):
        return [*self.options(), *self.addresses]

    def fault(self, words):
        return "none" if getattr(self, "fault_" + words[0])(*words[1:]) == "none" else "done"

    def fault_cut(self, _mode):
        return "none"

    def named(self, which):
        return self.primary if which == "primary" else self.standby

    def fault_database(self, name):
        """A test begins: whatever the one before has left, all is well."""
        self.heal()
        self.make_database(name)

    def fault_synchronous(self):
        """From now on nothing is committed that the standby does not have."""
        self.synchronous()

    def fault_kill(self, which):
        self.named(which).kill()

    def fault_start(self, which):
        self.named(which).start()

    def fault_restart(self, which):
        self.named(which).stop()
        self.named(which).start()

    def fault_pause(self, which):
        self.named(which).pause()

    def fault_resume(self, which):
        self.named(which).resume()

    def fault_failover(self):
        """The primary dies and its standby takes over; the dead one becomes a standby later."""
        self.primary.kill()
        self.promote()

    def fault_rejoin(self):
        self.rejoin()

    def fault_web(self, port):
        """Something that is reachable and no database."""
        def serve(listener):
            while True:
                with contextlib.suppress(OSError), listener.accept()[0] as connection:
                    connection.recv(100)
                    connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        listener = socket.create_server(("127.0.0.1", int(port)))
        threading.Thread(target=serve, args=(listener,), daemon=True).start()

    def fault_accounts(self, database):
        """Roles with the rights that the program names, and a user of each."""
        program = os.path.join(os.path.dirname(os.environ.get("CONFORMANCE", "build/conformance")), "tandem")
        self.primary.sql(subprocess.run([program, "accounts", "postgres"], check=True, stdout=subprocess.PIPE, text=True).stdout,
                         database)
        for role in "config", "control", "history", "member", "proxy", "session":
            self.primary.sql("DROP ROLE IF EXISTS %s" % role, database)
            self.primary.sql("CREATE ROLE %s LOGIN PASSWORD '%s' IN ROLE tandem_%s" % (
                role, self.password(role), role), database)

    def fault_as(self, user, database, *words):
        """Must be refused for want of a right."""
        try:
            self.primary.sql(" ".join(words), database, user, self.password(user))
        except RuntimeError as error:
            if "permission denied" in str(error) or "must be owner" in str(error):
                return
            raise
        raise RuntimeError("it was not refused")

    def fault_certificate(self, name, user, role):
        """<authority's folder>/NAME.pem and .key, and a user who logs in with it."""
        self.authority.issue(name)
        self.primary.sql("GRANT tandem_%s TO %s" % (role, user), "postgres")

    def fault_user(self, user):
        """Its password, where --password-file points to."""
        with open(self.password_file(OWNER), "w", encoding="utf-8") as file:
            file.write(self.password(user) + "\n")

    def fault_sql(self, database, *words):
        self.primary.sql(" ".join(words), database)


class CutServers(Servers):
    """One server behind a proxy that cuts."""

    def __init__(self):
        super().__init__(addresses=("127.0.0.1",))

    def __enter__(self):
        super().__enter__()
        self.cutter = Cutter(self.primary.address, self.primary.port).__enter__()
        return self

    def __exit__(self, *_):
        super().__exit__()
        self.cutter.__exit__()

    @property
    def arguments(self):
        return ["--only=each_record_is_there_once", *super().arguments]

    @property
    def addresses(self):
        return ["127.0.0.1:%d" % self.cutter.port]

    def fault_cut(self, mode):
        self.cutter.cut(mode)


def cases():
    yield "store in the process", "store", "embedded", Embedded
    yield "store on PostgreSQL", "store", "postgres", Servers
    yield "store behind a line that is cut", "store", "postgres", CutServers
