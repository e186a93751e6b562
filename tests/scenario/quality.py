"""What quality makes of a bad day: a repair returned before it was received, a charge off the list, news that come
months late.  Reports of the past change as it becomes known, what is wrong is said once, and a book made anew says
the same."""
import json
import subprocess

from lib import BIN, Hub, event


with Hub() as hub:
    ops = hub.peer("ops", roles="producer, consumer, operator", topics=">", types=">",
                   sources="/s1, /office")
    peer = hub.peer("quality", roles="producer, consumer", sources="/carehub/quality",
                    types="quality.>", topics=">")
    hub.start()
    config = hub.root / "quality.conf"
    config.write_text(f"[hub]\nendpoint = {hub.address}\nserver_key = {hub.server_key}\n"
                      f"key_file = {peer.key_file}\n[module]\nbook = {hub.root}/quality\n"
                      "[quality]\ncharge_grace = 0\nmeasure_months = 120\n")
    numbers = iter(range(1000))
    for words in (["report"], ["repairs"]):
        early = subprocess.run([BIN / "carehub-quality", *words, "--config", config],
                               capture_output=True, text=True)
        assert early.returncode == 3 and "no book yet" in early.stderr, early

    def tell(type, time, data, source="/s1"):
        hub.run(ops, "publish", input=event(type, f"e{next(numbers)}", source, data,
                                            time=time + "T10:00:00Z"))

    def repair(verb, time, order, **data):
        tell(f"repair.order.{verb}", time, {"repairOrderId": order, **data,
                                            "station": {"stationId": "S1"}})

    def quality(*words):
        done = subprocess.run([BIN / "carehub-quality", words[0], "--config", config, *words[1:]],
                              capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, (words, done)
        return done.stdout

    def report():
        """February as of 1 April: {promise: (part, whole)}, and the document."""
        quality("run", "--once")
        quality("run", "--once")  # what it said itself comes back
        made = json.loads(quality("report", "--period", "2026-02", "--as-of", "2026-04-01",
                                  "--format", "json"))
        del made["asOf"]["sequence"]
        return {p["promise"]: p["achieved"] and (p["achieved"]["part"], p["achieved"]["whole"])
                for p in made["promises"]}, made

    def said():
        return hub.ask(ops, "replay", "start:", "--to-stdout", "--type", "quality.charge.flagged")

    def published():
        """{(measure, scope): its revisions of February} in the order in which they were said."""
        told = {}
        for line in hub.ask(ops, "replay", "start:", "--to-stdout", "--type",
                            "quality.measure.published"):
            data = line["data"]
            if data["periodStartDate"] == "2026-02-01":
                told.setdefault((data["measure"], data["scope"]), []).append(
                    (data["revision"], int(data.get("numerator", 0)), int(data["denominator"])))
        return told

    def charged(minor):
        return {"charges": [{"kind": "ITEM_KIND_PART", "itemCode": "P-7",
                             "amount": {"minorUnits": minor, "currency": "CNY"}}]}

    tell("reference.price.published", "2026-01-01",
         {"priceListId": "retail", "itemCode": "P-7", "price": {"minorUnits": 10000, "currency": "CNY"}},
         "/office")
    unit = {"serialNumber": "SN-1", "model": "KDL-46"}
    repair("received", "2026-02-01", "R1", unit=unit)
    repair("returned", "2026-02-10", "R1", verdict="REPAIR_VERDICT_FIXED", **charged(12000))
    repair("received", "2026-02-02", "R2", unit={"serialNumber": "SN-2", "model": "KDL-46"})
    repair("returned", "2026-02-04", "R2", verdict="REPAIR_VERDICT_FIXED", **charged(10000))
    repair("received", "2026-02-20", "R3", unit={"serialNumber": "SN-3", "model": "KDL-46"})
    repair("returned", "2026-02-11", "R3")

    first, made = report()
    assert first["fourDay"] == (1, 2), "a return that says fixed is the repair"
    assert first["price"] == (1, 2)
    assert [note["text"] for note in made["notes"]] == [
        "1 repair ends before it begins or years later: its durations are left out."]
    flagged = [line["data"] for line in said()]
    assert [f["repairOrderId"] for f in flagged] == ["R1"], flagged
    assert flagged[0]["published"]["minorUnits"] == "10000"

    assert published()["four_day", "all"] == [(1, 1, 2)], published()
    assert published()["r14", "station:S1"] == [(1, 0, 2)], "one of three is faulty"

    listed = [json.loads(line) for line in quality("repairs", "--open").splitlines()]
    assert not listed, listed
    listed = {row["repairOrderId"]: row for row in map(json.loads, quality("repairs").splitlines())}
    assert {order: row["faulty"] for order, row in listed.items()} == \
        {"R1": False, "R2": False, "R3": True}
    listed = [json.loads(line)["repairOrderId"] for line in
              quality("repairs", "--as-of", "2026-02-02", "--open").splitlines()]
    assert listed == ["R1", "R2"], listed
    for p in json.loads(quality("report", "--period", "2026-02:2026-03", "--format", "json"))["promises"]:
        assert p["before"] is None, "two months are not compared with one"

    # Months late: it had been repaired on the second day.
    repair("repaired", "2026-02-03", "R1", verdict="REPAIR_VERDICT_FIXED")
    last = report()
    assert last[0]["fourDay"] == (2, 2)

    told = published()
    assert told["four_day", "all"] == [(1, 1, 2), (2, 2, 2)], told
    assert told["r14", "station:S1"] == [(1, 0, 2)], "nothing has changed about it"

    before = hub.status(ops)["head"]
    quality("rebuild")
    assert report() == last
    assert hub.status(ops)["head"] == before and len(said()) == 1
    hub.stop()
