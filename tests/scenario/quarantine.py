"""An order without its lines is kept, not lost: an operator finds it, corrects it under its old id,
and gives another one up.  Both are in the journal, so the records still equal it."""
import json

from lib import Hub, event

ORDER = {"orderId": "A1", "customer": {"phones": [{"value": "13800138000"}]}}

with Hub() as hub:
    ops = hub.peer("ops", roles="operator, consumer", topics=">")
    shop = hub.peer("shop", roles="producer", sources="urn:shop:*", types="website.>",
                    region="CN", assurance="verified")
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
    hub.run(ops, "quarantine", "discard", 3, "--remark", "never paid", "--yes")
    hub.run(ops, "quarantine", "discard", 3, "--yes", status=1)
    assert hub.ask(ops, "quarantine") == []
    assert "quarantined" not in hub.ask(ops, "status")[0]
    assert [i["state"] for i in hub.ask(ops, "quarantine", "--all")] == ["released", "discarded"]
    record, = hub.ask(ops, "customer", "13800138000")
    assert record["orders"][0]["orderId"] == "A1"
    # Nobody but an operator may do any of this.
    hub.run(shop, "quarantine", status=2)
    hub.stop()
    assert "verify\tok" in hub.offline("verify")
