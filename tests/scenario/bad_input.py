"""Everything that a stranger may send by mistake or on purpose, byte for byte: each has its typed answer,
what is to be kept is kept with its reason, and the hub goes on.  docs/protocol.md, "What is wrong and what
is said", is this table for people."""
import signal

from lib import Hub, Peer
from raw import NOON, Raw, encode, frame, made

YEAR_US = 31556952 * 10**6
NOTHING, KEPT = False, True

# What is wrong, the event, and the receipt: outcome, reason, field at fault, whether it was kept.
EVENTS = [
    ("a foreign source", made(10, source="urn:other:1"), "refused", "denied", "source", NOTHING),
    ("no right to the type", made(11, type="repair.order.received"), "refused", "denied", "type", NOTHING),
    ("no id", made(""), "refused", "missing", "id", NOTHING),
    ("no source", made(12, source=""), "refused", "missing", "source", NOTHING),
    ("an id too long", made("x" * 201), "refused", "too_large", "id", NOTHING),
    ("an event too large", made(13, personal=b"\xa2\x06\x80\x80\x10" + b"x" * (1 << 18)),
     "refused", "too_large", "event", NOTHING),
    ("bytes that are no event", b"\xff" * 40, "refused", "format", "event", NOTHING),
    ("nothing at all", b"", "refused", "missing", "id", NOTHING),
    ("a torn event", made(14) + b"\x52\x7f", "refused", "format", "event", KEPT),
    ("torn data", made(15, data=b"\x0a\x7fA"), "refused", "format", "data", KEPT),
    ("a number for a text", made(16, data=b"\x08\x01"), "refused", "format", "order_id", KEPT),
    ("a text that is no UTF-8", made(17, data=b"\x0a\x01\xff"), "refused", "format", "order_id", KEPT),
    ("something personal in the open part", made(18, data=b"\xa2\x06\x01x"),
     "refused", "invalid", "data", KEPT),
    ("a mandatory field missing", made(19, data=b""), "refused", "missing", "order_id", KEPT),
    ("an unknown type", made(20, type="website.order.vanished"),
     "refused", "unknown_type", "type", KEPT),
    ("a schema of the future", made(21, dataschema="https://example.org/carehub/v2/website.proto"),
     "refused", "version", "dataschema", KEPT),
    ("a field of the future", made(22, data=b"\x0a\x02A1\xf2\x05\x03new"), "accepted", 0, "", NOTHING),
    ("a clock without a battery", made(23, time_us=1), "accepted", 0, "", NOTHING),
    ("a clock years ahead", made(24, time_us=NOON + 30 * YEAR_US), "accepted", 0, "", NOTHING),
    ("a clock before time", made(25, time_us=(1 << 64) - YEAR_US), "accepted", 0, "", NOTHING),
    ("a time beyond all clocks", made(26, time_us=(1 << 63) - 1, sent_us=1 << 63),
     "accepted", 0, "", NOTHING),
    ("the same again", made(1), "duplicate", 0, "", NOTHING),
    ("a known id with other content", made(1, data=b"\x0a\x02B2"), "conflict", "conflict", "", KEPT),
]

# Messages, and the refusal: its reason, and whether the connection ends with it.
MESSAGES = [
    ("too many events", frame("PUBLISH", frame=1, events=[b""] * 257), "too_large", False),
    ("no events", frame("PUBLISH", frame=1), "missing", False),
    ("a PUBLISH that is none", b"CH\x01\x02" + b"\x12\x7f", "format", False),
    ("a kind of the future", b"CH\x01\x3f", "unsupported", False),
    ("a right that one has not", frame("SUBSCRIBE", handle=1, filter={"types": ["pos.>"]}, credit=1),
     "denied", False),
    ("a SUBSCRIBE that is none", b"CH\x01\x03\x12\x7f", "format", False),
    ("an operation of the future", frame("REQUEST", request=1, operation="Fly"), "unsupported", False),
    ("a REQUEST that is none", b"CH\x01\x07\x12\x7f", "format", False),
    ("a PING that is none", b"CH\x01\x08\x08", "format", False),
    ("no message of the bus", b"GET / HTTP/1.1\r\n\r\n", "format", True),
    ("an empty message", b"", "format", True),
    ("a version of the future", b"CH\x02\x01", "version", True),
    ("a second HELLO that is none", b"CH\x01\x01\x12\x7f", "format", True),
]

