"""What must be true of a cluster of real processes while they die."""
import contextlib
import json
import os
import signal
import time

from location import wait_for
from wire import WirePhone


def bus_is_there(location):
    """For both proxies, so that each hears who registers at the other."""
    logs = [location.members[name].log() for name in ("host-3", "host-4")]
    return all(log.rfind("the bus is reached") > log.rfind("of the bus to") for log in logs)


def proxies_are_connected(location):
    """To each other: before, one of them speaks to the other's phones itself."""
    logs = [location.members[name].log() for name in ("host-3", "host-4")]
    return all(log.rfind("connected to proxy-") > log.rfind("phones are let in") for log in logs)


@contextlib.contextmanager
def phones(location, first="proxy-1", second="proxy-2"):
    """1001 registered at one proxy, 1002 at another."""
    wait_for(lambda: bus_is_there(location), 10, "the bus at both proxies")
    wait_for(lambda: proxies_are_connected(location), 10, "the proxies' stream")
    places = {"proxy-1": location.members["host-3"], "proxy-2": location.members["host-4"]}
    with WirePhone(places[first], "1001") as caller, WirePhone(places[second], "1002") as called:
        caller.register()
        called.register()
        time.sleep(0.1)  # the other proxy hears of it by the bus
        yield caller, called


def established(caller, called):
    call = caller.dial("1002")
    called.pick_up(called.take())
    call.answered()
    return call


def hang_up(call, called, seconds=10):
    """By the caller; the other phone hears of it."""
    answer = call.within("BYE")
    assert answer.status == 200, answer.first
    called.reply(called.request("BYE", seconds), 200)


def rows(location):
    return [line.split("|") for line in location.store.primary.sql(
        "SELECT from_dn, to_dn, result, cause, ended_at IS NOT NULL FROM calls ORDER BY id", "tandem").splitlines()]


def row_comes(location, before, seconds=10):
    """One row more than there were, and all are closed."""
    wait_for(lambda: len([r for r in rows(location) if r[-1] == "t"]) > before, seconds, "the row of the call")
    assert len(rows(location)) == before + 1, rows(location)


def primaries(location):
    return [location.primary(pair) for pair in ("node-1", "node-2")]


def restart(location, member):
    """A member that died comes back and is the second one of its pair."""
    member.start().says(" runs: ", 20)
    for pair in "node-1", "node-2":
        primary = location.primary(pair)
        if any("at=%s" % name in member.log() for name in (pair + "a", pair + "b")) and primary is not member:
            wait_for(lambda p=primary: "is in step" in p.log().rpartition("primary of")[2], 20, "the pair in step again")


# ---- calls ----

def scenario_a_call_between_two_proxies(location):
    """VC-1, RP-1: every part of it is a process of its own; the call is in the history once."""
    before = len(rows(location))
    with phones(location) as (caller, called):
        hang_up(established(caller, called), called)
    row_comes(location, before)


def scenario_threads_of_the_engines_have_names(location):
    """requirement: OPS-10: the metric of each thread's processor time tells them apart by these."""
    for member in location.members.values():
        folder = "/proc/%d/task" % member.process.pid
        names = set()
        for task in os.listdir(folder):
            with open(os.path.join(folder, task, "comm"), encoding="utf-8") as file:
                names.add(file.read().strip())
        assert {"tandem", "registry", "bus", "store", "copy"} <= names, names


def scenario_a_change_is_known_everywhere_within_a_second(location):
    """CF-2: a number that one process has written can register at both proxies."""
    location.apply(dn=[{"number": "1011", "location": "home", "secret": "of-1011-itself"}])
    begun = time.monotonic()
    for name in "host-3", "host-4":
        def registers(member=location.members[name]):
            with WirePhone(member, "1011", "of-1011-itself") as phone:
                with contextlib.suppress(AssertionError):
                    return bool(phone.register())
        wait_for(registers, 3, "registering at " + name)
    assert time.monotonic() - begun < 2


# ---- who dies ----

