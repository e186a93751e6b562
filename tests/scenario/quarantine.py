"""An order without its lines is kept, not lost: an operator finds it, corrects it under its old id,
and gives another one up.  The correction means what it would have meant from the shop: its local
numbers are the shop's, and verified no more than the shop says.  All of it is in the journal, so the
records still equal it."""
import json

from lib import Hub, event, wire

ORDER = {"orderId": "A1", "customer": {"phones": [{"value": "2345 6789"}]}}

with Hub() as hub:
    ops = hub.peer("ops", roles="operator, consumer, producer", sources="urn:desk:*",
                   types="website.>", topics=">", region="CN", assurance="verified")
    shop = hub.peer("shop", roles="producer", sources="urn:shop:*", types="website.>",
                    region="HK", assurance="claimed")
    hub.start()
    kept, = hub.ask(shop, "publish", status=1,
                    input=event("website.order.placed", 1, "urn:shop:1", ORDER))
    assert (kept["outcome"], kept["reason"], kept["field"]) == ("refused", "missing", "lines")
    hub.run(shop, "publish", status=1,
            input=event("website.order.placed", 2, "urn:shop:1", ORDER))
    assert hub.ask(ops, "status", status=1)[0]["quarantined"] == "2"
    listed = hub.ask(ops, "quarantine")
    assert [(i["sequence"], i["id"]) for i in listed] == [(kept["sequence"], "1"), ("3", "2")]

    # The event as it was, ready for an editor.
    bad = hub.ask(ops, "quarantine", "show", kept["sequence"])[0]
    bad["data"]["lines"] = [{"productId": "P1", "quantity": {"unscaled": "1"}}]
    path = hub.root / "corrected.json"
    path.write_text(json.dumps(bad))
    hub.run(ops, "quarantine", "correct", kept["sequence"], path)  # only the plan
    assert len(hub.ask(ops, "quarantine")) == 2
    done = hub.ask(ops, "quarantine", "correct", kept["sequence"], path, "--yes")[0]
    assert done["done"] and done["receipt"]["outcome"] == "ACCEPTED"
    hub.run(ops, "quarantine", "resubmit", kept["sequence"], "--yes", status=1)  # once only

    hub.run(ops, "quarantine", "resubmit", 3, "--yes", status=1)  # still without its lines
    # A correction that is no better is kept beside it, as the shop's and by whom.
    poor = {"id": "2", "source": "urn:shop:1", "type": "website.order.placed",
            "data": wire.encode_one(1, "text", "A9")}
    with hub.client(ops) as desk:
        desk.request("Resubmit", wire.encode_one(1, "int", 3) + wire.encode_one(2, "Event", poor))
    worse = hub.ask(ops, "quarantine")[1]
    assert (worse["peer"], worse["correctedBy"], worse["refersTo"]) == ("shop", "ops", "3")
    assert "was to correct entry 3" in hub.run(ops, "quarantine", "show", worse["sequence"])
    hub.run(ops, "quarantine", "discard", worse["sequence"], "--yes")
    hub.run(ops, "quarantine", "discard", 3, "--remark", "never paid", "--yes")
    hub.run(ops, "quarantine", "discard", 3, "--yes", status=1)
    assert hub.ask(ops, "quarantine") == []
    assert "quarantined" not in hub.status(ops)
    assert [i["state"] for i in hub.ask(ops, "quarantine", "--all")] == \
        ["released", "discarded", "discarded"]
    record, = hub.ask(ops, "customer", "+852 2345 6789")
    assert record["orders"][0]["orderId"] == "A1"
    entry, = hub.ask(ops, "get", done["receipt"]["sequence"])
    assert (entry["peer"], entry["correctedBy"]) == ("shop", "ops")
    # What the desk has verified is not what a customer typed into the shop.
    again, = hub.ask(ops, "publish", input=event("website.order.placed", 1, "urn:desk:1", {
        **ORDER, "orderId": "A2", "lines": bad["data"]["lines"],
        "customer": {"phones": [{"value": "+852 2345 6789"}]}}))
    assert again["customer"] != done["receipt"]["customer"]
    # Nobody but an operator may do any of this.
    hub.run(shop, "quarantine", status=2)
    hub.stop()
    assert "verify\tok" in hub.offline("verify")
