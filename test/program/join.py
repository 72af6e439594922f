"""A machine joins: two real processes on loopback, the platform and one that wants to belong to it."""
import hashlib
import http.client
import json
import os
import re
import shutil
import signal
import ssl
import stat
import subprocess
import time

from rig import PROGRAM, Tandem, wait_for



def openssl(*arguments, **more):
    return subprocess.run(["openssl", *arguments], capture_output=True, text=True, timeout=20, check=True, **more).stdout


def fingerprint(tandem):
    path = os.path.join(tandem.data, "certificates", "authority.pem")
    return openssl("x509", "-in", path, "-noout", "-fingerprint", "-sha256").split("=")[1].strip()


def rest(tandem, method, path, body=None, administrator=False):
    """(status, JSON) of one request, as the operator or as a stranger."""
    trust = ssl.create_default_context(cafile=os.path.join(tandem.data, "certificates", "authority.pem"))
    c = http.client.HTTPSConnection("127.0.0.1", tandem.web, timeout=10, context=trust)
    headers = {"X-Tandem-Request": "1", "Content-Type": "application/json"}
    if administrator:
        with open(os.path.join(tandem.data, "operator.token"), encoding="ascii") as file:
            headers["Authorization"] = "Bearer " + file.read().strip()
    c.request(method, path, json.dumps(body) if body is not None else None, headers)
    answer = c.getresponse()
    text = answer.read()
    c.close()
    return answer.status, json.loads(text) if text else None


def members(tandem):
    return {m["name"]: m for m in rest(tandem, "GET", "/api/members", None, True)[1]["members"]}


class Machine:
    """Another machine: a folder of its own."""

    def __init__(self, tandem, name):
        self.name, self.tandem = name, tandem
        self.data = tandem.path("of-" + name)

    def command(self, *more, url=None):
        return [PROGRAM, "join", url or "https://127.0.0.1:%d" % self.tandem.web, "--name", self.name, "--data", self.data,
                "--start-file", self.data + ".toml", *more]

    def start(self, *more):
        return subprocess.Popen(self.command("--fingerprint", fingerprint(self.tandem), *more), stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=self.tandem.folder)

    def join(self, *more, given=None, url=None):
        done = subprocess.run(self.command(*more, url=url), input=given, stdin=None if given else subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=20, cwd=self.tandem.folder, check=False)
        return done.returncode, done.stdout, done.stderr

    def file(self, name):
        return os.path.join(self.data, "certificates", name)

    def serial(self):
        return openssl("x509", "-in", self.file("member.pem"), "-noout", "-serial").strip().split("=")[1].lower()

    def is_verified(self):
        return openssl("verify", "-CAfile", self.file("authority.pem"), self.file("member.pem")).endswith(": OK\n")


def joined(tandem, name):
    machine = Machine(tandem, name)
    code = rest(tandem, "POST", "/api/members/%s/code" % name, {}, True)[1]["code"]
    status, out, err = machine.join("--code", "-", given=code + "\n")
    assert status == 0, (out, err)
    return machine


def refused(done, *words):
    status, _, err = done
    assert status == 1 and err.startswith("tandem: ") and err.count("\n") == 1, done
    for word in words:
        assert word in err, (word, err)


