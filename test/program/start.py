"""Starts that cannot be: each says in one line on standard error what to do, and nothing runs."""
import glob
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import time

from rig import PROGRAM, Tandem, free_port, wait_for

NOBODY = 65534


def refused(tandem, *wanted, arguments=(), status=1):
    """The start fails at once with one line that has all of these words."""
    tandem.spawn(*arguments)
    process = tandem.process
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        raise AssertionError("it runs: %s%s" % (tandem.out(), tandem.log())) from None
    finally:
        tandem.stop()
    log = tandem.log()
    lines = log.splitlines()
    assert len(lines) == 1 and lines[0].startswith("tandem: "), log
    for word in wanted:
        assert word in lines[0], (word, log)
    assert process.returncode == status, process.returncode
    assert " runs: " not in tandem.out(), tandem.out()


def begun(tandem):
    """Its data is there, and it does not run."""
    tandem.start()
    assert tandem.stop() == 0
    return tandem


def starts_again(tandem):
    tandem.start()
    assert tandem.stop() == 0


def rewrite(tandem, text):
    with open(tandem.file, "w", encoding="utf-8") as file:
        file.write(text)


def scenario_first_and_second_start(tandem):
    """requirement: CF-4 SEC-2: five lines, the password in the first start alone; the data stays."""
    tandem.start()
    lines = tandem.out().splitlines()
    assert [line.split(":")[0] for line in lines[:5]] == ["Log in", "Trust", "Phones", "Secrets", "Data"], lines
    assert len(lines) == 6 and " runs: https://127.0.0.1:%d" % tandem.web in lines[5], lines
    secret = tandem.secret("1001")
    assert secret in lines[2] and tandem.password() in lines[0]
    cookie = tandem.log_in()
    assert cookie
    assert tandem.stop() == 0
    tandem.start()
    lines = tandem.out().splitlines()
    assert len(lines) == 1 and " runs: " in lines[0], lines
    assert tandem.secret("1001") == secret
    assert tandem.log_in()
    for password in tandem.password(), secret:
        assert password not in tandem.log()
    for _, _, files in os.walk(tandem.data):
        for name in files:
            mode = [os.stat(p).st_mode & 0o077 for p in glob.glob(os.path.join(tandem.data, "**", name), recursive=True)]
            assert not any(mode), "%s can be read by others" % name


def scenario_stops_on_a_signal(tandem):
    for number in signal.SIGTERM, signal.SIGINT:
        tandem.start()
        begin = time.monotonic()
        assert tandem.stop(number) == 0
        assert time.monotonic() - begin < 1.5
        assert "error" not in tandem.log()


def scenario_wrong_start_file(tandem):
    """requirement: CF-4"""
    rewrite(tandem, 'data = "data"\nlisten = ["udp:127.0.0.1:%d"]\nwebb = "x"\n' % tandem.sip)
    refused(tandem, "tandem.toml:3:", "webb", status=2)
    rewrite(tandem, 'data = "data"\nlisten = [\n')
    refused(tandem, "tandem.toml:", status=2)
    rewrite(tandem, 'data = "data"\n\nweb = 8443\n')
    refused(tandem, "tandem.toml:3:", "web", status=2)
    rewrite(tandem, 'listen = ["udp:nowhere"]\n')
    refused(tandem, "tandem.toml:1:", "listen is no endpoint", status=2)
    os.unlink(tandem.file)
    refused(tandem, "tandem.toml", status=2)
    assert not os.path.exists(tandem.data)


