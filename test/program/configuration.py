"""The configuration in the running program: secrets at rest, its last copy on disk, what changes live."""
import os
import time

from rig import wait_for

SECRET = "n5Qw8rYt2LkJ7dfGhZx3"


def files(tandem):
    for folder, _, names in os.walk(tandem.data):
        for name in names:
            yield os.path.join(folder, name)


def holders(tandem, word):
    """Files below the data that have the word in clear."""
    found = []
    for path in files(tandem):
        with open(path, "rb") as file:
            if word.encode() in file.read():
                found.append(os.path.relpath(path, tandem.data))
    return found


def put(tandem, kind, name, **fields):
    done = tandem.apply(**{kind: [dict(fields, **{"number" if kind == "dn" else "name": name})]})
    assert done[0] == 0, done


def scenario_secrets_are_sealed_where_they_are_kept(tandem):
    """requirement: SEC-2: a secret is in clear in no file of the data and in no log; whoever may see it sees it."""
    tandem.start("--log", "debug")
    first = tandem.secret("1001")
    put(tandem, "dn", "2001", location="home", secret=SECRET)
    put(tandem, "dn", "2002", location="home", secret="to be replaced")
    put(tandem, "dn", "2002", location="home", secret=SECRET + "x")
    assert tandem.secret("2001") == SECRET
    image = tandem.path("data/configuration.copy")
    wait_for(lambda: os.path.exists(image), 10, "the copy on disk")
    assert tandem.stop() == 0
    for word in first, SECRET, SECRET + "x", "to be replaced":
        assert holders(tandem, word) == [], (word, holders(tandem, word))
        assert word not in tandem.log()
    assert os.stat(tandem.path("data/secret.key")).st_mode & 0o777 == 0o600
    assert os.stat(image).st_mode & 0o777 == 0o600
    tandem.start()
    assert tandem.secret("2001") == SECRET and tandem.secret("1001") == first
    assert tandem.stop() == 0


def scenario_a_lost_key_is_said(tandem):
    """requirement: SEC-2: without the key the secrets are lost and nothing else; each is named in the log."""
    tandem.start()
    assert tandem.stop() == 0
    os.rename(tandem.path("data/secret.key"), tandem.path("key"))
    tandem.start()
    assert "a secret of dn 1001 cannot be opened" in tandem.log(), tandem.log()
    assert tandem.stop() == 0
    os.replace(tandem.path("key"), tandem.path("data/secret.key"))
    tandem.start()
    assert tandem.secret("1001")
    assert tandem.stop() == 0
    with open(tandem.path("data/secret.key"), "w", encoding="utf-8") as file:
        file.write("damaged\n")
    tandem.spawn()
    tandem.process.wait(10)
    assert "is no key" in tandem.log(), tandem.log()
    tandem.stop()


def scenario_levels_of_modules_change_live(tandem):
    """requirement: OPS-20 CF-2: within a second, without a restart."""
    tandem.start()
    put(tandem, "cluster", "cluster", log=["config=error", "proxy=debug"])
    time.sleep(1.2)
    put(tandem, "dn", "3001", location="home")
    put(tandem, "cluster", "cluster", log=[])
    time.sleep(1.2)
    put(tandem, "dn", "3002", location="home")
    wait_for(lambda: "3002" in tandem.log(), 5, "a line about 3002")
    assert "3001" not in tandem.log(), tandem.log()
    done = tandem.apply(cluster=[{"name": "cluster", "log": ["proxy=loud"]}])
    assert done[0] != 0 and "must be MODULE=LEVEL" in "".join(map(str, done)), done
    assert tandem.stop() == 0


def scenario_lines_of_the_log_can_be_objects(tandem):
    """requirement: OPS-20"""
    import json
    tandem.start("--log-format", "json")
    assert tandem.stop() == 0
    lines = tandem.log().splitlines()
    assert lines and all({"time", "level", "text"} <= set(json.loads(line)) for line in lines), lines
