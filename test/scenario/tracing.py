"""What the system says of the messages of a call: tandem trace, the REST interface, a collector of HEP."""
import json
import os
import re
import signal
import struct
import subprocess
import time

from rig import PROGRAM, free_port, wait_for
from wire import WirePhone, bind

KEY = "c2VjcmV0IGtleSBvZiB0aGUgbWVkaWEgc3RyZWFt"
PASSWORD = "icepwdthatnobodymaysee00"


class KeyedPhone(WirePhone):
    """Its description has keys of media in it."""

    def sdp(self):
        return super().sdp() + "a=ice-pwd:%s\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:%s\r\n" % (PASSWORD, KEY)


def call(caller, called):
    """One call from beginning to end: the Call-IDs of both legs, its id, and the digest that let it in."""
    before = len(caller.tandem.rows())
    dialled = caller.dial("1002")
    proof = re.search(r'response="(\w+)"', dialled.invite)[1]
    invite = called.take()
    called.pick_up(invite)
    dialled.answered()
    hang_up = caller.ask("BYE", dialled.target, dialled.uri, dialled.id, 3, tag=dialled.tag, routes=dialled.routes)
    bye = called.request("BYE")
    called.reply(bye, 200)
    assert caller.final("BYE").status == 200, hang_up
    row = wait_for(lambda: caller.tandem.rows()[before:], 5, "the row")[0]
    return dialled.id[0], invite["Call-ID"], row["call_id"], proof


def trace(tandem, *arguments, status=0):
    done, out, err = tandem.tool("trace", *arguments, env={**os.environ, "COLUMNS": "80"})
    assert done == status, (done, out, err)
    return out if status == 0 else err


def in_order(text, *parts):
    at = 0
    for part in parts:
        found = re.compile(part).search(text, at)
        assert found, "%s is not in order in\n%s" % (part, text)
        at = found.end()


def packets(path):
    """(source, destination, payload) of the datagrams in a file of raw IPv4 packets."""
    with open(path, "rb") as file:
        data = file.read()
    magic, major, minor, _, _, _, link = struct.unpack("<IHHiIII", data[:24])
    assert (magic, major, minor, link) == (0xa1b2c3d4, 2, 4, 101)
    at, found = 24, []
    while at < len(data):
        _, _, kept, length = struct.unpack("<IIII", data[at:at + 16])
        packet = data[at + 16:at + 16 + kept]
        assert kept == length == len(packet) == struct.unpack("!H", packet[2:4])[0]
        assert packet[0] == 0x45 and packet[9] == 17
        words = struct.unpack("!10H", packet[:20])
        total = sum(words)
        assert (total & 0xffff) + (total >> 16) in (0xffff, 0x1fffe), "the head's sum is wrong"
        source, destination, size, _ = struct.unpack("!4H", packet[20:28])
        assert size == len(packet) - 20
        found.append((source, destination, packet[28:]))
        at += 16 + kept
    return found


def scenario_a_call_is_traced_with_both_legs(tandem, cookie):
    """requirement: OPS-22 SEC-2: the ladder by call id, Call-ID and number, without a secret; a file for others."""
    with KeyedPhone(tandem, "1001").register() as caller, KeyedPhone(tandem, "1002").register() as called:
        first, second, call_id, proof = call(caller, called)
        assert first != second
        ladder = trace(tandem, call_id)
        print(ladder)
        assert all(len(line) <= 80 for line in ladder.splitlines() if "Call-ID" not in line), ladder
        assert first in ladder and second in ladder
        in_order(ladder, "1001 +proxy-1 +node-1 +1002\n", r"\|-+INVITE 1", r"\|<-+407", r"\|-+ACK 1", r"\|-+INVITE 2 SDP-+>\| ",
                 r"\|  +\|-+INVITE 2 SDP-*>\|", r"\|<-+INVITE 1", r"\|-+INVITE 1[^|]*\|-+>\|", r"\|<-+180", r"\|<-+200 INVITE",
                 r"\|-+ACK", r"\|-+BYE 3", r"\|<-+200 OK, BYE 3")
        assert trace(tandem, first).splitlines()[0] == trace(tandem, second).splitlines()[0] == "Call " + call_id
        listed = trace(tandem, "1002")
        assert call_id in listed and "REGISTER" in listed and listed.count(call_id) == 1, listed

        raw = trace(tandem, call_id, "--raw")
        assert 'response="%s"' % ("*" * 32) in raw and 'Proxy-Authorization: Digest username="1001"' in raw
        assert "a=ice-pwd:" in raw and "a=crypto:1 AES_CM_128_HMAC_SHA1_80 *" in raw
        whole = json.loads(trace(tandem, call_id, "--json"))
        assert whole["call"] == call_id and {d["sip"] for d in whole["dialogs"]} == {first, second}
        path = tandem.path("call.pcap")
        if os.path.exists(path):
            os.remove(path)
        trace(tandem, call_id, "--pcap", path)
        sent = packets(path)
        assert len(sent) == len(whole["messages"])
        assert any(s == caller.port and d == tandem.sip and p.startswith(b"INVITE sip:1002@") for s, d, p in sent)
        assert "exists" in trace(tandem, call_id, "--pcap", path, status=1)

        status, _, body = tandem.ask("GET", "/api/trace/messages?sip=" + second, None, cookie)
        assert status == 200 and json.loads(body)["answers"][0]["proxy"] == "proxy-1", body
        with open(path, "rb") as file:
            everything = [ladder, raw, json.dumps(whole), body.decode(), file.read().decode(errors="replace")]
        for text in everything:
            for secret in KEY, PASSWORD, caller.secret, called.secret, proof:
                assert secret not in text, "%s is seen in\n%s" % (secret, text)
        assert "looks at SIP messages: /api/trace/messages?sip=" in tandem.log()


