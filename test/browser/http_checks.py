"""HTTPS as it looks from outside, asked with curl and openssl and, where those are too polite, by bytes on a socket."""
import json
import os
import re
import socket
import ssl
import subprocess
import time

from rig import wait_for


def authority(tandem):
    return os.path.join(tandem.data, "certificates", "authority.pem")


def curl(tandem, path, *arguments):
    """(status, fields by lower-case name with a list of values, body)"""
    head, body = tandem.path("curl.head"), tandem.path("curl.body")
    for name in head, body:
        open(name, "wb").close()
    done = subprocess.run(["curl", "-sS", "--path-as-is", "--cacert", authority(tandem), "-D", head, "-o", body, "-m", "10",
                           *arguments, "https://127.0.0.1:%d%s" % (tandem.web, path)], capture_output=True, text=True,
                          check=False)
    assert done.returncode == 0, done.stderr
    with open(head, encoding="latin-1", newline="") as file:
        first, *lines = file.read().split("\r\n\r\n")[-2].split("\r\n")
    fields = {}
    for line in lines:
        name, _, value = line.partition(":")
        fields.setdefault(name.lower(), []).append(value.strip())
    with open(body, "rb") as file:
        return int(first.split()[1]), fields, file.read()


def connect(tandem):
    trust = ssl.create_default_context(cafile=authority(tandem))
    return trust.wrap_socket(socket.create_connection(("127.0.0.1", tandem.web), 5), server_hostname="127.0.0.1")


def raw(tandem, text, wait=3.0):
    """What is answered to these bytes until the server closes or `wait` seconds have gone."""
    with connect(tandem) as s:
        s.sendall(text.encode("latin-1"))
        s.settimeout(wait)
        answer = b""
        try:
            while data := s.recv(65536):
                answer += data
        except (socket.timeout, ConnectionResetError):
            pass
        return answer.decode("latin-1")


def asset(tandem):
    page = curl(tandem, "/")[2].decode()
    return "/" + re.search(r'src="(?:\./|/)?(assets/[^"]+\.js)"', page)[1]


def cookie(tandem):
    """A log-in, by curl."""
    status, fields, _ = log_in(tandem, tandem.password())
    assert status in (200, 204), status
    return fields["set-cookie"][0]


def log_in(tandem, password, *more, user="admin"):
    return curl(tandem, "/api/login", "-d", json.dumps({"user": user, "password": password}), "-H",
                "Content-Type: application/json", "-H", "X-Tandem-Request: 1", *more)


def scenario_http_every_answer_protects_itself(tandem):
    """requirement: SEC-3: the page, a script, an answer of the interface, errors."""
    for path, expected in ("/", 200), (asset(tandem), 200), ("/api/me", 401), ("/no/such/page", 404), ("/api/nothing", 404):
        status, fields, _ = curl(tandem, path)
        assert status == expected, (path, status)
        assert fields["x-content-type-options"] == ["nosniff"], path
        assert re.search(r"max-age=[1-9]\d{6,}", fields["strict-transport-security"][0]), path
        assert fields["x-frame-options"] == ["DENY"], path
        assert fields["referrer-policy"] == ["no-referrer"], path
        policy = fields["content-security-policy"][0]
        for wanted in "default-src 'self'", "object-src 'none'", "base-uri 'none'", "frame-ancestors 'none'":
            assert wanted in policy, (path, policy)
        assert "unsafe" not in policy
        assert "server" not in fields, "says what it is: %s" % fields["server"]
        assert len(fields["date"]) == 1


def scenario_http_what_did_not_change_is_not_sent_again(tandem):
    for path in "/", asset(tandem):
        for more in [], ["-H", "Accept-Encoding: gzip"]:
            status, fields, body = curl(tandem, path, *more)
            assert status == 200 and body
            tag = fields["etag"][0]
            status, fields, body = curl(tandem, path, *more, "-H", "If-None-Match: " + tag)
            assert (status, body) == (304, b""), (path, status, len(body))
            assert fields["etag"] == [tag] and fields.get("vary") == ["Accept-Encoding"]
            assert curl(tandem, path, *more, "-H", 'If-None-Match: "other", ' + tag)[0] == 304
            assert curl(tandem, path, *more, "-H", 'If-None-Match: "other"')[0] == 200
    assert curl(tandem, "/")[1]["cache-control"] == ["no-cache"]
    assert "immutable" in curl(tandem, asset(tandem))[1]["cache-control"][0]
    assert "no-store" in curl(tandem, "/api/me", "-H", "Cookie: " + cookie(tandem).split(";")[0])[1]["cache-control"][0]


