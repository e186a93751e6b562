#!/usr/bin/env python3
"""Real measurements, counts and receipts through carehub-quality and carehub-marketing: expected and got.

usage: modules.py CAREHUB_QUALITY CAREHUB_MARKETING

The files are not part of the project: they lie in $CAREHUB_SAMPLES (by default ../shared/samples beside the
project).  Without them the test is skipped.  Each figure is had up to three times: as published with the file
(R's qcc and arules), by plain Python over the file, and from the program."""
import csv
import json
import math
import os
import subprocess
import sys
from collections import Counter
from fractions import Fraction
from itertools import combinations

SKIPPED = 77
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
WRONG = []


def brief(value):
    """What fits a line; of a long list or table how long it is."""
    text = str(value)
    return text if len(text) < 100 else f"{len(value)} of them"


def show(name, fact, want, got):
    same = want == got
    if not same:
        WRONG.append((name, fact))
    print(f"{name}\t{fact}\texpected {brief(want)}\tgot {brief(got)}\t{'ok' if same else 'WRONG'}")


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)}: exit {done.returncode}\n{done.stderr}")
    return done.stdout


def digits(value, like):
    """The value to as many decimals as the published figure has."""
    return f"{value:.{len(like.split('.')[1])}f}"


def charts(program, path, kind, *options):
    document = json.loads(run(program, "chart", "--kind", kind, *options, path))
    return document, {chart["chart"]: chart for chart in document["charts"]}


def told(chart):
    """{point: rules} of the points at which a rule holds."""
    return {point["point"]: point["rules"] for point in chart["points"] if point["rules"]}


def pistonrings(program, folder):
    name = "qcc-pistonrings.txt"
    path = os.path.join(folder, name)
    document, found = charts(program, path, "xbar-r")
    means, ranges = found["xbar"], found["r"]
    show(name, "samples", (40, 25, 5), (document["samples"], document["trial"], document["size"]))
    show(name, "X-bar center", "74.001176", repr(means["center"]))
    show(name, "R center", "0.02276", repr(ranges["center"]))
    show(name, "sigma", "0.009785", digits(document["sigma"], "0.009785"))
    show(name, "X-bar limits", ("73.98805", "74.01430"),
         (digits(means["lower"], "73.98805"), digits(means["upper"], "74.01430")))
    show(name, "R limits", (0, "0.048126"), (ranges["lower"], digits(ranges["upper"], "0.048126")))
    show(name, "constants", {"A2": "0.577", "d2": "2.326", "D3": "0", "D4": "2.114"},
         {key: f"{document['constants'][key]:.3f}".rstrip("0").rstrip(".") if
          document["constants"][key] else "0" for key in ("A2", "d2", "D3", "D4")})
    # qcc works with d2 = 2.326 and d3 = 0.8640855 from tables.  With these two instead of the
    # full-precision ones the limits are its own to their last digit.
    tabled, theirs = charts(program, path, "xbar-r", "--d2", "2.326", "--d3", "0.8640855")
    show(name, "qcc's limits by qcc's d2, d3", ("73.988047993", "74.014304007", 0, "0.0481253301548"), (
        digits(theirs["xbar"]["lower"], "73.988047993"), digits(theirs["xbar"]["upper"], "74.014304007"),
        theirs["r"]["lower"], digits(theirs["r"]["upper"], "0.0481253301548")))
    show(name, "qcc's centers", ("74.001176", "0.02276"), (
        repr(theirs["xbar"]["center"]), digits(theirs["r"]["center"], "0.02276")))
    show(name, "its constants are told", (2.326, 0.8640855), (tabled["constants"]["d2"], tabled["constants"]["d3"]))
    show(name, "rules by them", told(means), told(theirs["xbar"]))
    d2 = document["constants"]["d2"]
    show(name, "our limits by our d2", True, math.isclose(
        means["lower"], 74.001176 - 3 * 0.02276 / d2 / math.sqrt(5), rel_tol=1e-15))
    show(name, "rules", {35: ["r2", "r3"], 37: ["r1", "r2"], 38: ["r1", "r2", "r3"],
                         39: ["r1", "r2", "r3"], 40: ["r2", "r3"]}, told(means))
    show(name, "beyond the limits", [37, 38, 39], means["beyond"])
    show(name, "R beyond the limits", [], ranges["beyond"])
    with open(path, encoding="utf-8") as stream:
        rows = [line.split() for line in stream][1:]
    groups = {}
    for diameter, sample, _ in rows:
        groups.setdefault(sample, []).append(Fraction(diameter))
    show(name, "means and ranges by fractions",
         [(float(sum(group) / 5), float(max(group) - min(group))) for group in groups.values()],
         [(mean["value"], spread["value"]) for mean, spread in
          zip(means["points"], ranges["points"])])
    _, by_deviation = charts(program, path, "xbar-s")
    center = sum(math.sqrt(sum((x - sum(g) / 5) ** 2 for x in g) / 4)
                 for g in list(groups.values())[:25]) / 25
    show(name, "s center", f"{center:.14f}", f"{by_deviation['s']['center']:.14f}")


