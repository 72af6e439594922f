"""Real phones (baresip) on the real program."""
import json
import re
import ssl
import subprocess
import time

from baresip import Phone
from rig import wait_for
from stream import Stream, StreamPhone
from wire import WirePhone


def talk(caller, callee, accept=True):
    caller.dial(callee.dn)
    callee.expect("CALL_INCOMING")
    if not accept:
        return
    callee.do("accept")
    callee.expect("CALL_ESTABLISHED")
    caller.expect("CALL_ESTABLISHED")


def hears(phone, seconds=5):
    """It decodes a tone: the meter stands near what is sent (-14 dB)."""
    phone.events.clear()
    return wait_for(lambda: any(-20 < float(e["param"]) < -8 for e in list(phone.events)
                                if e.get("type") == "VU_RX_REPORT"), seconds, "sound at " + phone.dn)


def source_of_sound(phone):
    return int(wait_for(lambda: re.findall(r"receiving from 127\.0\.0\.1:(\d+)", phone.log()), 5, "RTP")[-1])


def scenario_two_phones_talk_directly(tandem, cookie):
    """requirement: VC-1 VC-9 VC-10 CM-10 CM-40: one registers over UDP, one over TCP; sound goes between them."""
    before = len(tandem.rows())
    with Phone(tandem, "1001") as a, Phone(tandem, "1002", "tcp") as b:
        a.registered()
        b.registered()
        talk(a, b)
        assert hears(a) and hears(b)
        assert source_of_sound(a) in range(b.rtp, b.rtp + 20), "sound does not come from the other phone itself"
        assert source_of_sound(b) in range(a.rtp, a.rtp + 20), "sound does not come from the other phone itself"
        a.do("hangup")
        b.expect("CALL_CLOSED")
    row = tandem.row(before, "answered", "normal")
    assert (row["from_dn"], row["to_dn"], row["node"], row["location"]) == ("1001", "1002", "node-1", "home"), row
    assert row["started_at"] < row["answered_at"] < row["ended_at"]
    call = tandem.history(cookie)["calls"][0]
    assert (call["from"], call["to"], call["result"], call["cause"]) == ("1001", "1002", "answered", "normal"), call


def scenario_phones_on_every_stream(tandem):
    """requirement: VC-1 SEC-1: TLS, TCP, WebSocket on TLS; calls between them."""
    before = len(tandem.rows())
    with Phone(tandem, "1001", "tls") as a, Phone(tandem, "1002", "tls") as b:
        a.registered()
        b.registered()
        talk(a, b)
        assert hears(a) and hears(b)
        for one in a, b:
            one.do("hold")
            one.do("resume")
        b.do("hangup")
        a.expect("CALL_CLOSED")
    tandem.row(before, "answered", "normal")
    for kind in "tcp", "tls", "wss":
        before = len(tandem.rows())
        with StreamPhone(tandem, "1003", kind) as a, StreamPhone(tandem, "1004", "wss") as b:
            b.register()
            call = a.register().dial("1004")
            b.pick_up(b.take())
            assert "transport=" in call.answered()["Record-Route"]
            assert call.within("BYE").status == 200
        tandem.row(before, "answered", "normal")


def scenario_a_stream_in_pieces(tandem):
    """requirement: VC-1 SEC-4: a message byte by byte, keep-alives between, and a length that lies."""
    with StreamPhone(tandem, "1003", "tls", piece=7) as a:
        a.register()
        assert a.socket.ping() == b"\r\n"
        a.socket.write(b"OPTIONS sip:1003@x SIP/2.0\r\nContent-Length: 4294967296\r\n\r\n")
        assert a.socket.ended()
        a.registered = False


