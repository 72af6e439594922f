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
from stage import PORT, SECRET, SIDES, numbers

SCENES = os.path.join(os.path.dirname(os.path.realpath(__file__)), "scenes")
SERVING = "recv", "ring", "sleeping"  # the first steps of those who wait to be called
PHONES = "called", "other", "third"  # who registers before the scene begins
PATIENCE = 15  # seconds that one side may take


class Scene:
    def __init__(self, path, index):
        self.name, self.index = os.path.basename(path)[:-len(".xml")], index
        with open(path, encoding="utf-8") as file:
            text = file.read()
        self.head = " ".join(re.match(r"<!--(.*?)-->", text, re.S)[1].split())
        assert re.search(r"RFC \d+", self.head) and "requirement: " in self.head, "%s does not say what it proves" % path
        self.elements = list(ElementTree.fromstring(text))
        self.late = any(e.get("late") for e in self.elements)  # its trunks are made when they are there
        self.said = dict(re.findall(r"\b(history|alone|ip): ([^.]+)", self.head))

    @staticmethod
    def port(stage, element):
        """Of the proxy that a side speaks to."""
        return stage.proxies[element.get("proxy", "1")]

    def names(self, stage, element):
        """What stands in brackets in the texts of one side."""
        role, own, six = element.tag, numbers(self.index), "ip" in self.said
        ip, port = stage.place(self.index, role)
        domain = "[remote_ip]" if six else stage.host
        host = "%s:%d" % (domain, self.port(stage, element))
        number = own.get(role, "+4930" + own["called"])
        names = {"n": "%03d" % self.index, "out": "8%03d" % self.index, "in": "+4930" + own["called"], **own,
                 **{side + "_ip": stage.place(self.index, side)[0] for side in SIDES},
                 **{"proxy-" + n: str(port) for n, port in stage.proxies.items()}, "domain": domain, "host": host, "user": number, "tag": "%s-%s" % (role, self.name), "secret": SECRET,
                 "ip": "[local_ip]" if six else ip, "port": str(5000 + 8 * stage.net + int(element.get("port")) if six else port),
                 "credentials": "[authentication username=%s password=%s]" % (number, SECRET)}
        usual = "[caller]" if role in PHONES else "[called]"
        dialled = re.sub(r"\[(\w+)\]", lambda m: names[m[1]], element.get("dial", usual))
        return {**names, "target": "sip:%s@%s" % (dialled, host)}

    def run(self, stage):
        parties = [Party(self, stage, element) for element in self.elements]
        try:
            for party in parties:
                party.register()
            awake = [party for party in parties if party.element.find("sleeping") is None]
            for party in sorted(awake, key=lambda p: p.begins):
                party.start()
            if self.late:
                stage.configure([self])
            wrong = "".join(party.result() for party in awake)
        finally:
            for party in parties:
                party.close()
        assert not wrong, wrong
        if "history" in self.said:
            self.row(stage, *self.said["history"].split(", "))

    def row(self, stage, result, cause):
        """The one call that came of it."""
        mine = set(numbers(self.index).values())
        rows = wait_for(lambda: [r for r in stage.rows() if mine & {r["from_dn"], r["to_dn"]} and r["ended_at"]], 5,
                        "a closed row")
        assert len(rows) == 1 and (rows[0]["result"], rows[0]["cause"]) == (result, cause), rows

    def write(self, stage, folder):
        """As sipp reads them; digests that are made of a nonce are left out."""
        for element in self.elements:
            if element.find("sleeping") is None:
                with open(os.path.join(folder, "%s.%s.xml" % (self.name, element.tag)), "w", encoding="utf-8") as file:
                    file.write(Side(self.name, self.head, element, self.names(stage, element)).text())


class Party:
    """A side while it runs."""

    def __init__(self, scene, stage, element):
        self.scene, self.stage, self.element = scene, stage, element
        self.name = "%s.%s" % (scene.name, element.tag)
        self.names, self.transport = scene.names(stage, element), element.get("transport", "udp")
        self.begins = next(step for step in element if step.tag != "registration").tag not in SERVING
        self.ip = "::1" if "ip" in scene.said else self.names["ip"]
        self.line = self.process = None
        credentials = Credentials(stage, self.names)
        for step in element.iter():
            step.text = credentials.fill(step.text or "")
        if element.get("line"):
            self.line = line.Line(stage, self.ip, self.transport, element.get("line"))

    def sipp(self, name, element):
        path = self.stage.path(name + ".xml")
        with open(path, "w", encoding="utf-8") as file:
            file.write(Side(name, self.scene.head, element, self.names).text())
        brackets = "[%s]" if ":" in self.ip else "%s"
        to = self.line.address if self.line else (
            "::1" if ":" in self.ip else self.stage.host, self.scene.port(self.stage, self.element))
        stream = self.transport == "tcp" and not self.line
        port = int(self.names["port"])
        return subprocess.Popen(
            [*self.stage.outside, "sipp", "%s:%d" % (brackets % to[0], to[1]), "-sf", path, "-i", brackets % self.ip, "-p", str(port),
             "-t", "t1" if stream else "u1", "-m", "1", "-nostdin", "-nr", "-timeout", str(PATIENCE - 5), "-timeout_error",
             "-mp", str(6000 + 4 * (port - PORT)), "-trace_err", "-error_file", path + ".errors", "-trace_msg", "-message_file",
             path + ".messages"],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, text=True, cwd=self.stage.folder)

    def register(self):
        if self.element.tag not in PHONES or self.element.get("registered") == "no":
            return
        element = ElementTree.Element(self.element.tag, self.element.attrib)
        ElementTree.SubElement(element, "register").text = self.element.findtext("registration", "")
        name = self.name + ".register"
        wrong = self.outcome(name, self.sipp(name, element))
        assert not wrong, wrong

    def start(self):
        self.process = self.sipp(self.name, self.element)
        if not self.begins:
            wait_for(lambda: self.process.poll() is not None or self.listens(), 5, "a phone")

    def listens(self):
        kind = "tcp" if self.transport == "tcp" and not self.line else "udp"
        six = ":" in self.ip
        ip = "0" * 24 + "01000000" if six else "".join("%02X" % int(byte) for byte in reversed(self.ip.split(".")))
        wanted = " %s:%04X " % (ip, int(self.names["port"]))
        return wanted in self.stage.sockets(kind + "6" if six else kind)

    def result(self):
        return self.outcome(self.name, self.process)

    def outcome(self, name, process):
        """Empty, or what went wrong."""
        try:
            out, _ = process.communicate(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            out, _ = process.communicate()
        if process.returncode == 0:
            return ""
        texts = []
        for path in glob.glob(glob.escape(self.stage.path(name + ".xml")) + ".*"):
            with open(path, encoding="utf-8", errors="replace") as file:
                texts.append(file.read()[-8000:])
        texts = texts or [out[-1000:]]
        return "%s: exit status %s\n%s\n" % (name, process.returncode, "\n".join(texts))

    def close(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        if self.line:
            self.line.close()


def load(words=()):
    """Scenes with one of the words in their names; their numbers do not depend on which are wanted."""
    every = [Scene(path, index + 1) for index, path in enumerate(sorted(glob.glob(SCENES + "/*.xml")))]
    return [s for s in every if not words or any(w in s.name for w in words)]
