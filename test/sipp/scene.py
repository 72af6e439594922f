"""One scene: its sides are written as scenarios of sipp and run against the program."""
import glob
import os
import re
import subprocess
import xml.etree.ElementTree as ElementTree

import line
from compose import Side
from credentials import Credentials
from rig import wait_for
from site_of_scenes import PORT, SECRET, SIDES, address, numbers

SCENES = os.path.join(os.path.dirname(os.path.realpath(__file__)), "scenes")
SERVING = "recv", "ring", "sleeping"  # the first steps of those who wait to be called
PATIENCE = 15  # seconds that one side may take


class Scene:
    def __init__(self, path, index):
        self.name, self.index = os.path.basename(path)[:-len(".xml")], index
        with open(path, encoding="utf-8") as file:
            text = file.read()
        self.head = " ".join(re.match(r"<!--(.*?)-->", text, re.S)[1].split())
        assert re.search(r"RFC \d+", self.head) and "requirement: " in self.head, "%s does not say what it proves" % path
        self.elements = list(ElementTree.fromstring(text))
        self.said = dict(re.findall(r"\b(history|alone|ip): ([^.]+)", self.head))

    def names(self, tandem, element):
        """What stands in brackets in the texts of one side."""
        own = numbers(self.index)
        six = "ip" in self.said
        host = "%s:%d" % (tandem.host, tandem.sip)
        role = element.tag
        number = own.get(role, "+4930%s" % own["called"])
        names = {"n": "%03d" % self.index, "out": "8%03d" % self.index, "domain": "[remote_ip]" if six else tandem.host,
                 "host": "[remote_ip]:%d" % tandem.sip if six else host, "in": "+4930" + own["called"], **own}
        to = element.get("to", "caller" if role in ("called", "other") else "called")
        names["target"] = "sip:%s@%s" % (re.sub(r"\[(\w+)\]", lambda m: names[m[1]], element.get("dial", own[to] if to in own else to)), names["host"])
        names.update({role + "_ip": address(self.index, role) for role in SIDES})
        names.update({"user": number, "tag": "%s-%s" % (role, self.name), "ip": "[local_ip]" if six else address(self.index, role),
                      "port": str(element.get("port", PORT)), "secret": SECRET, "peer": own[to] if to in own else to,
                      "credentials": "[authentication username=%s password=%s]" % (number, SECRET)})
        return names

    def run(self, tandem):
        parties = [Party(self, tandem, element) for element in self.elements]
        try:
            for party in parties:
                party.register()
            awake = [party for party in parties if not party.sleeps]
            for party in sorted(awake, key=lambda p: p.begins):
                party.start()
            wrong = "".join(party.result() for party in awake)
        finally:
            for party in parties:
                party.close()
        assert not wrong, wrong
        if "history" in self.said:
            self.row(tandem, *self.said["history"].split(", "))

    def row(self, tandem, result, cause):
        """The one call that came of it."""
        mine = set(numbers(self.index).values())
        rows = wait_for(lambda: [r for r in tandem.rows() if mine & {r["from_dn"], r["to_dn"]} and r["ended_at"]], 5, "a closed row")
        assert len(rows) == 1 and (rows[0]["result"], rows[0]["cause"]) == (result, cause), rows


class Party:
    """A side while it runs."""

    def __init__(self, scene, tandem, element):
        self.scene, self.tandem, self.element = scene, tandem, element
        self.names = scene.names(tandem, element)
        self.transport = element.get("transport", "udp")
        self.name = "%s.%s" % (scene.name, element.tag)
        self.begins = next(step for step in element if step.tag != "registration").tag not in SERVING
        self.sleeps = element.find("sleeping") is not None
        self.line = self.process = None
        self.credentials = Credentials(tandem, self.names)
        for step in element.iter():
            step.text = self.credentials.fill(step.text or "")
        if element.get("line"):
            self.line = line.Line(tandem, self.names["ip"], self.transport, element)

    def sipp(self, name, text):
        path = self.tandem.path(name + ".xml")
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        six = "ip" in self.scene.said
        to = "%s:%d" % self.line.address if self.line else "%s:%d" % ("[::1]" if six else self.tandem.host, self.tandem.sip)
        stream = self.transport == "tcp" and not self.line
        return subprocess.Popen(
            ["sipp", to, "-sf", path, "-i", "[::1]" if six else self.names["ip"], "-p", self.names["port"], "-t", "t1" if stream else "u1", "-m", "1",
             "-nostdin", "-nr", "-timeout", str(PATIENCE - 5), "-timeout_error", "-mp", str(6000 + 4 * (int(self.names["port"]) - PORT)), "-trace_err", "-trace_msg",
             "-message_file", path + ".messages", "-error_file", path + ".errors"],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, text=True, cwd=self.tandem.folder)

    def register(self):
        if self.element.tag not in ("called", "other", "third") or self.element.get("registered") == "no":
            return
        step = ElementTree.Element("scene")
        ElementTree.SubElement(step, "register").text = self.element.findtext("registration", "")
        element = ElementTree.Element(self.element.tag, self.element.attrib)
        element.append(step[0])
        name = self.name + ".register"
        process = self.sipp(name, Side(name, self.scene.head, element, self.names).text())
        wrong = self.outcome(name, process)
        assert not wrong, wrong

    def start(self):
        text = Side(self.scene.name, self.scene.head, self.element, self.names).text()
        self.process = self.sipp(self.name, text)
        if not self.begins:
            where = "::1" if "ip" in self.scene.said else self.names["ip"]
            kind = "tcp" if self.transport == "tcp" and not self.line else "udp"
            wait_for(lambda: self.process.poll() is not None or listens(where, int(self.names["port"]), kind), 5, "a phone")

    def result(self):
        return self.outcome(self.name, self.process)

    def outcome(self, name, process):
        try:
            out, _ = process.communicate(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            out, _ = process.communicate()
        if process.returncode == 0:
            return ""
        path = self.tandem.path(name + ".xml")
        said = [open(p, encoding="utf-8", errors="replace").read() for p in (path + ".errors", path + ".messages") if os.path.exists(p)]
        return "%s: exit status %s\n%s\n%s\n" % (name, process.returncode, out[-300:] if not said else "", "\n".join(s[-6000:] for s in said))

    def close(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        if self.line:
            self.line.close()


def listens(ip, port, kind):
    wanted = "%s:%04X" % ("".join("%02X" % int(b) for b in reversed(ip.split("."))) if "." in ip else "0" * 24 + "01000000", port)
    name = "/proc/net/%s%s" % (kind, "" if "." in ip else "6")
    with open(name, encoding="ascii") as file:
        return any(row.split()[1] == wanted for row in file)


def load(words):
    """All scenes, in the order of their names; their numbers do not depend on which are wanted."""
    every = [Scene(path, index + 1) for index, path in enumerate(sorted(glob.glob(SCENES + "/*.xml")))]
    return [s for s in every if not words or any(w in s.name for w in words)]
