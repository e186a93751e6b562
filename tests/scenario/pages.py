"""Monitors read the HTTP port: alive, ready, and metrics that follow what was published; clients that
never finish a request do not keep them out."""
import socket

from lib import Hub, event

SLOW = 100

with Hub() as hub:
    till = hub.peer("shop", roles="producer", sources="urn:shop:*", types="website.>")
    hub.start()
    assert hub.page("/healthz")[0] == 200
    status, text = hub.page("/readyz")
    assert status == 200, text
    hub.run(till, "publish", input=event("website.order.cancelled", 1, "urn:shop:1",
                                         {"orderId": "A1"}))
    status, text = hub.page("/metrics")
    assert status == 200 and text.endswith("# EOF\n")
    assert 'carehub_ingest_events_total{outcome="accepted"} 1\n' in text, text
    assert "carehub_journal_head 2\n" in text  # the settings came first
    assert "carehub_subscriptions 0\n" in text and "carehub_deliveries_total 0\n" in text
    assert hub.page("/nowhere")[0] == 404
    status, text = hub.page("/")
    assert status == 200 and all(hub.page(line.split()[0])[0] == 200 for line in text.splitlines()[2:]), text
    slow = [socket.create_connection(("127.0.0.1", hub.http)) for _ in range(SLOW)]
    for client in slow:
        client.sendall(b"GET /healthz HTTP/1.1\r\nHost: hub\r\n")
    assert hub.page("/healthz")[0] == 200
    for client in slow:
        client.close()
    hub.stop()