def scenario_http_assets_are_compressed_for_who_can_read_it(tandem):
    path = asset(tandem)
    plain = curl(tandem, path)[2]
    _, fields, small = curl(tandem, path, "-H", "Accept-Encoding: gzip, deflate, br")
    assert fields["content-encoding"] == ["gzip"] and len(small) < len(plain) / 2
    assert curl(tandem, path, "--compressed")[2] == plain
    assert "content-encoding" not in curl(tandem, path, "-H", "Accept-Encoding: gzip;q=0")[1]
    assert fields["content-type"][0].startswith(("text/javascript", "application/javascript"))


def scenario_http_head_is_as_get_without_the_content(tandem):
    for path in "/", asset(tandem), "/no/such/page", "/api/me":
        got, head = curl(tandem, path), curl(tandem, path, "-I")
        assert head[0] == got[0], (path, head[0])
        for name in "content-length", "content-type", "etag":
            assert head[1].get(name) == got[1].get(name), (path, name)
        answer = raw(tandem, "HEAD %s HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n" % path)
        assert answer.startswith("HTTP/1.1 %d " % got[0]) and answer.endswith("\r\n\r\n"), (path, answer)


def scenario_http_methods_paths_and_nonsense_get_the_right_status(tandem):
    assert curl(tandem, "/index.htm")[0] == 404
    assert curl(tandem, "/api/")[0] == 404
    for path, method, allowed in ("/", "POST", "GET"), ("/api/login", "GET", "POST"), ("/api/history", "DELETE", "GET"):
        status, fields, _ = curl(tandem, path, "-X", method, "-H", "X-Tandem-Request: 1")
        assert status == 405 and allowed in fields["allow"][0], (path, method, status)
    assert " 501 " in raw(tandem, "FETCH / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").split("\r\n")[0]
    host = "Host: 127.0.0.1\r\n"
    for text in ("nonsense\r\n\r\n", "GET / HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\n%s%s\r\n" % (host, host),
                 "GET / HTTP/1.1\r\n%sbad header\r\n\r\n" % host, "GET /%%zz HTTP/1.1\r\n%s\r\n" % host,
                 "GET / HTTP/1.1\r\n%sContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n" % host,
                 "GET / HTTP/1.1\r\n%sContent-Length: 1, 2\r\n\r\n" % host, "GET / HTTP/1.1\r\n%s Folded: yes\r\n\r\n" % host):
        answer = raw(tandem, text.replace("%%", "%"))
        assert answer.startswith("HTTP/1.1 400 "), (text, answer[:80])
    assert raw(tandem, "GET / HTTP/3.0\r\n%s\r\n" % host).startswith("HTTP/1.1 505 ")
    assert raw(tandem, "GET /%s HTTP/1.1\r\n%s\r\n" % ("a" * 40000, host)).startswith("HTTP/1.1 414 ")
    assert raw(tandem, "GET / HTTP/1.1\r\n%sX: %s\r\n\r\n" % (host, "a" * 90000)).startswith("HTTP/1.1 431 ")
    assert curl(tandem, "/api/login", "-H", "X-Tandem-Request: 1", "-d", "{" * 9000)[0] == 413
    assert log_in(tandem, "a", "-H", "Content-Type: text/plain")[0] in (401, 415)
    for body in "", "{", "[]", '{"user":1}', '{"user":"a","password":"\\ud800"}':
        status = curl(tandem, "/api/login", "-H", "X-Tandem-Request: 1", "-H", "Content-Type: application/json", "-d", body)[0]
        assert status == 400, (body, status)


def scenario_http_no_path_leads_out_of_the_application(tandem):
    for path in ("/../../etc/passwd", "/assets/../../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "/..%2f..%2fetc%2fpasswd",
                 "/assets/..%5c..%5ctandem.toml", "//etc/passwd", "/assets/", "/assets", "/.", "/./index.html%00.js",
                 "/operator.token", "/certificates/authority.key"):
        status, _, body = curl(tandem, path)
        assert status in (400, 404), (path, status)
        assert b"root:" not in body and b"PRIVATE" not in body


