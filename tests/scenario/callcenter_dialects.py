"""One call, told by Asterisk and by FreeSWITCH: events of the same types with the same fields, and where it is the same call to
the second, the same values."""
import json
import os
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "support"))
import exchange  # noqa: E402
import freeswitch  # noqa: E402

PROGRAM = pathlib.Path(os.environ["CAREHUB_BIN"], "carehub-callcenter")


class Paper:
    """What an Asterisk writes."""

    def __init__(self):
        self.channels, self.text = [], "Asterisk Call Manager/13.0.0\r\n"

    def event(self, event, **fields):
        self.text += f"Event: {event}\r\n" + "".join(f"{k}: {v}\r\n" for k, v in fields.items()) + "\r\n"


def asterisk():
    paper = Paper()
    call = lambda: exchange.Call(paper, "13800138000", "repair@default", "王芳", system="fs1")
    served = call().join().ring("1001@default", "PJSIP/1001").connect(wait=7, ring=4)
    served.say("AgentComplete", **served.agent, HoldTime=7, TalkTime=30, Reason="agent")
    served.say("UserEvent", UserEvent="CSAT", Score=4).hang_up()
    gone = call().join().say("HangupRequest")
    gone.say("QueueCallerAbandon", HoldTime=7, Position=1, OriginalPosition=1).hang_up()
    waited = call().join().say("QueueCallerAbandon", HoldTime=20, Position=1, OriginalPosition=1)
    waited.say("UserEvent", UserEvent="QueueResult", Status="TIMEOUT").hang_up()
    return paper.text.encode()


def switch():
    paper = freeswitch.Paper()
    call = lambda: freeswitch.Call(paper, "13800138000", "repair@default", "王芳").create().join()
    served = call()
    paper.wait(3)
    served.ring("1001@default")
    paper.wait(4)
    served.connect()
    paper.wait(30)
    served.complete(by="agent", stays=True).say("CSAT", Score=4).hang_up()
    gone = call()
    paper.wait(7)
    gone.leave().hang_up()
    waited = call()
    paper.wait(20)
    waited.leave("TIMEOUT", state="answered").hang_up()
    return paper.bytes()


def events(capture):
    done = subprocess.run([PROGRAM, "translate", "--quiet", "--live", "--survey", "CSAT", "-"], input=capture,
                          capture_output=True, timeout=60)
    assert done.returncode == 0, done.stderr
    told = [json.loads(line) for line in done.stdout.splitlines()]
    for event in told:
        event["id"] = event["id"].split("/", 1)[1]  # behind the channel's own
        data = event["data"]
        for name in ("position", "joinedPosition", "waiting", "hangupCause"):
            data.pop(name, None)  # FreeSWITCH does not tell them, or other ones
        for part in (data, data.get("call", {}), data.get("regarding", {})):
            for name in ("callId", "queueCallId", "responseId", "language"):
                if name in part:
                    part[name] = type(part[name])()
    return [(event["type"], event["id"], event["data"]) for event in told]


one, other = events(asterisk()), events(switch())
assert [event[:2] for event in one] == [event[:2] for event in other] and len(one) == 8, (one, other)
for first, second in zip(one, other):
    assert first == second, (first, second)
print(f"{len(one)} events, none differs")
