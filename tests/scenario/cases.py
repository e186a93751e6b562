"""Complaints from every channel become cases: the first who is asked owns them, they are handed over, rise when
nobody answers, and are opened again.  A repair's clock stands while the customer thinks about a quote; a
complaint's does not.  What a part cost is known for any time, and a promotion begins and ends by itself."""
import time

from lib import Hub, event, until, wire

HOUR, DAY = 3600, 86400
SNAPSHOT, RECORD = 4, 3
RULES = ("deadline.complaint.acknowledge=3600\ndeadline.complaint.answer=7200\n"
         "deadline.repair.fix=7200\n"
         "ladder.complaint.answer=0:supervisor 3600:manager 7200:director\n"
         "ladder.complaint.acknowledge=0:supervisor\n")


def at(seconds):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


with Hub(clock__jump="365d") as hub:
    (hub.config / "rules.conf").write_text(RULES)
    ops = hub.peer("ops", roles="producer, consumer, operator, admin", topics=">",
                   types=">", sources="/web, /desk, /s1, /office")
    hub.set_clock(0)
    hub.start()
    now = time.time()
    numbers = iter(range(1000))

    def tell(type, data, source="/desk", when=now):
        hub.run(ops, "publish", input=event(type, f"e{next(numbers)}", source, data, time=at(when)))

    def told(type):
        return [line["data"] for line in hub.ask(ops, "replay", "start:", "--to-stdout", "--type", type)]

    def case(number):
        return hub.ask(ops, "get", f"case/{number}")[0]

    def counted():
        """Complaints of no told severity, as a monitor reads them: (open, breached)."""
        text = hub.page("/metrics")[1]
        row = '{kind="complaint",severity="unspecified"} '
        return tuple(int(text.split(f"carehub_cases_{what}{row}")[1].split()[0])
                     for what in ("open", "breached"))

    customer = {"phones": [{"value": "138 0013 8000", "assurance": "ASSURANCE_VERIFIED"}]}
    station = {"stationId": "S1"}
    unit = {"serialNumber": "SN-1", "model": "KDL-46"}
    tell("website.complaint.filed", {"complaintId": "W1", "reasonCode": "noise"}, "/web")
    tell("repair.complaint.filed", {"complaintId": "R1", "reasonCode": "late",
                                    "owner": {"agentId": "front"}}, "/s1")
    tell("callcenter.complaint.filed", {"complaintId": "C1", "reasonCode": "rude",
                                        "owner": {"agentId": "201"}})
    tell("repair.order.received", {"repairOrderId": "RO7", "station": station, "unit": unit,
                                   "customer": customer}, "/s1")
    assert {c["caseId"]: c.get("owner", {}).get("agentId") for c in hub.ask(ops, "cases")} == \
        {"W1": None, "R1": "front", "C1": "201"}
    tell("callcenter.case.acknowledged", {"caseId": "W1", "owner": {"agentId": "305"}})
    tell("callcenter.case.handed", {"caseId": "W1", "fromOwner": {"agentId": "305"},
                                    "toOwner": {"agentId": "400"}}, when=now + 1)
    assert case("W1")["owner"]["agentId"] == "400"
    assert case("W1")["handOvers"][0]["fromOwner"]["agentId"] == "305"
    assert [c["caseId"] for c in hub.ask(ops, "cases", "--owner", "400")] == ["W1"]
    tell("callcenter.case.answered", {"caseId": "C1"})
    tell("callcenter.case.closed", {"caseId": "C1"})
    assert [c["caseId"] for c in hub.ask(ops, "cases", "--kind", "complaint")] == ["R1", "W1"]
    assert counted() == (2, 0), counted()

    # A quote waits for the customer: the repair's clock stands, the complaint's does not.
    tell("repair.quote.made", {"quoteId": "Q1", "repairOrderId": "RO7", "station": station,
                               "total": {"minorUnits": "30000", "currency": "CNY"}}, "/s1")
    tell("reference.product.published", {"productId": "SKU-1", "model": "KDL-46",
                                         "description": "television"}, "/office")
    tell("reference.station.published", {"stationId": "S1", "kind": "STATION_KIND_CONTRACTED",
                                         "name": "West", "street": "1 Road"}, "/office")
    price = lambda amount, when: tell(
        "reference.price.published", {"priceListId": "retail", "itemCode": "P7", "price":
                                      {"minorUnits": str(amount), "currency": "CNY"}}, "/office", when)
    price(100, now - 10 * DAY)
    price(120, now - 1 * DAY)
    tell("reference.promotion.published",
         {"promotionId": "SPRING", "title": "Spring", "startTimeUs": str(int((now + HOUR) * 1e6)),
          "endTimeUs": str(int((now + 20 * HOUR) * 1e6))}, "/office")
    cost = lambda *more: hub.ask(ops, "get", "price/retail/P7", *more)[0]["price"]["minorUnits"]
    assert (cost(), cost("--at", at(now - 5 * DAY))) == ("120", "100")
    assert len(hub.ask(ops, "get", "price/retail/P7", "--history")) == 2
    assert not told("reference.promotion.started")

    # Who joins late gets the newest values, and no past.
    hub.run(ops, "checkpoint")
    with hub.client(ops) as client:
        late = client.subscribe(name="late", start={"from": SNAPSHOT, "snapshot": ["reference"]}, credit=64)
        records = []
        while len(records) < 4:
            assert client.wait(lambda: late.queue, 20), records
            kind, body = late.queue.popleft()
            assert kind == "mark" or body["mode"] == RECORD, body
            if kind != "mark":
                records.append({n: v for n, _, v in wire.scan(body["record"])}[1].decode())
        while late.queue:
            assert late.queue.popleft()[0] == "mark", "more than the newest values"
        assert sorted(records) == ["S1", "SKU-1", "SPRING", "retail"], records

    # Six hours without the hub: what was missed meanwhile is said once.
    hub.stop()
    hub.set_clock(6 * HOUR)
    hub.start()
    until(lambda: len(told("deadline.promise.missed")) >= 3)
    missed = {m["deadline"]["deadlineId"]: m for m in told("deadline.promise.missed")}
    assert set(missed) == {"complaint.answer/W1", "complaint.answer/R1",
                           "complaint.acknowledge/R1"}, missed
    answer = missed["complaint.answer/W1"]
    assert (answer["rung"], answer["rungsPassed"], answer["escalateTo"], answer["ownerId"]) == \
        (3, 3, "director", "400"), answer
    assert counted() == (2, 2), counted()
    assert case("W1")["level"] == 3 and case("W1")["escalatedTo"] == "director"
    assert [c["caseId"] for c in hub.ask(ops, "cases", "--overdue", "--by", "deadline")] == ["R1", "W1"]
    until(lambda: [p["reasonCode"] for p in told("reference.promotion.started")] == ["schedule"])

    # The agent sees product, station and what is on offer beside the open repair.
    view = hub.ask(ops, "customer", "13800138000")[0]
    assert view["products"][0]["description"] == "television", view
    assert view["stations"][0]["name"] == "West" and view["promotions"][0]["promotionId"] == "SPRING"

    later = now + 6 * HOUR
    tell("callcenter.case.answered", {"caseId": "W1"}, when=later)
    late = told("deadline.promise.fulfilled")
    assert [d["deadline"]["deadlineId"] for d in late] == ["complaint.answer/W1"], late
    tell("callcenter.case.closed", {"caseId": "W1"}, when=later + 1)
    tell("callcenter.case.reopened", {"caseId": "W1", "owner": {"agentId": "201"}}, when=later + 2)
    again = case("W1")
    assert (again["reopened"], again.get("level"), again["owner"]["agentId"]) == (1, None, "201"), again
    assert {d["promise"]: d["state"] for d in again["deadlines"]} == {
        "complaint.acknowledge": "DEADLINE_STATE_RUNNING",
        "complaint.answer": "DEADLINE_STATE_RUNNING"}
    tell("repair.quote.approved", {"quoteId": "Q1", "repairOrderId": "RO7", "station": station},
         "/s1", later)
    repair = hub.ask(ops, "get", "repair/RO7")[0]
    fix = next(d for d in repair["deadlines"] if d["promise"] == "repair.fix")
    assert fix["state"] == "DEADLINE_STATE_RUNNING", fix
    assert abs(int(fix["pausedMs"]) - 6 * HOUR * 1000) < 120000, fix
    hub.kill()
    hub.start()
    assert case("W1")["owner"]["agentId"] == "201"
    assert counted() == (2, 1), counted()
    hub.stop()
    assert "verify\tok" in hub.offline("verify")
