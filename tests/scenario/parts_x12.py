"""Orders go out as X12: an 850 each, in the folder of the partner who is named in them.  The adapter is killed at any
instant while a carrier takes away what it sees: each order is there once, and no control number twice.  His 997 says
what became of it.  What holds one of his marks is a dead letter until other marks are agreed."""
import json
import random
import re
import signal
import subprocess
import time

from lib import BIN, Hub, event, until

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


with Hub() as hub:
    ops = hub.peer("ops", roles="operator, consumer", topics=">")
    desk = hub.peer("desk", roles="producer", sources="urn:desk", types="parts.>")
    parts = hub.peer("parts", roles="producer, consumer", sources="urn:parts:*",
                     types="parts.>, reference.>", topics="parts.>")
    hub.start()
    inbox, out, config = hub.root / "inbox", hub.root / "out", hub.root / "parts.conf"
    partners, carried, numbers = hub.root / "partners", {}, []
    inbox.mkdir()
    partners.mkdir()
    west = partners / "west.conf"
    west.write_text(PARTNER.format(marks="*:^~", patience="1d"))
    config.write_text(f"[hub]\nendpoint = {hub.address}\nserver_key = {hub.server_key}\n"
                      f"key_file = {parts.key_file}\n[adapter]\npoll = 20ms\n[folder]\n"
                      f"path = {inbox}\nsettle = 0\n[parts]\nout = {out}\n"
                      f"state = {hub.root}/state\npartners = {partners}\n")
    run = [BIN / "carehub-parts", "run", "--config", config]
    log = open(hub.root / "log", "w+", encoding="utf-8")

    def once():
        subprocess.run([*run, "--once"], stderr=log, timeout=60, check=True)

    def logged(word):
        return (hub.root / "log").read_text().count(f" {word} ")

    def carry():
        """What a partner sees is his at once, and gone from the folder."""
        for path in (out / "west").glob("[!.]*"):
            text = path.read_bytes().decode()
            path.unlink()
            element, end = re.escape(text[3]), re.escape(text[105])
            controls = set(re.findall(f"^(?:SE|GE|IEA){element}\\d+{element}(\\d+){end}", text, re.M))
            (reference,) = controls
            assert text[90:99] == reference and path.name == f"850-{reference}.x12", text
            assert reference not in carried, f"{reference} was used twice"
            carried[reference] = re.search(f"^BEG{element}00{element}SA{element}([^{element}]+)", text, re.M).group(1)
            told = subprocess.run([run[0], "translate", "-"], input=text.encode(), capture_output=True, check=True)
            data = json.loads(told.stdout)["data"]
            assert data["parties"][1]["name"] == "徐汇" and data["lines"][0]["unit"] == "PC", data

    def publish(*orders):
        hub.run(desk, "publish", input="".join(orders))

    def drop(number, body, groups):
        (hub.root / "new").write_text(ISA.format(number, body, groups))
        (hub.root / "new").rename(inbox / f"{number}.x12")

    # Killed again and again while the carrier works.
    once()
    for n in range(1, 11):
        batch = [f"A-{n}-{m}" for m in range(8)]
        publish(*map(order, batch))
        numbers += batch
        adapter = subprocess.Popen(run, stderr=log)
        end = time.monotonic() + random.uniform(0, 0.25)
        while time.monotonic() < end:
            carry()
        adapter.kill()
        adapter.wait()
    once()
    carry()
    assert sorted(carried.values()) == sorted(numbers), set(numbers) ^ set(carried.values())
    assert sorted(map(int, carried)) == [500000001 + n for n in range(len(numbers))]

    # A TA1 says that it came, which is no answer; a 997 says yes or no; from the others nothing comes.
    drop(1, "TA1*500000003*261122*0930*A*000~", 0)
    drop(2, SET.format(2, 500000001, "A", "A*1*1*1"), 1)
    drop(3, SET.format(3, 500000002, "R*5", "R*1*1*0"), 1)
    until(lambda: once() or (logged("interchange.acknowledged"), logged("interchange.rejected")) == (1, 1))
    west.write_text(PARTNER.format(marks="*:^~", patience="1s"))
    adapter = subprocess.Popen(run, stderr=log)
    until(lambda: logged("interchange.unanswered") == len(numbers) - 2)

    # A part number that holds a mark: a dead letter, until other marks were agreed; and then the same once more.
    publish(order("A-mark", "LCD*46"), order("A-after"))
    until(lambda: carry() or "A-after" in carried.values())
    until(lambda: hub.ask(ops, "deadletter", "list", "parts"))
    (letter,) = hub.ask(ops, "deadletter", "list", "parts")
    assert "west: line 1, item (segment 5, PO1): holds the mark *" in json.dumps(letter), letter
    west.write_text(PARTNER.format(marks="1d1f1e0a", patience="1d"))
    adapter.send_signal(signal.SIGHUP)
    until(lambda: " generation=2 " in (hub.root / "log").read_text())
    hub.run(ops, "deadletter", "retry", "parts", "--yes")
    until(lambda: carry() or "A-mark" in carried.values())
    adapter.terminate()
    assert adapter.wait(60) == 0
    assert len(carried) == len(numbers) + 2
    hub.stop()
