"""Orders go out as UN/EDIFACT: an interchange each, in the folder of the partner who is named in them.  The adapter is
killed at any instant while a carrier takes away what it sees: nothing is lost, nothing is sent twice, no number is used
twice.  What a partner's charset cannot say is a dead letter until that is agreed; answers are noted, and missed."""
import json
import re
import subprocess

from lib import BIN, Hub, event, until
from partner import Partner

PARTNER = """[partner]
number = S1
own_number = PC
[interchange]
syntax = {syntax}
[documents]
messages = ORDERS, ORDCHG
roles = SU
[answers]
patience = {patience}
"""
CONTRL = ("UNB+UNOC:3+S1:14+PC:14+261122:0930+C{0}'UNH+1+CONTRL:D:3:UN'"
          "UCI+{1}+PC:14+S1:14+{2}'UNT+3+1'UNZ+1+C{0}'")


def order(number, name="Panel"):
    return event("parts.order.placed", f"order/{number}", "urn:desk", {
        "partsOrderId": number, "orderDate": "2026-11-22",
        "parties": [{"role": "SU", "partyId": "S1"}, {"role": "BY", "partyId": "ST-7"}],
        "lines": [{"lineId": "1", "item": {"partNumber": "LCD-46", "description": name},
                   "quantity": {"unscaled": "2"}}]})


def read(text, name):
    reference = re.search(r"^UNZ\+1\+(\d+)'", text, re.M).group(1)
    assert name == f"ORDERS-{reference}.edi" and text.endswith("\r\n")
    return reference, re.search(r"^BGM\+220\+([^+]+)\+9'", text, re.M).group(1)


with Hub() as hub:
    north = Partner(hub, "north", PARTNER, read)
    parts, carried = north.parts, north.carried
    north.agree(syntax="UNOC", patience="1d")

    # New ones go out, and what was before the subscription does not.
    north.publish(order("old"))
    parts.once()
    north.publish(order("A-0"))
    parts.once()
    north.carry()
    assert list(carried.values()) == ["A-0"], carried
    north.survive(15, 10, order, 10000000001)

    # What he says: yes, no, and nothing at all.
    for number, action in ((1, 7), (2, 4)):
        north.answer(f"{number}.edi", CONTRL.format(number, 10000000000 + number, action))
    north.hear(acknowledged=1, rejected=1)
    north.agree(syntax="UNOC", patience="1s")
    with parts.running():
        until(lambda: parts.said("interchange.unanswered") == len(carried) - 2)

        # A name that his charset has not: a dead letter, until it was agreed; and then the same once more.
        north.publish(order("A-zh", "电池"), order("A-after"))
        until(lambda: north.carry() or "A-after" in carried.values())
        letter = json.dumps(north.dead_letter())
        assert "U+7535 is not in UNOC" in letter, letter
        north.retry("A-zh", syntax="UNOY", patience="1d")
    metrics = (hub.root / "metrics").read_text()
    assert 'carehub_parts_outgoing_total{outcome="written"} 1\n' in metrics, metrics

    # The way back works from what the hub prints, too.
    told = hub.run(north.ops, "find", "--type", "parts.order.placed", "--all", "--json")
    done = subprocess.run([BIN / "carehub-parts", "write", "--from", "PC", "--to", "S1", "--syntax", "UNOY", "-"],
                          input=told, capture_output=True, text=True, check=True)
    assert done.stdout.count("UNH+1+ORDERS:") == len(carried) + 1, done.stderr

    # Another subscription tells all again, and nothing goes out: the book knows it.
    parts.config.write_text(parts.config.read_text() + "subscription = again\nfrom = earliest\n")
    before = dict(carried)
    parts.once()
    north.carry()
    assert carried == before
    hub.stop()