def counts(program, folder):
    name = "qcc-orangejuice.txt"
    path = os.path.join(folder, name)
    document, found = charts(program, path, "p")
    chart = found["p"]
    show(name, "samples", (54, 30), (document["samples"], document["trial"]))
    show(name, "center", "0.2313333", digits(chart["center"], "0.2313333"))
    show(name, "center to the last digit", 347 / 1500, chart["center"])
    # The manifest cuts 0.05242755 to 0.052427; R's own four decimals are rounded.
    show(name, "limits", ("0.0524", "0.4102", "0.410239"), (
        digits(chart["lower"], "0.0524"), digits(chart["upper"], "0.4102"),
        digits(chart["upper"], "0.410239")))
    share = 347 / 1500
    show(name, "lower limit by Python", f"{share - 3 * math.sqrt(share * (1 - share) / 50):.15f}",
         f"{chart['lower']:.15f}")
    show(name, "beyond the limits, on trial", [15, 23], [p for p in chart["beyond"] if p <= 30])
    _, plain = charts(program, path, "np")
    show(name, "np center", 347 / 30, plain["np"]["center"])
    show(name, "np says the same", chart["beyond"], plain["np"]["beyond"])

    name = "qcc-circuit.txt"
    path = os.path.join(folder, name)
    document, found = charts(program, path, "c")
    chart = found["c"]
    show(name, "samples", (46, 26), (document["samples"], document["trial"]))
    show(name, "center", "19.84615", digits(chart["center"], "19.84615"))
    show(name, "limits", ("6.481447", "33.21086"), (
        digits(chart["lower"], "6.481447"), digits(chart["upper"], "33.21086")))
    show(name, "beyond the limits, on trial", [6, 20], [p for p in chart["beyond"] if p <= 26])
    _, rates = charts(program, path, "u")
    show(name, "u says the same", (chart["beyond"], 516 / 2600),
         (rates["u"]["beyond"], rates["u"]["center"]))


def pareto(program, folder):
    name = "pareto-qcc.tsv"
    path = os.path.join(folder, name)
    document = json.loads(run(program, "pareto", path))
    show(name, "order", [("contact num.", 94, "31.33"), ("price code", 80, "58.00"),
                         ("supplier code", 66, "80.00"), ("part num.", 33, "91.00"),
                         ("schedule date", 27, "100.00")],
         [(row["class"], row["count"], f"{row['cumulativePercent']:.2f}")
          for row in document["classes"]])


def figures(document):
    return (document["baskets"], document["items"], document["frequentSets"],
            len(document["rules"]))


