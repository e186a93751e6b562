"""Somebody calls from a number that nobody knows, and has a record of his own by then; later a customer shows that the number
is hers.  From then on she stands first on the agent's screen, and each record says how it holds the number."""
import json
import pathlib
import subprocess
import sys

from lib import BIN, PATIENCE_S, Hub, event, until

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "support"))
from exchange import Call, Exchange, WebSocket  # noqa: E402

NUMBER = "13900139000"

with Hub() as hub, Exchange() as exchange:
    ops = hub.peer("ops", roles="operator, consumer", topics=">")
    shop = hub.peer("shop", roles="producer", sources="urn:shop", types="website.>", region="CN")
    center = hub.peer("center", roles="producer, consumer", sources="/callcenter", types="callcenter.>",
                      topics="callcenter.>", region="CN")
    hub.start()
    for name, text in {"ami": "s3cr3t", "wall": "everybody"}.items():
        (hub.root / name).touch(mode=0o600)
        (hub.root / name).write_text(text + "\n")
    config, told = hub.root / "callcenter.conf", hub.root / "callcenter.log"
    config.write_text(
        f"[hub]\nendpoint = {hub.address}\nserver_key = {hub.server_key}\nkey_file = {center.key_file}\n"
        f"[exchange]\nport = {exchange.port}\nusername = carehub\nsecret_file = {hub.root}/ami\n"
        f"[pop]\nlisten = 127.0.0.1:0\ntoken_file = {hub.root}/wall\ntimeout = 1m\n")
    adapter = subprocess.Popen([BIN / "carehub-callcenter", "run", "--config", config], stderr=told.open("w"))
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

    try:
        assert exchange.ready.wait(PATIENCE_S)
        until(lambda: all(word in told.read_text() for word in (" exchange.up ", " pop.listening ", " hub.connected ")))
        port = int(next(line for line in told.read_text().splitlines() if " pop.listening " in line).rsplit("port=", 1)[1])
        screen = WebSocket(port, "everybody")
        assert screen.status == 101

        assert ring() == ("none", [])
        stub = ("ASSURANCE_CLAIMED", "ANSWER_NO", False)
        assert ring() == ("found", [stub])
        account("website.account.created", "13800138000")
        account("website.account.updated", "13800138000", NUMBER)
        assert ring() == ("several", [("ASSURANCE_VERIFIED", "ANSWER_YES", True), stub])
    finally:
        adapter.terminate()
        status = adapter.wait(PATIENCE_S)
    assert status == 0, (status, told.read_text())
    hub.stop()
