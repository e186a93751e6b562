#!/usr/bin/env python3
"""A day of the demonstration's tills through carehub-pos: what the generator meant is what is read.

usage: pos_day.py CAREHUB_POS FOLDER_OF_TILLS_PY"""
import glob
import json
import os
import subprocess
import sys
import tempfile
from collections import Counter


def generate(folder, into, expected):
    subprocess.run([sys.executable, "-B", os.path.join(folder, "tills.py"), "--day", "2026-03-02",
                    "--seed", "7", "--stores", "3", "--out", into, "--expect", expected], check=True)


def found_in(events):
    found = Counter()
    for event in events:
        data = event["data"]
        found["events " + event["type"]] += 1
        if event["type"] == "pos.loyalty.seen":
            continue
        found["customers named"] += bool(data.get("customer", {}).get("phones"))
        if "transaction" not in data:
            continue
        transaction = data["transaction"]
        fen = int(transaction["totals"]["grand"].get("minorUnits", 0))
        found["sales in fen"] += fen if event["type"] == "pos.sale.completed" else 0
        found["returns in fen"] -= fen if event["type"] == "pos.return.completed" else 0
        found["do not add up"] += transaction.get("totalsDiffer") == "ANSWER_YES"
        found["without a zone"] += "timeZoneAssumed" in transaction
        for line in transaction.get("lines", []):
            quantity = line["quantity"]
            found["lines"] += 1
            found["void lines"] += "voidsLine" in line
            found["weighed lines"] += line["unit"] != "EA"
            if not line.get("voided") and line["action"] == "SALE_ACTION_SALE":
                found["thousandths sold"] += int(quantity["unscaled"]) * 10 ** (
                    3 - quantity.get("scale", 0))
    return +found


def main():
    program, folder = sys.argv[1:]
    with tempfile.TemporaryDirectory() as temporary:
        days = [os.path.join(temporary, name) for name in ("one", "two")]
        facts = [day + ".tsv" for day in days]
        for day, expected in zip(days, facts):
            generate(folder, day, expected)
        files = sorted(glob.glob(os.path.join(days[0], "*.xml")))
        for path in files:  # the same arguments, the same bytes
            with open(path, "rb") as one, open(path.replace(days[0], days[1]), "rb") as two:
                assert one.read() == two.read(), path
        run = subprocess.run([program, "translate", "--time-zone", "Asia/Shanghai"] + files,
                             capture_output=True, text=True, check=False)
        with open(facts[0], encoding="utf-8") as stream:
            expected = {name: int(value) for name, value in
                        (line.rstrip("\n").split("\t") for line in stream)}
    first = {}
    twice = 0
    for line in run.stdout.splitlines():
        event = json.loads(line)
        identity = event["source"], event["id"]
        twice += identity in first
        # A file sent again gives the same ids with the same digests, and nothing else does.
        assert first.setdefault(identity, event) == event, identity
    found = found_in(first.values())
    wrong = run.returncode != 0 or run.stderr != "" or twice == 0
    print(f"exit {run.returncode}, {len(first)} events, {twice} sent again\n{run.stderr}", end="")
    for name in sorted(expected.keys() | found.keys()):
        same = expected.get(name) == found.get(name)
        wrong = wrong or not same
        print(f"{name}\texpected {expected.get(name)}\tgot {found.get(name)}"
              f"\t{'ok' if same else 'WRONG'}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
