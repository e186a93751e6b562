"""A byte of the history rots on the disk: it is named, mended from a backup, and everything agrees
again."""
from lib import Hub, event

with Hub() as hub:
    ops = hub.peer("ops", roles="operator, consumer", topics=">")
    shop = hub.peer("shop", roles="producer", sources="urn:shop:*", types="website.>")
    hub.start()
    lines = [event("website.order.cancelled", n, "urn:shop:1", {"orderId": f"A{n}"})
             for n in range(50)]
    hub.run(shop, "publish", input="".join(lines[:25]))
    hub.run(ops, "backup", hub.root / "copy")
    hub.run(shop, "publish", input="".join(lines[25:]))
    hub.run(ops, "backup", hub.root / "copy")
    hub.stop()

    journal = hub.root / "var/lib/carehub/journal"
    segment, at = next((f, f.read_bytes().find(b"A7")) for f in sorted(journal.iterdir())
                       if f.is_file() and b"A7" in f.read_bytes())
    rotten = bytearray(segment.read_bytes())
    rotten[at] ^= 0x20
    segment.write_bytes(rotten)

    assert "journal\tDAMAGED" in hub.offline("verify", status=1)
    assert "repair\tok\tmended=1" in hub.offline("repair", hub.root / "copy")
    assert "verify\tok" in hub.offline("verify")
    hub.start()
    assert hub.ask(ops, "find", "--count", "--type", "website.>")[0]["matched"] == "50"
    hub.stop()
