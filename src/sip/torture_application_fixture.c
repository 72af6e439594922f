#include "sip/torture_fixture.h"

/* RFC 4475 3.3 and 3.4: well-formed, but the application has something to say. */
const struct torture torture_application[] = {
    /* 3.3.2: an unknown scheme is answered by the user of the parser (416) */
    {"unkscm", 0, 0, 416,
        SLICE_INIT("OPTIONS nobodyKnowsThisScheme:totallyopaquecontent SIP/2.0\r\n"
                   "To: sip:user@example.com\r\n"
                   "From: sip:caller@example.net;tag=384\r\n"
                   "Max-Forwards: 3\r\n"
                   "Call-ID: unkscm.nasdfasser0q239nwsdfasdkl34\r\n"
                   "CSeq: 3923423 OPTIONS\r\n"
                   "Via: SIP/2.0/TCP host9.example.com;branch=z9hG4bKkdjuw39234\r\n"
                   "Content-Length: 0\r\n"
                   "\r\n")},
    /* 3.3.3: a known scheme that is not for SIP */
    {"novelsc", 0, 0, 416,
        SLICE_INIT("OPTIONS soap.beep://192.0.2.103:3002 SIP/2.0\r\n"
                   "To: sip:user@example.com\r\n"
                   "From: sip:caller@example.net;tag=384\r\n"
                   "Max-Forwards: 3\r\n"
                   "Call-ID: novelsc.asdfasser0q239nwsdfasdkl34\r\n"
                   "CSeq: 3923423 OPTIONS\r\n"
                   "Via: SIP/2.0/TCP host9.example.com;branch=z9hG4bKkdjuw39234\r\n"
                   "Content-Length: 0\r\n"
                   "\r\n")},
    /* 3.3.4: unknown schemes in From, To and Contact */
    {"unksm2", 0, 0, 401,
        SLICE_INIT("REGISTER sip:example.com SIP/2.0\r\n"
                   "To: isbn:2983792873\r\n"
                   "From: <http://www.example.com>;tag=3234233\r\n"
                   "Call-ID: unksm2.daksdj@hyphenated-host.example.com\r\n"
                   "CSeq: 234902 REGISTER\r\n"
                   "Max-Forwards: 70\r\n"
                   "Via: SIP/2.0/UDP 192.0.2.21:5060;branch=z9hG4bKkdjuw\r\n"
                   "Contact: <name:John_Smith>\r\n"
                   "l: 0\r\n"
                   "\r\n")},
    /* 3.3.5: extensions that nobody has are refused by the proxy (420) */
    {"bext01", 0, 0, 420,
        SLICE_INIT("OPTIONS sip:user@example.com SIP/2.0\r\n"
                   "To: sip:j_user@example.com\r\n"
                   "From: sip:caller@example.net;tag=242etr\r\n"
                   "Max-Forwards: 6\r\n"
                   "Call-ID: bext01.0ha0isndaksdj\r\n"
                   "Require: nothingSupportsThis, nothingSupportsThisEither\r\n"
                   "Proxy-Require: noProxiesSupportThis, norDoAnyProxiesSupportThis\r\n"
                   "CSeq: 8 OPTIONS\r\n"
                   "Via: SIP/2.0/TLS fold-and-staple.example.com;branch=z9hG4bKkdjuw\r\n"
                   "Content-Length: 0\r\n"
                   "\r\n")},
    /* 3.3.6: a body of an unknown type is no business of a proxy */
    {"invut", 0, 0, 407,
        SLICE_INIT("INVITE sip:user@example.com SIP/2.0\r\n"
                   "Contact: <sip:caller@host5.example.net>\r\n"
                   "To: sip:j.user@example.com\r\n"
                   "From: sip:caller@example.net;tag=8392034\r\n"
                   "Max-Forwards: 70\r\n"
                   "Call-ID: invut.0ha0isndaksdjadsfij34n23d\r\n"
                   "CSeq: 235448 INVITE\r\n"
                   "Via: SIP/2.0/UDP somehost.example.com;branch=z9hG4bKkdjuw\r\n"
                   "Content-Type: application/unknownformat\r\n"
                   "Content-Length: 40\r\n"
                   "\r\n"
                   "<audio>\r\n <pcmu port=\"443\"/>\r\n</audio>\r\n")},
    /* 3.3.7: credentials of an unknown scheme are none */
    {"regaut01", 0, 0, 401,
        SLICE_INIT("REGISTER sip:example.com SIP/2.0\r\n"
                   "To: sip:j.user@example.com\r\n"
                   "From: sip:j.user@example.com;tag=87321hj23128\r\n"
                   "Max-Forwards: 8\r\n"
                   "Call-ID: regaut01.0ha0isndaksdj\r\n"
                   "CSeq: 9338 REGISTER\r\n"
                   "Via: SIP/2.0/TCP 192.0.2.253;branch=z9hG4bKkdjuw\r\n"
                   "Authorization: NoOneKnowsThisScheme opaque-data=here\r\n"
                   "Content-Length:0\r\n"
                   "\r\n")},
    /* 3.3.10: a response whose second Via is the broadcast address: nobody has asked, so nothing is sent
       there */
    {"bcast", 0, 0, 0,
        SLICE_INIT("SIP/2.0 200 OK\r\n"
                   "Via: SIP/2.0/UDP 192.0.2.198;branch=z9hG4bK1324923\r\n"
                   "Via: SIP/2.0/UDP 255.255.255.255;branch=z9hG4bK1saber23\r\n"
                   "Call-ID: bcast.0384840201234ksdfak3j2erwedfsASdf\r\n"
                   "CSeq: 35 INVITE\r\n"
                   "From: sip:user@example.com;tag=11141343\r\n"
                   "To: sip:user@example.edu;tag=2229\r\n"
                   "Content-Length: 150\r\n"
                   "Content-Type: application/sdp\r\n"
                   "Contact: <sip:user@host28.example.com>\r\n"
                   "\r\n" TORTURE_SDP)},
    /* 3.3.11: no hop is left */
    {"zeromf", 0, 0, 483,
        SLICE_INIT("OPTIONS sip:user@example.com SIP/2.0\r\n"
                   "To: sip:user@example.com\r\n"
                   "From: sip:caller@example.net;tag=3ghsd41\r\n"
                   "Call-ID: zeromf.jfasdlfnm2o2l43r5u0asdfas\r\n"
                   "CSeq: 39234321 OPTIONS\r\n"
                   "Via: SIP/2.0/UDP host1.example.com;branch=z9hG4bKkdjuw2349i\r\n"
                   "Max-Forwards: 0\r\n"
                   "Content-Length: 0\r\n"
                   "\r\n")},
    /* 3.3.12: a parameter of the header */
    {"cparam01", 0, 0, 401,
        SLICE_INIT("REGISTER sip:example.com SIP/2.0\r\n"
                   "Via: SIP/2.0/UDP saturn.example.com:5060;branch=z9hG4bKkdjuw\r\n"
                   "Max-Forwards: 70\r\n"
                   "From: sip:watson@example.com;tag=DkfVgjkrtMwaerKKpe\r\n"
                   "To: sip:watson@example.com\r\n"
                   "Call-ID: cparam01.70710@saturn.example.com\r\n"
                   "CSeq: 2 REGISTER\r\n"
                   "Contact: sip:+19725552222@gw1.example.net;unknownparam\r\n"
                   "l: 0\r\n"
                   "\r\n")},
    /* 3.3.13: a parameter of the URI */
    {"cparam02", 0, 0, 401,
        SLICE_INIT("REGISTER sip:example.com SIP/2.0\r\n"
                   "Via: SIP/2.0/UDP saturn.example.com:5060;branch=z9hG4bKkdjuw\r\n"
                   "Max-Forwards: 70\r\n"
                   "From: sip:watson@example.com;tag=838293\r\n"
                   "To: sip:watson@example.com\r\n"
                   "Call-ID: cparam02.70710@saturn.example.com\r\n"
                   "CSeq: 3 REGISTER\r\n"
                   "Contact: <sip:+19725552222@gw1.example.net;unknownparam>\r\n"
                   "l: 0\r\n"
                   "\r\n")},
    /* 3.3.14: a header within the Contact's URI */
    {"regescrt", 0, 0, 401,
        SLICE_INIT("REGISTER sip:example.com SIP/2.0\r\n"
                   "To: sip:user@example.com\r\n"
                   "From: sip:user@example.com;tag=8\r\n"
                   "Max-Forwards: 70\r\n"
                   "Call-ID: regescrt.k345asrl3fdbv@192.0.2.1\r\n"
                   "CSeq: 14398234 REGISTER\r\n"
                   "Via: SIP/2.0/UDP host5.example.com;branch=z9hG4bKkdjuw\r\n"
                   "M: <sip:user@example.com?Route=%3Csip:sip.example.com%3E>\r\n"
                   "L:0\r\n"
                   "\r\n")},
    /* 3.3.15: who calls wants no description as answer: for the one called to say (406) */
    {"sdp01", 0, 0, 407,
        SLICE_INIT("INVITE sip:user@example.com SIP/2.0\r\n"
                   "To: sip:j_user@example.com\r\n"
                   "Contact: <sip:caller@host15.example.net>\r\n"
                   "From: sip:caller@example.net;tag=234\r\n"
                   "Max-Forwards: 5\r\n"
                   "Call-ID: sdp01.ndaksdj9342dasdd\r\n"
                   "Accept: text/nobodyKnowsThis\r\n"
                   "CSeq: 8 INVITE\r\n"
                   "Via: SIP/2.0/UDP 192.0.2.15;branch=z9hG4bKkdjuw\r\n"
                   "Content-Length: 150\r\n"
                   "Content-Type: application/sdp\r\n"
                   "\r\n" TORTURE_SDP)},
    /* 3.4.1: RFC 2543: no tag in From, no branch, no Max-Forwards, no Contact, no length */
    {"inv2543", 0, 0, 407,
        SLICE_INIT("INVITE sip:UserB@example.com SIP/2.0\r\n"
                   "Via: SIP/2.0/UDP iftgw.example.com\r\n"
                   "From: <sip:+13035551111@ift.client.example.net;user=phone>\r\n"
                   "Record-Route: <sip:UserB@example.com;maddr=ss1.example.com>\r\n"
                   "To: sip:+16505552222@ss1.example.net;user=phone\r\n"
                   "Call-ID: inv2543.1717@ift.client.example.com\r\n"
                   "CSeq: 56 INVITE\r\n"
                   "Content-Type: application/sdp\r\n"
                   "\r\n" TORTURE_SDP)},
    {NULL, 0, 0, 0, {NULL, 0}},
};
