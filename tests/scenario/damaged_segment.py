"""Bytes of the journal rot: in a full segment, in the middle of the one that is being written, in the
archive.  Each is named, subscribers are told of the gap, a backup mends it; and when there is no backup the
operator goes on without what is lost, in so many words."""
import re
import shutil

from lib import Hub, event, until
from raw import Raw

LAST = 2500
BYTES = b"still loud, number %d."

def complaint(n):
    return event("website.complaint.filed", n, "urn:shop:1",
                 {"complaintId": f"C{n}", "complaintText": (BYTES % n).decode() + "x" * 900,
                  "customer": {"phones": [{"value": "13800138000"}]}})

def flip(path, at):
    with path.open("r+b") as file:
        file.seek(at)
        byte = file.read(1)[0] ^ 0x20
        file.seek(at)
        file.write(bytes([byte]))

SETTINGS = {"bus__listen": "tcp://127.0.0.1:*", "live__listen": "", "http__listen": "127.0.0.1:0",
            "journal__segment": "1M", "journal__spares": "1"}

with Hub(**SETTINGS, journal__archive_after="1d") as hub:
    ops = hub.peer("ops", roles="operator, consumer", topics=">")
    shop = hub.peer("shop", roles="producer", sources="urn:shop:*", types="website.>",
                    region="CN", assurance="verified")
    journal, copy = hub.data / "journal", hub.root / "copy"

    def rot(n, folder=journal):
        """One bit of what complaint n says, and the second time back again; returns the file's name."""
        for path in sorted(folder.glob("**/*")):
            at = path.read_bytes().find(BYTES % n) if path.is_file() else -1
            if at >= 0:
                flip(path, at + len(BYTES % n))
                return path.name
        raise AssertionError(f"complaint {n} is nowhere")

    def told(lost):
        """A subscriber gets all but what is lost, and is told of that."""
        with Raw(hub, ops) as wire:
            sequences, gaps = wire.history("website.>")
        missing = {s for first, last in gaps for s in range(first, last + 1)}
        assert missing and missing <= lost, gaps
        assert sequences == [s for s in range(2, LAST + 1) if s not in missing], gaps
        return missing

    def mend(file, n=None):
        """Damage, at complaint n, is named and told; the backup mends it."""
        said = hub.offline("verify", status=1)
        assert file in said, said
        first, last = map(int, re.search(rf"sequence=(\d+) to=(\d+) at {file}", said).groups())
        assert "journal\tDAMAGED" in said
        hub.start()
        missing = told(set(range(first, last + 1)))
        assert n is None or n in missing
        hub.stop()
        assert "repair\tok\tmended=1" in hub.offline("repair", copy)
        assert "verify\tok" in hub.offline("verify") and hub.offline("dump", "--hash") == records

    hub.start()
    hub.run(shop, "publish", input="".join(map(complaint, range(2, LAST - 9))))
    for n in range(LAST - 9, LAST + 1):
        hub.run(shop, "publish", input=complaint(n))  # a batch each
    hub.run(ops, "backup", copy)
    number = hub.ask(ops, "customer", "13800138000")[0]["customer"]["customerNumber"]
    hub.stop()
    records = hub.offline("dump", "--hash")
    assert len(list(journal.glob("*.seg"))) >= 4

    mend(rot(7), 7)                # long ago
    mend(rot(LAST - 5), LAST - 5)  # just now, with good batches behind it
    assert any("journal.damage" in line for line in hub.lines)

    # The last batch of all looks torn, but the store knows that it was not: nothing is cut off.
    last = rot(LAST)
    hub.refuses_to_start("journal.short")
    assert f"journal\tSHORT\thead={LAST - 1}" in hub.offline("verify", status=1)
    for word in "rebuild", "dump":
        hub.offline(word, status=2)
    hub.offline("repair", copy, status=2)
    rot(LAST)  # the same bit again: it is whole
    assert "verify\tok" in hub.offline("verify")

    # In the archive; and what is damaged does not get there, but is told of while the hub runs.
    rot(7)
    hub.configure(**SETTINGS, journal__archive_after="0")
    hub.start()
    until(lambda: any("journal.damage segments=1" in line for line in hub.lines))
    status, = hub.ask(ops, "status", status=2)
    assert [w["code"] for w in status["warnings"]] == ["journal.damage"]
    assert "carehub_journal_damage 1\n" in hub.page("/metrics")[1]
    until(lambda: list(journal.glob("archive/*.zst")))
    hub.stop()
    assert "mended=1" in hub.offline("repair", copy)
    hub.start()
    until(lambda: len(list(journal.glob("archive/*.zst"))) >= 3)
    hub.stop()
    archive = sorted(journal.glob("archive/*.zst"))[0]
    flip(archive, archive.stat().st_size // 2)
    mend(archive.name)

    # No backup, and the store has gone too: the records cannot be made whole again, and only an
    # operator can say that they are to be made without what is lost.
    flip(archive, archive.stat().st_size // 2)
    shutil.rmtree(hub.data / "store")
    hub.refuses_to_start("store.fold")
    hub.offline("rebuild", status=2)
    hub.offline("rebuild", "--past-damage")
    hub.start()
    assert 5 in told(set(range(1, LAST)))  # the first entry, the settings, is lost with it
    # The customer was made by an entry that is gone.  His number is not given to anybody else.
    shown, = hub.ask(ops, "customer", number)
    assert shown["customer"]["customerNumber"] == number
    again = hub.ask(shop, "publish", input=complaint(5) + complaint(LAST))
    assert [r["outcome"] for r in again] == ["accepted", "duplicate"]  # what is lost may come again
    assert again[0]["customer"] not in (number, "0")
    hub.stop()
    assert "journal\tDAMAGED" in hub.offline("verify", status=1)
