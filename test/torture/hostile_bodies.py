"""Bodies. The edge looks into none of a stranger; that it stays so is what these show. SEC-5, SEC-7."""
from cases import Case, message

SDP = "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n"
DESCRIPTIONS = {
    "empty": "", "one line": "v=0", "no version": SDP[5:], "version 1": "v=1" + SDP[3:], "no media": SDP[:SDP.index("m=")],
    "port -1": SDP.replace("4000", "-1"), "port 65536": SDP.replace("4000", "65536"), "port 2^32": SDP.replace("4000", "4294967296"),
    "ports 2^32": SDP.replace("4000", "4000/4294967296"), "formats": SDP.replace("RTP/AVP 0", "RTP/AVP " + "0 " * 5000),
    "rtpmap overflow": SDP + "a=rtpmap:99999999999999999999 PCMU/99999999999999999999/99999999999999999999\r\n",
    "rtpmap -1": SDP + "a=rtpmap:-1 PCMU/-8000\r\n", "fmtp": SDP + "a=fmtp:0 " + "x" * 30000 + "\r\n", "ptime": SDP + "a=ptime:99999999999999999999\r\n",
    "crypto": SDP + "a=crypto:99999999999 AES_CM_128_HMAC_SHA1_80 inline:" + "A" * 5000 + "\r\n", "candidates": SDP + "a=candidate:1 1 UDP 1 ::1 1 typ host\r\n" * 500,
    "fingerprint": SDP + "a=fingerprint:sha-256 " + "FF:" * 5000 + "\r\n", "attributes": SDP + "a=x\r\n" * 10000, "media": SDP + "m=audio 1 RTP/AVP 0\r\n" * 2000,
    "ice": SDP + "a=ice-ufrag:" + "u" * 20000 + "\r\na=ice-pwd:\r\n", "nul": SDP + "a=\x00\r\n", "control": SDP + "a=\x1b[2J\r\n", "utf-8": SDP + "s=\xff\xfe\r\n",
    "long line": "v=0\r\n" + "o" * 60000, "mapped": SDP.replace("IP4 192.0.2.1", "IP6 ::ffff:0.0.0.0"), "origin": SDP.replace("1 1 IN", "9" * 1000 + " 1 IN"),
    "bandwidth": SDP + "b=AS:-99999999999999999999\r\n", "time": SDP.replace("t=0 0", "t=99999999999999999999 -1")}
MULTIPART = {
    "no boundary": ("multipart/mixed", "--x\r\n\r\na\r\n--x--"), "empty boundary": ("multipart/mixed;boundary=", "--\r\n\r\na\r\n----"),
    "long boundary": ("multipart/mixed;boundary=" + "b" * 5000, "--" + "b" * 5000), "never begun": ("multipart/mixed;boundary=x", "nothing"),
    "never ended": ("multipart/mixed;boundary=x", "--x\r\n\r\na"), "ended at once": ("multipart/mixed;boundary=x", "--x--"),
    "10000 parts": ("multipart/mixed;boundary=x", "--x\r\n\r\n\r\n" * 5000 + "--x--"), "boundary of quotes": ("multipart/mixed;boundary=\"", "--\""),
    "parts in parts": ("multipart/mixed;boundary=0", "".join("--%d\r\nContent-Type: multipart/mixed;boundary=%d\r\n\r\n" % (i, i + 1) for i in range(1000))),
    "boundary with regex": ("multipart/mixed;boundary=\".*\"", "--.*\r\n\r\na\r\n--.*--"), "boundary with CR LF": ("multipart/mixed;boundary=\"x\r\n y\"", "--x"),
    "two boundaries": ("multipart/mixed;boundary=x;boundary=y", "--x\r\n\r\na\r\n--y--"), "header without end": ("multipart/mixed;boundary=x", "--x\r\n" + "a" * 40000)}


def bodies():
    for name, text in DESCRIPTIONS.items():
        yield Case("description: %s" % name, message("INVITE", more="Content-Type: application/sdp", body=text), 407)
    for name, (kind, text) in MULTIPART.items():
        yield Case("multipart: %s" % name, message("INVITE", more="Content-Type: " + kind, body=text), 407)
        yield Case("multipart MESSAGE: %s" % name, message("MESSAGE", more="Content-Type: " + kind, body=text), 405)


GROUPS = ("bodies", bodies),
