"""A call center's day: the record is on the agent's screen before he answers, one call is one event, and the
line to the exchange breaks in the middle of a call: the log has it, and nothing counts twice."""
import http.server
import json
import queue
import threading
import time

from lib import PATIENCE_S, Hub, event, until
from center import Center, secret
from exchange import Call, Exchange, WebSocket

pushed = queue.Queue()


class Screen(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        pushed.put((self.headers["Authorization"],
                    json.loads(self.rfile.read(int(self.headers["Content-Length"])))))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *words):
        pass


with Hub() as hub, Exchange() as exchange:
    ops = hub.peer("ops", roles="operator, consumer", topics=">")
    shop = hub.peer("shop", roles="producer", sources="urn:shop", types="website.>", region="CN")
    center = Center(hub, "s3cr3t")
    hub.start()
    for number, name in (("13800138000", "Wang Fang"), ("13900139000", "Li Na")):
        hub.run(shop, "publish", input=event("website.account.created", name, "urn:shop", {"accountId": name.replace(" ", ""),
            "customer": {"commonId": name.replace(" ", ""), "commonIdAssurance": "ASSURANCE_VERIFIED",
                         "name": {"full": name}, "phones": [
                             {"value": number, "assurance": "ASSURANCE_VERIFIED"}]}}))
    screen = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Screen)
    threading.Thread(target=screen.serve_forever, daemon=True).start()
    log, desk = hub.root / "queue_log", hub.root / "desk"
    log.write_text("")
    settings = f"""port = {exchange.port}
username = carehub
keepalive = 100ms
timeout = 2s
reconnect_first = 50ms
reconnect_longest = 200ms
[calls]
groups = repair=appliances
[logs]
queue_log = {log}
[pop]
url = http://127.0.0.1:{screen.server_port}/pop
url_token_file = {secret(hub.root / "bearer", "screens")}
listen = 127.0.0.1:0
token_file = {secret(hub.root / "token", "agents")}
[desk]
folder = {desk}
settle = 0
"""
    center.configure(settings)
    center.command("check")
    LIVE = ("callcenter.call.queued", "callcenter.call.connected")
    told = lambda: [e["event"] for e in hub.ask(ops, "find", "--type", "callcenter.call.>")]
    calls = lambda: [call for call in told() if call["type"] not in LIVE]
    live = lambda call: [e["type"].rsplit(".", 1)[1] for e in told() if e["id"].startswith(f"{call.id}/repair/")]

    with center.running(status=1):  # one line of the desk's is rejected
        assert exchange.ready.wait(PATIENCE_S)
        until(lambda: all(map(center.said, ("exchange.up", "pop.listening", "hub.connected"))))
        port = center.pop_port()
        assert WebSocket(port, "somebody").status != 101, "only with the token"
        everybody, wang = WebSocket(port, "agents"), WebSocket(port, "agents", "?agent=201")

        # The telephone rings, and only when the screen has it does the agent take the call.
        first = Call(exchange, "13800138000", "repair", "Fang").join().ring("Wang", "PJSIP/201")
        bearer, pop = pushed.get(timeout=PATIENCE_S)
        assert bearer == "Bearer screens" and pop["lookup"] == "found", pop
        assert pop["agent"]["id"] == "201" and pop["call"]["group"] == "appliances"
        assert "Wang Fang" in json.dumps(pop["customers"]), pop
        until(lambda: live(first) == ["queued"])
        assert json.loads(everybody.receive()) == json.loads(wang.receive()) == pop
        first.connect()
        until(lambda: live(first) == ["queued", "connected"] and not calls())
        first.complete()

        # Nobody knows that number, and an anonymous caller has none; the other agent's calls are not Wang's.
        unknown = Call(exchange, "13712345678", "repair").join().ring("Li", "PJSIP/202")
        pop = pushed.get(timeout=PATIENCE_S)[1]
        assert pop["lookup"] == "none", pop  # once the call is over its event makes him known
        unknown.connect().complete()
        Call(exchange, "", "repair").join().ring("Li", "PJSIP/202").connect().complete()
        pop = pushed.get(timeout=PATIENCE_S)[1]
        assert pop["lookup"] == "anonymous", pop
        until(lambda: len(calls()) == 3 and exchange.pings > 0)
        wang.line.settimeout(0.2)
        try:
            raise AssertionError(wang.receive())
        except TimeoutError:
            pass

        # The line breaks while somebody talks; he is done before it is back.  The log has him.
        broken = Call(exchange, "13900139000", "repair").join().ring("Wang", "PJSIP/201")
        pop = pushed.get(timeout=PATIENCE_S)[1]
        assert pop["lookup"] == "found", pop  # once he is connected the call has a record of its own
        broken.connect()
        exchange.gone.clear()
        exchange.hang_up()
        assert exchange.gone.wait(PATIENCE_S)
        exchange.channels.clear()
        now = int(time.time())
        log.write_text(f"{now}|NONE|NONE|NONE|QUEUESTART|\n"
                       f"{now}|{first.id}|repair|Wang|ENTERQUEUE||13800138000|1\n"
                       f"{now}|{first.id}|repair|Wang|CONNECT|2|x|2\n"
                       f"{now}|{first.id}|repair|Wang|COMPLETEAGENT|3|6|1\n"
                       f"{now}|{broken.id}|repair|NONE|ENTERQUEUE||13900139000|1\n"
                       f"{now}|{broken.id}|repair|Wang|CONNECT|2|x|2\n"
                       f"{now}|{broken.id}|repair|Wang|COMPLETECALLER|2|31|1\n")
        until(lambda: len(calls()) == 4)
        assert calls()[-1]["id"] == f"{broken.id}/repair"
        assert live(broken) == ["queued", "connected"], "once each, whoever tells it"

        # A call begins and ends while it is broken, and the exchange writes down how just after it is back.
        exchange.hang_up()
        until(lambda: center.said("exchange.up") == 3)
        quiet = f"t1-{now}.77"
        with log.open("a") as more:
            more.write(f"{now}|{quiet}|repair|NONE|ENTERQUEUE||13800138000|1\n"
                       f"{now}|{quiet}|repair|Wang|CONNECT|2|x|2\n"
                       f"{now}|{quiet}|repair|Wang|COMPLETECALLER|2|31|1\n")
        until(lambda: len(calls()) == 5)

        # What an agent writes is an event of its own; a call is the exchange's to tell.
        desk.mkdir(exist_ok=True)
        (desk / "a.jsonl").write_text(
            '{"type":"case.logged","id":"K1","data":{"caseId":"K1","kind":"CASE_KIND_COMPLAINT",'
            f'"owner":{{"agentId":"201"}},"callId":"{first.id}"}}}}\n'
            '{"type":"call.completed","id":"K2","data":{"call":{"callId":"x"}}}\n')
        until((desk / "done/a.jsonl.result.json").exists)
        assert "told by the exchange" in (desk / "done/a.jsonl.rejects").read_text()
        assert len(hub.ask(ops, "find", "--type", "callcenter.case.*")) == 1

        # The hub is away while a telephone rings: the call is told all the same, and in time.
        assert exchange.ready.wait(PATIENCE_S)
        hub.kill()
        last = Call(exchange, "13800138000", "repair").join().ring("Wang", "PJSIP/201")
        pop = pushed.get(timeout=PATIENCE_S)[1]
        assert pop["lookup"] == "failed", pop
        last.connect().complete()
    assert exchange.refused == 0

    # Whoever starts anew reads the log from its begin: the hub knows all of it.
    hub.start()
    center.configure(settings)
    assert "duplicates=9 conflicts=0" in center.once()
    hub.stop()
    assert "verify\tok" in hub.offline("verify")
