"""What a site and its shops post is at the hub when they are told so, once each; who cannot sign is turned
away, and a shop's secret is good for its own shop alone."""
import json
import socket

from lib import PATIENCE_S, Hub
from website_site import SECRET, Site, shop_signed, signed


def feedback(n, **more):
    return {"type": "website.feedback.given", "timestamp": "2026-03-01T08:00:00+08:00",
            "data": {"feedbackId": f"F{n}", "remarks": "fine", **more}}


def cloud(n, **more):
    return {"specversion": "1.0", "id": f"c{n}", "source": "urn:web", "type": "website.feedback.given",
            "data": {"feedbackId": f"C{n}", "remarks": "fine"}, **more}


with Hub() as hub:
    ops = hub.peer("ops", roles="operator, consumer", topics=">")
    rejects, metrics = hub.root / "rejects", hub.root / "metrics"
    site = Site(hub, adapter__rejects=rejects, adapter__metrics=metrics)
    site.sender("web", secret=SECRET, token="a-token-of-the-scenario")
    for shop in ("one", "two"):
        site.sender(shop, secret=f"secret of {shop}", kind="shopify", shop=f"{shop}.example")
    hub.start()
    with site:
        # A webhook, its retry, another message under its id, and one that somebody has altered.
        assert site.post("/webhooks", signed(SECRET, "m1", feedback(1)))[0] == 200
        status, answer = site.post("/webhooks/web", signed(SECRET, "m1", feedback(1)))
        assert (status, answer["outcome"]) == (200, "duplicate"), answer
        assert site.post("/webhooks", signed(SECRET, "m1", feedback(2)))[0] == 409
        headers, body = signed(SECRET, "m2", feedback(2))
        assert site.post("/webhooks", (headers, body + b" "))[0] == 401
        assert site.post("/webhooks", signed(SECRET, "m2", feedback(2), late_s=301))[0] == 401
        status, answer = site.post("/webhooks", signed(SECRET, "m2", feedback(2, rating=7)))
        assert (status, answer["field"]) == (400, "data.rating"), answer

        # A signature is of the body alone: an event whose name and type stand in headers is not signed by it.
        head, raw = signed(SECRET, "m5", {"feedbackId": "5"})
        head |= {"ce-specversion": "1.0", "ce-id": "m5", "ce-source": "urn:web",
                 "ce-type": "website.feedback.given"}
        assert site.post("/events", (head, raw))[0] == 401
        assert site.post("/webhooks", (head, raw))[0] == 401

        # CloudEvents with a token: one, a batch, a batch with a bad one of which nothing is taken.
        token = {"authorization": "Bearer a-token-of-the-scenario"}
        one = {**token, "content-type": "application/cloudevents+json"}
        many = {**token, "content-type": "application/cloudevents-batch+json"}
        binary = {**token, "content-type": "application/json", "ce-specversion": "1.0", "ce-id": "c9",
                  "ce-source": "urn:web", "ce-type": "website.feedback.given"}
        assert site.post("/events", (one, json.dumps(cloud(1))))[0] == 200
        assert site.post("/events", (binary, json.dumps(cloud(9)["data"])))[0] == 200
        status, answer = site.post("/events", (many, json.dumps([cloud(n) for n in range(5)])))
        assert status == 200 and answer["events"][1]["outcome"] == "duplicate", answer
        status, answer = site.post("/events", (many, json.dumps([cloud(20), cloud(21, id="")])))
        assert (status, answer["field"]) == (400, "[1].id"), answer
        assert site.post("/events", (one, json.dumps(cloud(22, source="urn:other"))))[0] == 403
        assert site.post("/events", ({**one, "content-type": "text/csv"}, "x"))[0] == 415
        assert site.post("/events", ({"content-type": one["content-type"]}, "{}"))[0] == 401

        # Nobody's event is refused for a trace that is none.
        assert site.post("/events", (one, json.dumps(cloud(30, traceparent="0" * 2000))))[0] == 200
        assert site.post("/events", ({**binary, "traceparent": "0" * 600}, json.dumps(cloud(9)["data"])))[0] == 200

        # Who posts on without waiting for answers is sent away, and is in nobody's way.
        with socket.create_connection(("127.0.0.1", site.port), timeout=PATIENCE_S) as hasty:
            hasty.sendall(b"POST /nothing HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n{}" * 3)
            try:
                while hasty.recv(4096):
                    pass
            except ConnectionResetError:
                pass
        assert site.ask("GET", "/nothing")[0] == 404

        # A token is exchanged while it runs; a mistake changes nothing.
        site.secret_file("web.token", "another-token-of-it")
        assert " config.active " in site.reload()
        assert site.post("/events", (one, json.dumps(cloud(1))))[0] == 401
        one["authorization"] = "Bearer another-token-of-it"
        assert site.post("/events", (one, json.dumps(cloud(1))))[0] == 200
        site.secret_file("web.token", "short")
        assert " config.kept " in site.reload()
        assert site.post("/events", (one, json.dumps(cloud(1))))[0] == 200

        # The same order from two shops; the second's name with the first's signature is a stranger.
        mac, body = shop_signed("secret of one", {"id": 7, "currency": "CNY", "line_items": [
            {"id": 1, "sku": "TV", "quantity": 1, "price": "10"}], "email": "a@example.com"})
        order = {"x-shopify-topic": "orders/create", "x-shopify-event-id": "e1",
                 "x-shopify-hmac-sha256": mac, "x-shopify-shop-domain": "one.example"}
        assert site.post("/shopify", (order, body))[1]["events"][0]["outcome"] == "accepted"
        assert site.post("/shopify", (order, body))[1]["events"][0]["outcome"] == "duplicate"
        # Only the body is signed: overheard and sent again under another number, or as another topic, it is
        # no other order and no cancellation.
        again = {**order, "x-shopify-event-id": "e2"}
        assert site.post("/shopify", (again, body))[1]["events"][0]["outcome"] == "duplicate"
        status, answer = site.post("/shopify", ({**again, "x-shopify-topic": "orders/cancelled"}, body))
        assert status == 400 and answer["field"] == "topic", answer
        assert site.post("/shopify", ({**order, "x-shopify-shop-domain": "two.example"}, body))[0] == 401
        assert site.post("/woocommerce", ({"content-type": "application/x-www-form-urlencoded"},
                                          "webhook_id=7"))[1]["outcome"] == "skipped"
    # Whoever can mend what was sent finds it; strangers are nobody's business.
    told = rejects.read_text().splitlines()
    assert any("POST /webhooks: data.rating: " in line for line in told), told
    assert any("POST /events: [1].id: must not be empty" in line for line in told), told
    assert any("conflict" in line for line in told) and len(told) == 6, told
    dropped, = (line for line in metrics.read_text().splitlines()
                if line.startswith("carehub_adapter_traces_dropped_total"))
    assert dropped.endswith(" 2"), dropped
    found = hub.ask(ops, "find", "--type", "website.>")
    assert len(found) == 9, found
    hub.stop()