def scenario_a_machine_joins_by_a_click(tandem):
    """requirement: SM-44, SM-25, SEC-1: key pair, request, trust; the certificate verifies."""
    tandem.start()
    host = Machine(tandem, "host-2")
    process = host.start("--location", "home")
    try:
        wait_for(lambda: "host-2" in members(tandem), 10, "the new member")
        seen = members(tandem)["host-2"]
        assert seen["state"] == "new" and seen["location"] == "home" and "serial" not in seen, seen
        assert process.poll() is None
        shown = json.loads(tandem.tool("get", "member", "host-2", "--json")[1])["member"][0]
        assert shown["state"] == "new" and "PRIVATE" not in json.dumps(shown) and "code" not in shown
        # Somebody else's key is not trusted instead.
        status, _, err = tandem.tool("trust", "host-2", "--fingerprint", "0" * 64)
        assert status == 1 and "another fingerprint" in err, err
        assert tandem.tool("trust", "host-2", "--fingerprint", seen["fingerprint"])[0] == 0
        out, err = process.communicate(timeout=15)
    finally:
        process.kill()
    assert process.returncode == 0, err
    for word in ("Instance id: " + seen["instance_id"], "Fingerprint: " + seen["fingerprint"], "Trusted."):
        assert word in out, out
    assert host.is_verified()
    for name in ("member.pem", "member.json", "authority.pem"):
        assert stat.S_IMODE(os.stat(host.file(name)).st_mode) == 0o600
    assert not os.path.exists(host.file("member.key.new"))
    text = openssl("x509", "-in", host.file("member.pem"), "-noout", "-text")
    assert re.search(r"CN = host-2\n", text) and re.search(r"Alternative Name: \n *DNS:host-2, ", text), text
    wait_for(lambda: members(tandem)["host-2"].get("serial") == host.serial(), 5, "its serial number")
    # The secret key is nowhere on the platform's side.
    with open(host.file("member.pem"), encoding="ascii") as file:
        key = file.read().split("-----")[2].strip()
    assert not any(key in str(row["body"]) for row in tandem.stored("SELECT body FROM objects"))
    refused(host.join("--fingerprint", fingerprint(tandem)), "a member already")


def scenario_a_machine_joins_by_a_code(tandem):
    """requirement: SEC-1: a code is good once, for an hour, for one name."""
    tandem.start()
    status, out, _ = tandem.tool("code", "host-2")
    code = out.split("\n")[0]
    assert status == 0 and re.fullmatch(r"([a-z2-7]{4}-){12}[a-z2-7]{4}", code), out
    # What is kept is no code.
    assert not any(code in str(row["body"]) for row in tandem.stored("SELECT body FROM objects"))
    refused(Machine(tandem, "host-3").join("--code", "-", given=code), "not good for this name")
    wrong = code[:-4] + ("aaaa" if code[-4:] != "aaaa" else "bbba")
    refused(Machine(tandem, "host-2").join("--code", "-", given=wrong), "not good for this name")
    host = Machine(tandem, "host-2")
    assert host.join("--code", code)[0] == 0
    assert host.is_verified()
    thief = Machine(tandem, "host-2")
    thief.data = tandem.path("of-thief")
    refused(thief.join("--code", "-", given=code), "not good for this name")
    refused(thief.join("--code", "-", given="abc"), "52 letters")
    # One that has ended.
    code = tandem.tool("code", "host-4")[1].split("\n")[0]
    shown = json.loads(tandem.tool("get", "member", "host-4", "--secrets", "--json")[1])["member"][0]
    assert tandem.apply(member=[dict(shown, code_ends_at=int(time.time() * 1e6) - 1)])[0] == 0
    refused(Machine(tandem, "host-4").join("--code", "-", given=code), "not good for this name")
    # A code is for people who may give it.
    assert rest(tandem, "POST", "/api/members/host-5/code", {})[0] == 401


def scenario_nothing_is_sent_to_somebody_else(tandem):
    """requirement: SEC-1: the machine that joins knows to whom it speaks, before it says anything."""
    tandem.start()
    host = Machine(tandem, "host-2")
    turned = fingerprint(tandem).translate(str.maketrans("0123", "4567"))
    refused(host.join("--fingerprint", turned), "has the fingerprint", "nothing was sent")
    refused(host.join("--fingerprint", "12:34"), "nothing was sent")
    refused(host.join(), "--fingerprint")
    refused(host.join("--fingerprint", fingerprint(tandem), url="ftp://127.0.0.1"), "write it like")
    refused(host.join("--fingerprint", fingerprint(tandem), url="https://127.0.0.1:1"), "127.0.0.1:1")
    with Tandem() as other:
        other.start()
        code = rest(other, "POST", "/api/members/host-2/code", {}, True)[1]["code"]
        refused(host.join("--code", "-", given=code), "not what the code says", "nothing was sent")
        # A platform whose authority is the right one by name only.
        shutil.copy(os.path.join(tandem.data, "certificates", "authority.pem"),
                    os.path.join(other.data, "certificates", "authority.pem"))
        refused(host.join("--fingerprint", fingerprint(tandem), url="https://127.0.0.1:%d" % other.web), "certificate")
        assert "host-2" in members_of_other(other)
    assert members(tandem) == {} and not os.path.exists(host.file("member.pem"))


