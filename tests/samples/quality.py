#!/usr/bin/env python3
"""A real log of repairs through adapter, hub and module, against plain Python over the log.

    quality.py               programs from $CAREHUB_BIN, samples from $CAREHUB_SAMPLES

carehub-repair reads the log, a hub keeps it, carehub-quality folds it; then for each of its cases outcome, last
event and durations must be what Python makes of the XML.  The book is made anew from the journal and says the
same.  Exit status 0, 1 something differs, 77 no samples here."""
import collections
import gzip
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as xml
from datetime import datetime, timedelta, timezone

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "scenario"))
from lib import BIN, Hub, PATIENCE_S  # noqa: E402

XES = "{http://www.xes-standard.org/}"
MICROSECOND = timedelta(microseconds=1)
AS_OF = datetime(1970, 3, 1, tzinfo=timezone.utc)
# The last thing told of a case, by what the log calls it.
LAST = {"closed": "Archive Repair", "informed": "Inform User", "checked": "Test Repair",
        "repaired": "Repair"}
STAGE = {2: "Repair", 3: "Test Repair"}
failures = 0


def check(what, expected, got):
    global failures
    good = expected == got
    failures += not good
    brief = [str(v) if len(str(v)) < 120 else f"{len(v)} of them" for v in (expected, got)]
    print("%-4s %s: expected %s, got %s" % ("ok" if good else "FAIL", what, *brief))
    if not good and isinstance(expected, dict):
        wrong = [k for k in expected if expected.get(k) != got.get(k)][:3]
        print("     " + "; ".join(f"{k}: {expected.get(k)} {got.get(k)}" for k in wrong))


def read_log(path):
    """{case: [(time, activity, transition, defectFixed)]} by Python's own XML reader."""
    cases = {}
    with gzip.open(path) as stream:
        for trace in xml.parse(stream).getroot().iter(XES + "trace"):
            name = next(a.get("value") for a in trace if a.get("key") == "concept:name")
            events = []
            for event in trace.iter(XES + "event"):
                said = {a.get("key"): a.get("value") for a in event}
                events.append((datetime.fromisoformat(said["time:timestamp"]),
                               said["concept:name"], said["lifecycle:transition"],
                               said.get("defectFixed")))
            cases[name] = events
    return cases


def micros(duration):
    return str(duration // MICROSECOND)


def expect(cases):
    """What the module must say of each case."""
    facts = {}
    for name, events in cases.items():
        fixed = [e[3] for e in events if e[3] is not None]
        registered = next(e[0] for e in events if e[1] == "Register")
        archived = [e[0] for e in events if e[1] == "Archive Repair"]
        repaired = [e[0] for e in events if e[1].startswith("Repair") and e[2] != "start"]
        facts[name] = {
            "outcome": {"true": "fixed", "false": "notFixed"}[fixed[-1]] if fixed else "none",
            "last": re.sub(r" \(.*", "", events[-1][1]),
            "through": micros(archived[-1] - registered) if archived else None,
            "open": None if archived else micros(AS_OF - registered),
            "repairing": micros(repaired[-1] - registered) if repaired else None,
            "to_last": micros(events[-1][0] - registered),
            "attempts": len(repaired),
        }
    return facts


def said(line):
    """The same from a line of `carehub-quality repairs`."""
    return {
        "outcome": line["outcome"],
        "last": STAGE[line["lastStage"]] if line["last"] == "started" else LAST[line["last"]],
        "through": line.get("throughUs"),
        "open": line.get("openUs"),
        "repairing": line.get("repairingUs"),
        "to_last": line["toLastUs"],
        "attempts": line["attempts"],
    }


def main():
    log = SAMPLES / "repair" / "03_repairExample.xes.gz"
    cases = read_log(log)
    facts = expect(cases)
    with Hub() as hub:
        station = hub.peer("station", roles="producer", sources="/stations/*", types="repair.>")
        quality = hub.peer("quality", roles="producer, consumer", sources="/carehub/quality",
                           types="quality.>", topics=">")
        hub.start()
        line = f"[hub]\nendpoint = {hub.address}\nserver_key = {hub.server_key}\nkey_file = "
        folder = hub.root / "drop"
        folder.mkdir()
        shutil.copy(log, folder)
        adapter = hub.root / "repair.conf"
        adapter.write_text(f"{line}{station.key_file}\n[folder]\npath = {folder}\nsettle = 0\n"
                           "[repair]\nsource = /stations/sample\n")
        module = hub.root / "quality.conf"
        module.write_text(f"{line}{quality.key_file}\n[module]\nbook = {hub.root}/quality\n")

        def run(*words, status=0):
            done = subprocess.run(words, capture_output=True, text=True, timeout=5 * PATIENCE_S)
            assert done.returncode == status, f"{words}: exit {done.returncode}\n{done.stderr}"
            return done.stdout

        def repairs():
            run(BIN / "carehub-quality", "run", "--config", module, "--once")
            return run(BIN / "carehub-quality", "repairs", "--config", module, "--as-of",
                       AS_OF.isoformat())

        run(BIN / "carehub-repair", "run", "--config", adapter, "--once")
        text = repairs()
        lines = [json.loads(row) for row in text.splitlines()]
        check("cases", 1104, len(lines))
        check("one repair each", {0}, {row["number"] for row in lines})
        got = {row["repairOrderId"]: said(row) for row in lines}
        check("outcomes", collections.Counter(f["outcome"] for f in facts.values()),
              collections.Counter(f["outcome"] for f in got.values()))
        check("ended by last event",
              {"Archive Repair": 1000, "Test Repair": 75, "Inform User": 27, "Repair": 2},
              dict(collections.Counter(f["last"] for f in got.values())))
        for what in ("through", "open", "repairing", "to_last"):
            check(f"sum of {what}, us", sum(int(f[what] or 0) for f in facts.values()),
                  sum(int(f[what] or 0) for f in got.values()))
        check("case by case", facts, got)
        report = json.loads(run(BIN / "carehub-quality", "report", "--config", module, "--period",
                                "1970-01", "--as-of", AS_OF.date().isoformat(), "--format",
                                "json"))
        promises = {p["promise"]: p["achieved"] for p in report["promises"]}
        for promise, part, whole in (
                ("r14", sum(f["open"] is not None for f in facts.values()), len(facts)),
                ("fourDay", *[sum(f["repairing"] is not None for f in facts.values())] * 2)):
            check(f"report: {promise}", (part, whole),
                  (promises[promise]["part"], promises[promise]["whole"]))
        repaired = [int(f["repairing"]) for f in facts.values() if f["repairing"]]
        station = next(p for s in report["sections"] for p in s["parts"]
                       if p.get("table") == "openByStation")["rows"][0]
        check("report: mean repair, s", round(sum(repaired) / len(repaired) / 1e6, 6),
              station["mean"])
        assert "is empty" in run(BIN / "carehub-quality", "rebuild", "--config", module)
        check("made anew from the journal", text, repairs())
        hub.stop()
    print("%d failed" % failures)
    sys.exit(1 if failures else 0)


SAMPLES = pathlib.Path(os.environ.get("CAREHUB_SAMPLES", HERE.parents[1] / ".." / "shared" / "samples"))
if not (SAMPLES / "manifest.tsv").is_file():
    print(f"skipped: no samples at {SAMPLES}; set CAREHUB_SAMPLES")
    sys.exit(77)
if __name__ == "__main__":
    main()
