"""Somebody calls from a number that nobody knows, and has a record of his own by then; later a customer shows that the number
is hers.  From then on she stands first on the agent's screen, and each record says how it holds the number."""
import json

from lib import PATIENCE_S, Hub, event, until
from center import Center, secret
from exchange import Call, Exchange, WebSocket

NUMBER = "13900139000"

with Hub() as hub, Exchange() as exchange:
    ops = hub.peer("ops", roles="operator, consumer", topics=">")
    shop = hub.peer("shop", roles="producer", sources="urn:shop", types="website.>", region="CN")
    center = Center(hub, "s3cr3t")
    hub.start()
    center.configure(
        f"port = {exchange.port}\nusername = carehub\n[pop]\nlisten = 127.0.0.1:0\n"
        f"token_file = {secret(hub.root / 'wall', 'everybody')}\ntimeout = 1m\n")
    done = lambda: len(hub.ask(ops, "find", "--type", "callcenter.call.completed"))

    def ring():
        call = Call(exchange, NUMBER, "repair").join().ring("Wang", "PJSIP/201")
        pop = json.loads(screen.receive())
        calls = done()
        call.connect().complete()
        until(lambda: done() == calls + 1)
        return pop["lookup"], [(view.get("keyAssurance"), view.get("proven"), "Li Na" in json.dumps(view))
                               for view in pop["customers"]]

    def account(type, *numbers):
        hub.run(shop, "publish", input=event(type, type, "urn:shop", {"accountId": "ln", "customer": {
            "commonId": "ln", "commonIdAssurance": "ASSURANCE_VERIFIED", "name": {"full": "Li Na"},
            "phones": [{"value": number, "assurance": "ASSURANCE_VERIFIED"} for number in numbers]}}))

    with center.running():
        assert exchange.ready.wait(PATIENCE_S)
        until(lambda: all(map(center.said, ("exchange.up", "pop.listening", "hub.connected"))))
        screen = WebSocket(center.pop_port(), "everybody")
        assert screen.status == 101

        assert ring() == ("none", [])
        stub = ("ASSURANCE_CLAIMED", "ANSWER_NO", False)
        assert ring() == ("found", [stub])
        account("website.account.created", "13800138000")
        account("website.account.updated", "13800138000", NUMBER)
        assert ring() == ("several", [("ASSURANCE_VERIFIED", "ANSWER_YES", True), stub])
    hub.stop()