def steps(program, name, path, text, *options):
    """Kept up to date while baskets come in, to the last byte what mining in one go prints."""
    for every in (1, 100, 1000):
        kept = run(program, "rules", "--baskets", path, "--every", str(every), *options)
        show(name, f"the same, {every} at a time", True, kept == text)


def groceries(program, folder):
    name = "groceries.csv"
    path = os.path.join(folder, name)
    with open(path, encoding="utf-8") as stream:
        baskets = [frozenset(item.strip() for item in line.split(",")) for line in stream]
    options = ("--support", "0.001", "--confidence", "0.5", "--least", "10", "--sets")
    text = run(program, "rules", "--baskets", path, *options)
    document = json.loads(text)
    show(name, "baskets, items, sets, rules", (9835, 169, 13492, 5668), figures(document))
    single = Counter(item for basket in baskets for item in basket)
    show(name, "counts by Python", single.most_common(5),
         [(row["items"][0], row["count"]) for row in sorted(
             document["sets"], key=lambda row: -row["count"]) if len(row["items"]) == 1][:5])
    pairs = Counter(pair for basket in baskets for pair in combinations(sorted(basket), 2))
    show(name, "pairs by Python", {pair: count for pair, count in pairs.items() if count >= 10},
         {tuple(row["items"]): row["count"] for row in document["sets"] if len(row["items"]) == 2})
    steps(program, name, path, text, *options)


def plain_sets(baskets, least):
    """All frequent sets, level by level (Agrawal's way, with sets of basket numbers)."""
    having = {}
    for number, basket in enumerate(baskets):
        for item in basket:
            having.setdefault((item,), set()).add(number)
    level = {items: seen for items, seen in having.items() if len(seen) >= least}
    found = {}
    while level:
        found.update({items: len(seen) for items, seen in level.items()})
        longer = {}
        for one, two in combinations(sorted(level), 2):
            if one[:-1] == two[:-1]:
                both = level[one] & level[two]
                if len(both) >= least:
                    longer[one + two[-1:]] = both
        level = longer
    return found


def bakery(program, folder):
    name = "BreadBasket_DMS.csv"
    path = os.path.join(folder, name)
    receipts = {}
    with open(path, encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            receipts.setdefault(row["Transaction"], set()).add(row["Item"])
    options = ("--support", "0.002", "--confidence", "0.25", "--least", "10", "--sets")
    text = run(program, "rules", "--baskets", path, *options)
    document = json.loads(text)
    show(name, "baskets and items", (9531, 95), figures(document)[:2])
    found = plain_sets(receipts.values(), 20)
    show(name, "sets by Python", found,
         {tuple(row["items"]): row["count"] for row in document["sets"]})
    rules = {}
    for items, count in found.items():
        for right in items if len(items) > 1 else ():
            left = tuple(item for item in items if item != right)
            if Fraction(count, found[left]) >= Fraction(1, 4):
                rules[left, right] = (count / found[left],
                                      float(Fraction(count * 9531, found[left] * found[right,])))
    show(name, "rules, confidence and lift by Python", rules,
         {(tuple(rule["left"]), rule["right"]): (rule["confidence"], rule["lift"])
          for rule in document["rules"]})
    steps(program, name, path, text, *options)


def main():
    quality, marketing = sys.argv[1:]
    samples = os.environ.get("CAREHUB_SAMPLES", os.path.join(ROOT, "..", "shared", "samples"))
    folders = [os.path.join(samples, folder) for folder in ("quality", "retail")]
    if not all(os.path.isdir(folder) for folder in folders):
        print(f"skipped: no samples in {samples}; set CAREHUB_SAMPLES")
        return SKIPPED
    pistonrings(quality, folders[0])
    counts(quality, folders[0])
    pareto(quality, folders[0])
    groceries(marketing, folders[1])
    bakery(marketing, folders[1])
    print(f"{len(WRONG)} wrong")
    return 1 if WRONG else 0


if __name__ == "__main__":
    sys.exit(main())
