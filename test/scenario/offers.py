"""How offers travel through the real program: phones that say exactly what a scenario says."""
import re

from wire import WirePhone

ALLOW = "Allow: INVITE, ACK, BYE, CANCEL, PRACK, UPDATE, INFO"


class Caller:
    """One who calls with more header lines than the usual, and speaks in the early dialog."""

    def __init__(self, phone, number, more, body):
        self.phone, self.id, self.cseq = phone, (phone.token(), phone.token()), 1
        self.uri = "sip:%s@%s:%d" % (number, phone.tandem.host, phone.tandem.sip)
        self.tag, self.target, self.routes = "", self.uri, []
        self.send("INVITE", body, more)
        challenge = phone.final("INVITE")
        self.acknowledge(challenge)
        self.cseq = 2
        self.invite = self.send("INVITE", body, phone.proof(challenge, "INVITE", self.uri) + "\r\n" + more)

    def send(self, method, body="", more=""):
        return self.phone.ask(method, self.target, self.uri, self.id, self.cseq, body, more, self.tag, self.routes)

    def learn(self, answer):
        self.tag = re.search(r"tag=([^;>\s]+)", answer["To"])[1]
        self.target = re.search(r"<([^>]+)>", answer["Contact"])[1]
        self.routes = answer.all("Record-Route")[::-1]

    def acknowledge(self, refusal):
        self.phone.send("ACK %s SIP/2.0\r\nVia: %s\r\nMax-Forwards: 70\r\nFrom: <sip:%s@127.0.0.1>;tag=%s\r\nTo: %s\r\n"
                        "Call-ID: %s\r\nCSeq: %d ACK\r\nContent-Length: 0\r\n\r\n"
                        % (self.uri, refusal["Via"], self.phone.dn, self.id[1], refusal["To"], self.id[0], self.cseq))

    def within(self, method, body="", more=""):
        self.cseq += 1
        self.send(method, body, more)
        return self.phone.final(method)

    def prack(self, answer, body=""):
        """The early dialog begins with the first reliable answer."""
        self.learn(answer)
        assert "100rel" in answer["Require"], answer.first
        done = self.within("PRACK", body, "RAck: %s 2 INVITE" % answer["RSeq"])
        assert done.status == 200, done.first

    def answered(self):
        answer = self.phone.final("INVITE")
        assert answer.status == 200, answer.first
        self.learn(answer)
        return answer

    def ack(self, cseq=2, body=""):
        last, self.cseq = self.cseq, cseq
        self.send("ACK", body)
        self.cseq = max(last, cseq)

    def hang_up(self, other):
        self.cseq += 1
        self.send("BYE")
        other.reply(other.request("BYE"), 200)
        assert self.phone.final("BYE").status == 200


def two(tandem):
    return WirePhone(tandem, "1001").register(), WirePhone(tandem, "1002").register()


def ring(phone, status, body="", rseq=0, more=ALLOW):
    """The next INVITE, answered so; with the PRACK where it is reliable, which is left open."""
    invite = phone.request("INVITE")
    invite.own_tag = phone.token()
    if rseq:
        assert "100rel" in invite["Supported"], invite.first
        more += "\r\nRequire: 100rel\r\nRSeq: %d" % rseq
    phone.reply(invite, status, body, invite.own_tag, more)
    prack = phone.request("PRACK") if rseq and invite.body else None
    if prack:
        assert prack["RAck"].split() == [str(rseq), invite["CSeq"].split()[0], "INVITE"], prack["RAck"]
        phone.reply(prack, 200)
    return invite


def scenario_early_media_is_reliable_on_both_legs(tandem):
    """requirement: CM-40: 183 with a description, PRACK on either leg, the 200 without another one."""
    a, b = two(tandem)
    with a, b:
        call = Caller(a, "1002", "Supported: 100rel\r\n" + ALLOW, a.sdp())
        invite = ring(b, 183, b.sdp(), 77)
        early = a.answer(183)
        assert early.media()[1] == b.rtp_port, early.body
        call.prack(early)
        b.reply(invite, 200, "", invite.own_tag, ALLOW)
        assert b.request("ACK").body == ""
        assert call.answered().body == ""
        call.ack()
        call.hang_up(b)


def scenario_early_media_without_100rel_is_promised(tandem):
    """requirement: CM-40: a caller without 100rel hears it all the same, and the 200 says the same again."""
    a, b = two(tandem)
    with a, b:
        call = Caller(a, "1002", ALLOW, a.sdp())
        invite = ring(b, 183, b.sdp())
        early = a.answer(183)
        assert early.media()[1] == b.rtp_port and not early["RSeq"]
        b.reply(invite, 200, b.sdp(), invite.own_tag, ALLOW)
        b.request("ACK")
        assert call.answered().body == early.body
        call.ack()
        call.hang_up(b)


