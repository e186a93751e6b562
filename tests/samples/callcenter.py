#!/usr/bin/env python3
"""Captures of real exchanges, their logs, and others' files through carehub-callcenter: expected and got, file
by file; then through a whole hub from a replay of the capture, and beside it what other clients of the manager
port make of the same bytes.

usage: callcenter.py CAREHUB_CALLCENTER

The files are not part of the project: they lie in $CAREHUB_SAMPLES/callcenter (by default ../shared/samples
beside the project), with what a correct reader finds in manifest.tsv.  Without them the test is skipped.

Each figure is had from the manifest's words where it has them, by a reader here that shares nothing with ours, and
from what the program says."""
import csv
import json
import os
import pathlib
import re
import subprocess
import sys
from collections import Counter

SKIPPED = 77
ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/support"))
import ami_peers  # noqa: E402
from exchange import Call, Exchange, after_login, segments  # noqa: E402

# Where the manifest's words have which figure.
WORDS = {
    "ami/ami-calls-full.raw": r"(?P<messages>\d+) messages; (?P<QueueCallerJoin>\d+) QueueCallerJoin, "
                              r"(?P<AgentConnect>\d+) AgentConnect, (?P<AgentComplete>\d+) AgentComplete, "
                              r"(?P<AgentRingNoAnswer>\d+) AgentRingNoAnswer, "
                              r"(?P<QueueCallerAbandon>\d+) QueueCallerAbandon \((?P<abandoned>\d+) true abandon "
                              r"\+ (?P<timedout>\d+) timeout\), (?P<Newchannel>\d+) Newchannel = "
                              r"(?P<Hangup>\d+) Hangup, (?P<Cdr>\d+) Cdr, (?P<UserEvent>\d+) UserEvent",
    "arrivals/technion-one-day-first500.csv": r"(?P<calls>\d+) calls",
}

wrong = Counter()


def tell(name, fact, got, **opinions):
    """One line a figure: who says what, and whether all agree."""
    opinions = {who: value for who, value in opinions.items() if value is not None}
    same = all(value == got for value in opinions.values())
    wrong[name] += not same
    print(f"{name}\t{fact}\t" + "\t".join(f"{who} {value}" for who, value in opinions.items())
          + f"\tgot {got}\t{'ok' if same else 'WRONG'}")


def run(program, *words, status=None):
    done = subprocess.run([program, *map(str, words)], capture_output=True, text=True, check=False)
    if status is not None and done.returncode != status:
        print(f"{words[-1]}: exit {done.returncode}, not {status}\n{done.stderr}")
        wrong[str(words[-1])] += 1
    return [json.loads(line) for line in done.stdout.splitlines()], done.stderr


def plain_messages(path):
    """The messages of a capture, read the plain way: whole, and cut at empty lines."""
    text = path.read_bytes().replace(b"\r\n", b"\n").decode(errors="replace")
    blocks = [block.strip("\n") for block in re.split(r"\n\n+", text)]
    for block in blocks:
        lines = [line for line in block.split("\n") if not line.startswith("Asterisk Call Manager/")]
        if lines and lines != [""]:
            yield lines


def plain_events(path):
    events = Counter()
    for lines in plain_messages(path):
        kind = next((line for line in lines if re.match(r"(?i)(event|response):", line)), "Other: ")
        key, _, value = kind.partition(":")
        events[value.strip() if key.lower() == "event" else key] += 1
    return events


LIVE = ("callcenter.call.queued", "callcenter.call.connected")


def identities(events, types):
    """Ids and digests of those types; None: of calls that are over."""
    return sorted((event["id"], event["digest"]) for event in events
                  if (event["type"] in types if types else event["type"] not in LIVE))


def outcomes(events):
    return Counter(event["type"].rsplit(".", 1)[1] for event in events)


def book_keeping(path):
    """What queue_log itself says, line by line."""
    rows = [line.split("|") for line in path.read_text(encoding="utf-8").splitlines()]
    said = Counter(row[4] for row in rows)
    return {"completed": said["COMPLETEAGENT"] + said["COMPLETECALLER"], "abandoned": said["ABANDON"],
            "timedout": said["EXITWITHTIMEOUT"],
            "talk": sum(int(row[6]) for row in rows if row[4].startswith("COMPLETE")),
            "wait": sum(int(row[5]) for row in rows if row[4].startswith("COMPLETE"))
            + sum(int(row[7]) for row in rows if row[4] in ("ABANDON", "EXITWITHTIMEOUT"))}


