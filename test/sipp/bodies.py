"""Session descriptions (RFC 8866) that scenes name. [version] counts the descriptions of one side, [ip] is its address."""

HEAD = "v=0\no=- 1 [version] IN IP4 [ip]\ns=-\nc=IN IP4 [ip]\nt=0 0\n"
PCMU = "m=audio 6000 RTP/AVP 0\na=rtpmap:0 PCMU/8000\n"
PCMA = "m=audio 6000 RTP/AVP 8\na=rtpmap:8 PCMA/8000\n"
EVENTS = "m=audio 6000 RTP/AVP 0 101\na=rtpmap:0 PCMU/8000\na=rtpmap:101 telephone-event/8000\na=fmtp:101 0-15\n"
VIDEO = "m=video 6002 RTP/AVP 96\na=rtpmap:96 VP8/90000\n"
ICE = ("a=ice-ufrag:[side]8hhY\na=ice-pwd:asd88fgpdd777uzjYhagZg\na=candidate:1 1 UDP 2130706431 [ip] 6000 typ host\n")
DTLS = "a=fingerprint:sha-256 " + ":".join("%02X" % (n * 7) for n in range(32)) + "\n"

SDP = {
    "audio": HEAD + PCMU,
    "alaw": HEAD + PCMA,
    "moved": HEAD.replace("c=IN IP4 [ip]", "c=IN IP4 127.9.9.9") + PCMU.replace("6000", "7000"),
    "hold": HEAD + PCMU + "a=sendonly\n",
    "held": HEAD + PCMU + "a=recvonly\n",
    "inactive": HEAD + PCMU + "a=inactive\n",
    "old-hold": HEAD.replace("c=IN IP4 [ip]", "c=IN IP4 0.0.0.0") + PCMU,
    "events": HEAD + EVENTS,
    "video": HEAD + PCMU + VIDEO,
    "video-refused": HEAD + PCMU + "m=video 0 RTP/AVP 96\na=rtpmap:96 VP8/90000\n",
    "secure-media": HEAD + PCMU.replace("RTP/AVP", "UDP/TLS/RTP/SAVPF") + ICE + DTLS + "a=setup:[setup]\na=rtcp-mux\n",
    "ipv6": "v=0\no=- 1 [version] IN IP6 ::1\ns=-\nc=IN IP6 ::1\nt=0 0\n" + PCMU,
    "broken": "v=0\nthis is no description\n",
    "large": HEAD + PCMU + "".join("a=x-filler-%03d:%s\n" % (n, "x" * 60) for n in range(200)),
}
