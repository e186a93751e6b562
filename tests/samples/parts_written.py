#!/usr/bin/env python3
"""What carehub-parts writes is read by those who wrote readers of their own: the npm packages edifact and
node-x12 (tests/peers/edi), and Perl's Business::Edifact::Interchange where Debian's package is installed.

usage: parts_written.py CAREHUB_PARTS CORPUS TRAFFIC

Every event of the corpus that was written by hand and of the generator's day is written as UN/EDIFACT and as X12; numbers,
articles, quantities and prices that the others read must be those of the event, and so must X12's levels."""
import glob
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from decimal import Decimal

from parts_answers import PEER, PERL, SKIPPED, answers, has_perl, npm

NUMBER = {"ORDERS": "partsOrderId", "ORDRSP": "responseId", "DESADV": "dispatchId",
          "RECADV": "receiptId", "INVRPT": "reportId", "PRICAT": "priceListId"}
# Of each set: the element with its number in the event, what a line begins with, where it has quantities and its
# price, and where its articles' numbers begin.
SETS = {"850": ("BEG", 2, "partsOrderId", "PO1", [("PO1", 1)], ("PO1", 3), ("PO1", 6)),
        "860": ("BCH", 2, "partsOrderId", "POC", [("POC", 2)], ("POC", 5), ("POC", 8)),
        "855": ("BAK", 2, "partsOrderId", "PO1", [("PO1", 1), ("ACK", 1)], ("PO1", 3), ("PO1", 6)),
        "856": ("BSN", 1, "dispatchId", "SN1", [("SN1", 1), ("SN1", 4)], ("SN1", 99), ("LIN", 2)),
        "861": ("BRA", 0, "receiptId", "RCD", [("RCD", 1), ("RCD", 5)], ("RCD", 99), ("LIN", 2)),
        "846": ("BIA", 2, "reportId", "LIN", [("QTY", 1)], ("QTY", 99), ("LIN", 2)),
        "832": ("BCT", 1, "priceListId", "LIN", [("CTP", 3)], ("CTP", 2), ("LIN", 2))}
QUANTITIES = ("quantity", "orderedQuantity", "confirmedQuantity", "backorderedQuantity", "receivedQuantity",
              "acceptedQuantity", "damagedQuantity", "onHand", "available", "reserved", "onOrder", "received",
              "issued", "minimumQuantity")
OPTIONS = ["--quiet", "--time-zone", "Asia/Shanghai", "--repair-reference", "ACW"]


def run(program, words, text):
    done = subprocess.run([program, *words], input=text, capture_output=True, check=False)
    assert done.returncode in (0, 1), done.stderr
    return done.stdout


def is_interchange(path):
    """Nothing that a fuzzer found, whose name is its digest, and no event as the hub's (tests/fuzz/fuzz_outgoing.c)."""
    with open(path, "rb") as file:
        return re.fullmatch("[0-9a-f]{40}", os.path.basename(path)) is None and file.read(1) != b"\xff"


def decimals(message, name):
    """All values of that name, at whatever depth."""
    if isinstance(message, list):
        return [value for item in message for value in decimals(item, name)]
    if not isinstance(message, dict):
        return []
    found = [Decimal(int(message[name].get("unscaled", 0))).scaleb(-message[name].get("scale", 0))] \
        if isinstance(message.get(name), dict) else []
    return found + [v for key, value in message.items() if key != name for v in decimals(value, name)]


def component(segment, element, place=0):
    elements = segment[1]
    return elements[element][place] if len(elements) > element and len(elements[element]) > place else ""


def compare(event, segments):
    """What the other reader found, against the event."""
    data = event["data"]
    tags = [tag for tag, _ in segments]
    kind = component(segments[1], 1)
    assert tags[:3] == ["UNB", "UNH", "BGM"] and tags[-2:] == ["UNT", "UNZ"], tags
    assert int(component(segments[-2], 0)) == len(segments) - 2, "UNT"
    assert component(segments[-1], 1) == component(segments[0], 4), "UNZ"
    if kind in NUMBER:
        assert component(segments[2], 1) == data[NUMBER[kind]], (segments[2], data)
    lines = [s for s in segments if s[0] == "LIN"]
    if event["type"] != "parts.order.cancelled":
        assert len(lines) == len(data.get("lines", [])), (kind, len(lines))
    told = {component(s, 2) for s in lines} | {
        component(s, n) for s in segments if s[0] == "PIA" for n in range(1, 6)}
    for line in data.get("lines", []):
        item = line.get("item", {})
        assert {item[k] for k in ("partNumber", "gtin", "buyerPartNumber") if k in item} <= told
    quantities = [Decimal(component(s, 0, 1)) for s in segments if s[0] == "QTY"]
    want = [v for name in QUANTITIES for v in decimals(data, name)]
    assert Counter(quantities) == Counter(want), (kind, quantities, want)
    prices = [Decimal(component(s, 0, 1)) for s in segments if s[0] == "PRI"]
    assert Counter(prices) == Counter(decimals(data, "unitPrice")), (kind, prices)
    return kind