def figures(events):
    """The same of our events."""
    data = [event["data"] for event in events]
    return {**{kind: outcomes(events)[kind] for kind in ("completed", "abandoned", "timedout")},
            "talk": sum(int(one.get("talkMs", 0)) for one in data) // 1000,
            "wait": sum(int(one.get("waitMs", 0)) for one in data) // 1000}


def check_calls(program, folder, manifest):
    name = "ami/ami-calls-full.raw"
    promised = {fact: int(value) for fact, value in
                re.search(WORDS[name], manifest[name]).groupdict().items()}
    plain = plain_events(folder / name)
    messages, _ = run(program, "messages", folder / name, status=0)
    ours = Counter(m["name"] if m["kind"] == "event" else "Response" for m in messages
                   if m["kind"] != "banner")
    tell(name, "messages", sum(ours.values()), manifest=promised["messages"], plain=sum(plain.values()))
    for event in sorted(plain):
        tell(name, event, ours[event], manifest=promised.get(event), plain=plain[event])
    calls, _ = run(program, "translate", folder / name, status=0)
    logged, _ = run(program, "translate", folder / "ami/calls-full.queue_log", status=0)
    rows = list(csv.reader(open(folder / "ami/calls-full.Master.csv", newline="", encoding="utf-8")))
    queued = [call for call in calls if call["type"] != "callcenter.call.logged"]
    book = book_keeping(folder / "ami/calls-full.queue_log")
    tell(name, "calls", len(calls), cdr=len({row[19] for row in rows}))
    for fact, value in figures(queued).items():
        tell(name, fact, value, manifest=promised.get(fact), queue_log=book[fact])
    for fact, value in figures(logged).items():
        tell("ami/calls-full.queue_log", fact, value, plain=book[fact])
    # One call, whoever tells it: the same id and digest.
    tell("ami/calls-full.queue_log", "ids and digests", sorted((e["id"], e["digest"]) for e in logged),
         ami=sorted((e["id"], e["digest"]) for e in queued))
    # What it came to before it was over: by as many events of the exchange, and the log says the same.
    live, _ = run(program, "translate", "--live", folder / name, status=0)
    again, _ = run(program, "translate", "--live", folder / "ami/calls-full.queue_log", status=0)
    tell(name, "events with those of calls that are not over", len(live), plain=len(
        calls + [1] * (plain["QueueCallerJoin"] + plain["AgentConnect"])))
    for kind, event in (("queued", "QueueCallerJoin"), ("connected", "AgentConnect")):
        tell(name, kind, outcomes(live)[kind], plain=plain[event], manifest=promised[event])
    tell("ami/calls-full.queue_log", "ids and digests, not over", identities(again, LIVE),
         ami=identities(live, LIVE))
    tell(name, "ids and digests of what is over", identities(live, None), calls=identities(calls, None))
    sums, _ = run(program, "translate", folder / "ami/calls-full.Master.csv", status=0)
    legs = sum(len(event["data"]["legs"]) for event in sums)
    tell("ami/calls-full.Master.csv", "calls", len(sums), plain=len({row[19] for row in rows}))
    tell("ami/calls-full.Master.csv", "rows", legs, plain=len(rows), manifest=promised["Cdr"])
    return live


def check_small(program, folder):
    for name, events in (("ami/ami-actions.raw", None), ("ami/ami-login-md5.raw", None),
                         ("ami/ami-login-failed.raw", None), ("ami/ami-not-logged-in.raw", None),
                         ("ami-asterisk11/agent_loggued_in.yaml", None),
                         ("ami-asterisk11/queue_status.yaml", None)):
        messages, _ = run(program, "messages", folder / name, status=0)
        said = Counter(m["name"] if m["kind"] == "event" else
                       {"response": "Response", "other": "Other"}[m["kind"]]
                       for m in messages if m["kind"] != "banner")
        tell(name, "messages", dict(sorted(said.items())),
             plain=dict(sorted(plain_events(folder / name).items())))
        tell(name, "calls", len(run(program, "translate", folder / name, status=0)[0]), plain=0)
    lists = Counter()
    items = {}
    for message in run(program, "messages", folder / "ami/ami-actions.raw")[0]:
        fields = {key: value for key, value in reversed(message["fields"])}
        if fields.get("EventList") == "Complete":
            lists["lists"] += 1
            lists["whole"] += int(fields["ListItems"]) == items.get(fields["ActionID"], 0)
        elif message["kind"] == "event":
            items[fields.get("ActionID")] = items.get(fields.get("ActionID"), 0) + 1
    tell("ami/ami-actions.raw", "lists that are whole", lists["whole"], lists=lists["lists"])
    words = dict(pair.split("=") for pair in (folder / "ami/ami-login-md5.txt").read_text().split())
    challenge = [m for m in run(program, "messages", folder / "ami/ami-login-md5.raw")[0]
                 if ["Challenge", words["challenge"]] in m["fields"]]
    tell("ami/ami-login-md5.txt", "challenge", len(challenge), plain=1)
    index = (folder / "ami/ami-calls-full.raw.idx").read_text().splitlines()
    tell("ami/ami-calls-full.raw.idx", "bytes", sum(int(row.split("\t")[2]) for row in index),
         capture=(folder / "ami/ami-calls-full.raw").stat().st_size)
    for name in ("cdr/Master.csv", "cdr/good.csv"):
        rows = list(csv.reader(open(folder / name, newline="", encoding="utf-8")))
        calls, _ = run(program, "translate", folder / name, status=0)
        tell(name, "calls", len(calls), plain=len({row[16] for row in rows}))
        tell(name, "rows", sum(len(call["data"]["legs"]) for call in calls), plain=len(rows))
    for name in ("cdr/CELMaster1.csv", "ami/calls-full.cel-Master.csv"):
        rows = list(csv.reader(open(folder / name, newline="", encoding="utf-8")))
        events, told = run(program, "translate", folder / name)
        tell(name, "rows refused as CEL", told.count("(CEL)"), plain=len(rows))
        tell(name, "events", len(events), plain=0)


def check_arrivals(program, folder, manifest):
    """A day of another exchange, played as its manager port would have told it."""
    name = "arrivals/technion-one-day-first500.csv"
    rows = list(csv.DictReader(open(folder / name, newline="", encoding="utf-8")))
    expected = Counter()
    text = []

    class Paper:
        channels = []

        def event(self, event, **fields):
            text.append(f"Event: {event}\r\n" + "".join(f"{k}: {v}\r\n" for k, v in fields.items()) + "\r\n")

    for row in rows:
        call = Call(Paper(), row["call_id"], row["type"])
        waited = int(row["q_time"])
        if row["outcome"] == "AGENT":
            call.join().ring(row["server"], f"PJSIP/{row['server']}").connect(waited).complete(
                int(row["ser_time"]))
            expected["completed"] += 1
        elif row["q_start"] != "0:00:00":
            call.join().say("HangupRequest")
            call.say("QueueCallerAbandon", HoldTime=waited, Position=1, OriginalPosition=1)
            call.hang_up()
            expected["abandoned"] += 1
        else:
            call.hang_up()
            expected["logged"] += 1
    done = subprocess.run([program, "translate", "-"], input="".join(text), capture_output=True, text=True,
                          check=True)
    got = [json.loads(line) for line in done.stdout.splitlines()]
    tell(name, "calls", len(got), manifest=int(re.search(WORDS[name], manifest[name])["calls"]),
         plain=len(rows))
    for kind, count in expected.items():
        tell(name, kind, outcomes(got)[kind], plain=count)
    tell(name, "seconds with an agent", sum(int(e["data"].get("talkMs", 0)) for e in got) // 1000,
         plain=sum(int(row["ser_time"]) for row in rows if row["outcome"] == "AGENT"))


def check_peers(program, folder):
    """Other clients log in at the replay of the capture; what they read is compared event by event."""
    name = "ami/ami-calls-full.raw"
    if not ami_peers.are_here():
        print(f"other clients: skipped, {ami_peers.MISSING}")
        return
    messages = run(program, "messages", folder / name)[0]
    for client in ami_peers.CLIENTS:
        ours, theirs, differ = ami_peers.compare(client, folder / name, messages)
        tell(name, f"events of {client}", theirs, ours=ours)
        tell(name, f"events that differ from {client}'s", len(differ), wanted=0)
        for pair in differ[:2]:
            print(*pair, sep="\n")


def check_hub(program, folder, calls):
    """The capture from a replay, as it was cut then, into a hub; and the exchange's logs behind it."""
    if not os.environ.get("CAREHUB_BIN"):
        print("through a hub: skipped, no CAREHUB_BIN")
        return
    sys.path.insert(0, str(ROOT / "tests/scenario"))
    from lib import Hub, until
    name = "ami/ami-calls-full.raw"
    capture = folder / name
    with Hub() as hub, Exchange() as exchange:
        ops = hub.peer("ops", roles="operator, consumer", topics=">")
        center = hub.peer("center", roles="producer, consumer", sources="/callcenter",
                          types="callcenter.>", topics="callcenter.>", region="CN")
        hub.start()
        secret = hub.root / "secret"
        secret.touch(mode=0o600)
        secret.write_text(exchange.secret)
        config = hub.root / "callcenter.conf"
        text = (f"[hub]\nendpoint = {hub.address}\nserver_key = {hub.server_key}\n"
                f"key_file = {center.key_file}\n")
        config.write_text(f"{text}[exchange]\nport = {exchange.port}\nusername = {exchange.user}\n"
                          f"secret_file = {secret}\nlogin = plain\n")
        adapter = subprocess.Popen([program, "run", "--config", config], stderr=subprocess.DEVNULL)
        count = lambda: int(hub.ask(ops, "find", "--count", "--type", "callcenter.>")[0]["matched"])
        try:
            assert exchange.ready.wait(30)
            exchange.play(segments(capture, after_login(capture.read_bytes())))
            until(lambda: count() == len(calls))  # those without a queue follow when no more rows can come
        finally:
            adapter.terminate()
            adapter.wait(30)
        found = [event["event"] for event in hub.ask(ops, "find", "--type", "callcenter.>")]
        tell(name, "in the hub", sorted(event["id"] for event in found),
             translate=sorted(call["id"] for call in calls))
        # The same calls from the exchange's own books are known.
        config.write_text(f"{text}[logs]\nqueue_log = {folder / 'ami/calls-full.queue_log'}\n"
                          f"cdr = {folder / 'ami/calls-full.Master.csv'}\nlookback = 36500d\n")
        again = subprocess.run([program, "run", "--config", config, "--once"], capture_output=True,
                               text=True, timeout=60, check=False).stderr
        said = dict(re.findall(r"(accepted|duplicates|conflicts|refused)=(\d+)", again))
        tell("ami/calls-full.queue_log", "new to the hub", int(said["accepted"]), wanted=0)
        tell("ami/calls-full.queue_log", "conflicts", int(said["conflicts"]) + int(said["refused"]), wanted=0)
        tell("ami/calls-full.queue_log", "duplicates", int(said["duplicates"]), ami=len(calls))
        hub.stop()


def main():
    program = pathlib.Path(sys.argv[1]).resolve()
    samples = pathlib.Path(os.environ.get("CAREHUB_SAMPLES", ROOT.parent / "shared/samples"))
    folder, manifest = samples / "callcenter", samples / "manifest.tsv"
    if not folder.is_dir() or not manifest.is_file():
        print(f"skipped: no samples in {samples}; set CAREHUB_SAMPLES")
        return SKIPPED
    rows = (line.split("\t") for line in manifest.read_text(encoding="utf-8").splitlines())
    said = {row[0].removeprefix("callcenter/"): row[4] for row in rows if len(row) > 4}
    calls = check_calls(program, folder, said)
    check_small(program, folder)
    check_arrivals(program, folder, said)
    check_peers(program, folder)
    check_hub(program, folder, calls)
    files = [path.relative_to(folder) for path in folder.rglob("*") if path.is_file()]
    print(f"{len(files)} files, {sum(1 for count in wrong.values() if count)} wrong")
    return 1 if any(wrong.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
