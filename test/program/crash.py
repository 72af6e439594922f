"""What is killed, or finds its disk full, comes back with everything that was known."""
import glob
import os
import random
import resource
import time

from rig import wait_for
from start import begun, damage_middle, refused
from wire import WirePhone


def phones(tandem, *numbers):
    """Registered, and that is written down: it is done for many at a time."""
    registered = [WirePhone(tandem, n).register() for n in numbers]
    wait_for(lambda: len(tandem.stored("SELECT * FROM bindings")) == len(numbers), 2, "stored registrations")
    return registered


def close(*all_phones):
    for p in all_phones:
        p.registered = False
        p.__exit__()


def established(caller, callee):
    call = caller.dial(callee.dn)
    callee.pick_up(callee.take())
    call.answered()
    return call


def whole_call(caller, callee):
    call = established(caller, callee)
    assert call.within("BYE").status == 200
    callee.reply(callee.request("BYE"), 200)


def closed_rows(tandem, count):
    """Exactly so many calls are known, and none of them is open."""
    wait_for(lambda: len(tandem.rows()) >= count and all(r["ended_at"] for r in tandem.rows()), 5, "closed rows")
    rows = tandem.rows()
    assert len(rows) == count, rows
    assert len({r["call_id"] for r in rows}) == len({r["sip_call_id"] for r in rows}) == count, rows
    return rows


def scenario_killed_with_calls(tandem):
    """requirement: VC-1 VC-10: a lone node that is killed knows its phones again, and closes its calls as lost."""
    tandem.start()
    a, b, c, d = phones(tandem, "1001", "1002", "1003", "1004")
    whole_call(a, b)
    talking = established(a, b)
    ringing = c.dial("1004")
    d.take()
    c.answer(180)
    wait_for(lambda: len(tandem.rows()) == 3, 5, "three rows")
    tandem.kill()
    tandem.start()
    rows = closed_rows(tandem, 3)
    assert [(r["result"], r["cause"]) for r in rows] == [("answered", "normal")] + [("lost", "node lost")] * 2, rows
    assert rows[1]["sip_call_id"] == talking.id[0] and rows[1]["answered_at"] and rows[2]["sip_call_id"] == ringing.id[0]
    whole_call(c, b)  # nobody has registered anew
    assert talking.within("BYE").status == 481
    tandem.row(3, "answered", "normal")
    close(a, b, c, d)


def scenario_ended_with_calls(tandem):
    """The end by SIGTERM is quick, and no row stays open for good."""
    tandem.start()
    a, b = phones(tandem, "1001", "1002")
    established(a, b)
    wait_for(tandem.rows, 5, "a row")
    begin = time.monotonic()
    assert tandem.stop() == 0
    assert time.monotonic() - begin < 1.5
    tandem.start()
    rows = closed_rows(tandem, 1)
    assert (rows[0]["result"], rows[0]["cause"]) == ("lost", "node lost"), rows
    whole_call(b, a)
    close(a, b)


def scenario_killed_at_any_moment(tandem):
    """Each call has one row and none is open, wherever the kill hits."""
    chance = random.Random(1)
    tandem.start()
    a, b, c = phones(tandem, "1001", "1002", "1003")
    tandem.kill()
    known = set()
    for _ in range(6):
        tandem.start()
        calls = set()
        end = None
        while not end or time.monotonic() < end:
            call = (a if len(calls) % 2 else c).dial("1002")
            invite = b.take()
            end = end or time.monotonic() + chance.uniform(0.005, 0.1)
            calls.add(call.id[0])  # that it rings has been written down
            step = chance.randrange(3)
            if step:
                b.pick_up(invite)
                call.answered()
            if step == 2:
                assert call.within("BYE").status == 200
        tandem.kill()
        for p in a, b, c:
            p.drain()
        tandem.start()
        known |= calls
        assert {row["sip_call_id"] for row in closed_rows(tandem, len(known))} == known
        tandem.kill()
    assert len(known) > 12, known
    close(a, b, c)


def scenario_spool_is_damaged_in_its_middle(tandem):
    tandem.start()
    a, b = phones(tandem, "1001", "1002")
    for _ in range(3):
        whole_call(a, b)
    tandem.kill()
    close(a, b)
    damage_middle(max(glob.glob(os.path.join(tandem.data, "spool", "*"))))
    refused(tandem, "node-1a.call", "damaged")


def scenario_disk_is_full_at_the_start(tandem):
    for limit in 0, 500, 5000, 50000:
        tandem.options["preexec_fn"] = lambda limit=limit: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
        refused(tandem, tandem.data)
    del tandem.options["preexec_fn"]
    tandem.start()
    assert tandem.out().startswith("Log in:"), tandem.out()
    tandem.log_in()


def limit_files(tandem, size):
    resource.prlimit(tandem.process.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


def scenario_disk_gets_full(tandem):
    """Calls go on, the log says what is wrong, and what happened meanwhile is stored once there is room."""
    tandem.start()
    a, b = phones(tandem, "1001", "1002")
    whole_call(a, b)
    closed_rows(tandem, 1)
    limit_files(tandem, 1)
    for _ in range(3):
        whole_call(a, b)
    wait_for(lambda: "error" in tandem.log() or "warning" in tandem.log(), 5, "a line in the log")
    assert len(tandem.rows()) == 1, tandem.rows()
    limit_files(tandem, resource.RLIM_INFINITY)
    rows = wait_for(lambda: len(tandem.rows()) == 4 and closed_rows(tandem, 4), 20, "the rows of the full time")
    assert {r["result"] for r in rows} == {"answered"}, rows
    whole_call(a, b)
    closed_rows(tandem, 5)
    tandem.kill()
    tandem.start()
    closed_rows(tandem, 5)
    close(a, b)


def scenario_store_is_damaged_and_the_end_was_unclean(tandem):
    begun(tandem)
    tandem.start()
    assert tandem.apply(dn=[{"number": "1011", "location": "home"}])[0] == 0  # something was written since
    tandem.kill()
    with open(os.path.join(tandem.data, "store.db"), "r+b") as file:
        file.seek(4096 * 2)
        file.write(os.urandom(4096 * 8))
    refused(tandem, "store.db", "backup")
