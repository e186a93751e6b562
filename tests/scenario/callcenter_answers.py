"""The line to the exchange, whose clock is ten minutes behind, breaks while callers answer: the dial plan writes their
answers into queue_log, too, and each form is one event, whole, whoever told of it first; reading the log again changes
nothing."""
import time

from lib import PATIENCE_S, Hub, until
from center import Center
from exchange import Call, Exchange

with Hub() as hub, Exchange() as exchange:
    ops = hub.peer("ops", roles="operator, consumer", topics=">")
    center = Center(hub, "s3cr3t")
    hub.start()
    log = hub.root / "queue_log"
    log.touch()
    center.configure(
        f"port = {exchange.port}\nusername = carehub\n"
        "reconnect_first = 50ms\nreconnect_longest = 200ms\n"
        "[survey]\nevent = CSAT\nquestions = Score=overall, Manner=manner:staff\nlogged = yes\n"
        f"[logs]\nqueue_log = {log}\n")
    forms = lambda: {line["event"]["id"]: line["event"]["data"]
                     for line in hub.ask(ops, "find", "--type", "callcenter.survey.answered")}
    behind = int(time.time()) - 600  # the exchange's clock
    abandoned = lambda: {line["event"]["id"]
                         for line in hub.ask(ops, "find", "--type", "callcenter.call.abandoned")}

    def write(id, *lines, after_s=0):
        with log.open("a") as file:
            file.write("".join(f"{behind + after_s}|{id}|repair|Wang|{line}\n" for line in lines))

    def served(number):
        call = Call(exchange, number, "repair").join().ring("Wang", "PJSIP/201").connect()
        call.say("AgentComplete", **call.agent, HoldTime=2, TalkTime=5, Reason="agent")
        write(call.id, f"ENTERQUEUE||{number}|1", "CONNECT|2|x|2", "COMPLETEAGENT|2|5|1")
        return call

    with center.running():
        assert exchange.ready.wait(PATIENCE_S)
        until(lambda: center.said("exchange.up"))
        heard, broken = served("13800138000"), served("13900139000")
        heard.say("UserEvent", UserEvent="CSAT", Score=4, Manner=5).hang_up()
        write(heard.id, "CSAT|Score: 4,Manner: 5")  # QueueLog(repair,${UNIQUEID},Wang,CSAT,...)
        broken.say("UserEvent", UserEvent="CSAT", Score=1)
        until(lambda: len(forms()) == 1)

        # The second half of one form, and the whole of another call, are told to nobody.
        exchange.gone.clear()
        exchange.hang_up()
        assert exchange.gone.wait(PATIENCE_S)
        exchange.channels.clear()
        missed, later = (f"t1-{behind}.{n}" for n in (98, 99))
        write(broken.id, "CSAT|Score: 1")
        write(missed, "CSAT|Score: 5")
        write(missed, "ENTERQUEUE||13700137000|1", "ABANDON|1|1|5")
        until(lambda: abandoned() == {f"{missed}/repair"})  # so far the log has been read
        write(broken.id, "CSAT|Score: 2,Manner: 3,Wave: 2026-Q4")
        write(later, "ENTERQUEUE||13600136000|1", "ABANDON|1|1|5", after_s=300)  # they have answered
        until(lambda: len(forms()) == 3)
    assert "conflicts=0" in center.once()

    answers = {id.removesuffix("/survey/hotline"): form for id, form in forms().items()}
    scores = {id: [a["score"]["unscaled"] for a in form["answers"]] for id, form in answers.items()}
    assert scores == {heard.id: ["4", "5"], broken.id: ["2", "3"], missed: ["5"]}, answers
    form = answers[broken.id]
    assert form["wave"] == "2026-Q4" and form["regarding"]["agent"]["agentId"] == "Wang", form
    assert form["complete"] == "ANSWER_YES" and "13900139000" in str(form["customer"]), form
    hub.stop()
    assert "verify\tok" in hub.offline("verify")