def scenario_wrong_command_line(tandem):
    """requirement: CF-4"""
    refused(tandem, "--dta", "did you mean --data?", arguments=("--dta", "x"), status=2)
    refused(tandem, "--listen", arguments=("--listen", "5060"), status=2)
    refused(tandem, "--log", "notice", arguments=("--log", "loud"), status=2)
    refused(tandem, "tandem run", arguments=("now",), status=2)
    done = subprocess.run([PROGRAM, "runn"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "") and done.stderr.count("\n") == 1, done
    assert "did you mean run?" in done.stderr
    assert not os.path.exists(tandem.data)


def scenario_port_in_use(tandem):
    for kind, port, words in ((socket.SOCK_DGRAM, tandem.sip, ("udp:127.0.0.1:%d" % tandem.sip, "--listen")),
                              (socket.SOCK_STREAM, tandem.sip, ("tcp:127.0.0.1:%d" % tandem.sip, "--listen")),
                              (socket.SOCK_STREAM, tandem.web, ("tls:127.0.0.1:%d" % tandem.web, "--web"))):
        with socket.socket(socket.AF_INET, kind) as other:
            other.bind(("127.0.0.1", port))
            if kind == socket.SOCK_STREAM:
                other.listen(1)
            refused(tandem, *words)
    # What a refused first start has made must not cost the password: it is shown by the one that runs.
    tandem.start()
    assert tandem.out().startswith("Log in:"), tandem.out()
    tandem.log_in()


def scenario_data_in_use(tandem):
    tandem.start()
    with Tandem(tandem.data) as second:
        refused(second, "in use by another tandem", "--data")
    assert tandem.process.poll() is None
    assert tandem.secret("1001")


def scenario_data_not_writable(tandem):
    """As somebody without rights, so that it is true for root too."""
    os.chmod(tandem.folder, 0o755)
    if os.getuid() == 0:
        tandem.options["user"] = NOBODY
    else:
        os.chmod(tandem.folder, 0o555)
    refused(tandem, tandem.data, "cannot be made", "--data")
    os.mkdir(tandem.data, 0o755)
    os.chmod(tandem.data, 0o555)
    refused(tandem, tandem.data, "cannot be written", "permissions")


def scenario_data_is_a_file(tandem):
    with open(tandem.data, "w", encoding="utf-8"):
        pass
    refused(tandem, tandem.data, "--data")


def scenario_store_is_damaged(tandem):
    begun(tandem)
    path = os.path.join(tandem.data, "store.db")
    for name in glob.glob(path + "*"):
        shutil.copy(name, tandem.folder)
    with open(path, "r+b") as file:
        file.write(b"this is no database at all" * 10)
    refused(tandem, "store.db", "backup")
    with open(path, "wb") as file:
        file.write(open(tandem.path("store.db"), "rb").read()[:5000])
    refused(tandem, "store.db", "backup")
    shutil.copy(tandem.path("store.db"), path)
    starts_again(tandem)


def scenario_store_of_a_newer_version(tandem):
    begun(tandem)
    path = os.path.join(tandem.data, "store.db")
    with sqlite3.connect(path) as db:
        before = db.execute("PRAGMA user_version").fetchone()[0]
        db.execute("PRAGMA user_version = 99")
    db.close()
    refused(tandem, "store.db", "99", "newer")
    with sqlite3.connect(path) as db:
        assert db.execute("PRAGMA user_version").fetchone()[0] == 99
        db.execute("PRAGMA user_version = %d" % before)
    db.close()
    starts_again(tandem)


def damage_middle(path):
    with open(path, "r+b") as file:
        file.seek(os.path.getsize(path) // 2)
        file.write(b"\xff\x00\xff\x00\xff")


def scenario_registry_is_damaged(tandem):
    """What is torn at the end is a crash's and is dropped; damage before it is not passed over in silence."""
    begun(tandem)
    path = os.path.join(tandem.data, "registry", "registry.journal")
    with open(path, "ab") as file:
        file.write(b"\x00\x00\x01")
    starts_again(tandem)
    damage_middle(path)
    refused(tandem, "registry.journal")


def scenario_spool_is_torn(tandem):
    begun(tandem)
    for _ in range(2):
        with open(max(glob.glob(os.path.join(tandem.data, "spool", "*"))), "ab") as file:
            file.write(b"\x00\x00\x01")
        starts_again(tandem)


def scenario_certificates_are_missing_or_damaged(tandem):
    """requirement: SEC-1"""
    begun(tandem)
    folder = os.path.join(tandem.data, "certificates")
    os.unlink(os.path.join(folder, "server.pem"))
    starts_again(tandem)
    with open(os.path.join(folder, "authority.key"), "w", encoding="utf-8") as file:
        file.write("no key\n")
    os.unlink(os.path.join(folder, "server.pem"))
    refused(tandem, folder)
    shutil.rmtree(folder)
    with open(folder, "w", encoding="utf-8"):
        pass
    refused(tandem, folder)
