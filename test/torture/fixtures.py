"""The messages of RFC 4475 and 5118, read from the tables that the unit tests use: one table, two judges."""
import ast
import os
import re

from cases import CLOSED, WAITS, Case
from rig import ROOT

FIXTURES = "valid", "invalid", "application", "ipv6"
# On a stream the length must be known: where it is not, the stream cannot be used any further.
STREAM = {"clerr": WAITS, "dblreq": [401, 407], "ncl": CLOSED, "mcl01": CLOSED, "inv2543": CLOSED}
STRING = r'"(?:[^"\\]|\\.)*"'


def texts(source):
    """C string literals and the one macro, as bytes."""
    return b"".join(ast.literal_eval("b" + part) for part in re.findall(STRING, source))


def cases():
    with open(os.path.join(ROOT, "src/sip/torture_fixture.h"), encoding="utf-8") as file:
        sdp = re.search(r"#define TORTURE_SDP((?:.*\\\n)+.*\n)", file.read())[1]
    for fixture in FIXTURES:
        with open(os.path.join(ROOT, "src/sip/torture_%s_fixture.c" % fixture), encoding="utf-8") as file:
            source = file.read().replace("TORTURE_SDP", sdp)
        rows = re.findall(r'\{"(\w+)", (\w+), (\d+), (\d+),\s*SLICE_INIT\(((?:\s*(?:%s|\\))+)\s*\)\}' % STRING, source)
        assert len(rows) == len(re.findall(r"^    /\* [34]\.", source, re.M)), "%s: a row is not understood" % fixture
        for name, error, status, reply, text in rows:
            case = Case("rfc " + name, texts(text), int(reply), STREAM.get(name, int(reply)),
                        bad=None if name == "inv2543" else error != "0")
            case.tcp_text = case.text.replace(name.encode() + b".", name.encode() + b"-tcp.")
            yield case
