"""The line to the hub breaks while a visitor's look-up is under way: it is asked again, and he gets his answer.  What was
to be stored is there once."""
import threading

from lib import PATIENCE_S, Hub, event, until
from line import Line
from website_site import SECRET, Site, signed

with Hub() as hub:
    ops = hub.peer("ops", roles="operator, consumer", topics=">")
    station = hub.peer("station", roles="producer", sources="urn:station", types="repair.>")
    hub.start()
    hub.run(station, "publish", input=event("repair.order.received", 1, "urn:station", {
        "repairOrderId": "R77", "station": {"stationId": "SH12"},
        "unit": {"serialNumber": "SN-123", "model": "KDL-46"}}))
    with Line(int(hub.address.rsplit(":", 1)[1])) as line:
        site = Site(hub, endpoint=f"tcp://127.0.0.1:{line.port}", status__enabled="yes",
                    website__answer_timeout="60s", adapter__patience="60s")
        site.sender("web", secret=SECRET)
        hub.reload()
        with site:
            def meanwhile(ask):
                """What `ask` comes to over a line that breaks before the hub's word is through."""
                answers = []
                line.hold()
                visitor = threading.Thread(target=lambda: answers.append(ask()))
                visitor.start()
                assert line.said.wait(PATIENCE_S)
                line.cut()
                visitor.join(2 * PATIENCE_S)
                return answers[0]

            feedback = signed(SECRET, "m1", {"type": "website.feedback.given",
                                             "data": {"feedbackId": "F1", "remarks": "fine"}})
            for _ in range(3):
                status, _, answer = meanwhile(lambda: site.ask("GET", "/status?repair=R77&serial=SN-123"))
                assert status == 200 and answer["state"] == "received", (status, answer)
            status, answer = meanwhile(lambda: site.post("/webhooks", feedback))
            assert status == 200, (status, answer)
    until(lambda: len(hub.ask(ops, "find", "--type", "website.feedback.given")) == 1)
    hub.stop()
    assert "verify\tok" in hub.offline("verify")
