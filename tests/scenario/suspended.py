"""The machine is suspended for longer than silence may last.  The hub reads what was said to it meanwhile before it
judges anybody, and so does a station that stood still with it: nobody is dropped."""
import os
import signal
import time

from lib import Hub, event, until
from raw import Raw, frame, made
from service import Service

BEAT_S = 4  # and three of them are as long as anybody may be starved by a busy machine

with Hub(bus__heartbeat=f"{BEAT_S}s") as hub:
    shop = hub.peer("shop", roles="producer", sources="urn:shop:*", types="website.>")
    station = Service(hub, "carehub-repair", hub.peer("station", roles="producer", sources="urn:station",
                                                      types="website.>"))
    inbox = hub.root / "inbox"
    inbox.mkdir()
    hub.start()
    station.configure(f"[folder]\npath = {inbox}\nsettle = 0\n[adapter]\npoll = 20ms\n"
                      "[repair]\nmapping = cloudevents\n")

    def drop(n):
        (hub.root / "new").write_text(event("website.order.cancelled", n, "urn:station", {"orderId": f"A{n}"}))
        os.rename(hub.root / "new", inbox / f"file{n}")
        until((inbox / f"done/file{n}").exists)

    with station.running(), Raw(hub, shop) as wire:
        drop(1)
        for n in range(BEAT_S + 2):  # time itself is what goes by: signs of life have gone to and fro
            assert wire.publish(made(n))[0]["outcome"] == "accepted"
            time.sleep(1)
        for process in station.process, hub.process:
            process.send_signal(signal.SIGSTOP)
        wire.send(frame("PUBLISH", frame=99, events=[made(99)]))
        time.sleep(3 * BEAT_S + 1)
        for process in hub.process, station.process:
            process.send_signal(signal.SIGCONT)
        kind, body = wire.next()
        assert kind == "RECEIPTS" and body["frame"] == 99, (kind, body)
        drop(2)
        assert (station.said("hub.connected"), station.said("hub.lost")) == (1, 0)
        assert 'reason="silent"' not in hub.page("/metrics")[1]
    hub.stop()
