"""What a test in the browser's language wants of the world around the browser: the program itself and SIP phones.

It is asked by lines of JSON on a socket, [NAME, ARGUMENT...], and answers each by one line: {"ok": VALUE} or
{"error": TEXT}. The names are the methods of Stage that do not begin with `_`."""
import json
import os
import re
import traceback

from rig import Tandem
from wire import WirePhone


class Stage:
    def __init__(self, tandem):
        self._tandem = tandem
        self._phones = {}
        self._calls = {}
        self._invites = {}
        self._invite = self._again = None
        self._count = 0

    def _serve(self, line):
        """Until the other side closes it."""
        with line.makefile("rw", encoding="utf-8") as file:
            for text in file:
                name, *arguments = json.loads(text)
                try:
                    answer = {"ok": getattr(self, name)(*arguments)}
                except Exception:  # pylint: disable=broad-except
                    answer = {"error": traceback.format_exc()}
                file.write(json.dumps(answer) + "\n")
                file.flush()

    # ---- the program ----

    def about(self):
        t = self._tandem
        return {"url": "https://127.0.0.1:%d/" % t.web, "sip": t.sip, "wss": "wss://127.0.0.1:%d/" % t.wss, "user": "admin",
                "password": t.password(), "authority": os.path.join(t.data, "certificates", "authority.pem")}

    def secret(self, dn):
        return self._tandem.secret(dn)

    def registrations(self, dn):
        status, out, err = self._tandem.tool("registrations", dn, "--json")
        assert status == 0, err
        return json.loads(out)

    def kill(self):
        """As a machine that fails: no time to say good-bye."""
        self._tandem.kill()

    def start(self):
        self._tandem.start()

    def apply(self, lists):
        status, out, err = self._tandem.apply(**lists)
        assert status == 0, err
        return out

    def delete(self, kind, name):
        status, out, err = self._tandem.tool("delete", kind, name)
        assert status == 0, err
        return out

    def rows(self):
        return self._tandem.rows()

    def resident(self):
        """KiB of memory that the program has in use."""
        with open("/proc/%d/status" % self._tandem.process.pid, encoding="ascii") as file:
            return next(int(line.split()[1]) for line in file if line.startswith("VmRSS:"))

    def connections(self):
        """Sockets that the program has open, beyond its listeners."""
        folder = "/proc/%d/fd" % self._tandem.process.pid
        names = [os.readlink(os.path.join(folder, name)) for name in os.listdir(folder)]
        return sum(name.startswith("socket:") for name in names) - 3

    def processor(self):
        """Seconds of processor time that the program took so far."""
        with open("/proc/%d/stat" % self._tandem.process.pid, encoding="ascii") as file:
            fields = file.read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    # ---- phones; a number has at most one ----

    def _phone(self, dn):
        if dn not in self._phones:
            self._phones[dn] = WirePhone(self._tandem, dn)
        return self._phones[dn]

    def register(self, dn, expires=300):
        phone = self._phone(dn)
        phone.register(expires)
        return phone.port

    def hang_up_phone(self, dn):
        """The phone disappears without a word."""
        phone = self._phones.pop(dn)
        phone.socket.close()
        phone.rtp.close()

    def dial(self, caller, number):
        """The call, as a number. Where `number` has a phone here, it rings when this returns."""
        self._count += 1
        self._calls[self._count] = self._phone(caller).dial(number)
        if number in self._phones:
            self._invites[self._count] = (self._phones[number], self._phones[number].take())
        return self._count

    def final(self, call):
        """The status of the answer to the caller."""
        made = self._calls[call]
        answer = made.phone.final("INVITE")
        made.ack(answer)
        return answer.status

    def pick_up(self, call):
        phone, invite = self._invites[call]
        phone.reply(invite, 200, phone.sdp(), tag=invite.own_tag)
        self._calls[call].answered()
        phone.request("ACK")

    def refuse(self, call, status):
        phone, invite = self._invites[call]
        phone.reply(invite, status, tag=invite.own_tag)
        return self.final(call)

    def offer(self, call, direction):
        """A new offer of the caller: "sendonly" holds, "sendrecv" takes it back."""
        made, (phone, _) = self._calls[call], self._invites[call]
        made.cseq += 1
        body = made.phone.sdp() + "a=%s\r\n" % direction
        made.invite = made.phone.ask("INVITE", made.target, made.uri, made.id, made.cseq, body, tag=made.tag,
                                     routes=made.routes)
        again = phone.request("INVITE")
        back = {"sendonly": "recvonly"}.get(direction, direction)
        phone.reply(again, 200, phone.sdp() + "a=%s\r\n" % back)
        made.answered()
        phone.request("ACK")

    def cancel(self, call):
        made, (phone, invite) = self._calls[call], self._invites[call]
        made.cancel()
        phone.reply(phone.request("CANCEL"), 200)
        phone.reply(invite, 487, tag=invite.own_tag)
        phone.request("ACK")
        return self.final(call)

    def bye(self, call):
        made, (phone, _) = self._calls[call], self._invites[call]
        made.cseq += 1
        made.phone.ask("BYE", made.target, made.uri, made.id, made.cseq, tag=made.tag, routes=made.routes)
        phone.reply(phone.request("BYE"), 200)
        return made.phone.final("BYE").status

    # ---- a phone that is called by one that is not here, or calls it: its descriptions come from there too ----

    def take(self, dn, seconds=5):
        """It rings: who calls, and what it is offered."""
        self._invite = self._phone(dn).take(seconds)
        return {"from": self._invite["From"], "body": self._invite.body}

    def accept(self, dn, body):
        phone, invite = self._phone(dn), self._invite
        phone.reply(invite, 200, body, tag=invite.own_tag)
        phone.request("ACK")

    def offered(self, dn):
        """A new offer within the call: what it says."""
        self._again = self._phone(dn).request("INVITE")
        return self._again.body

    def agree(self, dn, body):
        self._phone(dn).reply(self._again, 200, body)
        self._phone(dn).request("ACK")

    def follow(self, dn, method):
        """A request within the call comes, and is answered; what it says."""
        request = self._phone(dn).request(method)
        self._phone(dn).reply(request, 200)
        return request.body

    def bye_of(self, dn):
        """The one who was called hangs up."""
        phone, invite = self._phone(dn), self._invite
        tag = re.search(r"tag=([^;>\s]+)", invite["From"])[1]
        target = re.search(r"<([^>]+)>", invite["Contact"])[1]
        phone.ask("BYE", target, target, (invite["Call-ID"], invite.own_tag), 1, tag=tag, routes=invite.all("Record-Route"))
        return phone.final("BYE").status

    def dial_offering(self, dn, number, body):
        phone = self._phone(dn)
        phone.sdp = lambda: body
        self._count += 1
        self._calls[self._count] = phone.dial(number)
        return self._count

    def answered(self, call):
        return self._calls[call].answered().body

    def within(self, call, method):
        return self._calls[call].within(method).status
