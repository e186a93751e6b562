"""The exchange is a FreeSWITCH: the same calls come of it, with the names of their callers as they are written, the record
is on the agent's screen before he answers, and a line that breaks in the middle of a call costs what was told meanwhile, no more."""
import json
import pathlib
import subprocess
import sys
import threading

from lib import BIN, PATIENCE_S, Hub, event, until

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "support"))
from exchange import WebSocket  # noqa: E402
from freeswitch import Call, FreeSwitch  # noqa: E402

with Hub() as hub, FreeSwitch() as exchange:
    ops = hub.peer("ops", roles="operator, consumer", topics=">")
    shop = hub.peer("shop", roles="producer", sources="urn:shop", types="website.>", region="CN")
    center = hub.peer("center", roles="producer, consumer", sources="/callcenter",
                      types="callcenter.>", topics="callcenter.>", region="CN")
    hub.start()
    hub.run(shop, "publish", input=event("website.account.created", "1", "urn:shop", {"accountId": "wf", "customer": {
        "commonId": "wf", "commonIdAssurance": "ASSURANCE_VERIFIED", "name": {"full": "王芳"},
        "phones": [{"value": "13800138000", "assurance": "ASSURANCE_VERIFIED"}]}}))
    exchange.agents = {"6f1e9c": "[leg_timeout=10]user/201@default", "202@default": "sofia/gateway/x/202"}
    exchange.queues = ["night@default"]
    secret, token, config = hub.root / "esl", hub.root / "token", hub.root / "callcenter.conf"
    for path, text in ((secret, "wrong"), (token, "agents")):
        path.touch(mode=0o600)
        path.write_text(text + "\n")
    text = f"""[hub]
endpoint = {hub.address}
server_key = {hub.server_key}
key_file = {center.key_file}
[exchange]
dialect = freeswitch
port = {exchange.port}
secret_file = {secret}
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
token_file = {token}
"""
    config.write_text(text + f"[logs]\nqueue_log = {hub.root / 'queue_log'}\n")
    run = [BIN / "carehub-callcenter", "run", "--config", config]
    check = subprocess.run([*run[:1], "check", *run[2:]], capture_output=True, text=True)
    assert check.returncode == 2 and "is Asterisk's" in check.stdout + check.stderr, check
    config.write_text(text)
    adapter = subprocess.Popen(run, stderr=subprocess.PIPE, text=True)
    lines = []
    threading.Thread(target=lambda: lines.extend(iter(adapter.stderr.readline, "")), daemon=True).start()
    said = lambda *words: sum(all(word in line for word in words) for line in lines)
    told = lambda: {line["event"]["id"]: line["event"] for line in hub.ask(ops, "find", "--type", "callcenter.>")}
    over = lambda: [one for one in told().values() if one["type"].rsplit(".", 1)[1] not in ("queued", "connected")]

    try:
        until(lambda: said("exchange.down", "it refuses the login"))
        assert exchange.logins == 0
        adapter.terminate()
        assert adapter.wait(PATIENCE_S) == 0
        secret.write_text("ClueCon\n")
        adapter = subprocess.Popen(run, stderr=subprocess.PIPE, text=True)
        lines.clear()
        threading.Thread(target=lambda: lines.extend(iter(adapter.stderr.readline, "")), daemon=True).start()
        until(lambda: said("exchange.up") and said("hub.connected") and said("pop.listening"))
        assert exchange.subscribed.endswith("CUSTOM callcenter::info CSAT"), exchange.subscribed
        port = next(int(line.rsplit("port=", 1)[1]) for line in lines if " pop.listening " in line)
        screen = WebSocket(port, "agents")

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
        until(lambda: said("exchange.down", "it ends the connection"))
        until(lambda: said("exchange.up") == 2)
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
        until(lambda: said("exchange.down", "it does not answer"))
        exchange.mute = False
        until(lambda: said("exchange.up") == 3)
        assert said("exchange.list", "not whole")
        stays.leave().hang_up()
        until(lambda: told().get(f"{stays.id}/repair@default", {}).get("type") == "callcenter.call.abandoned")
    except BaseException:
        print(*lines, sep="")
        raise
    finally:
        adapter.terminate()
        status = adapter.wait(PATIENCE_S)
    assert status == 0, (status, lines)
    assert not said("call.rejected") and not said("call.refused")
    hub.stop()