def scenario_http_requests_follow_each_other_on_one_connection(tandem):
    two = "GET /api/me HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
    answer = raw(tandem, two)
    assert answer.startswith("HTTP/1.1 401 ") and answer.count("HTTP/1.1 200 ") == 1
    with connect(tandem) as s:
        for byte in b"GET /api/me HTTP/1.1\r\nHost: a\r\n\r\n":
            s.send(bytes([byte]))
        assert s.recv(65536).startswith(b"HTTP/1.1 401 ")


def scenario_http_the_cookie_is_for_this_site_alone(tandem):
    """requirement: SEC-3: Secure, HttpOnly, SameSite=Strict; gone after the log-out."""
    given = cookie(tandem)
    value, *flags = [part.strip() for part in given.split(";")]
    assert {"Secure", "HttpOnly", "SameSite=Strict", "Path=/"} <= set(flags), given
    assert not any(flag.lower().startswith("domain") for flag in flags)
    assert len(value.split("=", 1)[1]) >= 22, "too short to be secret"
    assert value != cookie(tandem).split(";")[0]
    have = ["-H", "Cookie: other=1; %s; more=2" % value]
    assert curl(tandem, "/api/me", *have)[0] == 200
    status, fields, _ = curl(tandem, "/api/logout", "-X", "POST", "-H", "X-Tandem-Request: 1", *have)
    assert status == 204 and "Max-Age=0" in fields["set-cookie"][0]
    assert curl(tandem, "/api/me", *have)[0] == 401
    assert curl(tandem, "/api/me", "-H", "Cookie: tandem_session=" + "A" * 43)[0] == 401


def scenario_http_what_changes_something_must_come_from_our_page(tandem):
    """requirement: SEC-3: the header that no other site's page can send, and the origin where a browser says it."""
    have = ["-H", "Cookie: " + cookie(tandem).split(";")[0]]
    own = "https://127.0.0.1:%d" % tandem.web
    for more in ([], ["-H", "X-Tandem-Request: 0"], ["-H", "X-Tandem-Request: 1", "-H", "Origin: https://elsewhere.example"],
                 ["-H", "X-Tandem-Request: 1", "-H", "Origin: null"], ["-H", "Origin: " + own]):
        for path in "/api/logout", "/api/login":
            assert curl(tandem, path, "-X", "POST", *have, *more)[0] == 403, (path, more)
        assert curl(tandem, "/api/config/dn/1001", "-X", "DELETE", *have, *more)[0] == 403, more
    assert curl(tandem, "/api/me", *have)[0] == 200
    _, fields, _ = curl(tandem, "/api/me", *have, "-H", "Origin: https://elsewhere.example")
    assert not any(name.startswith("access-control") for name in fields)
    assert curl(tandem, "/api/logout", "-X", "POST", *have, "-H", "X-Tandem-Request: 1", "-H", "Origin: " + own)[0] == 204


def upgrade(tandem, value, origin, *, key="dGhlIHNhbXBsZSBub25jZQ==", version="13", protocol="tandem.v1"):
    """The first line and the fields that answer the opening of a WebSocket."""
    lines = ["GET /api/ws HTTP/1.1", "Host: 127.0.0.1:%d" % tandem.web, "Upgrade: websocket", "Connection: keep-alive, Upgrade",
             "Sec-WebSocket-Version: " + version, "Cookie: " + value]
    for name, said in ("Origin", origin), ("Sec-WebSocket-Key", key), ("Sec-WebSocket-Protocol", protocol):
        if said is not None:
            lines.append("%s: %s" % (name, said))
    with connect(tandem) as s:
        s.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        return s.recv(65536).decode("latin-1")


