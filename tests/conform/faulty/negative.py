#!/usr/bin/env python3
"""The conformance kit must be able to fail: one faulty adapter for each promise, caught by that promise,
and the same adapter without a fault, which keeps them all.

    negative.py CONFORM BIN DESCRIPTION"""
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

# A fault, and the promises of which each must catch it.
FAULTS = {
    "none": [],
    "early": ["receipt"],
    "random-ids": ["kill", "again", "translate"],
    "new-content": ["kill", "again"],
    "dies-on-garbage": ["garbage"],
    "mute": ["garbage", "denied", "conflict"],
    "no-field": ["field"],
    "insists": ["denied"],
    "no-wait": ["late"],
    "gives-up": ["reconnect", "away", "silent"],
    "impatient": ["slow", "split"],
    "forgets": ["retry"],
    "hasty": ["retry"],
    "deaf": ["stop"],
    "abandons": ["stop"],
    "one-mistake": ["check"],
    "leaves-traces": ["check"],
    "stale-sample": ["sample"],
    "other-ids": ["translate"],
    "tells-key": ["secrets"],
    "tells-data": ["secrets"],
    "no-metrics": ["metrics"],
    "clings": ["vanish"],
    "rereads": ["resume"],
    "hangs-up": ["reload"],
    "overruns": ["window"],
}


def verdicts(fault, promises):
    """What the kit says of each promise of this adapter, and its exit status."""
    conform, programs, description = sys.argv[1:]
    only = [word for promise in promises for word in ("--only", promise)]
    done = subprocess.run([conform, "--quick", "--patience", "5" if promises else "20", "--bin",
                           programs, *only, description], capture_output=True, text=True,
                          env={**os.environ, "FAULT": fault}, timeout=300)
    said = {name: verdict for verdict, name in
            re.findall(r"^(kept|BROKEN|-) +(\w+)", done.stdout, re.M)}
    return said, done


def judge(fault):
    """What is wrong with the verdicts on this fault; "" when nothing is."""
    promises = FAULTS[fault]
    said, done = verdicts(fault, promises)
    right = all(verdict == ("BROKEN" if promises else "kept") for verdict in said.values())
    if right and said and done.returncode == (1 if promises else 0):
        return ""
    return f"{fault}: exit {done.returncode}\n{done.stdout}{done.stderr}"


def main():
    with ThreadPoolExecutor(4) as pool:
        wrong = [text for text in pool.map(judge, FAULTS) if text]
    print("\n".join(wrong))
    print(f"{len(FAULTS) - len(wrong)} of {len(FAULTS)} as they should be")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
