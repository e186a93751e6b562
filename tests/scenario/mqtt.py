"""A station publishes to its broker: in every form of the binding, while the hub is away, while the adapter is
killed between message and receipt, while the broker restarts.  Every event arrives once; what is none is set
aside and holds nothing up."""
import json
import socket
import subprocess
import time

from lib import BIN, PATIENCE_S, Hub, event, running, until
from servers import Mosquitto

ADAPTER = BIN / "carehub-repair"
with socket.socket() as free:  # a port that stays the same when the hub comes back
    free.bind(("127.0.0.1", 0))
    listen = f"tcp://127.0.0.1:{free.getsockname()[1]}"


def data(number):
    return {"repairOrderId": f"R{number}", "station": {"stationId": "SH12"}}


def structured(number, source="/stations/sh12", **more):
    return event("repair.order.repaired", f"s{number}", source, data(number), **more)


def binary(number):
    words = ["-V", "5", "-D", "publish", "content-type", "application/json"]
    for name, value in (("specversion", "1.0"), ("id", f"b{number}"), ("source", "/stations/sh12"),
                        ("type", "repair.order.repaired"), ("time", "2026-03-02T08:00:00Z"),
                        ("Shop-Floor", "3")):  # no attribute: the station's own
        words += ["-D", "publish", "user-property", name, value]
    return json.dumps(data(number)), *words


def scenario(hub, broker, version):
    topic = f"stations/{version}/events"
    rejects = hub.root / f"{version}.rejects"
    config = hub.root / f"{version}.conf"
    config.write_text(f"[hub]\nendpoint = {listen}\nserver_key = {hub.server_key}\n"
                      f"key_file = {hub.station.key_file}\n[repair]\ninput = mqtt\n[mqtt]\n"
                      f"host = 127.0.0.1\nport = {broker.port}\nclient_id = carehub-{version}\n"
                      f"topics = {topic}\nversion = {version}\nkeepalive = 5s\n"
                      f"rejects = {rejects}\n")
    assert subprocess.run([ADAPTER, "check", "--config", config]).returncode == 0
    run = [ADAPTER, "run", "--config", config]
    started = int(hub.ask(hub.ops, "status")[0]["head"]) + 1

    def arrived():
        return [e["event"]["id"] for e in hub.ask(hub.ops, "find", "--type", "repair.>")
                if int(e["sequence"]) >= started]

    base = 100 if version == "5" else 0
    with running(run):
        def greeted():  # again and again: before its first session the broker keeps nothing for it
            broker.publish(topic, structured(base + 1), "-V", "mqttv311")
            return f"s{base + 1}" in arrived()
        until(greeted)
        if version == "5":
            broker.publish(topic, *binary(base + 2))
            broker.publish(topic, structured(base + 3), "-V", "5", "-D", "publish", "content-type",
                           "application/cloudevents+json; charset=utf-8")
            broker.publish(topic, "[]", "-V", "5", "-D", "publish", "content-type",
                           "application/cloudevents-batch+json")
        broker.publish(topic, b"\xff\xfe garbage")
        broker.publish(topic, structured(base + 4, source="/stations/other"))
        broker.publish(topic, structured(base + 5))
        until(lambda: f"s{base + 5}" in arrived())
        # Killed between the message and its receipt, which cannot come: the hub is away.
        hub.stop()
        broker.publish(topic, structured(base + 6))
        time.sleep(0.5)  # it has been handed over by now, and stays unacknowledged
    hub.start()
    with running(run) as adapter:
        until(lambda: f"s{base + 6}" in arrived())
        broker.stop()
        broker.start()
        broker.publish(topic, structured(base + 7))
        until(lambda: f"s{base + 7}" in arrived())
        if version == "5":  # a hub that is silent for longer than the broker waits for a sign of life
            hub.stop()
            since = broker.now()
            for n in range(base + 10, base + 60):
                broker.publish(topic, structured(n))
            until(lambda: broker.lost("carehub-5", since))
            hub.start()
            until(lambda: f"s{base + 59}" in arrived())
        adapter.terminate()
        assert adapter.wait(PATIENCE_S) == 0
    expected = {f"s{base + n}" for n in (1, 5, 6, 7)}
    if version == "5":
        expected |= {f"b{base + 2}", f"s{base + 3}", *(f"s{base + n}" for n in range(10, 60))}
    assert sorted(arrived()) == sorted(expected), "each once"
    reasons = [json.loads(line)["reason"] for line in rejects.read_text().splitlines()]
    assert len(reasons) == (3 if version == "5" else 2), reasons
    assert "not UTF-8" in reasons[-2] and reasons[-1].startswith("denied: source"), reasons
    # Without room for rejects nothing is read, for it could be one; then the broker still has it all.
    full = [rejects, *(rejects.with_name(f"{rejects.name}.{n}") for n in range(1, 10))]
    for path in full:
        path.write_bytes(b"x" * (1 << 20))
    with running(run):
        broker.publish(topic, "garbage")
        broker.publish(topic, structured(base + 8))
        time.sleep(1.5)
        assert f"s{base + 8}" not in arrived()
        full[4].unlink()
        until(lambda: f"s{base + 8}" in arrived())
    # Killed before all of it was acknowledged: it may come once more.
    assert subprocess.run([*run, "--once"], timeout=PATIENCE_S).returncode in (0, 1)
    expected.add(f"s{base + 8}")
    assert "garbage" in rejects.read_text() and full[4].stat().st_size == 1 << 20

    # Nothing is left at the broker.
    assert subprocess.run([*run, "--once"], timeout=PATIENCE_S).returncode == 0
    assert sorted(arrived()) == sorted(expected)


with Hub(bus__listen=listen) as hub, Mosquitto() as broker:
    hub.ops = hub.peer("ops", roles="operator, consumer", topics=">")
    hub.station = hub.peer("station", roles="producer", sources="/stations/sh12", types="repair.>")
    hub.start()
    for version in ("5", "3.1.1"):
        scenario(hub, broker, version)
    hub.stop()
    assert "verify\tok" in hub.offline("verify")
