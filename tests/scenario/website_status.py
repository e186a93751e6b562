"""How a repair stands is told to whoever knows the end of its customer's number, or the serial; to others
the same as of a repair that there is not, after the same time, and not often."""
import concurrent.futures
import time

from lib import Hub, event
from website_site import SECRET, Site

with Hub() as hub:
    ops = hub.peer("ops", roles="operator, consumer", topics=">")
    station = hub.peer("station", roles="producer", sources="urn:station", types="repair.>")
    site = Site(hub, status__enabled="yes", status__source="urn:lookups", status__least="100ms",
                status__mistakes=2, website__forwarded="yes")
    site.sender("web", secret=SECRET)
    hub.start()
    hub.run(station, "publish", input=event("repair.order.received", 1, "urn:station", {
        "repairOrderId": "R77", "station": {"stationId": "SH12", "name": "Shanghai 12"},
        "unit": {"serialNumber": "SN-123", "model": "KDL-46"},
        "customer": {"localId": "C1", "phones": [{"value": "13800138000"}]}},
        time="2026-03-02T08:00:00Z"))
    with site:
        def look(query, client="192.0.2.1"):
            begun = time.monotonic()
            status, _, answer = site.ask("GET", "/status?" + query,
                                         headers={"x-forwarded-for": client})
            assert status in (400, 429) or time.monotonic() - begun >= 0.099
            return status, answer

        status, answer = look("repair=R77&phone=8000")
        assert status == 200 and answer["state"] == "received", answer
        assert answer["station"] == "Shanghai 12" and "customer" not in answer, answer
        assert look("repair=R77&serial=sn%20123")[0] == 200
        assert look("repair=R77&phone=013800138000")[0] == 200
        assert look("repair=R77")[0] == 400
        assert look("repair=R77&phone=000")[0] == 400

        wrong, absent = look("repair=R77&phone=8001"), look("repair=R78&phone=8000")
        assert wrong == absent and wrong[0] == 404, (wrong, absent)
        # Who asks for all at once is told no more than who asks one after another.
        with concurrent.futures.ThreadPoolExecutor(6) as crowd:
            answers = list(crowd.map(lambda n: look(f"repair=R79&phone=800{n}", "198.51.100.7")[0],
                                     range(6)))
        assert sorted(answers) == [404, 404, 429, 429, 429, 429], answers
        # Both may be guessed at so often by one client.
        assert look("repair=R77&phone=8002")[0] == look("repair=R78&phone=8000")[0] == 404
        assert look("repair=R77&phone=8000")[0] == look("repair=R78&phone=8000")[0] == 429
        # That keeps nobody else from his own repair; addresses of one network are one client.
        assert look("repair=R77&phone=8000", "2001:db8:1:2::1")[0] == 200
        assert look("repair=R77&phone=8003", "2001:db8:1:2::2")[0] == 404
        assert look("repair=R77&phone=8004", "2001:db8:1:2:ff::")[0] == 404
        assert look("repair=R77&phone=8000", "2001:db8:1:2::1")[0] == 429
        # Many together may not guess without end either.
        for client in ("2001:db8:1:3::1", "2001:db8:1:4::1"):
            assert [look("repair=R77&phone=8005", client)[0] for _ in range(2)] == [404, 404]
        assert look("repair=R77&phone=8000", "203.0.113.9")[0] == 429
    assert len(hub.ask(ops, "find", "--type", "website.status.viewed")) == 4
    hub.stop()
