"""Where the log goes and how its lines look."""
import datetime
import json
import os

from rig import wait_for


def setting(tandem, text):
    with open(tandem.file, "a", encoding="utf-8") as file:
        file.write(text + "\n")


def read(path):
    if not os.path.exists(path):
        return ""
    with open(path, encoding="utf-8") as file:
        return file.read()


def started(tandem):
    wait_for(lambda: tandem.tool("get", "location")[0] == 0, 10, "the start")


def scenario_structured_lines_in_a_file(tandem):
    """requirement: OPS-20: one line an event, structured where asked, in a file where asked."""
    path = tandem.path("tandem.log")
    setting(tandem, 'log-format = "json"\nlog-file = "%s"\nlog-days = "3"' % path)
    old = (datetime.datetime.now() - datetime.timedelta(days=5)).strftime("%Y%m%dT%H%M%SZ")
    new = (datetime.datetime.now() - datetime.timedelta(days=1)).strftime("%Y%m%dT%H%M%SZ")
    for stamp in (old, new):
        with open(path + "." + stamp, "w", encoding="utf-8"):
            pass
    tandem.spawn()
    started(tandem)
    assert tandem.stop() == 0 and tandem.log() == "", tandem.log()
    lines = [json.loads(line) for line in read(path).splitlines()]
    assert lines and all({"time", "level", "room", "text"} <= set(line) for line in lines), lines
    assert any(line.get("at") == "proxy-1" and "phones are let in" in line["text"] for line in lines), lines
    assert any("brought to version" in line["text"] for line in lines), "what was held at the start is there too"
    assert not os.path.exists(path + "." + old) and os.path.exists(path + "." + new)
    assert os.stat(path).st_mode & 0o077 == 0


def scenario_a_file_for_each_part(tandem):
    """requirement: OPS-20: one file per module where asked."""
    setting(tandem, 'log-file = "%s"' % tandem.path("{room}.log"))
    tandem.spawn()
    started(tandem)
    tandem.stop()
    assert "phones are let in" in read(tandem.path("proxy.log"))
    assert "brought to version" in read(tandem.path("store.log"))
    assert "phones are let in" not in read(tandem.path("store.log"))


def scenario_what_cannot_be_is_said_at_once(tandem):
    """requirement: OPS-20: a clear error instead of a log that nobody finds."""
    for text, wanted, status in (('log-format = "xml"', "log-format must be plain or json", 2),
                                 ('log-file = "x"\nlog-size = "0"', "log-size must be a number of MiB", 2),
                                 ('log-file = "x"\nlog-days = "many"', "log-days must be a number of days", 2),
                                 ('log-file = "/nowhere/at/all/log"', "/nowhere/at/all/log cannot be written", 1)):
        before = read(tandem.file)
        setting(tandem, text)
        tandem.spawn()
        process = tandem.process
        assert process.wait(10) == status, (text, tandem.log())
        wait_for(lambda: wanted in tandem.log(), 5, wanted)
        assert tandem.log().count("\n") == 1, tandem.log()
        with open(tandem.file, "w", encoding="utf-8") as file:
            file.write(before)