def scenario_a_late_offer_is_answered_by_prack(tandem):
    """requirement: CM-40: INVITE without offer, the offer in a reliable 183, its answer in the PRACK."""
    a, b = two(tandem)
    with a, b:
        call = Caller(a, "1002", "Supported: 100rel\r\n" + ALLOW, "")
        invite = ring(b, 183, b.sdp(), 5)
        assert invite.body == ""
        call.prack(a.answer(183), a.sdp())
        prack = b.request("PRACK")
        assert prack.media()[1] == a.rtp_port, prack.body
        b.reply(prack, 200)
        b.reply(invite, 200, "", invite.own_tag, ALLOW)
        b.request("ACK")
        call.answered()
        call.ack()
        call.hang_up(b)


def scenario_a_late_offer_is_answered_by_ack(tandem):
    """requirement: CM-40: the offer in the 200, its answer in the ACK."""
    a, b = two(tandem)
    with a, b:
        call = Caller(a, "1002", ALLOW, "")
        invite = ring(b, 180)
        b.reply(invite, 200, b.sdp(), invite.own_tag, ALLOW)
        assert call.answered().media()[1] == b.rtp_port
        call.ack(body=a.sdp())
        assert b.request("ACK").media()[1] == a.rtp_port
        call.hang_up(b)


def scenario_update_before_and_after_the_answer(tandem):
    """requirement: CM-40: an UPDATE crosses as UPDATE while it rings, and as re-INVITE afterwards."""
    a, b = two(tandem)
    with a, b:
        call = Caller(a, "1002", "Supported: 100rel\r\n" + ALLOW, a.sdp())
        invite = ring(b, 183, b.sdp(), 9)
        call.prack(a.answer(183))
        call.cseq += 1
        call.send("UPDATE", a.sdp().replace("a=rtpmap", "a=sendonly\r\na=rtpmap"), ALLOW)
        update = b.request("UPDATE")
        assert "a=sendonly" in update.body
        b.reply(update, 200, b.sdp().replace("a=rtpmap", "a=recvonly\r\na=rtpmap"))
        assert "a=recvonly" in a.final("UPDATE").body
        b.reply(invite, 200, "", invite.own_tag, ALLOW)
        b.request("ACK")
        call.answered()
        call.ack()
        call.cseq += 1
        call.send("UPDATE", a.sdp(), ALLOW)
        again = b.request("INVITE")
        b.reply(again, 200, b.sdp())
        assert a.final("UPDATE").status == 200
        b.request("ACK")
        call.hang_up(b)


def scenario_keys_and_messages_cross(tandem):
    """requirement: CM-40 CM-42: INFO and MESSAGE reach the other phone as they are, the answer comes back."""
    a, b = two(tandem)
    with a, b:
        call = a.dial("1002")
        b.pick_up(b.take())
        call.answered()
        for method, body in ("INFO", "Signal=5\r\nDuration=160\r\n"), ("MESSAGE", "hello"):
            call.cseq += 1
            a.ask(method, call.target, call.uri, call.id, call.cseq, body, "X-Way: 1", call.tag, call.routes)
            heard = b.request(method)
            assert heard.body == body and heard["X-Way"] == "1", heard.first
            b.reply(heard, 202)
            assert a.final(method).status == 202
        refused = call.within("NOTIFY")
        assert refused.status == 405 and "UPDATE" in refused["Allow"], refused.first
        assert call.within("FETCH").status == 501
        call.cseq += 1
        a.ask("BYE", call.target, call.uri, call.id, call.cseq, "", "Reason: Q.850;cause=16", call.tag, call.routes)
        bye = b.request("BYE")
        assert bye["Reason"] == "Q.850;cause=16", bye["Reason"]
        b.reply(bye, 200)


def scenario_two_offers_that_meet(tandem):
    """requirement: CM-40: glare is 491 (RFC 3261 14.1), and the call goes on."""
    a, b = two(tandem)
    with a, b:
        call = a.dial("1002")
        b.pick_up(b.take())
        call.answered()
        call.cseq += 1
        call.invite = a.ask("INVITE", call.target, call.uri, call.id, call.cseq, a.sdp() + "a=sendonly\r\n", "", call.tag,
                            call.routes)
        offer = b.request("INVITE")
        b.reply(offer, 491)
        b.request("ACK")
        refused = a.final("INVITE")
        assert refused.status == 491, refused.first
        call.ack(refused)
        assert call.within("OPTIONS").status == 200
        call.cseq += 1
        a.ask("BYE", call.target, call.uri, call.id, call.cseq, "", "", call.tag, call.routes)
        b.reply(b.request("BYE"), 200)


def scenario_a_phone_names_another(tandem):
    """requirement: CM-40: 302 to a number of ours is followed."""
    before = len(tandem.rows())
    a, b = two(tandem)
    with a, b, WirePhone(tandem, "1003").register() as c:
        call = a.dial("1002")
        invite = b.request("INVITE")
        b.reply(invite, 302, tag=b.token(), more="Contact: <sip:1003@127.0.0.1>")
        c.pick_up(c.take())
        call.answered()
        call.cseq += 1
        a.ask("BYE", call.target, call.uri, call.id, call.cseq, "", "", call.tag, call.routes)
        c.reply(c.request("BYE"), 200)
        tandem.row(before, "answered", "normal")
