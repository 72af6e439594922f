"""The real program on free ports of 127.0.0.1 with a folder of its own, and how scenarios are run.

A scenario is a function `scenario_NAME` of a module; what it needs it takes by the names of its parameters
(`needs` of run_all). A requirement that it proves is named in its first comment.
"""
import http.client
import inspect
import json
import os
import re
import shutil
import signal
import socket
import sqlite3
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import traceback

ROOT = os.path.realpath(os.path.join(os.path.dirname(__file__), "..", ".."))
PROGRAM = os.environ.get("TANDEM", os.path.join(ROOT, "build", "tandem"))
RESULTS = ("open", "answered", "abandoned", "busy", "no answer", "rejected", "failed", "lost")
given = set()  # ports that were handed out by this process


def free_port(count=1):
    """The first of `count` neighbours that are free for UDP and TCP. Below the range from which the system takes
    the ports of connections, so that nobody gets them meanwhile."""
    for _ in range(1000):
        port = 10000 + int.from_bytes(os.urandom(2), "big") % 11000 * 2
        wanted = range(port, port + count)
        if not given.intersection(wanted) and all(is_free(p) for p in wanted):
            given.update(wanted)
            return port
    raise RuntimeError("no free port")


def is_free(port):
    for kind in socket.SOCK_DGRAM, socket.SOCK_STREAM:
        with socket.socket(socket.AF_INET, kind) as s:
            try:
                s.bind(("127.0.0.1", port))
            except OSError:
                return False
    return True


def wait_for(what, seconds=5.0, about="it"):
    """The first true value of what(), or a failure."""
    end = time.monotonic() + seconds
    while True:
        value = what()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError("%s did not happen within %g s" % (about, seconds))
        time.sleep(0.02)