class Elsewhere:
    """The same system, by its other proxy."""

    def __init__(self, tandem, sip):
        self.tandem, self.sip = tandem, sip

    def __getattr__(self, name):
        return getattr(self.tandem, name)


def scenario_a_call_by_two_proxies_is_one_ladder(tandem):
    """requirement: OPS-22: what both proxies saw stands once, and a file and the collector name who sent it."""
    port = free_port()
    _, out, _ = tandem.tool("get", "application", "proxy-1", "--json")
    second = {**json.loads(out)["application"][0], "name": "proxy-2", "listen": ["udp:127.0.0.1:%d" % port]}
    second.pop("version", None)
    status, _, err = tandem.apply(application=[second], cluster=[{"name": "cluster", "log": ["proxy=info"]}])
    assert status == 0, err
    try:
        wait_for(lambda: re.search("at=proxy-1: connected to proxy-2", tandem.log()), 20, "a stream between the proxies")
        with WirePhone(tandem, "1001").register() as caller, WirePhone(Elsewhere(tandem, port), "1002").register() as called:
            _, _, call_id, _ = call(caller, called)
            ladder = trace(tandem, call_id)
            assert all(len(line) <= 80 for line in ladder.splitlines() if "Call-ID" not in line), ladder
            in_order(ladder, "1001 +proxy-1 +node-1 +proxy-2 +1002\n", r"\|-+INVITE 1", r"\|-INVITE 1 SDP-+>\| +\|\n", r"\|-INVITE 1-+>\|\n",
                     r"\|<-180", r"\|-+BYE 3")
            assert len(re.findall("BYE 2", ladder)) == 6, ladder  # node to proxy-1, to proxy-2, to the phone, and back
    finally:
        for kind, name in ("cluster", "cluster"), ("application", "proxy-2"):
            status, _, err = tandem.tool("delete", kind, name)
            assert status == 0, err


def scenario_bad_questions_to_the_trace_get_one_line(tandem):
    """requirement: OPS-22"""
    for word, wanted in [("0123456789abcdef", "no proxy has messages of 0123456789abcdef"), ("nobody", "no proxy has messages"),
                         ("a\nb", "no proxy has messages")]:
        err = trace(tandem, word, status=1)
        assert wanted in err and err.count("\n") <= 2, err
    assert "is expected" in trace(tandem, "", status=2)
    assert "is expected" in trace(tandem, "x" * 300, status=2)
    assert "--follow goes with" in trace(tandem, "1001", "--follow", "--json", status=2)
    assert "write it as" in trace(tandem, status=2)
    assert tandem.ask("GET", "/api/trace/dialogs")[0] == 401


