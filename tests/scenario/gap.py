"""The first entry of the history rots: what folds from the beginning says so and stops, it does not
crash."""
from lib import Hub, event

FIRST_ENTRY = 4096 + 128 + 24  # the segment's label, the batch's head, the entry's head

with Hub() as hub:
    shop = hub.peer("shop", roles="producer", sources="urn:shop:*", types="website.>")
    hub.start()
    hub.run(shop, "publish",
            input=event("website.order.cancelled", 1, "urn:shop:1", {"orderId": "A1"}))
    hub.stop()

    segment = next(f for f in sorted((hub.root / "var/lib/carehub/journal").iterdir())
                   if f.is_file() and f.suffix == ".seg")
    rotten = bytearray(segment.read_bytes())
    rotten[FIRST_ENTRY] ^= 0x20
    segment.write_bytes(rotten)

    assert "journal\tDAMAGED" in hub.offline("verify", status=1)
    hub.offline("dump", "--at", "1", "--hash", status=2)
    hub.offline("rebuild", status=2)
