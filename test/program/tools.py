"""tandem apply, get and delete on the running program."""
import json
import os
import threading
import time

from rig import wait_for
from wire import WirePhone

SECRET = "a-secret-of-1011"
NEW = {"number": "1011", "name": "Kitchen", "location": "home", "secret": SECRET}


def complains(done, *wanted, status=1):
    """One line that says all of this, and nothing else."""
    code, out, err = done
    assert (code, out) == (status, ""), done
    assert err.startswith("tandem: ") and err.count("\n") == 1, err
    for word in wanted:
        assert word in err, (word, err)


def apply_text(tandem, text, name="objects.json"):
    with open(tandem.path(name), "w", encoding="utf-8") as file:
        file.write(text)
    return tandem.tool("apply", "-f", name)


def can_register(tandem):
    phone = WirePhone(tandem, "1011", SECRET)
    try:
        phone.register()
        phone.register(0)
        return True
    except AssertionError:
        return False
    finally:
        phone.registered = False
        phone.__exit__()


def within_a_second(what):
    begin = time.monotonic()
    wait_for(what, 2, "the change")
    assert time.monotonic() - begin < 1.5


def scenario_a_new_number_works_at_once(tandem):
    """requirement: CF-2: no restart, for any change."""
    tandem.start()
    assert not can_register(tandem)
    code, out, err = tandem.apply(dn=[NEW])
    assert (code, err) == (0, "") and '+ dn 1011\n  + number = "1011"\n' in out and SECRET not in out, (code, out, err)
    assert out.endswith("change 2: 1 made, 0 changed, 0 removed, 0 as they were\n"), out
    within_a_second(lambda: can_register(tandem))
    status, out, _ = tandem.tool("get", "dn", "1011", "--json")
    shown = json.loads(out)["dn"][0]
    assert status == 0 and shown["name"] == "Kitchen" and "secret" not in shown, out

    out = tandem.apply(dn=[dict(NEW, disabled=True)])[1]
    assert out.startswith("~ dn 1011\n  - disabled = false\n  + disabled = true\nchange 3: "), out
    within_a_second(lambda: not can_register(tandem))
    assert tandem.apply(dn=[dict(NEW, disabled=False)])[0] == 0
    within_a_second(lambda: can_register(tandem))
    assert tandem.apply(dn=[dict(NEW, secret="another-secret")])[0] == 0
    within_a_second(lambda: not can_register(tandem))

    assert tandem.tool("delete", "dn", "1011") == (0, "dn 1011: deleted\n", "")
    complains(tandem.tool("get", "dn", "1011"), "dn 1011")
    complains(tandem.tool("delete", "dn", "1011"), "dn 1011")
    assert not can_register(tandem)


def scenario_what_was_applied_is_there_after_a_restart(tandem):
    tandem.start()
    assert tandem.apply(dn=[NEW])[0] == 0
    tandem.kill()
    tandem.start()
    assert can_register(tandem)
    assert tandem.secret("1011") == SECRET


def scenario_files_with_mistakes(tandem):
    """requirement: CF-2: each complaint says where."""
    tandem.start()
    complains(apply_text(tandem, '{"phone": []}'), "objects.json", '"phone"', "dn")
    complains(apply_text(tandem, '{"dn": [\n{"number": "1011",,}]}'), "objects.json:2:")
    complains(apply_text(tandem, '{"dn": {}}'), "objects.json", "list")
    complains(apply_text(tandem, '{"dn": [{"name": "x"}]}'), "dn number 1", "number")
    complains(apply_text(tandem, '[[dn]]\nnumber = 7\n', "objects.toml"), "objects.toml")
    complains(apply_text(tandem, '[[dn]\n', "objects.toml"), "objects.toml:1:")
    complains(tandem.tool("apply", "-f", "nothing.json"), "nothing.json")
    complains(tandem.tool("apply"), "tandem apply -f FILE", status=2)
    complains(tandem.apply(dn=[dict(NEW, secret="short")]), "dn 1011", "secret")
    complains(tandem.apply(dn=[dict(NEW, colour="red")]), "dn 1011", "colour")
    complains(tandem.apply(dn=[dict(NEW, location="nowhere")]), "dn 1011", "location", "nowhere")
    complains(tandem.tool("delete", "location", "home"), "location home", "is used by dn 1001")
    complains(tandem.tool("get", "phone"), '"phone"', "dn", status=2)
    assert not can_register(tandem)


