#!/usr/bin/env python3
"""One call in the cluster that make cluster has started: call.py SECONDS PROXY SPACE ADDRESS PROXY SPACE ADDRESS < SECRETS.
The phone of the first three is 1001 and calls 1002, the other one; each is in a network namespace of its own. SECRETS: JSON."""
import ctypes
import json
import os
import sys
import time

HERE = os.path.dirname(os.path.realpath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "scenario"))
sys.dont_write_bytecode = True

# pylint: disable=wrong-import-position
from wire import WirePhone

NEWNET = 0x40000000


class Place:
    """Where a phone is, and where it registers."""

    sip, process = 5060, True

    def __init__(self, secrets, host, space, phone_host):
        self.host, self.space, self.phone_host, self.secret = host, space, phone_host, secrets.get

    def phone(self, dn):
        """Sockets belong to the namespace in which they were made."""
        with open("/run/netns/" + self.space, "rb") as space:
            if ctypes.CDLL(None, use_errno=True).setns(space.fileno(), NEWNET) != 0:
                sys.exit("the namespace %s cannot be entered: %s" % (self.space, os.strerror(ctypes.get_errno())))
        return WirePhone(self, dn)


def say(begin, text):
    print("%6.3f s  %s" % (time.monotonic() - begin, text), flush=True)


def main(seconds, *places):
    secrets = json.load(sys.stdin)
    one, other = Place(secrets, *places[:3]), Place(secrets, *places[3:])
    begin = time.monotonic()
    with one.phone("1001") as caller, other.phone("1002") as called:
        caller.register()
        called.register()
        say(begin, "1001 is registered at %s, 1002 at %s" % (one.host, other.host))
        time.sleep(0.2)
        call = caller.dial("1002")
        invite = called.take()
        say(begin, "1002 rings")
        called.pick_up(invite)
        call.answered()
        say(begin, "they are connected for %s s: kill something now" % seconds)
        end = time.monotonic() + float(seconds)
        while time.monotonic() < end:
            time.sleep(0.1)
        answer = call.within("BYE")
        called.reply(called.request("BYE", 10), 200)
        say(begin, "1001 hangs up: %s, and 1002 has heard of it" % answer.first)


try:
    main(*sys.argv[1:])
except AssertionError as failure:
    sys.exit("the call failed: %s" % failure)
