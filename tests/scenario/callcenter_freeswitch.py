"""The exchange is a FreeSWITCH: the same calls come of it, with the names of their callers as they are written, the record
is on the agent's screen before he answers, and a line that breaks in the middle of a call costs what was told meanwhile, no more."""
import json

from lib import Hub, event, until
from center import Center, secret
from exchange import WebSocket
from freeswitch import Call, FreeSwitch

with Hub() as hub, FreeSwitch() as exchange:
    ops = hub.peer("ops", roles="operator, consumer", topics=">")
    shop = hub.peer("shop", roles="producer", sources="urn:shop", types="website.>", region="CN")
    center = Center(hub, "wrong")
    hub.start()
    hub.run(shop, "publish", input=event("website.account.created", "1", "urn:shop", {"accountId": "wf", "customer": {
        "commonId": "wf", "commonIdAssurance": "ASSURANCE_VERIFIED", "name": {"full": "王芳"},
        "phones": [{"value": "13800138000", "assurance": "ASSURANCE_VERIFIED"}]}}))
    exchange.agents = {"6f1e9c": "[leg_timeout=10]user/201@default", "202@default": "sofia/gateway/x/202"}
    exchange.queues = ["night@default"]
    text = f"""dialect = freeswitch
port = {exchange.port}
keepalive = 100ms
timeout = 1s
reconnect_first = 50ms
reconnect_longest = 200ms
[calls]
groups = repair@default=appliances
[survey]
event = CSAT
[pop]
listen = 127.0.0.1:0
token_file = {secret(hub.root / "token", "agents")}
"""
    center.configure(text + f"[logs]\nqueue_log = {hub.root / 'queue_log'}\n")
    assert "is Asterisk's" in center.command("check", status=2)
    center.configure(text)
    told = lambda: {line["event"]["id"]: line["event"] for line in hub.ask(ops, "find", "--type", "callcenter.>")}
    over = lambda: [one for one in told().values() if one["type"].rsplit(".", 1)[1] not in ("queued", "connected")]

    with center.running():
        until(lambda: center.said("exchange.down", "it refuses the login"))
        assert exchange.logins == 0
    secret(center.password, "ClueCon")
    center.log.write_text("")

    with center.running():
        until(lambda: center.said("exchange.up") and center.said("hub.connected") and center.said("pop.listening"))
        assert exchange.subscribed.endswith("CUSTOM callcenter::info CSAT"), exchange.subscribed
        screen = WebSocket(center.pop_port(), "agents")

        # The agent is called by his telephone, wherever the exchange has a name of its own for him.
        first = Call(exchange, "13800138000", "repair@default", "王芳 & 李娜").create().join().ring("6f1e9c")
        pop = json.loads(screen.receive())
        assert (pop["lookup"], pop["agent"]["id"], pop["call"]["group"]) == ("found", "201", "appliances"), pop
        assert pop["caller"]["name"] == "王芳 & 李娜" and "王芳" in json.dumps(pop["customers"], ensure_ascii=False)
        first.connect().complete(stays=True).say("CSAT", Score=5).hang_up()
        until(lambda: len(over()) == 2)
        call = told()[f"{first.id}/repair@default"]
        assert call["type"] == "callcenter.call.completed" and call["data"]["agent"]["agentId"] == "201"
        assert call["data"]["endedBy"] == "CALL_END_AGENT"
        assert told()[f"{first.id}/survey/hotline"]["data"]["answers"][0]["score"]["unscaled"] == "5"

        # A time-out is no abandon; the channels may be gone before the queue says so.
        Call(exchange, "13712345678", "repair@default").create().join().leave("TIMEOUT", state="answered").hang_up()
        Call(exchange, "", "repair@default").create().join().leave().hang_up("ORIGINATOR_CANCEL")
        Call(exchange, "13812345678", "repair@default").create().join().ring("202@default").connect().complete(late=True)
        until(lambda: len(over()) == 5 and exchange.pings > 2)
        assert sorted(one["type"].rsplit(".", 1)[1] for one in over()) == [
            "abandoned", "answered", "completed", "completed", "timedout"]

        # The exchange stops with one who waits and one who talks; the latter is done before it is back.
        waits = Call(exchange, "13600136000", "repair@default", "陈伟").create().join()
        talks = Call(exchange, "13500135000", "repair@default").create().join().ring("6f1e9c").connect()
        until(lambda: f"{talks.id}/repair@default/connected" in told())
        for gone in (talks.id, talks.leg):
            exchange.channels.pop(gone)
        talks._left()
        exchange.hang_up(farewell=True)
        until(lambda: center.said("exchange.down", "it ends the connection"))
        until(lambda: center.said("exchange.up") == 2)
        until(lambda: f"{talks.id}/repair@default" in told())
        assert told()[f"{talks.id}/repair@default"]["data"]["endedBy"] == "CALL_END_FAILURE"
        waits.ring("6f1e9c").connect().complete(by="transfer")
        until(lambda: f"{waits.id}/repair@default" in told())
        assert told()[f"{waits.id}/repair@default"]["data"]["endedBy"] == "CALL_END_TRANSFER"

        # A list that is not whole cuts nobody off, and an exchange that does not answer is gone.
        stays = Call(exchange, "13400134000", "repair@default").create().join()
        exchange.miscount = 1
        exchange.channels.clear()
        exchange.mute = True
        until(lambda: center.said("exchange.down", "it does not answer"))
        exchange.mute = False
        until(lambda: center.said("exchange.up") == 3)
        assert center.said("exchange.list", "not whole")
        stays.leave().hang_up()
        until(lambda: told().get(f"{stays.id}/repair@default", {}).get("type") == "callcenter.call.abandoned")
    assert not center.said("call.rejected") and not center.said("call.refused")
    hub.stop()
