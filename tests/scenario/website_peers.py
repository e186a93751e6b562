"""The CloudEvents SDK and the Standard Webhooks library of npm post to carehub-website: what they send is what
the hub has, and what they sign is what is believed."""
import json
import pathlib
import shutil
import subprocess
import sys

from lib import PATIENCE_S, Hub
from website_site import SECRET, Site

peers = pathlib.Path(__file__).parents[1] / "peers" / "website"
if shutil.which("node") is None or not (peers / "node_modules" / "cloudevents").is_dir():
    print(f"skipped: npm's senders are not here; `npm ci` in {peers.name} of tests/peers brings them")
    sys.exit(77)

EXPECTED = {"binary": (200, "accepted"), "binary again": (200, "duplicate"),
            "structured": (200, "accepted"), "structured again": (200, "duplicate"),
            "batch": (200, ["accepted"] * 3), "emitter": (200, "accepted"),
            "webhook": (200, "accepted"), "webhook again": (200, "duplicate"),
            "webhook altered": (401, None), "webhook late": (401, None)}

with Hub() as hub:
    ops = hub.peer("ops", roles="operator, consumer", topics=">")
    site = Site(hub)
    site.sender("web", secret=SECRET, token="a-token-of-the-peers")
    hub.start()
    with site:
        done = subprocess.run(["node", "post.js", json.dumps({
            "port": site.port, "token": "a-token-of-the-peers", "secret": SECRET})], cwd=peers,
            capture_output=True, text=True, timeout=PATIENCE_S)
        assert done.returncode == 0, done.stderr
    got = {}
    for line in done.stdout.splitlines():
        said = json.loads(line)
        answer = said["answer"]
        got[said["what"]] = (said["status"], [event["outcome"] for event in answer["events"]]
                             if "events" in answer else answer.get("outcome"))
    assert got == EXPECTED, got
    stored = hub.ask(ops, "find", "--type", "website.>")
    assert len(stored) == 7, stored
    remarks = [hub.run(ops, "get", item["sequence"], "--json") for item in stored]
    assert sum("王芳: gut, 100%" in text for text in remarks) == 6, remarks
    assert sum("4bf92f3577b34da6a3ce929d0e0e4736" in text for text in remarks) == 2, remarks
    hub.stop()
