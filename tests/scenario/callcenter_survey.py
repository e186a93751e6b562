"""Callers answer by the keys of their telephones after the call: each form is one event beside the call, and quality counts
it; what somebody has made up is not counted, and the log says so."""
import json
import subprocess
import time

from lib import BIN, PATIENCE_S, Hub, until
from center import Center
from exchange import Call, Exchange

with Hub() as hub, Exchange() as exchange:
    ops = hub.peer("ops", roles="operator, consumer", topics=">")
    center = Center(hub, "s3cr3t")
    peer = hub.peer("quality", roles="producer, consumer", sources="/carehub/quality",
                    types="quality.>", topics=">")
    hub.start()
    center.configure(f"port = {exchange.port}\nusername = carehub\n"
                     "[survey]\nevent = CSAT\nquestions = Score=overall, Manner=manner:staff\n")
    (hub.root / "quality.conf").write_text(
        f"[hub]\nendpoint = {hub.address}\nserver_key = {hub.server_key}\nkey_file = {peer.key_file}\n"
        f"[module]\nbook = {hub.root}/quality\n[quality]\noverall_question = overall\n")
    found = lambda type: [line["event"] for line in hub.ask(ops, "find", "--type", type)]

    def served(number):
        call = Call(exchange, number, "repair").join().ring("Wang", "PJSIP/201").connect()
        call.say("AgentComplete", **call.agent, HoldTime=2, TalkTime=5, Reason="agent")
        return call

    with center.running(status=1):
        assert exchange.ready.wait(PATIENCE_S)
        until(lambda: center.said("exchange.up"))
        first = served("13800138000")
        first.say("UserEvent", UserEvent="CSAT", Score=2)
        first.say("UserEvent", UserEvent="CSAT", Score=5)  # he presses again
        first.say("UserEvent", UserEvent="CSAT", Manner=4, Wave="2026-Q4").hang_up()
        second = served("13900139000")
        second.say("UserEvent", UserEvent="CSAT", Score="1\r\nEvent: Hangup\r\nUserEvent: CSAT\r\nScore: 5")
        second.say("UserEvent", UserEvent="CSAT", Manner="5: Event: Hangup").hang_up()
        served("13700137000").hang_up()
        until(lambda: len(found("callcenter.call.completed")) == 3)
        until(lambda: len(found("callcenter.survey.answered")) == 2)
    assert "Manner: is no number from 1 to 5" in center.log.read_text(), center.log.read_text()

    forms = {form["id"]: form["data"] for form in found("callcenter.survey.answered")}
    full, cut = forms[f"{first.id}/survey/hotline"], forms[f"{second.id}/survey/hotline"]
    assert [(a["questionId"], a["score"]["unscaled"]) for a in full["answers"]] == [("overall", "5"), ("manner", "4")]
    assert (full["complete"], cut["complete"], full["wave"]) == ("ANSWER_YES", "ANSWER_NO", "2026-Q4"), forms
    assert full["regarding"]["callId"] == first.id and full["regarding"]["agent"]["agentId"] == "201"

    def quality(*words):
        done = subprocess.run([BIN / "carehub-quality", words[0], "--config", hub.root / "quality.conf", *words[1:]],
                              capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, (words, done)
        return done.stdout

    quality("run", "--once")
    report = json.loads(quality("report", "--period", time.strftime("%Y-%m", time.gmtime()), "--format", "json"))
    index = {promise["promise"]: promise["achieved"] for promise in report["promises"]}["satisfaction"]
    assert index == (((5 - 1) / 4 + (1 - 1) / 4) / 2 + (4 - 1) / 4) / 2 * 100, index
    hub.stop()
