#!/usr/bin/env python3
"""What carehub-repair makes of real repair files, against what the samples' manifest says they hold, and
against Python's own readers.

    repair.py PATH/carehub-repair            samples from $CAREHUB_SAMPLES, else ../shared/samples

Prints one line a check; exit status 0 all equal, 1 something differs, 77 no samples here."""
import collections
import csv
import gzip
import io
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as xml
from datetime import datetime, timezone

VERDICTS = {"REPAIR_VERDICT_FIXED": "Fixed", "REPAIR_VERDICT_REPAIRABLE": "Repairable",
            "REPAIR_VERDICT_END_OF_LIFE": "End of life", "REPAIR_VERDICT_UNKNOWN": "Unknown"}
XES = "{http://www.xes-standard.org/}"
failures = 0


def shown(value):
    return "%d in all" % len(value) if isinstance(value, (bytes, list, set, dict)) else str(value)


def check(file, what, expected, got):
    global failures
    good = expected == got
    failures += not good
    print("%-4s %s: %s: expected %s, got %s" % (
        "ok" if good else "FAIL", file, what, shown(expected), shown(got)))
    if not good:
        print("     expected %.300r\n     got      %.300r" % (expected, got))


def manifest(root):
    with open(root / "manifest.tsv", encoding="utf-8", newline="") as lines:
        return {row[0]: row[4] for row in csv.reader(lines, delimiter="\t",
                                                     quoting=csv.QUOTE_NONE) if len(row) > 4}


def figure(text, pattern):
    found = re.search(pattern, text)
    return int(found.group(1)) if found else None


def translate(program, *arguments, stdin=None):
    done = subprocess.run([program, "translate", *map(str, arguments)], input=stdin,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120, check=False)
    return done.returncode, done.stdout, done.stderr.decode("utf-8")


def events_of(output):
    return [json.loads(line) for line in output.decode("utf-8").splitlines()]


def attribute(event, name):
    return next((a["value"] for a in event["data"].get("attributes", ()) if a["name"] == name), None)


def check_resend(program, file, path, output):
    """A file that comes again gives the same events, byte for byte, and so do its own events."""
    check(file, "sent again", output, translate(program, path)[1])
    with tempfile.NamedTemporaryFile(suffix=".jsonl") as again:
        again.write(output)
        again.flush()
        check(file, "its CloudEvents read again", output, translate(program, again.name)[1])


def check_ords(program, file, path, expected):
    status, output, told = translate(program, path)
    events = events_of(output)
    check(file, "exit status", 0, status)
    check(file, "rejects", "", "".join(line for line in told.splitlines() if " events" not in line))
    check(file, "rows", figure(expected, r"(\d+) rows"), len(events))
    by_verdict = collections.Counter(VERDICTS[e["data"]["verdict"]] for e in events)
    for name in VERDICTS.values():
        check(file, name, figure(expected, name + r" (\d+)"), by_verdict[name])
    check(file, "categories", figure(expected, r"(\d+) categories"),
          len({e["data"]["category"] for e in events}))
    rows = list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"), newline="")))
    check(file, "ids in order", [r["id"] for r in rows], [e["id"] for e in events])
    check(file, "problems", [r["problem"].strip() for r in rows],
          [e["data"].get("problemText", "") for e in events])
    check(file, "days", [r["event_date"] + "T00:00:00.000000Z" for r in rows],
          [e["time"] for e in events])
    # A row that stands twice is one event: same id, same digest.
    check(file, "distinct rows", len({tuple(r.values()) for r in rows}),
          len({(e["id"], e["digest"]) for e in events}))
    check_resend(program, file, path, output)