def scenario_http_a_websocket_is_opened_by_our_page_alone(tandem):
    """requirement: SEC-3: RFC 6455 10.2"""
    value, own = cookie(tandem).split(";")[0], "https://127.0.0.1:%d" % tandem.web
    good = upgrade(tandem, value, own)
    assert good.startswith("HTTP/1.1 101 "), good
    assert "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" in good  # RFC 6455 1.3
    assert re.search(r"(?i)sec-websocket-protocol: tandem\.v1\r\n", good)
    for origin in "https://elsewhere.example", "http://127.0.0.1:%d" % tandem.web, "https://127.0.0.1:1", "null":
        answer = upgrade(tandem, value, origin)
        assert answer.startswith("HTTP/1.1 403 "), (origin, answer[:60])
    assert upgrade(tandem, "tandem_session=no", own).startswith("HTTP/1.1 401 ")
    for more in {"version": "8"}, {"key": "short"}, {"key": None}:
        answer = upgrade(tandem, value, own, **more)
        assert re.match(r"HTTP/1.1 4(00|26) ", answer), (more, answer[:60])
    assert "Sec-WebSocket-Version: 13" in upgrade(tandem, value, own, version="8")


def scenario_http_only_tls_1_2_and_1_3(tandem):
    """requirement: SEC-1"""
    def handshake(*arguments):
        done = subprocess.run(["openssl", "s_client", "-connect", "127.0.0.1:%d" % tandem.web, "-CAfile", authority(tandem),
                               "-verify_return_error", "-verify_ip", "127.0.0.1", *arguments], input="", capture_output=True,
                              text=True, timeout=10, check=False)
        return done.returncode, done.stdout + done.stderr
    for version, name in ("-tls1_2", "TLSv1.2"), ("-tls1_3", "TLSv1.3"):
        status, text = handshake(version)
        assert status == 0 and "New, %s" % name in text, text
    for version in "-tls1", "-tls1_1":
        status, text = handshake(version, "-cipher", "ALL:@SECLEVEL=0")
        assert status != 0 and "(NONE)" in text, text
    for weak in "aNULL", "NULL", "RC4", "3DES", "AES128-SHA":
        status, text = handshake("-tls1_2", "-cipher", weak + ":@SECLEVEL=0")
        assert status != 0, weak
    with socket.create_connection(("127.0.0.1", tandem.web), 5) as s:  # somebody who forgot the s of https
        s.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        s.settimeout(5)
        try:
            assert b"HTTP/1.1 200" not in s.recv(4096)
        except ConnectionResetError:
            pass


def scenario_http_wrong_passwords_are_delayed(tandem):
    """requirement: SEC-3: the fifth in a row has to wait, the right one too; afterwards the right one is let in."""
    for user in "admin", "nobody":
        for attempt in range(5):
            status, fields, body = log_in(tandem, "wrong", user=user)
            assert status == 401, (user, attempt, status)
            assert b"password" in body.lower() and user.encode() not in body
        status, fields, _ = log_in(tandem, tandem.password(), user=user)
        assert status == 429 and 1 <= int(fields["retry-after"][0]) <= 2, (status, fields)
    assert wait_for(lambda: log_in(tandem, tandem.password())[0] in (200, 204), 5, "the log-in after the delay")
    for attempt in range(2):
        assert log_in(tandem, "wrong")[0] == 401, "a good log-in forgets what failed before"
    assert log_in(tandem, tandem.password())[0] in (200, 204)


def scenario_http_the_history_asks_for_its_numbers(tandem):
    have = ["-H", "Cookie: " + cookie(tandem).split(";")[0]]
    for query in "limit=0", "limit=201", "limit=x", "before=-1", "before=1e3", "dn=%ff":
        status, _, body = curl(tandem, "/api/history?" + query, *have)
        assert status == 400, (query, status)
        assert "sentence" in json.loads(body)["error"]
    status, fields, body = curl(tandem, "/api/history?limit=5&dn=1001", *have)
    assert status == 200 and json.loads(body) == {"calls": [], "next": None}
    assert fields["content-type"] == ["application/json"]
    assert curl(tandem, "/api/history")[0] == 401


def scenario_http_slow_and_silent_clients_do_not_keep_others_waiting(tandem):
    lazy = [connect(tandem) for _ in range(50)]
    for s in lazy[::2]:
        s.send(b"GET / HTT")
    begun = time.monotonic()
    assert curl(tandem, "/")[0] == 200
    assert time.monotonic() - begun < 5
    for s in lazy:
        s.close()
