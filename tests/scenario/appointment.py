"""Appointments of a station, by its broker: one is kept, one the station calls missed, and one that nobody speaks
of is missed when the hub's clock says so; a word that comes late sets it right.  The station asks how its own
records stand, by message and by file, and learns nothing of another's; and it can be asked."""
import json
import shutil
import subprocess
import time

from lib import BIN, PATIENCE_S, Hub, event, running, until
from servers import Mosquitto

HOUR = 3600


def moment(at):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at))


def appointment(verb, number, at, **more):
    """`at` is when it happened; an appointment is made for an hour later."""
    data = {"appointmentId": number, "station": {"stationId": "SH12"}, **more}
    if verb == "made":
        data["startTimeUs"] = str(int((at + HOUR) * 1e6))
    return event(f"repair.appointment.{verb}", f"{number}/{verb}", "/stations/sh12", data,
                 time=moment(at))


with Hub() as hub, Mosquitto() as broker:
    ops = hub.peer("ops", roles="operator, consumer", topics=">")
    station = hub.peer("station", roles="producer, consumer", sources="/stations/sh12",
                       types="repair.>", topics="repair.>")
    hub.start()
    config, questions = hub.root / "station.conf", hub.root / "questions"
    questions.mkdir()
    config.write_text(f"[hub]\nendpoint = {hub.address}\nserver_key = {hub.server_key}\n"
                      f"key_file = {station.key_file}\n[repair]\ninput = mqtt\nstation = SH12\n"
                      f"[mqtt]\nhost = 127.0.0.1\nport = {broker.port}\nclient_id = carehub\n"
                      f"topics = sh12/events\nquestions = sh12/ask\nanswers = sh12/answers\n"
                      "station_questions = sh12/desk\n"
                      f"rejects = {hub.root}/rejects\n[inquiry]\nfolder = {questions}\n")
    now = time.time()
    seen = lambda type: {e["data"]["deadline"]["subjectId"] for e in
                         hub.ask(ops, "replay", "start:", "--to-stdout", "--type", type)}

    def ask(question):
        done = subprocess.run(
            [shutil.which("mosquitto_rr"), "-h", "127.0.0.1", "-p", str(broker.port), "-V", "5",
             "-q", "1", "-t", "sh12/ask", "-e", "sh12/answers/desk", "-m", json.dumps(question),
             "-W", "20", "-D", "publish", "correlation-data", "q"],
            capture_output=True, text=True, timeout=PATIENCE_S)
        return json.loads(done.stdout)

    with running([BIN / "carehub-repair", "run", "--config", config]):
        until(lambda: b"carehub" in (broker.folder / "log").read_bytes())
        until(lambda: broker.publish("sh12/events", appointment("made", "A1", now)) or
              hub.ask(ops, "find", "--count", "--type", "repair.>")[0]["matched"] == "1")
        for number, at in (("A2", now), ("A3", now - 3 * HOUR), ("A4", now - 3 * HOUR)):
            broker.publish("sh12/events", appointment("made", number, at))
        broker.publish("sh12/events", appointment("made", "B1", now, station={"stationId": "BJ07"}))
        broker.publish("sh12/events", appointment("kept", "A1", now))
        broker.publish("sh12/events",
                       appointment("missed", "A2", now, absent="ABSENT_PARTY_CUSTOMER"))
        until(lambda: seen("deadline.promise.missed") >= {"A2", "A3", "A4"})
        broker.publish("sh12/events", appointment("kept", "A4", now - 2 * HOUR))
        until(lambda: seen("deadline.promise.corrected") == {"A4"})
        assert seen("deadline.promise.met") == {"A1"}

        answer = ask({"id": "q1", "appointmentId": "A2"})
        assert answer["id"] == "q1" and answer["status"] == "ok", answer
        assert answer["record"]["state"] == "APPOINTMENT_STATE_MISSED", answer
        assert ask({"appointmentId": "B1"}) == {"status": "not_found"}
        assert ask({"repairOrderId": "R1"}) == {"status": "not_found"}
        assert ask(["x"])["status"] == "format"
        (questions / ".new").write_text('{"appointmentId": "A4"}')
        (questions / ".new").rename(questions / "a4.json")
        until((questions / "a4.answer.json").exists)
        answer = json.loads((questions / "a4.answer.json").read_text())
        assert answer["record"]["state"] == "APPOINTMENT_STATE_KEPT", answer
        until(lambda: not (questions / "a4.json").exists())

        # The other direction: the station's program is a shell script here.
        words = ["-h", "127.0.0.1", "-p", str(broker.port), "-V", "5", "-q", "1"]
        with subprocess.Popen(["mosquitto_sub", *words, "-t", "sh12/desk", "-C", "1", "-W", "20",
                               "-F", "%R %D %p"], stdout=subprocess.PIPE, text=True) as desk:
            until(lambda: b"sh12/desk (QoS 1)" in (broker.folder / "log").read_bytes())
            asked = subprocess.Popen([BIN / "carehub-repair", "ask", "--config", config,
                                      '{"repairOrderId":"R7"}'], stdout=subprocess.PIPE, text=True)
            topic, correlation, question = desk.stdout.readline().split()
        assert json.loads(question) == {"repairOrderId": "R7"}
        for data, text in (("another", "no"), (correlation, '{"state":"on the bench"}')):
            subprocess.run(["mosquitto_pub", *words, "-t", topic, "-m", text, "-D", "publish",
                            "correlation-data", data], check=True)
        assert asked.communicate(timeout=PATIENCE_S)[0] == '{"state":"on the bench"}\n'
        assert asked.returncode == 0
    hub.stop()
    assert "verify\tok" in hub.offline("verify")