def scenario_the_primaries_are_killed_while_it_rings(location):
    """VC-20, VC-21: kill -9 of a node; the CANCEL after it works."""
    before = len(rows(location))
    with phones(location) as (caller, called):
        call = caller.dial("1002")
        invite = called.take()
        caller.answer(180)
        dead = primaries(location)
        for member in dead:
            member.kill()
        call.cancel()
        assert caller.final("CANCEL", 10).status == 200
        cancelled = called.request("CANCEL", 10)
        called.reply(cancelled, 200)
        called.reply(invite, 487, tag=invite.own_tag)
        refused = caller.final("INVITE", 10)
        assert refused.status == 487, refused.first
        call.ack(refused)
    row_comes(location, before)
    for member in dead:
        restart(location, member)


def scenario_the_primaries_are_killed_during_a_call(location):
    """VC-20, VC-21: kill -9 of a node; the call lives, and ends where it should."""
    before = len(rows(location))
    with phones(location) as (caller, called):
        call = established(caller, called)
        dead = primaries(location)
        for member in dead:
            member.kill()
        hang_up(call, called)
    row_comes(location, before)
    for member in dead:
        restart(location, member)


def scenario_a_proxy_is_killed(location):
    """VC-2, VC-4: calls go on through the other proxy, and its phones come there."""
    before = len(rows(location))
    one, other = location.members["host-3"], location.members["host-4"]
    with phones(location, "proxy-1", "proxy-2") as (caller, called):
        call = established(caller, called)
        one.kill()
        caller.tandem = other  # as a phone with two servers does
        caller.register()
        hang_up(call, called)
        hang_up(established(caller, called), called)
    row_comes(location, before + 1)
    one.start().says("phones are let in", 20)
    with phones(location, "proxy-1", "proxy-2") as (caller, called):
        hang_up(established(caller, called), called)
    row_comes(location, before + 2)


def scenario_members_of_the_engines_are_killed(location):
    """Failure table: a member of etcd and one of NATS: nobody notices."""
    before = len(rows(location))
    for engine in location.registry, location.bus:
        with phones(location) as (caller, called):
            call = established(caller, called)
            engine.kill(0)
            hang_up(call, called)
            hang_up(established(caller, called), called)
        if engine is location.bus:
            engine.start(0)
        else:
            engine.heal()
    wait_for(lambda: len([r for r in rows(location) if r[-1] == "t"]) >= before + 4, 15, "the rows of the calls")


def healths(location, member):
    status, text, error = location.members[member].tool("status", "--json")
    assert status in (0, 1), error
    return {i["name"]: i["health"] for i in json.loads(text)["instances"]}


def alarms(location, member, *words):
    """Asked again where it says so: who answers may just have lost its way to the one that leads."""
    def said():
        status, text, error = location.members[member].tool("alarms", *words, "--json")
        assert status == 0 or "try again" in error, error
        return status == 0 and text
    text = wait_for(said, 15, "the alarms")
    return [(a["alarm"], a["object"]) for a in json.loads(text)["alarms"]]


def scenario_a_member_is_killed_and_another_stands_still(location):
    """requirement: CF-10: each control knows who is down; alarms are raised once, cleared, and outlive who led."""
    down = ("instance-down", "proxy-2")
    wait_for(lambda: set(healths(location, "host-1").values()) == {"ok"}, 30, "all is well")
    # one of the beginning, when no process ran it yet, may still stand
    wait_for(lambda: "instance-down" not in dict(alarms(location, "host-1")), 30, "no alarm of it")
    before = alarms(location, "host-1", "history").count(down)
    proxy = location.members["host-4"]
    proxy.kill()
    wait_for(lambda: healths(location, "host-1")["proxy-2"] == "down", 10, "host-1 misses it")
    wait_for(lambda: healths(location, "host-2")["proxy-2"] == "down", 10, "host-2 misses it")
    wait_for(lambda: down in alarms(location, "host-1"), 10, "the alarm")
    first = location.members["host-1"]
    first.process.send_signal(signal.SIGSTOP)
    try:
        wait_for(lambda: healths(location, "host-2")["control-1"] == "down", 15, "who stands still is missed")
        wait_for(lambda: ("instance-down", "control-1") in alarms(location, "host-2"), 15, "the other one leads")
        assert down in alarms(location, "host-2")
    finally:
        first.process.send_signal(signal.SIGCONT)
    proxy.start()
    wait_for(lambda: set(healths(location, "host-1").values()) == {"ok"}, 30, "all is well again")
    wait_for(lambda: "instance-down" not in dict(alarms(location, "host-1")), 30, "the alarms are over")
    told = alarms(location, "host-2", "history")
    assert told.count(down) == before + 1, (before, told)


