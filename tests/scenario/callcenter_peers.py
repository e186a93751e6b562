"""A day of a FreeSWITCH is read by clients that others wrote, modesl and esl-lite, and compared with ours event by event,
in the plain form and as JSON; both forms are the same day, and translate makes the same calls of them."""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "support"))
import freeswitch  # noqa: E402

BIN = pathlib.Path(os.environ["CAREHUB_BIN"])
PEERS = pathlib.Path(__file__).parents[1] / "peers/esl"
if shutil.which("node") is None or not (PEERS / "node_modules/modesl").is_dir():
    print("modesl and esl-lite are not here: npm ci in tests/peers/esl")
    sys.exit(77)


SUBSCRIBED = {"modesl": "plain all", "esl-lite": "end::capture"}  # when they listen to the last of it


def a_day(form):
    freeswitch.Call.count = freeswitch.Teller.sequence = 0
    paper = freeswitch.Paper()
    paper.form = form
    return paper, freeswitch.day(paper)


def ours(command, path):
    done = subprocess.run([BIN / "carehub-callcenter", *command, path], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done
    return [json.loads(line) for line in done.stdout.splitlines()]


def theirs(client, paper):
    with freeswitch.FreeSwitch() as exchange:
        listener = subprocess.Popen(["node", PEERS / "listen.js", client, str(exchange.port), exchange.password],
                                    stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        give_up = time.monotonic() + 30
        while SUBSCRIBED[client] not in exchange.subscribed:
            assert listener.poll() is None and time.monotonic() < give_up, listener.communicate()
            time.sleep(0.05)
        for piece in paper.text[3:]:  # behind the login
            exchange.send(piece)
        exchange.send(paper.form({"Event-Name": "CUSTOM", "Event-Subclass": "end::capture"}))
        said, errors = listener.communicate(timeout=60)
    assert listener.returncode == 0, errors
    return [json.loads(line) for line in said.splitlines()]


with tempfile.TemporaryDirectory() as folder:
    forms, calls = {}, {}
    for client, form in (("modesl", freeswitch.plain), ("esl-lite", freeswitch.as_json)):
        paper, expected = a_day(form)
        capture = pathlib.Path(folder, f"{client}.esl")
        capture.write_bytes(paper.bytes())
        forms[client] = [dict(map(tuple, message["fields"])) for message in ours(["messages"], capture)
                         if message["kind"] == "event"]
        other = theirs(client, paper)
        differ = [(a, b) for a, b in zip(forms[client], other) if a != b]
        assert len(other) == len(forms[client]) > 60 and not differ, (client, len(other), differ[:1])
        calls[client] = ours(["translate", "--quiet", "--survey", "CSAT"], capture)
        print(f"{client}: {len(other)} events, none differs")
    assert forms["modesl"] == forms["esl-lite"] and calls["modesl"] == calls["esl-lite"]
    outcomes = [call["type"].split(".") for call in calls["modesl"]]
    assert {kind: sum(one[1:] == ["call", kind] for one in outcomes) for kind in expected} == expected
    assert any("王芳" in json.dumps(call, ensure_ascii=False) for call in calls["modesl"])