def scenario_a_list_with_one_mistake(tandem):
    """requirement: CF-3: all or nothing."""
    tandem.start()
    complains(tandem.apply(dn=[dict(NEW, number="bad number"), NEW]), "dn bad number/number", "nothing was changed")
    complains(tandem.tool("get", "dn", "1011"), "dn 1011")
    # Together they fit, in whatever order.
    assert tandem.apply(dn=[dict(NEW, location="away")], location=[{"name": "away"}])[0] == 0


def scenario_a_dry_run_changes_nothing(tandem):
    """requirement: CF-3"""
    tandem.start()
    with open(tandem.path("new.json"), "w", encoding="utf-8") as file:
        json.dump({"dn": [NEW]}, file)
    code, out, err = tandem.tool("apply", "-f", "new.json", "--dry-run")
    assert (code, err) == (0, "") and "+ dn 1011" in out and "~ secret: another one" in out, (code, out, err)
    assert out.endswith("nothing was changed; it would be: 1 made, 0 changed, 0 removed, 0 as they were\n"), out
    complains(tandem.tool("get", "dn", "1011"), "dn 1011")


def scenario_history_and_undo(tandem):
    """requirement: CF-3: who, when, what; undone and done again."""
    tandem.start()
    with open(tandem.path("new.json"), "w", encoding="utf-8") as file:
        json.dump({"dn": [NEW]}, file)
    assert tandem.tool("apply", "-f", "new.json", "-m", "the kitchen")[0] == 0
    out = tandem.tool("changes")[1]
    assert "change 2  20" in out and "UTC  operator  the kitchen\n+ dn 1011\n" in out and "change 1  20" in out, out
    assert "change 2" in tandem.tool("changes", "dn", "1011")[1]
    assert SECRET not in out and "change 1 " not in tandem.tool("changes", "2")[1]
    assert tandem.tool("undo", "2")[1].startswith("- dn 1011\n")
    complains(tandem.tool("get", "dn", "1011"), "dn 1011")
    complains(tandem.tool("undo", "77"), "undo 77", "no change of this number")
    complains(tandem.tool("undo", "last"), '"last"', "tandem changes", status=2)
    assert tandem.tool("undo", "3")[0] == 0
    assert tandem.secret("1011") == SECRET
    within_a_second(lambda: can_register(tandem))
    assert tandem.apply(dn=[dict(NEW, name="Hall")])[0] == 0
    complains(tandem.tool("undo", "4"), "dn 1011 was changed by operator", "(change 5); undo that first")


