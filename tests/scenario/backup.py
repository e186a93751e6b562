"""A backup of a running hub becomes a hub again, with the same records, under a new incarnation."""
import shutil

from lib import Hub, event

def complaint(n):
    return event("website.complaint.filed", n, "urn:shop:1",
                 {"complaintId": f"C{n}", "complaintText": "loud",
                  "customer": {"phones": [{"value": f"138001380{n:02}"}]}})

with Hub() as hub:
    ops = hub.peer("ops", roles="operator, consumer", topics=">")
    shop = hub.peer("shop", roles="producer", sources="urn:shop:*", types="website.>",
                    region="CN", assurance="verified")
    hub.start()
    hub.run(shop, "publish", input="".join(map(complaint, range(20))))
    copy = hub.root / "copy"
    last = hub.ask(ops, "backup", copy)[-1]
    assert last["done"] and last["sequence"] == "21"
    before = hub.ask(ops, "customer", "13800138007")[0]["customer"]["customerNumber"]
    incarnation = hub.status(ops)["incarnation"]
    hub.stop()
    records = hub.offline("dump", "--hash")

    shutil.rmtree(hub.root / "var")
    assert "restore\tok" in hub.offline("restore", copy)
    assert hub.offline("dump", "--hash") == records
    assert "verify\tok" in hub.offline("verify")
    hub.start()
    assert hub.ask(ops, "customer", "13800138007")[0]["customer"]["customerNumber"] == before
    assert hub.status(ops)["incarnation"] != incarnation
    again = hub.ask(shop, "publish", input=complaint(7))
    assert again[0]["outcome"] == "duplicate"
    hub.stop()
