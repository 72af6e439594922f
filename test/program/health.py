"""Health on the running program: tandem status, alarms and acknowledge, metrics, the service manager."""
import http.client
import json
import os
import re
import signal
import socket
import subprocess
import tempfile
import time

from rig import PROGRAM, ROOT, free_port, wait_for

ELSEWHERE = {"name": "host-9", "location": "home"}
SPARE = {"name": "proxy-9", "role": "proxy", "location": "home", "member": "host-9", "listen": ["local:nowhere"]}


def apart(tandem):
    """What runs beside us on this machine is nobody's business here."""
    tandem.options["env"] = dict(os.environ, TANDEM_PLACES=tandem.path("places"))
    return tandem


def anywhere(tandem, *arguments):
    """A sub-command in some folder, without a word about where the system is."""
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, timeout=20, cwd=folder,
                              env=tandem.options["env"], check=False)
    return done.returncode, done.stdout, done.stderr


def healths(tandem):
    _, out, _ = anywhere(tandem, "status", "--json")
    return {i["name"]: i["health"] for i in json.loads(out)["instances"]} if out else {}


def all_is_well(tandem):
    return anywhere(tandem, "status")[0] == 0


def scenario_status_finds_the_system_and_shows_each_instance(tandem):
    """requirement: CF-10: the health of every role instance."""
    apart(tandem).start()
    wait_for(lambda: all_is_well(tandem), 15, "all is well")
    found = json.loads(anywhere(tandem, "status", "--json")[1])["instances"]
    assert {i["role"] for i in found} == {"proxy", "node", "history", "config", "session", "control"}, found
    assert all(i["health"] == "ok" and i["location"] == "home" for i in found), found
    _, table, _ = anywhere(tandem, "status")
    assert table.startswith("role") and "proxy-1" in table and len(table.splitlines()) == len(found) + 1, table
    assert tandem.tool("status", env=tandem.options["env"])[0] == 0
    tandem.kill()
    status, out, err = anywhere(tandem, "status")
    assert (status, out) == (2, "") and "no system runs here" in err, (status, out, err)


def scenario_what_is_missing_raises_one_alarm_until_it_is_well(tandem):
    """requirement: CF-10: alarms are raised, acknowledged and cleared, and kept."""
    apart(tandem).start()
    wait_for(lambda: all_is_well(tandem), 15, "all is well")
    assert tandem.apply(member=[ELSEWHERE], application=[SPARE])[0] == 0
    wait_for(lambda: healths(tandem).get("proxy-9") == "down", 10, "the new proxy is missed")
    wait_for(lambda: "instance-down" in anywhere(tandem, "alarms")[1], 10, "the alarm")
    assert anywhere(tandem, "status")[0] == 1
    alarms = json.loads(anywhere(tandem, "alarms", "--json")[1])["alarms"]
    assert [(a["alarm"], a["object"], a["severity"]) for a in alarms] == [("instance-down", "proxy-9", "critical")]
    number = str(alarms[0]["id"])
    assert anywhere(tandem, "acknowledge", number)[0] == 0
    assert json.loads(anywhere(tandem, "alarms", "--json")[1])["alarms"][0]["acknowledged_by"] == "operator"
    assert anywhere(tandem, "acknowledge", "99999")[0] == 1
    assert anywhere(tandem, "acknowledge", "first")[0] == 2
    tandem.kill()  # what is raised stays raised
    tandem.start()
    wait_for(lambda: number in anywhere(tandem, "alarms")[1], 15, "the alarm of before")
    assert json.loads(anywhere(tandem, "alarms", "--json")[1])["alarms"][0]["acknowledged_by"] == "operator"
    assert tandem.tool("delete", "application", "proxy-9")[0] == 0
    wait_for(lambda: anywhere(tandem, "alarms")[1] == "No alarm is raised.\n", 20, "the end of the alarm")
    past = json.loads(anywhere(tandem, "alarms", "history", "--json")[1])["alarms"]
    assert len(past) == 1 and int(past[0]["cleared_at"]) > int(past[0]["raised_at"]), past
    wait_for(lambda: all_is_well(tandem), 5, "all is well again")


# ---- metrics ----

def metrics(port, path="/metrics", method="GET"):
    c = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        c.request(method, path)
        answer = c.getresponse()
        return answer.status, answer.getheader("Content-Type"), answer.read().decode()
    finally:
        c.close()


def answers(port):
    try:
        return metrics(port)[0] == 200
    except http.client.RemoteDisconnected:
        return False


def with_metrics(tandem):
    port = free_port()
    with open(tandem.file, "a", encoding="utf-8") as file:
        file.write('metrics = "tcp:127.0.0.1:%d"\n' % port)
    apart(tandem).start()
    return port


