"""Orders go out as X12: an 850 each, in the folder of the partner who is named in them.  The adapter is killed at any
instant while a carrier takes away what it sees: each order is there once, and no control number twice.  His 997 says
what became of it.  What holds one of his marks is a dead letter until other marks are agreed."""
import json
import re
import subprocess

from lib import BIN, Hub, event, until
from partner import Partner

PARTNER = """[partner]
number = WEST
own_number = PARTS
[interchange]
standard = x12
[x12]
charset = utf-8
marks = {marks}
[documents]
messages = 850, 860
roles = SU
[answers]
patience = {patience}
"""
ISA = ("ISA*00*          *00*          *ZZ*WEST           *ZZ*PARTS          *261122*0930*U*00401*"
       "{0:09}*0*P*:~{1}IEA*{2}*{0:09}~")
SET = ("GS*FA*WEST*PARTS*20261122*0930*{0}*X*004010~ST*997*0001~AK1*PO*{1}~AK2*850*{1}~AK5*{2}~"
       "AK9*{3}~SE*6*0001~GE*1*{0}~")


def order(number, part="LCD-46"):
    return event("parts.order.placed", f"order/{number}", "urn:desk", {
        "partsOrderId": number, "orderDate": "2026-11-22",
        "parties": [{"role": "SU", "partyId": "WEST"}, {"role": "BY", "partyId": "ST-7", "name": "徐汇"}],
        "lines": [{"lineId": "1", "item": {"partNumber": part}, "quantity": {"unscaled": "2"}, "unit": "PCE"}]})


def read(text, name):
    element, end = re.escape(text[3]), re.escape(text[105])
    controls = set(re.findall(f"^(?:SE|GE|IEA){element}\\d+{element}(\\d+){end}", text, re.M))
    (reference,) = controls
    assert text[90:99] == reference and name == f"850-{reference}.x12", text
    told = subprocess.run([BIN / "carehub-parts", "translate", "-"], input=text.encode(), capture_output=True,
                          check=True)
    data = json.loads(told.stdout)["data"]
    assert data["parties"][1]["name"] == "徐汇" and data["lines"][0]["unit"] == "PC", data
    return reference, re.search(f"^BEG{element}00{element}SA{element}([^{element}]+)", text, re.M).group(1)


with Hub() as hub:
    west = Partner(hub, "west", PARTNER, read)
    parts, carried = west.parts, west.carried
    west.agree(marks="*:^~", patience="1d")
    parts.once()
    west.survive(10, 8, order, 500000001)
    assert len(carried) == 80

    # A TA1 says that it came, which is no answer; a 997 says yes or no; from the others nothing comes.
    west.answer("1.x12", ISA.format(1, "TA1*500000003*261122*0930*A*000~", 0))
    west.answer("2.x12", ISA.format(2, SET.format(2, 500000001, "A", "A*1*1*1"), 1))
    west.answer("3.x12", ISA.format(3, SET.format(3, 500000002, "R*5", "R*1*1*0"), 1))
    west.hear(acknowledged=1, rejected=1)
    west.agree(marks="*:^~", patience="1s")
    with parts.running():
        until(lambda: parts.said("interchange.unanswered") == len(carried) - 2)

        # A part number that holds a mark: a dead letter, until other marks were agreed; and then the same once more.
        west.publish(order("A-mark", "LCD*46"), order("A-after"))
        until(lambda: west.carry() or "A-after" in carried.values())
        letter = json.dumps(west.dead_letter())
        assert "west: line 1, item (segment 5, PO1): holds the mark *" in letter, letter
        west.retry("A-mark", marks="1d1f1e0a", patience="1d")
    assert len(carried) == 82
    hub.stop()
