"""Where the tests of the store are run."""
import contextlib
import socket
import threading

from cases import Embedded
from postgres import Postgres


class Servers(Postgres):
    """The faults that tests ask for, on a primary and its standby."""

    @property
    def arguments(self):
        return [*self.options(), *self.addresses]

    def fault(self, words):
        getattr(self, "fault_" + words[0])(*words[1:])
        return "done"

    def named(self, which):
        return {"primary": self.primary, "standby": self.standby}[which]

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

    def fault_sql(self, database, *words):
        self.primary.sql(" ".join(words), database)


def cases():
    yield "store in the process", "store", "embedded", Embedded
    yield "store on PostgreSQL", "store", "postgres", Servers
