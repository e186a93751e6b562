"""The store is lost, in every way that a folder can be: gone, in part gone, damaged, of another time.  It
follows from the journal, so nothing is lost with it: the hub says so, makes it anew, and its records are
what they were.  The journal does not follow from it: a hub without one does not start."""
import shutil

from lib import Hub, event
from raw import Raw, frame, made

def complaint(n):
    return event("website.complaint.filed", n, "urn:shop:1",
                 {"complaintId": f"C{n}", "complaintText": "loud",
                  "customer": {"phones": [{"value": f"1380013{n:04}"}]}})

with Hub(store__freeze_changes="1000", store__freeze_after="50ms") as hub:
    ops = hub.peer("ops", roles="operator, consumer", topics=">")
    shop = hub.peer("shop", roles="producer", sources="urn:shop:*", types="website.>",
                    region="CN", assurance="verified")
    store, journal = hub.data / "store", hub.data / "journal"

    def runs():
        return sorted((store / "inbox").glob("run-*"))

    def flip(path, at):
        with path.open("r+b") as file:
            file.seek(at)
            byte = file.read(1)[0] ^ 0x20
            file.seek(at)
            file.write(bytes([byte]))

    def rebuilt(why):
        """It starts, has made the records anew and says why; they are as before."""
        hub.start()
        assert any("store.rebuild" in line and why in line for line in hub.lines), why
        again = hub.ask(shop, "publish", input=complaint(3))
        assert again[0]["outcome"] == "duplicate"
        hub.stop()
        hub.lines.clear()
        assert hub.offline("dump", "--hash") == records
        assert "verify\tok" in hub.offline("verify")

    hub.start()
    hub.run(shop, "publish", input="".join(map(complaint, range(500))))
    hub.run(ops, "checkpoint")
    hub.stop()
    records = hub.offline("dump", "--hash")

    for lost in store, store / "data.mdb", store / "inbox", runs()[0]:
        shutil.rmtree(lost) if lost.is_dir() else lost.unlink()
        rebuilt("reason=empty")
    with runs()[0].open("r+b") as file:
        file.truncate(5000)
    rebuilt("reason=")
    flip(runs()[0], 20)  # its head
    rebuilt("reason=")

    # Where only who looks there meets it: the hub stops, and makes the store anew at the next start.
    block = runs()[0]
    for at in range(8192, block.stat().st_size - 4096, 4096):
        flip(block, at)
    assert "verify\tFAILED" in hub.offline("verify", status=1)
    hub.start()
    with Raw(hub, shop) as wire:
        wire.send(frame("PUBLISH", frame=1, events=[made(3)]))
        hub.logged("store.distrusted")
        assert hub.process.wait(60) == 2
    rebuilt("reason=corrupt")

    # LMDB's own file, cut short and overwritten: nothing of it is believed.
    with (store / "data.mdb").open("r+b") as file:
        file.truncate(store.joinpath("data.mdb").stat().st_size // 2 // 4096 * 4096)
    rebuilt("reason=")
    with (store / "data.mdb").open("r+b") as file:
        file.write(b"\xff" * 8192)  # both its heads
    rebuilt("reason=")

    # Under the running hub: what is open stays open, and what is acknowledged is in the journal.
    hub.start()
    shutil.rmtree(store)
    receipts = hub.ask(shop, "publish", input="".join(map(complaint, range(500, 3000))))
    assert {r["outcome"] for r in receipts} == {"accepted"}
    hub.kill()
    hub.start()
    assert hub.ask(ops, "find", "start:", "--count", "--type", "website.>")[0]["matched"] == "3000"
    hub.run(ops, "checkpoint")
    hub.stop()
    assert "verify\tok" in hub.offline("verify")

    # The journal is gone, and then an older copy of it lies there: the store has applied more.
    shutil.copytree(journal, hub.root / "older")
    hub.start()
    hub.run(shop, "publish", input=complaint(3000))
    hub.run(ops, "checkpoint")
    hub.stop()
    shutil.move(journal, hub.root / "newest")
    hub.refuses_to_start("journal.short")
    shutil.copytree(hub.root / "older", journal)
    hub.refuses_to_start("journal.short")
    shutil.rmtree(journal)
    shutil.move(hub.root / "newest", journal)
    hub.start()
    assert hub.ask(shop, "publish", input=complaint(3000))[0]["outcome"] == "duplicate"
    hub.stop()
    assert "verify\tok" in hub.offline("verify")
