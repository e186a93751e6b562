"""Who is slow is cut off, who is too large or too often is told so, and while the hub is away nobody is told
that anything was taken: what is sent again then is there once."""
import socket
import time

from lib import PATIENCE_S, Hub, until
from website_site import SECRET, Site, signed

with socket.socket() as free:  # a port that stays the same when the hub comes back
    free.bind(("127.0.0.1", 0))
    listen = f"tcp://127.0.0.1:{free.getsockname()[1]}"


def feedback(n):
    return {"type": "website.feedback.given", "data": {"feedbackId": f"F{n}", "remarks": "fine"}}


with Hub(bus__listen=listen) as hub:
    ops = hub.peer("ops", roles="operator, consumer", topics=">")
    site = Site(hub, website__body_timeout="500ms", website__body_bytes="4K",
                website__origins="events.example")
    site.sender("web", secret=SECRET, rate=1, burst=6)
    hub.start()
    with site:
        assert site.post("/webhooks", signed(SECRET, "m1", feedback(1)))[0] == 200

        # A drop at a time: the port is free for others meanwhile, and he is told at last.
        with socket.create_connection(("127.0.0.1", site.port), PATIENCE_S) as slow:
            slow.sendall(b"POST /webhooks HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")
            assert site.post("/webhooks", signed(SECRET, "m2", feedback(2)))[0] == 200
            assert slow.recv(100).startswith(b"HTTP/1.1 408 ")

        assert site.post("/webhooks", signed(SECRET, "m3", b" " * 5000))[0] == 413
        assert site.ask("GET", "/webhooks")[0] == 405
        assert site.ask("GET", "/nothing")[0] == 404
        for head, status in (("Transfer-Encoding: chunked\r\n\r\n5\r\nshort\n", 400),
                             ("Transfer-Encoding: gzip\r\n\r\n", 501), ("\r\n", 411),
                             ("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n", 400),
                             # As the header is read by some proxies: what follows would be a request of its own.
                             ("Transfer-Encoding : chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n", 400),
                             ("TRANSFER-ENCODING\t\t:chunked\r\nContent-Length: 2\r\n\r\n{}", 400),
                             ("Content-Length   : 2\r\nContent-Length: 4\r\n\r\n{}{}", 400),
                             ("Transfer-Encoding: chunked\r\nContent-Length\t: 5\r\n\r\n", 400)):
            with socket.create_connection(("127.0.0.1", site.port), PATIENCE_S) as odd:
                odd.sendall(b"POST /events HTTP/1.1\r\nHost: x\r\n" + head.encode())
                assert odd.recv(100).startswith(f"HTTP/1.1 {status} ".encode()), head
        status, headers, _ = site.ask("OPTIONS", "/events", headers={
            "WebHook-Request-Origin": "events.example"})
        assert status == 200 and headers["webhook-allowed-origin"] == "events.example", headers
        rate = int(headers["webhook-allowed-rate"])
        assert rate >= 60 and rate % 60 == 0, headers
        assert site.ask("OPTIONS", "/events", headers={"WebHook-Request-Origin": "events.example",
            "WebHook-Request-Rate": "12"})[1]["webhook-allowed-rate"] == "12"
        assert "webhook-allowed-origin" not in site.ask("OPTIONS", "/events", headers={
            "WebHook-Request-Origin": "elsewhere.example"})[1]

        hub.stop()
        status, headers, answer = site.ask("POST", "/webhooks", *reversed(
            signed(SECRET, "m4", feedback(4))))
        assert status == 503 and int(headers["retry-after"]) > 0, (status, answer)
        hub.start()
        until(lambda: site.post("/webhooks", signed(SECRET, "m4", feedback(4)))[0] in (200, 429))
        until(lambda: site.post("/webhooks", signed(SECRET, "m4", feedback(4)))[0] == 200)

        statuses = []
        for n in range(12):
            status, headers, _ = site.ask("POST", "/webhooks", *reversed(
                signed(SECRET, "m5", feedback(5))))
            statuses.append(status)
        assert 429 in statuses and (status == 200 or int(headers["retry-after"]) > 0), statuses
        time.sleep(1.1)  # the rate is one a second: for once it is time that is waited for
        assert site.post("/webhooks", signed(SECRET, "m5", feedback(5)))[0] == 200
    assert len(hub.ask(ops, "find", "--type", "website.feedback.given")) == 4
    hub.stop()
