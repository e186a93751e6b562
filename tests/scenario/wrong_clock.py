"""The machine's clock goes back, jumps weeks ahead, and is away with the hub for a night.  No event is
refused for it, arrival never goes back, and no promise is called missed before somebody has said that
the time is right."""
import time

from lib import Hub, event, until

DAY = 86400

def complaint(n):  # promises: acknowledged within a day, answered within three
    return event("website.complaint.filed", n, "urn:shop:1",
                 {"complaintId": f"C{n}", "complaintText": "loud",
                  "customer": {"phones": [{"value": f"138001380{n:02}"}]}})

with Hub() as hub:
    ops = hub.peer("ops", roles="operator, consumer", topics=">")
    shop = hub.peer("shop", roles="producer", sources="urn:shop:*", types="website.>",
                    region="CN", assurance="verified")
    hub.set_clock(0)

    def publish(n):
        """Publishes one, and returns its arrival in seconds."""
        receipt, = hub.ask(shop, "publish", input=complaint(n))
        assert receipt["outcome"] == "accepted"
        return int(hub.ask(ops, "get", receipt["sequence"])[0]["arrivalUs"]) / 1e6

    def missed():
        return [e["data"]["deadline"]["deadlineId"] for e in
                hub.ask(ops, "replay", "start:", "--to-stdout", "--type", "deadline.promise.missed")]

    hub.start()
    first = publish(1)
    hub.set_clock(-3 * DAY)
    second = publish(2)
    assert first < second < first + 1, "arrival went back"
    hub.set_clock(0)
    assert publish(3) < time.time() + 60  # set right again: that was no jump

    hub.set_clock(40 * DAY)
    hub.logged("clock.held")
    assert publish(4) < time.time() + 60, "arrival followed a clock that nobody has believed"
    assert missed() == []
    status, = hub.ask(ops, "status", status=2)
    assert [w["code"] for w in status["warnings"]] == ["clock.held"]
    until(lambda: '"name":"clock","ready":true,"note":"held"' in hub.page("/readyz")[1])
    assert "carehub_clock_held 1\n" in hub.page("/metrics")[1]
    hub.kill()
    hub.start()  # the next process does not believe it either
    assert publish(5) < time.time() + 60 and missed() == []
    until(lambda: len(hub.ask(ops, "replay", "start:", "--to-stdout",
                              "--type", "hub.clock.held")) == 2)  # subscribers hear of it

    plan, = hub.ask(ops, "clock", "accept")
    assert (plan["due"], plan.get("done", False)) == ("10", False)
    assert hub.ask(ops, "clock", status=1)[0]["held"]
    done, = hub.ask(ops, "clock", "accept", "--remark", "the battery was changed", "--yes")
    assert hub.ask(ops, "get", done["sequence"])[0]["event"]["type"] == "hub.clock.accepted"
    hub.ask(ops, "clock", "accept", status=1)  # nothing is held any more
    assert publish(6) > time.time() + 39 * DAY
    escalated = sorted(f"complaint.{what}/C{n}" for n in range(1, 6)
                       for what in ("acknowledge", "answer"))
    assert sorted(missed()) == escalated
    hub.stop()
    hub.start()
    assert not hub.ask(ops, "clock")[0].get("held", False) and sorted(missed()) == escalated

    hub.stop()  # and nobody is there when a promise falls due, but not for longer than the bound
    hub.set_clock(41 * DAY - 7200)
    hub.start()
    assert not hub.ask(ops, "clock")[0].get("held", False)
    publish(7)
    hub.stop()
    hub.set_clock(41 * DAY + 7200)
    hub.start()
    publish(8)
    escalated = sorted(escalated + ["complaint.acknowledge/C6"])
    assert sorted(missed()) == escalated
    hub.kill()
    hub.start()
    assert sorted(missed()) == escalated
    hub.stop()

    hub.set_clock(50 * DAY)  # nobody can say whether the hub was off so long, until NTP can
    hub.start()
    assert hub.ask(ops, "clock", status=1)[0]["held"]
    hub.set_clock(50 * DAY, ntp=True)
    hub.logged("clock.follows")
    assert publish(9) > time.time() + 49 * DAY
    hub.stop()
    assert "verify\tok" in hub.offline("verify")
