"""An administrator moves one subscription back and replays a stretch to another; positions stay where
they were.  A replay to a file needs no subscription."""
import json

from lib import Hub, event

def orders(first, last):
    return "".join(event("website.order.cancelled", n, "urn:shop:1", {"orderId": f"A{n}"})
                   for n in range(first, last))

with Hub() as hub:
    ops = hub.peer("ops", roles="operator")
    shop = hub.peer("shop", roles="producer", sources="urn:shop:*", types="website.>")
    module = hub.peer("module", roles="consumer", topics="website.>")

    def take(name, count):
        """The next deliveries of a durable subscription: sequence and mode."""
        return [(int(e["sequence"]), e["mode"]) for e in
                hub.ask(module, "tail", "start", "--as", name, "--limit", count)]

    def position(name):
        return hub.ask(ops, "consumers", "show", name)[0]["cursor"]

    hub.start()
    hub.run(shop, "publish", input=orders(0, 20))  # 1 is the settings, 2 to 21 the orders
    for name in "marketing", "quality":
        assert [s for s, _ in take(name, 20)] == list(range(2, 22))
    assert (position("marketing"), position("quality")) == ("21", "21")

    plan = hub.ask(ops, "seek", "marketing", 11)[0]
    assert (plan["oldCursor"], plan["newCursor"], plan["change"]) == ("21", "10", "11")
    assert position("marketing") == "21"
    hub.run(ops, "seek", "marketing", 11, "--yes")
    assert [s for s, _ in take("marketing", 11)] == list(range(11, 22))

    plan = hub.ask(ops, "replay", "5:8", "--to", "quality")[0]
    assert (plan["total"], plan["matched"], plan["state"]) == ("4", "4", "planned")
    job = hub.ask(ops, "replay", "5:8", "--to", "quality", "--rate", 100, "--yes")[0]["job"]
    assert take("quality", 4) == [(n, "replay") for n in range(5, 9)]
    hub.run(shop, "publish", input=orders(20, 21))
    assert [s for s, _ in take("quality", 1)] == [22]
    assert (position("marketing"), position("quality")) == ("21", "22")
    done, = [j for j in hub.ask(ops, "replay", "list") if j["job"] == job]
    assert (done["state"], done["acked"]) == ("done", "4")

    path = hub.root / "day.jsonl"
    viewer = hub.peer("viewer", roles="consumer", topics=">")
    hub.reload()
    hub.run(viewer, "replay", "3:6", "--to-file", path)
    assert [json.loads(line)["sequence"] for line in path.open()] == ["3", "4", "5", "6"]
    hub.run(viewer, "replay", "3:6", "--to-file", path, status=2)  # never over another

    hub.run(ops, "consumers", "delete", "quality", "--yes")
    hub.run(ops, "seek", "quality", "start", status=1)
    hub.stop()
