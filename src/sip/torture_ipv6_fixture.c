#include "sip/torture_fixture.h"

/* RFC 5118. */
const struct torture torture_ipv6[] = {
    /* 4.1: an IPv6 reference */
    {"ipv6_good", 0, 0, 401,
        SLICE_INIT("REGISTER sip:[2001:db8::10] SIP/2.0\r\n"
                   "To: sip:user@example.com\r\n"
                   "From: sip:user@example.com;tag=81x2\r\n"
                   "Via: SIP/2.0/UDP [2001:db8::9:1];branch=z9hG4bKas3-111\r\n"
                   "Call-ID: ipv6_good.SSG9559905523997077@hlau_4100\r\n"
                   "Max-Forwards: 70\r\n"
                   "Contact: \"Caller\" <sip:caller@[2001:db8::1]>\r\n"
                   "CSeq: 98176 REGISTER\r\n"
                   "Content-Length: 0\r\n"
                   "\r\n")},
    /* 4.2: without brackets it is none */
    {"ipv6_bad", ERROR_SYNTAX, 400, 400,
        SLICE_INIT("REGISTER sip:2001:db8::10 SIP/2.0\r\n"
                   "To: sip:user@example.com\r\n"
                   "From: sip:user@example.com;tag=81x2\r\n"
                   "Via: SIP/2.0/UDP [2001:db8::9:1];branch=z9hG4bKas3-111\r\n"
                   "Call-ID: ipv6_bad.SSG9559905523997077@hlau_4100\r\n"
                   "Max-Forwards: 70\r\n"
                   "Contact: \"Caller\" <sip:caller@[2001:db8::1]>\r\n"
                   "CSeq: 98176 REGISTER\r\n"
                   "Content-Length: 0\r\n"
                   "\r\n")},
    /* 4.3: odd, but that is one address and no port */
    {"port_ambiguous", 0, 0, 401,
        SLICE_INIT("REGISTER sip:[2001:db8::10:5070] SIP/2.0\r\n"
                   "To: sip:user@example.com\r\n"
                   "From: sip:user@example.com;tag=81x2\r\n"
                   "Via: SIP/2.0/UDP [2001:db8::9:1];branch=z9hG4bKas3-111\r\n"
                   "Call-ID: port_ambiguous.SSG9559905523997077@hlau_4100\r\n"
                   "Max-Forwards: 70\r\n"
                   "Contact: \"Caller\" <sip:caller@[2001:db8::1]>\r\n"
                   "CSeq: 98176 REGISTER\r\n"
                   "Content-Length: 0\r\n"
                   "\r\n")},
    /* 4.4: an address and a port */
    {"port_unambiguous", 0, 0, 401,
        SLICE_INIT("REGISTER sip:[2001:db8::10]:5070 SIP/2.0\r\n"
                   "To: sip:user@example.com\r\n"
                   "From: sip:user@example.com;tag=81x2\r\n"
                   "Via: SIP/2.0/UDP [2001:db8::9:1];branch=z9hG4bKas3-111\r\n"
                   "Call-ID: port_unambiguous.SSG9559905523997077@hlau_4100\r\n"
                   "Max-Forwards: 70\r\n"
                   "Contact: \"Caller\" <sip:caller@[2001:db8::1]>\r\n"
                   "CSeq: 98176 REGISTER\r\n"
                   "Content-Length: 0\r\n"
                   "\r\n")},
    /* 4.5: brackets in `received` are not in the grammar, and yet are understood */
    {"received_with_brackets", 0, 0, 481,
        SLICE_INIT("BYE sip:[2001:db8::10] SIP/2.0\r\n"
                   "To: sip:user@example.com;tag=bd76ya\r\n"
                   "From: sip:user@example.com;tag=81x2\r\n"
                   "Via: SIP/2.0/UDP [2001:db8::9:1];received=[2001:db8::9:255];branch=z9hG4bKas3-112\r\n"
                   "Call-ID: SSG9559905523997077@hlau_4100\r\n"
                   "Max-Forwards: 70\r\n"
                   "CSeq: 321 BYE\r\n"
                   "Content-Length: 0\r\n"
                   "\r\n")},
    /* 4.5: as the grammar wants it */
    {"received_without_brackets", 0, 0, 200,
        SLICE_INIT("OPTIONS sip:[2001:db8::10] SIP/2.0\r\n"
                   "To: sip:user@example.com\r\n"
                   "From: sip:user@example.com;tag=81x2\r\n"
                   "Via: SIP/2.0/UDP [2001:db8::9:1];received=2001:db8::9:255;branch=z9hG4bKas3\r\n"
                   "Call-ID: SSG95523997077@hlau_4100\r\n"
                   "Max-Forwards: 70\r\n"
                   "Contact: \"Caller\" <sip:caller@[2001:db8::9:1]>\r\n"
                   "CSeq: 921 OPTIONS\r\n"
                   "Content-Length: 0\r\n"
                   "\r\n")},
    /* 4.6: IPv6 in the description */
    {"ipv6_in_sdp", 0, 0, 407,
        SLICE_INIT("INVITE sip:user@[2001:db8::10] SIP/2.0\r\n"
                   "To: sip:user@[2001:db8::10]\r\n"
                   "From: sip:user@example.com;tag=81x2\r\n"
                   "Via: SIP/2.0/UDP [2001:db8::20];branch=z9hG4bKas3-113\r\n"
                   "Call-ID: ipv6_in_sdp.SSG9559905523997077@hlau_4100\r\n"
                   "Contact: \"Caller\" <sip:caller@[2001:db8::20]>\r\n"
                   "CSeq: 8612 INVITE\r\n"
                   "Max-Forwards: 70\r\n"
                   "Content-Type: application/sdp\r\n"
                   "Content-Length: 251\r\n"
                   "\r\n"
                   "v=0\r\n"
                   "o=assistant 971731711378798081 0 IN IP6 2001:db8::20\r\n"
                   "s=Live video feed for today's meeting\r\n"
                   "c=IN IP6 2001:db8::20\r\n"
                   "t=3338481189 3370017201\r\n"
                   "m=audio 6000 RTP/AVP 2\r\n"
                   "a=rtpmap:2 G726-32/8000\r\n"
                   "m=video 6024 RTP/AVP 107\r\n"
                   "a=rtpmap:107 H263-1998/90000\r\n")},
    /* 4.7: both families among the Vias */
    {"both_in_headers", 0, 0, 481,
        SLICE_INIT("BYE sip:user@host.example.net SIP/2.0\r\n"
                   "Via: SIP/2.0/UDP [2001:db8::9:1]:6050;branch=z9hG4bKas3-114\r\n"
                   "Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKjhja8781hjuaij65144\r\n"
                   "Via: SIP/2.0/TCP [2001:db8::9:255];branch=z9hG4bK451jj;received=192.0.2.200\r\n"
                   "Call-ID: 997077@lau_4100\r\n"
                   "Max-Forwards: 70\r\n"
                   "CSeq: 89187 BYE\r\n"
                   "To: sip:user@example.net;tag=9817--94\r\n"
                   "From: sip:user@example.com;tag=81x2\r\n"
                   "Content-Length: 0\r\n"
                   "\r\n")},
    /* 4.8: both families among the media */
    {"both_in_sdp", 0, 0, 407,
        SLICE_INIT("INVITE sip:user@[2001:db8::10] SIP/2.0\r\n"
                   "To: sip:user@[2001:db8::10]\r\n"
                   "From: sip:user@example.com;tag=81x2\r\n"
                   "Via: SIP/2.0/UDP [2001:db8::9:1];branch=z9hG4bKas3-115\r\n"
                   "Call-ID: both_in_sdp.SSG9559905523997077@hlau_4100\r\n"
                   "Contact: \"Caller\" <sip:caller@[2001:db8::9:1]>\r\n"
                   "CSeq: 8912 INVITE\r\n"
                   "Max-Forwards: 70\r\n"
                   "Content-Type: application/sdp\r\n"
                   "Content-Length: 189\r\n"
                   "\r\n"
                   "v=0\r\n"
                   "o=bob 280744730 28977631 IN IP4 host.example.com\r\n"
                   "s=\r\n"
                   "t=0 0\r\n"
                   "m=audio 22334 RTP/AVP 0\r\n"
                   "c=IN IP4 192.0.2.1\r\n"
                   "m=video 6024 RTP/AVP 107\r\n"
                   "c=IN IP6 2001:db8::1\r\n"
                   "a=rtpmap:107 H263-1998/90000\r\n")},
    /* 4.9: IPv4 addresses written as IPv6 */
    {"ipv4_mapped", 0, 0, 407,
        SLICE_INIT("INVITE sip:user@example.com SIP/2.0\r\n"
                   "To: sip:user@example.com\r\n"
                   "From: sip:user@east.example.com;tag=81x2\r\n"
                   "Via: SIP/2.0/UDP [::ffff:192.0.2.10]:19823;branch=z9hG4bKbh19\r\n"
                   "Via: SIP/2.0/UDP [::ffff:192.0.2.2];branch=z9hG4bKas3-116\r\n"
                   "Call-ID: ipv4_mapped.SSG9559905523997077@hlau_4100\r\n"
                   "Contact: \"T. desk phone\" <sip:ted@[::ffff:192.0.2.2]>\r\n"
                   "CSeq: 612 INVITE\r\n"
                   "Max-Forwards: 70\r\n"
                   "Content-Type: application/sdp\r\n"
                   "Content-Length: 118\r\n"
                   "\r\n"
                   "v=0\r\n"
                   "o=ted 280744730 28977631 IN IP6 ::ffff:192.0.2.2\r\n"
                   "s=\r\n"
                   "c=IN IP6 ::ffff:192.0.2.2\r\n"
                   "t=0 0\r\n"
                   "m=audio 22334 RTP/AVP 0\r\n")},
    /* 4.10: three colons, as the grammar of RFC 3261 had it: "must tolerate" */
    {"three_colons", 0, 0, 200,
        SLICE_INIT("OPTIONS sip:user@[2001:db8:::192.0.2.1] SIP/2.0\r\n"
                   "To: sip:user@[2001:db8:::192.0.2.1]\r\n"
                   "From: sip:user@example.com;tag=810x2\r\n"
                   "Via: SIP/2.0/UDP lab1.east.example.com;branch=z9hG4bKas3-three-colons\r\n"
                   "Call-ID: three_colons.G9559905523997077@hlau_4100\r\n"
                   "CSeq: 689 OPTIONS\r\n"
                   "Max-Forwards: 70\r\n"
                   "Content-Length: 0\r\n"
                   "\r\n")},
    /* 4.10: as it should be written */
    {"two_colons", 0, 0, 200,
        SLICE_INIT("OPTIONS sip:user@[2001:db8::192.0.2.1] SIP/2.0\r\n"
                   "To: sip:user@[2001:db8::192.0.2.1]\r\n"
                   "From: sip:user@example.com;tag=810x2\r\n"
                   "Via: SIP/2.0/UDP lab1.east.example.com;branch=z9hG4bKas3-two-colons\r\n"
                   "Call-ID: two_colons.G9559905523997077@hlau_4100\r\n"
                   "CSeq: 689 OPTIONS\r\n"
                   "Max-Forwards: 70\r\n"
                   "Content-Length: 0\r\n"
                   "\r\n")},
    {NULL, 0, 0, 0, {NULL, 0}},
};
