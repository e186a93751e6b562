"""The command line against a hub: what went in is found in every way; exit statuses tell."""
from lib import Hub, event

with Hub() as hub:
    ops = hub.peer("ops", roles="operator, consumer, admin", topics=">")
    till = hub.peer("shop", roles="producer, consumer", topics=">",
                    sources="urn:shop:*", types="website.>", region="CN", assurance="verified")
    hub.start()
    lines = "".join(event("website.complaint.filed", n, "urn:shop:1",
                          {"complaintId": f"C{n}", "complaintText": "坏了",
                           "customer": {"name": {"family": "王", "given": "芳"},
                                        "phones": [{"value": "138 0013 8000"}]}})
                    for n in range(1, 4))
    assert len(hub.ask(till, "publish", input=lines)) == 3
    assert [r["outcome"] for r in hub.ask(till, "publish", input=lines)] == ["duplicate"] * 3
    assert hub.ask(till, "publish", "--dry-run", input="{}", status=1)[0]["reason"] == "missing"

    status, = hub.ask(ops, "status")
    assert (status["head"], status["customers"], status["openDeadlines"]) == ("4", "1", "6")
    found = hub.ask(ops, "find", "2:", "--type", "website.>")
    assert [e["sequence"] for e in found] == ["2", "3", "4"]
    number = found[0]["customer"]
    assert len(hub.ask(ops, "find", "--customer", number)) == 3
    assert hub.ask(ops, "find", "-1h", "--count")[0]["matched"] == "4"
    entry, = hub.ask(ops, "get", "urn:shop:1", 3)
    assert entry["event"]["data"]["complaintId"] == "C3" and entry["customer"] == number
    (by_number,), (by_phone,) = (hub.ask(ops, "customer", key) for key in (number, "+86 138-0013-8000"))
    # A phone, other than a number, is somebody's by what is known of it.
    assert by_phone == by_number | {"proven": "ANSWER_YES", "keyAssurance": "ASSURANCE_VERIFIED"}
    assert "王芳" in hub.run(ops, "customer", number)
    assert len(hub.ask(ops, "deadlines")) == 6
    hub.run(ops, "checkpoint")
    hub.run(ops, "doctor")

    hub.run(ops, "get", 99, status=1)
    hub.run(ops, "find", "yesterday", status=64)
    hub.run(ops, "seek", "nobody", status=64)
    hub.run(till, "find", status=2)  # a producer may not look at the journal
    assert hub.ask(till, "customer", number)  # a consumer may ask for customers
    rules = hub.root / "rules.conf"
    rules.write_text("limit.phone=3\n")
    hub.run(ops, "settings", "write", rules, "--yes")
    assert "limit.phone=3\n" in hub.run(ops, "settings")
    hub.stop()
    hub.run(ops, "status", "--timeout", 1, status=2)
