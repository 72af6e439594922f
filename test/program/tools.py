"""tandem apply, get and delete on the running program."""
import json
import os
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
    assert tandem.apply(dn=[NEW]) == (0, "dn 1011: version 1\n", "")
    within_a_second(lambda: can_register(tandem))
    status, out, _ = tandem.tool("get", "dn", "1011", "--json")
    shown = json.loads(out)["dn"][0]
    assert status == 0 and shown["name"] == "Kitchen" and "secret" not in shown, out

    assert tandem.apply(dn=[dict(NEW, disabled=True)])[1] == "dn 1011: version 2\n"
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
    """What is right is done, what is wrong is said, the status tells."""
    tandem.start()
    code, out, err = tandem.apply(dn=[dict(NEW, number="bad number"), NEW])
    assert code == 1 and "dn 1011: version 1" in out and err.count("\n") == 1, (code, out, err)


def scenario_conflicts_of_versions(tandem):
    """requirement: CF-2: who changes what somebody else has changed meanwhile is told."""
    tandem.start()
    assert tandem.apply(dn=[NEW])[0] == 0
    assert tandem.apply(dn=[dict(NEW, version=1, name="Hall")])[0] == 0
    complains(tandem.apply(dn=[dict(NEW, version=1, name="Cellar")]), "dn 1011", "was changed by operator")
    assert json.loads(tandem.tool("get", "dn", "1011", "--json")[1])["dn"][0]["name"] == "Hall"


def scenario_bodies_that_are_too_large(tandem):
    tandem.start()
    complains(tandem.apply(dn=[dict(NEW, name="x" * 10_000_000)]), "objects.json", "large")
    complains(tandem.apply(dn=[dict(NEW, name="x" * 2_000_000)]), "dn 1011", "Large")
    cookie = tandem.log_in()
    try:
        status = tandem.ask("PUT", "/api/config/dn/1011", "x" * 10_000_000, cookie)[0]
    except OSError:
        status = 413  # closed before all of it was sent
    assert status == 413, status
    assert tandem.ask("PUT", "/api/config/dn/1011", "{\"number\":", cookie)[0] == 400
    assert tandem.secret("1001")


def scenario_what_does_not_run_cannot_be_asked(tandem):
    complains(tandem.tool("get", "dn"), "operator.token", "--data")
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
