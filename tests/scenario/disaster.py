"""The data is lost and a backup that was made under load takes its place: the records are those of the
original at that point, positions of the lost journal are refused, and what producers send again is taken
once."""
import shutil

from lib import Hub, carehub, event

EVENTS = 40000
EARLIEST, RESET_STATUS, RESET_MARK = {"from": 1}, 21, 4


def cancelled(n):
    return event("website.order.cancelled", n, "urn:shop:1", {
        "orderId": f"A{n // 2}", "customer": {"phones": [{"value": f"1380000{n % 3000:04}"}]}})


def first_of(client, **wish):
    """The first item of a subscription."""
    subscription = client.subscribe(name="mirror", start=EARLIEST, credit=64, **wish)
    item = subscription.next(20)
    return subscription, item


# Small segments, archived at once: the journal moves under the backup.
with Hub(journal__segment="1M", journal__archive_after="0s") as hub:
    ops = hub.peer("ops", roles="operator, consumer", topics=">")
    shop = hub.peer("shop", roles="producer", sources="urn:shop:*", types="website.>",
                    region="CN", assurance="verified")
    module = hub.peer("module", roles="consumer", topics=">")
    day, copy, data = hub.root / "day.jsonl", hub.root / "copy", hub.root / "var/lib/carehub"
    day.write_text("".join(map(cancelled, range(EVENTS))))

    def head():
        return int(hub.status(ops)["head"])

    hub.start()
    publisher = hub.spawn(shop, "publish", day, "--quiet")
    while head() < EVENTS // 10:
        pass
    saved = int(hub.ask(ops, "backup", copy)[-1]["sequence"])
    with hub.client(module) as client:
        subscription, item = first_of(client)
        subscription.ack(item[1]["sequence"])
        lost = client.welcome["incarnation"]
        subscription.close()
    assert publisher.wait(60) == 0
    full = head()
    assert EVENTS // 10 <= saved < full, (saved, full)
    hub.stop()
    then = hub.offline("dump", "--at", str(saved), "--hash")
    assert then != hub.offline("dump", "--hash")

    data.rename(hub.root / "lost")
    assert f"head={saved}\n" in hub.offline("restore", copy)
    assert hub.offline("dump", "--hash") == then
    assert "verify\tok" in hub.offline("verify")

    # What the hub itself knew of positions is no part of the backup; even where it survived, it is void.
    shutil.rmtree(data / "desk", ignore_errors=True)
    shutil.copytree(hub.root / "lost/desk", data / "desk")
    hub.start()
    with hub.client(module) as client:
        assert client.welcome["incarnation"] != lost
        try:
            first_of(client, position=1, position_incarnation=lost)
            raise AssertionError("a position of the lost journal was taken")
        except carehub.Refused as refused:
            assert refused.args[0] == RESET_STATUS, refused
    with hub.client(module) as client:
        kind, mark = first_of(client)[1]
        assert (kind, mark["what"]) == ("mark", RESET_MARK), mark
    hub.run(shop, "publish", day, "--quiet")
    assert head() == full  # duplicates are no entries
    hub.stop()
    assert "verify\tok" in hub.offline("verify")
