"""Somebody else fills the disk.  First to the reserve: new events are put off, everything else works.
Then to the last byte: what was acknowledged is there, also after a crash, and when there is room again the
hub goes on as if nothing had been."""
from lib import Hub, alone, event, until
from raw import Raw, made

RESERVE = 24 << 20
PHONE = {"phones": [{"value": "13800138000"}]}

alone()
with Hub(journal__segment="1M", journal__spares="1", journal__reserve=RESERVE,
         store__freeze_changes="1000", store__freeze_after="50ms") as hub:
    hub.own_disk("96M")
    ops = hub.peer("ops", roles="operator, consumer, admin", topics=">")
    shop = hub.peer("shop", roles="producer", sources="urn:shop:*", types="website.>",
                    region="CN", assurance="verified")

    def stored(first, last):
        """They are in the journal, each once."""
        found = hub.ask(ops, "find", "start:", "--limit", 100000, "--type", "website.>")
        ids = [int(e["event"]["id"]) for e in found]
        return len(ids) == len(set(ids)) and set(range(first, last)) <= set(ids)

    hub.start()
    hub.run(shop, "publish", status=1, input=event("website.order.placed", 0, "urn:shop:1",
                                                   {"orderId": "A0", "customer": PHONE}))
    hub.run(ops, "tail", "start", "--as", "module", "--limit", 1)
    with Raw(hub, shop) as wire:
        assert {r["outcome"] for n in range(1, 200) for r in wire.publish(made(n))} == {"accepted"}

        # To the reserve.
        hub.fill_disk(RESERVE - (1 << 20))
        hub.logged("disk.low")
        head = hub.ask(ops, "status", status=2)[0]["head"]
        put_off, known = wire.publish(made(200), made(1))
        assert (put_off["outcome"], put_off["reason"]) == ("retry_after", "retry")
        assert put_off["retry_after_ms"] > 0 and put_off["sequence"] == 0
        assert known["outcome"] == "retry_after"  # also what is known: it is looked up later
        status, = hub.ask(ops, "status", status=2)
        assert (status["hold"], status["head"]) == ("disk.low", head)
        assert status["warnings"][0]["code"] == "disk.low"
        until(lambda: hub.page("/readyz")[0] == 503)
        metrics = hub.page("/metrics")[1]
        assert "carehub_ingest_held 1\n" in metrics
        assert 'carehub_ingest_events_total{outcome="retry_after"} 2\n' in metrics
        assert stored(1, 200) and hub.ask(ops, "customer", "13800138000", status=1) == []
        # What frees the hub of something is taken, and so are decisions.
        hub.run(ops, "quarantine", "discard", 2, "--yes")
        hub.run(ops, "seek", "module", "start", "--yes")
        hub.run(ops, "consumers", "delete", "module", "--yes")
        hub.run(ops, "checkpoint")
        hub.free_disk()
        hub.logged("disk.ok")
        assert wire.publish(made(200))[0]["outcome"] == "accepted"
        until(lambda: hub.page("/readyz")[0] == 200)
    hub.stop()

    # To the last byte, without a reserve to warn of it.
    hub.configure(bus__listen="tcp://127.0.0.1:*", live__listen="", http__listen="127.0.0.1:0",
                  journal__segment="1M", journal__spares="1", journal__reserve="0",
                  store__freeze_changes="1000", store__freeze_after="50ms")
    hub.start()
    with Raw(hub, shop) as wire:
        hub.fill_disk(0)
        taken = 201
        while (receipt := wire.publish(made(taken, subject="x" * 200))[0])["outcome"] == "accepted":
            taken += 1
            assert taken < 20000
        assert (receipt["outcome"], receipt["reason"]) == ("retry_after", "full")
        assert receipt["retry_after_ms"] > 0 and stored(1, taken)
        until(lambda: hub.page("/readyz")[0] == 503)  # the store cannot be written, and says so
        until(lambda: "store.failed" in hub.warned(ops))
        hub.kill()
    hub.start()  # on a disk without a byte
    assert stored(1, taken)
    with Raw(hub, shop) as wire:
        assert wire.publish(made(taken))[0]["outcome"] == "retry_after"
        hub.free_disk()
        until(lambda: wire.publish(made(taken))[0]["outcome"] in ("accepted", "duplicate"))
        until(lambda: hub.page("/readyz")[0] == 200)
        until(lambda: hub.warned(ops) == [])
        assert wire.publish(made(taken + 1))[0]["outcome"] == "accepted"
        assert wire.publish(made(1))[0]["outcome"] == "duplicate"
    assert stored(1, taken + 2)
    hub.stop()
    assert "verify\tok" in hub.offline("verify")
