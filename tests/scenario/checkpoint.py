"""Where an adapter stands in its source is kept with the event that it belongs to: what has a receipt has
its checkpoint, through kill -9, records made anew and a restore, and only for those who may be that
source."""
import shutil

from lib import Hub
from raw import Raw, frame, made

with Hub() as hub:
    ops = hub.peer("ops", roles="operator, consumer", topics=">")
    shop = hub.peer("shop", roles="producer", sources="urn:shop:*", types="website.>",
                    region="CN", assurance="verified")
    other = hub.peer("other", roles="producer", sources="urn:other:*", types="website.>",
                     region="CN", assurance="verified")

    def kept(peer=shop):
        """What a welcome brings, by source."""
        with Raw(hub, peer, hello=False) as wire:
            wire.send(frame("HELLO", version=1, agent="raw",
                            checkpoint_sources=["urn:shop:1", "urn:shop:2", "urn:shop:3"]))
            kind, welcome = wire.next()
            assert kind == "WELCOME", (kind, welcome)
            return {each["source"]: (each["checkpoint"], each["sequence"])
                    for each in welcome.get("checkpoints", [])}

    hub.start()
    with Raw(hub, shop) as wire:
        first, second = wire.publish(
            made(1, checkpoint=b"line 1"), made(2, source="urn:shop:2", checkpoint=b"page\x00 9"))
        newest, bare = wire.publish(made(3, checkpoint=b"line 2"), made(4))
        # A duplicate moves nothing back, and what is set aside moves nothing on.
        again, torn = wire.publish(made(1, checkpoint=b"line 1"),
                                   made(5, checkpoint=b"line 3", data=b"\xff"))
    assert [r["outcome"] for r in (first, second, newest, bare)] == ["accepted"] * 4
    assert (again["outcome"], torn["outcome"]) == ("duplicate", "refused")
    wanted = {"urn:shop:1": (b"line 2", newest["sequence"]),
              "urn:shop:2": (b"page\x00 9", second["sequence"])}
    hub.kill()

    hub.start()
    assert kept() == wanted, kept()
    assert kept(other) == {}, "another peer's places are nobody's business"
    hub.kill()

    records = hub.offline("dump", "--hash")
    assert "verify\tok" in hub.offline("verify")
    hub.offline("rebuild")
    assert hub.offline("dump", "--hash") == records
    hub.start()
    assert kept() == wanted
    copy = hub.root / "copy"
    hub.run(ops, "backup", copy)
    hub.stop()

    shutil.rmtree(hub.root / "var")
    assert "restore\tok" in hub.offline("restore", copy)
    assert hub.offline("dump", "--hash") == records
    hub.start()
    assert kept() == wanted
    hub.stop()
