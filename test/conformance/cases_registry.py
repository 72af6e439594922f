"""Where the tests of the registry are run: in the process, on etcd alone, on a cluster of three, behind a liar."""
import threading
import time

from cases import Embedded
from etcd import Etcd, make_authority, text64
from liar import Liar


class Cluster(Etcd):
    """Faults that the tests ask for. `soon MS FAULT` is done while the test goes on. `only`: these tests, not all."""

    def __init__(self, count=3, only=(), **options):
        super().__init__(count, **options)
        self.soon = []
        self.only = only

    @property
    def options(self):
        return [*super().options, *(["--only=" + ",".join(self.only)] if self.only else [])]

    def fault(self, words):
        if len(self.members) == 1:
            return "none"
        if words[0] == "soon":
            thread = threading.Thread(target=self.later, args=(int(words[1]) / 1000, words[2:]), daemon=True)
            self.soon.append(thread)
            thread.start()
            return "done"
        for thread in self.soon:
            thread.join()
        self.soon = []
        return self.now(words)

    def later(self, seconds, words):
        time.sleep(seconds)
        self.now(words)

    def now(self, words):
        what, *who = words
        if what in ("kill", "pause", "restart", "heal"):
            getattr(self, what)(*who)
        elif what == "replace":
            self.replace("another")
        elif what == "replace-back":
            self.replace("tandem")
        elif what == "is-empty":
            said = self.ask(self.members[0], "/v3/kv/range", {"key": text64("\0"), "range_end": text64("\0"),
                                                              "limit": "1"})
            assert said.get("header") and "kvs" not in said, said
            leases = self.ask(self.members[0], "/v3/lease/leases", {})
            assert leases.get("header") and "leases" not in leases, leases
        else:
            return "none"
        return "done"

    def replace(self, token):
        """Other servers at the same addresses, with data of their own."""
        for member in self.members:
            if member.alive():
                member.process.kill()
                member.process.wait()
            member.data = self.path("%s-%s" % (member.name, token)) if token != "tandem" else self.path(member.name)
        self.token = token
        self.heal()


class Lies(Cluster):
    """Each member behind a proxy of its own; all of them lie alike."""

    def __enter__(self):
        super().__enter__()
        self.liars = [Liar((m.host, m.port)) for m in self.members]
        return self

    def close(self):
        for liar in getattr(self, "liars", ()):
            liar.close()
        super().close()

    @property
    def arguments(self):
        return [*self.options, *(liar.url for liar in self.liars)]

    def fault(self, words):
        if words[0] == "lie":
            for liar in self.liars:
                liar.say(words[1:])
            return "done"
        if words[0] == "behind":  # decided by somebody else, and nothing of it is left to be streamed
            return self.behind(words[1], words[2])
        return "none"

    def behind(self, gone, come):
        first = self.members[0]
        self.ask(first, "/v3/kv/deleterange", {"key": text64(gone)})
        said = self.ask(first, "/v3/kv/put", {"key": text64(come), "value": text64("=1")})
        self.ask(first, "/v3/kv/compaction", {"revision": said["header"]["revision"], "physical": True})
        return "done"


class Wrong(Lies):
    """Servers that do not want us, or are something else. `why`: what is to be said of it; repair() makes it good."""

    def __init__(self, why, count=1, spoil=None, repair=None, direct=True, **options):
        super().__init__(count, **options)
        self.why, self.spoil, self.repair_it, self.direct = why, spoil, repair, direct
        self.more = []

    def __enter__(self):
        super().__enter__()
        if self.spoil:
            self.spoil(self)
        return self

    @property
    def arguments(self):
        return [*self.options, *self.more, *(self.urls if self.direct else [liar.url for liar in self.liars])]

    def fault(self, words):
        if words[0] == "said":
            said = " ".join(words[1:])
            assert self.why in said, "it says \"%s\", and nothing of \"%s\"" % (said, self.why)
        elif words[0] == "repair":
            if not self.repair_it:
                return "none"
            self.repair_it(self)
        return "done"

    def password(self, text):
        with open(self.path("password"), "w", encoding="utf-8") as file:
            file.write(text)

    def as_root(self, path, question):
        token = self.ask(self.members[0], "/v3/auth/authenticate", {"name": "root", "password": "root's own"})["token"]
        said = self.ask(self.members[0], path, question, token)
        assert "header" in said, said

    def role(self, verb):
        self.as_root("/v3/auth/user/" + verb, {"user" if verb == "grant" else "name": self.user[0],
                                               "role": self.user[0] + "-keys"})

    def lie(self, *words):
        for liar in self.liars:
            liar.say(words)


USER = {"user": ("tandem", "a password with \"signs\\"), "keys": "conformance-"}


class WrongPassword(Wrong):
    """The file holds another password, until it is written anew."""

    @property
    def arguments(self):
        found = super().arguments
        self.password("another one")
        return found


def cases():
    yield "registry in the process", "registry", "embedded", Embedded
    yield "registry on etcd, three members", "registry", "etcd", lambda: Cluster(3)
    yield "registry on etcd, certificates of clients", "registry", "etcd", lambda: Cluster(
        1, tls=True, only=("of_two_rivals_one_wins", "watchers_get_what_is_there_and_then_changes_in_order"))
    yield "registry on etcd, TLS and a user", "registry", "etcd", lambda: Cluster(1, tls=True, **USER)
    yield "registry on etcd, three members and a user", "registry", "etcd", lambda: Cluster(
        3, only=("each_decision_is_made_once",), **USER)
    yield "registry on etcd, behind a proxy that lies", "registry", "etcd", lambda: Lies(
        3, only=("an_answer_is_true_or_unknown", "watchers_hear_the_truth", "what_happened_meanwhile_is_told"))
    for name, place in (
            ("wrong password", lambda: WrongPassword("does not take the user", repair=lambda p: p.password(p.user[1]), **USER)),
            ("no log-in", lambda: Wrong("wants a log-in", spoil=lambda p: setattr(p, "user", None), **USER)),
            ("no role", lambda: Wrong("give it a role", spoil=lambda p: p.role("revoke"), repair=lambda p: p.role("grant"),
                                      **USER)),
            ("a web server", lambda: Wrong("no etcd that we know", spoil=lambda p: p.lie("page"), direct=False,
                                           repair=lambda p: p.lie("none"))),
            ("a stranger's certificate", lambda: Wrong("no TLS with", tls=True, spoil=lambda p: make_authority(p.folder))),
            ("no certificate", lambda: Wrong("no TLS with", tls=True, spoil=lambda p: setattr(p, "certificate", False))),
            ("certificates and users", lambda: Wrong("CommonName", tls=True, strict=True, **USER)),
            ("no TLS at all", lambda: Wrong("should it be https://", tls=True, spoil=lambda p: setattr(p, "tls", False)))):
        yield "registry that is wrong: " + name, "registry-wrong", "etcd", place