def scenario_hold_resume_and_the_called_one_hangs_up(tandem):
    """requirement: CM-40 VC-10: hold is a re-INVITE through the node, and sound comes back after it."""
    before = len(tandem.rows())
    with Phone(tandem, "1001", "tcp") as a, Phone(tandem, "1002") as b:
        a.registered()
        b.registered()
        talk(a, b)
        assert hears(b)
        for one in a, b:
            one.do("hold")
            wait_for(lambda: silent(one), 5, "silence at %s that holds" % one.dn)  # pylint: disable=W0640
            one.do("resume")
            wait_for(lambda: sounds(a) and sounds(b), 5, "sound after the hold by " + one.dn)
        b.do("hangup")
        a.expect("CALL_CLOSED")
    tandem.row(before, "answered", "normal")


def scenario_by_tls_and_by_tcp(tandem):
    """requirement: VC-1 SEC-1 CM-40: either calls the other; hold, resume, refusal, giving up; the history knows."""
    with Phone(tandem, "1001", "tls") as a, Phone(tandem, "1002", "tcp") as b:
        for phone, kind in (a, "tls"), (b, "tcp"):
            phone.registered()
            (row,) = json.loads(tandem.tool("registrations", phone.dn, "--json")[1])
            assert row["transport"] == kind, row
        for caller, called in (a, b), (b, a):
            before = len(tandem.rows())
            talk(caller, called)
            assert hears(a) and hears(b)
            called.do("hold")
            wait_for(lambda: silent(called), 5, "silence at %s that holds" % called.dn)  # pylint: disable=W0640
            called.do("resume")
            wait_for(lambda: sounds(a) and sounds(b), 5, "sound after the hold by " + called.dn)
            called.do("hangup")
            caller.expect("CALL_CLOSED")
            tandem.row(before, "answered", "normal")
            for leaves, other, result in (caller, called, ("abandoned", "given up by the caller")), (called, caller, ("busy", "busy")):
                before = len(tandem.rows())
                talk(caller, called, accept=False)
                leaves.do("hangup")
                other.expect("CALL_CLOSED")
                tandem.row(before, *result)


def scenario_a_certificate_of_somebody_else(tandem):
    """requirement: SEC-1: who trusts another authority does not speak to us. (baresip 1.0 trusts everybody, so it cannot show that.)"""
    other = tandem.path("other.pem")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                    "-subj", "/CN=another authority", "-keyout", tandem.path("other.key"), "-out", other], check=True, capture_output=True)
    own = tandem.data + "/certificates/authority.pem"
    for authority, trusts in (own, True), (other, False):
        done = subprocess.run(["openssl", "s_client", "-connect", "127.0.0.1:%d" % tandem.tls, "-CAfile", authority, "-verify_return_error",
                               "-verify_ip", "127.0.0.1"], input="", capture_output=True, text=True, timeout=10, check=False)
        assert (done.returncode == 0) == trusts, done.stdout + done.stderr
    for kind, port in ("tls", tandem.tls), ("wss", tandem.wss):
        Stream(tandem.host, port, own, kind).close()
        try:
            Stream(tandem.host, port, other, kind)
        except ssl.SSLCertVerificationError:
            continue
        raise AssertionError("%s: an authority of somebody else is good enough" % kind)


def silent(phone):
    before = phone.received()
    time.sleep(0.3)
    return phone.received() - before <= 1


def sounds(phone):
    before = phone.received()
    time.sleep(0.3)
    return phone.received() - before >= 10  # of about 15


def scenario_a_tone_comes_back_from_a_real_phone(tandem):
    """requirement: CM-40: what is sent to the address of the answer is heard, and it comes back from there."""
    with Phone(tandem, "1003", sound="echo", answer="auto") as echo, WirePhone(tandem, "1004") as w:
        echo.registered()
        call = w.register().dial("1003")
        where = call.answered().media()
        assert where[1] in range(echo.rtp, echo.rtp + 20), (where, echo.rtp)
        strength, origin = w.talk(where, 500, 1.5)
        assert strength > 0.2, strength
        assert origin == where
        assert call.within("BYE").status == 200
        echo.expect("CALL_CLOSED")


