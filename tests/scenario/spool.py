"""A station is cut off for a day and killed in the middle of it: its folder goes on being emptied,
and when the hub is back everything arrives once, in order, at its pace; what was refused is told in
the file's own rejects."""
import json
import os
import socket
import subprocess
import time

from lib import BIN, PATIENCE_S, Hub, event

RATE, BEFORE, AFTER = 200, 300, 200
CLOSED = time.time() - 600  # when the files were written
with socket.socket() as free:  # a port that stays the same when the hub comes back
    free.bind(("127.0.0.1", 0))
    listen = f"tcp://127.0.0.1:{free.getsockname()[1]}"


def until(what, truth):
    end = time.monotonic() + PATIENCE_S
    while not truth():
        assert time.monotonic() < end, f"never: {what}"
        time.sleep(0.02)


with Hub(bus__listen=listen) as hub:
    ops = hub.peer("ops", roles="operator, consumer", topics=">")
    station = hub.peer("station", roles="producer", sources="urn:shop:*", types="website.>")
    inbox, config = hub.root / "inbox", hub.root / "station.conf"
    inbox.mkdir()
    config.write_text(f"[hub]\nendpoint = {listen}\nserver_key = {hub.server_key}\n"
                      f"key_file = {station.key_file}\n[folder]\npath = {inbox}\nsettle = 0\n"
                      f"[adapter]\npoll = 20ms\n[repair]\nmapping = cloudevents\n[spool]\n"
                      f"directory = {hub.root}/spool\npatience = 200ms\ndrain_rate = {RATE}\n")
    run = [BIN / "carehub-repair", "run", "--config", config]

    def drop(name, numbers, **attributes):
        lines = [event("website.order.cancelled", f"{n:04}",
                       "urn:shop:1" if n != 7 else "urn:other:1",  # to which it has no right
                       {"orderId": f"A{n}"}, **attributes) for n in numbers]
        (hub.root / "new").write_text("".join(lines))
        os.utime(hub.root / "new", (CLOSED, CLOSED))
        (hub.root / "new").rename(inbox / name)
        until(f"done/{name}", (inbox / "done" / name).exists)
        return json.loads((inbox / f"done/{name}.result.json").read_text())

    hub.start()
    hub.stop()  # it was there once; now it is not
    first = subprocess.Popen(run, stderr=subprocess.DEVNULL)
    # By a clock that is wrong, but once for all: it happened an hour before the file was written.
    assert drop("a", range(1, BEFORE + 1), time="2026-03-01T08:00:00Z",
                senttime="2026-03-01T09:00:00Z")["spooled"] == BEFORE
    first.kill()
    first.wait()
    second = subprocess.Popen(run, stderr=subprocess.DEVNULL)
    assert drop("b", range(BEFORE + 1, BEFORE + AFTER + 1))["spooled"] == AFTER

    hub.start()
    began = time.monotonic()
    count = lambda: int(hub.ask(ops, "find", "--count", "--type", "website.>")[0]["matched"])
    until("all of it", lambda: count() == BEFORE + AFTER - 1)
    assert time.monotonic() - began > (BEFORE + AFTER) / RATE * 0.6, "it flooded the hub"
    until("an empty spool", lambda: not list((hub.root / "spool").glob("*.spool")))
    found = hub.ask(ops, "find", "--type", "website.>")
    assert [e["event"]["id"] for e in found] == \
        [f"{n:04}" for n in range(1, BEFORE + AFTER + 1) if n != 7]
    assert abs(int(found[0]["occurredUs"]) / 1e6 - (CLOSED - 3600)) < 60, "a wait is no wrong clock"
    assert "event 7: denied: source" in (inbox / "done/a.rejects").read_text()
    second.terminate()
    assert second.wait(PATIENCE_S) == 1  # something was refused
    hub.stop()
    assert "verify\tok" in hub.offline("verify")
