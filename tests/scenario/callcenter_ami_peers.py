"""A day of an Asterisk is read by clients that others wrote, asterisk-manager and yana, cut as an exchange cuts it, and
compared with ours event by event: names, values and how many."""
import json
import os
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tests/support"))
import ami_peers  # noqa: E402

BIN = pathlib.Path(os.environ["CAREHUB_BIN"])
if not ami_peers.are_here():
    print(ami_peers.MISSING)
    sys.exit(77)

with tempfile.TemporaryDirectory() as folder:
    subprocess.run([sys.executable, "-B", ROOT / "deploy/demo/traffic/pbx.py", "--out", folder], check=True)
    capture = pathlib.Path(folder, "ami.raw")
    done = subprocess.run([BIN / "carehub-callcenter", "messages", capture], capture_output=True, text=True,
                          timeout=60, check=True)
    messages = [json.loads(line) for line in done.stdout.splitlines()]
    for client in ami_peers.CLIENTS:
        ours, theirs, differ = ami_peers.compare(client, capture, messages)
        assert ours == theirs > 1000 and not differ, (client, ours, theirs, len(differ), differ[:1])
        print(f"{client}: {theirs} events, none differs")
