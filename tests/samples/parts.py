#!/usr/bin/env python3
"""Interchanges of other makers through carehub-parts: expected and got, file by file.

usage: parts.py CAREHUB_PARTS

The files are not part of the project: they lie in $CAREHUB_SAMPLES/parts (by default ../shared/samples
beside the project), with what a correct reader finds in manifest.tsv.  Without them the test is skipped.

Each figure is had from the manifest's words, from a reader that shares nothing with ours (a few lines of
Python here, and the npm packages edifact and node-x12 where tests/peers/edi has them), and from what
carehub-parts prints.  Where the manifest says "counts ok" and we refuse a count, the plain reader decides."""
import json
import os
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from collections import Counter

SKIPPED = 77
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PEER = os.path.join(ROOT, "tests", "peers", "edi")
# What is wrong with a file beyond the manifest's counts, as the standards have it.
BEYOND = {
    "edifabric-DuplicateMessage.txt": {"26"},  # two messages of one reference in one interchange
    "edifabric-PurchaseOrdersAcknowledgement.txt": {"29"},  # GE*2 over one set: see plain_x12
}


# ---- What is expected ----

def promised(words):
    """The manifest's words as figures."""
    facts = {"problems": "PROBLEMS" in words}
    for name, pattern in (("segments", r"(\d+) segments"), ("lines", r"LIN (\d+)"),
                          ("lines", r"PO1 (\d+)"), ("interchanges", r"(\d+) UNB"),
                          ("interchanges", r"ISA (\d+)")):
        match = re.search(pattern, words)
        if match:
            facts[name] = int(match.group(1))
    kinds = re.search(r"(?:messages|ST) (\{.*?\})", words)
    facts["messages"] = Counter(json.loads(kinds.group(1).replace("'", '"')))
    return facts


# ---- The plain readers ----

def plain_edifact(text):
    if text.startswith("UNA"):
        element, release, terminator = text[4], text[6], text[8]
        text = text[9:]
    else:
        element, release, terminator = "+", "?", "'"
    whole = text.replace("\r", "").replace("\n", "")
    cut = lambda mark, part: re.split(
        r"(?<!%s)(?:%s%s)*%s" % ((re.escape(release),) * 3 + (re.escape(mark),)), part)
    segments = [s.strip() for s in cut(terminator, whole) if s.strip()]
    facts = Counter(segments=len(segments))
    facts["interchanges"] = sum(s[:3] == "UNB" for s in segments)
    facts["lines"] = sum(s[:3] == "LIN" for s in segments)
    kinds = Counter(cut(element, s)[2] for s in segments if s[:3] == "UNH")
    count, wrong = 0, sum(s[:3] == "UNB" for s in segments) != sum(s[:3] == "UNZ" for s in segments)
    for segment in segments:
        count = 1 if segment[:3] == "UNH" else count + 1
        if segment[:3] == "UNT":
            wrong = wrong or int(cut(element, segment)[1]) != count
    return facts, kinds, wrong


def plain_x12(text):
    element, terminator = text[3], text[105]
    segments = [s.strip() for s in text.split(terminator) if s.strip()]
    facts = Counter(segments=len(segments))
    facts["interchanges"] = sum(s[:3] == "ISA" for s in segments)
    facts["lines"] = sum(s[:3] == "PO1" for s in segments)
    kinds = Counter(s.split(element)[1] for s in segments if s[:2] == "ST")
    count, sets, wrong = 0, 0, False
    for segment in segments:
        parts = segment.split(element)
        count = 1 if parts[0] == "ST" else count + 1
        sets = 0 if parts[0] == "GS" else sets + (parts[0] == "ST")
        wrong = wrong or parts[0] == "SE" and int(parts[1]) != count
        wrong = wrong or parts[0] == "GE" and int(parts[1]) != sets
    return facts, kinds, wrong


def peers(path):
    """How many segments the npm packages find; None without them, or when they give up."""
    if shutil.which("node") is None or not os.path.isdir(os.path.join(PEER, "node_modules")):
        return None
    run = subprocess.run(["node", os.path.join(PEER, "read.js"), path], capture_output=True,
                         text=True, check=False)
    return len(json.loads(run.stdout)) if run.returncode == 0 else None


# ---- What we say ----

def shown(program, path):
    run = subprocess.run([program, "show", path], capture_output=True, text=True, check=False)
    lines = [line.split(": ", 1)[1] for line in run.stdout.splitlines()]
    facts = Counter()
    kinds = Counter()
    codes = set()
    for line in lines:
        whole = re.match(r"byte \d+: (?:EDIFACT|X12) .*: (\d+) segments, (\d+) messages", line)
        message = re.match(r"byte \d+: message \S+ (\S+), \d+ segments: (\w+)", line)
        if whole:
            facts["interchanges"] += 1
            facts["segments"] += int(whole.group(1))
        elif message:
            kinds[message.group(1)] += 1
            facts["refused"] += message.group(2) == "refused"
        else:
            codes.add(re.search(r"\((\d+)\)$", line).group(1))
    return facts, kinds, codes, run.returncode