def scenario_the_store_is_killed(location):
    """Failure table: calls go on without the store; their rows come when its standby has taken over."""
    with phones(location) as (caller, called):
        before = len(rows(location))
        location.store.primary.kill()
        hang_up(established(caller, called), called)
        location.store.promote()
    row_comes(location, before, 30)
    location.store.rejoin()


def scenario_a_phone_registers_while_the_store_is_away(location):
    """VC-2: what changed while the store was away is in it when its standby has taken over."""
    def kept(dn):
        return location.store.primary.sql("SELECT count(*) FROM bindings WHERE dn = '%s'" % dn, "tandem").strip()

    with phones(location) as (_, called):
        called.register(expires=0)
        wait_for(lambda: kept(called.dn) == "0", 10, "the removal in the store")
        location.store.primary.kill()
        called.register()
        time.sleep(5)  # by then writing it has been refused
        location.store.promote()
        wait_for(lambda: kept(called.dn) == "1", 30, "the registration in the store")
    location.store.rejoin()


# ---- who may speak ----

def scenario_a_revoked_member_gets_nowhere(location):
    """SEC-1: a proxy whose member is revoked loses its streams at once, and has them again when it is trusted."""
    proxy = location.members["host-4"]
    status, text, error = location.members["host-1"].tool("get", "member", "host-4", "--json")
    assert status == 0, error
    member = json.loads(text)["member"][0]

    def set_state(state):
        location.apply(member=[dict({k: v for k, v in member.items() if k != "version"}, state=state)])

    set_state("revoked")
    others = [location.members["host-3"], location.primary("node-1"), location.primary("node-2")]
    wait_for(lambda: all("may not speak for proxy-2" in m.log() for m in others), 5, "the refusal")
    before = len(rows(location))
    with WirePhone(location.members["host-3"], "1001") as called, WirePhone(proxy, "1002") as phone:
        called.register()
        phone.register()
        call = phone.dial("1001")
        called.silent(1)
        set_state("trusted")
        called.pick_up(called.take(20))  # the proxy has kept it
        call.answered()
        hang_up(call, called)
    row_comes(location, before)
    with phones(location) as (caller, called):
        wait_for(lambda: proxy.log().count("connected to node-") >= 4, 10, "the proxy's streams")
        hang_up(established(caller, called), called)


def scenario_a_certificate_is_replaced_while_it_runs(location):
    """SEC-1: rotation without restart: new connections have the new certificate, old ones go on."""
    proxy = location.members["host-4"]
    status, _, error = proxy.tool("renew")
    assert status == 0, error
    proxy.process.send_signal(signal.SIGHUP)
    proxy.says("certificates read again|was renewed", 10)
    with phones(location) as (caller, called):
        hang_up(established(caller, called), called)
    node = location.primary("node-1")
    node.kill()
    restart(location, node)
    with phones(location) as (caller, called):
        hang_up(established(caller, called), called)


