"""A real Kamailio on a loopback address, with a configuration of the test's."""
import os
import shutil
import signal
import socket
import subprocess
import tempfile

from rig import free_port, wait_for

# What both parts begin with; no process more than it needs.
HEAD = """#!KAMAILIO
debug=2
log_stderror=yes
children=1
tcp_children=1
auto_aliases=no
dns=no
rev_dns=no
listen=udp:{host}:{sip}
listen=tcp:{host}:{sip}
{more}mpath="/usr/lib/x86_64-linux-gnu/kamailio/modules/"
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "rr.so"
loadmodule "pv.so"
loadmodule "maxfwd.so"
loadmodule "textops.so"
loadmodule "siputils.so"
"""
# With the certificate of an authority, and for peers whose certificates are of the program's.
TLS = """enable_tls=yes
listen=tls:{host}:{tls}
loadmodule "tls.so"
modparam("tls", "tls_method", "TLSv1.2+")
modparam("tls", "certificate", "{certificate}")
modparam("tls", "private_key", "{key}")
modparam("tls", "ca_list", "{authority}")
modparam("tls", "verify_certificate", 1)
modparam("tls", "require_certificate", 0)
"""
# Requests inside a dialog, CANCEL and what is asked of Kamailio itself.
COMMON = """
    if (!mf_process_maxfwd_header("10")) {
        sl_send_reply("483", "Too Many Hops");
        exit;
    }
    if (is_method("OPTIONS") && uri == myself) {
        sl_send_reply("200", "OK");
        exit;
    }
    if (is_method("CANCEL")) {
        if (t_check_trans())
            t_relay();
        exit;
    }
    if (has_totag()) {
        if (loose_route() || t_check_trans()) {
            t_relay();
            exit;
        }
        if (!is_method("ACK"))
            sl_send_reply("404", "Not Here");
        exit;
    }
    t_check_trans();
"""


class Kamailio:
    """`text` is the rest of the configuration, with {host} and {sip} as places for its own address. By TLS with `files`: certificate,
    key, authority."""

    def __init__(self, host, text, **files):
        self.host, self.sip, self.tls = host, free_port(), free_port()
        self.folder = tempfile.mkdtemp(prefix="tandem-kamailio-")
        self.process = None
        with open(self.path("kamailio.cfg"), "w", encoding="utf-8") as file:
            text = HEAD.replace("{more}", TLS if files else "") + text.replace("{common}", COMMON)
            for name, value in {"host": host, "sip": self.sip, "tls": self.tls, **files}.items():
                text = text.replace("{%s}" % name, str(value))
            file.write(text)

    def path(self, name):
        return os.path.join(self.folder, name)

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self):
        with open(self.path("log"), "wb") as log:
            self.process = subprocess.Popen(  # pylint: disable=consider-using-with
                ["kamailio", "-f", self.path("kamailio.cfg"), "-DD", "-E", "-m", "32", "-M", "4", "-Y", self.folder],
                stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True)
        wait_for(lambda: self.answers() or self.process.poll() is not None, 10, "the start of Kamailio")
        assert self.process.poll() is None, self.log()
        return self

    def answers(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.bind((self.host, 0))
            s.settimeout(0.2)
            here = "%s:%d" % s.getsockname()
            try:
                s.sendto(("OPTIONS sip:%s:%d SIP/2.0\r\nVia: SIP/2.0/UDP %s;branch=z9hG4bKup\r\nMax-Forwards: 1\r\n"
                          "From: <sip:a@%s>;tag=1\r\nTo: <sip:b@%s>\r\nCall-ID: up-%s\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n"
                          % (self.host, self.sip, here, here, here, here)).encode(), (self.host, self.sip))
                return s.recv(4096)
            except OSError:
                return b""

    def kill(self):
        """With all its processes, without a word."""
        if self.process is None:
            return
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.process = None

    def log(self):
        """Of this start."""
        with open(self.path("log"), encoding="utf-8", errors="replace") as file:
            return file.read()