def members_of_other(other):
    """Its store says it: its authority is not that of its certificate any more."""
    return [json.loads(row["body"])["name"] for row in other.stored("SELECT body FROM objects WHERE kind = 'member'")]


def scenario_names_belong_to_who_has_them(tandem):
    """requirement: SM-25: nobody takes a member's name, or the platform's own."""
    tandem.start()
    joined(tandem, "host-2")
    mark = fingerprint(tandem)
    other = Machine(tandem, "host-2")
    other.data = tandem.path("of-other")
    refused(other.join("--fingerprint", mark), "a trusted member has this name")
    other.name = "localhost"
    refused(other.join("--fingerprint", mark), "no member can have this name")
    other.name = "-x"
    refused(other.join("--fingerprint", mark), "letters")
    assert list(members(tandem)) == ["host-2"]
    waits = Machine(tandem, "host-3")
    process = waits.start()
    try:
        wait_for(lambda: "host-3" in members(tandem), 10, "the new member")
        other.name = "host-3"
        refused(other.join("--fingerprint", mark), "another machine asks for this name")
        # The same machine may ask again: its answer may have been lost.
        process.kill()
        process.wait()
        process = waits.start()
        first = members(tandem)["host-3"]["instance_id"]
        assert tandem.tool("trust", "host-3")[0] == 0
        out, err = process.communicate(timeout=15)
        assert process.returncode == 0 and first in out, (out, err)
    finally:
        process.kill()


def scenario_a_revoked_member_gets_nowhere(tandem):
    """requirement: SEC-1, SM-25: revocation; joining again makes the earlier certificate no better."""
    tandem.start()
    host = joined(tandem, "host-2")
    before = host.serial()
    assert tandem.tool("revoke", "host-2")[0] == 0
    status, _, err = subprocess_tool(tandem, "renew", "--data", host.data)
    assert status == 1 and "revoked" in err, err
    assert host.serial() == before
    status, _, err = tandem.tool("trust", "host-2")
    assert status == 1 and "revoked" in err, err
    shutil.rmtree(host.data)
    again = joined(tandem, "host-2")
    seen = wait_for(lambda: "serial" in members(tandem)["host-2"] and members(tandem)["host-2"], 5, "its certificate")
    assert seen["state"] == "trusted" and seen["serial"] == again.serial() != before
    shown = json.loads(tandem.tool("get", "member", "host-2", "--json")[1])["member"][0]
    assert "serial_before" not in shown or shown["serial_before"] != before
    assert tandem.tool("revoke", "nobody")[0] == 1
    # Who did it is written down.
    status, changes = rest(tandem, "GET", "/api/changes?kind=member&name=host-2", None, True)
    assert status == 200 and [c["by"] for c in changes["changes"]].count("operator") == 3, changes


def subprocess_tool(tandem, *arguments):
    done = subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, timeout=60, cwd=tandem.folder, check=False)
    return done.returncode, done.stdout, done.stderr


def scenario_a_certificate_is_renewed_with_a_new_key(tandem):
    """requirement: SEC-1: rotation."""
    tandem.start()
    host = joined(tandem, "host-2")
    first, key = host.serial(), members(tandem)["host-2"]["fingerprint"]
    assert subprocess_tool(tandem, "renew", "--data", host.data)[0] == 0
    assert host.serial() != first and host.is_verified()
    shown = json.loads(tandem.tool("get", "member", "host-2", "--json")[1])["member"][0]
    assert shown["serial"] == host.serial() and shown["serial_before"] == first and shown["fingerprint"] != key
    assert subprocess_tool(tandem, "renew", "--data", tandem.data)[0] == 1


def signed(machine, key, at, request=""):
    """The parameters of a signature, as the program makes them."""
    shown = json.load(open(machine.file("member.json"), encoding="utf-8"))
    text = "tandem identity %s\n%s\n%d\n%s" % ("renew" if request else "fetch", shown["instance_id"], at, request)
    done = subprocess.run(["openssl", "dgst", "-sha256", "-sign", key], input=text.encode(), capture_output=True, check=True)
    return shown["instance_id"], done.stdout.hex()


