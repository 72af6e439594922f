"""Backup of a running system, and what becomes of it in an empty place (OPS-32)."""
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tarfile
import time

from crash import closed_rows, phones, whole_call
from rig import ROOT, Tandem, wait_for

sys.path.insert(0, os.path.join(ROOT, "test", "engines"))

# pylint: disable=wrong-import-position
from postgres import Postgres

KEPT = ("objects", "calls", "changes", "change_objects", "bindings", "alarms")


def new_dn(tandem, number):
    status, _, err = tandem.apply(dn=[{"number": number, "location": "home", "secret": "a-Secret-of-" + number}])
    assert status == 0, err


def used(tandem):
    """A system in which something has happened."""
    tandem.start()
    a, b = phones(tandem, "1001", "1002")
    whole_call(a, b)
    whole_call(b, a)
    closed_rows(tandem, 2)
    new_dn(tandem, "3000")
    for phone in a, b:
        phone.registered = False
        phone.__exit__()


def rows_of(data):
    """Of all tables that are kept, in the database of a folder."""
    with sqlite3.connect("file:%s/store.db?mode=ro" % data, uri=True) as db:
        return {t: sorted(map(repr, db.execute("SELECT * FROM " + t))) for t in KEPT}


def backup_of(tandem, name="backup.tar"):
    status, out, err = tandem.tool("backup", name)
    assert status == 0 and "rows" in out, (status, out, err)
    return tandem.path(name)


def restored(other, path):
    status, out, err = other.tool("restore", path)
    assert status == 0 and "are restored" in out, (status, out, err)


def refused(tandem, words, *arguments):
    """One sentence, and nothing was done."""
    status, out, err = tandem.tool(*arguments)
    assert status == 1 and words in err and err.count("\n") == 1 and not out, (status, out, err)


def scenario_backup_while_running_and_restore_elsewhere(tandem):
    """requirement: OPS-32: history, configuration, certificates and secrets are there again, and it goes on."""
    used(tandem)
    path = backup_of(tandem)
    assert os.stat(path).st_mode & 0o777 == 0o600
    with tarfile.open(path) as tar:
        manifest = json.load(tar.extractfile("manifest.json"))
        names = tar.getnames()
    assert manifest["engine"] == "sqlite" and manifest["schema"] >= 3 and names[-1] == "manifest.json", manifest
    assert "tables/calls.jsonl" in names and "files/certificates/authority.pem" in names, names
    before = rows_of(tandem.data)
    secret = tandem.secret("3000")
    with open(os.path.join(tandem.data, "certificates", "authority.pem"), encoding="utf-8") as file:
        authority = file.read()
    tandem.stop()
    with Tandem() as other:
        restored(other, path)
        assert rows_of(other.data) == before
        shutil.copy(tandem.path("out"), other.path("out"))  # its password is the old one
        time.sleep(1)  # a pair that finds no registry is numbered by the second in which it begins
        other.start()
        with open(os.path.join(other.data, "certificates", "authority.pem"), encoding="utf-8") as file:
            assert file.read() == authority
        assert other.secret("3000") == secret == "a-Secret-of-3000"
        assert len(other.history(other.log_in())["calls"]) == 2
        a, b = phones(other, "1001", "1002")
        whole_call(a, b)
        closed_rows(other, 3)
        for phone in a, b:
            phone.registered = False
            phone.__exit__()


def change(path, to, how):
    with open(path, "rb") as file:
        content = bytearray(file.read())
    how(content)
    with open(to, "wb") as file:
        file.write(content)
    return to


def scenario_damaged_newer_and_misplaced_backups_are_refused(tandem):
    """requirement: OPS-32: nothing is made of what is not whole, not known, or would overwrite something."""
    used(tandem)
    path = backup_of(tandem)
    refused(tandem, "exists already", "backup", path)
    refused(tandem, "is not empty", "restore", path)
    new_dn(tandem, "3001")  # it runs on
    size = os.path.getsize(path)

    def flip(content):
        at = content.index(b"sip:")  # in a row
        content[at] ^= 1

    def newer(content):
        at = content.index(b'"format": 1')
        content[at:at + 11] = b'"format": 9'

    def schema(content):
        at = content.index(b'"schema": ')
        content[at + 10:at + 11] = b"9"

    with Tandem() as other:
        for name, how, words in (("flipped", flip, "is damaged"), ("cut", lambda c: c.__delitem__(slice(size // 2, None)), "damaged"),
                                 ("short", lambda c: c.__delitem__(slice(size - 1024, None)), "damaged"),
                                 ("newer", newer, "newer version"), ("schema", schema, "newer version"),
                                 ("rubbish", lambda c: c.__setitem__(slice(0, 600), b"x" * 600), "no backup")):
            refused(other, words, "restore", change(path, other.path(name), how))
        refused(other, "cannot be read", "restore", other.path("missing"))
        refused(other, "no database", "backup", other.path("nothing.tar"))
        assert not os.path.exists(os.path.join(other.data, "store.db"))
        assert not os.path.exists(os.path.join(other.data, "certificates", "authority.pem"))
        restored(other, path)
        refused(other, "is not empty", "restore", path)


def on_postgres(tandem, store):
    """The start file names the servers."""
    with open(tandem.file, "a", encoding="utf-8") as file:
        file.write('store = ["%s"]\nstore-user = "tandem"\nstore-password-file = "%s"\nauthority = "%s"\n' % (
            store.addresses[0], store.password_file("tandem"), store.authority.certificate))
    return tandem


def scenario_from_one_store_to_the_other_and_back(tandem):
    """requirement: OPS-32 CF-5: a backup of the database in the process fills PostgreSQL, and the reverse; no row differs."""
    used(tandem)
    path = backup_of(tandem)
    before = rows_of(tandem.data)
    with Postgres(addresses=("127.0.0.1",)) as store, Tandem() as other, Tandem() as back:
        on_postgres(other, store)
        restored(other, path)
        assert store.primary.sql("SELECT count(*) FROM calls") == "2"
        shutil.rmtree(other.data)
        refused(other, "is not empty", "restore", path)
        assert not os.path.exists(os.path.join(other.data, "certificates", "authority.pem"))
        again = backup_of(other, "again.tar")
        restored(back, again)
        assert rows_of(back.data) == before
        # The database's own numbers go on behind those that were restored.
        assert store.primary.sql("INSERT INTO calls (call_id, started_at, from_dn, to_dn, result, node) "
                                 "VALUES ('x', 1, '', '', 0, 'n') RETURNING id") == str(
            int(store.primary.sql("SELECT max(id) FROM calls WHERE call_id <> 'x'")) + 1)
        store.primary.kill()
        refused(other, "127.0.0.1", "backup", "away.tar")
        assert not os.path.exists(other.path("away.tar")) and not os.path.exists(other.path("away.tar.part"))


def scenario_tar_reads_it(tandem):
    """What a backup holds can be seen without us."""
    tandem.start()
    path = backup_of(tandem)
    done = subprocess.run(["tar", "-tvf", path], capture_output=True, text=True, check=True)
    assert "tables/objects.jsonl" in done.stdout and not done.stderr, done
    wait_for(lambda: tandem.process.poll() is None, 1)
