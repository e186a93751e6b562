"""A site whose peer has a scope speaks of its own numbers: it looks up its own order, and nobody else's of
the same number, however it is asked for."""
from lib import Hub, event
from website_site import SECRET, Site, signed

with Hub() as hub:
    other = hub.peer("other", roles="producer", sources="urn:other", types="website.>, repair.>")
    clerk = hub.peer("clerk", roles="consumer", topics=">", scope="WEST")
    ops = hub.peer("ops", roles="operator, consumer", topics=">", scope="WEST")
    site = Site(hub, rights={"scope": "WEST"}, status__enabled="yes", status__least="1ms",
                website__scope="WEST")
    site.sender("web", secret=SECRET)
    hub.start()

    def order(phone):
        return {"orderId": "1001", "lines": [{"productId": "TV"}],
                "customer": {"phones": [{"value": phone}]}}

    hub.run(other, "publish", input=event("website.order.placed", 1, "urn:other", order("13800138000")))
    hub.run(other, "publish", input=event("repair.order.received", 2, "urn:other", {
        "repairOrderId": "R1", "station": {"stationId": "SH12"}, "unit": {"serialNumber": "SN-1234"},
        "customer": {"localId": "C1", "phones": [{"value": "13800138000"}]}}))
    with site:
        status, answer = site.post("/webhooks", signed(SECRET, "m1", {
            "type": "website.order.placed", "timestamp": "2026-03-01T08:00:00Z", "data": order("13900139111")}))
        assert status == 200, answer

        def look(query):
            return site.ask("GET", "/status?" + query)[0]

        assert look("order=1001&phone=9111") == 200
        assert look("order=1001&phone=8000") == 404
        assert look("repair=R1&serial=SN-1234") == 404
        assert look("order=../1001&phone=8000") == 404

    # The hub itself holds it: by number its peers are told of nothing else, but for operators.
    assert hub.ask(clerk, "get", "order/WEST/1001")[0]["orderId"] == "WEST/1001"
    hub.run(clerk, "get", "order/1001", status=1)
    hub.run(clerk, "get", "repair/R1", status=1)
    assert hub.ask(ops, "get", "repair/R1")[0]["repairOrderId"] == "R1"
    hub.stop()
