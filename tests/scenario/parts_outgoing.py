"""Orders go out as UN/EDIFACT: an interchange each, in the folder of the partner who is named in them.  The adapter is
killed at any instant while a carrier takes away what it sees: nothing is lost, nothing is sent twice, no number is used
twice.  What a partner's charset cannot say is a dead letter until that is agreed; answers are noted, and missed."""
import json
import random
import re
import signal
import subprocess
import time

from lib import BIN, Hub, event, until

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


with Hub() as hub:
    ops = hub.peer("ops", roles="operator, consumer", topics=">")
    desk = hub.peer("desk", roles="producer", sources="urn:desk", types="parts.>")
    parts = hub.peer("parts", roles="producer, consumer", sources="urn:parts:*",
                     types="parts.>, reference.>", topics="parts.>")
    hub.start()
    inbox, out, config = hub.root / "inbox", hub.root / "out", hub.root / "parts.conf"
    partners, carried = hub.root / "partners", {}
    inbox.mkdir()
    partners.mkdir()
    (partners / "north.conf").write_text(PARTNER.format(syntax="UNOC", patience="1d"))
    config.write_text(f"[hub]\nendpoint = {hub.address}\nserver_key = {hub.server_key}\n"
                      f"key_file = {parts.key_file}\n[adapter]\npoll = 20ms\n"
                      f"metrics = {hub.root}/metrics\n[folder]\n"
                      f"path = {inbox}\nsettle = 0\n[parts]\nout = {out}\n"
                      f"state = {hub.root}/state\npartners = {partners}\n")
    run = [BIN / "carehub-parts", "run", "--config", config]
    log = open(hub.root / "log", "w+", encoding="utf-8")

    def once(status=0):
        done = subprocess.run([*run, "--once"], stderr=log, timeout=60)
        assert done.returncode == status, done.returncode

    def logged(word):
        return (hub.root / "log").read_text().count(f" {word} ")

    def carry():
        """What a partner sees is his at once, and gone from the folder."""
        for path in (out / "north").glob("[!.]*"):
            text = path.read_bytes().decode()
            path.unlink()
            reference = re.search(r"^UNZ\+1\+(\d+)'", text, re.M).group(1)
            assert reference not in carried, f"{reference} was used twice"
            assert path.name == f"ORDERS-{reference}.edi" and text.endswith("\r\n")
            carried[reference] = re.search(r"^BGM\+220\+([^+]+)\+9'", text, re.M).group(1)

    def publish(*orders):
        hub.run(desk, "publish", input="".join(orders))

    def answer(number, reference, action):
        (hub.root / "new").write_text(CONTRL.format(number, reference, action))
        (hub.root / "new").rename(inbox / f"{number}.edi")

    # New ones go out, and what was before the subscription does not.
    publish(order("old"))
    once()
    publish(order("A-0"))
    once()
    carry()
    assert list(carried.values()) == ["A-0"], carried

    # Killed again and again while the carrier works.
    sent = ["A-0"]
    for n in range(1, 16):
        numbers = [f"A-{n}-{m}" for m in range(10)]
        publish(*map(order, numbers))
        sent += numbers
        adapter = subprocess.Popen(run, stderr=log)
        end = time.monotonic() + random.uniform(0, 0.25)
        while time.monotonic() < end:
            carry()
        adapter.kill()
        adapter.wait()
    once()
    carry()
    assert sorted(carried.values()) == sorted(sent), set(sent) ^ set(carried.values())
    assert sorted(map(int, carried)) == [10000000001 + n for n in range(len(sent))]

    # What he says: yes, no, and nothing at all.
    answer(1, "10000000001", 7)
    answer(2, "10000000002", 4)
    until(lambda: once() or (logged("interchange.acknowledged"), logged("interchange.rejected")) == (1, 1))
    (partners / "north.conf").write_text(PARTNER.format(syntax="UNOC", patience="1s"))
    adapter = subprocess.Popen(run, stderr=log)
    until(lambda: logged("interchange.unanswered") == len(sent) - 2)

    # A name that his charset has not: a dead letter, until it was agreed; and then the same once more.
    publish(order("A-zh", "电池"), order("A-after"))
    until(lambda: carry() or "A-after" in carried.values())
    until(lambda: hub.ask(ops, "deadletter", "list", "parts"))
    (letter,) = hub.ask(ops, "deadletter", "list", "parts")
    assert "U+7535 is not in UNOC" in json.dumps(letter), letter
    (partners / "north.conf").write_text(PARTNER.format(syntax="UNOY", patience="1d"))
    adapter.send_signal(signal.SIGHUP)
    until(lambda: " generation=2 " in (hub.root / "log").read_text())
    hub.run(ops, "deadletter", "retry", "parts", "--yes")
    until(lambda: carry() or "A-zh" in carried.values())
    adapter.terminate()
    assert adapter.wait(60) == 0
    metrics = (hub.root / "metrics").read_text()
    assert 'carehub_parts_outgoing_total{outcome="written"} 1\n' in metrics, metrics

    # The way back works from what the hub prints, too.
    told = hub.run(ops, "find", "--type", "parts.order.placed", "--all", "--json")
    done = subprocess.run([run[0], "write", "--from", "PC", "--to", "S1", "--syntax", "UNOY", "-"],
                          input=told, capture_output=True, text=True, check=True)
    assert done.stdout.count("UNH+1+ORDERS:") == len(carried) + 1, done.stderr

    # Another subscription tells all again, and nothing goes out: the book knows it.
    config.write_text(config.read_text() + "subscription = again\nfrom = earliest\n")
    before = dict(carried)
    once()
    carry()
    assert carried == before
    hub.stop()
