#!/usr/bin/env python3
"""Two days of the demonstration's repair stations through carehub-repair, against what the generator says
that it wrote.

    repair_day.py PATH/carehub-repair PATH/deploy/demo/traffic

Exit status 0 all equal, 1 something differs."""
import collections
import json
import pathlib
import subprocess
import sys
import tempfile

STATIONS = 8  # every form twice
failures = 0


def check(what, expected, got):
    global failures
    good = expected == got
    failures += not good
    if not good:
        print("FAIL %s: expected %.300r, got %.300r" % (what, expected, got))


def generate(traffic, day, out):
    subprocess.run(["/usr/bin/python3", "-B", str(traffic / "stations.py"), "--day", day, "--seed", "7",
                    "--stations", str(STATIONS), "--out", str(out), "--expect", str(out) + ".expect"],
                   check=True)
    with open(str(out) + ".expect", encoding="utf-8") as lines:
        return {name: int(value) for name, value in (line.rstrip("\n").split("\t") for line in lines)}


def contents(folder):
    return {str(path.relative_to(folder)): path.read_bytes()
            for path in folder.rglob("*") if path.is_file()}


def translate(program, mapping, path):
    done = subprocess.run([program, "translate", "--quiet", "--mapping", str(mapping), str(path)],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60, check=False)
    told = done.stderr.decode("utf-8").splitlines()
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()], told


def check_day(program, folder, expected):
    """All events of the day, after every file gave what it should."""
    events = []
    for path in sorted(p for p in folder.rglob("*") if p.is_file() and p.parent.name != "mappings"):
        name = str(path.relative_to(folder))
        status, found, told = translate(
            program, folder / "mappings" / (path.parent.name + ".ini"), path)
        incomplete = sum("incomplete:" in line for line in told)
        check(name + " events", expected[name + " events"], len(found))
        check(name + " rejected", expected[name + " rejected"], len(told) - incomplete)
        check(name + " incomplete", expected[name + " incomplete"], incomplete)
        check(name + " exit status", 1, status)
        events += found
    distinct = {(e["source"], e["id"]): e["type"] for e in events}
    check("distinct events", expected["distinct events"], len(distinct))
    check("types", {name: count for name, count in expected.items() if name.startswith("repair.")},
          dict(collections.Counter(distinct.values())))
    return events


def check_document(program, path, folder):
    """The example of the manual is a mapping without mistakes."""
    block = path.read_text(encoding="utf-8").split("```ini\n")[1].split("```")[0]
    example = folder / "example.ini"
    example.write_text(block, encoding="utf-8")
    told = subprocess.run([program, "check", str(example)], stdout=subprocess.PIPE, check=False)
    check("the manual's example", (0, b""), (told.returncode, told.stdout))


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    program, traffic = sys.argv[1], pathlib.Path(sys.argv[2])
    with tempfile.TemporaryDirectory() as name:
        root = pathlib.Path(name)
        check_document(program, traffic / "../../../docs/channels/repair.md", root)
        monday = generate(traffic, "2026-03-02", root / "monday")
        tuesday = generate(traffic, "2026-03-03", root / "tuesday")
        generate(traffic, "2026-03-02", root / "again")
        check("the same bytes each time", contents(root / "monday"), contents(root / "again"))
        mappings = sorted((root / "monday" / "mappings").iterdir())
        told = subprocess.run([program, "check", *map(str, mappings)], stdout=subprocess.PIPE,
                              check=False)
        check("mappings", (0, b""), (told.returncode, told.stdout))
        events = check_day(program, root / "monday", monday) + \
            check_day(program, root / "tuesday", tuesday)
    # Whatever came twice, from a resent file or in the next day's log, is the same record.
    digests = collections.defaultdict(set)
    for event in events:
        digests[event["source"], event["id"]].add(event["digest"])
    check("ids with two digests", [], [key for key, seen in digests.items() if len(seen) > 1])
    check("something came twice", True, len(digests) < len(events))
    # The fast clock shows in both times, so the hub can tell it from lateness.
    fast = [e for e in events if e["source"] == "/stations/gz03"]
    check("sending is stamped by the fast clock", {"14:17", "14:57"}, {e["senttime"][11:16] for e in fast})
    phones = [p["value"] for e in events for p in e["data"].get("customer", {}).get("phones", ())]
    check("extensions are kept", True, any("转" in phone for phone in phones))
    check("no field holds two numbers", [], [p for p in phones if "/" in p or "、" in p])
    print("%d events, %d distinct, %d failed" % (len(events), len(digests), failures))
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