def scenario_a_signature_is_good_once(tandem):
    """requirement: SEC-1: what was overheard cannot be used again, nor can a stranger fetch anything."""
    tandem.start()
    host = joined(tandem, "host-2")
    now = int(time.time() * 1e6) + 1000
    ident, signature = signed(host, host.file("member.pem"), now)
    path = "/api/enrol/%s?at=%d&signature=%s"
    status, answer = rest(tandem, "GET", path % (ident, now, signature))
    assert status == 200 and "certificate" in answer and "sealed" in answer, answer
    status, answer = rest(tandem, "GET", path % (ident, now, signature))
    assert status == 401 and "used before" in answer["error"]["sentence"] and "now" in answer, answer
    assert rest(tandem, "GET", path % (ident, now + 1, signature))[0] == 401
    far = now - 600 * 1000000
    assert rest(tandem, "GET", path % (ident, far, signed(host, host.file("member.pem"), far)[1]))[0] == 401
    stranger = tandem.path("stranger.pem")
    openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", stranger)
    now += 5000000
    assert rest(tandem, "GET", path % (ident, now, signed(host, stranger, now)[1]))[0] == 401
    assert rest(tandem, "GET", path % ("0" * 32, now, signature))[0] == 404
    assert rest(tandem, "GET", "/api/enrol/" + ident)[0] == 401
    # Nor does a stranger renew somebody else's.
    request = openssl("req", "-new", "-key", stranger, "-subj", "/CN=host-2")
    body = {"request": request, "at": now, "signature": signed(host, stranger, now, request)[1]}
    assert rest(tandem, "POST", "/api/enrol/%s/renew" % ident, body)[0] == 401
    body = {"request": request, "at": now, "signature": signed(host, host.file("member.pem"), now, request)[1]}
    other = dict(body, request=openssl("req", "-new", "-key", stranger, "-subj", "/CN=host-3"))
    assert rest(tandem, "POST", "/api/enrol/%s/renew" % ident, other)[0] == 401
    assert rest(tandem, "POST", "/api/enrol/%s/renew" % ident, body)[0] == 202
    assert members(tandem)["host-2"]["state"] == "trusted"


def scenario_requests_that_are_none(tandem):
    """requirement: SEC-4: bad input gets a clear error and changes nothing."""
    tandem.start()
    key = tandem.path("key.pem")
    openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", key)
    good = openssl("req", "-new", "-key", key, "-subj", "/CN=host-2")
    small = openssl("req", "-new", "-newkey", "rsa:1024", "-nodes", "-keyout", key + "2", "-subj", "/CN=host-2")
    cases = [({}, 400), ({"name": "host-2"}, 400), ({"name": "host-2", "request": "x"}, 400),
             ({"name": "host-2", "request": good[:-40]}, 400), ({"name": "host-2", "request": small}, 400),
             ({"name": "host-3", "request": good}, 409), ({"name": ["host-2"], "request": good}, 400),
             ({"name": "host-2", "request": good * 2}, 400), ({"name": "host-2", "request": "x" * 15000}, 400)]
    for body, wanted in cases:
        status, answer = rest(tandem, "POST", "/api/enrol", body)
        assert status == wanted and answer["error"]["sentence"], (body, status, answer)
    assert members(tandem) == {}
    assert rest(tandem, "POST", "/api/members/host-2/trust", {})[0] == 401
    assert rest(tandem, "POST", "/api/members/host-2/trust", {}, True)[0] == 404


def scenario_a_thousand_requests_of_one_source(tandem):
    """requirement: SEC-4: rates per source; what is not a stranger's goes on."""
    tandem.start()
    key = tandem.path("key.pem")
    openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", key)
    trust = ssl.create_default_context(cafile=os.path.join(tandem.data, "certificates", "authority.pem"))
    c = http.client.HTTPSConnection("127.0.0.1", tandem.web, timeout=10, context=trust)
    seen = {}
    for i in range(1000):
        body = json.dumps({"name": "host-%d" % i, "request": "none"})
        c.request("POST", "/api/enrol", body, {"X-Tandem-Request": "1"})
        answer = c.getresponse()
        answer.read()
        seen[answer.status] = seen.get(answer.status, 0) + 1
    assert set(seen) == {400, 429} and seen[429] > 950, seen
    assert members(tandem) == {}
    assert tandem.tool("code", "host-2")[0] == 0