def translated(program, path):
    run = subprocess.run([program, "translate", "--quiet", path], capture_output=True, text=True,
                         check=False)
    if run.returncode not in (0, 1):
        sys.exit(f"{path}: translate ends with {run.returncode}: {run.stderr}")
    return [json.loads(line) for line in run.stdout.splitlines()]


def infoset(path, events):
    """The independent parse of one file, value by value."""
    want = []
    for line in ElementTree.parse(path).getroot().iter("LIN"):
        want.append([line.findtext(".//E1082"), line.findtext(".//E7140")])
    quantities = [node.text for node in ElementTree.parse(path).getroot().iter("E6060")]
    titles = [node.text for node in ElementTree.parse(path).getroot().iter("E4440")]
    want = [row + [quantity, title] for row, quantity, title in zip(want, quantities, titles)]
    got = [[line["lineId"], line["item"]["partNumber"], line["quantity"]["unscaled"],
            line["item"]["description"]] for line in events[0]["data"]["lines"]]
    return want, got


# ---- File by file ----

def tell(name, fact, opinions, got):
    same = all(value is None or value == got for value in opinions.values())
    print(f"{name}\t{fact}\t" + "\t".join(
        f"{who} {value}" for who, value in opinions.items() if value is not None)
          + f"\tgot {got}\t{'ok' if same else 'WRONG'}")
    return not same


def check(program, folder, name, words):
    path = os.path.join(folder, name)
    with open(path, "rb") as stream:
        text = stream.read().decode("latin-1").removeprefix("\u00ef\u00bb\u00bf")
    x12 = text.startswith("ISA")
    ours = promised(words)
    plain, plain_kinds, plain_wrong = plain_x12(text) if x12 else plain_edifact(text)
    facts, kinds, codes, _ = shown(program, path)
    events = translated(program, path)
    short = Counter()
    for kind, number in kinds.items():
        short[kind.split(":")[0] if x12 else kind] += number
    wrong = tell(name, "segments", {"manifest": ours["segments"], "plain": plain["segments"],
                                    "npm": peers(path)}, facts["segments"])
    wrong |= tell(name, "interchanges", {"manifest": ours["interchanges"],
                                         "plain": plain["interchanges"]}, facts["interchanges"])
    wrong |= tell(name, "messages", {"manifest": dict(ours["messages"]),
                                     "plain": dict(plain_kinds)}, dict(short))
    # 17 is a message that is not carried here, 26 one that came before: neither is a count.
    beyond = BEYOND.get(name, set())
    problem = bool(codes - {"17", "26"})
    wrong |= tell(name, "counts", {"manifest": None if beyond else
                                   "wrong" if ours["problems"] else "ok",
                                   "plain": "wrong" if plain_wrong else "ok"},
                  "wrong" if problem else "ok")
    if beyond:
        wrong |= tell(name, "codes", {"standard": sorted(beyond)}, sorted(codes))
    lines = sum(len(event["data"].get("lines", [])) for event in events
                if event["type"].startswith("parts."))
    if facts["refused"] == 0 and not problem and (plain["lines"] or ours["lines"]):
        wrong |= tell(name, "lines", {"manifest": ours["lines"], "plain": plain["lines"]}, lines)
    # One event that has no cause among the others for each message that is not refused.
    wrong |= tell(name, "events", {"not refused": sum(kinds.values()) - facts["refused"]},
                  sum("causationid" not in event for event in events))
    if name == "dfdl-ORDERS_D03B.txt":
        want, got = infoset(os.path.join(folder, "dfdl-ORDERS_D03B.infoset.xml"), events)
        wrong |= tell(name, "infoset", {"DFDL": want}, got)
    stock = re.match(r"2 items (\d+)/(\d+)", words)
    if stock:
        got = [event["data"].get("onHand", event["data"].get("available"))["unscaled"]
               for event in events if event["type"] == "reference.stock.published"]
        wrong |= tell(name, "stock", {"manifest": list(stock.groups())}, got)
    return wrong


def main():
    program = sys.argv[1]
    samples = os.environ.get("CAREHUB_SAMPLES", os.path.join(ROOT, "..", "shared", "samples"))
    folder = os.path.join(samples, "parts")
    manifest = os.path.join(samples, "manifest.tsv")
    if not os.path.isdir(folder) or not os.path.isfile(manifest):
        print(f"skipped: no samples in {samples}; set CAREHUB_SAMPLES")
        return SKIPPED
    with open(manifest, encoding="utf-8") as stream:
        words = {row[0]: row[4] for row in (line.rstrip("\n").split("\t") for line in stream)
                 if len(row) > 4}
    names = [os.path.join(kind, name) for kind in ("edifact", "x12")
             for name in sorted(os.listdir(os.path.join(folder, kind)))
             if not name.endswith(".infoset.xml")]
    wrong = [name for name in names
             if check(program, os.path.join(folder, os.path.dirname(name)), os.path.basename(name),
                      words["parts/" + name])]
    print(f"{len(names)} files, {len(wrong)} wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