def scenario_busy_phone(tandem):
    """requirement: CM-40: a phone with one line answers 486."""
    with Phone(tandem, "1001") as a, Phone(tandem, "1002", calls=1) as b, WirePhone(tandem, "1003") as c:
        a.registered()
        b.registered()
        before = len(tandem.rows()) + 1
        talk(a, b)
        wait_for(lambda: len(tandem.rows()) == before, 5, "the row of their call")
        assert final(c.register().dial("1002")) == 486
        tandem.row(before, "busy", "busy")
        a.do("hangup")
        b.expect("CALL_CLOSED")


def final(call):
    answer = call.phone.final("INVITE")
    call.ack(answer)
    return answer.status


def scenario_called_phone_rejects(tandem):
    before = len(tandem.rows())
    with Phone(tandem, "1001") as a, Phone(tandem, "1002", "tcp") as b:
        a.registered()
        b.registered()
        a.dial("1002")
        b.expect("CALL_INCOMING")
        b.do("hangup")
        assert "486" in a.expect("CALL_CLOSED")["param"]
    tandem.row(before, "busy", "busy")


def scenario_decline_is_rejected(tandem):
    before = len(tandem.rows())
    with WirePhone(tandem, "1003") as a, WirePhone(tandem, "1004") as b:
        b.register()
        call = a.register().dial("1004")
        b.reply(b.take(), 603, tag="no")
        assert final(call) == 603
    tandem.row(before, "rejected", "rejected")


def scenario_caller_gives_up_while_it_rings(tandem):
    """requirement: CM-40: CANCEL reaches the phone that rings."""
    before = len(tandem.rows())
    with Phone(tandem, "1001") as a, Phone(tandem, "1002") as b:
        a.registered()
        b.registered()
        a.dial("1002")
        b.expect("CALL_INCOMING")
        a.do("hangup")
        b.expect("CALL_CLOSED")
    tandem.row(before, "abandoned", "given up by the caller")


def scenario_answers_that_have_lost_a_via(tandem):
    """requirement: CM-40: some phones answer a cancelled INVITE with the Vias of its CANCEL (RFC 3261 16.7 step 3)."""
    with WirePhone(tandem, "1003") as a, WirePhone(tandem, "1004") as b:
        b.register()
        a.register()
        for status, answered in (487, 487), (200, 502):
            before = len(tandem.rows())
            call = a.dial("1004")
            invite = b.take()
            a.answer(180)
            if status == 487:
                call.cancel()
                b.reply(b.request("CANCEL"), 200)
            vias = [f for f in invite.fields if f[0] == "Via"]
            b.reply(invite, status, b.sdp(), tag=invite.own_tag, fields=[f for f in invite.fields if f not in vias[1:]])
            assert call.phone.final("INVITE").status == answered
            tandem.row(before, *(("abandoned", "given up by the caller") if status == 487 else ("failed", "failed")))


def scenario_unknown_number(tandem):
    with Phone(tandem, "1001") as a:
        a.registered()
        a.dial("4711")
        assert "404" in a.expect("CALL_CLOSED")["param"]


def scenario_number_without_a_phone(tandem):
    before = len(tandem.rows())
    with WirePhone(tandem, "1003") as a:
        assert final(a.register().dial("1009")) == 480
    tandem.row(before, "no answer", "unavailable")


def scenario_wrong_secret(tandem):
    """requirement: SEC-4 VC-1: it is refused for good, not challenged for ever."""
    with Phone(tandem, "1005", secret="not-the-secret") as a:
        wait_for(lambda: "403" in a.log(), 5, "403 at the phone")
    with WirePhone(tandem, "1005", secret="not-the-secret") as b:
        b.register(expect=403)
        call = b.dial("1001")
        assert final(call) == 403


def scenario_numbers_are_shown_without_their_secrets(tandem):
    """requirement: CF-2 SEC-2"""
    status, out, err = tandem.tool("get", "dn")
    assert (status, err) == (0, "")
    lines = out.splitlines()
    assert len(lines) == 11 and lines[1].split()[0] == "1001", out
    assert tandem.secret("1001") not in out
    assert tandem.secret("1001") in tandem.tool("get", "dn", "1001", "--secrets")[1]