def compare_x12(event, segments):
    """The same of a set."""
    data = event["data"]
    tags = [tag for tag, _ in segments]
    kind = component(segments[2], 0)
    tag, place, field, line_tag, quantities, price, first = SETS[kind]
    assert tags[:4] == ["ISA", "GS", "ST", tag] and tags[-3:] == ["SE", "GE", "IEA"], tags
    control = {component(segments[n], e) for n, e in ((0, 12), (1, 5), (2, 1), (-3, 1), (-2, 1), (-1, 1))}
    assert len(control) == 1, control
    assert int(component(segments[-3], 0)) == len(segments) - 4, "SE"
    assert component(segments[3], place) == data[field], (segments[3], data)
    of = lambda wanted: [s for s in segments if s[0] == wanted]  # noqa: E731
    if event["type"] != "parts.order.cancelled":
        assert len(of(line_tag)) == len(data.get("lines", [])), kind
    told = {component(s, n) for s in of(first[0]) for n in range(first[1], 20)}
    for line in data.get("lines", []):
        item = line.get("item", {})
        assert {item[k] for k in ("partNumber", "gtin", "buyerPartNumber") if k in item} <= told
    got = [Decimal(component(s, n)) for t, n in quantities for s in of(t) if component(s, n)]
    want = [v for name in QUANTITIES if name != "acceptedQuantity" for v in decimals(data, name)]
    # None of a thing need not be told, nor a price from one on; what was accepted follows from the others.
    needless = {Decimal(0), Decimal(1)} if kind == "832" else {Decimal(0)}
    counts = [Counter(v for v in side if v not in needless) for side in (got, want)]
    assert counts[0] == counts[1], (kind, got, want)
    prices = [Decimal(component(s, price[1])) for s in of(price[0]) if component(s, price[1])]
    want = [v / (decimals(line, "priceBasis") or [1])[0] for line in data.get("lines", [])
            for v in decimals(line, "unitPrice")]
    assert Counter(prices) == Counter(want), (kind, prices)
    levels = [[component(s, n) for n in range(4)] for s in of("HL")]
    for number, (own, parent, code, below) in enumerate(levels, 1):
        assert own == str(number) and (parent == "" if code == "S" else 0 < int(parent) < number), levels
        assert below == str(int(any(other[1] == own for other in levels))), levels
    return kind


def save(path, text):
    # Those who read bytes for letters are given letters of ASCII alone.
    with open(path, "w", encoding="ascii", newline="") as file:
        file.write("".join(c if c.isascii() else "x" for c in text))


def write_edifact(program, line, path, perl, count):
    # Latin-1 where that has the event's letters, else all of Unicode.
    for syntax, charset in (("UNOC", "latin-1"), ("UNOY", "utf-8")):
        text = run(program, ["write", *OPTIONS, "--syntax", syntax, "-"], line)
        if text:
            break
        count[syntax, "not written"] += 1
    else:
        return
    # The reader is of syntax 3.
    plain = text.decode(charset).replace("UNOY:4", "UNOC:3").replace("UNA:+.?*'", "UNA:+.? '")
    (written,) = answers(plain)
    save(path, written)
    kind = compare(json.loads(line), npm(path))
    count[syntax, kind] += 1
    if perl:
        got = subprocess.run(["perl", "-e", PERL, path], capture_output=True, text=True,
                             check=True).stdout
        assert got == f"1/{kind}", got


def write_x12(program, line, path, count):
    # The usual marks where no text has them, else controls.
    for marks in ("*:^~", "1d1f1e1c"):
        text = run(program, ["write", *OPTIONS, "--standard", "x12", "--syntax", "utf-8", "--marks", marks,
                             "--from", "PARTS", "--to", "WEST", "-"], line)
        if text:
            break
    else:
        count["X12", "not written"] += 1
        return
    save(path, text.decode())
    count["X12", compare_x12(json.loads(line), npm(path))] += 1


def main():
    program, corpus, traffic = sys.argv[1:]
    if shutil.which("node") is None or not os.path.isdir(os.path.join(PEER, "node_modules")):
        print("skipped: the npm reader is not here: npm ci in tests/peers/edi")
        return SKIPPED
    perl = has_perl()
    if not perl:
        print("Business::Edifact::Interchange is not here (libbusiness-edifact-interchange-perl)")
    count = Counter()
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([sys.executable, "-B", os.path.join(traffic, "parts.py"), "--day", "2026-03-02",
                        "--seed", "7", "--stations", "2", "--out", os.path.join(folder, "day")],
                       check=True, stdout=subprocess.DEVNULL)
        corpus = [path for path in glob.glob(os.path.join(corpus, "*")) if is_interchange(path)]
        files = sorted(corpus + glob.glob(os.path.join(folder, "day", "*")))
        events = [line for line in run(program, ["translate", *OPTIONS, *files], b"").splitlines()
                  if b'"type":"parts.' in line and b"backordered" not in line]
        path = os.path.join(folder, "written")
        for line in events:
            write_edifact(program, line, path, perl, count)
            write_x12(program, line, path, count)
    for (syntax, kind), number in sorted(count.items()):
        print(f"{syntax}\t{kind}\t{number}")
    missing = (set(NUMBER) | set(SETS)) - {kind for _, kind in count}
    assert not missing, missing
    return 0


if __name__ == "__main__":
    sys.exit(main())