def read_log(path):
    """(case, activity, transition, time) of every event, by Python's XML reader."""
    with gzip.open(path) as stream:
        root = xml.parse(stream).getroot()
    found = []
    for trace in root.iter(XES + "trace"):
        case = {a.get("key"): a.get("value") for a in trace if a.tag != XES + "event"}
        for event in trace.iter(XES + "event"):
            values = {a.get("key"): a.get("value") for a in event}
            time = datetime.fromisoformat(values["time:timestamp"]).astimezone(timezone.utc)
            found.append((case["concept:name"], values["concept:name"],
                          values["lifecycle:transition"], time))
    return found


def check_xes(program, file, path, expected):
    status, output, _ = translate(program, path)
    events = events_of(output)
    check(file, "exit status", 0, status)
    cases = collections.defaultdict(list)
    for event in events:
        cases[event["data"]["repairOrderId"]].append(event)
    check(file, "cases", figure(expected, r"(\d+) cases,"), len(cases))
    check(file, "events", figure(expected, r"(\d+) events"), len(events))
    activity = {id(e): e["data"].get("activity") or attribute(e, "concept:name") for e in events}
    by_name = collections.Counter(activity.values())
    for name, count in re.findall(r"([A-Z][\w ()]*?) (\d+)(?=[,;])", expected):
        check(file, name, int(count), by_name[name])
    by_transition = collections.Counter(attribute(e, "lifecycle:transition") for e in events)
    for name in ("start", "complete"):
        check(file, name, figure(expected, name + r" (\d+)"), by_transition[name])
    fixed = [e for e in events if "passed" in e["data"] or "verdict" in e["data"]]
    check(file, "defectFixed", figure(expected, r"defectFixed x(\d+)"), len(fixed))
    check(file, "never archived", figure(expected, r"(\d+) cases never archived"),
          sum(all(e["type"] != "repair.order.closed" for e in case) for case in cases.values()))
    last = collections.Counter(activity[id(case[-1])] for case in cases.values())
    check(file, "last events", {"Archive Repair": 1000, "Test Repair": 75, "Inform User": 27,
                                "Repair (Complex)": 2}, dict(last))
    check(file, "distinct ids", len(events), len({e["id"] for e in events}))
    check(file, "each event", read_log(path),
          [(e["data"]["repairOrderId"], activity[id(e)], attribute(e, "lifecycle:transition"),
            datetime.fromisoformat(e["time"])) for e in events])
    check_resend(program, file, path, output)
    with gzip.open(path) as stream:
        plain = stream.read()
    check(file, "unpacked", output, translate(program, "--mapping", "xes", "-", stdin=plain)[1])
    packed = path.read_bytes()
    status, cut, told = translate(program, "--mapping", "xes", "-", stdin=packed[:len(packed) // 2])
    check(file, "cut gzip: status and reject", (1, True), (status, "damaged or ends early" in told))
    check(file, "cut gzip: what came before", True, len(cut) > 0 and output.startswith(cut))


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    program = sys.argv[1]
    here = pathlib.Path(__file__).resolve().parents[2]
    root = pathlib.Path(os.environ.get("CAREHUB_SAMPLES", here / ".." / "shared" / "samples"))
    if not (root / "manifest.tsv").is_file():
        print("skipped: no samples at %s; set CAREHUB_SAMPLES" % root)
        sys.exit(77)
    expected = manifest(root)
    for path in sorted((root / "repair").iterdir()):
        file = "repair/" + path.name
        if path.name.endswith(".csv"):
            check_ords(program, file, path, expected[file])
        elif ".xes" in path.name:
            check_xes(program, file, path, expected[file])
        elif path.name == "tableschema.json":
            # The standard's own words: our mapping knows every column.
            schema = json.loads(path.read_text(encoding="utf-8"))["resources"][0]["schema"]
            mapping = subprocess.run([program, "mappings", "ords-0.3"], stdout=subprocess.PIPE,
                                     check=True).stdout.decode("utf-8")
            names = {field["name"] for field in schema["fields"]}
            check(file, "columns of the mapping", names, set(re.findall(r"\{(\w+)\}", mapping)))
        else:
            check(file, "a check for it", True, False)
    print("%d failed" % failures)
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
