"""tandem status, alarms and acknowledge on the running program."""
import json
import os
import subprocess
import tempfile

from rig import PROGRAM, wait_for

SPARE = {"name": "proxy-9", "role": "proxy", "location": "home", "listen": ["local:nowhere"]}


def apart(tandem):
    """What runs beside us on this machine is nobody's business here."""
    tandem.options["env"] = dict(os.environ, XDG_RUNTIME_DIR=tandem.folder, HOME=tandem.folder)
    return tandem


def anywhere(tandem, *arguments):
    """A sub-command in some folder, without a word about where the system is."""
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, timeout=20, cwd=folder,
                              env=tandem.options["env"], check=False)
    return done.returncode, done.stdout, done.stderr


def healths(tandem):
    _, out, _ = anywhere(tandem, "status", "--json")
    return {i["name"]: i["health"] for i in json.loads(out)["instances"]} if out else {}


def all_is_well(tandem):
    return anywhere(tandem, "status")[0] == 0


def scenario_status_finds_the_system_and_shows_each_instance(tandem):
    """requirement: CF-10: the health of every role instance."""
    apart(tandem).start()
    wait_for(lambda: all_is_well(tandem), 15, "all is well")
    found = json.loads(anywhere(tandem, "status", "--json")[1])["instances"]
    assert {i["role"] for i in found} == {"proxy", "node", "history", "config", "session", "control"}, found
    assert all(i["health"] == "ok" and i["location"] == "home" for i in found), found
    _, table, _ = anywhere(tandem, "status")
    assert table.startswith("role") and "proxy-1" in table and len(table.splitlines()) == len(found) + 1, table
    assert tandem.tool("status")[0] == 0
    tandem.kill()
    status, out, err = anywhere(tandem, "status")
    assert (status, out) == (2, "") and "no system runs here" in err, (status, out, err)


def scenario_what_is_missing_raises_one_alarm_until_it_is_well(tandem):
    """requirement: CF-10: alarms are raised, acknowledged and cleared, and kept."""
    apart(tandem).start()
    wait_for(lambda: all_is_well(tandem), 15, "all is well")
    assert tandem.apply(application=[SPARE])[0] == 0
    wait_for(lambda: healths(tandem).get("proxy-9") == "down", 10, "the new proxy is missed")
    wait_for(lambda: "instance-down" in anywhere(tandem, "alarms")[1], 10, "the alarm")
    assert anywhere(tandem, "status")[0] == 1
    alarms = json.loads(anywhere(tandem, "alarms", "--json")[1])["alarms"]
    assert [(a["alarm"], a["object"], a["severity"]) for a in alarms] == [("instance-down", "proxy-9", "critical")]
    number = str(alarms[0]["id"])
    assert anywhere(tandem, "acknowledge", number)[0] == 0
    assert json.loads(anywhere(tandem, "alarms", "--json")[1])["alarms"][0]["acknowledged_by"] == "operator"
    assert anywhere(tandem, "acknowledge", "99999")[0] == 1
    assert anywhere(tandem, "acknowledge", "first")[0] == 2
    tandem.kill()  # what is raised stays raised
    tandem.start()
    wait_for(lambda: number in anywhere(tandem, "alarms")[1], 15, "the alarm of before")
    assert json.loads(anywhere(tandem, "alarms", "--json")[1])["alarms"][0]["acknowledged_by"] == "operator"
    assert tandem.tool("delete", "application", "proxy-9")[0] == 0
    wait_for(lambda: anywhere(tandem, "alarms")[1] == "No alarm is raised.\n", 20, "the end of the alarm")
    past = json.loads(anywhere(tandem, "alarms", "history", "--json")[1])["alarms"]
    assert len(past) == 1 and int(past[0]["cleared_at"]) > int(past[0]["raised_at"]), past
    wait_for(lambda: all_is_well(tandem), 5, "all is well again")
