"""A real phone: baresip, driven over its control port (netstrings of JSON)."""
import json
import os
import re
import socket
import subprocess
import threading
import wave
import math
import struct

from rig import free_port, wait_for

MODULES = "account g711 aufile aubridge vumeter menu ctrl_tcp"


def write_tone(path, frequency=440, seconds=20):
    with wave.open(path, "wb") as file:
        file.setparams((1, 2, 8000, 0, "NONE", None))
        file.writeframes(b"".join(struct.pack("<h", int(9000 * math.sin(2 * math.pi * frequency * t / 8000)))
                                  for t in range(8000 * seconds)))


class Phone:
    """sound: "tone" is sent, or "echo" sends back what is heard."""

    def __init__(self, tandem, dn, transport="udp", secret=None, sound="tone", answer="manual", calls=4):
        self.dn, self.tandem = dn, tandem
        self.folder = os.path.join(tandem.folder, "phone-%s-%d" % (dn, free_port()))
        self.rtp = free_port(20)
        self.events, self.commands = [], 0
        control = free_port()
        os.mkdir(self.folder)
        if sound == "tone":
            write_tone(os.path.join(self.folder, "tone.wav"))
            source, player = "aufile,%s/tone.wav" % self.folder, "aubridge,sink"
        else:
            source = player = "aubridge,loop"
        lines = ["net_interface 127.0.0.1", "sip_listen 127.0.0.1:%d" % free_port(2),
                 "rtp_ports %d-%d" % (self.rtp, self.rtp + 19), "ctrl_tcp_listen 127.0.0.1:%d" % control,
                 "module_path /usr/lib/baresip/modules", "audio_source " + source, "audio_player " + player,
                 "audio_alert aubridge,alert", "ausrc_srate 8000", "auplay_srate 8000", "ausrc_channels 1",
                 "auplay_channels 1", "rtp_stats yes", "sip_verify_server yes",
                 "sip_cafile %s/certificates/authority.pem" % tandem.data, "call_max_calls %d" % calls]
        lines += ["module %s.so" % name for name in MODULES.split()]
        self.write("config", "\n".join(lines))
        self.write("contacts", "")
        port = tandem.tls if transport == "tls" else tandem.sip
        account = ("<sip:%s@%s:%d;transport=%s>;auth_user=%s;auth_pass=%s;regint=60;answermode=%s"
                   % (dn, tandem.host, port, transport, dn, secret or tandem.secret(dn), answer))
        if transport == "tls":  # else it would call by UDP
            account += ';outbound="sip:%s:%d;transport=tls"' % (tandem.host, port)
        self.write("accounts", account)
        with open(os.path.join(self.folder, "log"), "wb") as log:
            self.process = subprocess.Popen(["baresip", "-4", "-f", self.folder], stdout=log, stderr=log,
                                            stdin=subprocess.DEVNULL)
        self.socket = wait_for(lambda: self.connect(control), 5, "the control port of the phone " + dn)
        threading.Thread(target=self.listen, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(3)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.socket.close()

    def write(self, name, text):
        with open(os.path.join(self.folder, name), "w", encoding="utf-8") as file:
            file.write(text + "\n")

    def connect(self, port):
        try:
            return socket.create_connection(("127.0.0.1", port), 1)
        except OSError:
            assert self.process.poll() is None, "baresip ended: " + self.log()
            return None

    def listen(self):
        rest = b""
        try:
            self.socket.settimeout(None)
            while piece := self.socket.recv(65536):
                rest += piece
                while (match := re.match(rb"(\d+):", rest)) and len(rest) > match.end() + int(match[1]):
                    end = match.end() + int(match[1])
                    self.events.append(json.loads(rest[match.end():end]))
                    rest = rest[end + 1:]
        except OSError:
            pass

    def log(self):
        with open(os.path.join(self.folder, "log"), encoding="utf-8", errors="replace") as file:
            return file.read()

    def do(self, command, parameters=""):
        """What it answers."""
        self.commands += 1
        token = str(self.commands)
        text = json.dumps({"command": command, "params": parameters, "token": token}).encode()
        self.socket.sendall(b"%d:%s," % (len(text), text))
        return wait_for(lambda: next((e for e in list(self.events) if e.get("token") == token), None), 3,
                        "the answer to " + command).get("data", "")

    def dial(self, number):
        self.do("dial", "sip:%s@%s:%d" % (number, self.tandem.host, self.tandem.sip))

    def expect(self, kind, seconds=6):
        """Waits for an event and forgets it and those before it."""
        def found():
            return next((at for at, e in enumerate(self.events) if e.get("type") == kind), None)
        try:
            at = wait_for(lambda: found() is not None and [found()], seconds, "%s at %s" % (kind, self.dn))[0]
        except AssertionError as error:
            raise AssertionError("%s; it had %s\n%s" % (error, self.events, self.log())) from None
        event = self.events[at]
        del self.events[:at + 1]
        return event

    def registered(self):
        """It may have been before the control port was open: the log tells."""
        wait_for(lambda: " 200 OK () [" in self.log(), 5, "the registration of " + self.dn)
        return self

    def received(self):
        """Packets of sound so far."""
        return sum(int(n) for n in re.findall(r"rcvd=(\d+)", self.do("audio_debug")))
