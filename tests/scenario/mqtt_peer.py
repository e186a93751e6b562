"""A station publishes with a client that somebody else wrote, MQTT.js, in all forms of the binding, texts of every
script; what arrives is what was sent."""
import json
import pathlib
import shutil
import subprocess
import sys

from lib import BIN, PATIENCE_S, Hub, running, until
from servers import Mosquitto

PEER = pathlib.Path(__file__).parents[1] / "peers/mqtt"
if shutil.which("node") is None or not (PEER / "node_modules/mqtt").is_dir():
    print("MQTT.js is not here: npm ci in tests/peers/mqtt")
    sys.exit(77)

WORDS = ("plain", "王芳 %20 \"quoted\"", "naïve Ωß 🔧", "back\\slash", "a" * 9000)


def attributes(number):
    return {"specversion": "1.0", "id": f"e{number}", "source": "/stations/sh12",
            "type": "repair.order.repaired", "time": "2026-03-02T16:00:00.5+08:00"}


def message(number, form):
    data = {"repairOrderId": f"R{number}", "station": {"stationId": "SH12"},
            "activity": WORDS[number % len(WORDS)]}
    if form == "binary":
        return {"topic": "stations/sh12/repair", "payload": json.dumps(data), "properties": {
            "contentType": "application/json", "userProperties": attributes(number)}}
    whole = {"topic": "stations/sh12/repair",
             "payload": json.dumps({**attributes(number), "data": data}, ensure_ascii=False)}
    if form == "structured":
        whole["properties"] = {"contentType": "application/cloudevents+json"}
    return whole


def publish(broker, version, messages):
    subprocess.run(["node", PEER / "publish.js", str(broker.port), version], check=True,
                   input=json.dumps(messages), text=True, timeout=PATIENCE_S)


with Hub() as hub, Mosquitto() as broker:
    ops = hub.peer("ops", roles="operator, consumer", topics=">")
    station = hub.peer("station", roles="producer", sources="/stations/sh12", types="repair.>")
    hub.start()
    config = hub.root / "station.conf"
    config.write_text(f"[hub]\nendpoint = {hub.address}\nserver_key = {hub.server_key}\n"
                      f"key_file = {station.key_file}\n[repair]\ninput = mqtt\n[mqtt]\n"
                      f"host = 127.0.0.1\nport = {broker.port}\nclient_id = carehub\n"
                      f"topics = stations/+/repair\nrejects = {hub.root}/rejects\n")
    found = lambda: hub.ask(ops, "find", "--type", "repair.>")
    with running([BIN / "carehub-repair", "run", "--config", config]):
        def greeted():
            publish(broker, "4", [message(0, "plain")])
            return found()
        until(greeted)
        publish(broker, "5", [message(n, ("binary", "structured", "plain")[n % 3])
                              for n in range(1, 120)])
        publish(broker, "5", [message(n, "binary") for n in range(3, 120, 3)])  # sent again
        until(lambda: len(found()) >= 120)
    events = {e["event"]["id"]: e for e in found()}
    assert len(found()) == 120 and not (hub.root / "rejects").exists()
    for n in range(120):
        event = events[f"e{n}"]
        assert event["event"]["data"]["repairOrderId"] == f"R{n}"
        assert event["event"]["data"]["activity"] == WORDS[n % len(WORDS)]
        assert event["occurredUs"] == "1772438400500000", event["occurredUs"]
    hub.stop()