class Tandem:
    """`tandem run` and the sub-commands beside it."""

    host = phone_host = "127.0.0.1"  # where SIP is served, and where phones are
    inside = outside = ()  # what the program and phones are started with: network.py

    def __init__(self, data=None, **options):
        self.folder = tempfile.mkdtemp(prefix="tandem-")
        self.data = data or os.path.join(self.folder, "data")
        self.sip, self.web, self.tls, self.wss = free_port(), free_port(), free_port(), free_port()
        self.file = os.path.join(self.folder, "tandem.toml")
        self.process = None
        self.options = options
        with open(self.file, "w", encoding="utf-8") as file:
            listen = ", ".join('"%s:%s:%d"' % (kind, self.host, port) for kind, port in
                               (("udp", self.sip), ("tcp", self.sip), ("tls", self.tls), ("wss", self.wss)))
            file.write('data = "%s"\nlisten = [%s]\nweb = "tls:127.0.0.1:%d"\n' % (self.data, listen, self.web))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def path(self, name):
        return os.path.join(self.folder, name)

    def spawn(self, *arguments):
        """Starts it and says nothing about whether it came up."""
        self.said = [self.size("out"), self.size("log")]
        self.process = subprocess.Popen([*self.inside, PROGRAM, "run", "--config", self.file, *arguments], stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, cwd=self.folder, **self.options)
        self.copiers = [threading.Thread(target=self.copy, args=pair, daemon=True)
                        for pair in ((self.process.stdout, "out"), (self.process.stderr, "log"))]
        for copier in self.copiers:
            copier.start()
        return self

    def size(self, name):
        return os.path.getsize(self.path(name)) if os.path.exists(self.path(name)) else 0

    def copy(self, pipe, name):
        """By us and not by the program: limits of its files are not to hit these."""
        with pipe, open(self.path(name), "ab", buffering=0) as file:
            while piece := pipe.read1(65536):
                file.write(piece)

    def said_since(self, name, begin):
        if not os.path.exists(self.path(name)):
            return ""
        with open(self.path(name), encoding="utf-8") as file:
            file.seek(begin)
            return file.read()

    def start(self, *arguments):
        self.spawn(*arguments)
        wait_for(lambda: " runs: " in self.out() and "phones are let in" in self.log() or
                 self.process.poll() is not None, 10, "the start")
        assert self.process.poll() is None, "it did not start: " + self.log()
        return self

    def out(self):
        """What this start has printed."""
        return self.said_since("out", self.said[0])

    def log(self):
        return self.said_since("log", self.said[1])

    def stop(self, number=signal.SIGTERM, seconds=5):
        """The exit status."""
        if self.process is None:
            return None
        if self.process.poll() is None:
            self.process.send_signal(number)
        try:
            status = self.process.wait(seconds)
        finally:
            if self.process.poll() is None:
                self.process.kill()
                self.process.wait()
            for copier in self.copiers:
                copier.join()
        self.process = None
        return status

    def kill(self):
        return self.stop(signal.SIGKILL)

    def tool(self, *arguments, timeout=30, **more):
        """A sub-command: (exit status, standard output, standard error)."""
        done = subprocess.run([*self.inside, PROGRAM, arguments[0], "--config", self.file, *arguments[1:]], capture_output=True,
                              text=True, cwd=self.folder, timeout=timeout, check=False, **more)
        return done.returncode, done.stdout, done.stderr

    def apply(self, **lists):
        with open(self.path("objects.json"), "w", encoding="utf-8") as file:
            json.dump(lists, file)
        return self.tool("apply", "-f", "objects.json")

    def secret(self, dn):
        status, out, err = self.tool("get", "dn", dn, "--secrets", "--json")
        assert status == 0, err
        return json.loads(out)["dn"][0]["secret"]

    def password(self):
        """Of the administrator: printed by the first start alone."""
        with open(self.path("out"), encoding="utf-8") as file:
            return re.search(r"password (\S+)", file.read()).group(1)

    def ask(self, method, path, body=None, cookie=None):
        """HTTPS with the platform's own authority: (status, headers, body)."""
        trust = ssl.create_default_context(cafile=os.path.join(self.data, "certificates", "authority.pem"))
        c = http.client.HTTPSConnection("127.0.0.1", self.web, timeout=10, context=trust)
        try:
            headers = {"X-Tandem-Request": "1", "Content-Type": "application/json"}
            if cookie:
                headers["Cookie"] = cookie
            c.request(method, path, body, headers)
            answer = c.getresponse()
            return answer.status, answer.headers, answer.read()
        finally:
            c.close()

    def log_in(self):
        status, headers, _ = self.ask("POST", "/api/login",
                                      json.dumps({"user": "admin", "password": self.password()}))
        assert status in (200, 204), status
        return headers["Set-Cookie"].split(";")[0]

    def history(self, cookie):
        """Newest first, as the browser gets it."""
        status, _, body = self.ask("GET", "/api/history?limit=100", None, cookie)
        assert status == 200, (status, body)
        return json.loads(body)

    def stored(self, sql):
        with sqlite3.connect("file:%s/store.db?mode=ro" % self.data, uri=True) as db:
            db.row_factory = sqlite3.Row
            return [dict(row) for row in db.execute(sql)]

    def rows(self):
        """Calls, oldest first, as they are stored."""
        return [dict(row, result=RESULTS[row["result"]]) for row in self.stored("SELECT * FROM calls ORDER BY id")]

    def row(self, before, result, cause, seconds=5):
        """The one row that came since `before` rows were there, once it is closed."""
        row = wait_for(lambda: next((r for r in self.rows()[before:] if r["ended_at"]), None), seconds, "a closed row")
        assert len(self.rows()) == before + 1, self.rows()[before:]
        assert (row["result"], row["cause"]) == (result, cause), row
        return row


def scenarios(module):
    return [(name[9:], function) for name, function in vars(module).items() if name.startswith("scenario_")]


failures = []  # (name, traceback): said again at the end, which is all of a long log that is looked at


def run_all(named, needs, wanted=None):
    """Runs (name, function) pairs, those with one of the words `wanted` (default: the command line's) in their names;
    `needs` gives values by parameter name. Prints, and returns how many passed and failed."""
    wanted = sys.argv[1:] if wanted is None else wanted
    passed = failed = 0
    for name, function in named:
        if wanted and not any(w in name for w in wanted):
            continue
        begun = time.monotonic()
        try:
            function(**{p: needs[p]() for p in inspect.signature(function).parameters if p in needs})
            passed += 1
            verdict = "ok"
        except Exception:  # pylint: disable=broad-except
            failures.append((name, traceback.format_exc()))
            failed += 1
            verdict = "FAILED\n" + failures[-1][1]
        print("%-60s %5.1f s  %s" % (name.replace("_", " "), time.monotonic() - begun, verdict), flush=True)
    return passed, failed


def verdict(passed, failed):
    for name, trace in failures:
        print("FAILED: %s\n%s" % (name.replace("_", " "), trace))
    print("%d passed, %d failed" % (passed, failed))
    sys.exit(1 if failed or not passed else 0)