with Hub(bus__credit="16") as hub:
    ops = hub.peer("ops", roles="operator, consumer", topics=">")
    shop = hub.peer("shop", roles="producer, consumer", sources="urn:shop:*", types="website.>",
                    topics="website.>")
    stranger = Peer("stranger", hub.keys)
    hub.start()
    with Raw(hub, shop) as wire:
        assert wire.publish(made(1))[0]["outcome"] == "accepted"
        kept = []
        for what, event, outcome, reason, field, keep in EVENTS:
            receipt, = wire.publish(event)
            got = receipt["outcome"], receipt["reason"], receipt["field"]
            assert got == (outcome, reason, field), (what, got)
            if keep:
                kept.append(what)
            if outcome == "refused":
                assert (receipt["sequence"] > 0) == keep, (what, receipt)
                assert receipt["detail"] or reason != "denied"
        # Between good ones a bad one harms nobody.
        receipts = wire.publish(made(30), b"\xff", made(31), made(19, data=b""), made(32))
        assert [r["outcome"] for r in receipts] == ["accepted", "refused"] * 2 + ["accepted"]

    for what, message, reason, fatal in MESSAGES:
        with Raw(hub, shop) as wire:
            wire.send(message)
            kind, body = wire.next()
            if kind == "REPLY":  # a REQUEST with a number is answered under it
                assert (body["status"], body["request"]) == (24, 1), what
            else:
                wire.again(kind, body)
                assert wire.refusal() == (reason, fatal), what
            if fatal:
                assert wire.next() is None, what
            else:
                assert wire.publish(made(1))[0]["outcome"] == "duplicate", what
    with Raw(hub, shop, hello=False) as wire:
        wire.send(frame("PUBLISH", frame=1, events=[made(40)]))
        assert wire.refusal() == ("invalid", True) and wire.next() is None
    with Raw(hub, ops) as wire:  # who is no producer
        wire.send(frame("PUBLISH", frame=1, events=[made(41)]))
        assert wire.refusal() == ("denied", False)
    with Raw(hub, shop) as wire:  # who is no operator
        wire.send(frame("REQUEST", request=7, operation="Find", body=b""))
        kind, body = wire.next()
        assert (kind, body["status"], body["request"]) == ("REPLY", 12, 7)

    with Raw(hub, shop) as wire:  # who does not count what he sends; 16 is what he may
        hub.process.send_signal(signal.SIGSTOP)  # so that all of it is there at once
        for n in range(60):
            wire.send(frame("PUBLISH", frame=n + 1,
                            events=[made(f"flood-{n}-{m}") for m in range(256)]))
        hub.process.send_signal(signal.SIGCONT)
        while (answer := wire.next())[0] in ("RECEIPTS", "CREDIT"):
            pass
        wire.again(*answer)
        assert wire.refusal() == ("full", True) and wire.next() is None

    # What is no connection of ours, or does not stay one: no word, only the end.
    with Raw(hub, shop) as wire:
        wire.send(b"CH\x01\x02" + bytes(1 << 20))
        assert wire.next() is None
    with Raw(hub, shop) as wire:
        wire.send(*[b"CH\x01\x09"] * 5000)
        assert wire.next() is None
    with Raw(hub, shop) as wire:
        wire.send(frame("BYE"), frame("BYE"))  # two parts: not read
        assert wire.publish(made(1))[0]["outcome"] == "duplicate"
    for options in {"routing_id": b"shop"}, {"curve_serverkey": stranger.public.encode()}:
        with Raw(hub, shop, hello=False, **options) as wire:
            wire.send(frame("HELLO", version=1))
            assert wire.next() is None, options
    with Raw(hub, stranger, hello=False) as wire:
        wire.send(frame("HELLO", version=1))
        assert wire.next() is None and wire.why == "unknown key"

    for id in range(23, 27):  # what no clock can say is no time: the hub's own stands in for it
        entry, = hub.ask(ops, "get", "urn:shop:1", id)
        assert entry["occurredUs"] == entry["arrivalUs"], entry
    open_ones = hub.ask(ops, "quarantine")
    assert len(open_ones) == len(kept), (kept, open_ones)
    for path in "/metrics", "/healthz":
        assert hub.page(path)[0] == 200
    hub.run(ops, "status", status=1)  # a warning: somebody should look at the quarantine
    hub.stop()
    assert "verify\tok" in hub.offline("verify")
