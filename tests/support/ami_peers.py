"""What other clients of the manager port, of npm's, make of a capture, and what we do: event by event.

    if ami_peers.are_here():
        for client in ami_peers.CLIENTS:
            ours, theirs, differ = ami_peers.compare(client, "ami.raw", messages)

They are had by `npm ci` in tests/peers/ami."""
import json
import pathlib
import re
import shutil
import subprocess

from exchange import Exchange, after_login, segments

PEERS = pathlib.Path(__file__).resolve().parents[1] / "peers/ami"
CLIENTS = ("asterisk-manager", "yana")
MISSING = "asterisk-manager and yana are not here: npm ci in tests/peers/ami"
PATIENCE_S = 60


def are_here():
    return shutil.which("node") is not None and all((PEERS / "node_modules" / name).is_dir() for name in CLIENTS)


def comparable(fields):
    """Lists of values by name, as all clients can tell them: without leading blanks, in no order.  Of a message with a
    second "Event:", as a caller's own words make one, the first is its name, and not all clients keep the other."""
    return {name: sorted(re.sub(r"^\s+", "", value) for value in (values[:1] if name == "event" else values))
            for name, values in fields.items()}


def canonical(message):
    fields = {}
    for key, value in message["fields"]:
        fields.setdefault(key.lower().replace(" ", ""), []).append(value)
    return comparable(fields)


def listened(client, capture):
    """The events that the client tells, logged in at a replay of the capture as it was cut then."""
    with Exchange(looks=False) as exchange:
        listener = subprocess.Popen(["node", PEERS / "listen.js", client, str(exchange.port), exchange.user,
                                     exchange.secret], stdout=subprocess.PIPE, text=True)
        assert exchange.ready.wait(PATIENCE_S), f"{client} does not log in"
        exchange.event("Before")  # the first that it tells: it listens
        exchange.play(segments(capture, after_login(capture.read_bytes())))
        exchange.event("EndOfCapture")
        said, _ = listener.communicate(timeout=PATIENCE_S)
    events = [comparable(json.loads(line)) for line in said.splitlines()]
    return [event for event in events if event["event"][0] not in ("Before", "EndOfCapture")]


def compare(client, capture, messages):
    """How many events we tell (of `carehub-callcenter messages`), how many the client, and the pairs that differ."""
    capture = pathlib.Path(capture)
    begin = after_login(capture.read_bytes())
    ours = [canonical(message) for message in messages
            if message["kind"] == "event" and message["offset"] >= begin]
    theirs = listened(client, capture)
    return len(ours), len(theirs), [(a, b) for a, b in zip(ours, theirs) if a != b]
