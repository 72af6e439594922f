"""Scenarios of sipp: sipp/NAME.caller.xml, with sipp/NAME.called.xml and NAME.other.xml where somebody is called.

`<include part="dial"/>` stands for sipp/part/dial.xml. The comment at the top of the caller's file may say
`history: RESULT, CAUSE` (of the one row that has to come of it), `transport: tcp`, `peer: NUMBER`, `secret: TEXT`, `expires: SECONDS`."""
import glob
import os
import re
import subprocess

from rig import free_port

CALLER, CALLED = "1006", "1007"
FOLDER = os.path.join(os.path.dirname(os.path.realpath(__file__)), "sipp")


def text_of(name):
    with open(os.path.join(FOLDER, name), encoding="utf-8") as file:
        return re.sub(r'<include part="([^"]+)"/>\n', lambda m: text_of("part/%s.xml" % m[1]), file.read())


class Sipp:
    """One run of one scenario."""

    def __init__(self, tandem, name, text, dn, port, transport="udp", secret=None, **keys):
        path = tandem.path(name + ".xml")
        with open(path, "w", encoding="utf-8") as file:
            file.write('<?xml version="1.0"?>\n' + text)
        keys = {"dn": dn, "peer": CALLED, **keys}
        self.name, self.errors = name, tandem.path(name + ".errors")
        self.process = subprocess.Popen(
            [*tandem.outside, "sipp", "%s:%d" % (tandem.host, tandem.sip), "-sf", path, "-i", tandem.phone_host, "-p", str(port), "-t",
             "t1" if transport == "tcp" else "u1", "-m", "1", "-nostdin", "-nr", "-timeout", "10", "-timeout_error",
             "-au", dn, "-ap", secret or tandem.secret(dn), "-mp", str(free_port(4)), "-trace_err", "-trace_msg", "-message_file", tandem.path(name + ".messages"), "-error_file",
             self.errors, *(part for k, v in keys.items() for part in ("-key", k, v))],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, text=True, cwd=tandem.folder)

    def result(self):
        out, _ = self.process.communicate(timeout=15)
        if self.process.returncode == 0:
            return ""
        errors = ""
        if os.path.exists(self.errors):
            with open(self.errors, encoding="utf-8", errors="replace") as file:
                errors = file.read()
        return "%s: exit status %d\n%s%s\n" % (self.name, self.process.returncode, out[-1500:], errors[-3000:])


def register(tandem, port, expires):
    text = "<scenario>\n%s</scenario>\n" % text_of("part/register.xml")
    wrong = Sipp(tandem, "register-%d" % port, text, CALLED, port, expires=expires).result()
    assert not wrong, wrong


def run(tandem, name):
    about = re.match(r"<!--(.*?)-->|", text_of(name + ".caller.xml"), re.S)[1] or ""
    said = dict(re.findall(r"(transport|peer|secret|expires|history): ([^.\n]+?) ?(?:\.|$)", about, re.M))
    history = said.pop("history", None)
    before = len(tandem.rows())
    ports, ran = [], []
    for role in "called", "other":
        if os.path.exists("%s/%s.%s.xml" % (FOLDER, name, role)):
            ports.append(free_port())
            register(tandem, ports[-1], "600")
            part = "%s.%s" % (name, role)
            ran.append(Sipp(tandem, part, text_of(part + ".xml"), CALLED, ports[-1]))
    part = name + ".caller"
    ran.append(Sipp(tandem, part, text_of(part + ".xml"), CALLER, free_port(), **said))
    wrong = "".join(s.result() for s in ran)
    for port in ports:
        register(tandem, port, "0")
    assert not wrong, wrong
    if history:
        tandem.row(before, *history.split(", "))


def scenarios():
    for path in sorted(glob.glob(FOLDER + "/*.caller.xml")):
        name = os.path.basename(path)[:-len(".caller.xml")]
        yield "sipp_" + name.replace("-", "_"), lambda tandem, name=name: run(tandem, name)
