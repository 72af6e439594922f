"""What somebody with credentials may try; and in the end two phones talk."""
import re
import select

from hostile_bodies import DESCRIPTIONS, MULTIPART
from hostile_digest import USERS
from rig import wait_for
from wire import WirePhone

SMUGGLED = ("P-Asserted-Identity : <sip:evil@example.com>", "p-ASSERTED-identity\t: <sip:evil@example.com>",
            "P-Asserted-Identity:\r\n <sip:evil@example.com>", "P-Asserted-Identity\t : \"x\"\r\n\t<sip:evil@example.com>",
            "P-Asserted-Identity: <sip:evil@example.com>,\r\n <tel:+666>")


def stranger(tandem, attack, dn):
    """A phone at an address that has done nothing yet: who guesses is banned after some time, which is not the point here."""
    tandem.phone_host = attack.source()
    try:
        return WirePhone(tandem, dn, attack.secret(dn))
    finally:
        tandem.phone_host = tandem.host


def invite(phone, callee, more="", kind="", body=""):
    """With credentials: what was sent, and the INVITE that rings at the called phone or the answer that refuses."""
    uri = "sip:%s@%s:%d" % (callee.dn, phone.tandem.host, phone.tandem.sip)
    call = (phone.token(), phone.token())
    lines = [line for line in (more, "Content-Type: " + kind if kind else "") if line]
    text = send(phone, "INVITE", uri, call, 1, lines, body)
    challenge = phone.final("INVITE")
    acknowledge(phone, text, challenge)
    text = send(phone, "INVITE", uri, call, 2, lines + [phone.proof(challenge, "INVITE", uri)], body)
    while True:
        ready = select.select([phone.socket, callee.socket], [], [], 5)[0]
        assert ready, "neither rings nor is refused"
        if callee.socket in ready:
            rung = callee.take()
            phone.answer(180)
            return text, rung
        answer = phone.receive(lambda m: True)
        if answer.status >= 200:
            acknowledge(phone, text, answer)
            return text, answer


def send(phone, method, uri, call, cseq, lines, body="", to=None):
    head = ["%s %s SIP/2.0" % (method, uri), "Via: SIP/2.0/UDP %s:%d;branch=z9hG4bK%s;rport" % (phone.address, phone.port, phone.token()),
            "Max-Forwards: 70", "From: <sip:%s@127.0.0.1>;tag=%s" % (phone.dn, call[1]), "To: <%s>" % (to or uri), "Call-ID: " + call[0],
            "CSeq: %d %s" % (cseq, method), "Contact: <sip:%s@%s:%d>" % (phone.dn, phone.address, phone.port), *lines,
            "Content-Length: %d" % len(body)]
    text = "\r\n".join(head) + "\r\n\r\n" + body
    phone.socket.sendto(text.encode("latin-1"), (phone.tandem.host, phone.tandem.sip))
    return text


def like(text, method):
    """CANCEL and ACK repeat the INVITE's line, Via, From, Call-ID and CSeq number."""
    uri = text.split(" ")[1]
    lines = [re.search(r"(?m)^%s: [^\r]*" % name, text)[0] for name in ("Via", "Max-Forwards", "From", "Call-ID", "CSeq")]
    return "%s %s SIP/2.0\r\n%s\r\nContent-Length: 0\r\n" % (method, uri, "\r\n".join(lines).replace(" INVITE", " " + method))


def acknowledge(phone, text, answer):
    phone.send(like(text, "ACK") + "To: %s\r\n\r\n" % answer["To"])


def give_up(caller, callee, text, rung):
    """CANCEL: everybody is done with it."""
    caller.send(like(text, "CANCEL") + re.search(r"(?m)^To: [^\r]*", text)[0] + "\r\n\r\n")
    answer = caller.receive(lambda m: m.method == "INVITE" and m.status >= 200)
    assert answer.status == 487, answer.first
    acknowledge(caller, text, answer)
    cancel = callee.request("CANCEL")
    callee.reply(cancel, 200)
    callee.reply(rung, 487, tag=rung.own_tag)
    callee.request("ACK")


def talk(a, b):
    call = a.dial(b.dn)
    b.pick_up(b.take())
    call.answered()
    assert call.within("BYE").status == 200
    b.reply(b.request("BYE"), 200)