def scenario_the_authority_is_not_to_be_had(tandem):
    """requirement: SEC-1: a certificate that somebody else signed is good for nothing here."""
    tandem.start()
    host = joined(tandem, "host-2")
    mine, csr = tandem.path("mine.pem"), tandem.path("mine.csr")
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", mine + ".key", "-out",
            mine, "-subj", "/CN=Tandem local authority", "-days", "9")
    openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", csr + ".key", "-out",
            csr, "-subj", "/CN=host-2")
    openssl("x509", "-req", "-in", csr, "-CA", mine, "-CAkey", mine + ".key", "-CAcreateserial", "-out", csr + ".pem")
    done = subprocess.run(["openssl", "verify", "-CAfile", host.file("authority.pem"), csr + ".pem"], capture_output=True,
                          check=False)
    assert done.returncode != 0
    with open(host.file("authority.pem"), "rb") as file:
        pem = ssl.PEM_cert_to_DER_cert(file.read().decode())
    assert hashlib.sha256(pem).hexdigest() == fingerprint(tandem).replace(":", "").lower()


def own_authority(tandem, name="Example authority", more=()):
    """Somebody's own: the file of its certificate, beside it .key."""
    path = tandem.path(name.replace(" ", "-") + ".pem")
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", path + ".key", "-out",
            path, "-subj", "/CN=" + name, "-days", "900", "-addext", "keyUsage=critical,keyCertSign,cRLSign", *more)
    return path


def scenario_an_authority_of_ones_own_takes_over(tandem):
    """requirement: SEC-1, SM-25: own authority; two are trusted at a time, and nobody is shut out."""
    tandem.start()
    host = joined(tandem, "host-2")
    first = fingerprint(tandem).replace(":", "").lower()
    mine = own_authority(tandem)
    assert subprocess_tool(tandem, "authority", "use", "--data", tandem.data)[0] == 1
    status, _, err = subprocess_tool(tandem, "authority", "import", mine, host.file("member.pem"), "--data", tandem.data)
    assert status == 1 and "does not belong" in err, err
    leaf = host.file("member.pem")
    status, _, err = subprocess_tool(tandem, "authority", "import", leaf, leaf, "--data", tandem.data)
    assert status == 1 and "none of an authority" in err, err
    assert subprocess_tool(tandem, "authority", "import", mine, mine + ".key", "--data", tandem.data)[0] == 0
    out = subprocess_tool(tandem, "authority", "--data", tandem.data)[1].splitlines()
    assert len(out) == 2 and out[0].startswith(first) and "signs" in out[0] and "trusted" in out[1], out
    # The member that joined before renews, and then knows both.
    assert subprocess_tool(tandem, "renew", "--data", host.data)[0] == 0
    with open(host.file("authority.pem"), encoding="ascii") as file:
        assert file.read().count("BEGIN CERTIFICATE") == 2
    assert subprocess_tool(tandem, "authority", "use", "--data", tandem.data)[0] == 0
    out = subprocess_tool(tandem, "authority", "--data", tandem.data)[1].splitlines()
    assert "Example authority" in out[0] and "signs" in out[0] and out[1].startswith(first), out
    assert subprocess_tool(tandem, "renew", "--data", host.data)[0] == 0
    assert host.is_verified()
    issuer = openssl("x509", "-in", host.file("member.pem"), "-noout", "-issuer")
    assert "Example authority" in issuer, issuer
    # So is its own certificate, without a restart.
    tandem.process.send_signal(signal.SIGHUP)
    wait_for(lambda: "Example authority" in openssl("x509", "-in", os.path.join(tandem.data, "certificates", "server.pem"),
                                                    "-noout", "-issuer"), 5, "the next server certificate")
    wait_for(lambda: "certificates read again" in tandem.log(), 5, "taking it")
    assert rest(tandem, "GET", "/api/enrol/authority")[0] == 200
    assert joined(tandem, "host-3").is_verified()
    assert tandem.tool("get", "dn")[0] == 0
