"""A way in without C: JSON lines on standard input.  What an adapter's `translate` writes is what `publish`
takes, and what `tail` writes too: nothing is lost on the way, the second time it is all known.  Whoever
writes one line may wait for its receipt, and a long pipe costs no memory."""
import json
import os
import resource
import subprocess
import tempfile

from lib import BIN, Hub, event

LINES = 100000
# AddressSanitizer keeps what is freed from being used again, and that would count too.
os.environ["ASAN_OPTIONS"] = os.environ.get("ASAN_OPTIONS", "") + ":quarantine_size_mb=1"
LEAVE_KIB = 300000  # the library's window of 64 MiB beside the program

def cancelled(n):
    return event("website.order.cancelled", n, "urn:shop:1", {"orderId": f"A{n}"})

with Hub() as hub, tempfile.TemporaryFile("w+") as long:
    ops = hub.peer("ops", roles="operator, consumer", topics=">")
    shop = hub.peer("shop", roles="producer", sources="urn:shop:*", types="website.>",
                    region="CN", assurance="verified")
    hub.start()

    written = "".join(cancelled(n) for n in range(3)) + event(
        "website.order.cancelled", "sent", "urn:shop:1", {"orderId": "A"}, digest="9f00",
        senttime="2026-03-02T08:00:00Z", checkpoint="00ff", correlationid="c-1")
    translated = subprocess.run([BIN / "carehub-repair", "translate", "--quiet", "--mapping", "cloudevents", "-"],
                                input=written, text=True, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE).stdout
    told = hub.ask(shop, "publish", input=translated)
    assert [(r["line"], r["outcome"]) for r in told] == [(f"{n}", "accepted") for n in range(1, 5)]
    stored = hub.run(ops, "tail", "start:end", "--json")
    last = [json.loads(line) for line in stored.splitlines()
            if json.loads(line)["id"] == "sent"][0]
    assert (last["digest"], last["correlationid"]) == ("9f00", "c-1"), last
    assert last["senttime"] == "2026-03-02T08:00:00.000000Z", last
    ours = "".join(line + "\n" for line in stored.splitlines() if '"urn:shop:1"' in line)
    assert {r["outcome"] for r in hub.ask(shop, "publish", input=ours)} == {"duplicate"}

    # One line, its receipt, the next line.
    talk = subprocess.Popen(hub.words(shop, "publish", "--json"), text=True, bufsize=1,
                            stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    for n in range(10, 15):
        talk.stdin.write(cancelled(n))
        talk.stdin.flush()
        assert json.loads(talk.stdout.readline())["outcome"] == "accepted"
    talk.stdin.write("{\n")
    talk.stdin.flush()
    assert json.loads(talk.stdout.readline())["outcome"] == "invalid"
    talk.stdin.close()
    assert talk.wait(60) == 1

    long.writelines(cancelled(n) for n in range(100, 100 + LINES))
    long.write("x" * 9000000 + "\n")
    long.seek(0)
    receipts = subprocess.Popen(hub.words(shop, "publish", "--json"), text=True, stdin=long,
                                stdout=subprocess.PIPE)
    outcomes = [json.loads(line)["outcome"] for line in receipts.stdout]
    assert receipts.wait(60) == 1
    assert outcomes.count("accepted") == LINES and outcomes.count("invalid") == 1
    assert len(outcomes) == LINES + 1
    most = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    assert most < LEAVE_KIB, most
    hub.stop()
