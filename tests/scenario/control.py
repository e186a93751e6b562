"""A station becomes slow: the point of its control chart is said once, with the events behind it, again when a late
event changes the past, and not again when the book is made anew; the report shows the same."""
import datetime
import json
import subprocess

from lib import BIN, Hub, event, running, until

CHINA = datetime.timezone(datetime.timedelta(hours=8))
TODAY = datetime.datetime.now(CHINA).replace(hour=0, minute=0, second=0, microsecond=0)
MONDAY = TODAY - datetime.timedelta(days=TODAY.weekday())  # the week before it is over
LABEL = "{0}-W{1:02}".format(*(MONDAY - datetime.timedelta(days=1)).isocalendar())


def repair(name, received, hours):
    """Received and repaired."""
    at = {"repairOrderId": name, "station": {"stationId": "XA-05"}}
    repaired = received + datetime.timedelta(hours=hours)
    return (event("repair.order.received", f"{name}-r", "/stations/xa", at | {
                "unit": {"serialNumber": f"SN{name}", "model": "NB-14"}}, time=received.isoformat()) +
            event("repair.order.repaired", f"{name}-d", "/stations/xa",
                  at | {"verdict": "REPAIR_VERDICT_FIXED"}, time=repaired.isoformat()))


def weeks():
    """Forty of five repairs in two days or so; in the last one they take twice as long."""
    for week in range(1, 41):
        for i in range(5):
            received = MONDAY - datetime.timedelta(weeks=week) + datetime.timedelta(hours=9 * i)
            hours = 44 + (7 * i + 5 * week) % 11
            yield repair(f"R{week}-{i}", received, hours if week > 1 else 2 * hours)


with Hub() as hub:
    ops = hub.peer("ops", roles="operator, consumer", topics=">")
    stations = hub.peer("stations", roles="producer", sources="/stations/*", types="repair.>")
    quality = hub.peer("quality", roles="producer, consumer", sources="/carehub/quality",
                       types="quality.>", topics=">")
    hub.start()
    config = hub.root / "quality.conf"
    config.write_text(f"[hub]\nendpoint = {hub.address}\nserver_key = {hub.server_key}\n"
                      f"key_file = {quality.key_file}\n[module]\nbook = {hub.root}/quality\n"
                      "[quality]\ncontrol_every = 100ms\ncontrol_grace = 0\n")

    def module(*words):
        done = subprocess.run([BIN / "carehub-quality", words[0], "--config", config, *words[1:]],
                              capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, (words, done)
        return done.stdout

    def said():
        """The newest that was said of each point, by chart kind and period."""
        heard = [line["data"] for line in hub.ask(ops, "replay", "start:", "--to-stdout",
                                                  "--type", "quality.rule.violated")]
        return {(data["chartKind"], data["group"]): data
                for data in sorted(heard, key=lambda data: data["revision"])}

    hub.run(stations, "publish", input="".join(weeks()))
    with running([BIN / "carehub-quality", "run", "--config", config]):
        until(lambda: ("xbar", LABEL) in said())
        first = said()["xbar", LABEL]
        assert first["chartId"] == "repair.days/station:XA-05" and first["rules"][0] == 1
        assert {e["id"] for e in first["events"][:5]} == {f"R1-{i}-d" for i in range(5)}, first
        hub.run(stations, "publish", input=repair("R1-late", MONDAY - datetime.timedelta(days=6), 99))
        until(lambda: said()["xbar", LABEL]["revision"] == 2)
    before = said()
    assert "R1-late-d" in {e["id"] for e in before["xbar", LABEL]["events"]}
    head = hub.status(ops)["head"]

    module("rebuild")
    module("run", "--once")
    assert said() == before and hub.status(ops)["head"] == head

    report = json.loads(module("report", "--format", "json"))
    drawn = [point for section in report["sections"] for part in section["parts"]
             if part.get("figure") == "controlChart" and "mean: station XA-05" in part["title"]
             for point in part["points"] if point["label"] == LABEL]
    assert len(drawn) == 1 and drawn[0]["state"] == "bad" and "r1" in drawn[0]["why"], drawn
    hub.stop()