def register(phone, user, secret, nonce=None):
    """The final answer to a REGISTER with these credentials, without what is different each time."""
    uri = "sip:%s:%d" % (phone.tandem.host, phone.tandem.sip)
    call = (phone.token(), phone.token())
    send(phone, "REGISTER", uri, call, 1, [])
    challenge = phone.final("REGISTER")
    assert challenge.status == 401, challenge.first
    kept = phone.dn, phone.secret
    phone.dn, phone.secret = user, secret
    proof = phone.proof(challenge, "REGISTER", uri)
    phone.dn, phone.secret = kept
    if nonce is not None:
        proof = re.sub(r'nonce="[^"]*"', 'nonce="%s"' % nonce, proof, 1)
    send(phone, "REGISTER", uri, call, 2, [proof], to="sip:%s@127.0.0.1" % user)
    answer = phone.final("REGISTER")
    names = [(n, "" if n in ("Via", "From", "To", "Call-ID") else re.sub(r'nonce="[^"]*"', "", v)) for n, v in answer.fields]
    return answer.status, names


def scenario_nobody_learns_who_exists(tandem, attack):
    """requirement: SEC-4 SEC-5: unknown users, wrong secrets and strange names get the same answer, byte for byte."""
    with stranger(tandem, attack, "1003") as phone:
        wrong = register(phone, "1003", "wrong")
        assert wrong[0] == 403, wrong
    for user in ["1999", "nobody", "1003x", *(u for u in USERS if "?" not in u and "/" not in u and len(u) < 100)]:
        with stranger(tandem, attack, "1003") as phone:
            answer = register(phone, user, "wrong")
            assert answer == wrong, (user, answer, wrong)


def scenario_nonces_that_are_not_ours_get_a_new_one(tandem, attack):
    """requirement: SEC-4 SEC-5: replayed, wrong, expired and foreign digests."""
    for nonce in "", "x", "0" * 64, "f" * 64, "0123456789abcdef" * 4, "7fffffffffffffff" + "0" * 48, "n" * 1000:
        with stranger(tandem, attack, "1003") as phone:
            assert register(phone, "1003", phone.secret, nonce)[0] == 401, nonce
    with stranger(tandem, attack, "1003") as phone:
        # what was said for one method says nothing for another
        uri = "sip:1003@%s:%d" % (tandem.host, tandem.sip)
        call = (phone.token(), phone.token())
        send(phone, "REGISTER", uri, call, 1, [])
        proof = phone.proof(phone.final("REGISTER"), "REGISTER", uri)
        text = send(phone, "INVITE", uri, call, 2, [proof.replace("Authorization", "Proxy-Authorization")])
        answer = phone.final("INVITE")
        acknowledge(phone, text, answer)
        assert answer.status == 403, answer.first


def scenario_nothing_is_smuggled_past_removal(tandem, attack):
    """requirement: SEC-5 SEC-7: who calls cannot say who he is, however he writes it."""
    with stranger(tandem, attack, "1001") as a, stranger(tandem, attack, "1002") as b:
        b.register()
        for more in (*SMUGGLED, "\r\n".join(SMUGGLED)):
            text, rung = invite(a, b, more)
            b_sees = str(rung.fields)
            assert "evil" not in b_sees and "+666" not in b_sees and "Digest" not in b_sees, rung.fields
            give_up(a, b, text, rung)


def scenario_bodies_of_those_who_are_known(tandem, attack):
    """requirement: SEC-5 SEC-7: what is no description is refused or passed on, and the next call works."""
    with stranger(tandem, attack, "1002") as b:
        b.register()
        kinds = [("application/sdp", body) for body in DESCRIPTIONS.values()] + list(MULTIPART.values())
        for kind, body in kinds:
            if len(body) >= 55000:
                continue
            with stranger(tandem, attack, "1001") as a:
                text, answer = invite(a, b, kind=kind, body=body)
                if answer.status == 0:
                    give_up(a, b, text, answer)
                else:
                    assert 400 <= answer.status < 500 or answer.status == 513, (answer.first, kind, body[:100])
        with stranger(tandem, attack, "1001") as a:
            talk(a, b)


def scenario_two_phones_talk_after_all_that(tandem, attack):
    """requirement: SEC-5 SEC-7: the next call works, and nothing of the others is left."""
    with WirePhone(tandem, "1001") as a, WirePhone(tandem, "1002") as b:
        a.register()
        b.register()
        talk(a, b)
    wait_for(lambda: not any(attack.metrics()[name] for name in ("tandem_calls", "tandem_legs")), 10,
             "the end of all calls")
