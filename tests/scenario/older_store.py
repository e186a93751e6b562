"""A store that an earlier version's fold has made is made anew from the journal, beside the old one.  Where the
journal has damage that nobody knew of, the old one is all there is: it stays, and the hub runs."""
import shutil

from lib import Hub, event

META = bytes(1)  # the number of the table `meta`
LAST = 1500
BYTES = b"still loud, number %d."


def complaint(n):
    return event("website.complaint.filed", n, "urn:shop:1",
                 {"complaintId": f"C{n}", "complaintText": (BYTES % n).decode() + "x" * 900,
                  "customer": {"phones": [{"value": f"1380013{n:04}"}]}})


def crc32c(data):
    sum = 0xffffffff
    for byte in data:
        sum ^= byte
        for _ in range(8):
            sum = sum >> 1 ^ (0x82f63b78 if sum & 1 else 0)
    return (sum ^ 0xffffffff).to_bytes(4, "little")


def fold(version):
    """In the store's table `meta`: key, value and sum, as docs/formats-store.md has them."""
    value = version.to_bytes(4, "little")
    return b"fold" + value + crc32c(META + b"fold" + value)


with Hub(journal__segment="1M", journal__spares="1", journal__archive_after="1d",
         store__freeze_changes="1000", store__freeze_after="50ms") as hub:
    ops = hub.peer("ops", roles="operator, consumer", topics=">")
    shop = hub.peer("shop", roles="producer", sources="urn:shop:*", types="website.>", region="CN")
    store, old = hub.data / "store", hub.data / "store.old"

    def age():
        """As the version before left it."""
        data = (store / "data.mdb").read_bytes()
        assert fold(3) in data
        (store / "data.mdb").write_bytes(data.replace(fold(3), fold(2)))

    def starts(*words):
        hub.lines.clear()
        hub.start()
        for word in words:
            assert any(word in line for line in hub.lines), (word, hub.lines)
        assert len(hub.ask(ops, "customer", "13800131499")) == 1
        hub.stop()
        assert not old.exists()

    hub.start()
    hub.run(shop, "publish", input="".join(complaint(n) for n in range(1, LAST)))
    hub.stop()
    records = hub.offline("dump", "--hash")

    age()
    starts("store.rebuild reason=version")
    assert hub.offline("dump", "--hash") == records
    assert "verify\tok" in hub.offline("verify")

    # It was killed while it made the new one: of that there is a beginning.
    age()
    shutil.copytree(store, old)
    shutil.rmtree(store)
    starts()
    assert hub.offline("dump", "--hash") == records

    # A bit has rotted in the oldest segment, which no start reads.
    age()
    first, = (path for path in (hub.data / "journal").glob("**/*")
              if path.is_file() and BYTES % 40 in path.read_bytes())
    data = bytearray(first.read_bytes())
    data[data.index(BYTES % 40) + 6] ^= 0x20
    first.write_bytes(data)
    starts("store.rebuild reason=version", "store.kept")
    starts()  # and it is not tried again
    hub.start()
    assert len(hub.ask(ops, "customer", "13800130040")) == 1, "what the damaged entry gave the records"
    hub.stop()
