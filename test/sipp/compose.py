"""From a scene (README.md) to the scenario of one side, as sipp reads it.

A side remembers what a phone remembers: its counter, the branch of its INVITE, whether it stands in a dialog, and
the INVITE that it was called with.
"""
import os
import re
import xml.etree.ElementTree as ElementTree
from xml.sax.saxutils import escape

from bodies import SDP

PARTS = os.path.join(os.path.dirname(os.path.realpath(__file__)), "parts")
WITHOUT_CONTACT = "ACK", "BYE", "CANCEL"


def part(step):
    """A part with the attributes and the lines of the step that names it."""
    with open("%s/%s.xml" % (PARTS, step.tag), encoding="utf-8") as file:
        text = file.read()
    said = {**step.attrib, "lines": escape(step.text or "")}
    return ElementTree.fromstring(re.sub(r"\{(\w+)(?:=([^}]*))?\}", lambda m: said.get(m[1], m[2] or ""), text))


class Side:
    """One phone or carrier. `names`: what stands in brackets in a scene and is known before it runs."""

    def __init__(self, scene, head, element, names):
        self.scene, self.head, self.role, self.names = scene, head, element.tag, names
        self.transport = element.get("transport", "udp")
        self.vias = int(element.get("vias", "2"))  # of the requests that come to it
        self.cseq = self.requests = self.versions = 0
        self.request = self.heard = None  # the method of its last request, and of the last one that came
        self.dialog = self.refused = False
        self.began = False  # the last INVITE that came made the dialog
        self.sent = {}  # what CANCEL and ACK repeat of its INVITE
        self.called = {}  # variables that hold the headers of the INVITE that came
        self.change = {}  # ... and of the one within the dialog, where the scene keeps it
        self.last, self.variables, self.out = "", [], []
        self.play(element)
        if self.variables:
            self.out.append('<Reference variables="%s"/>' % ",".join(self.variables))

    def text(self):
        return '<?xml version="1.0"?>\n<!-- %s -->\n<scenario name="%s">\n%s\n</scenario>\n' % (
            self.head.replace("--", "-"), self.role, "\n".join(self.out))

    def play(self, element):
        for step in element:
            verb = getattr(self, "do_" + step.tag, None)
            if verb:
                verb(step)
            else:
                self.play(part(step))

    def fill(self, text):
        for key, value in self.names.items():
            text = text.replace("[%s]" % key, value)
        return text

    # ---- steps ----

    def do_registration(self, step):
        """What the phone says when it registers, before the scene begins: scene.py."""

    def do_send(self, step):
        if step.get("request"):
            self.emit(self.request_text(step, step.get("request")))
        else:
            self.emit(self.response_text(step, step.get("response")))

    def do_raw(self, step):
        self.requests += 1
        self.emit(self.fill(step.text.lstrip("\n").replace("[branch]", self.branch())))

    def do_again(self, _):
        self.emit(self.last)

    def do_pause(self, step):
        self.out.append('<pause milliseconds="%s"/>' % step.get("ms"))

    def do_move(self, step):
        """To another proxy."""
        self.out.append('<nop><action><setdest host="%s" port="%s" protocol="udp"/></action></nop>'
                        % (self.names["domain"], self.names["proxy-" + step.get("proxy")]))

    def do_same(self, step):
        """Two texts that were kept are equal."""
        self.out.append('<nop><action><strcmp assign_to="same" variable="%s" variable2="%s"/><test assign_to="equal" '
                        'variable="same" compare="equal" value="0" check_it="true"/></action></nop>'
                        % (step.get("first"), step.get("second")))
        self.variables += ["same", "equal"]

    def do_recv(self, step):
        attributes = {k: v for k, v in step.attrib.items() if k not in ("dialog", "of", "instead", "keep")}
        request, response = step.get("request"), step.get("response")
        actions = []
        if request:
            self.heard = request
        if request == "INVITE":
            self.began = not self.dialog
        if request == "INVITE" and (self.began or step.get("instead")):
            self.began = self.dialog = True
            attributes["rrs"] = "true"
            self.called = self.keep_invite(actions, "")
        if step.get("keep"):
            self.change = self.keep_invite(actions, "Change")
        if response:
            self.heard, self.refused = None, int(response) >= 300
            if step.get("dialog") or (step.get("of", self.request) == "INVITE" and response.startswith("2")):
                self.dialog = True
                attributes["rrs"] = "true"
                actions.append(self.ereg('search_in="hdr" header="To:"', "[^ ].*", "check_it", "Peer"))
        actions += [self.check(item) for item in step]
        self.out.append("<recv %s>%s</recv>" % (" ".join('%s="%s"' % pair for pair in attributes.items()),
                                                "<action>%s</action>" % "".join(actions) if actions else ""))

    # ---- what comes in ----

    def ereg(self, where, expression, check, name=None):
        name = name or "v%d" % (len(self.variables) + 1)
        if name not in self.variables:
            self.variables.append(name)
        return '<ereg regexp="%s" %s %s="true" assign_to="%s"/>\n' % (
            escape(expression, {'"': "&quot;"}), where, check, name)

    def keep_invite(self, actions, prefix):
        kept = {}
        wanted = [("Via", n + 1) for n in range(self.vias)] + [(n, 1) for n in ("Record-Route", "From", "To", "CSeq")]
        for name, occurrence in wanted:
            variable = kept[name, occurrence] = "%s%s%d" % (prefix, name.replace("-", ""), occurrence)
            actions.append(self.ereg('search_in="hdr" header="%s:" occurrence="%d"' % (name, occurrence), "[^ ].*",
                                     "check_it", variable))
        return kept

    def check(self, item):
        """<has Contact="expression"/>, <lacks body="expression"/>, <keep name="word" RSeq="expression"/>."""
        (where, expression), = [pair for pair in item.attrib.items() if pair[0] != "name"]
        place = {"body": 'search_in="body"', "message": 'search_in="msg"'}.get(
            where, 'search_in="hdr" header="%s:"' % where)
        return self.ereg(place, self.fill(expression), "check_it_inverse" if item.tag == "lacks" else "check_it",
                         item.get("name"))

    # ---- what goes out ----

    def emit(self, text):
        self.last = text
        self.out.append("<send><![CDATA[\n%s]]></send>" % text)

    def branch(self):
        return "z9hG4bK-%s-%s-%d" % (self.scene, self.role, self.requests)

    def contact(self):
        return "Contact: <sip:[user]@[ip]:[port]%s>" % (
            "" if self.transport == "udp" else ";transport=" + self.transport.replace("wss", "ws"))

    def message(self, first, lines, step):
        """A line of the scene stands for the usual one of that name; `Name:-` leaves it out."""
        own = [line.strip() for line in (step.text or "").strip().split("\n") if line.strip()]
        body = ""
        if step.get("sdp", "none") != "none":
            self.versions += 1
            body = SDP[step.get("sdp")].replace("[version]", str(self.versions)).replace(
                "[setup]", "active" if self.called else "actpass").replace("[side]", self.role[0])
            lines = lines + ["Content-Type: application/sdp"]
        said = {line.split(":")[0].strip().lower() for line in own}
        lines = [line for line in lines if line.split(":")[0].lower() not in said]
        lines += [line for line in own if not line.endswith(":-")]
        if "content-length" not in said and "l" not in said:
            lines.append("Content-Length: " + ("[len]" if body else "0"))
        return self.fill("\n".join([first, *lines, "", body]))

    def request_text(self, step, method):
        repeats = method == "CANCEL" or (method == "ACK" and self.refused)  # the branch of the INVITE
        if not repeats:
            self.requests += 1
            inside = self.dialog
            here = {"branch": self.branch(), "inside": inside, "uri": step.get("to") or (
                "[next_url]" if inside else "sip:[domain]" if method == "REGISTER" else "[target]")}
        else:
            here = {**self.sent, "uri": step.get("to") or self.sent["uri"]}
        if method in ("ACK", "CANCEL"):
            here["cseq"] = self.sent["cseq"]
        else:
            self.cseq += 1
            here["cseq"] = str(self.cseq)
        if method != "ACK":
            self.request = method
        if method == "INVITE":
            self.sent = here
        own = "From: <sip:[user]@[domain]>;tag=[tag]"
        peer = "To: <%s>" % ("sip:[user]@[domain]" if method == "REGISTER" else "[target]")
        if self.called:
            own, peer = "From: [$To1];tag=[tag]", "To: [$From1]"
        elif here["inside"]:
            peer = "To: [$Peer]"
        elif repeats and method == "ACK":
            peer += "[peer_tag_param]"
        lines = ["Via: SIP/2.0/%s [ip]:[port];branch=%s;rport" % (self.transport.upper(), here["branch"]), "Max-Forwards: 70",
                 own, peer, "Call-ID: [call_id]", "CSeq: %s %s" % (step.get("cseq", here["cseq"]), method)]
        if here["inside"]:
            lines.append("[routes]")
        if method not in WITHOUT_CONTACT:
            lines.append(self.contact())
        return self.message("%s %s SIP/2.0" % (method, here["uri"]), lines, step)

    def response_text(self, step, status):
        """To the last request that came, to the one that it was called with (of="INVITE"), or to one that was kept."""
        of, own = step.get("of", self.heard or "INVITE"), step.get("tag", "[tag]")
        if of == self.heard and of != step.get("of"):
            tag = ";tag=" + own if (of == "INVITE" and self.began) or of == "CANCEL" or not self.dialog else ""
            lines = ["[last_Via:]", "[last_From:]", "[last_To:]" + tag, "[last_Call-ID:]", "[last_CSeq:]", "[last_Record-Route:]"]
        else:
            kept, tag = (self.change, "") if of == "change" else (self.called, ";tag=" + own)
            lines = ["%s: [$%s]%s" % (name, variable, tag if name == "To" else "")
                     for (name, _), variable in kept.items()] + ["[last_Call-ID:]"]
        if of not in WITHOUT_CONTACT:
            lines.append(self.contact())
        return self.message("SIP/2.0 %s Said" % status, lines, step)