def scenario_export_and_version_control(tandem):
    """requirement: CF-3: the same again and again, and what differs is seen."""
    tandem.start()
    assert tandem.tool("export", "-o", "one")[0] == 0
    assert tandem.tool("export", "-o", "two")[0] == 0
    names = sorted(os.listdir(tandem.path("one")))
    assert "dn.json" in names and "location.json" in names, names
    for name in names:
        with open(tandem.path("one/" + name), encoding="utf-8") as one, open(tandem.path("two/" + name), encoding="utf-8") as two:
            text = one.read()
            assert text == two.read() and "secret" not in text and "argon2" not in text, name
    secret = tandem.secret("1001")
    assert tandem.tool("delete", "dn", "1002")[0] == 0
    assert tandem.apply(dn=[NEW])[0] == 0
    code, out, err = tandem.tool("apply", "-f", "one", "--replace")
    assert (code, err) == (0, "") and "+ dn 1002" in out and "- dn 1011" in out, (code, out, err)
    assert tandem.secret("1001") == secret  # what an export leaves out stays
    assert tandem.tool("apply", "-f", "one")[1].startswith("nothing to change: 0 made, 0 changed, 0 removed, ")
    for name in ("all.toml", "all.json"):
        assert tandem.tool("export", "-o", name)[0] == 0
        assert tandem.tool("apply", "-f", name)[1].startswith("nothing to change: "), name
    assert json.loads(tandem.tool("export", "dn")[1])["dn"][0]["number"] == "1001"
    # Damaged: cut off in the middle.
    with open(tandem.path("all.json"), encoding="utf-8") as file:
        text = file.read()
    complains(apply_text(tandem, text[:len(text) // 2], "half.json"), "half.json")


def scenario_many_objects_at_once(tandem):
    """requirement: CF-3: a hundred thousand numbers are one change, and the program answers meanwhile."""
    tandem.start()
    many = [{"number": "2%06d" % i, "location": "home"} for i in range(100_000)]
    with open(tandem.path("many.json"), "w", encoding="utf-8") as file:
        json.dump({"dn": many}, file)
    done, slowest = [], 0
    thread = threading.Thread(target=lambda: done.append(tandem.tool("apply", "-f", "many.json", timeout=180)))
    thread.start()
    cookie = tandem.log_in()
    while thread.is_alive():
        begin = time.monotonic()
        assert tandem.ask("GET", "/api/config/dn/1001", None, cookie)[0] == 200
        slowest = max(slowest, time.monotonic() - begin)
        time.sleep(0.05)
    assert done[0][0] == 0 and "100000 made" in done[0][1], done[0][1][-300:]
    assert slowest < 2, slowest
    assert tandem.tool("undo", "2", timeout=180)[0] == 0
    complains(tandem.tool("get", "dn", "2000001"), "dn 2000001")


def scenario_conflicts_of_versions(tandem):
    """requirement: CF-2: who changes what somebody else has changed meanwhile is told."""
    tandem.start()
    assert tandem.apply(dn=[NEW])[0] == 0
    assert tandem.apply(dn=[dict(NEW, version=1, name="Hall")])[0] == 0
    complains(tandem.apply(dn=[dict(NEW, version=1, name="Cellar")]), "dn 1011", "was changed by operator")
    assert json.loads(tandem.tool("get", "dn", "1011", "--json")[1])["dn"][0]["name"] == "Hall"


def scenario_bodies_that_are_too_large(tandem):
    tandem.start()
    complains(tandem.apply(dn=[dict(NEW, name="x" * 17_000_000)]), "objects.json", "large")
    complains(tandem.apply(dn=[dict(NEW, name="x" * 10_000_000)]), "dn 1011", "larger than 64 KiB")
    cookie = tandem.log_in()
    try:
        status = tandem.ask("PUT", "/api/config/dn/1011", "x" * 10_000_000, cookie)[0]
    except OSError:
        status = 413  # closed before all of it was sent
    assert status == 413, status
    assert tandem.ask("PUT", "/api/config/dn/1011", "{\"number\":", cookie)[0] == 400
    assert tandem.secret("1001")


def scenario_what_does_not_run_cannot_be_asked(tandem):
    complains(tandem.tool("get", "dn"), "no system runs here", "--data")
    tandem.start()
    tandem.stop()
    complains(tandem.tool("get", "dn"), "nothing runs there", "tandem run")
    complains(tandem.tool("delete", "dn", "1001"), "nothing runs there")


def scenario_another_folders_token_is_refused(tandem):
    """requirement: SEC-3"""
    tandem.start()
    with open(os.path.join(tandem.data, "operator.token"), "w", encoding="utf-8") as file:
        file.write("0" * 64 + "\n")
    complains(tandem.tool("get", "dn"), "not permitted")