def scenario_an_application_moves_to_another_member(location):
    """CF-2: live: the second member of a pair, and then a proxy."""
    backup = next(m for n, m in location.members.items() if n in ("host-5", "host-6") and m is not location.primary("node-1"))
    name = "node-1a" if backup.name == "host-5" else "node-1b"
    place = {"name": name, "role": "node", "location": "home", "pair": "node-1"}
    at = lambda host: dict(place, member=host, inside="tls:%s:7100" % location.members[host].address,
                           link="tls:%s:7101" % location.members[host].address)
    with phones(location) as (caller, called):
        call = established(caller, called)
        location.apply(application=[at("host-2")])
        backup.says("%s stops here: it belongs to host-2 now" % name, 5)
        location.members["host-2"].says("%s starts here" % name, 5)
        primary = location.primary("node-1")
        wait_for(lambda: primary.log().count("%s is in step" % name) >= 2, 15, "the pair in step at its new place")
        hang_up(call, called)
    location.apply(application=[dict(at(backup.name), inside="tls:%s:7000" % backup.address, link="tls:%s:7001" % backup.address)])
    backup.says("%s starts here" % name, 5)


def scenario_members_start_while_engines_are_away(location):
    """CF-4: a proxy and a node wait for the bus and the registry, say so once, and go on by themselves."""
    proxy = location.members["host-4"]
    backup = next(m for m in (location.members["host-7"], location.members["host-8"]) if m is not location.primary("node-2"))
    primary = location.primary("node-2")
    before = primary.log().count("is in step")
    for member in proxy, backup:
        member.kill()
    for server in range(3):
        location.bus.kill(server)
    for member in proxy, backup:
        member.start()
    proxy.says("the bus is away", 10)
    proxy.says("phones are let in", 20)  # the store has told it who is registered
    assert backup.process.poll() is None
    for server in range(3):
        location.bus.start(server, wait=False)
    proxy.says("the bus is (reached|back)", 20)
    wait_for(lambda: primary.log().count("is in step") > before, 20, "the pair in step")
    with phones(location) as (caller, called):
        hang_up(established(caller, called), called)


def scenario_a_member_starts_without_the_store(location):
    """CF-2: it starts from its last copy of the configuration, says so, and carries calls before the store is back."""
    proxy = location.members["host-4"]
    before = len(rows(location))
    wait_for(lambda: os.path.exists(os.path.join(proxy.folder, "data", "configuration.copy")), 10, "the copy")
    proxy.kill()
    location.store.primary.kill()
    proxy.start().says("starting with the last copy of the configuration", 20)
    proxy.says("phones are let in", 20)  # the other proxy has told it who is registered
    with phones(location) as (caller, called):
        hang_up(established(caller, called), called)
    location.store.promote()
    row_comes(location, before, 30)
    location.store.rejoin()
    proxy.says("the store is (reached|back)", 30)


def scenario_the_registry_is_away(location):
    """VC-20: pairs that are linked carry calls without the registry; a backup that starts waits for it, and gets in step."""
    primary = location.primary("node-2")
    backup = next(m for m in (location.members["host-7"], location.members["host-8"]) if m is not primary)
    with phones(location) as (caller, called):
        for server in range(3):
            location.registry.kill(server)
        primary.says("the registry is away", 20)
        hang_up(established(caller, called), called)
        backup.kill()
        backup.start()
        backup.says("the registry is away", 20)
        before = primary.log().count("is in step")
        for server in range(3):
            location.registry.restart(server)
        location.registry.wait()
        wait_for(lambda: primary.log().count("is in step") > before, 30, "the pair in step")
        hang_up(established(caller, called), called)


def scenario_a_registration_is_missed_with_the_bus(location):
    """VC-2: a phone registers while the bus is away; the other proxy notices what it has missed when the bus is back."""
    proxy = location.members["host-4"]
    with phones(location) as (caller, called):
        called.register(expires=0)
        time.sleep(0.2)
        for server in range(3):
            location.bus.kill(server)
        proxy.says("the bus is away", 20)
        called.register()
        time.sleep(3)  # longer than what is published waits for the bus
        for server in range(3):
            location.bus.start(server, wait=False)
        wait_for(lambda: bus_is_there(location), 20, "the bus at both proxies")
        time.sleep(2)  # the number is said each second
        hang_up(established(caller, called), called)


def scenario_the_bus_permitted_all_that_was_done(location):
    """SEC-1: accounts of the bus, made from the table of permissions, are enough for what the others did."""
    refused = [line for line in location.logs().splitlines() if "the bus does not let us" in line]
    assert not refused, refused