def scenario_a_call_is_followed(tandem):
    """requirement: OPS-22: what comes after the question is shown as it comes."""
    with WirePhone(tandem, "1001").register() as caller, WirePhone(tandem, "1002").register() as called:
        before = len(tandem.rows())
        dialled = caller.dial("1002")
        invite = called.take()
        call_id = wait_for(lambda: tandem.rows()[before:], 5, "the row")[0]["call_id"]
        with open(tandem.path("followed"), "w+", encoding="utf-8") as out:
            follower = subprocess.Popen([PROGRAM, "trace", call_id, "--follow", "--config", tandem.file], stdout=out, cwd=tandem.folder)
            try:
                said = lambda: open(tandem.path("followed"), encoding="utf-8").read()
                wait_for(lambda: "180" in said(), 10, "the ladder")
                assert "BYE" not in said()
                called.pick_up(invite)
                dialled.answered()
                caller.ask("BYE", dialled.target, dialled.uri, dialled.id, 3, tag=dialled.tag, routes=dialled.routes)
                called.reply(called.request("BYE"), 200)
                assert caller.final("BYE").status == 200
                wait_for(lambda: said().count("200 OK, BYE") >= 4, 10, "the end of the ladder")
                assert len(re.findall(r"^.{12} +\|-+INVITE 1", said(), re.M)) == 1, said()
            finally:
                follower.send_signal(signal.SIGINT)
                follower.wait()


class Collector:
    """Reads HEPv3 as its description says, without anything of the program."""

    def __init__(self):
        self.port = free_port()
        self.socket = bind("127.0.0.1", self.port)
        self.heard = []

    def read(self, data):
        assert data[:4] == b"HEP3" and struct.unpack("!H", data[4:6])[0] == len(data)
        at, chunks = 6, {}
        while at < len(data):
            vendor, kind, length = struct.unpack("!3H", data[at:at + 6])
            assert vendor == 0 and length >= 6 and at + length <= len(data)
            chunks[kind] = data[at + 6:at + length]
            at += length
        return chunks

    def listen(self, wanted, seconds=5):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.socket.settimeout(max(0.01, end - time.monotonic()))
            try:
                self.heard.append(self.read(self.socket.recv(65536)))
            except TimeoutError:
                break
            if wanted(self.heard):
                return
        raise AssertionError("the collector did not get it; it has %d packets" % len(self.heard))


def location(tandem, **more):
    status, out, err = tandem.tool("get", "location", "home", "--json")
    assert status == 0, err
    home = json.loads(out)["location"][0]
    for name in "version", "hep_host", "hep_port", "hep_id", "hep_password":
        home.pop(name, None)
    status, _, err = tandem.apply(location=[{**home, **more}])
    assert status == 0, err


def scenario_a_collector_gets_a_copy_of_every_message(tandem):
    """requirement: OPS-22 SEC-2: HEPv3; a collector that is away holds nothing up."""
    collector = Collector()
    ports = struct.pack("!H", tandem.sip)
    try:
        location(tandem, hep_host="127.0.0.1", hep_port=collector.port, hep_id=77, hep_password="capture key")
        with KeyedPhone(tandem, "1001").register() as caller, KeyedPhone(tandem, "1002").register() as called:
            first, second, call_id, _ = call(caller, called)
            collector.listen(lambda heard: any(c[15].startswith(b"SIP/2.0 200") and b" BYE" in c[15] and
                                               c[8] == struct.pack("!H", caller.port) for c in heard))
            for c in collector.heard:
                assert c[1] == b"\2" and len(c[3]) == len(c[4]) == 4 and c[11] == b"\1", c
                assert c[12] == struct.pack("!I", 77) and c[14] == b"capture key", c
                assert abs(struct.unpack("!I", c[9])[0] - time.time()) < 60 and struct.unpack("!I", c[10])[0] < 1000000
                assert KEY.encode() not in c[15] and PASSWORD.encode() not in c[15], c
                assert b'response="' not in c[15] or b'response="****' in c[15], c
            invites = [c for c in collector.heard if c[15].startswith(b"INVITE ")]
            assert invites[0][2] == b"\x11" and (invites[0][7], invites[0][8]) == (struct.pack("!H", caller.port), ports)
            both = {line.split(b": ")[1] for c in collector.heard if c.get(17) == call_id.encode()
                    for line in c[15].split(b"\r\n") if line.startswith(b"Call-ID: ")}
            assert both == {first.encode(), second.encode()}, both
            collector.socket.close()  # it dies
            call(caller, called)
        location(tandem, hep_host="no-such-host.invalid")
        with WirePhone(tandem, "1001").register(), WirePhone(tandem, "1002").register():
            pass
    finally:
        location(tandem)