SAMPLE = re.compile(r'^[a-z_]+(\{[a-z_]+="([^"\\]|\\.)*"(,[a-z_]+="([^"\\]|\\.)*")*\})? -?[0-9.e+]+$')


def scenario_metrics_for_prometheus(tandem):
    """requirement: OPS-10: metrics on HTTP for every instance and thread, with dashboards and alert rules that use them."""
    port = with_metrics(tandem)
    status, kind, text = metrics(port)
    assert status == 200 and kind.startswith("text/plain; version=0.0.4"), (status, kind)
    lines = text.splitlines()
    assert text.endswith("\n") and all(line.startswith("# ") or SAMPLE.match(line) for line in lines), text
    types = [line.split()[2] for line in lines if line.startswith("# TYPE ")]
    assert len(types) == len(set(types)), "each metric is announced once"
    for role, name in (("proxy", "proxy-1"), ("node", "node-1a"), ("control", "control-1")):
        assert 'tandem_turns_total{role="%s",instance_name="%s"} ' % (role, name) in text, text
    for thread in ("tandem", "pool", "watch", "signals", "copy"):
        assert 'tandem_thread_cpu_seconds_total{thread="%s"} ' % thread in text, text
    with open(os.path.join(ROOT, "docs/reference/metrics.md"), encoding="utf-8") as file:
        known = set(re.findall(r"^\| `([a-z_]+)`", file.read(), re.M))
    assert set(types) <= known, set(types) - known
    for path in ("packaging/prometheus/tandem.rules.yml", "packaging/grafana/tandem.json"):
        with open(os.path.join(ROOT, path), encoding="utf-8") as file:
            used = set(re.findall(r"\b(?:tandem|process)_[a-z_]+\b", file.read()))
        assert len(used) > 10 and used <= set(types), (path, used - set(types))


def scenario_the_reader_of_metrics_can_do_nothing_else(tandem):
    """requirement: OPS-10: /metrics and /ready; the rest is refused, and many readers do no harm."""
    port = with_metrics(tandem)
    wait_for(lambda: metrics(port, "/ready")[0] == 200, 10, "readiness")
    assert metrics(port, "/")[0] == 404
    assert metrics(port, "/metrics", "POST")[0] == 405
    idle = [socket.create_connection(("127.0.0.1", port)) for _ in range(100)]
    try:
        idle[0].sendall(b"GET /metrics HTTP/1.1\r\nhost")
        wait_for(lambda: all_is_well(tandem), 10, "all is well")
    finally:
        for one in idle:
            one.close()
    wait_for(lambda: answers(port), 5, "the others are gone")
    with socket.create_connection(("127.0.0.1", port)) as rude:
        rude.sendall(b"\x00\xff" * 100000)
        rude.settimeout(5)
        try:
            while rude.recv(4096):
                pass
        except ConnectionError:
            pass
    assert answers(port)


# ---- the service manager ----

class Manager:
    """What systemd does with NOTIFY_SOCKET (sd_notify(3))."""

    def __init__(self, tandem):
        self.path = tandem.path("notify")
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.path)
        apart(tandem).options["env"].update(NOTIFY_SOCKET=self.path, WATCHDOG_USEC="1000000")
        self.heard = []

    def listen(self, seconds):
        """The lines that come in this time."""
        end, heard = time.monotonic() + seconds, []
        while (left := end - time.monotonic()) > 0:
            self.socket.settimeout(left)
            try:
                heard += self.socket.recv(4096).decode().splitlines()
            except TimeoutError:
                break
        self.heard += heard
        return heard


def scenario_the_service_manager_is_told(tandem):
    """requirement: CF-11: readiness when all instances are ready, a watchdog that a hung process does not feed."""
    manager = Manager(tandem)
    tandem.start()
    wait_for(lambda: "READY=1" in manager.listen(0.2) or "READY=1" in manager.heard, 10, "READY=1")
    assert manager.listen(3).count("WATCHDOG=1") >= 3
    assert any(re.match(r"STATUS=(\d+) instances: \1 ready, 0 degraded, 0 starting$", line)
               for line in manager.heard), manager.heard
    assert manager.heard.count("READY=1") == 1
    tandem.process.send_signal(signal.SIGSTOP)
    manager.listen(0.2)
    assert manager.listen(2) == []
    tandem.process.send_signal(signal.SIGCONT)
    assert "WATCHDOG=1" in manager.listen(1.5)
    assert tandem.stop() == 0
    assert "STOPPING=1" in manager.listen(0.2)
